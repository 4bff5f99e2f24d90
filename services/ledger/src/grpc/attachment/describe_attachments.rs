//! `DescribeAttachments`: what was put for a case, as the body of a statement lists it.

use std::sync::Arc;

use domain::person::attachment::{ATTACHMENTS_MAX, AttachmentId};
use proto::ledger::v1::{DescribeAttachmentsRequest, DescribeAttachmentsResponse};
use runtime::failure::Failure;

use super::blocking;
use super::put_attachment::{For, Target, described, target};
use crate::grpc::{Service, asking};

pub(super) async fn execute(
    service: &Service,
    request: &DescribeAttachmentsRequest,
) -> Result<DescribeAttachmentsResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    if !(1..=ATTACHMENTS_MAX).contains(&request.ids.len()) {
        return Err(Failure::field("ids", format!("must be 1 to {ATTACHMENTS_MAX}")));
    }
    let mut ids = Vec::new();
    for (index, id) in request.ids.iter().enumerate() {
        let id = AttachmentId::from_slice(id);
        ids.push(id.ok_or_else(|| Failure::field(format!("ids[{index}]"), "must have 16 bytes"))?);
    }
    let wanted = For::new(&request.case, &request.partner_state, &request.request_id);
    let Target { case, corridor, key } = target(service, &asking, wanted).await?;
    let files = Arc::clone(&service.0.files);
    let found = blocking(move || {
        let found = ids.into_iter().map(|id| described(&files, &key, &corridor, case, id));
        found.collect::<Result<Option<Vec<_>>, _>>()
    });
    let found = found.await?.ok_or_else(|| Failure::not_found("attachment"))?;
    Ok(DescribeAttachmentsResponse { attachments: found.iter().map(Into::into).collect() })
}
