//! What a service answers when it cannot do what was asked: made in one place, sent as
//! `google.rpc.Status` with typed details, and read back from it.
//!
//! Rules are not here: a domain rejection comes in as [`Coded`]. A message never holds personal
//! data, nor the value of a field.

pub mod code;

mod details;
mod rejected;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use proto::InvalidField;
use proto::command::v1::{CaseMoved, RevisionMoved};

pub use code::Code;

/// Why a command or a read could not be carried out.
pub struct Failure(Box<Inner>);

struct Inner {
    class: Class,
    code: Code,
    message: String,
    details: Vec<Detail>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it is: what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The message is wrong, whatever the state of the case.
    Invalid,
    /// The case does not allow it now.
    Refused,
    /// The case moved since the decision.
    Conflict,
    /// It is not there, or is not the caller's.
    NotFound,
    /// It is not known who asks.
    NotIdentified,
    /// The caller may not do this.
    NotAllowed,
    /// A limit is reached; later it may work.
    Busy,
    /// Something that is needed is not there now; later it may work.
    Unavailable,
    /// Stored bytes are not what they must be.
    Corrupt,
    /// A mistake of ours.
    Internal,
}

impl Class {
    /// The code that a gRPC client sees.
    #[must_use]
    pub const fn grpc(self) -> tonic::Code {
        match self {
            Self::Invalid => tonic::Code::InvalidArgument,
            Self::Refused => tonic::Code::FailedPrecondition,
            Self::Conflict => tonic::Code::Aborted,
            Self::NotFound => tonic::Code::NotFound,
            Self::NotIdentified => tonic::Code::Unauthenticated,
            Self::NotAllowed => tonic::Code::PermissionDenied,
            Self::Busy => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Corrupt => tonic::Code::DataLoss,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// The class of a code that a server sent, whoever made it.
    #[must_use]
    pub const fn of(code: tonic::Code) -> Self {
        match code {
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Self::Invalid,
            tonic::Code::FailedPrecondition => Self::Refused,
            tonic::Code::Aborted | tonic::Code::AlreadyExists => Self::Conflict,
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::Unauthenticated => Self::NotIdentified,
            tonic::Code::PermissionDenied => Self::NotAllowed,
            tonic::Code::ResourceExhausted => Self::Busy,
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => {
                Self::Unavailable
            }
            tonic::Code::DataLoss => Self::Corrupt,
            tonic::Code::Ok
            | tonic::Code::Unknown
            | tonic::Code::Unimplemented
            | tonic::Code::Internal => Self::Internal,
        }
    }
}

/// What travels beside code and message.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// Fields that do not hold what they must.
    Field(InvalidField),
    /// A rule that does not allow it.
    Rule(Coded),
    /// The case has moved since the screen that the act was decided on.
    Moved(CaseMoved),
    /// The case has moved since it was read.
    Revision(RevisionMoved),
    /// When to try again.
    Retry(Duration),
}

/// A rule that was broken, as the domain's own table of codes names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// Its stable code (`CASE-0004`).
    pub code: String,
    /// The rule, by name (`AnswerMustNotRepeat`).
    pub rule: String,
    /// Where it stands, when it is an agreement's.
    pub source: Option<domain::rules::Source>,
    /// One sentence, without personal data.
    pub explanation: String,
}

/// After how long a client may try again when something is busy or unavailable.
pub const RETRY_AFTER: Duration = Duration::from_millis(500);

impl Failure {
    /// A failure of a class with a code of its own; other crates bring their own codes.
    #[must_use]
    pub fn new(class: Class, code: impl Into<Code>, message: impl Into<String>) -> Self {
        let details = match class {
            Class::Busy | Class::Unavailable => vec![Detail::Retry(RETRY_AFTER)],
            Class::Invalid
            | Class::Refused
            | Class::Conflict
            | Class::NotFound
            | Class::NotIdentified
            | Class::NotAllowed
            | Class::Corrupt
            | Class::Internal => Vec::new(),
        };
        Self(Box::new(Inner {
            class,
            code: code.into(),
            message: message.into(),
            details,
            source: None,
        }))
    }

    /// The same failure with a further detail.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// The same failure with its cause, which is logged and never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// A field that does not hold what it must.
    #[must_use]
    pub fn field(field: impl Into<String>, reason: impl fmt::Display) -> Self {
        InvalidField::new(field, reason).into()
    }

    /// A rule that does not allow it now.
    #[must_use]
    pub fn rule(coded: Coded) -> Self {
        Self::new(Class::Refused, Code::named(coded.code.clone()), coded.explanation.clone())
            .with_detail(Detail::Rule(coded))
    }

