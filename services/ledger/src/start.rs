//! Starting a ledger: keyring, store, corridors, marks, then the writer and what follows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::case::event::{KeyAnnounced, Kind, Statement};
use domain::chain::Content;
use domain::identifier::{CaseId, State};
use domain::time::Instant;
use event_store::{OpenError, Options, Position, Store};
use proto::ledger::v1::attachment_service_server::AttachmentServiceServer;
use proto::ledger::v1::ledger_service_server::LedgerServiceServer;
use proto::ledger::v1::supply_service_server::SupplyServiceServer;
use record::facts;
use record::key::{PublicKey, Signer as _};
use record::root_statement::AnnouncedKey;
use runtime::caller::Caller;
use runtime::failure::Failure;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::attachments::Files;
use crate::clock::{Clock, ClockError};
use crate::config::Config;
use crate::corridor::{Corridor, Corridors};
use crate::founding::{FoundError, Founded, read_founded};
use crate::grpc::{Inner, Service};
use crate::keyring::{CaseKeys, Keyring, KeyringError, NodeKeys, Opened};
use crate::layout;
use crate::leave::{Lack, Leave, Waiting};
use crate::quarantine::{Bounds, Quarantine};
use crate::read::Reader;
use crate::recover;
use crate::serial::Serials;
use crate::signer_mark::{MarkError, SignerMark, Standing, StoreEnd};
use crate::stepped::Stated;
use crate::store_health::log_opening;
use crate::sweep::Sweep;
use crate::view::Projector;
use crate::writer::erasure;
use crate::writer::{CorridorState, FirstWords, Job, Marks, Parts, ResumeError, Writer};

/// How often the writer looks at the clock when there is nothing to do.
const TICK: Duration = Duration::from_secs(1);
/// Local records that are looked at at once.
const LOCAL_RECORDS_PAGE: u64 = 1024;

