//! Which key of a State counts when, derived from the announcements in its log.
//!
//! Validity runs by dispatch number, never by a clock. A log key signs from the dispatch after the
//! one that announced it, or that dispatch itself where it is its first entry, until a later one
//! is announced.

use crate::key::{KeyId, PublicKey};
use crate::root_statement::{AnnouncedKey, Root, RootStatement, RootStatementError};

/// The keys that a State has announced in one log.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    root: Root,
    serials: Vec<Serial>,
    log_keys: Vec<LogKey>,
    hpke_keys: Vec<HpkeKey>,
}

/// The serial of a statement that counts, and the dispatch that it travelled in.
#[derive(Clone, Copy, Debug)]
struct Serial {
    serial: u64,
    dispatch: u64,
}

/// A log key and where it was announced.
#[derive(Clone, Copy, Debug)]
struct LogKey {
    key: PublicKey,
    dispatch: u64,
    place: Place,
}

/// Where in its dispatch an announcement stands: only the first entry may announce the key that
/// signs the same dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first entry of its dispatch.
    First,
    /// Any other.
    Later,
}

/// An X25519 key that case keys are sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HpkeKey {
    /// The public key.
    pub public_key: [u8; 32],
    /// Number of the dispatch that announced it.
    pub dispatch: u64,
}

impl HpkeKey {
    /// The id of this key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.public_key)
    }
}

impl KeyDirectory {
    /// The directory of a log that has announced nothing yet.
    #[must_use]
    pub const fn new(root: Root) -> Self {
        Self { root, serials: Vec::new(), log_keys: Vec::new(), hpke_keys: Vec::new() }
    }

    /// Whose keys these are.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The serial that the next statement of the root key needs at least.
    #[must_use]
    pub fn next_serial(&self) -> u64 {
        self.last_serial().saturating_add(1)
    }

    /// Takes in an announcement, in the order of the log.
    ///
    /// # Errors
    /// The statement does not count. Its entry stays in the log and changes nothing.
    pub fn announce(
        &mut self,
        root_statement: &[u8],
        dispatch: u64,
        place: Place,
    ) -> Result<(), RootStatementError> {
        let RootStatement { serial, key } = RootStatement::verify(root_statement, &self.root)?;
        let last = self.last_serial();
        if serial <= last {
            return Err(RootStatementError::SerialMustRise { last, found: serial });
        }
        self.serials.push(Serial { serial, dispatch });
        match key {
            AnnouncedKey::Log(key) => self.log_keys.push(LogKey { key, dispatch, place }),
            AnnouncedKey::Hpke(public_key) => self.hpke_keys.push(HpkeKey { public_key, dispatch }),
        }
        Ok(())
    }

    /// The log key of this id, if it may sign dispatch `number`.
    #[must_use]
    pub fn may_sign(&self, number: u64, id: KeyId) -> Option<PublicKey> {
        let before = self.log_keys.iter().rev().find(|known| known.dispatch < number);
        let by_itself = self
            .log_keys
            .iter()
            .find(|known| known.dispatch == number && known.place == Place::First);
        [before, by_itself].into_iter().flatten().map(|known| known.key).find(|key| key.id() == id)
    }

    /// The log key that a dispatch announces in its own first entry, if it may sign that dispatch:
    /// the statement counts as of everything that was stated before that number. So an old
    /// statement brings no old key back, and a rival of an old number is recognised.
    #[must_use]
    pub fn announced_by_itself(
        &self,
        root_statement: &[u8],
        number: u64,
        id: KeyId,
    ) -> Option<PublicKey> {
        let RootStatement { serial, key } =
            RootStatement::verify(root_statement, &self.root).ok()?;
        let mut before = self.serials.iter().filter(|known| known.dispatch < number);
        let rises = before.next_back().map_or(0, |last| last.serial) < serial;
        match key {
            AnnouncedKey::Log(key) if rises && key.id() == id => Some(key),
            AnnouncedKey::Log(_) | AnnouncedKey::Hpke(_) => None,
        }
    }

    fn last_serial(&self) -> u64 {
        self.serials.last().map_or(0, |last| last.serial)
    }

    /// The log key that signs the next dispatch, as far as it is announced.
    #[must_use]
    pub fn log_key(&self) -> Option<PublicKey> {
        self.log_keys.last().map(|known| known.key)
    }

    /// The key that case keys are sealed to.
    #[must_use]
    pub fn hpke_key(&self) -> Option<HpkeKey> {
        self.hpke_keys.last().copied()
    }

    /// Every announced key that case keys may have been sealed to, the newest last.
    #[must_use]
    pub fn hpke_keys(&self) -> &[HpkeKey] {
        &self.hpke_keys
    }
}
