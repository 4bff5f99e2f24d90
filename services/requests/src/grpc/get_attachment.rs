//! `AttachmentService.GetAttachment`: as the ledger sends it, which looks through it first.

use domain::person::attachment::AttachmentId;
use proto::ledger::v1::ReadAttachmentRequest;
use proto::requests::v1::{GetAttachmentRequest, GetAttachmentResponse};
use runtime::failure::Failure;
use runtime::fields::Fields;
use tokio_stream::StreamExt as _;
use tonic::{Request, Status};

use super::Answers;
use crate::desk::Desk;
use crate::purpose;
use crate::view::words;

pub(super) async fn get_attachment(
    desk: &Desk,
    request: Request<GetAttachmentRequest>,
) -> Result<Answers<GetAttachmentResponse>, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let mut fields = Fields::default();
    let case = fields.given("case", &it.case);
    let why = "must be the id of an attachment: `att_` and 32 digits";
    let id = fields.take("attachment", AttachmentId::parse(&it.attachment).ok_or(why));
    let (id, ()) = fields.done(id.zip(case))?;
    let request = ReadAttachmentRequest {
        caller: Some(official.caller.context(purpose::read(it.purpose)?)),
        case: it.case,
        id: id.as_bytes().to_vec(),
    };
    let parts = desk.attachments.clone().read_attachment(request).await?.into_inner();
    Ok(Box::pin(parts.map(|part| {
        let part = part?;
        let attachment = part.attachment.map(TryInto::try_into).transpose();
        let attachment = attachment.map_err(|_| Status::internal("no attachment"))?;
        let attachment = attachment.as_ref().map(words::attachment);
        Ok(GetAttachmentResponse { attachment, content: part.content })
    })))
}
