//! Steps 1 to 4 for a group that is made ([`crate::writer`] says what a crash leaves after each).

use std::collections::HashMap;

use domain::identifier::State;
use event_store::{AppendError, Batch, StreamId};
use record::log::Composed;
use runtime::failure::Failure;

use super::group::Group;
use super::release::{self, Move, Moves, NotReleased, Release, Releaser};
use super::{Writer, forged, snapshot_of};
use crate::failure;

impl Writer {
    /// Steps 1 to 4; the last two are left to the releaser where the next group can be begun.
    pub(super) fn write(&mut self, mut group: Group) -> Result<(), Failure> {
        let composed = match group.compose(&self.parts) {
            Ok(composed) => composed,
            Err(failure) => return Err(self.fail(group, failure)),
        };
        if group.is_empty() {
            if let Err(NotReleased) = self.all_released() {
                return Err(group.fail(failure::stopped()));
            }
            self.publish();
            group.answer(&self.parts, &HashMap::new(), 0);
            return Ok(());
        }
        // Of a case whose erasure was ordered, nothing is kept that comes late.
        group.keys.retain(|new| !self.parts.keys.is_erased(&new.case));
        if !group.keys.is_empty()
            && let Err(error) = self.parts.keyring.add(&group.keys)
        {
            self.stopped = self.parts.keyring.has_failed();
            let failure = Failure::unavailable("the keyring could not be written");
            return Err(self.fail(group, failure.with_source(error)));
        }
        if let Err(NotReleased) = self.releaser.as_mut().map_or(Ok(()), Releaser::check) {
            return Err(self.fail(group, failure::stopped()));
        }
        let batch = Batch {
            records: std::mem::take(&mut group.records),
            expected: Vec::new(),
            cursors: std::mem::take(&mut group.cursors).into_iter().collect(),
        };
        let appended = match self.parts.store.append_blocking(batch) {
            Ok(appended) => appended,
            Err(error) => {
                // Of every other failure it is certain that nothing was stored.
                self.stopped = matches!(error, AppendError::Poisoned { .. } | AppendError::Closed);
                return Err(self.fail(group, failure::append(&error)));
            }
        };
        self.parts.keys.extend(std::mem::take(&mut group.keys));
        let moves = self.moves(&group, &composed);
        if group.is_plain() && !self.queue.is_empty() && self.releaser.is_some() {
            self.hand_over(group, moves, appended.first.0)
        } else {
            self.release_here(group, &moves, appended.first.0)
        }
    }

    /// Leaves steps 3 and 4 to the releaser. `first` is the position of the group's first record.
    fn hand_over(&mut self, mut group: Group, moves: Moves, first: u64) -> Result<(), Failure> {
        let lengths = self.settle(&mut group, first);
        let answers = group.answers(&lengths, first);
        let release = Release { moves, snapshot: snapshot_of(&self.parts), answers };
        let handed = self.releaser.as_mut().map(|releaser| releaser.hand_over(release));
        handed.unwrap_or(Err(NotReleased)).map_err(|NotReleased| {
            self.stopped = true;
            failure::stopped()
        })
    }

    /// Steps 3 and 4.
    fn release_here(&mut self, mut group: Group, moves: &Moves, first: u64) -> Result<(), Failure> {
        if let Err(NotReleased) = self.all_released() {
            return Err(group.fail(failure::stopped()));
        }
        if let Err(error) = self.parts.marks.carry_out(moves) {
            self.stopped = true;
            return Err(group.fail(release::not_released(error)));
        }
        let lengths = self.settle(&mut group, first);
        self.again.append(&mut group.again);
        for case in std::mem::take(&mut group.erasures) {
            self.parts.keys.erase(&case);
            self.to_erase.insert(case);
        }
        self.erase();
        self.publish();
        group.answer(&self.parts, &lengths, first);
        Ok(())
    }

    /// What is stored becomes the state of the logs; the lengths of the streams that have grown.
    fn settle(&mut self, group: &mut Group, first: u64) -> HashMap<StreamId, u64> {
        group.settle(&mut self.parts);
        if let Err(error) = forged::look_again(&mut self.parts) {
            tracing::error!(%error, "what had stopped the writing could not be looked at again");
        }
        let lengths: HashMap<StreamId, u64> = std::mem::take(&mut group.streams);
        for pending in &group.pending {
            if let Some(length) = lengths.get(&pending.stream) {
                let stored = pending.remember(first);
                self.commands.stored(&pending.stream, *length, stored);
            }
        }
        self.commands.forget_if_full();
        lengths
    }

    /// Waits until everything that is stored is released. After a failure nothing more is written.
    pub(super) fn all_released(&mut self) -> Result<(), NotReleased> {
        let released = self.releaser.as_mut().map_or(Ok(()), Releaser::wait);
        self.stopped |= released.is_err();
        released
    }

    /// Tells everybody that nothing was written.
    fn fail(&mut self, group: Group, failure: Failure) -> Failure {
        match self.all_released() {
            Ok(()) => group.fail(failure),
            Err(NotReleased) => group.fail(failure::stopped()),
        }
    }

    /// How the marks move for a group that is stored. What came to a local log is noted too: it
    /// has no other copy.
    fn moves(&self, group: &Group, composed: &[(State, Composed)]) -> Moves {
        let made = composed.iter().map(|(partner, Composed { signed_header, .. })| {
            let (number, digest) = (signed_header.header().number, *signed_header.digest());
            let how = match group.grants.contains(partner) {
                true => Move::WholeAgain { number, digest },
                false => Move::Release { number, digest },
            };
            (*partner, how)
        });
        let locally = group.grow_locally(&self.parts);
        let each = made.chain(locally.into_iter().map(|it| (it, Move::Stored))).collect();
        Moves { each, records: self.parts.store.next_position().0 }
    }

    fn publish(&self) {
        release::publish(&self.published, snapshot_of(&self.parts));
    }
}
