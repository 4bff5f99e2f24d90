//! The names that callers give: of logs, streams, cursors and labels, checked when they are made.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use thiserror::Error;

/// Why a name is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Empty or too long.
    #[error("a {what} has 1 to {length_max} bytes, not {length}")]
    Length {
        /// Which kind of name.
        what: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest allowed.
        length_max: usize,
    },
    /// A byte that such a name does not have.
    #[error("byte {at} of a {what} is not allowed there")]
    Byte {
        /// Which kind of name.
        what: &'static str,
        /// The first wrong byte.
        at: usize,
    },
}

/// What a text name may be made of.
struct Rule {
    what: &'static str,
    length_max: usize,
    allowed: fn(u8) -> bool,
}

impl Rule {
    fn check(&self, text: &str) -> Result<(), NameError> {
        let (what, length_max, length) = (self.what, self.length_max, text.len());
        if length == 0 || length > length_max {
            return Err(NameError::Length { what, length, length_max });
        }
        match text.bytes().position(|byte| !(self.allowed)(byte)) {
            Some(at) => Err(NameError::Byte { what, at }),
            None => Ok(()),
        }
    }
}

fn path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-')
}

macro_rules! text_name {
    ($name:ident, $rule:expr, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            const RULE: Rule = $rule;
            /// The longest name, in bytes.
            pub const LENGTH_MAX: usize = Self::RULE.length_max;

            /// Checks and takes a name.
            pub fn new(text: &str) -> Result<Self, NameError> {
                Self::RULE.check(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;

            fn try_from(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

text_name!(
    LogName,
    Rule { what: "log name", length_max: 64, allowed: path_byte },
    "A log: ASCII letters, digits and `/._-`, at most 64 bytes (`entries/NL/0`)."
);
text_name!(
    CursorName,
    Rule { what: "cursor name", length_max: 64, allowed: path_byte },
    "A consumer's cursor: ASCII letters, digits and `/._-`, at most 64 bytes."
);
text_name!(
    Label,
    Rule { what: "label", length_max: 128, allowed: |byte| byte.is_ascii_graphic() },
    "A label that a view gives to streams: printable ASCII without spaces, at most 128 bytes."
);

/// A stream: 1 to 32 opaque bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId {
    // Bytes beyond the length are zero, so that the derived comparisons hold.
    bytes: [u8; Self::LENGTH_MAX],
    length: u8,
}

impl StreamId {
    /// The longest id, in bytes.
    pub const LENGTH_MAX: usize = 32;

    /// Checks and takes an id.
    pub fn new(id: &[u8]) -> Result<Self, NameError> {
        let wrong = || NameError::Length {
            what: "stream id",
            length: id.len(),
            length_max: Self::LENGTH_MAX,
        };
        let length = u8::try_from(id.len()).map_err(|_| wrong())?;
        let mut bytes = [0; Self::LENGTH_MAX];
        let place = bytes.get_mut(..id.len()).filter(|place| !place.is_empty());
        place.ok_or_else(wrong)?.copy_from_slice(id);
        Ok(Self { bytes, length })
    }

    /// The id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl Hash for StreamId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Without the zeros: half of the work for most.
        self.as_bytes().hash(state);
    }
}

impl TryFrom<&[u8]> for StreamId {
    type Error = NameError;

    fn try_from(id: &[u8]) -> Result<Self, NameError> {
        Self::new(id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names() {
        assert_eq!(LogName::new("entries/NL/0").unwrap().as_str(), "entries/NL/0");
        assert_eq!(LogName::new("a b"), Err(NameError::Byte { what: "log name", at: 1 }));
        let long = "x".repeat(65);
        let error = NameError::Length { what: "log name", length: 65, length_max: 64 };
        assert_eq!(LogName::new(&long), Err(error));
        assert!(LogName::new("").is_err());
        assert!(Label::new("due/2026-03-01:x").is_ok());
        assert!(Label::new("with space").is_err());
    }

    #[test]
    fn stream_ids() {
        assert!(StreamId::new(&[]).is_err());
        assert!(StreamId::new(&[0; 33]).is_err());
        assert!(StreamId::new(&[0; 300]).is_err());
        assert_ne!(StreamId::new(&[0]).unwrap(), StreamId::new(&[0, 0]).unwrap());
        assert_eq!(StreamId::new(&[1, 255]).unwrap().to_string(), "01ff");
    }
}
