//! A ledger in memory that numbers, parks and answers dispatches as a real one does, without keys
//! and signatures: a dispatch is its number, what its author had heard, and a text.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use domain::identifier::{Office, State};
use exchange::Clients;
use proto::ledger::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use proto::ledger::v1::supply_service_client::SupplyServiceClient;
use proto::ledger::v1::supply_service_server::SupplyServiceServer;
use proto::ledger::v1::*;
use runtime::caller::{self, Caller};
use runtime::channel;
use runtime::command::Ledger;
use runtime::server::{Config, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::fake_supply::Wanted;

/// Digest of the genesis.
pub(crate) const GENESIS: [u8; 32] = [9; 32];

/// A dispatch, in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clear {
    pub(crate) number: u64,
    /// The partner's last dispatch that its author had stored.
    pub(crate) heard: Option<u64>,
    /// Empty for a receipt.
    pub(crate) text: String,
}

impl Clear {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let heard = self.heard.map_or(0, |number| number + 1);
        let mut bytes = b"dispatch".to_vec();
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(heard.to_be_bytes());
        bytes.extend(self.text.as_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (number, rest) = bytes.strip_prefix(b"dispatch")?.split_first_chunk::<8>()?;
        let (heard, text) = rest.split_first_chunk::<8>()?;
        Some(Self {
            number: u64::from_be_bytes(*number),
            heard: u64::from_be_bytes(*heard).checked_sub(1),
            text: String::from_utf8(text.to_vec()).ok()?,
        })
    }
}

#[derive(Clone)]
pub(crate) struct FakeLedger {
    pub(crate) own: State,
    store: Arc<Mutex<Store>>,
    grown: watch::Sender<usize>,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) own: Vec<Clear>,
    pub(crate) partner: Vec<Clear>,
    parked: BTreeMap<u64, Clear>,
    cursors: BTreeMap<String, Vec<u8>>,
    /// Dispatches that arrived although they were there.
    pub(crate) duplicates: u32,
    /// How often something arrived before what precedes it.
    pub(crate) gaps: u32,
    /// Whether it waits for own words after a restore, and lets nothing in before.
    pub(crate) holds_back: bool,
    /// The numbers of what arrived meanwhile.
    pub(crate) held_back: Vec<u64>,
    /// How many of the next calls fail.
    pub(crate) failures: u32,
    /// What is lacking.
    pub(crate) wanted: Vec<Wanted>,
    /// Whether what is lacking is so since an hour, and nobody was told.
    pub(crate) hour_is_over: bool,
    /// How often the list of what is lacking was begun.
    pub(crate) rounds: u32,
    /// Cases that were read: none of them is there.
    pub(crate) read_cases: Vec<String>,
    /// Cases under a label, in order.
    pub(crate) labels: Vec<Label>,
    /// Pieces that were not the right ones.
    pub(crate) lies: u32,
    /// What it has for others, by position.
    pub(crate) pieces: BTreeMap<u64, Vec<u8>>,
}

