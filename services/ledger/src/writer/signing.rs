//! Which key signs the next dispatch, and when a key is destroyed that was succeeded.

use std::collections::HashSet;
use std::sync::Arc;

use domain::case::event::{KeyPurpose, Statement};
use domain::chain::Content;
use domain::identifier::Digest;
use record::entry::Entry;
use record::key::{KeyId, PublicKey, Signer, SigningKeyInMemory};
use record::key_directory::root_statement;
use record::log::LogState;
use record::root_statement::{AnnouncedKey, RevokedKey, RootStatement, Statement as Stated};
use runtime::failure::Failure;

use super::state::CorridorState;
use super::{Parts, Writer};

/// Who signs the next dispatch of a log: the key that its own first entry announces, so that a
/// successor speaks from the dispatch that announces it; else the one that was announced last.
pub(super) fn signer<'a>(
    parts: &'a Parts,
    own: &LogState,
    entries: &[Entry],
) -> Result<&'a dyn Signer, Failure> {
    let by_itself = entries.first().and_then(|entry| announced_by_itself(own, entry));
    let announced = own.keys().log_key();
    let candidates = [by_itself, announced].into_iter().flatten();
    let mut held = candidates.filter_map(|key| held(parts, &key));
    held.next().ok_or_else(|| Failure::internal("the key that may sign now is not held here"))
}

/// The log key that an entry announces, if it may sign the dispatch that it is the first entry of.
fn announced_by_itself(own: &LogState, entry: &Entry) -> Option<PublicKey> {
    let Content::Stated(statement) = record::facts::read(&entry.facts) else {
        return None;
    };
    let Statement::KeyAnnounced(announced) = Arc::unwrap_or_clone(statement) else {
        return None;
    };
    let statement = RootStatement::verify(&announced.root_statement, own.keys().root()).ok()?;
    let Some(AnnouncedKey::Log(key)) = statement.announced() else {
        return None;
    };
    own.keys().announced_by_itself(&announced.root_statement, own.next_number(), key.id())
}

fn held<'a>(parts: &'a Parts, key: &PublicKey) -> Option<&'a dyn Signer> {
    let process = parts.signer.as_deref().map(|signer| -> &dyn Signer { signer });
    let keyring = parts.keyring.keys().log.iter().map(|signer| -> &dyn Signer { signer });
    keyring.chain(process).find(|signer| signer.public_key() == *key)
}

/// Holds words of the root key to what would count: a statement that the partner's ledger passes
/// over, or one of a key that is not held here, would leave this State without a voice or an ear.
pub(super) fn check(
    parts: &Parts,
    own: &LogState,
    entries: &[super::NewEntry],
    signed: impl Fn(u64) -> Result<Option<Digest>, Failure>,
) -> Result<(), Failure> {
    let directory = own.keys();
    let mut next = directory.next_serial();
    let mut anew = Announced::default();
    for (index, entry) in entries.iter().enumerate() {
        let refused = |reason: &str| Failure::field(format!("facts[{index}]"), reason);
        let Content::Stated(statement) = record::facts::read(&entry.facts) else {
            continue;
        };
        let Some(bytes) = root_statement(&statement) else {
            continue;
        };
        let stated = RootStatement::verify(bytes, directory.root());
        let stated = stated.map_err(|error| refused(&error.to_string()))?;
        if stated.serial < next {
            let reason = "must have a higher serial than the last statement of the root key";
            return Err(refused(reason));
        }
        next = stated.serial.saturating_add(1);
        let wrong = match stated.statement {
            Stated::KeyAnnounced(AnnouncedKey::Log(key)) => {
                anew.log |= index == 0;
                unusable(held(parts, &key).is_some(), directory.log_key() == Some(key))
            }
            Stated::KeyAnnounced(AnnouncedKey::Hpke(key)) => {
                anew.hpke = true;
                let last = directory.hpke_key().is_some_and(|known| known.public_key == key);
                unusable(parts.keyring.keys().has_hpke(&key), last)
            }
            Stated::KeyRevoked(revoked) => {
                let last_good = revoked.last_good.map(|last| last.number);
                let digest = last_good.map_or(Ok(None), &signed)?;
                unrevokable(own, &revoked, digest, anew)
            }
            Stated::ClockCorrected => (index != 0).then_some("must be the first of its request"),
            Stated::LogSucceeded(succession) => {
                let (era, last) = (own.era().saturating_add(1), own.frozen().map(|it| it.last));
                let goes_on = index == 1
                    && anew.log
                    && (succession.era, Some(succession.last)) == (era, last);
                let reason = "must follow the announcement of another log key, and name the last \
                              dispatch that the partner had heard when it proved the fault";
                (!goes_on).then_some(reason)
            }
        };
        if let Some(reason) = wrong {
            return Err(refused(reason));
        }
    }
    Ok(())
}

