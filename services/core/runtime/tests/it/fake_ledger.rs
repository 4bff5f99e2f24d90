//! A ledger in memory that stores what it is told and checks revisions, and lets a test say what
//! happens between a read and an append. Knows no keys, no signatures and no rules.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::case::event::{
    AgreementAdopted, AgreementReference, Kind, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{AgreementId, CaseId, Digest, EvidenceItem, Office, State};
use domain::rules::{
    Category, Coverage, Direction, Length, Limit, MEANING, OffsetChange, Offsets, Rules, Silence,
    SilenceEffect, Source, Start, Unit, Years,
};
use domain::time::Instant;
use prost::Message;
use proto::command::v1::RevisionMoved;
use proto::ledger::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::ledger::v1::*;
use proto::record::v1::{CompiledRules, Facts, Genesis, Party};
use runtime::caller::{self, Caller};
use runtime::channel;
use runtime::command::Ledger;
use runtime::failure::Failure;
use runtime::server::{Config, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use sha2::Digest as _;
use tonic::{Request, Response, Status};

/// Noon on 1 September 2026, UTC.
pub(crate) const NOW_MS: u64 = 1_788_264_000_000;

/// The case of NL, the first State of the genesis… which is NL, as it sorts first.
pub(crate) const CASE: CaseId = CaseId::new([0x11; 16]);

pub(crate) fn state(code: &str) -> State {
    State::new(code).unwrap()
}

/// What the partner does between the read and the append.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meanwhile {
    /// Nothing.
    Nothing,
    /// It adds evidence: a report.
    Evidence,
    /// It places a hold: an act.
    Hold,
    /// The same append comes from another call first.
    Itself,
}

#[derive(Clone)]
pub(crate) struct FakeLedger(Arc<Mutex<Store>>);

pub(crate) struct Store {
    own: Chain,
    partner: Chain,
    revision: u64,
    corridor_revision: u64,
    local: Vec<LocalEntry>,
    prior: BTreeMap<String, PriorCommand>,
    pub(crate) meanwhile: VecDeque<Meanwhile>,
    pub(crate) appends: u32,
    pub(crate) callers: Vec<CallerContext>,
}

impl FakeLedger {
    /// The ledger of a State after both have adopted an agreement; `filed`: and NL has filed.
    pub(crate) fn new(own: &str, filed: bool) -> Self {
        let chain = |author: &str| Chain { author: author.into(), ..Chain::default() };
        let (mut nl, mut xk) = (chain("NL"), chain("XK"));
        say(&mut nl, &xk, None, &[adoption()]);
        say(&mut xk, &nl, None, &[adoption()]);
        if filed {
            say(&mut nl, &xk, Some(CASE), &[Statement::RequestFiled(request(1))]);
        }
        let (own, partner) = if own == "NL" { (nl, xk) } else { (xk, nl) };
        Self(Arc::new(Mutex::new(Store {
            own,
            partner,
            revision: u64::from(filed),
            corridor_revision: 2,
            local: Vec::new(),
            prior: BTreeMap::new(),
            meanwhile: VecDeque::new(),
            appends: 0,
            callers: Vec::new(),
        })))
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap()
    }

    /// The partner says something and it is stored.
    pub(crate) fn partner_says(&self, statement: Statement) {
        self.store().partner_says(statement);
    }

    /// The partner sends a dispatch without entries: it has heard everything.
    pub(crate) fn partner_hears(&self) {
        let mut store = self.store();
        let own = store.own.clone();
        say(&mut store.partner, &own, None, &[]);
    }

    /// A client of this ledger, as a service of the State has it.
    pub(crate) async fn client(&self) -> Ledger {
        let limits = Config {
            message_bytes_max: 1 << 20,
            calls_per_connection_max: 16,
            call_timeout: Duration::from_secs(30),
        };
        let own = state(&self.store().own.author.clone());
        let caller = Caller::service(own, Office::new("requests").unwrap());
        let services = Services::new().add(LedgerServiceServer::new(self.clone()));
        let connector = serve_in_memory(services, limits, caller, &Shutdown::new()).await.unwrap();
        Ledger::new(channel::in_memory(&connector))
    }
}

impl Store {
    fn partner_says(&mut self, statement: Statement) {
        let own = self.own.clone();
        say(&mut self.partner, &own, Some(CASE), &[statement]);
        self.revision += 1;
    }