    /// It is not there, or is not the caller's: nobody can tell which.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Class::NotFound, code::NOT_FOUND, format!("there is no such {what}"))
    }

    /// The request id has been used with other content.
    #[must_use]
    pub fn request_id_used() -> Self {
        let field = InvalidField::new("request_id", "was used before with other content");
        Self::new(Class::Invalid, code::REQUEST_ID_USED, field.to_string())
            .with_detail(Detail::Field(field))
    }

    /// The case has moved since the screen that the act was decided on.
    #[must_use]
    pub fn case_moved(moved: CaseMoved) -> Self {
        let message = "the case has changed since it was looked at";
        Self::new(Class::Conflict, code::CASE_MOVED, message).with_detail(Detail::Moved(moved))
    }

    /// The case has moved since it was read; the ledger's answer to an append.
    #[must_use]
    pub fn revision_moved(moved: RevisionMoved) -> Self {
        let message = "the case has changed since it was read";
        Self::new(Class::Conflict, code::REVISION_MOVED, message)
            .with_detail(Detail::Revision(moved))
    }

    /// The caller may not do this.
    #[must_use]
    pub fn not_allowed(message: impl Into<String>) -> Self {
        Self::new(Class::NotAllowed, code::ROLE_NOT_ALLOWED, message)
    }

    /// Something that is needed is not there now.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Class::Unavailable, code::UNAVAILABLE, message)
    }

    /// Stored bytes are not what they must be.
    #[must_use]
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Class::Corrupt, code::CORRUPT, message)
    }

    /// A mistake of ours.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Class::Internal, code::INTERNAL, message)
    }

    /// What kind of failure it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.0.class
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.0.code
    }

    /// One sentence, without personal data.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What travels beside it.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// The revisions, when an append found that the case has moved.
    #[must_use]
    pub fn moved(&self) -> Option<&RevisionMoved> {
        self.0.details.iter().find_map(|detail| match detail {
            Detail::Revision(moved) => Some(moved),
            Detail::Field(_) | Detail::Rule(_) | Detail::Moved(_) | Detail::Retry(_) => None,
        })
    }
}

impl From<InvalidField> for Failure {
    fn from(field: InvalidField) -> Self {
        Self::new(Class::Invalid, code::FIELD_INVALID, field.to_string())
            .with_detail(Detail::Field(field))
    }
}

impl From<Failure> for tonic::Status {
    fn from(failure: Failure) -> Self {
        match failure.class() {
            Class::Corrupt | Class::Internal => {
                tracing::error!(code = %failure.code(), cause = %failure.chain(), "failure");
            }
            Class::Unavailable | Class::Busy => {
                tracing::warn!(code = %failure.code(), cause = %failure.chain(), "failure");
            }
            Class::Invalid
            | Class::Refused
            | Class::Conflict
            | Class::NotFound
            | Class::NotIdentified
            | Class::NotAllowed => {
                tracing::debug!(code = %failure.code(), "failure");
            }
        }
        details::to_status(&failure)
    }
}

impl From<tonic::Status> for Failure {
    /// Reads what another server sent; its code and details are kept as they are.
    fn from(status: tonic::Status) -> Self {
        details::from_status(status)
    }
}

impl Failure {
    /// The failure and its causes, for the log.
    fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut source = self.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("class", &self.0.class)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_class_has_its_grpc_code_and_is_read_back_from_it() {
        let table = [
            (Class::Invalid, tonic::Code::InvalidArgument),
            (Class::Refused, tonic::Code::FailedPrecondition),
            (Class::Conflict, tonic::Code::Aborted),
            (Class::NotFound, tonic::Code::NotFound),
            (Class::NotIdentified, tonic::Code::Unauthenticated),
            (Class::NotAllowed, tonic::Code::PermissionDenied),
            (Class::Busy, tonic::Code::ResourceExhausted),
            (Class::Unavailable, tonic::Code::Unavailable),
            (Class::Corrupt, tonic::Code::DataLoss),
            (Class::Internal, tonic::Code::Internal),
        ];
        for (class, code) in table {
            assert_eq!(class.grpc(), code);
            assert_eq!(Class::of(code), class);
        }
    }

    #[test]
    fn a_failure_is_read_back_from_its_status_with_all_details() {
        let failure = Failure::rule(Coded {
            code: "CASE-0020".into(),
            rule: "StatementMustNotRepeat".into(),
            source: Some(domain::rules::Source {
                instrument: "BWBV0005360".into(),
                article: Some("3".into()),
            }),
            explanation: "this has been stated already".into(),
        })
        .with_detail(Detail::Moved(CaseMoved {
            expected_etag: "1.1-aa".into(),
            found_etag: "2.1-bb".into(),
            changes: Vec::new(),
        }))
        .with_detail(Detail::Revision(RevisionMoved { found_revision: 3, ..Default::default() }))
        .with_detail(Detail::Field(InvalidField::new("persons", "must be one")))
        .with_detail(Detail::Retry(Duration::from_millis(250)));
        let details = failure.details().to_vec();

        let status = tonic::Status::from(failure);
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        let read = Failure::from(status);

        assert_eq!(read.class(), Class::Refused);
        assert_eq!(read.code().as_str(), "CASE-0020");
        for detail in &details {
            assert!(read.details().contains(detail), "{detail:?} is lost");
        }
        assert_eq!(read.details().len(), details.len());
        assert_eq!(read.moved().unwrap().found_revision, 3);
    }

    #[test]
    fn what_is_busy_or_unavailable_says_when_to_try_again() {
        let status = tonic::Status::from(Failure::unavailable("the ledger cannot be reached"));
        let read = Failure::from(status);
        assert_eq!(read.details(), [Detail::Retry(RETRY_AFTER)]);
    }

    #[test]
    fn a_cause_is_not_sent() {
        let failure = Failure::internal("no reply").with_source("Testperson, Arber");
        let status = tonic::Status::from(failure);
        assert!(!format!("{status:?}").contains("Testperson"));
    }
}
