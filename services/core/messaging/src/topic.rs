//! Names of topics, and nothing else: a name holds State and agency codes, never personal data.

use std::fmt;

/// Longest name that a broker accepts.
pub const NAME_CHARS_MAX: usize = 249;
/// Longest code of an agency.
pub const AGENCY_CHARS_MAX: usize = 64;

/// The name of a topic, known to be legal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(String);

impl Topic {
    /// The name as the broker knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be (part of) the name of a topic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("`{0}` is not a State code of two letters")]
    State(String),
    #[error("`{0}` is not an agency code of 1 to 64 lower-case letters, digits and hyphens")]
    Agency(String),
    #[error("`{0}` is not a legal topic name")]
    Topic(String),
}

/// Where `author` publishes its dispatches for `recipient`: `readmit.dispatch.nl.xk`.
///
/// # Errors
/// When one of them is not a State code of two letters.
pub fn dispatch(author: &str, recipient: &str) -> Result<Topic, NameError> {
    Ok(Topic(format!("readmit.dispatch.{}.{}", state_code(author)?, state_code(recipient)?)))
}

/// Where `state` publishes thin events for one of its agencies: `readmit.agency.xk.reintegration`.
///
/// # Errors
/// When the State code or the agency code is malformed.
pub fn agency(state: &str, agency: &str) -> Result<Topic, NameError> {
    let state = state_code(state)?;
    let legal = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if agency.is_empty() || agency.len() > AGENCY_CHARS_MAX || !agency.bytes().all(legal) {
        return Err(NameError::Agency(agency.to_owned()));
    }
    Ok(Topic(format!("readmit.agency.{state}.{agency}")))
}

/// A topic by its full name; for operators' tools and tests.
///
/// # Errors
/// When no broker would accept the name.
pub fn named(name: &str) -> Result<Topic, NameError> {
    let legal = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    let reserved = matches!(name, "" | "." | "..");
    if reserved || name.len() > NAME_CHARS_MAX || !name.bytes().all(legal) {
        return Err(NameError::Topic(name.to_owned()));
    }
    Ok(Topic(name.to_owned()))
}

fn state_code(code: &str) -> Result<String, NameError> {
    if code.len() == 2 && code.bytes().all(|c| c.is_ascii_alphabetic()) {
        Ok(code.to_ascii_lowercase())
    } else {
        Err(NameError::State(code.to_owned()))
    }
}

/// A topic as it is to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    pub topic: Topic,
    pub partitions: i32,
    pub replicas: i32,
    /// `None` leaves the broker's own retention.
    pub retention_ms: Option<u64>,
}

impl TopicSpec {
    /// One partition, one replica, the broker's retention.
    #[must_use]
    pub fn single(topic: Topic) -> Self {
        Self { topic, partitions: 1, replicas: 1, retention_ms: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_carry_codes_only() {
        let name = |topic: Result<Topic, NameError>| topic.map(|t| t.to_string());
        assert_eq!(name(dispatch("NL", "XK")), Ok("readmit.dispatch.nl.xk".to_owned()));
        assert_eq!(name(agency("XK", "help-1")), Ok("readmit.agency.xk.help-1".to_owned()));
        assert_eq!(name(named("readmit.x")), Ok("readmit.x".to_owned()));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        assert_eq!(dispatch("NLD", "XK"), Err(NameError::State("NLD".to_owned())));
        assert_eq!(dispatch("NL", "X."), Err(NameError::State("X.".to_owned())));
        for code in ["", "Help", "a.b", "é", &"a".repeat(65)] {
            assert_eq!(agency("XK", code), Err(NameError::Agency(code.to_owned())));
        }
        for text in ["", ".", "a b", &"a".repeat(250)] {
            assert_eq!(named(text), Err(NameError::Topic(text.to_owned())));
        }
    }
}
