//! One node in this process: ledger and exchange over the same in-memory channel as `readmit node`
//! has them. Without listeners: people and partners' doors take no part in what is measured.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use domain::case::event::{Event, Statement};
use domain::identifier::{CaseId, Office, State};
use ledger::{
    About, Announcements, ClockChoice, Hardness, Limits, Passphrase, PublicKeys, Revisions, Stated,
};
use proto::command::v1::{Purpose, Receipt};
use proto::ledger::v1::ledger_service_server::LedgerService as _;
use proto::ledger::v1::supply_service_client::SupplyServiceClient;
use proto::ledger::v1::{
    AppendRequest, FollowCasesRequest, FollowCasesResponse, GetHeadsRequest, GetHeadsResponse,
    GetStatusRequest, ImportDispatchRequest, ImportDispatchResponse, ListLabelsRequest, NewEntry,
    ReadCaseRequest,
};
use record::genesis::SignedGenesis;
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::caller::Caller;
use runtime::command::{
    self, Command, Effort, Kind, Ledger, OnCorridor, Opening, Ordered, RequestId, payload_digest,
};
use runtime::config::{Broker, Servers};
use runtime::server::{self, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tokio::sync::watch;
use tonic::Streaming;

use crate::parties::{self, ASKING};

/// Tasks that state events at the same time: what they wait for together becomes one dispatch.
const TASKS: usize = 512;

/// What a node needs before it can start.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) state: State,
    pub(crate) partner: State,
    pub(crate) folder: PathBuf,
}

impl Site {
    /// Names it; nothing is written.
    pub(crate) fn new(state: &str, partner: &str, folder: &Path) -> Result<Self> {
        let folder = folder.join(state.to_ascii_lowercase());
        Ok(Self { state: State::new(state)?, partner: State::new(partner)?, folder })
    }

