//! The gRPC service of attachments of the State's own people: one file for each rpc.

mod describe_attachments;
mod put_attachment;
mod read_attachment;

use std::sync::Arc;

use domain::identifier::{CaseId, State};
use domain::person::attachment::{Attachment, AttachmentId};
use domain::time::Instant;
use proto::ledger::v1::attachment_service_server::AttachmentService;
use proto::ledger::v1::*;
use proto::record::v1 as wire;
use record::attachment::{AttachmentKey, AttachmentPlace, End, Part};
use record::seal::{CaseKey, Purpose};
use record::{body, canonical};
use runtime::failure::{Class, Code, Failure};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{Items, Service};
use crate::attachments::{Files, Kept};
use crate::corridor::Corridor;
use crate::follow::Sink;
use crate::read::Reader;
use crate::read::records::CaseRecords;

/// The attachment is not here yet.
pub(crate) const NOT_HERE: Code = Code::new("ATT-0001");
/// What was put is of no type that is taken.
pub(crate) const TYPE_NOT_TAKEN: Code = Code::new("ATT-0002");
/// Too much waits to be listed.
pub(crate) const TOO_MANY_WAIT: Code = Code::new("ATT-0004");
/// What this State attached is not here any more.
pub(crate) const LOST_HERE: Code = Code::new("ATT-0005");
/// What came is not what the statement says.
pub(crate) const NOT_AS_LISTED: Code = Code::new("ATT-0003");

/// The part of an attachment's key under which its description is sealed while it waits to be
/// listed: no chunk has this number.
const DESCRIPTION: Part = Part { index: u64::MAX, end: End::Last };

#[tonic::async_trait]
impl AttachmentService for Service {
    type PutAttachmentStream = Items<PutAttachmentResponse>;
    type ReadAttachmentStream = Items<ReadAttachmentResponse>;

    async fn put_attachment(
        &self,
        request: Request<Streaming<PutAttachmentRequest>>,
    ) -> Result<Response<Self::PutAttachmentStream>, Status> {
        Ok(put_attachment::execute(self, self.admit(request)?))
    }

    async fn describe_attachments(
        &self,
        request: Request<DescribeAttachmentsRequest>,
    ) -> Result<Response<DescribeAttachmentsResponse>, Status> {
        let response = describe_attachments::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn read_attachment(
        &self,
        request: Request<ReadAttachmentRequest>,
    ) -> Result<Response<Self::ReadAttachmentStream>, Status> {
        Ok(read_attachment::execute(self, &self.admit(request)?).await?)
    }
}

/// The attachment of this name that the body of an entry lists.
pub(super) fn listed_at(
    reader: &Reader,
    records: &CaseRecords,
    author: State,
    position: u64,
    id: &AttachmentId,
) -> Option<Attachment> {
    let corridor = &records.corridor;
    let side = corridor.side(author)?;
    let entry = records.entries.iter().find(|it| it.side == side && it.position == position)?;
    let key = reader.keys.get(&records.id)?;
    let place = corridor.place(side, records.id, position);
    let opened = key.open(&place, Purpose::Body, &entry.stored.sealed_body).ok()?;
    body::decode(&opened).ok()?.attachments.into_iter().find(|it| it.id == *id)
}

/// The key of an attachment of a State.
fn attachment_key(
    key: &CaseKey,
    corridor: &Corridor,
    author: State,
    kept: &Kept,
) -> Option<AttachmentKey> {
    let log = *corridor.log(corridor.side(author)?);
    Some(AttachmentKey::new(key, &AttachmentPlace { log, case: kept.case, id: kept.id }))
}

/// What the State's own people have put for a case.
pub(in crate::grpc) struct Uploads {
    files: Arc<Files>,
    case: CaseId,
    key: CaseKey,
    corridor: Arc<Corridor>,
    now: Instant,
}

impl Service {
    pub(in crate::grpc) fn uploads(
        &self,
        case: CaseId,
        key: CaseKey,
        corridor: &Arc<Corridor>,
    ) -> Uploads {
        let (files, corridor) = (Arc::clone(&self.0.files), Arc::clone(corridor));
        Uploads { files, case, key, corridor, now: self.0.clock.now() }
    }
}

impl Uploads {
    /// What was put under a name, as a statement would list it; `None` where nothing was, it goes
    /// on, or it is of another case. Blocks.
    pub(in crate::grpc) fn described(
        &self,
        id: AttachmentId,
    ) -> Result<Option<Attachment>, Failure> {
        let author = self.corridor.own;
        let kept = Kept { case: self.case, author, id };
        let Some(key) = attachment_key(&self.key, &self.corridor, author, &kept) else {
            return Ok(None);
        };
        let Some(sealed) = self.files.upload(&kept, self.now)? else { return Ok(None) };
        let opened = key.open(DESCRIPTION, &sealed).ok();
        let message = opened.and_then(|bytes| canonical::decode::<wire::Attachment>(&bytes).ok());
        Ok(message.and_then(|message| message.try_into().ok()))
    }
}

/// Reads or writes files without keeping others from their turn.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::internal("the work on files ended badly").with_source(error))?
}

/// A stream whose items are large: the next one is made when the one before was taken.
pub(super) fn slowly_streamed<T: Send + 'static, F>(
    make: impl FnOnce(Sink<T>) -> F,
) -> Response<Items<T>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sink, items) = mpsc::channel(1);
    tokio::spawn(make(sink));
    Response::new(ReceiverStream::new(items))
}

fn not_here() -> Failure {
    let message = "the attachment has not come from its author yet";
    Failure::new(Class::Unavailable, NOT_HERE, message)
}
