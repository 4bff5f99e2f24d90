//! Where evidence is wrong, and how.

use std::fmt;

use domain::identifier::State;

use crate::arrival::Fault;
use crate::breach::Breach;

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Invalid {
    /// Where the first fault is.
    pub place: Location,
    /// What is wrong there.
    pub reason: Reason,
}

/// A place in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The bundle as a whole.
    Bundle,
    /// The genesis.
    Genesis,
    /// A dispatch: by the State whose log it is of, and its place in that log.
    Dispatch {
        /// The State that writes the log.
        author: State,
        /// Number of the dispatch.
        number: u64,
    },
    /// An entry.
    Entry {
        /// The State that writes the log.
        author: State,
        /// Position of the entry.
        position: u64,
    },
}

impl Location {
    pub(super) const fn fault(self, reason: Reason) -> Invalid {
        Invalid { place: self, reason }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundle => f.write_str("bundle"),
            Self::Genesis => f.write_str("genesis"),
            Self::Dispatch { author, number } => write!(f, "log of {author}, dispatch {number}"),
            Self::Entry { author, position } => write!(f, "log of {author}, entry {position}"),
        }
    }
}

/// What is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The bytes are no bundle at all.
    #[error("the bytes are no evidence bundle")]
    Unreadable,
    /// A bundle, but not in the one encoding, or of a version that is not known.
    #[error("it is not in the canonical form of version 1")]
    NotCanonical,
    /// The genesis does not hold.
    #[error("it is not in range, or not signed by both root keys ({0})")]
    Genesis(String),
    /// The signed header cannot be read, or is of another log or number.
    #[error("the signed header cannot be read here")]
    NoHeader,
    /// The signature is not by a key that may sign this dispatch.
    #[error("it is not signed by a key that was announced for it")]
    NotSigned,
    /// The dispatch does not continue its log.
    #[error("it does not continue its log: {0}")]
    Breach(Breach),
    /// It claims to have heard what the other log does not hold.
    #[error("it has heard a dispatch that the other log does not hold")]
    HeardUnknown,
    /// Its heads are not the signed ones.
    #[error("the heads are not those under the signed root")]
    OtherHeads,
    /// Its facts are not those that the head names, or are left out.
    #[error("the facts are not those that the head names")]
    OtherFacts,
    /// Facts of another case are shown.
    #[error("facts of another case do not belong here")]
    StrayFacts,
    /// A sealed body is not the one that the head names.
    #[error("the sealed body is not the one that the head names")]
    OtherBody,
    /// A sealed body is shown that is not of the case, or without the case key.
    #[error("this sealed body does not belong here")]
    StrayBody,
    /// The case key is not the one that the opening entry committed to.
    #[error("the case key is not the one that the opening entry committed to")]
    OtherKey,
    /// No entry opens the case.
    #[error("neither log opens the case")]
    NoCase,
}

/// A fault of a log, at its place in the bundle.
pub(super) fn at(here: Location, fault: Fault) -> Invalid {
    match (fault, here) {
        (
            Fault::BrokenChain { breach: breach @ Breach::Head { position }, .. },
            Location::Dispatch { author, .. },
        ) => Location::Entry { author, position }.fault(Reason::Breach(breach)),
        (Fault::BrokenChain { breach, .. }, _) => here.fault(Reason::Breach(breach)),
        (Fault::HeardUnknown { .. }, _) => here.fault(Reason::HeardUnknown),
        (Fault::EntriesWithheld { .. }, _) => here.fault(Reason::OtherHeads),
        (
            Fault::NotAuthentic(_)
            | Fault::Gap { .. }
            | Fault::Future { .. }
            | Fault::Void { .. }
            | Fault::Frozen { .. }
            | Fault::Duplicate { .. }
            | Fault::Unjudged { .. }
            | Fault::Rival { .. },
            _,
        ) => here.fault(Reason::NotSigned),
    }
}
