//! How a command ends: one exit code for each class of failure.

use std::process::ExitCode;

/// How a command ends. Codes are part of the interface; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Success,
    /// Something else went wrong; for `verify`, the bundle is not valid.
    Failure,
    /// The input could not be read; clap uses the same code for a wrong command line.
    Unreadable,
    /// The request names a field and a rule that it breaks.
    Invalid,
    /// The caller may not do this, or is not known.
    NotAllowed,
    /// There is no such case, as far as this caller may know.
    NotFound,
    /// A rule of the case or the agreement does not allow it now.
    Refused,
    /// The case has moved since the screen that the caller saw.
    Moved,
    /// The node cannot be reached, or is not ready; try again.
    Unavailable,
}

impl Exit {
    /// Whether it is not known if a command was carried out.
    pub(crate) const fn leaves_open(self) -> bool {
        matches!(self, Self::Failure | Self::Unavailable)
    }
}

/// What the help says of the exit codes.
pub(crate) const HELP: &str = "Exit codes: 0 done; 1 failed (verify: not valid); 2 wrong command \
line or unreadable input; 3 invalid request; 4 not allowed; 5 not found; 6 refused by a rule; \
7 the case has moved; 8 unavailable";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Unreadable => 2,
            Exit::Invalid => 3,
            Exit::NotAllowed => 4,
            Exit::NotFound => 5,
            Exit::Refused => 6,
            Exit::Moved => 7,
            Exit::Unavailable => 8,
        })
    }
}
