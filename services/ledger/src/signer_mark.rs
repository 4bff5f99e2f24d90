//! The signer's memory: the highest number, and its digest, that was released for a log. Kept
//! outside the data folder and its backups.
//!
//! No number is ever released twice with different contents:
//!
//! 1. The writer composes and signs a dispatch in memory. *A crash here*: the signature never left
//!    the process, and the number is free.
//! 2. The dispatch is stored durably, in one write with everything that it rests on. *A crash
//!    here*: the store is ahead of the mark; at start the mark follows, and the number keeps the
//!    contents that are stored.
//! 3. The mark is moved here, durably. *A crash here*: nothing was sent, and what is stored is
//!    sent after the start.
//! 4. Only now may the dispatch leave the process: readers are shown it, replies are sent.
//!
//! The next dispatches may be stored meanwhile, unless this is the first of its log. A crash then
//! leaves the store ahead by all of them, and the mark follows over them: none was sent.
//!
//! So a mark is never above its store, unless the store is an old copy or another one: then nothing
//! is written until the node has it all back ([`crate::leave`]). That a mark needs no contents of
//! its own follows from the order of 2 and 3. A mark that is missing although the log has begun is
//! lost: nobody can tell then whether the store is an old copy.
//!
//! Beside the number stands how many records the store had. A store with fewer is an old copy too,
//! also where the log between States is whole: the local log has no other copy. And once a store
//! was found to be restored, the mark says so until everything that follows from it is done,
//! however often the node is started meanwhile.
//!
//! The file has two slots that are written in turn, each within a sector of its own, so that a
//! torn write spoils the newer one only: step 4 has not happened for that one. It is locked while
//! a node runs: two nodes on copies of one store would both sign the next number.
//!
//! | Slot | Bytes |
//! |---|---|
//! | version 2 | `mark2`, sequence, what, restored, number, digest, records, SHA-256 of these |
//! | version 1, still read | number, digest, SHA-256 of both |
//!
//! Numbers are 8 bytes, big-endian; *what* (0 nothing, 1 released, 2 lost) and *restored* (0, 1)
//! are one byte. The slot with the highest sequence counts; a slot of version 1
//! has sequence 0, and of two such the higher number counts.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use domain::chain::Heard;
use domain::identifier::Digest;
use record::digest::sha256;
use record::log_id::LogId;

use crate::locked::Locked;

/// Bytes between the two slots.
const SECTOR: u64 = 4096;
const MAGIC: &[u8; 5] = b"mark2";
/// What stands before the check in a slot of version 2.
const CONTENT: usize = 5 + 8 + 1 + 1 + 8 + 32 + 8;
const CHECK: usize = 32;
/// Number, digest, check.
const SLOT_1: usize = 8 + 32 + CHECK;

/// Why a mark could not be read, or a dispatch not be released.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// A file could not be read or written.
    #[error("could not use the signer's mark `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process signs for this log.
    #[error("the signer's mark `{}` is in use by another node", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The store is of another history.
    #[error("dispatch {number} in the store is not the one that was released")]
    OtherContents {
        /// Its number.
        number: u64,
    },
}

/// How a mark stands to its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The store has everything that was released.
    Level,
    /// The store is an old copy, or was found to be one and is not whole again.
    Restored,
    /// There is no mark, or none that can be read, although the log has begun.
    Lost,
}

/// What a mark is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreEnd {
    /// The log's last dispatch.
    pub(crate) head: Option<Heard>,
    /// How many records the store has, of all logs.
    pub(crate) records: u64,
}

/// What a slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Content {
    sequence: u64,
    last: Last,
    is_restored: bool,
    /// How many records the store had at least.
    records: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Released(u64, Digest),
    Lost,
}

/// The mark of one log.
#[derive(Debug)]
pub(crate) struct SignerMark {
    file: Locked,
    path: PathBuf,
    content: Content,
    next_slot: u64,
}

