//! Which statements of a root key count in a log, and with them which key of its State counts when.
//!
//! Validity runs by dispatch number, never by a clock. A log key signs from the dispatch after the
//! one that announced it, or that dispatch itself where it is its first entry, until a later one
//! is announced. A revoked one signs nothing after the last good dispatch under it: from the
//! dispatch after the one that revokes it on, no number above that one is taken as its.

use std::collections::BTreeSet;

use domain::case::event::{self, KeyPurpose};

use crate::dispatch::Header;
use crate::key::{KeyId, PublicKey};
use crate::root_statement::{
    AnnouncedKey, RevokedKey, Root, RootStatement, RootStatementError, Statement, Succession,
};

/// What a State's root key has stated in one log, through all its eras.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    root: Root,
    serials: Vec<Serial>,
    log_keys: Vec<LogKey>,
    hpke_keys: Vec<HpkeKey>,
    revocations: Vec<Revocation>,
    /// Numbers of the dispatches that correct the clock.
    corrections: BTreeSet<u64>,
    /// Numbers of the dispatches that an era begins with.
    successions: BTreeSet<u64>,
    /// Positions of statements that do not count.
    uncounted: BTreeSet<u64>,
}

/// A statement of the corridor, at its place in a log.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The header of its dispatch.
    pub header: Header,
    /// Its place in that dispatch, from 0.
    pub index: usize,
    /// Its position in the log.
    pub position: u64,
    /// What is stated.
    pub statement: &'a event::Statement,
}

/// The serial of a statement that counts, and the dispatch that it travelled in.
#[derive(Clone, Copy, Debug)]
struct Serial {
    serial: u64,
    dispatch: u64,
}

/// A log key and where it was announced: only the first entry may announce the key that signs the
/// same dispatch.
#[derive(Clone, Copy, Debug)]
struct LogKey {
    key: PublicKey,
    dispatch: u64,
    first: bool,
}

/// A key that is revoked, and where.
#[derive(Clone, Copy, Debug)]
struct Revocation {
    revoked: RevokedKey,
    dispatch: u64,
}

impl Revocation {
    /// Whether it forbids the log key of this id to sign dispatch `number`.
    fn forbids(&self, number: u64, id: KeyId) -> bool {
        let RevokedKey { purpose, key_id, last_good } = self.revoked;
        let good = last_good.is_some_and(|last| number <= last.number);
        purpose == KeyPurpose::Log && key_id == id && !good
    }
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
    /// The directory of a log that has stated nothing yet.
    #[must_use]
    pub const fn new(root: Root) -> Self {
        Self {
            root,
            serials: Vec::new(),
            log_keys: Vec::new(),
            hpke_keys: Vec::new(),
            revocations: Vec::new(),
            corrections: BTreeSet::new(),
            successions: BTreeSet::new(),
            uncounted: BTreeSet::new(),
        }
    }

    /// Whose keys these are.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The serial that the next statement of the root key needs at least.
    #[must_use]
    pub fn next_serial(&self) -> u64 {
        self.last_serial(u64::MAX).saturating_add(1)
    }

    /// Takes in a statement of the corridor, in the order of the log. One that carries no word of
    /// the root key changes nothing.
    ///
    /// # Errors
    /// The statement does not count. Its entry stays in the log and changes nothing.
    pub fn take(&mut self, it: &Placed<'_>) -> Result<(), RootStatementError> {
        let Some(bytes) = root_statement(it.statement) else {
            return Ok(());
        };
        let taken = self.judge(bytes, it).map(|it| it.serial);
        let Ok(serial) = taken else {
            self.uncounted.insert(it.position);
            return taken.map(|_| ());
        };
        self.serials.push(Serial { serial, dispatch: it.header.number });
        Ok(())
    }

    /// Whether the entry at this position, which carries a word of the root key, counts. Says yes
    /// of every other entry.
    #[must_use]
    pub fn counts(&self, position: u64) -> bool {
        !self.uncounted.contains(&position)
    }

    /// Positions of the entries that carry a word of the root key and do not count.
    #[must_use]
    pub const fn uncounted(&self) -> &BTreeSet<u64> {
        &self.uncounted
    }

