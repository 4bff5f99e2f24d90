//! What a ledger is made of, opened and held against each other before anything runs: keyring,
//! store, corridors, marks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::case::event::{KeyAnnounced, Kind, Statement};
use domain::chain::Content;
use domain::identifier::{CaseId, State};
use domain::time::Instant;
use event_store::{OpenError, Position, Store};
use record::facts;
use record::key::{PublicKey, Signer as _};
use record::root_statement::AnnouncedKey;
use runtime::failure::Failure;
use tokio::sync::watch;

use super::StartError;
use crate::attachments::Files;
use crate::clock::Clock;
use crate::config::Config;
use crate::corridor::{Corridor, Corridors};
use crate::founding::{Founded, read_founded};
use crate::keyring::{CaseKeys, Keyring, KeyringError, NodeKeys, Opened};
use crate::layout;
use crate::leave::{Lack, Leave, Waiting};
use crate::quarantine::{Bounds, Quarantine};
use crate::serial::Serials;
use crate::signer_mark::{SignerMark, Standing, StoreEnd};
use crate::store_health::log_opening;
use crate::writer::erasure;
use crate::writer::{CorridorState, FirstWords, Marks, Parts, ResumeError};

/// Local records that are looked at at once.
const LOCAL_RECORDS_PAGE: u64 = 1024;

/// What a ledger is made of, opened and held against each other; nothing runs yet.
pub(crate) struct Assembled {
    pub(crate) parts: Parts,
    pub(crate) first: FirstWords,
    pub(crate) corridors: Arc<Corridors>,
}

/// Opens keyring, store, corridors and marks.
pub(crate) fn assemble(
    config: &Config,
    answering: watch::Receiver<bool>,
    open_store: impl Fn() -> Result<Store, OpenError>,
) -> Result<Assembled, StartError> {
    let opened = Keyring::open(&config.keyring_file, &config.passphrase);
    if let Err(KeyringError::InUse { .. }) = &opened {
        // Nearly always by a node that has the data folder too, which says more.
        opened_store(config, open_store())?.close();
    }
    let Opened { mut keyring, secrets, cases, mut locals } = opened?;
    let store = opened_store(config, open_store())?;
    let clock = Clock::open(&config.clock, &config.data_folder)?;
    let bounds = Bounds {
        dispatches_max: config.limits.quarantine_dispatches_max,
        bytes_max: config.limits.quarantine_bytes_max,
    };
    let quarantine =
        Quarantine::open(&config.data_folder, bounds).map_err(StartError::Quarantine)?;
    let mut corridors = Corridors::new();
    let mut states = BTreeMap::new();
    let mut marks = BTreeMap::new();
    let mut first = FirstWords::default();
    let mut standings = BTreeMap::new();
    let founded = read_founded(&config.data_folder, config.state)?;
    if keyring.derives_locals() {
        let cases = with_local_entries(&store, &founded).map_err(StartError::Begin)?;
        locals = keyring.settle_locals(cases)?;
    }
    let erased = ordered_erasures(&store, &founded).map_err(StartError::Begin)?;
    // A keyring that was restored may hold keys that were destroyed before.
    if erased.iter().any(|case| cases.contains_key(case) || locals.contains_key(case)) {
        erasure::destroy(&mut keyring, &erased)?;
    }
    for founded in founded {
        check_clock(&clock, &founded.corridor)?;
        let partner = founded.corridor.partner;
        let resumed = resume(config, &store, keyring.keys(), founded)?;
        corridors.insert(partner, resumed.corridor);
        states.insert(partner, resumed.state);
        marks.insert(partner, resumed.mark);
        first.announcements.insert(partner, resumed.first_facts);
        first.capabilities.extend(resumed.grown.map(|grown| (partner, grown)));
        standings.insert(partner, resumed.standing);
    }
    wait_if_restored(&mut states, &mut marks, &standings, clock.now())?;
    let parts = Parts {
        store,
        keyring,
        signer: config.signer.clone(),
        secrets: Arc::new(secrets),
        keys: Arc::new(CaseKeys::new(cases, locals, erased.into_iter().collect())),
        clock: Arc::new(clock),
        serials: Arc::new(Serials::default()),
        corridors: states,
        marks: Arc::new(Marks::new(marks)),
        quarantine: Arc::new(quarantine),
        attachments: Arc::new(Files::in_folder(&config.data_folder)),
        limits: config.limits,
        heartbeat_ms: config.heartbeat_ms,
        answering,
    };
    Ok(Assembled { parts, first, corridors: Arc::new(corridors) })
}

