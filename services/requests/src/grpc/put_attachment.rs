//! `AttachmentService.PutAttachment`: handed on to the ledger part by part, as fast as it takes
//! them.

use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::requests::v1::{PutAttachmentRequest, PutAttachmentResponse};
use runtime::failure::Failure;
use tokio_stream::StreamExt as _;
use tonic::{Request, Status, Streaming};

use super::Answers;
use crate::desk::Desk;
use crate::view::words;

pub(super) async fn put_attachment(
    desk: &Desk,
    request: Request<Streaming<PutAttachmentRequest>>,
) -> Result<Answers<PutAttachmentResponse>, Failure> {
    let official = desk.anyone(&request)?;
    let mut parts = request.into_inner();
    let first = parts.message().await.map_err(Failure::from)?.unwrap_or_default();
    let PutAttachmentRequest { case, partner_state, filing, label, size, content } = first;
    let new = ledger::NewAttachment {
        caller: Some(official.caller.context(Purpose::Unspecified)),
        case,
        partner_state,
        request_id: filing,
        label,
        size,
    };
    let first = ledger::PutAttachmentRequest { attachment: Some(new), content };
    // Where the caller's stream breaks off, or says anew what is put, this one ends before its size
    // is reached: the ledger keeps nothing of it.
    let rest = parts.map_while(|part| {
        let mut part = part.ok()?;
        let content = std::mem::take(&mut part.content);
        let says_more = part != PutAttachmentRequest::default();
        (!says_more).then_some(ledger::PutAttachmentRequest { attachment: None, content })
    });
    let mut ledger = desk.attachments.clone();
    let put = ledger.put_attachment(tokio_stream::once(first).chain(rest)).await?.into_inner();
    Ok(Box::pin(put.map(|put| {
        let attachment = put?.attachment.map(TryInto::try_into).transpose();
        let attachment = attachment.map_err(|_| Status::internal("no attachment"))?;
        Ok(PutAttachmentResponse { attachment: attachment.as_ref().map(words::attachment) })
    })))
}
