//! How the store is, in the words for whoever runs the node: what its opening found, damage that
//! was found since, and whether it still takes anything.

use event_store::{RECORDS_LOST, Recovery, Store};

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreHealth {
    /// Where damage was found since the start.
    pub(crate) damage: Option<String>,
    /// Why it takes no more appends.
    pub(crate) failure: Option<String>,
    /// What its opening found.
    pub(crate) recovery: Recovery,
}

impl StoreHealth {
    pub(crate) fn of(store: &Store) -> Self {
        let (damage, failure) = (store.damage(), store.failure());
        Self { damage, failure, recovery: store.recovery() }
    }

    /// The words of `docs/operations.md` for what a human must look at.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = &'static str> {
        let words = [
            (self.damage.is_some(), "store-damaged"),
            (self.recovery.index_was_ahead, "records-lost"),
            (self.failure.is_some(), "store-failed"),
        ];
        words.into_iter().filter_map(|(rings, word)| rings.then_some(word))
    }
}

/// Says what opening a store found, also where it is closed again at once: nothing else tells of
/// bytes that were cut a second time.
pub(crate) fn log_opening(store: &Store) {
    let Recovery { cut_bytes, index_was_ahead, indexed_records: _, index_rebuilt: _ } =
        store.recovery();
    if cut_bytes > 0 {
        tracing::warn!(
            cut_bytes,
            "the end of the journal was cut: it was torn by a crash, or damaged; which of both \
             cannot be told"
        );
    }
    if index_was_ahead {
        tracing::error!(
            note = RECORDS_LOST,
            "records that were stored are gone from the journal; the note in the folder of the \
             store says how many, and docs/operations.md what to do"
        );
    }
}