    /// Makes an empty folder with keys, and founds the corridor in it.
    pub(crate) fn prepare(&self, genesis: &SignedGenesis) -> Result<PublicKeys> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder)?;
        }
        std::fs::create_dir_all(&self.folder)?;
        // How hard a passphrase is to guess is not measured here.
        let keys = ledger::create_keyring_with(&self.keyring(), &passphrase(), Hardness::NONE)?;
        let announcements = self.announcements(genesis, &keys)?;
        ledger::found(&self.data(), self.state, genesis, &announcements, &keys)?;
        Ok(keys)
    }

    fn announcements(&self, genesis: &SignedGenesis, keys: &PublicKeys) -> Result<Announcements> {
        let root = parties::root_key(self.state);
        let sign = |serial, key| {
            RootStatement::announcing(serial, key).sign(genesis.digest(), self.state, &root)
        };
        Ok(Announcements {
            log: sign(1, AnnouncedKey::Log(keys.log))?,
            hpke: sign(2, AnnouncedKey::Hpke(keys.hpke))?,
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn keyring(&self) -> PathBuf {
        self.folder.join("keyring")
    }

    fn config(&self) -> ledger::Config {
        ledger::Config {
            state: self.state,
            data_folder: self.data(),
            keyring_file: self.keyring(),
            passphrase: passphrase(),
            signer: None,
            signer_mark_folder: self.folder.join("marks"),
            heartbeat_ms: 3_600_000,
            clock: ClockChoice::System,
            limits: Limits::DEFAULT,
        }
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("fictional passphrase of the bench".to_owned())
}

/// A case that is open, and how far its author knows it. One task at a time states on it.
#[derive(Debug)]
pub(crate) struct OpenCase {
    id: CaseId,
    name: String,
    revision: AtomicU64,
    corridor_revision: u64,
}

impl OpenCase {
    /// Its printed id.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// How events are stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Handed to the ledger as they are: they wait for the writer together.
    Appended,
    /// Each by a command that reads and derives the case first.
    Commanded,
}

/// How an event that was decided reaches the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Straight to the writer, which seals, hashes, signs and stores.
    Writer,
    /// By the service's method, which derives the case to see whether the caller may see it.
    Method,
    /// By the same method, over the channel in memory that a node has between its services.
    Grpc,
}

/// A node that runs.
pub(crate) struct Host {
    state: State,
    partner: State,
    ledger: Ledger,
    handle: ledger::Handle,
    exchange: Option<exchange::Handle>,
    shutdown: Shutdown,
    /// Ends after the exchange.
    last: Shutdown,
}

impl Host {
    /// Starts the ledger, and the exchange where there is a courier (`host:port`).
    pub(crate) async fn start(site: &Site, courier: Option<&str>) -> Result<Self> {
        let (_, answering) = watch::channel(true);
        let handle = ledger::start(site.config(), answering).await.context("start the ledger")?;
        let (shutdown, last) = (Shutdown::new(), Shutdown::new());
        let limits = server::Config {
            message_bytes_max: 1 << 20,
            calls_per_connection_max: 1024,
            call_timeout: std::time::Duration::from_secs(60),
        };
        let services = Services::new().add(handle.service()).add(handle.supply_service());
        let caller = Caller::service(site.state, Office::new("node")?);
        let connector = serve_in_memory(services, limits, caller, &last).await?;
        let channel = runtime::channel::in_memory(&connector);
        let supply = SupplyServiceClient::new(channel.clone());
        let ledger = Ledger::new(channel).max_decoding_message_size(64 << 20);
        let clients = exchange::Clients { ledger: ledger.clone(), supply };
        let exchange = courier.map(|servers| {
            let broker = Broker {
                servers: Servers::Named(servers.to_owned()),
                properties: std::collections::BTreeMap::default(),
            };
            let partner = exchange::Partner { state: site.partner, door: None, broker: None };
            let config = exchange::Config {
                broker: Some(broker),
                partners: vec![partner],
                ..exchange::Config::new(site.state)
            };
            exchange::start(&config, clients, &shutdown)
        });
        Ok(Self {
            state: site.state,
            partner: site.partner,
            ledger,
            handle,
            exchange: exchange.transpose()?,
            shutdown,
            last,
        })
    }

    /// Ends it, orderly.
    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        if let Some(exchange) = self.exchange {
            exchange.ended().await;
        }
        self.last.begin();
        self.handle.shutdown().await;
    }

    fn caller(&self, identity: &str) -> Result<Caller> {
        let domain = self.state.code().to_ascii_lowercase();
        Ok(Caller::parse(&format!("spiffe://{domain}.readmit/{identity}"))?)
    }

    /// Somebody of the office that the cases are of: where they were filed, or who is asked.
    fn official(&self) -> Result<Caller> {
        let office = if self.state.code() == ASKING { "return-office" } else { "ministry" };
        self.caller(&format!("office/{office}/official/t.tester"))
    }

    fn service(&self) -> Result<Caller> {
        Ok(Caller::service(self.state, Office::new("exchange")?))
    }

    /// Adopts the agreement of the bench.
    pub(crate) async fn adopt(&self) -> Result<()> {
        let on = OnCorridor {
            ordered: ordered(&self.caller("operator/root")?, "adopt")?,
            partner: self.partner,
            vouched: Vec::new(),
        };
        let adoption = record::rules::adoption(parties::rules()?);
        let adopted = command::run_on_corridor(&self.ledger, &on, |_| {
            Ok(vec![Statement::AgreementAdopted(adoption.clone())])
        });
        adopted.await.map_err(failed)?;
        Ok(())
    }

    /// Files a request; returns when it is durable and the reply is there.
    pub(crate) async fn file(&self, request_id: &str) -> Result<Receipt> {
        let ordered = ordered(&self.official()?, request_id)?;
        let opening = Opening { ordered, partner: self.partner };
        let request = parties::request(YEAR, 1)?;
        let particulars = parties::said("Filed for the bench.")?;
        let filed = command::open(&self.ledger, &opening, |reading| {
            let mut request = request.clone();
            request.serial = reading.serial(YEAR)?;
            let statement = Statement::RequestFiled(request);
            Ok(vec![Event { statement, particulars: particulars.clone() }])
        });
        filed.await.map_err(failed)
    }

    /// Opens so many cases, many at a time; each run of a name of its own.
    pub(crate) async fn open(self: &Arc<Self>, cases: usize, run: &str) -> Result<Vec<String>> {
        let run: Arc<str> = run.into();
        let opened = at_once(cases, {
            let host = Arc::clone(self);
            move |index| {
                let (host, run) = (Arc::clone(&host), Arc::clone(&run));
                async move { Ok(host.file(&format!("open-{run}-{index}")).await?.case_id) }
            }
        });
        opened.await
    }

    /// Looks how cases stand, so that events can be stated on them without reading them again.
    pub(crate) async fn look(self: &Arc<Self>, cases: Vec<String>) -> Result<Vec<OpenCase>> {
        let cases = Arc::new(cases);
        let looked = at_once(cases.len(), {
            let host = Arc::clone(self);
            move |index| {
                let (host, cases) = (Arc::clone(&host), Arc::clone(&cases));
                async move {
                    let name = cases.get(index).context("a case that was opened")?;
                    let request = ReadCaseRequest {
                        caller: Some(host.official()?.context(Purpose::Unspecified)),
                        case: name.clone(),
                        request_id: String::new(),
                    };
                    let read = host.ledger.clone().read_case(request).await?.into_inner();
                    Ok(OpenCase {
                        id: CaseId::from_slice(&read.case_id)?,
                        name: name.clone(),
                        revision: AtomicU64::new(read.revision),
                        corridor_revision: read.corridor_revision,
                    })
                }
            }
        });
        looked.await
    }

    /// Waits until the views have come as far as what was stated.
    pub(crate) async fn rest(&self) -> Result<()> {
        let request = ListLabelsRequest {
            caller: Some(self.service()?.context(Purpose::Unspecified)),
            wait_for_position: self.position().await?,
            limit: 1,
            ..ListLabelsRequest::default()
        };
        self.ledger.clone().list_labels(request).await?;
        Ok(())
    }

    /// States `count` events on cases in turn, many at a time.
    pub(crate) async fn state(
        self: &Arc<Self>,
        cases: &Arc<Vec<OpenCase>>,
        count: usize,
        run: &str,
        how: How,
    ) -> Result<()> {
        let run: Arc<str> = run.into();
        // No case by two tasks: the second would find it moved.
        let tasks = TASKS.min(cases.len());
        let stated = in_tasks(tasks, count, {
            let (host, cases) = (Arc::clone(self), Arc::clone(cases));
            move |index| {
                let (host, cases, run) = (Arc::clone(&host), Arc::clone(&cases), Arc::clone(&run));
                async move {
                    let case = cases.get(index % cases.len()).context("no case is open")?;
                    let request_id = format!("{run}-{index}");
                    match how {
                        How::Appended => host.append(case, &request_id, By::Grpc).await,
                        How::Commanded => host.command(case, &request_id).await,
                    }
                }
            }
        });
        stated.await?;
        Ok(())
    }

    /// What this side may state again and again: evidence, or a question.
    fn event(&self) -> Result<Event> {
        let statement = if self.state.code() == ASKING {
            Statement::EvidenceAdded(parties::evidence_items()?)
        } else {
            Statement::ClarificationAsked
        };
        Ok(Event { statement, particulars: parties::said("Stated for the bench.")? })
    }

    /// An event that was decided before: sealed, signed and stored.
    pub(crate) async fn append(&self, case: &OpenCase, request_id: &str, by: By) -> Result<()> {
        let caller = self.official()?;
        let entry = self.entry(case)?;
        let revision = match by {
            By::Writer => {
                let stated = self.stated(case, request_id, entry);
                self.handle.append_decided(&caller, stated).await.map_err(failed)?
            }
            By::Method => {
                let request = self.request(case, &caller, request_id, entry)?;
                let mut request = tonic::Request::new(request);
                request.extensions_mut().insert(Caller::service(self.state, Office::new("node")?));
                self.handle.in_process().append(request).await?.into_inner().revision
            }
            By::Grpc => {
                let request = self.request(case, &caller, request_id, entry)?;
                self.ledger.clone().append(request).await?.into_inner().revision
            }
        };
        case.revision.store(revision, Ordering::Relaxed);
        Ok(())
    }

    /// Facts and body of what is stated.
    fn entry(&self, case: &OpenCase) -> Result<(Vec<u8>, Vec<u8>)> {
        let event = self.event()?;
        let facts = record::facts::encode(Some(case.id), &event.statement);
        Ok((facts, record::body::encode(&event.particulars).to_vec()))
    }

    fn stated(&self, case: &OpenCase, request_id: &str, entry: (Vec<u8>, Vec<u8>)) -> Stated {
        Stated {
            partner: self.partner,
            about: About::Case(case.id),
            request_id: request_id.to_owned(),
            revisions: Revisions {
                subject: case.revision.load(Ordering::Relaxed),
                corridor: case.corridor_revision,
            },
            entries: vec![entry],
            local: Vec::new(),
        }
    }

    fn request(
        &self,
        case: &OpenCase,
        caller: &Caller,
        request_id: &str,
        (facts, body): (Vec<u8>, Vec<u8>),
    ) -> Result<AppendRequest> {
        let ordered = ordered(caller, request_id)?;
        Ok(AppendRequest {
            caller: Some(ordered.caller.context(Purpose::Unspecified)),
            case_id: case.id.as_bytes().to_vec(),
            partner_state: self.partner.to_string(),
            request_id: request_id.to_owned(),
            payload_digest: ordered.payload_digest.as_bytes().to_vec(),
            expected_revision: case.revision.load(Ordering::Relaxed),
            expected_corridor_revision: case.corridor_revision,
            entries: vec![NewEntry { facts, body }],
            local_entries: Vec::new(),
        })
    }

    /// A whole command: the case is read and derived before.
    async fn command(&self, case: &OpenCase, request_id: &str) -> Result<()> {
        let command = Command {
            ordered: ordered(&self.official()?, request_id)?,
            case: case.name.clone(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        };
        let event = self.event()?;
        let ran = command::run(&self.ledger, &command, |_| Ok(vec![event.clone()].into()));
        ran.await.map_err(failed)?;
        Ok(())
    }

    /// Hands over a partner's dispatch.
    pub(crate) async fn import(&self, dispatch: Vec<u8>) -> Result<ImportDispatchResponse> {
        let request = ImportDispatchRequest {
            caller: Some(self.service()?.context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            dispatch,
            cursor: None,
        };
        Ok(self.ledger.clone().import_dispatch(request).await?.into_inner())
    }

    /// The heads of both logs.
    pub(crate) async fn heads(&self) -> Result<GetHeadsResponse> {
        let request = GetHeadsRequest {
            caller: Some(self.service()?.context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
        };
        Ok(self.ledger.clone().get_heads(request).await?.into_inner())
    }

    /// The position of the last record; none where there is none.
    async fn position(&self) -> Result<Option<u64>> {
        let operator = self.caller("operator/root")?;
        let status = GetStatusRequest { caller: Some(operator.context(Purpose::Unspecified)) };
        Ok(self.ledger.clone().get_status(status).await?.into_inner().store_position)
    }

    /// Everything of both logs as it becomes durable from now on: entries, and dispatches without
    /// entries. The node pushes it; nothing is asked again and again.
    pub(crate) async fn follow(&self) -> Result<Streaming<FollowCasesResponse>> {
        let position = self.position().await?;
        let request = FollowCasesRequest {
            caller: Some(self.service()?.context(Purpose::Unspecified)),
            from_position: position.map_or(0, |position| position + 1),
            with_receipts: true,
            ..FollowCasesRequest::default()
        };
        Ok(self.ledger.clone().follow_cases(request).await?.into_inner())
    }
}

/// The year of the cases. Any year that the rules cover will do.
const YEAR: u32 = 2026;

fn ordered(caller: &Caller, request_id: &str) -> Result<Ordered> {
    let payload = proto::record::v1::KeyAnnounced { root_statement: request_id.into() };
    Ok(Ordered {
        caller: caller.clone(),
        request_id: RequestId::new(request_id).map_err(|error| anyhow::anyhow!("{error}"))?,
        payload_digest: payload_digest("Bench", &payload),
        effort: Effort::CarryOut,
    })
}

fn failed(failure: runtime::failure::Failure) -> anyhow::Error {
    anyhow::Error::new(failure)
}

/// Does `count` pieces of work in [`TASKS`] tasks; the results in order.
async fn at_once<T, F, W>(count: usize, work: W) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
    W: Fn(usize) -> F + Clone + Send + 'static,
{
    in_tasks(TASKS, count, work).await
}

async fn in_tasks<T, F, W>(at_once: usize, count: usize, work: W) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
    W: Fn(usize) -> F + Clone + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..at_once.min(count) {
        let work = work.clone();
        tasks.spawn(async move {
            let mut done = Vec::new();
            for index in (task..count).step_by(at_once) {
                done.push((index, work(index).await?));
            }
            anyhow::Ok(done)
        });
    }
    let mut all = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        all.extend(done??);
    }
    ensure!(all.len() == count, "{} of {count} were done", all.len());
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, it)| it).collect())
}
