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
//! So a mark is never above its store, unless the store is an old copy or another one: then a node
//! does not start. That a mark needs no contents of its own follows from the order of 2 and 3. A
//! mark that is missing although the log has begun is an error too: nobody can tell then whether
//! the store is an old copy.
//!
//! The file has two slots that are written in turn, each within a sector of its own, so that a
//! torn write spoils the newer one only: step 4 has not happened for that one. It is locked while
//! a node runs: two nodes on copies of one store would both sign the next number.

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
/// Number, digest, check.
const SLOT: usize = 8 + 32 + 32;

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
    /// The log has begun and there is no mark, or none that can be read.
    #[error(
        "the signer's mark `{}` is missing although the log has begun: nobody can tell whether \
         the store is an old copy",
        path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
    },
    /// The store is an old copy.
    #[error(
        "the store ends before dispatch {released}, which was released already: it was restored \
         from an old copy"
    )]
    StoreBehind {
        /// The highest number that was released.
        released: u64,
    },
    /// The store is of another history.
    #[error("dispatch {number} in the store is not the one that was released")]
    OtherContents {
        /// Its number.
        number: u64,
    },
}

/// The mark of one log.
#[derive(Debug)]
pub(crate) struct SignerMark {
    file: Locked,
    path: PathBuf,
    released: Option<(u64, Digest)>,
    next_slot: u64,
}

impl SignerMark {
    /// Opens the mark of a log and holds it against the store: `head` is the log's last dispatch,
    /// `digest_of` looks up any before it. A log that has not begun gets a mark.
    pub(crate) fn open(
        folder: &Path,
        log: &LogId,
        head: Option<Heard>,
        digest_of: impl Fn(u64) -> Option<Digest>,
    ) -> Result<Self, MarkError> {
        let id: String = log.as_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{}-{}-{id}.mark", log.author(), log.era()));
        let failed = |source| MarkError::File { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let is_new = !path.try_exists().map_err(failed)?;
        if is_new && head.is_some() {
            return Err(MarkError::Lost { path });
        }
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
        let newest = match slots {
            [Some(one), Some(other)] if one.0 > other.0 => Some((one, 1)),
            [_, Some(other)] => Some((other, 0)),
            [Some(one), None] => Some((one, 1)),
            [None, None] => None,
        };
        // Number 0 may be stored without a mark, by a crash between steps 2 and 3; from then on one
        // of the slots is whole.
        if newest.is_none() && head.is_some_and(|head| head.number > 0) {
            return Err(MarkError::Lost { path });
        }
        let mut mark = Self {
            file,
            path,
            released: newest.map(|(released, _)| released),
            next_slot: newest.map_or(0, |(_, next)| next),
        };
        mark.follow(head, digest_of)?;
        Ok(mark)
    }

    /// Step 2 of a start: a mark above the store is refused, one below it follows.
    fn follow(
        &mut self,
        head: Option<Heard>,
        digest_of: impl Fn(u64) -> Option<Digest>,
    ) -> Result<(), MarkError> {
        if let Some((released, digest)) = self.released {
            if head.is_none_or(|head| head.number < released) {
                return Err(MarkError::StoreBehind { released });
            }
            if digest_of(released) != Some(digest) {
                return Err(MarkError::OtherContents { number: released });
            }
        }
        match head {
            Some(head) => self.release(head.number, head.digest),
            None => Ok(()),
        }
    }

    /// Releases a dispatch that is stored. When this returns, no other contents can ever be
    /// released under its number.
    pub(crate) fn release(&mut self, number: u64, digest: Digest) -> Result<(), MarkError> {
        if let Some((released, known)) = self.released {
            if number == released && digest == known {
                return Ok(());
            }
            if number <= released {
                return Err(MarkError::OtherContents { number });
            }
        }
        let failed = |source| MarkError::File { path: self.path.clone(), source };
        let slot = encode(number, &digest);
        self.file.write_all_at(&slot, self.next_slot * SECTOR).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.released = Some((number, digest));
        self.next_slot = 1 - self.next_slot;
        Ok(())
    }
}

fn encode(number: u64, digest: &Digest) -> Vec<u8> {
    let mut slot = number.to_be_bytes().to_vec();
    slot.extend_from_slice(digest.as_bytes());
    let check = sha256(&[&slot]);
    slot.extend_from_slice(check.as_bytes());
    slot
}

/// A slot that was written whole; `None` for one that is empty or torn.
fn read_slot(file: &File, slot: u64) -> Option<(u64, Digest)> {
    let mut bytes = [0; SLOT];
    file.read_exact_at(&mut bytes, slot * SECTOR).ok()?;
    let number = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let digest = Digest::from_slice(bytes.get(8..40)?).ok()?;
    (encode(number, &digest) == bytes).then_some((number, digest))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use domain::identifier::State;

    fn digest(byte: u8) -> Digest {
        Digest::new([byte; 32])
    }

    fn head(number: u8) -> Option<Heard> {
        let digest = digest(number);
        Some(Heard { era: 0, number: number.into(), digest })
    }

    fn open(folder: &Path, head: Option<Heard>) -> Result<SignerMark, MarkError> {
        let log = LogId::shared(&digest(9), State::new("NL").unwrap(), 0);
        SignerMark::open(folder, &log, head, |number| Some(digest(u8::try_from(number).unwrap())))
    }

    #[test]
    fn a_number_is_released_with_one_content_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut mark = open(folder.path(), None).unwrap();
        mark.release(0, digest(0)).unwrap();
        mark.release(1, digest(1)).unwrap();
        mark.release(1, digest(1)).unwrap();
        let other = mark.release(1, digest(7));
        assert!(matches!(other, Err(MarkError::OtherContents { number: 1 })));
        assert!(mark.release(0, digest(0)).is_err());
        drop(mark);
        let mut mark = open(folder.path(), head(1)).unwrap();
        assert!(mark.release(1, digest(7)).is_err());
        mark.release(2, digest(2)).unwrap();
    }

