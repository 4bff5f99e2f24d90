//! The person and what else travels sealed: checked when made, never printed.
//!
//! Everything here is personal data or free text. It is sealed before it is stored and read by
//! no rule that decides an outcome.

pub mod attachment;

use std::fmt;

use crate::identifier::{EvidenceItem, Malformed, Office, State};
use crate::sensitive::Sensitive;
use crate::time::Date;
use attachment::Attachment;

/// Longest free text, in characters.
pub const NOTE_CHARS_MAX: usize = 4_000;
/// Longest name, place or authority, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest reference or document number, in characters.
pub const REFERENCE_CHARS_MAX: usize = 64;
/// Most nationalities of one person.
pub const NATIONALITIES_MAX: usize = 8;
/// Most other names of one person.
pub const ALIASES_MAX: usize = 16;
/// Most documents of one person.
pub const DOCUMENTS_MAX: usize = 32;

/// Why a personal detail is not taken. Says the rule, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Empty where something must be said.
    MustNotBeEmpty,
    /// Longer than so many characters.
    MustBeAtMostCharacters(usize),
    /// A control character, or one that reverses the direction of text.
    MustHaveNoControlCharacters,
    /// Not `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, or no such day.
    MustBeADate,
    /// A full date was needed.
    MustBeAFullDate,
    /// Not `YYYY-MM-DDTHH:MM`, or no such moment.
    MustBeALocalTime,
    /// A birth date after today, or a decision dated after today.
    MustNotBeInTheFuture,
    /// Before 1 January 1880.
    MustNotBeBefore1880,
    /// More than so many.
    MustBeAtMostMany(usize),
    /// Larger than so many bytes, or empty.
    MustBeAtMostBytes(u64),
    /// More or fewer chunks than one for each so many bytes.
    MustHaveOneChunkForEach(u64),
    /// Twice in one list.
    MustNotRepeat,
    /// Not an identifier of the wanted kind.
    MustBeWellFormed(Malformed),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MustNotBeEmpty => f.write_str("must not be empty"),
            Self::MustBeAtMostCharacters(max) => write!(f, "must have at most {max} characters"),
            Self::MustHaveNoControlCharacters => f.write_str("must have no control characters"),
            Self::MustBeADate => {
                f.write_str("must be a date that exists: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`")
            }
            Self::MustBeAFullDate => f.write_str("must be a date that exists: `YYYY-MM-DD`"),
            Self::MustBeALocalTime => {
                f.write_str("must be a local time that exists: `YYYY-MM-DDTHH:MM`")
            }
            Self::MustNotBeInTheFuture => f.write_str("must not be in the future"),
            Self::MustNotBeBefore1880 => f.write_str("must not be before 1880"),
            Self::MustBeAtMostMany(max) => write!(f, "must be at most {max} in number"),
            Self::MustBeAtMostBytes(max) => write!(f, "must have 1 to {max} bytes"),
            Self::MustHaveOneChunkForEach(bytes) => {
                write!(f, "must have one chunk for each {bytes} bytes")
            }
            Self::MustNotRepeat => f.write_str("must not stand there twice"),
            Self::MustBeWellFormed(malformed) => fmt::Display::fmt(malformed, f),
        }
    }
}

impl std::error::Error for Unfit {}

impl From<Malformed> for Unfit {
    fn from(malformed: Malformed) -> Self {
        Self::MustBeWellFormed(malformed)
    }
}

/// A text of bounded length without control characters. Leading and trailing blanks are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Sensitive<String>);

impl Text {
    /// Takes a text that must say something.
    ///
    /// # Errors
    /// Empty, too long, or with characters that could hide what is said.
    pub fn new(text: &str, chars_max: usize) -> Result<Self, Unfit> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Unfit::MustNotBeEmpty);
        }
        if text.chars().count() > chars_max {
            return Err(Unfit::MustBeAtMostCharacters(chars_max));
        }
        if text.chars().any(hides) {
            return Err(Unfit::MustHaveNoControlCharacters);
        }
        Ok(Self(Sensitive::new(text.to_owned())))
    }

    /// Takes a text that may be absent: empty means absent.
    ///
    /// # Errors
    /// As [`Text::new`], but for emptiness.
    pub fn optional(text: &str, chars_max: usize) -> Result<Option<Self>, Unfit> {
        if text.trim().is_empty() { Ok(None) } else { Self::new(text, chars_max).map(Some) }
    }

    /// The text, for those who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// Control characters but line feed and tab, and the marks that reverse the direction of text.
fn hides(character: char) -> bool {
    let plain = matches!(character, '\n' | '\t');
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}');
    (character.is_control() && !plain) || turns
}

/// A date of birth as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDate(Sensitive<String>);

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, from 1880 up to `today`.
    ///
    /// # Errors
    /// No such date, before 1880, or (in its earliest reading) after `today`.
    pub fn new(text: &str, today: Date) -> Result<Self, Unfit> {
        let earliest = Self::earliest(text).ok_or(Unfit::MustBeADate)?;
        if earliest > today {
            return Err(Unfit::MustNotBeInTheFuture);
        }
        Self::recorded(text)
    }

    /// Reads a date that was recorded earlier, when it was checked against its own day.
    ///
    /// # Errors
    /// No such date, or before 1880.
    pub fn recorded(text: &str) -> Result<Self, Unfit> {
        let earliest = Self::earliest(text).ok_or(Unfit::MustBeADate)?;
        if earliest.year() < 1880 {
            return Err(Unfit::MustNotBeBefore1880);
        }
        Ok(Self(Sensitive::new(text.to_owned())))
    }

    /// The text, for those who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// The first day that the text could mean.
    fn earliest(text: &str) -> Option<Date> {
        match text.len() {
            4 => full_date(&format!("{text}-01-01")).ok(),
            7 => full_date(&format!("{text}-01")).ok(),
            _ => full_date(text).ok(),
        }
    }
}

