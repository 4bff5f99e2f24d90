//! A reply by the names of its fields, each value in words; what is not said is empty.

use std::borrow::Cow;
use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::scalar;

/// A message that is looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a DynamicMessage);

impl<'a> View<'a> {
    fn said(self, name: &str) -> Option<&'a Value> {
        let field = self.0.descriptor().get_field_by_name(name)?;
        if !self.0.has_field(&field) {
            return None;
        }
        match self.0.get_field(&field) {
            Cow::Borrowed(value) => Some(value),
            Cow::Owned(_) => None,
        }
    }

    /// A value in words; empty where it is not said.
    pub(super) fn word(self, name: &str) -> String {
        let field = self.0.descriptor().get_field_by_name(name);
        let value = self.said(name);
        field.zip(value).map(|(field, value)| scalar(&field, value)).unwrap_or_default()
    }

    /// A number; 0 where it is not said.
    pub(super) fn number(self, name: &str) -> u64 {
        match self.said(name) {
            Some(Value::U64(number)) => *number,
            Some(Value::U32(number)) => (*number).into(),
            _ => 0,
        }
    }

    /// Whether something is said, and not nothing.
    pub(super) fn says(self, name: &str) -> bool {
        self.said(name).is_some()
    }

    /// Words of a list, with commas.
    pub(super) fn list(self, name: &str) -> String {
        let field = self.0.descriptor().get_field_by_name(name);
        let Some((field, Value::List(values))) = field.zip(self.said(name)) else {
            return String::new();
        };
        values.iter().map(|value| scalar(&field, value)).collect::<Vec<_>>().join(", ")
    }

    /// A message inside.
    pub(super) fn message(self, name: &str) -> Option<Self> {
        match self.said(name) {
            Some(Value::Message(inner)) => Some(Self(inner)),
            _ => None,
        }
    }

    /// The messages of a list.
    pub(super) fn messages(self, name: &str) -> Vec<Self> {
        let Some(Value::List(values)) = self.said(name) else { return Vec::new() };
        values.iter().filter_map(Value::as_message).map(View).collect()
    }
}

/// Rows with their columns below each other; the last column is as long as it likes.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell: &String| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Result and standing: `accepted, confirmed`.
pub(super) fn result(view: View<'_>) -> String {
    let (result, standing) = (view.word("result"), view.word("standing"));
    match view.word("result_before") {
        before if !before.is_empty() => format!("{result} after {before}, {standing}"),
        _ if result == "open" || standing.is_empty() => result,
        _ => format!("{result}, {standing}"),
    }
}

/// What a list ends with: how to go on, and up to where it has seen.
pub(super) fn end(view: View<'_>) -> String {
    let mut text = String::new();
    let token = view.word("next_page_token");
    if !token.is_empty() {
        let _ = writeln!(text, "more: --page-token {token}");
    }
    if view.says("upto_position") {
        let _ = writeln!(text, "(as of store position {})", view.number("upto_position"));
    }
    text
}
