//! Starting a ledger: what it is made of, then the writer and what follows it.

pub(crate) mod assembly;

use std::sync::Arc;
use std::time::Duration;

use domain::identifier::State;
use event_store::{OpenError, Options, Store};
use proto::ledger::v1::attachment_service_server::AttachmentServiceServer;
use proto::ledger::v1::ledger_service_server::LedgerServiceServer;
use proto::ledger::v1::supply_service_server::SupplyServiceServer;
use runtime::caller::Caller;
use runtime::failure::Failure;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::clock::ClockError;
use crate::config::Config;
use crate::founding::FoundError;
use crate::grpc::{Inner, Service};
use crate::keyring::KeyringError;
use crate::read::Reader;
use crate::recover;
use crate::signer_mark::MarkError;
use crate::stated::Stated;
use crate::sweep::Sweep;
use crate::view::Projector;
use crate::writer::{FirstWords, Job, ResumeError, Writer};

use assembly::{Assembled, assemble};

/// How often the writer looks at the clock when there is nothing to do.
const TICK: Duration = Duration::from_secs(1);

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
