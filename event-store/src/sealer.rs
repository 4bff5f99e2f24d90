//! Who gives full segments their footers, and makes the zeros of the next: a thread of its own, or,
//! in a store without threads, the caller's. Nobody waits for it.

use std::sync::{Arc, mpsc};

use crate::disk::Shortage;
use crate::journal::write::{Sizes, WriteError};
use crate::journal::{JournalError, Mark, Segment, seal};
use crate::live::Shared;

/// Segments on their way to the thread.
pub(crate) type Full = (Segment, Mark);

/// Where the writer hands full segments to.
pub(crate) enum Sealer {
    Thread(mpsc::SyncSender<Full>),
    Inline(Sizes),
}

impl Sealer {
    /// Whether the store has no threads.
    pub(crate) const fn is_inline(&self) -> bool {
        matches!(self, Self::Inline(_))
    }

    /// Takes full segments over; returns those for which there is no room now.
    pub(crate) fn seal(&self, shared: &Shared, full: Vec<Full>) -> Vec<Full> {
        let mut left = Vec::new();
        for (segment, end) in full {
            match self {
                Self::Thread(sender) => match sender.try_send((segment, end)) {
                    // If the thread has ended, so has the store.
                    Ok(()) | Err(mpsc::TrySendError::Disconnected(_)) => {}
                    Err(mpsc::TrySendError::Full(full)) => left.push(full),
                },
                Self::Inline(sizes) => seal_one(shared, &segment, end, *sizes),
            }
        }
        left
    }
}

/// The thread: until the writer has ended, and everything it handed over is sealed.
pub(crate) fn run(shared: &Arc<Shared>, full: &mpsc::Receiver<Full>, sizes: Sizes) {
    while let Ok((segment, end)) = full.recv() {
        seal_one(shared, &segment, end, sizes);
    }
}

fn seal_one(shared: &Shared, segment: &Segment, end: Mark, sizes: Sizes) {
    if shared.failure().is_some() {
        return;
    }
    // The zeros first, since somebody may soon wait for them.
    let made = match shared.journal.make_spare(segment.header.number, sizes) {
        // The writer does without.
        Ok(()) | Err(WriteError::Short(_)) => Ok(()),
        Err(WriteError::Failed(error)) => Err(error),
    };
    match made.and_then(|()| seal::seal(&shared.journal, segment, end)) {
        Ok(()) => {}
        // The next opening does it.
        Err(JournalError::Io { source, .. }) if Shortage::of(&source).is_some() => {}
        Err(JournalError::Io { doing: "read", .. }) => {}
        // What the disk holds of it is not known.
        Err(error @ JournalError::Io { .. }) => shared.fail(error.to_string()),
        Err(error @ (JournalError::Corrupt { .. } | JournalError::Newer { .. })) => {
            shared.found_damage(error.to_string());
        }
    }
}
