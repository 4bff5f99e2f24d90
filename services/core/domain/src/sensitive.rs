//! A wrapper that keeps personal data out of logs, errors and assertions.

use std::fmt;

/// Personal data. `Debug` prints nothing of it, and there is no `Display`: who wants the value
/// asks for it by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for those who may see it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// Unwraps the value, for those who may see it.
    pub fn into_revealed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(withheld)")
    }
}