/// A store that was opened, and what that showed; or why it was not.
fn opened_store(config: &Config, opened: Result<Store, OpenError>) -> Result<Store, StartError> {
    let opened = opened.map_err(|error| {
        if matches!(error, OpenError::InUse) {
            StartError::InUse { folder: config.data_folder.display().to_string() }
        } else {
            StartError::Store(error)
        }
    });
    opened.inspect(log_opening)
}

/// A corridor that was found again.
struct Resumed {
    corridor: Arc<Corridor>,
    state: CorridorState,
    mark: SignerMark,
    standing: Standing,
    /// The facts of the own log's first entries, in case it has none.
    first_facts: Vec<Vec<u8>>,
    /// What the partner must be told that it understands.
    grown: Option<BTreeSet<u32>>,
}

/// Finds a corridor again and holds it to the signer's mark and the keyring.
fn resume(
    config: &Config,
    store: &Store,
    keys: &NodeKeys,
    founded: Founded,
) -> Result<Resumed, StartError> {
    let Founded { corridor, announcements } = founded;
    let partner = corridor.partner;
    let corridor = Arc::new(corridor);
    let state = CorridorState::resume(store, Arc::clone(&corridor))?;
    let grown = grown_capabilities(store, &corridor)?;
    let digest_of = |number| {
        Some(layout::dispatch_at(store, &corridor.names.own.headers, number).ok()??.digest)
    };
    let head = state.logs.own.head().map(|head| head.heard);
    let folder = &config.signer_mark_folder;
    let end = StoreEnd { head, records: store.next_position().0 };
    let (mark, standing) = SignerMark::open(folder, &corridor.own_log, end, digest_of)
        .map_err(|source| StartError::Mark { partner, source })?;
    if head.is_none() {
        let held = |key: &AnnouncedKey| match key {
            AnnouncedKey::Log(key) => keys.has_log(key) || signs(config, key),
            AnnouncedKey::Hpke(key) => keys.has_hpke(key),
        };
        announcements.check(&corridor, held)?;
    } else if standing == Standing::Level {
        // What a restored store lacks may announce other keys: looked at when it is whole again.
        let announced = state.logs.own.keys();
        let held = announced.log_key().is_some_and(|key| keys.has_log(&key) || signs(config, &key))
            && announced.hpke_key().is_some_and(|key| keys.has_hpke(&key.public_key));
        if !held {
            return Err(StartError::OtherKeys { partner });
        }
    }
    let statement = |root_statement| Statement::KeyAnnounced(KeyAnnounced { root_statement });
    let facts = [announcements.log, announcements.hpke]
        .map(|root_statement| facts::encode(None, &statement(root_statement)));
    Ok(Resumed { corridor, state, mark, standing, first_facts: facts.to_vec(), grown })
}

