//! Text for people: tables, and paragraphs that keep to 100 columns.

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::exit::Exit;

/// Columns of a line.
const COLUMNS: usize = 100;

/// Prints what a command says.
pub(super) fn print(text: &str) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Success)
}

/// A value for programs, on one line.
pub(super) fn json(value: &serde_json::Value) -> String {
    format!("{value}\n")
}

/// Rows below each other, each column as wide as its widest cell; the last one is wrapped.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        let cells = row.split_last().map(|(_, cells)| cells).unwrap_or_default();
        for (index, cell) in cells.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(index) {
                Some(known) => *known = (*known).max(width),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let Some((last, cells)) = row.split_last() else { continue };
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(&wrapped(&line, last));
    }
    text
}

/// A lead and what follows it; further lines begin where the first does.
pub(super) fn wrapped(lead: &str, words: &str) -> String {
    hanging(lead, lead.chars().count(), words)
}

/// A lead and what follows it; further lines are indented by so many columns.
pub(super) fn hanging(lead: &str, indent: usize, words: &str) -> String {
    let (mut text, mut line) = (String::new(), lead.to_owned());
    let mut empty = true;
    for word in words.split_whitespace() {
        let long = line.chars().count() + 1 + word.chars().count() > COLUMNS;
        if !empty && long {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    text.push_str(line.trim_end());
    text.push('\n');
    text
}

/// Sources, each named once and referred to by its number.
#[derive(Default)]
pub(super) struct References(BTreeMap<String, usize>);

impl References {
    /// The number of a source.
    pub(super) fn number(&mut self, source: &str) -> usize {
        let next = self.0.len() + 1;
        *self.0.entry(source.to_owned()).or_insert(next)
    }

    /// Every source that was referred to, with its number.
    pub(super) fn list(&self) -> String {
        let mut listed: Vec<(&usize, &String)> =
            self.0.iter().map(|(source, number)| (number, source)).collect();
        listed.sort();
        if listed.is_empty() {
            return String::new();
        }
        let mut text = String::from("\nsources\n");
        for (number, source) in listed {
            text.push_str(&wrapped(&format!("  [{number}] "), source));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_cell_goes_on_below_itself() {
        let words = "word ".repeat(30);
        let text = table(&[vec!["a".to_owned(), words], vec!["bcd".to_owned(), "x".to_owned()]]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert_eq!(lines.get(1).map(|line| line.starts_with("     word")), Some(true), "{text}");
        assert_eq!(lines.last(), Some(&"bcd  x"));
    }

    #[test]
    fn a_source_is_numbered_once() {
        let mut references = References::default();
        assert_eq!([references.number("b"), references.number("a")], [1, 2]);
        assert_eq!(references.number("b"), 1);
        assert_eq!(References::default().list(), "");
        assert_eq!(references.list(), "\nsources\n  [1] b\n  [2] a\n");
    }
}