impl SignerMark {
    /// Opens the mark of a log and holds it against the store; `digest_of` looks up a dispatch
    /// before the last. A log that has not begun gets a mark.
    pub(crate) fn open(
        folder: &Path,
        log: &LogId,
        end: StoreEnd,
        digest_of: impl Fn(u64) -> Option<Digest>,
    ) -> Result<(Self, Standing), MarkError> {
        let id: String = log.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{}-{}-{id}.mark", log.author(), log.era()));
        let failed = |source| MarkError::File { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let is_new = !path.try_exists().map_err(failed)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let file = Locked::new(file).map_err(|error| match error {
            TryLockError::WouldBlock => MarkError::InUse { path: path.clone() },
            TryLockError::Error(source) => failed(source),
        })?;
        if is_new {
            // Both slots get their place now: a later write changes no length.
            file.set_len(2 * SECTOR).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        let slots = [0, 1].map(|slot| read_slot(&file, slot));
        let (found, next_slot) = match slots {
            [Some(one), Some(other)] if one.is_newer_than(&other) => (Some(one), 1),
            [_, Some(other)] => (Some(other), 0),
            [Some(one), None] => (Some(one), 1),
            [None, None] => (None, 0),
        };
        // Number 0 may be stored without a mark, by a crash between steps 2 and 3; from then on one
        // of the slots is whole.
        let begun = end.head.is_some_and(|head| is_new || head.number > 0);
        let before = found.unwrap_or(Content {
            sequence: 0,
            last: Last::Nothing,
            is_restored: false,
            records: end.records,
        });
        let mut mark = Self { file, path, content: before, next_slot };
        // A mark that was found to be lost stays so until an operator has spoken.
        if before.last == Last::Nothing && begun {
            mark.write(Content { last: Last::Lost, ..before })?;
        } else if found.is_none() {
            mark.write(before)?;
        }
        let standing = mark.stand(end, digest_of)?;
        Ok((mark, standing))
    }

    /// How it stands to the store: one below it follows.
    fn stand(
        &mut self,
        end: StoreEnd,
        digest_of: impl Fn(u64) -> Option<Digest>,
    ) -> Result<Standing, MarkError> {
        let has_all = match (self.content.last, end.head) {
            (Last::Lost, _) => return Ok(Standing::Lost),
            (Last::Released(released, _), head)
                if head.is_none_or(|head| head.number < released) =>
            {
                false
            }
            (Last::Released(released, digest), Some(head)) => {
                if digest_of(released) != Some(digest) {
                    return Err(MarkError::OtherContents { number: released });
                }
                self.release(head.number, head.digest, self.content.records)?;
                true
            }
            (Last::Nothing, Some(head)) => {
                self.release(head.number, head.digest, self.content.records)?;
                true
            }
            (Last::Nothing | Last::Released(..), None) => true,
        };
        let is_old = !has_all || end.records < self.content.records || self.content.is_restored;
        Ok(if is_old { Standing::Restored } else { Standing::Level })
    }

    /// The highest number that was released, and its digest; `None` where that is nothing, or not
    /// known.
    pub(crate) const fn released(&self) -> Option<(u64, Digest)> {
        match self.content.last {
            Last::Released(number, digest) => Some((number, digest)),
            Last::Nothing | Last::Lost => None,
        }
    }

    /// Notes that the store was found to be an old copy, until [`SignerMark::whole_again`].
    pub(crate) fn restored(&mut self) -> Result<(), MarkError> {
        if self.content.is_restored {
            return Ok(());
        }
        self.write(Content { is_restored: true, ..self.content })
    }

    /// Notes that everything is there again, up to a dispatch that is stored. Where an operator has
    /// let the log go on without a mark, or below it, this is the mark from now on.
    pub(crate) fn whole_again(
        &mut self,
        number: u64,
        digest: Digest,
        records: u64,
    ) -> Result<(), MarkError> {
        let last = Last::Released(number, digest);
        self.write(Content { last, is_restored: false, records, ..self.content })
    }

    /// Notes how many records the store has, where some were added that have no other copy.
    pub(crate) fn stored(&mut self, records: u64) -> Result<(), MarkError> {
        if records <= self.content.records {
            return Ok(());
        }
        self.write(Content { records, ..self.content })
    }

    /// Releases a dispatch that is stored. When this returns, no other contents can ever be
    /// released under its number.
    pub(crate) fn release(
        &mut self,
        number: u64,
        digest: Digest,
        records: u64,
    ) -> Result<(), MarkError> {
        let records = records.max(self.content.records);
        if let Last::Released(released, known) = self.content.last {
            if number == released && digest == known {
                return Ok(());
            }
            if number <= released {
                return Err(MarkError::OtherContents { number });
            }
        }
        self.write(Content { last: Last::Released(number, digest), records, ..self.content })
    }

    fn write(&mut self, content: Content) -> Result<(), MarkError> {
        let content = Content { sequence: self.content.sequence.saturating_add(1), ..content };
        let failed = |source| MarkError::File { path: self.path.clone(), source };
        self.file.write_all_at(&content.encode(), self.next_slot * SECTOR).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.content = content;
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }
}

impl Content {
    fn encode(&self) -> Vec<u8> {
        let nothing = Digest::new([0; 32]);
        let (what, number, digest) = match self.last {
            Last::Nothing => (0, 0, nothing),
            Last::Released(number, digest) => (1, number, digest),
            Last::Lost => (2, 0, nothing),
        };
        let mut slot = MAGIC.to_vec();
        slot.extend(self.sequence.to_be_bytes());
        slot.extend([what, u8::from(self.is_restored)]);
        slot.extend(number.to_be_bytes());
        slot.extend(digest.as_bytes());
        slot.extend(self.records.to_be_bytes());
        let check = sha256(&[&slot]);
        slot.extend(check.as_bytes());
        slot
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let number = |from: usize| {
            let bytes = bytes.get(from..from + 8)?.try_into().ok()?;
            Some(u64::from_be_bytes(bytes))
        };
        let last = match bytes.get(13)? {
            0 => Last::Nothing,
            1 => Last::Released(number(15)?, Digest::from_slice(bytes.get(23..55)?).ok()?),
            2 => Last::Lost,
            _ => return None,
        };
        let is_restored = *bytes.get(14)? == 1;
        let content = Self { sequence: number(5)?, last, is_restored, records: number(55)? };
        (content.encode() == bytes).then_some(content)
    }

    /// A slot of version 1, which says nothing of records.
    fn decode_1(bytes: &[u8]) -> Option<Self> {
        let number = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
        let digest = Digest::from_slice(bytes.get(8..40)?).ok()?;
        let last = Last::Released(number, digest);
        let is_whole = sha256(&[bytes.get(..40)?]).as_bytes().as_slice() == bytes.get(40..)?;
        is_whole.then_some(Self { sequence: 0, last, is_restored: false, records: 0 })
    }

    fn is_newer_than(&self, other: &Self) -> bool {
        let number = |content: &Self| match content.last {
            Last::Released(number, _) => Some(number),
            Last::Nothing | Last::Lost => None,
        };
        (self.sequence, number(self)) > (other.sequence, number(other))
    }
}

/// A slot that was written whole; `None` for one that is empty or torn.
fn read_slot(file: &File, slot: u64) -> Option<Content> {
    let mut bytes = [0; CONTENT + CHECK];
    file.read_exact_at(&mut bytes, slot * SECTOR).ok()?;
    Content::decode(&bytes).or_else(|| Content::decode_1(bytes.get(..SLOT_1)?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use domain::identifier::State;

    fn digest(byte: u8) -> Digest {
        Digest::new([byte; 32])
    }

    fn log() -> LogId {
        LogId::shared(&digest(9), State::new("NL").unwrap(), 0)
    }

    fn end(number: Option<u8>, records: u64) -> StoreEnd {
        let head = number.map(|it| Heard { era: 0, number: it.into(), digest: digest(it) });
        StoreEnd { head, records }
    }

    fn open(folder: &Path, end: StoreEnd) -> Result<(SignerMark, Standing), MarkError> {
        SignerMark::open(folder, &log(), end, |number| Some(digest(u8::try_from(number).unwrap())))
    }

    /// A folder with the mark of a log that has released dispatches 0 and 1, with 10 records.
    fn released() -> (tempfile::TempDir, SignerMark) {
        let folder = tempfile::tempdir().unwrap();
        let (mut mark, standing) = open(folder.path(), end(None, 0)).unwrap();
        assert_eq!(standing, Standing::Level);
        mark.release(0, digest(0), 5).unwrap();
        mark.release(1, digest(1), 10).unwrap();
        (folder, mark)
    }

    fn standing(folder: &Path, end: StoreEnd) -> Standing {
        open(folder, end).unwrap().1
    }

    #[test]
    fn a_number_is_released_with_one_content_only() {
        let (folder, mut mark) = released();
        mark.release(1, digest(1), 10).unwrap();
        let other = mark.release(1, digest(7), 10);
        assert!(matches!(other, Err(MarkError::OtherContents { number: 1 })));
        assert!(mark.release(0, digest(0), 10).is_err());
        drop(mark);
        let (mut mark, _) = open(folder.path(), end(Some(1), 10)).unwrap();
        assert!(mark.release(1, digest(7), 10).is_err());
        mark.release(2, digest(2), 11).unwrap();
    }

    #[test]
    fn an_old_copy_another_store_and_a_lost_mark_are_told_apart() {
        let (folder, mark) = released();
        drop(mark);
        assert_eq!(standing(folder.path(), end(Some(0), 5)), Standing::Restored);
        assert_eq!(standing(folder.path(), end(None, 0)), Standing::Restored);
        let other = SignerMark::open(folder.path(), &log(), end(Some(5), 20), |_| Some(digest(8)));
        assert!(matches!(other, Err(MarkError::OtherContents { number: 1 })));
        let elsewhere = tempfile::tempdir().unwrap();
        for number in [0, 1] {
            // And so it stays, however often it is started.
            assert_eq!(standing(elsewhere.path(), end(Some(number), 5)), Standing::Lost);
        }
        // The store was ahead: a crash between the store and the mark.
        let (mark, standing) = open(folder.path(), end(Some(2), 12)).unwrap();
        assert_eq!((mark.released(), standing), (Some((2, digest(2))), Standing::Level));
    }

    #[test]
    fn a_store_that_lacks_records_of_no_exchanged_log_is_an_old_copy() {
        // Symptom: a store was restored from a copy that had every dispatch and lacked what came
        // to the local log afterwards; the safeguards in it were gone, and nobody was told.
        let (folder, mut mark) = released();
        mark.stored(13).unwrap();
        drop(mark);
        assert_eq!(standing(folder.path(), end(Some(1), 13)), Standing::Level);
        assert_eq!(standing(folder.path(), end(Some(1), 12)), Standing::Restored);
    }

    #[test]
    fn what_was_restored_stays_so_until_it_is_whole_again() {
        let (folder, mut mark) = released();
        mark.restored().unwrap();
        drop(mark);
        let (mut mark, standing) = open(folder.path(), end(Some(1), 99)).unwrap();
        assert_eq!(standing, Standing::Restored);
        mark.whole_again(1, digest(1), 99).unwrap();
        drop(mark);
        assert_eq!(open(folder.path(), end(Some(1), 99)).unwrap().1, Standing::Level);
        // Also where it goes on below what was released, or without a mark.
        let (mut mark, _) = open(folder.path(), end(Some(1), 99)).unwrap();
        mark.whole_again(0, digest(0), 50).unwrap();
        drop(mark);
        let (mark, standing) = open(folder.path(), end(Some(0), 50)).unwrap();
        assert_eq!((mark.released(), standing), (Some((0, digest(0))), Standing::Level));
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_as_good_as_lost() {
        // Symptom: a mark whose slots were both overwritten was taken for a new one, and followed
        // whatever store there was, an old copy too.
        let (folder, mark) = released();
        mark.file.write_all_at(&[0; 200], 0).unwrap();
        mark.file.write_all_at(&[0; 200], SECTOR).unwrap();
        drop(mark);
        assert_eq!(standing(folder.path(), end(Some(1), 10)), Standing::Lost);
    }

    #[test]
    fn a_crash_after_the_very_first_dispatch_leaves_an_empty_mark_that_follows() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), end(None, 0)).unwrap());
        let (mark, standing) = open(folder.path(), end(Some(0), 5)).unwrap();
        assert_eq!((mark.released(), standing), (Some((0, digest(0))), Standing::Level));
    }

    #[test]
    fn the_mark_follows_over_all_that_was_stored_meanwhile() {
        // Dispatches 2 and 3 were stored, and the crash came before either was released.
        let (folder, mark) = released();
        drop(mark);
        let (mark, standing) = open(folder.path(), end(Some(3), 15)).unwrap();
        assert_eq!((mark.released(), standing), (Some((3, digest(3))), Standing::Level));
    }

    #[test]
    fn a_mark_of_version_1_is_still_read() {
        let (folder, mark) = released();
        for (slot, number) in [(0, 4_u8), (1, 3)] {
            let mut bytes = u64::from(number).to_be_bytes().to_vec();
            bytes.extend(digest(number).as_bytes());
            bytes.extend(sha256(&[&bytes]).as_bytes());
            bytes.resize(200, 0);
            mark.file.write_all_at(&bytes, slot * SECTOR).unwrap();
        }
        drop(mark);
        assert_eq!(standing(folder.path(), end(Some(3), 9)), Standing::Restored);
        let (mut mark, standing) = open(folder.path(), end(Some(4), 9)).unwrap();
        assert_eq!((mark.released(), standing), (Some((4, digest(4))), Standing::Level));
        mark.release(5, digest(5), 10).unwrap();
        drop(mark);
        let (mark, _) = open(folder.path(), end(Some(5), 10)).unwrap();
        assert_eq!(mark.released(), Some((5, digest(5))));
    }

    #[test]
    fn two_nodes_do_not_sign_for_one_log() {
        // Symptom: a node on a copy of the data folder started beside the original, and both
        // signed the next number.
        let (folder, mark) = released();
        let again = open(folder.path(), end(Some(1), 10));
        assert!(matches!(again, Err(MarkError::InUse { .. })));
        drop(mark);
        open(folder.path(), end(Some(1), 10)).unwrap();
    }

    #[test]
    fn a_torn_slot_leaves_the_one_before() {
        let (folder, mut mark) = released();
        mark.release(2, digest(2), 12).unwrap();
        let newest = 1 - mark.next_slot;
        mark.file.write_all_at(&[0xff; 20], newest * SECTOR).unwrap();
        drop(mark);
        // As after a crash between steps 2 and 3.
        let (mark, standing) = open(folder.path(), end(Some(2), 12)).unwrap();
        assert_eq!((mark.released(), standing), (Some((2, digest(2))), Standing::Level));
    }
}