/// What this State must state again that it understands, since its binary understands more than it
/// has told the partner; `None` where the partner has been told everything.
///
/// Every kind that it has told must be one that this binary knows: to it, the partner's entries of
/// that kind would be ineffective, and to everybody else not.
fn grown_capabilities(
    store: &Store,
    corridor: &Corridor,
) -> Result<Option<BTreeSet<u32>>, StartError> {
    let partner = corridor.partner;
    let failed = |source| StartError::Resume(ResumeError::Read { partner, source });
    let mut stated = corridor.founded.kinds.clone();
    let records = layout::stream_records(store, &corridor.stream, 0, Position(u64::MAX));
    for record in records.map_err(failed)? {
        if record.log != corridor.names.own.entries {
            continue;
        }
        let entry = layout::entry_of(&record).map_err(failed)?;
        if let Content::Stated(statement) = facts::read(&entry.facts)
            && let Statement::CapabilitiesStated(kinds) = Arc::unwrap_or_clone(statement)
        {
            stated.extend(kinds);
        }
    }
    let known: BTreeSet<u32> = Kind::ALL.iter().map(|kind| kind.number()).collect();
    let lacking: Vec<u32> = stated.difference(&known).copied().collect();
    if !lacking.is_empty() {
        return Err(StartError::LacksCapabilities { partner, kinds: lacking });
    }
    // A partner that does not understand the statement would not be told anything by it.
    let understood = corridor.founded.kinds.contains(&Kind::CapabilitiesStated.number());
    Ok(Some(known).filter(|known| understood && *known != stated))
}

/// Whether the signer beside the keyring has this key.
fn signs(config: &Config, key: &PublicKey) -> bool {
    config.signer.as_ref().is_some_and(|signer| signer.public_key() == *key)
}

/// Lets no corridor write before the store is whole again, if any mark says that it is an old copy:
/// it is one store.
fn wait_if_restored(
    states: &mut BTreeMap<State, CorridorState>,
    marks: &mut BTreeMap<State, SignerMark>,
    standings: &BTreeMap<State, Standing>,
    now: Instant,
) -> Result<(), StartError> {
    if standings.values().all(|standing| *standing == Standing::Level) {
        return Ok(());
    }
    for (partner, mark) in marks {
        let partner = *partner;
        mark.restored().map_err(|source| StartError::Mark { partner, source })?;
        let Some(state) = states.get_mut(&partner) else { continue };
        let released = mark.released();
        let head = state.logs.own.head().map(|head| head.heard);
        let lack = match (standings.get(&partner), released) {
            (Some(Standing::Lost), _) => Lack::Mark,
            (_, Some((released, digest))) => Lack::Dispatches { released, digest },
            // A log that has not begun lacks nothing.
            (_, None) => continue,
        };
        state.leave = Leave::Waiting(Box::new(Waiting::begin(released, lack, now)));
        state.leave.follow(head);
        let reason = state.leave.waiting().map(|it| it.reason(state.logs.own.next_number()));
        tracing::error!(%partner, reason, "nothing is written to this partner yet");
    }
    Ok(())
}

/// The cases of which something stands in a local log.
fn with_local_entries(store: &Store, founded: &[Founded]) -> Result<BTreeSet<CaseId>, Failure> {
    let mut cases = BTreeSet::new();
    for founded in founded {
        let log = &founded.corridor.names.local;
        let mut from = 0;
        loop {
            let page = layout::log_records(store, log, from, LOCAL_RECORDS_PAGE)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            let streams = page.iter().filter_map(|record| record.stream.as_ref());
            cases.extend(streams.filter_map(layout::case_of));
        }
    }
    Ok(cases)
}

/// The cases whose erasure is ordered.
fn ordered_erasures(store: &Store, founded: &[Founded]) -> Result<BTreeSet<CaseId>, Failure> {
    let mut erased = BTreeSet::new();
    for founded in founded {
        erased.extend(erasure::ordered(store, &founded.corridor)?);
    }
    Ok(erased)
}

fn check_clock(clock: &Clock, corridor: &Corridor) -> Result<(), StartError> {
    let genesis = corridor.genesis.genesis();
    if clock.is_settable() && !genesis.allows_settable_clock() {
        let environment = genesis.environment().to_owned();
        return Err(StartError::SettableClock { environment });
    }
    Ok(())
}
