//! What can be wrong with a data file: each fault names file, line, key and what would be right.

use std::fmt;

use crate::reading::UNITS;

/// A fault in a data file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`, line {line}: {fault}")]
pub struct FileError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text is not TOML.
    NotToml { message: String },
    /// The file is of another format.
    FormatVersion { found: u32, known: u32 },
    /// A key that nothing here knows.
    UnknownKey { table: String, key: String, nearest: Option<String> },
    /// A key of a limit that does not end in a unit.
    UnitMustBeKnown { key: String, stem: String },
    /// A value that completes nothing.
    CompletesNothing { key: String, why: &'static str },
    /// A file that is larger than any such file is.
    TooLarge { bytes_max: usize },
    /// Bytes that are no text.
    NotText,
    /// A key that must be there.
    MissingKey { table: String, key: String },
    /// A value of another kind.
    WrongKind { key: String, expected: &'static str },
    /// A word that is none of those allowed.
    UnknownWord { key: String, value: String, allowed: Vec<&'static str> },
    /// A name that no data file defines.
    UnknownName { key: String, value: String, nearest: Option<String> },
    /// One limit in two units.
    TwoUnits { key: String, other: String },
    /// The same thing twice.
    Twice { key: String, value: String },
    /// Two values that cannot both be right.
    Contradiction { key: String, other: String },
    /// A date outside the years that the file says it covers, or a year of them without a date.
    YearsNotCovered { key: String, year: i16 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotToml { message } => write!(f, "not TOML: {message}"),
            Self::FormatVersion { found, known } => {
                write!(f, "`format_version` must be {known}, not {found}")
            }
            Self::UnknownKey { table, key, nearest } => {
                write!(f, "unknown key `{key}` in `{table}`")?;
                hint(f, nearest.as_deref())
            }
            Self::UnitMustBeKnown { key, stem } => {
                let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).collect();
                write!(
                    f,
                    "`{key}` must be `{stem}_` with one of the units `{}`",
                    units.join("`, `")
                )
            }
            Self::CompletesNothing { key, why } => write!(f, "`{key}` completes nothing: {why}"),
            Self::TooLarge { bytes_max } => {
                write!(f, "no file of agreements has more than {bytes_max} bytes")
            }
            Self::NotText => f.write_str("not a text: a file of agreements is TOML in UTF-8"),
            Self::MissingKey { table, key } => write!(f, "key `{key}` is missing in `{table}`"),
            Self::WrongKind { key, expected } => write!(f, "`{key}` must be {expected}"),
            Self::UnknownWord { key, value, allowed } => {
                write!(f, "`{key}` must be one of `{}`, not `{value}`", allowed.join("`, `"))
            }
            Self::UnknownName { key, value, nearest } => {
                write!(f, "`{key}` names `{value}`, which no data file defines")?;
                hint(f, nearest.as_deref())
            }
            Self::TwoUnits { key, other } => {
                write!(f, "`{key}` and `{other}` give one limit two units")
            }
            Self::Twice { key, value } => write!(f, "`{key}` has `{value}` twice"),
            Self::Contradiction { key, other } => write!(f, "`{key}` contradicts `{other}`"),
            Self::YearsNotCovered { key, year } => {
                write!(f, "`{key}` and the covered years disagree on {year}")
            }
        }
    }
}

fn hint(f: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, "; the nearest known is `{nearest}`"))
}

/// The known word that is nearest to an unknown one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = word.to_lowercase();
    known
        .map(|candidate| (edits(&lower, &candidate.to_lowercase()), candidate))
        .min()
        .filter(|(edits, candidate)| *edits * 2 <= word.len().max(candidate.len()))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Whether a word is a known one with a letter or two amiss.
pub(crate) fn is_misspelt(word: &str, known: &str) -> bool {
    edits(word, known) <= 2
}

/// How many single-character edits lie between two words (Levenshtein), row by row.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, left) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut previous = index + 1;
        for (right, cell) in to.chars().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(left != right);
            diagonal = *cell;
            *cell = replaced.min(previous + 1).min(diagonal + 1);
            previous = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_with_the_fewest_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("same", "same"), 0);
        let known = ["reply_limit_calendar_days", "reply_limit_hours", "title"];
        let near = |word| nearest(word, known.into_iter());
        assert_eq!(near("reply_limit_calender_day").as_deref(), Some("reply_limit_calendar_days"));
        assert_eq!(near("titel").as_deref(), Some("title"));
        assert_eq!(near("TITLE").as_deref(), Some("title"));
        assert_eq!(near("quota"), None);
    }
}