    fn write(&mut self, request: &AppendRequest) -> PriorCommand {
        let id = CaseId::from_slice(&request.case_id).unwrap();
        let partner = self.partner.clone();
        let first = self.own.entries.len();
        if !request.entries.is_empty() {
            dispatch(&mut self.own, &partner);
        }
        for entry in &request.entries {
            put(&mut self.own, entry.facts.clone(), entry.body.clone());
        }
        let local_first = self.local.len();
        for entry in &request.local_entries {
            self.local.push(LocalEntry {
                position: self.local.len() as u64,
                time_ms: NOW_MS,
                facts: entry.facts.clone(),
                body: Vec::new(),
                body_state: BodyState::Withheld.into(),
            });
        }
        self.revision += (request.entries.len() + request.local_entries.len()) as u64;
        let written = PriorCommand {
            payload_digest: request.payload_digest.clone(),
            positions: (first as u64..self.own.entries.len() as u64).collect(),
            dispatch: self.own.dispatches.last().cloned().filter(|_| !request.entries.is_empty()),
            local_positions: (local_first as u64..self.local.len() as u64).collect(),
            time_ms: NOW_MS,
            store_position: 100 + u64::from(self.appends),
        };
        assert_eq!(id.as_bytes().as_slice(), request.case_id);
        self.prior.insert(request.request_id.clone(), written.clone());
        written
    }
}

/// A dispatch with these statements, by an author who has heard all of `other`.
fn say(chain: &mut Chain, other: &Chain, case: Option<CaseId>, statements: &[Statement]) {
    dispatch(chain, other);
    for statement in statements {
        put(chain, Facts::from((case, statement)).encode_to_vec(), Vec::new());
    }
}

fn dispatch(chain: &mut Chain, other: &Chain) {
    let number = chain.dispatches.len() as u64;
    let heard = other.dispatches.last().map(|last| Heard {
        era: 0,
        number: last.number,
        digest: last.digest.clone(),
    });
    let digest = sha2::Sha256::digest(format!("{} {number}", chain.author)).to_vec();
    chain.dispatches.push(Dispatch { number, time_ms: NOW_MS, digest, heard });
}

fn put(chain: &mut Chain, facts: Vec<u8>, body: Vec<u8>) {
    let body_state = if body.is_empty() { BodyState::None } else { BodyState::Open };
    chain.entries.push(ChainEntry {
        position: chain.entries.len() as u64,
        dispatch: chain.dispatches.last().unwrap().number,
        facts,
        understood: true,
        body,
        body_state: body_state.into(),
    });
}

fn genesis() -> Vec<u8> {
    let party = |state: &str| Some(Party { state: state.into(), root_key: vec![1; 32] });
    Genesis {
        version: 1,
        environment: "test".into(),
        first: party("NL"),
        second: party("XK"),
        clock_skew_ms: 300_000,
        grace_ms: 86_400_000,
        kinds: Kind::ALL.iter().map(|kind| kind.number()).collect(),
    }
    .encode_to_vec()
}

fn rules() -> Rules {
    let source = || Source { instrument: "TEST".into(), article: Some("1".into()) };
    let limit = Limit {
        length: Length { count: 28, unit: Unit::CalendarDays },
        starts_on: Start::ReceiptOfApplication,
        source: source(),
    };
    let offsets = |code| Offsets {
        state: state(code),
        zone: "Etc/UTC".into(),
        changes: vec![OffsetChange { from: Instant::from_ms(0), seconds: 0 }],
    };
    Rules {
        agreement: AgreementId::new("test").unwrap(),
        version: 1,
        meaning: MEANING,
        title: "An agreement for tests".into(),
        in_force_from: "2014-04-01".parse().unwrap(),
        directions: vec![Direction { requesting: state("NL"), requested: state("XK") }],
        categories: vec![Coverage {
            category: Category::OwnNational,
            application: None,
            source: source(),
        }],
        silence: Silence {
            limit: limit.clone(),
            effect: SilenceEffect::DeemedAccepted,
            source: source(),
            exception: None,
        },
        reply: limit,
        refusal_reasons: None,
        register_check: None,
        interview: None,
        travel_document: None,
        transfer: None,
        transfer_notice: None,
        reply_with_interview: None,
        reply_extension: None,
        transfer_of_third_country_nationals: None,
        transfer_extension: None,
        escorted_transfer_notice: None,
        written_communication: None,
        evidence: vec![domain::rules::Evidence {
            item: EvidenceItem::new("own_statement").unwrap(),
            purpose: domain::rules::Purpose::Nationality,
            strength: domain::rules::Strength::PrimaFacie,
            nationals_of: None,
            source: source(),
        }],
        calendars: Vec::new(),
        offsets: vec![offsets("NL"), offsets("XK")],
        years: Years { first: 2024, last: 2030 },
    }
}