/// Why a ledger does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The keyring.
    #[error("opening the keyring")]
    Keyring(#[from] KeyringError),
    /// Another process has the data folder.
    #[error("the data folder `{folder}` is in use by another node")]
    InUse {
        /// The folder.
        folder: String,
    },
    /// The store.
    #[error("opening the store")]
    Store(#[source] OpenError),
    /// What founds the corridors.
    #[error("reading the corridors")]
    Found(#[from] FoundError),
    /// A corridor in the store.
    #[error("finding a corridor again in the store")]
    Resume(#[from] ResumeError),
    /// A mark cannot be used, or the store is not the one that signed.
    #[error("holding the store of the corridor with `{partner}` to the signer's mark")]
    Mark {
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: MarkError,
    },
    /// Neither the keyring nor the signer has the keys that were announced.
    #[error(
        "the keys of the keyring, and of the signer if there is one, are not the ones that were \
         announced to `{partner}`"
    )]
    OtherKeys {
        /// The partner.
        partner: State,
    },
    /// The quarantine.
    #[error("reading the quarantine")]
    Quarantine(#[source] std::io::Error),
    /// This State has said that it understands what this binary does not.
    #[error(
        "this State has told `{partner}` that it understands kinds {kinds:?}, which this binary \
         does not know: start a newer one"
    )]
    LacksCapabilities {
        /// The partner.
        partner: State,
        /// The numbers of the kinds.
        kinds: Vec<u32>,
    },
    /// The clock.
    #[error("reading the clock")]
    Clock(#[from] ClockError),
    /// A clock that can be set is for demonstrations and tests.
    #[error("environment `{environment}` does not allow a clock that can be set")]
    SettableClock {
        /// The environment of a genesis.
        environment: String,
    },
    /// The first dispatch of a log could not be written, or the views not be prepared.
    #[error("beginning to write")]
    Begin(#[source] Failure),
    /// The thread of the writer could not be started.
    #[error("starting the writer")]
    Thread(#[source] std::io::Error),
}

impl StartError {
    /// Whether the journal of the store is damaged.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Store(OpenError::Corrupt { .. }))
    }
}

/// A running ledger.
#[derive(Debug)]
pub struct Handle {
    service: Service,
    message_bytes_max: usize,
}

impl Handle {
    /// The gRPC service, to be served to the State's own services alone.
    #[must_use]
    pub fn service(&self) -> LedgerServiceServer<Service> {
        LedgerServiceServer::new(self.service.clone())
            .max_decoding_message_size(self.message_bytes_max)
    }

    /// The same in this process: each request brings its [`Caller`] as an extension, as a listener
    /// puts it there.
    #[must_use]
    pub fn in_process(&self) -> Service {
        self.service.clone()
    }

    /// Hands what was decided to the writer, without asking whether the caller may see the case:
    /// so that the writer can be measured by itself. The number of records that the case has then.
    ///
    /// # Errors
    /// As the ledger's `Append`.
    pub async fn append_decided(&self, caller: &Caller, stated: Stated) -> Result<u64, Failure> {
        self.service.append_decided(caller, stated).await
    }

    /// The gRPC service of what did not come with its dispatch, likewise.
    #[must_use]
    pub fn supply_service(&self) -> SupplyServiceServer<Service> {
        SupplyServiceServer::new(self.service.clone())
            .max_decoding_message_size(self.message_bytes_max)
    }

    /// The gRPC service of attachments of the State's own people, likewise.
    #[must_use]
    pub fn attachment_service(&self) -> AttachmentServiceServer<Service> {
        AttachmentServiceServer::new(self.service.clone())
            .max_decoding_message_size(self.message_bytes_max)
    }

    /// Lets the writer look at the clock now: parked dispatches and heartbeats. It does so by
    /// itself every second.
    pub async fn tick(&self) {
        // An error means that the ledger has ended.
        let _ = self.service.0.queue.tick().await;
    }

    /// Waits until the ledger has ended, for whatever reason.
    pub async fn ended(&self) {
        self.service.0.queue.ended().await;
    }

    /// Ends the ledger: what is under way is written and answered, then the data folder is free.
    pub async fn shutdown(self) {
        self.service.0.queue.end().await;
    }
}

/// Starts a ledger. `answering` says whether the services that answer the partner are up: while
/// they are not, no heartbeat is sent.
///
/// Must be called within a Tokio runtime, and takes as long as the passphrase takes to check.
///
/// # Errors
/// Anything that keeps the ledger from being the one writer of its logs.
pub async fn start(config: Config, answering: watch::Receiver<bool>) -> Result<Handle, StartError> {
    let open_store = || {
        let folder = config.data_folder.join("store");
        Store::open_watched(folder, Options::default(), &mut |now| {
            let (bytes, bytes_total) = (now.bytes, now.bytes_total);
            tracing::info!(bytes, bytes_total, "the journal is being read");
        })
    };
    let Assembled { parts, first, corridors } = assemble(&config, answering, open_store)?;
    let (store, keys, secrets) =
        (parts.store.clone(), Arc::clone(&parts.keys), Arc::clone(&parts.secrets));
    let (clock, serials) = (Arc::clone(&parts.clock), Arc::clone(&parts.serials));
    let quarantine = Arc::clone(&parts.quarantine);
    let files = Arc::clone(&parts.attachments);
    let (writer, queue, snapshots) = Writer::new(parts);
    run(writer, first).await?;
    tokio::spawn(tick(queue.downgrade()));

    let reader = Reader::new(store, config.state, corridors, keys, secrets);
    let recovering = recover::run(reader.clone(), snapshots.clone(), queue.downgrade());
    on_a_thread("ledger-recovery", recovering)?;
    let (projector, views) =
        Projector::new(reader.clone(), snapshots.clone()).map_err(StartError::Begin)?;
    on_a_thread("ledger-views", projector.run())?;
    let sweep = Sweep {
        reader: reader.clone(),
        snapshots: snapshots.clone(),
        clock: Arc::clone(&clock),
        files: Arc::clone(&files),
    };
    sweep.all();
    tokio::spawn(sweep.clone().run());
    let message_bytes_max = config.limits.message_bytes_max;
    let service = Service(Arc::new(Inner {
        reader,
        snapshots,
        queue,
        clock,
        serials,
        files,
        sweep,
        quarantine,
        views,
        evidence_records_max: config.limits.evidence_records_max,
        evidence: Semaphore::new(1),
    }));
    Ok(Handle { service, message_bytes_max })
}

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
    let open_store = || {
        let opened = open_store().map_err(|error| {
            if matches!(error, OpenError::InUse) {
                StartError::InUse { folder: config.data_folder.display().to_string() }
            } else {
                StartError::Store(error)
            }
        });
        opened.inspect(log_opening)
    };
    let opened = Keyring::open(&config.keyring_file, &config.passphrase);
    if let Err(KeyringError::InUse { .. }) = &opened {
        // Nearly always by a node that has the data folder too, which says more.
        open_store()?.close();
    }
    let Opened { mut keyring, secrets, cases, mut locals } = opened?;
    let store = open_store()?;
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
    let mut erased = BTreeSet::new();
    for founded in &founded {
        erased.extend(erasure::ordered(&store, &founded.corridor).map_err(StartError::Begin)?);
    }
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

/// Runs what reads the store for long on a thread of its own, with timers of its own: those of the
/// caller's runtime are gone before the last snapshot is.
fn on_a_thread(
    name: &str,
    work: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(StartError::Thread)?;
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || runtime.block_on(work)).map_err(StartError::Thread)?;
    Ok(())
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
        let record = layout::record_at(store, &corridor.names.own.headers, number).ok()??;
        Some(layout::dispatch_of(&record).ok()?.digest)
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

/// Whether the signer beside the keyring has this key.
fn signs(config: &Config, key: &PublicKey) -> bool {
    config.signer.as_ref().is_some_and(|signer| signer.public_key() == *key)
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

fn check_clock(clock: &Clock, corridor: &Corridor) -> Result<(), StartError> {
    let genesis = corridor.genesis.genesis();
    if clock.is_settable() && !genesis.allows_settable_clock() {
        let environment = genesis.environment().to_owned();
        return Err(StartError::SettableClock { environment });
    }
    Ok(())
}

/// Starts the writer's thread; returns when every log has its first dispatch.
async fn run(mut writer: Writer, first: FirstWords) -> Result<(), StartError> {
    writer.release_apart().map_err(StartError::Thread)?;
    let (begun, beginning) = oneshot::channel();
    std::thread::Builder::new()
        .name("ledger-writer".to_owned())
        .spawn(move || {
            let result = writer.begin(first);
            let goes_on = result.is_ok();
            // Nobody waits any more: then nobody has the queue either, and the thread ends.
            let _ = begun.send(result);
            if goes_on {
                writer.run();
            }
        })
        .map_err(StartError::Thread)?;
    let begun = beginning.await.unwrap_or_else(|_| Err(crate::failure::writer_gone()));
    begun.map_err(StartError::Begin)
}

/// Wakes the writer now and then, for as long as there is one.
async fn tick(queue: mpsc::WeakSender<Job>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        let Some(queue) = queue.upgrade() else {
            return;
        };
        // A full queue means that the writer is awake.
        if let Err(mpsc::error::TrySendError::Closed(_)) = queue.try_send(Job::Tick) {
            return;
        }
    }
}