/// What is wrong with an announced key.
const fn unusable(is_held: bool, is_last: bool) -> Option<&'static str> {
    match (is_held, is_last) {
        (false, _) => Some("must announce a key whose private half is held here"),
        (true, true) => Some("must announce another key than the last of its use"),
        (true, false) => None,
    }
}

/// For which uses the statements before have announced another key.
#[derive(Clone, Copy, Debug, Default)]
struct Announced {
    log: bool,
    hpke: bool,
}

/// What is wrong with a revocation. `signed`: the digest of the dispatch of this log that has the
/// number of the last good one.
fn unrevokable(
    own: &LogState,
    revoked: &RevokedKey,
    signed: Option<Digest>,
    anew: Announced,
) -> Option<&'static str> {
    let directory = own.keys();
    let is_known = match revoked.purpose {
        KeyPurpose::Log => directory.has_log_key(revoked.key_id),
        KeyPurpose::Hpke => directory.hpke_keys().iter().any(|key| key.id() == revoked.key_id),
    };
    if !is_known {
        return Some("must revoke a key that was announced in this log");
    }
    if let Some(last) = revoked.last_good {
        if revoked.purpose == KeyPurpose::Hpke {
            return Some("must name no last good dispatch: an HPKE key signs none");
        }
        if signed != Some(last.digest) || own.eras().era_of(last.number) != last.era {
            return Some("must name a dispatch of this log as the last good one");
        }
    }
    // A number that is lower than before takes more words back; no other says anything new.
    let before = directory.revoked(revoked.purpose, revoked.key_id);
    let number = |it: &RevokedKey| it.last_good.map(|last| last.number);
    if before.is_some_and(|before| number(&before) <= number(revoked)) {
        return Some("must revoke more than was revoked of this key before");
    }
    // Nobody could sign what comes next, or the partner would seal to what is not believed.
    match revoked.purpose {
        KeyPurpose::Log => {
            let speaks = directory.log_key().is_some_and(|key| key.id() == revoked.key_id);
            (speaks && !anew.log).then_some(
                "must follow the announcement of another log key, first in the same request",
            )
        }
        KeyPurpose::Hpke => {
            let used = directory.hpke_key().is_some_and(|key| key.id() == revoked.key_id);
            (used && !anew.hpke).then_some("must follow the announcement of another HPKE key")
        }
    }
}

impl Writer {
    /// Destroys keys that nothing needs any more. A log key goes once its successor is announced
    /// in a dispatch of every corridor that is stored and released; an HPKE key once a stored
    /// dispatch of every partner has heard of its successor: whatever comes after is sealed to
    /// that. A failure is told and tried again with the next tick.
    pub(super) fn retire_keys(&mut self) {
        let (log, hpke) = (self.succeeded_log_keys(), self.succeeded_hpke_keys());
        if log.is_empty() && hpke.is_empty() {
            return;
        }
        let done = self.parts.keyring.make_anew(|contents| {
            contents.log.retain(|key| !log.contains(&key.key_id()));
            contents.hpke.retain(|key| !hpke.contains(&key.id()));
        });
        match done {
            Ok(()) => {
                tracing::info!(log = log.len(), hpke = hpke.len(), "succeeded keys are destroyed");
            }
            Err(error) => {
                self.stopped = self.parts.keyring.has_failed();
                tracing::error!(%error, "a succeeded key could not be destroyed");
            }
        }
    }

    /// Log keys that are older than the one that speaks, in every corridor.
    fn succeeded_log_keys(&self) -> HashSet<KeyId> {
        let held = &self.parts.keyring.keys().log;
        let oldest = self.oldest(|state| {
            let directory = state.logs.own.keys();
            let speaks = directory.log_key()?;
            let place = held.iter().position(|key| key.public_key() == speaks);
            // A process speaks: whatever was announced before it is succeeded. A key that was made
            // since, and is to succeed it, was not announced.
            let announced = |key: &SigningKeyInMemory| directory.has_log_key(key.key_id());
            place.or_else(|| held.iter().rposition(announced).map(|last| last + 1))
        });
        held.iter().take(oldest).map(Signer::key_id).collect()
    }

    /// HPKE keys that are older than one that the partner has heard of, in every corridor.
    fn succeeded_hpke_keys(&self) -> HashSet<KeyId> {
        let held = &self.parts.keyring.keys().hpke;
        let oldest = self.oldest(|state| {
            let heard = state.logs.partner.heard()?.number;
            let mut announced = state.logs.own.keys().hpke_keys().iter().rev();
            let known = announced.find(|key| key.dispatch <= heard)?;
            held.iter().position(|key| key.public_key() == known.public_key)
        });
        held.iter().take(oldest).map(record::wrap::OpeningKey::id).collect()
    }

    /// The lowest place that a corridor still needs; 0 where there is no corridor.
    fn oldest(&self, needed: impl Fn(&CorridorState) -> Option<usize>) -> usize {
        let corridors = self.parts.corridors.values();
        corridors.map(|state| needed(state).unwrap_or(0)).min().unwrap_or(0)
    }
}
