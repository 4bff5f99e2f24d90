//! Why a command about agreements gives no answer: the option, the rule that it breaks, the exit.

use std::io::Write as _;
use std::path::Path;

use agreements::CompileError;

use crate::exit::Exit;

/// A command that gives no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    exit: Exit,
    message: String,
    /// The option or argument, and the rule.
    field: Option<(&'static str, String)>,
    /// What is said all the same, to standard output.
    said: Option<String>,
}

impl Refusal {
    /// An option does not hold what it must.
    pub(super) fn option(option: &'static str, rule: impl Into<String>) -> Self {
        let message = "the request is not valid".to_owned();
        Self { exit: Exit::Invalid, message, field: Some((option, rule.into())), said: None }
    }

    /// An id that nothing has.
    pub(super) fn unknown(option: &'static str, id: &str, nearest: Option<String>) -> Self {
        Self::unknown_id(option, "", id, nearest)
    }

    /// The same, where a file would do as well.
    pub(super) fn unknown_or_file(option: &'static str, id: &str, nearest: Option<String>) -> Self {
        Self::unknown_id(option, ", or a file that is there", id, nearest)
    }

    fn unknown_id(option: &'static str, or: &str, id: &str, nearest: Option<String>) -> Self {
        let nearest = nearest.map(|id| format!("; the nearest known is `{id}`"));
        let rule = format!(
            "must be one of those that `readmit agreements list` shows{or}, not `{id}`{}",
            nearest.unwrap_or_default()
        );
        Self::option(option, rule)
    }

    /// A holiday that is only estimated decides a deadline; what it does not decide is said.
    pub(super) fn holiday(rule: String, said: String) -> Self {
        let message = "a holiday must be confirmed".to_owned();
        let field = Some(("--confirm-holiday", rule));
        Self { exit: Exit::Refused, message, field, said: Some(said) }
    }

    /// A file is not sound.
    pub(super) fn unsound(message: String) -> Self {
        Self { exit: Exit::Failure, message, field: None, said: None }
    }

    /// A file cannot be read, or is of no known kind.
    pub(super) fn unreadable(message: String) -> Self {
        Self { exit: Exit::Unreadable, message, field: None, said: None }
    }

    /// A file cannot be opened.
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::unreadable(format!("cannot read `{}`: {error}", path.display()))
    }

    /// The agreement does not compile for the corridor: an option is wrong, or a rule forbids it.
    pub(super) fn compile(agreement: &'static str, error: &CompileError) -> Self {
        let exit = match error {
            CompileError::FileMustBeSound(fault) => {
                return Self {
                    exit: Exit::Failure,
                    message: fault.to_string(),
                    field: None,
                    said: None,
                };
            }
            CompileError::AgreementMustBeKnown { agreement: id, nearest } => {
                return Self::unknown(agreement, id.as_str(), nearest.clone());
            }
            CompileError::PairMustBeBound { .. } => {
                return Self::option("--requesting, --requested", error.to_string());
            }
            CompileError::ConfirmedMustBeReported { .. } => {
                return Self::option("--confirm", error.to_string());
            }
            CompileError::ConfirmedHolidayMustCount { .. } => {
                return Self::option("--confirm-holiday", error.to_string());
            }
            CompileError::SupplementMustFit { .. }
            | CompileError::SupplementMustNotContradict { .. } => {
                return Self::option("--supplement", error.to_string());
            }
            CompileError::VersionMustBeAtLeastOne => Exit::Invalid,
            CompileError::MemberMustBeBound { .. }
            | CompileError::MustNotBeDisplaced { .. }
            | CompileError::MustNotBeSuspended { .. }
            | CompileError::MustBeInForce { .. }
            | CompileError::MustBeKnownInForce { .. }
            | CompileError::ProtocolMustBeKnownInForce { .. }
            | CompileError::PrecedenceMustBeEstablished { .. }
            | CompileError::ItemMustBeListed { .. }
            | CompileError::ValueMustBeEstablished { .. }
            | CompileError::ValueMustBeConfirmed { .. }
            | CompileError::StartMustBeEstablished { .. }
            | CompileError::StartMustFit { .. }
            | CompileError::SilenceMustNotPrecedeReply { .. }
            | CompileError::ValueMustBeExpressible { .. }
            | CompileError::KeyMustBeExpressible { .. }
            | CompileError::CalendarMustBeThere { .. }
            | CompileError::ZoneMustBeThere { .. }
            | CompileError::ZoneMustBeKnown { .. } => Exit::Refused,
        };
        Self { exit, message: error.to_string(), field: None, said: None }
    }

    /// Prints it to standard error, in the form of the other commands.
    pub(super) fn print(&self, json: bool) -> anyhow::Result<Exit> {
        if let Some(said) = &self.said {
            super::layout::print(said)?;
        }
        let mut err = std::io::stderr().lock();
        // Whoever closed the pipe does not want to read it.
        if json {
            let field = |named: &(&'static str, String)| {
                let (field, rule) = named;
                serde_json::json!({ "field": field, "rule": rule })
            };
            let fields: Vec<serde_json::Value> = self.field.iter().map(field).collect();
            let line = serde_json::json!({
                "status": self.status(),
                "message": self.message,
                "fields": fields,
            });
            let _ = writeln!(err, "{line}");
        } else {
            let message = super::layout::hanging("readmit: ", 4, &self.message);
            let _ = write!(err, "{message}");
            if let Some((field, rule)) = &self.field {
                let rule = super::layout::hanging(&format!("  {field}: "), 4, rule);
                let _ = write!(err, "{rule}");
            }
        }
        Ok(self.exit)
    }

    /// The status that the other commands name for the exit.
    const fn status(&self) -> &'static str {
        match self.exit {
            Exit::Success => "Ok",
            Exit::Failure => "DataLoss",
            Exit::Unreadable | Exit::Invalid => "InvalidArgument",
            Exit::NotAllowed => "PermissionDenied",
            Exit::NotFound => "NotFound",
            Exit::Refused => "FailedPrecondition",
            Exit::Moved => "Aborted",
            Exit::Unavailable => "Unavailable",
        }
    }
}
