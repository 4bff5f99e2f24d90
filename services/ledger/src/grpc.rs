//! The gRPC service: one file for each rpc, decode → execute → encode.
//!
//! Only the State's own services may connect. Whom they ask for stands in the message; the ledger
//! holds every request about a case to the scope of that caller.

mod append;
mod append_corridor;
mod attachment;
pub(crate) mod export_evidence;
mod follow_cases;
mod follow_dispatches;
mod get_heads;
mod get_proof;
mod get_status;
mod hear_witness;
mod import_dispatch;
mod list_accesses;
pub(crate) mod list_faults;
mod list_labels;
mod list_quarantine;
mod prepare_opening;
mod purge_quarantine;
mod read_case;
mod read_corridor;
mod read_cursor;
mod read_dispatches;
mod resume_writing;
mod set_clock;
mod take_back_dispatch;
mod supply;

use std::sync::Arc;
use std::time::Duration;

use domain::case::Case;
use domain::identifier::{CaseId, State};
use event_store::Position;
use proto::InvalidField;
use proto::ledger::v1::ledger_service_server::LedgerService;
use proto::ledger::v1::*;
use runtime::caller::{self, Caller, Role};
use runtime::failure::Failure;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::access::{Asking, NewAccess};
use crate::attachments::Files;
use crate::clock::Clock;
use crate::corridor::Corridor;
use crate::follow::Sink;
use crate::quarantine::Quarantine;
use crate::read::records::CaseRecords;
use crate::read::{Chains, Reader};
use crate::scope;
use crate::serial::Serials;
use crate::snapshot::{self, Snapshot, Snapshots};
use crate::stated::{self, Stated};
use crate::sweep::Sweep;
use crate::view::Views;
use crate::writer::Queue;

/// Items of a stream that wait for a slow reader.
const STREAM_ITEMS_MAX: usize = 16;
/// How long an answer waits for the views.
const VIEWS_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest request id, in characters.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// The service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Service(pub(crate) Arc<Inner>);

/// What the rpcs need. Everything but the queue and the serials is only read.
pub(crate) struct Inner {
    pub(crate) reader: Reader,
    pub(crate) snapshots: Snapshots,
    pub(crate) queue: Queue,
    pub(crate) clock: Arc<Clock>,
    pub(crate) serials: Arc<Serials>,
    pub(crate) files: Arc<Files>,
    pub(crate) sweep: Sweep,
    pub(crate) quarantine: Arc<Quarantine>,
    pub(crate) views: Views,
    /// [`Limits::evidence_records_max`](crate::config::Limits::evidence_records_max).
    pub(crate) evidence_records_max: u64,
    /// Evidence is made one at a time.
    pub(crate) evidence: Semaphore,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("own", &self.reader.own).finish_non_exhaustive()
    }
}

/// A case that a caller may see, in one snapshot.
struct Seen {
    snapshot: Arc<Snapshot>,
    records: Arc<CaseRecords>,
    chains: Chains,
}

impl Service {
    fn reader(&self) -> &Reader {
        &self.0.reader
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        snapshot::latest(&self.0.snapshots)
    }

    fn now_ms(&self) -> u64 {
        self.0.clock.now().as_ms()
    }

    /// The message of a request, if one of the State's own services sent it.
    fn admit<T>(&self, request: Request<T>) -> Result<T, Failure> {
        caller::of(&request)?.own_service(self.reader().own)?;
        Ok(request.into_inner())
    }

    /// The case that a caller names, if it is there and the caller's. Nobody can tell from the
    /// answer which of the two it was not.
    async fn see(&self, asking: &Asking, name: &str) -> Result<Seen, Failure> {
        let mut seen = None;
        for id in self.find(name).await? {
            let snapshot = self.snapshot();
            let Some(records) = self.reader().case(&snapshot, id)? else {
                continue;
            };
            let (chains, case) = self.reader().derive(&snapshot, &records)?;
            if !self.may_see(asking, &records, case.as_ref()) {
                self.note(asking, Some(id), AccessKind::Refusal).await?;
                continue;
            }
            // To act on either of them would be to guess.
            if seen.replace(Seen { snapshot, records, chains }).is_some() {
                return Err(ambiguous());
            }
        }
        seen.ok_or_else(|| Failure::not_found("case"))
    }