    fn judge(
        &mut self,
        bytes: &[u8],
        it: &Placed<'_>,
    ) -> Result<RootStatement, RootStatementError> {
        let stated = RootStatement::verify(bytes, &self.root)?;
        let last = self.last_serial(u64::MAX);
        if stated.serial <= last {
            return Err(RootStatementError::SerialMustRise { last, found: stated.serial });
        }
        if !said_alike(it.statement, &stated.statement) {
            return Err(RootStatementError::FactsDiffer);
        }
        let dispatch = it.header.number;
        match stated.statement {
            Statement::KeyAnnounced(AnnouncedKey::Log(key)) => {
                self.log_keys.push(LogKey { key, dispatch, first: it.index == 0 });
            }
            Statement::KeyAnnounced(AnnouncedKey::Hpke(public_key)) => {
                self.hpke_keys.push(HpkeKey { public_key, dispatch });
            }
            Statement::KeyRevoked(revoked) => self.revoke(revoked, dispatch)?,
            Statement::ClockCorrected => {
                if it.index != 0 || !it.header.corrects_clock {
                    return Err(RootStatementError::Misplaced);
                }
                self.corrections.insert(dispatch);
            }
            Statement::LogSucceeded(succession) => {
                self.succeed(succession, it)?;
                self.successions.insert(dispatch);
            }
        }
        Ok(stated)
    }

    fn revoke(&mut self, revoked: RevokedKey, dispatch: u64) -> Result<(), RootStatementError> {
        let known = match revoked.purpose {
            KeyPurpose::Log => self.log_keys.iter().any(|it| it.key.id() == revoked.key_id),
            KeyPurpose::Hpke => self.hpke_keys.iter().any(|it| it.id() == revoked.key_id),
        };
        if !known {
            return Err(RootStatementError::UnknownKey);
        }
        let in_place = match (revoked.purpose, revoked.last_good) {
            (KeyPurpose::Log, Some(last)) => last.number < dispatch,
            (KeyPurpose::Log | KeyPurpose::Hpke, None) => true,
            (KeyPurpose::Hpke, Some(_)) => false,
        };
        if !in_place {
            return Err(RootStatementError::Misplaced);
        }
        self.revocations.push(Revocation { revoked, dispatch });
        Ok(())
    }

    /// A succession counts as the second entry of the dispatch that follows the one it names, in
    /// the era that it names, after the announcement of a new log key.
    fn succeed(
        &self,
        Succession { era, last }: Succession,
        it: &Placed<'_>,
    ) -> Result<(), RootStatementError> {
        let header = &it.header;
        let announced = self.log_keys.last().is_some_and(|key| key.dispatch == header.number);
        let continues = it.index == 1
            && header.era == era
            && last.era.checked_add(1) == Some(era)
            && last.number.checked_add(1) == Some(header.number)
            && header.previous == Some(last.digest);
        let first = self.log_keys.last().is_some_and(|key| key.first);
        if continues && announced && first { Ok(()) } else { Err(RootStatementError::Misplaced) }
    }

    /// The log key of this id, if it may sign dispatch `number`, as far as the whole directory
    /// tells.
    #[must_use]
    pub fn may_sign(&self, number: u64, id: KeyId) -> Option<PublicKey> {
        self.may_sign_knowing(number, id, u64::MAX)
    }

    /// The log key of this id, if it may sign dispatch `number`, as far as the log up to and with
    /// dispatch `known` tells.
    #[must_use]
    pub fn may_sign_knowing(&self, number: u64, id: KeyId, known: u64) -> Option<PublicKey> {
        let key = self.valid_at(number, id, known)?;
        (!self.is_revoked(number, id, known)).then_some(key)
    }

    /// The log key of this id, if it could sign dispatch `number` when that one was next: whatever
    /// was revoked later does not change what a log holds.
    #[must_use]
    pub fn signed_in_its_turn(&self, number: u64, id: KeyId) -> Option<PublicKey> {
        let key = self.valid_at(number, id, number)?;
        let before = number.checked_sub(1);
        let revoked = before.is_some_and(|before| self.is_revoked(number, id, before));
        (!revoked).then_some(key)
    }

    /// The log key of this id that was announced for `number`, revoked or not. The first dispatch
    /// of an era is signed by the key that it announces, and by no other.
    fn valid_at(&self, number: u64, id: KeyId, known: u64) -> Option<PublicKey> {
        let told = || self.log_keys.iter().filter(|it| it.dispatch <= known);
        let before = told().rev().find(|it| it.dispatch < number);
        // An era that begins later takes nothing from a rival that was signed before.
        let begins = number <= known && self.successions.contains(&number);
        let before = before.filter(|_| !begins);
        let by_itself = told().find(|it| it.dispatch == number && it.first);
        [before, by_itself].into_iter().flatten().map(|known| known.key).find(|key| key.id() == id)
    }