    #[test]
    fn an_old_copy_another_store_and_a_lost_mark_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut mark = open(folder.path(), None).unwrap();
        mark.release(0, digest(0)).unwrap();
        mark.release(1, digest(1)).unwrap();
        drop(mark);
        let behind = open(folder.path(), head(0));
        assert!(matches!(behind, Err(MarkError::StoreBehind { released: 1 })));
        let log = LogId::shared(&digest(9), State::new("NL").unwrap(), 0);
        let other = SignerMark::open(folder.path(), &log, head(5), |_| Some(digest(8)));
        assert!(matches!(other, Err(MarkError::OtherContents { number: 1 })));
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(matches!(open(elsewhere.path(), head(0)), Err(MarkError::Lost { .. })));
        // The store was ahead: a crash between the store and the mark.
        assert_eq!(open(folder.path(), head(2)).unwrap().released, Some((2, digest(2))));
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_as_good_as_lost() {
        // Symptom: a mark whose slots were both overwritten was taken for a new one, and followed
        // whatever store there was, an old copy too.
        let folder = tempfile::tempdir().unwrap();
        let mut mark = open(folder.path(), None).unwrap();
        mark.release(0, digest(0)).unwrap();
        mark.release(1, digest(1)).unwrap();
        mark.file.write_all_at(&[0; 80], 0).unwrap();
        mark.file.write_all_at(&[0; 80], SECTOR).unwrap();
        drop(mark);
        assert!(matches!(open(folder.path(), head(1)), Err(MarkError::Lost { .. })));
        // A crash after the very first dispatch was stored leaves empty slots.
        assert_eq!(open(folder.path(), head(0)).unwrap().released, Some((0, digest(0))));
    }

    #[test]
    fn two_nodes_do_not_sign_for_one_log() {
        // Symptom: a node on a copy of the data folder started beside the original, and both
        // signed the next number.
        let folder = tempfile::tempdir().unwrap();
        let mark = open(folder.path(), None).unwrap();
        assert!(matches!(open(folder.path(), None), Err(MarkError::InUse { .. })));
        drop(mark);
        open(folder.path(), None).unwrap();
    }

    #[test]
    fn a_torn_slot_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut mark = open(folder.path(), None).unwrap();
        mark.release(0, digest(0)).unwrap();
        mark.release(1, digest(1)).unwrap();
        mark.file.write_all_at(&[0xff; 20], SECTOR).unwrap();
        drop(mark);
        let mark = open(folder.path(), head(1)).unwrap();
        assert_eq!(mark.released, Some((1, digest(1))));
    }
}