/// Reads a full date, `YYYY-MM-DD`.
///
/// # Errors
/// Any other form, or no such day.
pub fn full_date(text: &str) -> Result<Date, Unfit> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(Unfit::MustBeAFullDate);
    }
    text.parse().map_err(|_| Unfit::MustBeAFullDate)
}

/// What is sealed beside a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Particulars {
    /// Who acted; absent only where a node speaks by itself.
    pub acting: Option<Acting>,
    /// Free text.
    pub note: Option<Text>,
    /// The author's own reference.
    pub reference: Option<Text>,
    /// What belongs to the kind.
    pub detail: Detail,
    /// What is attached.
    pub attachments: Vec<Attachment>,
}

/// The official who acted, as the caller's certificate or token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The office.
    pub office: Office,
    /// The official.
    pub official: Text,
}

/// What belongs to one kind of statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The kind needs nothing more.
    #[default]
    None,
    /// Of `RequestFiled`.
    Request(Box<Request>),
    /// Of `InterviewArranged`.
    Interview(Interview),
    /// Of `TravelDocumentIssued`: the number of the document.
    TravelDocument(Text),
    /// Of `TransferNotified`.
    Transfer(Transfer),
    /// Of `Rectified`, where it corrects the person.
    Person(Box<Person>),
}

/// The sealed part of a readmission request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The person.
    pub person: Person,
    /// The individual return decision.
    pub return_decision: ReturnDecision,
}

/// The individual return decision that a request rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnDecision {
    /// Its reference.
    pub reference: Text,
    /// The authority that took it.
    pub authority: Text,
    /// Its date.
    pub decided_on: Date,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Family name.
    pub family_name: Text,
    /// Given names.
    pub given_names: Text,
    /// Date of birth as far as it is known.
    pub birth_date: PartialDate,
    /// Place of birth.
    pub birth_place: Option<Text>,
    /// Sex, as the documents say.
    pub sex: Sex,
    /// Nationalities.
    pub nationalities: Vec<State>,
    /// Other names.
    pub aliases: Vec<Text>,
    /// Documents that the evidence rests on.
    pub documents: Vec<Document>,
}

/// Sex, as the documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// Not said.
    NotSaid,
    /// Female.
    Female,
    /// Male.
    Male,
    /// Marked otherwise.
    Other,
}

/// A document that evidence rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The item of the agreement's lists.
    pub item: EvidenceItem,
    /// Number of the document.
    pub number: Text,
    /// Last day of validity.
    pub valid_until: Option<Date>,
}

/// When and where an interview takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interview {
    /// Local date and time.
    pub at: LocalTime,
    /// Place.
    pub place: Text,
}

/// A local date and time, to the minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalTime(Sensitive<String>);

impl LocalTime {
    /// Reads `YYYY-MM-DDTHH:MM`.
    ///
    /// # Errors
    /// Any other form, or no such moment.
    pub fn new(text: &str) -> Result<Self, Unfit> {
        let unfit = Unfit::MustBeALocalTime;
        let (date, time) = text.split_once('T').ok_or(unfit)?;
        full_date(date).map_err(|_| unfit)?;
        let shaped = time.len() == 5 && time.parse::<jiff::civil::Time>().is_ok();
        if shaped { Ok(Self(Sensitive::new(text.to_owned()))) } else { Err(unfit) }
    }

    /// The text, for those who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// How a person is transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Flight, train or ship.
    pub carriage: Text,
    /// Border crossing point of arrival.
    pub border_point: Text,
    /// Whether the person is escorted.
    pub escort: Escort,
    /// What the receiving side must prepare for, such as medical care.
    pub special_needs: Option<Text>,
}

/// Whether a person is escorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escort {
    /// With an escort.
    Escorted,
    /// Without an escort.
    Unescorted,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        Date::constant(2026, 3, 2)
    }

    #[test]
    fn a_birth_date_may_be_partial_but_must_exist_and_be_past() {
        for (text, expected) in [
            ("1990", Ok(())),
            ("1990-02", Ok(())),
            ("1992-02-29", Ok(())),
            ("2026", Ok(())),
            ("2026-03-02", Ok(())),
            ("2026-03-03", Err(Unfit::MustNotBeInTheFuture)),
            ("2026-04", Err(Unfit::MustNotBeInTheFuture)),
            ("1991-02-29", Err(Unfit::MustBeADate)),
            ("1990-13", Err(Unfit::MustBeADate)),
            ("90", Err(Unfit::MustBeADate)),
            ("1990-2-1", Err(Unfit::MustBeADate)),
            ("1879-12-31", Err(Unfit::MustNotBeBefore1880)),
        ] {
            assert_eq!(PartialDate::new(text, today()).map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_bounded_and_hides_nothing() {
        assert_eq!(Text::new("  ", 5), Err(Unfit::MustNotBeEmpty));
        assert_eq!(Text::new("abcdef", 5), Err(Unfit::MustBeAtMostCharacters(5)));
        assert_eq!(Text::new("Shën", 4).map(|text| text.reveal().to_owned()), Ok("Shën".into()));
        for hidden in ["a\u{0}b", "a\u{1b}[2J", "a\u{202e}b"] {
            assert_eq!(Text::new(hidden, 9), Err(Unfit::MustHaveNoControlCharacters));
        }
    }

    #[test]
    fn nothing_of_a_person_is_printed() {
        let text = Text::new("Testperson", 20);
        assert!(!format!("{text:?}").contains("Testperson"));
    }
}