    fn is_revoked(&self, number: u64, id: KeyId, known: u64) -> bool {
        let mut told = self.revocations.iter().filter(|it| it.dispatch <= known);
        told.any(|revocation| revocation.forbids(number, id))
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
        self.announced_by_itself_knowing(root_statement, number, id, u64::MAX)
    }

    /// The same, as far as the log up to and with dispatch `known` tells of revoked keys.
    #[must_use]
    pub fn announced_by_itself_knowing(
        &self,
        root_statement: &[u8],
        number: u64,
        id: KeyId,
        known: u64,
    ) -> Option<PublicKey> {
        let stated = RootStatement::verify(root_statement, &self.root).ok()?;
        let before = number.checked_sub(1).map_or(0, |before| self.last_serial(before));
        match stated.announced()? {
            AnnouncedKey::Log(key)
                if stated.serial > before
                    && key.id() == id
                    && !self.is_revoked(number, id, known) =>
            {
                Some(key)
            }
            AnnouncedKey::Log(_) | AnnouncedKey::Hpke(_) => None,
        }
    }

    /// The serial of the last statement that counts, up to and with dispatch `known`.
    fn last_serial(&self, known: u64) -> u64 {
        let mut told = self.serials.iter().rev().filter(|it| it.dispatch <= known);
        told.next().map_or(0, |last| last.serial)
    }

    /// Whether dispatch `number` corrects the clock of its author.
    #[must_use]
    pub fn corrects_clock(&self, number: u64) -> bool {
        self.corrections.contains(&number)
    }

    /// Whether an era begins with dispatch `number`.
    #[must_use]
    pub fn succeeds(&self, number: u64) -> bool {
        self.successions.contains(&number)
    }

    /// The log key that signs the next dispatch, as far as it is announced and not revoked.
    #[must_use]
    pub fn log_key(&self) -> Option<PublicKey> {
        let last = self.log_keys.last()?;
        (!self.is_revoked(u64::MAX, last.key.id(), u64::MAX)).then_some(last.key)
    }

    /// Whether a log key of this id was ever announced, revoked or not.
    #[must_use]
    pub fn has_log_key(&self, id: KeyId) -> bool {
        self.log_keys.iter().any(|it| it.key.id() == id)
    }

    /// The revocation of a key that takes most of its words back.
    #[must_use]
    pub fn revoked(&self, purpose: KeyPurpose, id: KeyId) -> Option<RevokedKey> {
        let all = self.revocations.iter().map(|it| it.revoked);
        let of_key = all.filter(|it| it.purpose == purpose && it.key_id == id);
        of_key.min_by_key(|it| it.last_good.map(|last| last.number))
    }

    /// The key that case keys are sealed to: the last one announced that is not revoked.
    #[must_use]
    pub fn hpke_key(&self) -> Option<HpkeKey> {
        let revoked = |key: &&HpkeKey| {
            let of_key = |it: &Revocation| it.revoked.key_id == key.id();
            self.revocations.iter().any(of_key)
        };
        self.hpke_keys.iter().rev().find(|key| !revoked(key)).copied()
    }

    /// Every announced key that case keys may have been sealed to, the newest last; revoked ones
    /// too, since what was sealed to them is still there.
    #[must_use]
    pub fn hpke_keys(&self) -> &[HpkeKey] {
        &self.hpke_keys
    }
}

/// The word of the root key that a statement carries.
#[must_use]
pub fn root_statement(statement: &event::Statement) -> Option<&[u8]> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind carries one")]
    match statement {
        event::Statement::KeyAnnounced(it) => Some(&it.root_statement),
        event::Statement::KeyRevoked(it) => Some(&it.root_statement.0),
        event::Statement::ClockCorrected(it) => Some(&it.root_statement.0),
        event::Statement::LogSucceeded(it) => Some(&it.root_statement.0),
        _ => None,
    }
}

/// Whether facts and root key say the same.
fn said_alike(facts: &event::Statement, root: &Statement) -> bool {
    match root {
        Statement::KeyAnnounced(_) => matches!(facts, event::Statement::KeyAnnounced(_)),
        Statement::ClockCorrected => matches!(facts, event::Statement::ClockCorrected(_)),
        Statement::KeyRevoked(RevokedKey { purpose, key_id, last_good }) => {
            matches!(facts, event::Statement::KeyRevoked(it)
                if it.purpose == *purpose
                    && it.key_id == *key_id.as_bytes()
                    && it.last_good == *last_good)
        }
        Statement::LogSucceeded(Succession { era, last }) => {
            matches!(facts, event::Statement::LogSucceeded(it)
                if it.era == *era && it.last == *last)
        }
    }
}
