//! The indexer: how what is in memory gets into the index, and who waits for that.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::{Done, Progress, Shared};
use crate::disk::Shortage;
use crate::index::{self, Broken};
use crate::limits::{INDEX_GATHER_MS_MAX, INDEX_RECORDS_MIN, INDEX_RETRY_MS};

impl Shared {
    /// Writer: there is something new to index, so many records by now.
    pub(crate) fn wake_indexer(&self, pending: usize) {
        // The lock orders this after the indexer's look at `live`, so that no wake-up is lost.
        let mut progress = self.progress();
        progress.is_urgent |= pending >= INDEX_RECORDS_MIN;
        let is_quiet = progress.is_gathering && !progress.is_urgent;
        drop(progress);
        if !is_quiet {
            self.progressed.notify_all();
        }
    }

    /// Writer: no more will come.
    pub(crate) fn end_indexer(&self) {
        self.progress().is_ending = true;
        self.progressed.notify_all();
    }

    /// Writer: waits until the index is at most `records_max` records behind, unless it lacks what
    /// only others can give.
    pub(crate) fn wait_for_index(&self, records_max: usize) -> Result<(), Shortage> {
        let mut progress = self.progress();
        while self.failure().is_none() && self.live().positions.pending() > records_max {
            if let Some(shortage) = progress.shortage {
                return Err(shortage);
            }
            let woken = self.progressed.wait(progress);
            progress = woken.unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Appends are refused, once there is no room for them in memory, until the index goes on.
    pub(crate) fn lack(&self, shortage: Shortage) {
        self.progress().shortage = Some(shortage);
        self.progressed.notify_all();
    }

    /// Writes out what is pending, if what that takes is there. What is not written yet is read
    /// from memory; only an index that is broken ends the store.
    pub(crate) fn index_or_fail(&self) {
        let room = self.database.check_room(self.disk());
        let Err(broken) = room.and_then(|()| self.index_pending()) else {
            return;
        };
        if let Some(shortage) = broken.shortage {
            self.lack(shortage);
            return;
        }
        // Reads would be incomplete from here on: stop, and rebuild at the next opening.
        self.suspect_index();
        self.fail(broken.to_string());
    }

    /// Writes out what is pending. Called by the indexer, and by the replay before it runs.
    pub(crate) fn index_pending(&self) -> Result<(), Broken> {
        if self.database.is_lost() {
            return self.index_anew();
        }
        let work = self.live().unwritten();
        let done = self
            .with_tree(|tree| work.write(self.disk(), tree))
            .unwrap_or_else(|| Err(Broken::new("the store is closed")))?;
        if done.in_parts {
            self.mark_whole(|| self.index_is_suspect() || self.database.is_lost())?;
        }
        self.wrote(done);
        Ok(())
    }

    /// Takes the mark of a broken index back, unless it is there for another reason. That is asked
    /// last too, so that no suspicion is lost.
    pub(crate) fn mark_whole(&self, is_wrong: impl Fn() -> bool) -> Result<(), Broken> {
        if is_wrong() {
            return Ok(());
        }
        index::mark_whole(self.disk())?;
        if is_wrong() {
            index::mark_broken(self.disk())?;
        }
        Ok(())
    }

    /// The index has it: it need not stay in memory.
    pub(crate) fn wrote(&self, done: Done) {
        let mark = done.mark;
        self.live_mut().wrote(done);
        let mut progress = self.progress();
        progress.indexed = mark;
        progress.shortage = None;
        drop(progress);
        self.progressed.notify_all();
    }

    /// The indexer thread: follows the writer until that has ended.
    pub(crate) fn run_indexer(&self) {
        loop {
            let mut progress = self.progress();
            loop {
                if self.failure().is_some() {
                    return;
                }
                if progress.indexed != self.live().mark || self.database.is_lost() {
                    break;
                }
                if progress.is_ending {
                    return;
                }
                let woken = self.progressed.wait(progress);
                progress = woken.unwrap_or_else(PoisonError::into_inner);
            }
            if progress.shortage.is_some() {
                if progress.is_ending {
                    return;
                }
                progress = self.wait_a_while(progress);
            }
            self.gather(progress);
            self.index_or_fail();
        }
    }

    /// Between two attempts to do what there is no room for.
    fn wait_a_while<'a>(&self, progress: MutexGuard<'a, Progress>) -> MutexGuard<'a, Progress> {
        let apart = Duration::from_millis(INDEX_RETRY_MS);
        let is_waiting = |progress: &mut Progress| !progress.is_ending;
        let waited = self.progressed.wait_timeout_while(progress, apart, is_waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits a little, so that more is indexed together. Nobody waits for the index: what it does
    /// not have yet is read from memory.
    fn gather(&self, mut progress: MutexGuard<'_, Progress>) {
        progress.is_gathering = true;
        let time_max = Duration::from_millis(INDEX_GATHER_MS_MAX);
        let is_waiting = |progress: &mut Progress| {
            !progress.is_ending && !progress.is_urgent && self.failure().is_none()
        };
        let waited = self.progressed.wait_timeout_while(progress, time_max, is_waiting);
        let (mut progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        progress.is_gathering = false;
        progress.is_urgent = false;
    }
}
