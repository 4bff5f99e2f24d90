//! Two States with a ledger each, in memory: chains, hearing, bodies, views and a clock that the
//! test sets. No keys, no signatures; shared by the tests of the services above the ledger.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::case::Case;
use domain::case::event::{Kind, Statement};
use domain::chain;
use domain::corridor::Corridor;
use domain::identifier::{AgreementId, CaseId, CaseNumber, Digest, Office, State};
use domain::referral::LocalStatement;
use domain::rules::Rules;
use domain::time::{Instant, Span};
use prost::Message;
use proto::command::v1::{Purpose, RevisionMoved};
use proto::ledger::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::ledger::v1::*;
use proto::record::v1::{Genesis, Party};
use record::digest::sha256;
use runtime::caller::Caller;
use runtime::channel;
use runtime::command::Ledger;
use runtime::config::{Duty, OfficeEntry, Organisations};
use runtime::failure::Failure;
use runtime::server::{Config, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

/// 09:00 UTC on 2 March 2026.
pub(crate) const START_MS: u64 = 1_772_442_000_000;
pub(crate) const HOUR_MS: u64 = 3_600_000;
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

pub(crate) const RETURN_OFFICE: &str = "spiffe://nl.readmit/office/return-office/official/t.tester";
pub(crate) const OTHER_OFFICE: &str = "spiffe://nl.readmit/office/other-office/official/t.tester";
pub(crate) const AUTHORITY: &str = "spiffe://xk.readmit/office/authority/official/a.tester";
pub(crate) const CONSULATE: &str =
    "spiffe://xk.readmit/consulate/consulate-brussels/official/c.tester";
pub(crate) const AGENCY: &str = "spiffe://nl.readmit/agency/homeward/official/h.tester";
pub(crate) const OVERSEER: &str = "spiffe://nl.readmit/overseer/ombuds/official/o.tester";

pub(crate) fn state(code: &str) -> State {
    State::new(code).unwrap()
}

pub(crate) const LIMITS: Config = Config {
    message_bytes_max: 1 << 20,
    calls_per_connection_max: 64,
    call_timeout: Duration::from_secs(30),
};

/// Offices and consulates of a State of the test.
pub(crate) fn organisations(of: State) -> Organisations {
    let office = |name: &str, duty| {
        (Office::new(name).unwrap(), OfficeEntry { title: name.into(), duties: vec![duty] })
    };
    if of == state("NL") {
        let offices =
            [office("return-office", Duty::Returns), office("other-office", Duty::Returns)];
        Organisations { offices: offices.into(), ..Organisations::default() }
    } else {
        Organisations {
            offices: [office("authority", Duty::Answers)].into(),
            consulates: [(Office::new("consulate-brussels").unwrap(), String::new())].into(),
            ..Organisations::default()
        }
    }
}

/// The rules of the first corridor, as they are compiled.
pub(crate) fn rules() -> Rules {
    let id = AgreementId::new("benelux_kosovo_2011").unwrap();
    let pair = (state("NL"), state("XK"));
    agreements::compile(&id, 1, pair, "2026-03-02".parse().unwrap()).unwrap()
}

/// Both States and what each has stored.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

struct Inner {
    now_ms: u64,
    /// Whether what is written is heard at once.
    connected: bool,
    nodes: BTreeMap<State, Node>,
}

struct Node {
    own: Chain,
    partner: Chain,
    local: BTreeMap<CaseId, Vec<LocalEntry>>,
    prior: BTreeMap<(String, String), (CaseId, PriorCommand)>,
    records: Vec<FollowCasesResponse>,
    accesses: Vec<Access>,
    grown: watch::Sender<u64>,
}

impl World {
    /// Both States have adopted the agreement and are connected.
    pub(crate) fn new() -> Self {
        Self::adopted_by(&["NL", "XK"])
    }

    /// These States have adopted the agreement.
    pub(crate) fn adopted_by(states: &[&str]) -> Self {
        Self::under(&rules(), states)
    }

    /// These States have adopted these rules.
    pub(crate) fn under(rules: &Rules, states: &[&str]) -> Self {
        let node = |own: &str, partner: &str| {
            let chain = |author: &str| Chain { author: author.into(), ..Chain::default() };
            let node = Node {
                own: chain(own),
                partner: chain(partner),
                local: BTreeMap::new(),
                prior: BTreeMap::new(),
                records: Vec::new(),
                accesses: Vec::new(),
                grown: watch::Sender::new(0),
            };
            (state(own), node)
        };
        let inner = Inner {
            now_ms: START_MS,
            connected: true,
            nodes: [node("NL", "XK"), node("XK", "NL")].into(),
        };
        let world = Self(Arc::new(Mutex::new(inner)));
        for by in states {
            world.says(
                by,
                None,
                Statement::AgreementAdopted(record::rules::adoption(rules.clone())),
            );
        }
        world
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// A State says something, as a service of it that is not here would.
    pub(crate) fn says(&self, by: &str, case: Option<CaseId>, statement: Statement) -> u64 {
        let facts = record::facts::encode(case, &statement);
        let mut inner = self.inner();
        let by = state(by);
        inner.write(by, case, &[NewEntry { facts, body: Vec::new() }]);
        inner.nodes[&by].own.entries.last().unwrap().position
    }

    /// A State says something that nobody understands.
    pub(crate) fn says_unknown(&self, by: &str, case: CaseId) {
        let facts = [&[0x0a, 0x10], case.as_bytes().as_slice(), &[0xff]].concat();
        let mut inner = self.inner();
        inner.write(state(by), Some(case), &[NewEntry { facts, body: Vec::new() }]);
    }

    /// A State writes to its local log.
    pub(crate) fn notes(&self, by: &str, case: CaseId, statement: &LocalStatement) {
        let facts = record::facts::encode_local(case, statement);
        let mut inner = self.inner();
        let time_ms = inner.now_ms;
        let local = inner.nodes.get_mut(&state(by)).unwrap().local.entry(case).or_default();
        let position = local.len() as u64;
        let body_state = BodyState::None.into();
        local.push(LocalEntry { position, time_ms, facts, body: Vec::new(), body_state });
    }

    /// Time passes on both sides; both then send an empty dispatch, if they are connected.
    pub(crate) fn pass(&self, ms: u64) {
        let mut inner = self.inner();
        inner.now_ms += ms;
        if inner.connected {
            for by in ["NL", "XK"] {
                inner.receipt(state(by));
            }
            inner.deliver();
        }
    }

    /// Nothing arrives any more, until [`World::connect`].
    pub(crate) fn disconnect(&self) {
        self.inner().connected = false;
    }

    /// Everything arrives, and is answered.
    pub(crate) fn connect(&self) {
        let mut inner = self.inner();
        inner.connected = true;
        inner.deliver();
    }

    /// How many records a State has stored.
    pub(crate) fn stored(&self, of: &str) -> usize {
        self.inner().nodes[&state(of)].records.len()
    }

    /// The case, as a State derives it.
    pub(crate) fn case(&self, of: &str, id: CaseId) -> Case {
        self.inner().case(state(of), id).unwrap()
    }

    /// A client of a State's ledger, as a service has it.
    pub(crate) async fn ledger(&self, of: &str) -> Ledger {
        let own = state(of);
        let caller = Caller::service(own, Office::new("tests").unwrap());
        let server = LedgerServiceServer::new(FakeLedger { world: self.clone(), own });
        let services = Services::new().add(server);
        let connector = serve_in_memory(services, LIMITS, caller, &Shutdown::new()).await.unwrap();
        Ledger::new(channel::in_memory(&connector))
    }
}

/// A channel to services, as somebody with this identity.
pub(crate) async fn as_caller(services: Services, identity: &str) -> Channel {
    let caller = Caller::parse(identity).unwrap();
    let connector = serve_in_memory(services, LIMITS, caller, &Shutdown::new()).await.unwrap();
    channel::in_memory(&connector)
}

impl Inner {
    fn node(&mut self, of: State) -> &mut Node {
        self.nodes.get_mut(&of).unwrap()
    }

    /// A dispatch of a State, which has heard all that it has stored of the other.
    fn dispatch(&mut self, by: State) {
        let time_ms = self.now_ms;
        let node = self.node(by);
        let number = node.own.dispatches.len() as u64;
        let heard = node.partner.dispatches.last().map(|last| Heard {
            era: 0,
            number: last.number,
            digest: last.digest.clone(),
        });
        let digest = sha256(&[format!("{by} {number}").as_bytes()]).as_bytes().to_vec();
        node.own.dispatches.push(Dispatch { number, time_ms, digest, heard });
    }

    /// A dispatch without entries.
    fn receipt(&mut self, by: State) {
        self.dispatch(by);
        let node = self.node(by);
        let receipt = FollowCasesResponse {
            dispatch: node.own.dispatches.len() as u64 - 1,
            kind: RecordKind::Receipt.into(),
            ..node.record(by, by)
        };
        node.keep(receipt);
    }

    fn write(&mut self, by: State, case: Option<CaseId>, entries: &[NewEntry]) {
        self.dispatch(by);
        let time_ms = self.now_ms;
        let node = self.node(by);
        let dispatch = node.own.dispatches.last().unwrap().number;
        for entry in entries {
            let understood = record::facts::read(&entry.facts) != chain::Content::NotUnderstood;
            let body_state = if entry.body.is_empty() { BodyState::None } else { BodyState::Open };
            let stored = ChainEntry {
                position: node.own.entries.len() as u64,
                dispatch,
                facts: entry.facts.clone(),
                understood,
                body: entry.body.clone(),
                body_state: body_state.into(),
            };
            // Facts that nobody understands still belong to the case that they were sent for.
            node.own.entries.push(stored.clone());
            let record = followed(node.record(by, by), &stored, case, time_ms);
            node.keep(record);
        }
        if self.connected {
            self.deliver();
        }
    }

    /// Each State stores what the other has sent; a dispatch with entries is answered.
    fn deliver(&mut self) {
        let states: Vec<State> = self.nodes.keys().copied().collect();
        loop {
            let mut answered = false;
            for (to, from) in [(states[0], states[1]), (states[1], states[0])] {
                let sent = self.nodes[&from].own.clone();
                let node = self.node(to);
                let news: Vec<Dispatch> =
                    sent.dispatches.iter().skip(node.partner.dispatches.len()).cloned().collect();
                let entries: Vec<ChainEntry> =
                    sent.entries.iter().skip(node.partner.entries.len()).cloned().collect();
                for dispatch in news {
                    let number = dispatch.number;
                    node.partner.dispatches.push(dispatch);
                    if entries.iter().all(|entry| entry.dispatch != number) {
                        let receipt = FollowCasesResponse {
                            dispatch: number,
                            kind: RecordKind::Receipt.into(),
                            ..node.record(to, from)
                        };
                        node.keep(receipt);
                    }
                }
                answered |= !entries.is_empty();
                for entry in &entries {
                    let time_ms = node.partner.dispatches[entry.dispatch as usize].time_ms;
                    let case = record::facts::claimed_case(&entry.facts);
                    let record = followed(node.record(to, from), entry, case, time_ms);
                    node.keep(record);
                }
                if !entries.is_empty() {
                    node.partner.entries.extend(entries);
                    self.receipt(to);
                }
            }
            if !answered {
                return;
            }
        }
    }

    fn case(&self, of: State, id: CaseId) -> Option<Case> {
        let node = &self.nodes[&of];
        Case::of(&corridor(), id, &domain_chain(&node.own), &domain_chain(&node.partner))
    }

    fn cases(&self, of: State) -> BTreeSet<CaseId> {
        let node = &self.nodes[&of];
        let entries = node.own.entries.iter().chain(&node.partner.entries);
        entries.filter_map(|entry| record::facts::claimed_case(&entry.facts)).collect()
    }

    /// The case of this id or number, if the caller may see it.
    fn find(&self, of: State, caller: &CallerContext, text: &str) -> Option<(CaseId, Case)> {
        let id = CaseId::parse(text).ok().or_else(|| {
            let number = CaseNumber::parse(text).ok()?;
            let is =
                |id: &CaseId| self.case(of, *id).is_some_and(|case| case.number == Some(number));
            self.cases(of).into_iter().find(is)
        })?;
        let case = self.case(of, id)?;
        let office = || Office::new(&caller.organisation).unwrap();
        let may = match caller.role() {
            Role::Office | Role::Consulate => case.offices(of).contains(&office()),
            Role::Overseer | Role::Service => true,
            Role::Agency | Role::Operator | Role::Node | Role::Unspecified => false,
        };
        may.then_some((id, case))
    }

    fn revision(&self, of: State, id: CaseId) -> u64 {
        let node = &self.nodes[&of];
        let of_case = |it: &&ChainEntry| record::facts::claimed_case(&it.facts) == Some(id);
        let count = |chain: &Chain| chain.entries.iter().filter(of_case).count();
        let local = node.local.get(&id).map_or(0, Vec::len);
        (count(&node.own) + count(&node.partner) + local) as u64
    }
}

impl Node {
    fn record(&self, own: State, author: State) -> FollowCasesResponse {
        FollowCasesResponse {
            position: self.records.len() as u64,
            author: author.to_string(),
            partner_state: if own == state("NL") { "XK" } else { "NL" }.into(),
            ..FollowCasesResponse::default()
        }
    }

    fn keep(&mut self, record: FollowCasesResponse) {
        self.records.push(record);
        self.grown.send_replace(self.records.len() as u64);
    }
}

fn followed(
    record: FollowCasesResponse,
    entry: &ChainEntry,
    case: Option<CaseId>,
    time_ms: u64,
) -> FollowCasesResponse {
    FollowCasesResponse {
        case_id: case.map(|case| case.as_bytes().to_vec()).unwrap_or_default(),
        facts: entry.facts.clone(),
        understood: entry.understood,
        log_position: entry.position,
        dispatch: entry.dispatch,
        time_ms,
        kind: RecordKind::Entry.into(),
        ..record
    }
}

fn genesis() -> Vec<u8> {
    let party = |state: &str| Some(Party { state: state.into(), root_key: vec![1; 32] });
    Genesis {
        version: 1,
        environment: "test".into(),
        first: party("NL"),
        second: party("XK"),
        clock_skew_ms: 300_000,
        grace_ms: DAY_MS,
        kinds: Kind::ALL.iter().map(|kind| kind.number()).collect(),
    }
    .encode_to_vec()
}

fn corridor() -> Corridor {
    Corridor {
        genesis: sha256(&[&genesis()]),
        first: state("NL"),
        second: state("XK"),
        skew: Span::from_ms(300_000),
        grace: Span::from_ms(DAY_MS),
        kinds: Kind::ALL.iter().map(|kind| kind.number()).collect(),
    }
}

fn domain_chain(sent: &Chain) -> chain::Chain {
    let mut chain = chain::Chain::new(state(&sent.author));
    for it in &sent.dispatches {
        let digest = |bytes: &[u8]| Digest::from_slice(bytes).unwrap();
        let heard = it.heard.as_ref().map(|heard| chain::Heard {
            era: heard.era,
            number: heard.number,
            digest: digest(&heard.digest),
        });
        let (number, time) = (it.number, Instant::from_ms(it.time_ms));
        let digest = digest(&it.digest);
        chain.dispatches.insert(number, chain::Dispatch { number, time, digest, heard });
    }
    chain.entries = sent
        .entries
        .iter()
        .map(|it| chain::Entry {
            position: it.position,
            dispatch: it.dispatch,
            case: record::facts::claimed_case(&it.facts),
            content: record::facts::read(&it.facts),
        })
        .collect();
    chain
}

/// A chain as a reader with this purpose gets it.
fn disclosed(chain: &Chain, purpose: i32) -> Chain {
    let mut chain = chain.clone();
    if purpose == i32::from(Purpose::Unspecified) {
        for entry in chain.entries.iter_mut().filter(|it| !it.body.is_empty()) {
            entry.body.clear();
            entry.body_state = BodyState::Withheld.into();
        }
    }
    chain
}

#[derive(Clone)]
struct FakeLedger {
    world: World,
    own: State,
}

type Sent<T> = ReceiverStream<Result<T, Status>>;

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not in this fake"))
}

#[tonic::async_trait]
impl LedgerService for FakeLedger {
    async fn read_case(
        &self,
        request: Request<ReadCaseRequest>,
    ) -> Result<Response<ReadCaseResponse>, Status> {
        let it = request.into_inner();
        let caller = it.caller.unwrap();
        let mut inner = self.world.inner();
        let Some((id, _)) = inner.find(self.own, &caller, &it.case) else {
            return Err(Failure::not_found("case").into());
        };
        let now_ms = inner.now_ms;
        let revision = inner.revision(self.own, id);
        let node = inner.node(self.own);
        let kind = if caller.purpose == 0 { AccessKind::Read } else { AccessKind::Disclosure };
        node.accesses.push(Access {
            position: node.accesses.len() as u64,
            time_ms: now_ms,
            caller: Some(caller.clone()),
            case_id: id.as_bytes().to_vec(),
            kind: kind.into(),
            vouched: Vec::new(),
        });
        let prior = node.prior.get(&(caller.identity.clone(), it.request_id));
        Ok(Response::new(ReadCaseResponse {
            case_id: id.as_bytes().to_vec(),
            revision,
            corridor_revision: 2,
            now_ms,
            own_state: self.own.to_string(),
            partner_state: node.partner.author.clone(),
            genesis: genesis(),
            own: Some(disclosed(&node.own, caller.purpose)),
            partner: Some(disclosed(&node.partner, caller.purpose)),
            local: node.local.get(&id).cloned().unwrap_or_default(),
            prior: prior.filter(|(of, _)| *of == id).map(|(_, prior)| prior.clone()),
        }))
    }

    async fn prepare_opening(
        &self,
        request: Request<PrepareOpeningRequest>,
    ) -> Result<Response<PrepareOpeningResponse>, Status> {
        let it = request.into_inner();
        let identity = it.caller.unwrap().identity;
        let mut inner = self.world.inner();
        let numbers: Vec<CaseNumber> = inner
            .cases(self.own)
            .into_iter()
            .filter_map(|id| inner.case(self.own, id)?.number)
            .filter(|number| number.requesting == self.own)
            .collect();
        // The one year of the tests; kept for whoever asks first, as nobody here asks at once.
        let mut serials: BTreeMap<u32, u32> = [(2026, 1)].into();
        for number in numbers {
            let next = serials.entry(number.year).or_default();
            *next = (*next).max(number.serial + 1);
        }
        let now_ms = inner.now_ms;
        let node = inner.node(self.own);
        let prior = node.prior.get(&(identity.clone(), it.request_id.clone()));
        let hash = sha256(&[identity.as_bytes(), it.request_id.as_bytes()]);
        let founder = corridor().founder(self.own).unwrap();
        let id = CaseId::from_slice(&hash.as_bytes()[..16]).unwrap().founded_by(founder);
        Ok(Response::new(PrepareOpeningResponse {
            case_id: id.as_bytes().to_vec(),
            serials: serials
                .into_iter()
                .map(|(year, next_serial)| YearSerial { year, next_serial })
                .collect(),
            corridor_revision: 2,
            now_ms,
            own_state: self.own.to_string(),
            genesis: genesis(),
            own: Some(disclosed(&node.own, 0)),
            partner: Some(disclosed(&node.partner, 0)),
            prior: prior.map(|(_, prior)| prior.clone()),
        }))
    }

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let it = request.into_inner();
        let id = CaseId::from_slice(&it.case_id).unwrap();
        let mut inner = self.world.inner();
        let found_revision = inner.revision(self.own, id);
        if found_revision != it.expected_revision {
            let expected_revision = it.expected_revision;
            let moved = RevisionMoved { expected_revision, found_revision, ..Default::default() };
            return Err(Failure::revision_moved(moved).into());
        }
        let first = inner.nodes[&self.own].own.entries.len() as u64;
        let numbered = inner.nodes[&self.own].own.dispatches.len();
        inner.write(self.own, Some(id), &it.entries);
        let time_ms = inner.now_ms;
        let revision = inner.revision(self.own, id);
        let node = inner.node(self.own);
        let written = PriorCommand {
            payload_digest: it.payload_digest,
            positions: (first..node.own.entries.len() as u64).collect(),
            dispatch: node.own.dispatches.get(numbered).cloned(),
            local_positions: Vec::new(),
            time_ms,
            store_position: node.records.len() as u64 - 1,
        };
        let name = (it.caller.unwrap().identity, it.request_id);
        node.prior.insert(name, (id, written.clone()));
        let written = Some(written);
        Ok(Response::new(AppendResponse { written, revision, replayed: false }))
    }

    async fn list_labels(
        &self,
        request: Request<ListLabelsRequest>,
    ) -> Result<Response<ListLabelsResponse>, Status> {
        let it = request.into_inner();
        let inner = self.world.inner();
        let mut labels: BTreeSet<(String, CaseId)> = BTreeSet::new();
        for id in inner.cases(self.own) {
            let case = inner.case(self.own, id).unwrap();
            labels.extend(case.labels(self.own).into_iter().map(|label| (label, id)));
        }
        let after = it.after.map(|it| (it.label, CaseId::from_slice(&it.case_id).unwrap()));
        let labels = labels
            .into_iter()
            .filter(|(label, _)| label.starts_with(&it.prefix))
            .filter(|found| after.as_ref().is_none_or(|after| found > after))
            .take(it.limit as usize)
            .map(|(label, id)| Label { label, case_id: id.as_bytes().to_vec() })
            .collect();
        let upto_position = inner.nodes[&self.own].records.len() as u64 - 1;
        Ok(Response::new(ListLabelsResponse { labels, upto_position }))
    }

    type FollowCasesStream = Sent<FollowCasesResponse>;

    async fn follow_cases(
        &self,
        request: Request<FollowCasesRequest>,
    ) -> Result<Response<Self::FollowCasesStream>, Status> {
        let it = request.into_inner();
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let (world, own) = (self.world.clone(), self.own);
        let mut grown = world.inner().node(own).grown.subscribe();
        tokio::spawn(async move {
            let mut next = it.from_position;
            loop {
                grown.borrow_and_update();
                let records: Vec<FollowCasesResponse> =
                    world.inner().nodes[&own].records.iter().skip(next as usize).cloned().collect();
                for record in records {
                    next = record.position + 1;
                    let receipt = record.kind() == RecordKind::Receipt;
                    let wanted =
                        if receipt { it.with_receipts } else { record.case_id == it.case_id };
                    if wanted && sender.send(Ok(record)).await.is_err() {
                        return;
                    }
                }
                tokio::select! {
                    changed = grown.changed() => if changed.is_err() { return },
                    () = sender.closed() => return,
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn get_proof(
        &self,
        request: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        let it = request.into_inner();
        let mut inner = self.world.inner();
        let node = inner.node(self.own);
        let chain = if it.author == self.own.to_string() { &node.own } else { &node.partner };
        let entry = chain.entries.iter().find(|entry| entry.position == it.position);
        let entry = entry.ok_or_else(|| Failure::not_found("entry"))?;
        let log_size = chain.entries.len() as u64;
        let facts = entry.facts.clone();
        Ok(Response::new(GetProofResponse { facts, log_size, ..GetProofResponse::default() }))
    }

    type ExportEvidenceStream = Sent<ExportEvidenceResponse>;

    async fn export_evidence(
        &self,
        _: Request<ExportEvidenceRequest>,
    ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        for chunk in [vec![1, 2], vec![3]] {
            let part = ExportEvidenceResponse { chunk, total_bytes: 3 };
            sender.send(Ok(part)).await.unwrap();
        }
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn list_accesses(
        &self,
        request: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        let it = request.into_inner();
        let mut inner = self.world.inner();
        let all = &inner.node(self.own).accesses;
        let wanted = all.iter().skip(it.from_position as usize);
        let accesses: Vec<Access> = wanted.take(it.limit as usize).cloned().collect();
        let more = it.from_position as usize + accesses.len() < all.len();
        Ok(Response::new(ListAccessesResponse { accesses, more }))
    }

    async fn read_corridor(
        &self,
        _: Request<ReadCorridorRequest>,
    ) -> Result<Response<ReadCorridorResponse>, Status> {
        not_here()
    }

    async fn append_corridor(
        &self,
        _: Request<AppendCorridorRequest>,
    ) -> Result<Response<AppendCorridorResponse>, Status> {
        not_here()
    }

    type FollowDispatchesStream = Sent<FollowDispatchesResponse>;

    async fn follow_dispatches(
        &self,
        _: Request<FollowDispatchesRequest>,
    ) -> Result<Response<Self::FollowDispatchesStream>, Status> {
        not_here()
    }

    type ReadDispatchesStream = Sent<ReadDispatchesResponse>;

    async fn read_dispatches(
        &self,
        _: Request<ReadDispatchesRequest>,
    ) -> Result<Response<Self::ReadDispatchesStream>, Status> {
        not_here()
    }

    async fn import_dispatch(
        &self,
        _: Request<ImportDispatchRequest>,
    ) -> Result<Response<ImportDispatchResponse>, Status> {
        not_here()
    }

    async fn read_cursor(
        &self,
        _: Request<ReadCursorRequest>,
    ) -> Result<Response<ReadCursorResponse>, Status> {
        not_here()
    }

    async fn get_heads(
        &self,
        _: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        not_here()
    }

    async fn get_status(
        &self,
        _: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        not_here()
    }

    async fn hear_witness(
        &self,
        _: Request<HearWitnessRequest>,
    ) -> Result<Response<HearWitnessResponse>, Status> {
        not_here()
    }

    async fn take_back_dispatch(
        &self,
        _: Request<TakeBackDispatchRequest>,
    ) -> Result<Response<TakeBackDispatchResponse>, Status> {
        not_here()
    }

    async fn resume_writing(
        &self,
        _: Request<ResumeWritingRequest>,
    ) -> Result<Response<ResumeWritingResponse>, Status> {
        not_here()
    }

    async fn set_clock(
        &self,
        _: Request<SetClockRequest>,
    ) -> Result<Response<SetClockResponse>, Status> {
        not_here()
    }

    async fn list_quarantine(
        &self,
        _: Request<ListQuarantineRequest>,
    ) -> Result<Response<ListQuarantineResponse>, Status> {
        not_here()
    }

    async fn purge_quarantine(
        &self,
        _: Request<PurgeQuarantineRequest>,
    ) -> Result<Response<PurgeQuarantineResponse>, Status> {
        not_here()
    }

    async fn list_faults(
        &self,
        _: Request<ListFaultsRequest>,
    ) -> Result<Response<ListFaultsResponse>, Status> {
        not_here()
    }
}
