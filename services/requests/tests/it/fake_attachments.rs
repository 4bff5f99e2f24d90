//! The ledger's service of attachments, in memory: what was put, and what was asked for. It looks
//! at no content and holds nobody to a case.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use domain::identifier::Office;
use proto::command::v1::Purpose;
use proto::ledger::v1::attachment_service_client::AttachmentServiceClient;
use proto::ledger::v1::attachment_service_server::{AttachmentService, AttachmentServiceServer};
use proto::ledger::v1::*;
use proto::record::v1::{Attachment, MediaType};
use record::digest::sha256;
use runtime::caller::Caller;
use runtime::channel;
use runtime::failure::Failure;
use runtime::server::{Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tokio_stream::Stream;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use crate::world::{LIMITS, state};

/// One that was put.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) new: NewAttachment,
    pub(crate) content: Vec<u8>,
    pub(crate) attachment: Attachment,
}

/// The service. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct FakeAttachments(Arc<Mutex<Vec<Put>>>);

impl FakeAttachments {
    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<Put>> {
        self.0.lock().unwrap()
    }

    pub(crate) async fn client(&self, of: &str) -> AttachmentServiceClient<Channel> {
        let caller = Caller::service(state(of), Office::new("tests").unwrap());
        let services = Services::new().add(AttachmentServiceServer::new(self.clone()));
        let connector = serve_in_memory(services, LIMITS, caller, &Shutdown::new()).await.unwrap();
        AttachmentServiceClient::new(channel::in_memory(&connector))
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AttachmentService for FakeAttachments {
    type PutAttachmentStream = Answers<PutAttachmentResponse>;
    type ReadAttachmentStream = Answers<ReadAttachmentResponse>;

    async fn put_attachment(
        &self,
        request: Request<Streaming<PutAttachmentRequest>>,
    ) -> Result<Response<Self::PutAttachmentStream>, Status> {
        let mut parts = request.into_inner();
        let first = parts.message().await?.unwrap();
        let (new, mut content) = (first.attachment.unwrap(), first.content);
        while let Some(part) = parts.message().await? {
            assert_eq!(part.attachment, None);
            content.extend(part.content);
        }
        if content.len() as u64 != new.size {
            return Err(Failure::field("content", "must have all its bytes").into());
        }
        let mut all = self.all();
        let digest = sha256(&[&content]).as_bytes().to_vec();
        let attachment = Attachment {
            id: vec![all.len() as u8 + 1; 16],
            media_type: MediaType::Pdf.into(),
            size: new.size,
            chunks: vec![digest.clone(); content.len().div_ceil(256 << 10)],
            digest,
            label: new.label.clone(),
        };
        all.push(Put { new, content, attachment: attachment.clone() });
        let answer = PutAttachmentResponse { attachment: Some(attachment) };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(answer)))))
    }

    async fn describe_attachments(
        &self,
        request: Request<DescribeAttachmentsRequest>,
    ) -> Result<Response<DescribeAttachmentsResponse>, Status> {
        let it = request.into_inner();
        let all = self.all();
        let fits = |put: &&Put, id: &[u8]| {
            let new = &put.new;
            put.attachment.id == id
                && (&new.case, &new.partner_state) == (&it.case, &it.partner_state)
                && new.request_id == it.request_id
        };
        let found = it.ids.iter().filter_map(|id| all.iter().find(|put| fits(put, id)));
        let attachments = found.map(|put| put.attachment.clone()).collect();
        Ok(Response::new(DescribeAttachmentsResponse { attachments }))
    }

    async fn read_attachment(
        &self,
        request: Request<ReadAttachmentRequest>,
    ) -> Result<Response<Self::ReadAttachmentStream>, Status> {
        let it = request.into_inner();
        if it.caller.unwrap().purpose() == Purpose::Unspecified {
            return Err(Failure::field("caller.purpose", "must be given").into());
        }
        let found = self.all().iter().find(|put| put.attachment.id == it.id).cloned();
        let put = found.ok_or_else(|| Failure::not_found("attachment"))?;
        let (one, two) = put.content.split_at(put.content.len() / 2);
        let parts = [
            ReadAttachmentResponse { attachment: Some(put.attachment), content: one.to_vec() },
            ReadAttachmentResponse { attachment: None, content: two.to_vec() },
        ];
        Ok(Response::new(Box::pin(tokio_stream::iter(parts.map(Ok)))))
    }
}