fn rules_digest() -> Digest {
    let bytes = CompiledRules::from(&rules()).encode_to_vec();
    Digest::new(sha2::Sha256::digest(bytes).into())
}

fn adoption() -> Statement {
    Statement::AgreementAdopted(AgreementAdopted {
        agreement: AgreementId::new("test").unwrap(),
        version: 1,
        digest: rules_digest(),
        rules: Some(Box::new(rules())),
    })
}

pub(crate) fn request(serial: u32) -> RequestFiled {
    RequestFiled {
        under: AgreementReference {
            agreement: AgreementId::new("test").unwrap(),
            version: 1,
            digest: rules_digest(),
        },
        category: Category::OwnNational,
        evidence: vec![EvidenceItem::new("own_statement").unwrap()],
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("return-office").unwrap(),
        addressed_to: Office::new("authority").unwrap(),
        year: 2026,
        serial,
        irregular_stay_known_on: None,
    }
}

pub(crate) fn evidence() -> Statement {
    Statement::EvidenceAdded(vec![EvidenceItem::new("own_statement").unwrap()])
}

#[tonic::async_trait]
impl LedgerService for FakeLedger {
    async fn read_case(
        &self,
        request: Request<ReadCaseRequest>,
    ) -> Result<Response<ReadCaseResponse>, Status> {
        caller::of(&request)?.own_service(state(&self.store().own.author))?;
        let request = request.into_inner();
        if request.case != CASE.to_string() && request.case != "NL-XK-2026-000001" {
            return Err(Failure::not_found("case").into());
        }
        let mut store = self.store();
        store.callers.push(request.caller.unwrap());
        Ok(Response::new(ReadCaseResponse {
            case_id: CASE.as_bytes().to_vec(),
            revision: store.revision,
            corridor_revision: store.corridor_revision,
            now_ms: NOW_MS,
            own_state: store.own.author.clone(),
            partner_state: store.partner.author.clone(),
            genesis: genesis(),
            own: Some(store.own.clone()),
            partner: Some(store.partner.clone()),
            local: store.local.clone(),
            prior: store.prior.get(&request.request_id).cloned(),
        }))
    }

    async fn prepare_opening(
        &self,
        request: Request<PrepareOpeningRequest>,
    ) -> Result<Response<PrepareOpeningResponse>, Status> {
        let store = self.store();
        Ok(Response::new(PrepareOpeningResponse {
            case_id: CASE.as_bytes().to_vec(),
            serials: vec![YearSerial { year: 2026, next_serial: 7 }],
            corridor_revision: store.corridor_revision,
            now_ms: NOW_MS,
            own_state: store.own.author.clone(),
            genesis: genesis(),
            own: Some(store.own.clone()),
            partner: Some(store.partner.clone()),
            prior: store.prior.get(&request.into_inner().request_id).cloned(),
        }))
    }

