//! What is wrong with a message that does not fit the domain: which field, and why.

use std::fmt;

/// A field that does not hold what it must. Never holds the value itself: it may be personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {reason}")]
pub struct InvalidField {
    /// Path from the message that was read, such as `request_filed.under.digest`.
    pub field: String,
    /// What the field must be, in words that follow its name.
    pub reason: String,
}

impl InvalidField {
    /// A field that does not hold what it must.
    #[must_use]
    pub fn new(field: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }

    /// A field that must be there and is not.
    #[must_use]
    pub fn missing(field: impl Into<String>) -> Self {
        Self::new(field, "must be present")
    }

    /// The same field, seen from the message that holds this one in `outer`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field = if self.field.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.field)
        };
        self
    }
}
