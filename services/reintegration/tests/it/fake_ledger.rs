//! A ledger of XK in memory with one case: it stores what it is told, opens what it is asked to
//! with a purpose, and lets an agency see what the rules say that it may. No keys, no signatures.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::case::event::{
    AgreementAdopted, AgreementReference, Kind, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{Agency, AgreementId, CaseId, Digest, EvidenceItem, Office, State};
use domain::person::Particulars;
use domain::referral::LocalStatement;
use domain::referral::course::{Access, Referral};
use domain::rules::{
    Category, Coverage, Direction, Length, Limit, MEANING, OffsetChange, Offsets, Rules, Silence,
    SilenceEffect, Source, Start, Unit, Years,
};
use domain::time::Instant;
use prost::Message;
use proto::command::v1::{Purpose, RevisionMoved};
use proto::ledger::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::ledger::v1::*;
use proto::record::v1::{Body, CompiledRules, Facts, Genesis, LocalFacts, Party};
use runtime::caller::{self, Caller};
use runtime::channel;
use runtime::command::Ledger;
use runtime::failure::Failure;
use runtime::server::{Config, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use sha2::Digest as _;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

/// Noon on 1 September 2026, UTC; each dispatch and each local entry is a second later.
const NOW_MS: u64 = 1_788_264_000_000;

pub(crate) const CASE: CaseId = CaseId::new([0x11; 16]);
pub(crate) const NUMBER: &str = "NL-XK-2026-000001";

pub(crate) fn state(code: &str) -> State {
    State::new(code).unwrap()
}

#[derive(Clone)]
pub(crate) struct FakeLedger {
    store: Arc<Mutex<Store>>,
    grown: watch::Sender<usize>,
}

pub(crate) struct Store {
    nl: Chain,
    xk: Chain,
    local: Vec<LocalEntry>,
    records: Vec<FollowCasesResponse>,
    prior: BTreeMap<String, PriorCommand>,
    revision: u64,
    now_ms: u64,
    /// Streams that are followed end here, once, as if the ledger had been restarted.
    pub(crate) cut_at: Option<usize>,
    /// Purposes of reads by agencies.
    pub(crate) purposes: Vec<Purpose>,
}

impl FakeLedger {
    /// Both States have adopted an agreement; NL has filed a request for this person.
    pub(crate) fn new(request: &Particulars) -> Self {
        let chain = |author: &str| Chain { author: author.into(), ..Chain::default() };
        let ledger = Self {
            store: Arc::new(Mutex::new(Store {
                nl: chain("NL"),
                xk: chain("XK"),
                local: Vec::new(),
                records: Vec::new(),
                prior: BTreeMap::new(),
                revision: 0,
                now_ms: NOW_MS,
                cut_at: None,
                purposes: Vec::new(),
            })),
            grown: watch::Sender::new(0),
        };
        let nobody = Particulars::default();
        ledger.store().say("NL", None, &adoption(), &nobody);
        ledger.store().say("XK", None, &adoption(), &nobody);
        ledger.says_with("NL", &Statement::RequestFiled(filed()), request);
        ledger
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// A State says something of the case, and all of it has been heard by both.
    pub(crate) fn says(&self, author: &str, statement: &Statement) -> u64 {
        self.says_with(author, statement, &Particulars::default())
    }

    pub(crate) fn says_with(&self, author: &str, statement: &Statement, with: &Particulars) -> u64 {
        let mut store = self.store();
        let position = store.say(author, Some(CASE), statement, with);
        self.grown.send_replace(store.records.len());
        position
    }

    /// A client of this ledger, as a service of the State has it.
    pub(crate) async fn client(&self) -> Ledger {
        let caller = Caller::service(state("XK"), Office::new("reintegration").unwrap());
        let services = Services::new().add(LedgerServiceServer::new(self.clone()));
        let connector = serve_in_memory(services, limits(), caller, &Shutdown::new()).await;
        Ledger::new(channel::in_memory(&connector.unwrap()))
    }
}

pub(crate) fn limits() -> Config {
    Config {
        message_bytes_max: 1 << 20,
        calls_per_connection_max: 16,
        call_timeout: Duration::from_secs(30),
    }
}

impl Store {
    fn say(
        &mut self,
        author: &str,
        case: Option<CaseId>,
        statement: &Statement,
        with: &Particulars,
    ) -> u64 {
        self.now_ms += 1000;
        let now_ms = self.now_ms;
        let heard = |other: &Chain| {
            let last = other.dispatches.last()?;
            Some(Heard { era: 0, number: last.number, digest: last.digest.clone() })
        };
        let (nl, xk) = (heard(&self.nl), heard(&self.xk));
        let (chain, heard) = if author == "NL" { (&mut self.nl, xk) } else { (&mut self.xk, nl) };
        let number = chain.dispatches.len() as u64;
        let digest = sha2::Sha256::digest(format!("{author} {number}")).to_vec();
        chain.dispatches.push(Dispatch { number, time_ms: now_ms, digest, heard });
        let position = chain.entries.len() as u64;
        let facts = Facts::from((case, statement)).encode_to_vec();
        chain.entries.push(ChainEntry {
            position,
            dispatch: number,
            facts: facts.clone(),
            understood: true,
            body: Body::from(with).encode_to_vec(),
            body_state: BodyState::Open.into(),
        });
        let partner = if author == "NL" { "XK" } else { "NL" };
        self.record(FollowCasesResponse {
            case_id: case.map(|case| case.as_bytes().to_vec()).unwrap_or_default(),
            author: author.to_owned(),
            partner_state: partner.to_owned(),
            facts,
            understood: true,
            log_position: position,
            dispatch: number,
            kind: RecordKind::Entry.into(),
            ..FollowCasesResponse::default()
        });
        self.revision += u64::from(case.is_some());
        // The other State has heard it: a receipt, which nobody follows here.
        let (other, heard) = if author == "NL" {
            (&mut self.xk, self.nl.dispatches.last())
        } else {
            (&mut self.nl, self.xk.dispatches.last())
        };
        let heard =
            heard.map(|last| Heard { era: 0, number: last.number, digest: last.digest.clone() });
        let number = other.dispatches.len() as u64;
        let digest = sha2::Sha256::digest(format!("{partner} {number}")).to_vec();
        other.dispatches.push(Dispatch { number, time_ms: now_ms, digest, heard });
        position
    }

    /// Positions have gaps, as records of other kinds lie between.
    fn record(&mut self, record: FollowCasesResponse) {
        let position = self.records.len() as u64 * 3 + 1;
        self.records.push(FollowCasesResponse { position, time_ms: self.now_ms, ..record });
    }

    fn write(&mut self, request: &AppendRequest) -> PriorCommand {
        assert!(request.entries.is_empty(), "this service writes to the local log alone");
        let first = self.local.len() as u64;
        for entry in &request.local_entries {
            self.now_ms += 1000;
            let position = self.local.len() as u64;
            self.local.push(LocalEntry {
                position,
                time_ms: self.now_ms,
                facts: entry.facts.clone(),
                body: entry.body.clone(),
                body_state: BodyState::Open.into(),
            });
            self.record(FollowCasesResponse {
                case_id: request.case_id.clone(),
                author: "XK".to_owned(),
                partner_state: "NL".to_owned(),
                facts: entry.facts.clone(),
                understood: true,
                log_position: position,
                kind: RecordKind::LocalEntry.into(),
                ..FollowCasesResponse::default()
            });
        }
        self.revision += request.local_entries.len() as u64;
        let written = PriorCommand {
            payload_digest: request.payload_digest.clone(),
            positions: Vec::new(),
            dispatch: None,
            local_positions: (first..self.local.len() as u64).collect(),
            time_ms: self.now_ms,
            store_position: self.records.last().map(|it| it.position).unwrap_or_default(),
        };
        self.prior.insert(request.request_id.clone(), written.clone());
        written
    }

    fn may_see(&self, caller: &CallerContext) -> bool {
        let said: Vec<LocalStatement> = self
            .local
            .iter()
            .map(|entry| LocalFacts::decode(entry.facts.as_slice()).unwrap())
            .map(|facts| <(CaseId, LocalStatement)>::try_from(facts).unwrap().1)
            .collect();
        match caller.role() {
            Role::Agency => {
                let agency = Agency::new(&caller.organisation).unwrap();
                Referral::of(&agency, &said).access() == Access::Granted
            }
            Role::Office => caller.organisation == "authority",
            Role::Service => true,
            Role::Unspecified | Role::Consulate | Role::Overseer | Role::Operator | Role::Node => {
                false
            }
        }
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

fn filed() -> RequestFiled {
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
        serial: 1,
        irregular_stay_known_on: None,
    }
}

fn withheld(mut chain: Chain, purpose: Purpose) -> Chain {
    if purpose == Purpose::Unspecified {
        for entry in &mut chain.entries {
            entry.body.clear();
            entry.body_state = BodyState::Withheld.into();
        }
    }
    chain
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl LedgerService for FakeLedger {
    async fn read_case(
        &self,
        request: Request<ReadCaseRequest>,
    ) -> Result<Response<ReadCaseResponse>, Status> {
        caller::of(&request)?.own_service(state("XK"))?;
        let request = request.into_inner();
        let mut store = self.store();
        let caller = request.caller.unwrap();
        let named = [CASE.to_string(), NUMBER.to_owned()].contains(&request.case);
        if !named || !store.may_see(&caller) {
            return Err(Failure::not_found("case").into());
        }
        let purpose = caller.purpose();
        if caller.role() == Role::Agency {
            store.purposes.push(purpose);
        }
        let mut local = store.local.clone();
        if purpose == Purpose::Unspecified {
            for entry in &mut local {
                entry.body.clear();
                entry.body_state = BodyState::Withheld.into();
            }
        }
        Ok(Response::new(ReadCaseResponse {
            case_id: CASE.as_bytes().to_vec(),
            revision: store.revision,
            corridor_revision: 2,
            now_ms: store.now_ms,
            own_state: "XK".to_owned(),
            partner_state: "NL".to_owned(),
            genesis: genesis(),
            own: Some(withheld(store.xk.clone(), purpose)),
            partner: Some(withheld(store.nl.clone(), purpose)),
            local,
            prior: store.prior.get(&request.request_id).cloned(),
        }))
    }

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let request = request.into_inner();
        let mut store = self.store();
        if request.expected_revision != store.revision {
            return Err(Failure::revision_moved(RevisionMoved::default()).into());
        }
        let written = Some(store.write(&request));
        let revision = store.revision;
        self.grown.send_replace(store.records.len());
        Ok(Response::new(AppendResponse { written, revision, replayed: false }))
    }

    type FollowCasesStream = Answers<FollowCasesResponse>;

    async fn follow_cases(
        &self,
        request: Request<FollowCasesRequest>,
    ) -> Result<Response<Self::FollowCasesStream>, Status> {
        let wanted = request.into_inner();
        assert!(wanted.with_local && wanted.case_id.is_empty());
        let first = {
            let store = self.store();
            store.records.partition_point(|record| record.position < wanted.from_position)
        };
        let state = (self.clone(), self.grown.subscribe(), first);
        let answers = futures::stream::unfold(state, |(ledger, mut grown, next)| async move {
            let record = loop {
                grown.borrow_and_update();
                let found = {
                    let mut store = ledger.store();
                    if store.cut_at == Some(next) {
                        store.cut_at = None;
                        return None;
                    }
                    store.records.get(next).cloned()
                };
                if let Some(record) = found {
                    break record;
                }
                grown.changed().await.unwrap();
            };
            Some((Ok(record), (ledger, grown, next + 1)))
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_status(
        &self,
        _: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        let store_position = self.store().records.last().map(|record| record.position);
        Ok(Response::new(GetStatusResponse { store_position, ..Default::default() }))
    }

    async fn prepare_opening(
        &self,
        _: Request<PrepareOpeningRequest>,
    ) -> Result<Response<PrepareOpeningResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn read_corridor(
        &self,
        _: Request<ReadCorridorRequest>,
    ) -> Result<Response<ReadCorridorResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn append_corridor(
        &self,
        _: Request<AppendCorridorRequest>,
    ) -> Result<Response<AppendCorridorResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn list_labels(
        &self,
        _: Request<ListLabelsRequest>,
    ) -> Result<Response<ListLabelsResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type FollowDispatchesStream = Answers<FollowDispatchesResponse>;

    async fn follow_dispatches(
        &self,
        _: Request<FollowDispatchesRequest>,
    ) -> Result<Response<Self::FollowDispatchesStream>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type ReadDispatchesStream = Answers<ReadDispatchesResponse>;

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

    async fn get_proof(
        &self,
        _: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    type ExportEvidenceStream = Answers<ExportEvidenceResponse>;

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