    fn may_see(&self, asking: &Asking, records: &CaseRecords, case: Option<&Case>) -> bool {
        let local: Vec<_> = records.local.iter().map(|record| &record.statement).collect();
        scope::may_see(&asking.caller, self.reader().own, case, &local)
    }

    /// Which case is named. A number is looked up in the views, which may be a moment behind a
    /// case that was just opened.
    async fn find(&self, name: &str) -> Result<Vec<CaseId>, Failure> {
        // Before it is looked up: the views may come so far only afterwards.
        let (next, upto) = (self.snapshot().next, self.0.views.upto());
        let found = self.reader().find(name)?;
        if !found.is_empty() || upto >= next {
            return Ok(found);
        }
        self.wait_for_views(next).await?;
        self.reader().find(name)
    }

    /// Waits until the views have seen everything before a position.
    async fn wait_for_views(&self, next: Position) -> Result<(), Failure> {
        let seen = tokio::time::timeout(VIEWS_WAIT_MAX, self.0.views.reach(next));
        match seen.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => {
                Err(Failure::unavailable("the views have not come so far in time"))
            }
        }
    }

    /// Writes an access and waits until it is durable.
    async fn disclose(&self, asking: &Asking, case: CaseId) -> Result<(), Failure> {
        self.0.queue.access(access(asking, Some(case), AccessKind::Disclosure)).await
    }

    /// Writes an access with the next group.
    async fn note(
        &self,
        asking: &Asking,
        case: Option<CaseId>,
        kind: AccessKind,
    ) -> Result<(), Failure> {
        self.0.queue.note_access(access(asking, case, kind)).await
    }

    /// Hands what was decided to the writer, and asks nothing.
    pub(crate) async fn append_decided(
        &self,
        caller: &Caller,
        stated: Stated,
    ) -> Result<u64, Failure> {
        let job = stated::job(self.reader(), caller, stated);
        Ok(self.0.queue.append(job).await?.revision)
    }

    /// The corridor with a partner.
    fn corridor(&self, partner: &str) -> Result<&Arc<Corridor>, Failure> {
        self.reader().corridor(state(partner, "partner_state")?)
    }
}

fn ambiguous() -> Failure {
    Failure::field("case", "is the number of more than one case: name it by its id")
}

fn access(asking: &Asking, case: Option<CaseId>, kind: AccessKind) -> NewAccess {
    NewAccess { asking: asking.clone(), case, kind, vouched: Vec::new() }
}

/// Who asks, as an own service says.
fn asking(context: Option<&CallerContext>) -> Result<Asking, Failure> {
    let (caller, purpose) = Caller::of_context(context)?;
    Ok(Asking { caller, purpose })
}

/// Passes for what carries dispatches: an own service, or the partner's node behind it.
fn courier(asking: &Asking, own: State, partner: Option<State>) -> Result<(), Failure> {
    match &asking.caller.role {
        Role::Service(_) if asking.caller.state == own => Ok(()),
        Role::Node if partner == Some(asking.caller.state) => Ok(()),
        Role::Service(_)
        | Role::Node
        | Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Overseer(_)
        | Role::Operator => Err(Failure::not_allowed("only what carries dispatches may do this")),
    }
}

/// Passes for what runs the node: an operator, or an own service.
fn runs_the_node(asking: &Asking, own: State) -> Result<(), Failure> {
    match &asking.caller.role {
        Role::Operator | Role::Service(_) if asking.caller.state == own => Ok(()),
        Role::Operator
        | Role::Service(_)
        | Role::Node
        | Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Overseer(_) => Err(Failure::not_allowed("only an operator may do this")),
    }
}

fn state(code: &str, field: &str) -> Result<State, InvalidField> {
    State::new(code).map_err(|error| InvalidField::new(field, error))
}

fn request_id(text: &str) -> Result<&str, InvalidField> {
    if (1..=REQUEST_ID_CHARS_MAX).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(InvalidField::new("request_id", "must have 1 to 64 characters"))
    }
}

/// A stream whose items are made by a task of its own.
fn streamed<T: Send + 'static, F>(make: impl FnOnce(Sink<T>) -> F) -> Response<Items<T>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sink, items) = mpsc::channel(STREAM_ITEMS_MAX);
    tokio::spawn(make(sink));
    Response::new(ReceiverStream::new(items))
}

