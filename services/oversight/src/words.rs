//! The domain's and the ledger's words in the words of the interface, one by one.

use domain::case::event::Kind;
use domain::case::outcome::{self, Ground, Outcome, Settlement};
use proto::command::v1::{EventKind, Result, Standing};
use proto::ledger::v1 as ledger;
use proto::oversight::v1::AccessKind;

pub(crate) const fn result(outcome: Outcome) -> Result {
    match outcome {
        Outcome::Open => Result::Open,
        Outcome::Settled(Settlement::Accepted(Ground::Answer(_))) => Result::Accepted,
        Outcome::Settled(Settlement::Accepted(Ground::Silence(_))) => Result::AcceptedBySilence,
        Outcome::Settled(Settlement::Refused(Ground::Answer(_))) => Result::Refused,
        Outcome::Settled(Settlement::Refused(Ground::Silence(_))) => Result::RefusedBySilence,
        Outcome::Settled(Settlement::Returned(_)) => Result::ReturnedUnconsidered,
        Outcome::Withdrawn(_) => Result::Withdrawn,
        Outcome::CancelledAfter(..) => Result::Cancelled,
    }
}

pub(crate) const fn standing(standing: outcome::Standing) -> Standing {
    match standing {
        outcome::Standing::Provisional => Standing::Provisional,
        outcome::Standing::Confirmed => Standing::Confirmed,
        outcome::Standing::Disputed => Standing::Disputed,
    }
}

/// The kind of an entry; one that is not understood is unspecified.
pub(crate) fn kind(kind: Option<Kind>) -> EventKind {
    kind.and_then(|kind| i32::try_from(kind.number()).ok())
        .and_then(|number| EventKind::try_from(number).ok())
        .unwrap_or_default()
}

/// The result that a label of the views names.
pub(crate) fn labelled_result(word: &str) -> Option<Result> {
    match word {
        "open" => Some(Result::Open),
        "accepted" => Some(Result::Accepted),
        "accepted-by-silence" => Some(Result::AcceptedBySilence),
        "refused" => Some(Result::Refused),
        "refused-by-silence" => Some(Result::RefusedBySilence),
        "returned-unconsidered" => Some(Result::ReturnedUnconsidered),
        "withdrawn" => Some(Result::Withdrawn),
        "cancelled-after" => Some(Result::Cancelled),
        _ => None,
    }
}

/// The standing that a label of the views names.
pub(crate) fn labelled_standing(word: &str) -> Option<Standing> {
    match word {
        "provisional" => Some(Standing::Provisional),
        "confirmed" => Some(Standing::Confirmed),
        "disputed" => Some(Standing::Disputed),
        _ => None,
    }
}

pub(crate) const fn access(kind: ledger::AccessKind) -> AccessKind {
    match kind {
        ledger::AccessKind::Unspecified => AccessKind::Unspecified,
        ledger::AccessKind::Read => AccessKind::Read,
        ledger::AccessKind::Disclosure => AccessKind::Disclosure,
        ledger::AccessKind::Write => AccessKind::Write,
        ledger::AccessKind::Refusal => AccessKind::Refusal,
    }
}
