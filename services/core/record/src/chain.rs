//! Stored bytes as the chains that the rules read. Cutting them down to what one case needs is
//! in [`domain::chain::sparse`].

use domain::chain::{Dispatch, Entry};

use crate::dispatch::{Header, SignedHeader};
use crate::entry::{self, Head, Owner};
use crate::log_id::LogId;

/// What the rules read of a dispatch.
#[must_use]
pub const fn dispatch(signed: &SignedHeader) -> Dispatch {
    let Header { number, time, heard, .. } = *signed.header();
    Dispatch { number, time, digest: *signed.digest(), heard }
}

/// What the rules read of an entry; `None` where it belongs to nobody, so that no chain holds it.
/// `number` is that of its dispatch.
#[must_use]
pub fn entry(log: &LogId, number: u64, head: &Head, facts: &[u8]) -> Option<Entry> {
    entry_of(entry::read(log, head, facts), number, head)
}

/// What the rules read of an entry that was read.
pub(crate) fn entry_of(reading: entry::Reading, number: u64, head: &Head) -> Option<Entry> {
    let case = match reading.owner {
        Owner::Corridor => None,
        Owner::Case(case) => Some(case),
        Owner::Nobody => return None,
    };
    Some(Entry { position: head.position, dispatch: number, case, content: reading.content })
}