type Items<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl LedgerService for Service {
    type FollowCasesStream = Items<FollowCasesResponse>;
    type FollowDispatchesStream = Items<FollowDispatchesResponse>;
    type ReadDispatchesStream = Items<ReadDispatchesResponse>;
    type ExportEvidenceStream = Items<ExportEvidenceResponse>;

    async fn read_case(
        &self,
        request: Request<ReadCaseRequest>,
    ) -> Result<Response<ReadCaseResponse>, Status> {
        let response = read_case::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn prepare_opening(
        &self,
        request: Request<PrepareOpeningRequest>,
    ) -> Result<Response<PrepareOpeningResponse>, Status> {
        let response = prepare_opening::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn read_corridor(
        &self,
        request: Request<ReadCorridorRequest>,
    ) -> Result<Response<ReadCorridorResponse>, Status> {
        let response = read_corridor::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let response = append::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn append_corridor(
        &self,
        request: Request<AppendCorridorRequest>,
    ) -> Result<Response<AppendCorridorResponse>, Status> {
        let response = append_corridor::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn list_labels(
        &self,
        request: Request<ListLabelsRequest>,
    ) -> Result<Response<ListLabelsResponse>, Status> {
        let response = list_labels::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn follow_cases(
        &self,
        request: Request<FollowCasesRequest>,
    ) -> Result<Response<Self::FollowCasesStream>, Status> {
        Ok(follow_cases::execute(self, &self.admit(request)?).await?)
    }

    async fn follow_dispatches(
        &self,
        request: Request<FollowDispatchesRequest>,
    ) -> Result<Response<Self::FollowDispatchesStream>, Status> {
        Ok(follow_dispatches::execute(self, &self.admit(request)?)?)
    }

    async fn read_dispatches(
        &self,
        request: Request<ReadDispatchesRequest>,
    ) -> Result<Response<Self::ReadDispatchesStream>, Status> {
        Ok(read_dispatches::execute(self, &self.admit(request)?)?)
    }

    async fn import_dispatch(
        &self,
        request: Request<ImportDispatchRequest>,
    ) -> Result<Response<ImportDispatchResponse>, Status> {
        let response = import_dispatch::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn read_cursor(
        &self,
        request: Request<ReadCursorRequest>,
    ) -> Result<Response<ReadCursorResponse>, Status> {
        let response = read_cursor::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn get_heads(
        &self,
        request: Request<GetHeadsRequest>,
    ) -> Result<Response<GetHeadsResponse>, Status> {
        let response = get_heads::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn hear_witness(
        &self,
        request: Request<HearWitnessRequest>,
    ) -> Result<Response<HearWitnessResponse>, Status> {
        let response = hear_witness::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn take_back_dispatch(
        &self,
        request: Request<TakeBackDispatchRequest>,
    ) -> Result<Response<TakeBackDispatchResponse>, Status> {
        let response = take_back_dispatch::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn resume_writing(
        &self,
        request: Request<ResumeWritingRequest>,
    ) -> Result<Response<ResumeWritingResponse>, Status> {
        let response = resume_writing::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn get_status(
        &self,
        request: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        let response = get_status::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn get_proof(
        &self,
        request: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        let response = get_proof::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn export_evidence(
        &self,
        request: Request<ExportEvidenceRequest>,
    ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
        Ok(export_evidence::execute(self, &self.admit(request)?).await?)
    }

    async fn list_accesses(
        &self,
        request: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        let response = list_accesses::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn set_clock(
        &self,
        request: Request<SetClockRequest>,
    ) -> Result<Response<SetClockResponse>, Status> {
        let response = set_clock::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn list_quarantine(
        &self,
        request: Request<ListQuarantineRequest>,
    ) -> Result<Response<ListQuarantineResponse>, Status> {
        let response = list_quarantine::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn purge_quarantine(
        &self,
        request: Request<PurgeQuarantineRequest>,
    ) -> Result<Response<PurgeQuarantineResponse>, Status> {
        let response = purge_quarantine::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn list_faults(
        &self,
        request: Request<ListFaultsRequest>,
    ) -> Result<Response<ListFaultsResponse>, Status> {
        let response = list_faults::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }
}