impl FakeLedger {
    pub(crate) fn new(own: State) -> Self {
        Self { own, store: Arc::default(), grown: watch::Sender::new(0) }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// Makes a dispatch with this text.
    pub(crate) fn say(&self, text: &str) -> Clear {
        let mut store = self.store();
        let said = store.say(text);
        self.grown.send_replace(store.own.len());
        said
    }

    /// The texts of the partner that are stored.
    pub(crate) fn heard(&self) -> Vec<String> {
        let store = self.store();
        let texts = store.partner.iter().map(|dispatch| dispatch.text.clone());
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Own dispatches that the partner is known to have heard.
    pub(crate) fn confirmed(&self) -> usize {
        let heard = self.store().partner.last().and_then(|last| last.heard);
        heard.map_or(0, |number| usize::try_from(number).unwrap() + 1)
    }

    /// A client of this ledger, as a service of the State has it.
    pub(crate) async fn client(&self) -> Clients {
        let limits = Config {
            message_bytes_max: 1 << 20,
            calls_per_connection_max: 64,
            call_timeout: Duration::from_secs(30),
        };
        let caller = Caller::service(self.own, Office::new("exchange").unwrap());
        let services = Services::new()
            .add(LedgerServiceServer::new(self.clone()))
            .add(SupplyServiceServer::new(self.clone()));
        let connector = serve_in_memory(services, limits, caller, &Shutdown::new()).await.unwrap();
        let channel = channel::in_memory(&connector);
        let supply = SupplyServiceClient::new(channel.clone());
        Clients { ledger: Ledger::new(channel), supply }
    }

    pub(crate) fn check<T>(
        &self,
        request: &Request<T>,
        named: Option<&CallerContext>,
    ) -> Result<(), Status> {
        caller::of(request)?.own_service(self.own)?;
        assert_eq!(named.unwrap().role(), Role::Service);
        let mut store = self.store();
        if store.failures > 0 {
            store.failures -= 1;
            return Err(Status::unavailable("a test wants it so"));
        }
        Ok(())
    }
}

impl Store {
    fn say(&mut self, text: &str) -> Clear {
        let said = Clear {
            number: self.own.len() as u64,
            heard: (self.partner.len() as u64).checked_sub(1),
            text: text.to_owned(),
        };
        self.own.push(said.clone());
        said
    }

    fn import(&mut self, arrived: Clear) -> ImportOutcome {
        let next = self.partner.len() as u64;
        if arrived.number < next {
            self.duplicates += 1;
            let held = &self.partner[usize::try_from(arrived.number).unwrap()];
            let same = *held == arrived;
            return if same { ImportOutcome::Duplicate } else { ImportOutcome::Rival };
        }
        if arrived.number > next {
            self.gaps += 1;
            self.parked.insert(arrived.number, arrived);
            return ImportOutcome::ParkedGap;
        }
        if self.holds_back {
            self.held_back.push(arrived.number);
            return ImportOutcome::HeldBack;
        }
        let mut speaks = false;
        let mut taken = Some(arrived);
        while let Some(dispatch) = taken {
            speaks |= !dispatch.text.is_empty();
            self.partner.push(dispatch);
            taken = self.parked.remove(&(self.partner.len() as u64));
        }
        if speaks {
            self.say("");
        }
        ImportOutcome::Stored
    }
}

pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn head(dispatches: &[Clear]) -> Option<Head> {
    let last = dispatches.last()?;
    let heard = last.heard.map(|number| Heard { number, ..Heard::default() });
    let number = last.number;
    let dispatch = Some(Dispatch { number, heard, ..Dispatch::default() });
    Some(Head { dispatch, ..Head::default() })
}

#[tonic::async_trait]
impl LedgerService for FakeLedger {
    type FollowDispatchesStream = Answers<FollowDispatchesResponse>;

    async fn follow_dispatches(
        &self,
        request: Request<FollowDispatchesRequest>,
    ) -> Result<Response<Self::FollowDispatchesStream>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let next = usize::try_from(request.get_ref().from_number).unwrap();
        let state = (self.clone(), self.grown.subscribe(), next);
        let answers = futures::stream::unfold(state, |(ledger, mut grown, next)| async move {
            let said = loop {
                grown.borrow_and_update();
                let said = ledger.store().own.get(next).cloned();
                if let Some(said) = said {
                    break said;
                }
                grown.changed().await.unwrap();
            };
            let answer = FollowDispatchesResponse {
                number: said.number,
                dispatch: said.bytes(),
                ..Default::default()
            };
            Some((Ok(answer), (ledger, grown, next + 1)))
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type ReadDispatchesStream = Answers<ReadDispatchesResponse>;

    async fn read_dispatches(
        &self,
        request: Request<ReadDispatchesRequest>,
    ) -> Result<Response<Self::ReadDispatchesStream>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let range = request.into_inner();
        let store = self.store();
        let log = if range.author == self.own.code() { &store.own } else { &store.partner };
        let wanted = range.from_number..=range.to_number.unwrap_or(u64::MAX);
        let answers: Vec<_> = log
            .iter()
            .filter(|dispatch| wanted.contains(&dispatch.number))
            .map(|it| Ok(ReadDispatchesResponse { number: it.number, dispatch: it.bytes() }))
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(answers))))
    }

    async fn import_dispatch(
        &self,
        request: Request<ImportDispatchRequest>,
    ) -> Result<Response<ImportDispatchResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let request = request.into_inner();
        let mut store = self.store();
        let outcome = match Clear::read(&request.dispatch) {
            Some(arrived) => store.import(arrived),
            None if request.dispatch == b"no message" => {
                return Err(Status::invalid_argument("no message"));
            }
            None => ImportOutcome::Quarantined,
        };
        if let (ImportOutcome::Stored, Some(cursor)) = (outcome, request.cursor) {
            store.cursors.insert(cursor.name, cursor.value);
        }
        self.grown.send_replace(store.own.len());
        Ok(Response::new(ImportDispatchResponse {
            outcome: outcome.into(),
            next_wanted: store.partner.len() as u64,
            missing: store.wanted.len() as u64,
            ..Default::default()
        }))
    }

    async fn read_cursor(
        &self,
        request: Request<ReadCursorRequest>,
    ) -> Result<Response<ReadCursorResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let value = self.store().cursors.get(&request.get_ref().name).cloned();
        Ok(Response::new(ReadCursorResponse { value }))
    }

    async fn get_heads(
        &self,
        request: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let store = self.store();
        Ok(Response::new(GetHeadsResponse {
            genesis: GENESIS.to_vec(),
            signed_genesis: Vec::new(),
            own: head(&store.own),
            partner: head(&store.partner),
            waiting: false,
        }))
    }

    async fn read_case(
        &self,
        request: Request<ReadCaseRequest>,
    ) -> Result<Response<ReadCaseResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        self.store().read_cases.push(request.into_inner().case);
        Err(Status::not_found("case"))
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

    async fn append(&self, _: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
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
        request: Request<ListLabelsRequest>,
    ) -> Result<Response<ListLabelsResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let ListLabelsRequest { prefix, after, .. } = request.into_inner();
        let store = self.store();
        let begins = store.labels.iter().filter(|it| it.label.starts_with(&prefix));
        let rest = begins.filter(|it| after.as_ref().is_none_or(|last| it.case_id > last.case_id));
        // Few a page, so that pages are turned.
        let labels = rest.take(7).cloned().collect();
        Ok(Response::new(ListLabelsResponse { labels, upto_position: 0 }))
    }

    type FollowCasesStream = Answers<FollowCasesResponse>;

    async fn follow_cases(
        &self,
        _: Request<FollowCasesRequest>,
    ) -> Result<Response<Self::FollowCasesStream>, Status> {
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
        let verdict = WitnessVerdict::Known.into();
        Ok(Response::new(HearWitnessResponse { verdict, ..Default::default() }))
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
