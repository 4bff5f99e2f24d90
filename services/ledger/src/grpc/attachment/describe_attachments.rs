//! `DescribeAttachments`: what was put for a case, as the body of a statement lists it.

use domain::person::attachment::{ATTACHMENTS_MAX, AttachmentId};
use proto::ledger::v1::{DescribeAttachmentsRequest, DescribeAttachmentsResponse};
use runtime::failure::Failure;

use super::blocking;
use super::put_attachment::{For, Target, Unopened, target};
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
    let found = target(service, &asking, wanted, Unopened::Leave).await?;
    let Some(Target { case, corridor, key }) = found else {
        return Ok(DescribeAttachmentsResponse::default());
    };
    let uploads = service.uploads(case, key, &corridor);
    let found = blocking(move || {
        let found = ids.into_iter().map(|id| uploads.described(id));
        found.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
    });
    let found = found.await?;
    Ok(DescribeAttachmentsResponse { attachments: found.iter().map(Into::into).collect() })
}
