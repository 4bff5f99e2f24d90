//! How one header of a log may follow another, and each way in which it does not.
//!
//! What two headers alone show is here, so that two headers are a proof. What needs the entries
//! or the other log is in [`crate::arrival`].

use domain::chain::Heard;
use domain::identifier::Digest;

use crate::dispatch::{ENTRIES_MAX, Header};

/// How a dispatch breaks the chain of its own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// `previous` is not the digest of the dispatch before.
    #[error("the previous digest is another")]
    Previous,
    /// The log shrinks, or grows by more entries than a dispatch may have.
    #[error("the size of the log does not follow")]
    Size,
    /// The root changes without a new entry.
    #[error("the root changes without a new entry")]
    Root,
    /// The time falls without a correction of the clock that counts, or lies further behind a time
    /// that it has heard than the skew.
    #[error("the time falls")]
    Time,
    /// What it has heard falls or is forgotten.
    #[error("what it has heard falls")]
    Heard,
    /// The era changes without a succession that counts.
    #[error("the era changes without a succession that counts")]
    Era,
    /// A head under the signed root is malformed or not at its position.
    #[error("the head at position {position} is malformed")]
    Head {
        /// Where it stands in the log.
        position: u64,
    },
}

/// A header and its digest, as the next one builds on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) header: Header,
    pub(crate) digest: Digest,
}

/// Whether number, previous digest, time and what is heard follow. A header that corrects the
/// clock may be dated earlier; whether it may say so is for its first entry to show.
pub(crate) fn follows(before: Option<&Before>, after: &Header) -> Result<(), Breach> {
    let number = before.map_or(Some(0), |before| before.header.number.checked_add(1));
    if after.previous != before.map(|before| before.digest) || Some(after.number) != number {
        return Err(Breach::Previous);
    }
    let Some(Before { header: before, .. }) = before else {
        return Ok(());
    };
    if after.time < before.time && !after.corrects_clock {
        return Err(Breach::Time);
    }
    if heard_falls(before.heard, after.heard) {
        return Err(Breach::Heard);
    }
    Ok(())
}

/// Whether size and root follow those of the log before.
pub(crate) fn grows(before: Option<&Before>, after: &Header) -> Result<(), Breach> {
    let size = before.map_or(0, |before| before.header.log_size);
    let added = after.log_size.checked_sub(size).ok_or(Breach::Size)?;
    if added > ENTRIES_MAX as u64 {
        return Err(Breach::Size);
    }
    let root =
        before.map_or_else(|| Digest::new(merkle::empty_root()), |before| before.header.log_root);
    if added == 0 && after.log_root != root {
        return Err(Breach::Root);
    }
    Ok(())
}

/// How `after`, the next number of the same era, breaks the chain that `before` is the end of;
/// `None` where two headers alone do not show it.
pub(crate) fn between(before: &Before, after: &Header) -> Option<Breach> {
    follows(Some(before), after).and_then(|()| grows(Some(before), after)).err()
}

/// Whether what is heard falls, is forgotten, or changes under the same number.
pub(crate) fn heard_falls(before: Option<Heard>, after: Option<Heard>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            let falls = after.number < before.number || after.era < before.era;
            falls || (after.number == before.number && after != before)
        }
    }
}