    async fn read_corridor(
        &self,
        request: Request<ReadCorridorRequest>,
    ) -> Result<Response<ReadCorridorResponse>, Status> {
        let store = self.store();
        Ok(Response::new(ReadCorridorResponse {
            corridor_revision: store.corridor_revision,
            now_ms: NOW_MS,
            own_state: store.own.author.clone(),
            genesis: genesis(),
            own: Some(store.own.clone()),
            partner: Some(store.partner.clone()),
            prior: store.prior.get(&request.into_inner().request_id).cloned(),
        }))
    }

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let request = request.into_inner();
        let mut store = self.store();
        store.appends += 1;
        match store.meanwhile.pop_front().unwrap_or(Meanwhile::Nothing) {
            Meanwhile::Nothing => {}
            Meanwhile::Evidence => store.partner_says(evidence()),
            Meanwhile::Hold => store.partner_says(Statement::HoldPlaced),
            Meanwhile::Itself => {
                store.write(&request);
            }
        }
        if let Some(written) = store.prior.get(&request.request_id).cloned() {
            let revision = store.revision;
            let written = Some(written);
            return Ok(Response::new(AppendResponse { written, revision, replayed: true }));
        }
        let moved = RevisionMoved {
            expected_revision: request.expected_revision,
            found_revision: store.revision,
            expected_corridor_revision: request.expected_corridor_revision,
            found_corridor_revision: store.corridor_revision,
        };
        if moved.expected_revision != moved.found_revision
            || moved.expected_corridor_revision != moved.found_corridor_revision
        {
            return Err(Failure::revision_moved(moved).into());
        }
        let written = Some(store.write(&request));
        let revision = store.revision;
        Ok(Response::new(AppendResponse { written, revision, replayed: false }))
    }

    async fn append_corridor(
        &self,
        request: Request<AppendCorridorRequest>,
    ) -> Result<Response<AppendCorridorResponse>, Status> {
        let request = request.into_inner();
        let mut store = self.store();
        let partner = store.partner.clone();
        let first = store.own.entries.len() as u64;
        dispatch(&mut store.own, &partner);
        for facts in request.facts {
            put(&mut store.own, facts, Vec::new());
        }
        store.corridor_revision += 1;
        let written = PriorCommand {
            payload_digest: request.payload_digest,
            positions: (first..store.own.entries.len() as u64).collect(),
            dispatch: store.own.dispatches.last().cloned(),
            time_ms: NOW_MS,
            ..PriorCommand::default()
        };
        store.prior.insert(request.request_id, written.clone());
        let corridor_revision = store.corridor_revision;
        let written = Some(written);
        Ok(Response::new(AppendCorridorResponse { written, corridor_revision, replayed: false }))
    }

    async fn list_labels(
        &self,
        _: Request<ListLabelsRequest>,
    ) -> Result<Response<ListLabelsResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type FollowCasesStream = tokio_stream::Empty<Result<FollowCasesResponse, Status>>;

    async fn follow_cases(
        &self,
        _: Request<FollowCasesRequest>,
    ) -> Result<Response<Self::FollowCasesStream>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type FollowDispatchesStream = tokio_stream::Empty<Result<FollowDispatchesResponse, Status>>;

    async fn follow_dispatches(
        &self,
        _: Request<FollowDispatchesRequest>,
    ) -> Result<Response<Self::FollowDispatchesStream>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type ReadDispatchesStream = tokio_stream::Empty<Result<ReadDispatchesResponse, Status>>;

    async fn read_dispatches(
        &self,
        _: Request<ReadDispatchesRequest>,
    ) -> Result<Response<Self::ReadDispatchesStream>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn import_dispatch(
        &self,
        _: Request<ImportDispatchRequest>,
    ) -> Result<Response<ImportDispatchResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn read_cursor(
        &self,
        _: Request<ReadCursorRequest>,
    ) -> Result<Response<ReadCursorResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn get_heads(
        &self,
        _: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn get_status(
        &self,
        _: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn get_proof(
        &self,
        _: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type ExportEvidenceStream = tokio_stream::Empty<Result<ExportEvidenceResponse, Status>>;

    async fn export_evidence(
        &self,
        _: Request<ExportEvidenceRequest>,
    ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn list_accesses(
        &self,
        _: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn hear_witness(
        &self,
        _: Request<HearWitnessRequest>,
    ) -> Result<Response<HearWitnessResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn take_back_dispatch(
        &self,
        _: Request<TakeBackDispatchRequest>,
    ) -> Result<Response<TakeBackDispatchResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn resume_writing(
        &self,
        _: Request<ResumeWritingRequest>,
    ) -> Result<Response<ResumeWritingResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn set_clock(
        &self,
        _: Request<SetClockRequest>,
    ) -> Result<Response<SetClockResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn list_quarantine(
        &self,
        _: Request<ListQuarantineRequest>,
    ) -> Result<Response<ListQuarantineResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn purge_quarantine(
        &self,
        _: Request<PurgeQuarantineRequest>,
    ) -> Result<Response<PurgeQuarantineResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn list_faults(
        &self,
        _: Request<ListFaultsRequest>,
    ) -> Result<Response<ListFaultsResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }
}
