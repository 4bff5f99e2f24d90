//! `SupplyAttachment`: chunks of an attachment that a partner's body lists, each checked and kept
//! before the next one is taken.

use std::sync::Arc;

use domain::identifier::State;
use domain::person::attachment::{Attachment, AttachmentId};
use proto::ledger::v1::{SuppliedAttachment, SupplyAttachmentRequest, SupplyAttachmentResponse};
use record::digest::sha256;
use runtime::failure::Failure;
use tonic::Streaming;

use super::Service;
use crate::attachments::{Files, Kept};
use crate::grpc::attachment::{blocking, listed_at};
use crate::missing::Need;
use crate::writer::{Supply, SupplyJob};

pub(super) async fn execute(
    service: &Service,
    mut parts: Streaming<SupplyAttachmentRequest>,
) -> Result<SupplyAttachmentResponse, Failure> {
    let first = parts.message().await.map_err(Failure::from)?;
    let named = first.and_then(|first| first.attachment);
    let SuppliedAttachment { caller, partner_state, position, id } =
        named.ok_or_else(|| Failure::field("attachment", "must stand in the first message"))?;
    let (_, corridor) = service.carries(caller.as_ref(), &partner_state)?;
    let id = AttachmentId::from_slice(&id);
    let id = id.ok_or_else(|| Failure::field("attachment.id", "must have 16 bytes"))?;
    let need = Need::Attachment(id);
    let Some(missing) = service.missing(corridor.partner, position, need) else {
        return Ok(SupplyAttachmentResponse { complete: true });
    };
    let records = service.case_of(&corridor, missing.case)?;
    let absent = || Failure::not_found("attachment");
    if !records.keys_travel() {
        return Err(absent());
    }
    let listed = listed_at(service.reader(), &records, corridor.partner, position, &id);
    let listed = listed.ok_or_else(absent)?;
    let kept = Kept { case: missing.case, author: corridor.partner, id };
    let files = Arc::clone(&service.0.files);
    let taken = take(&files, kept, &listed, &mut parts).await;
    if service.reader().keys.is_erased(&missing.case) {
        // Its erasure was ordered meanwhile: what came in behind it goes too.
        blocking(move || files.erase(&kept.case)).await?;
        return Err(absent());
    }
    taken?;
    if blocking(move || Ok(held(&files, &kept, &listed) == listed.chunks.len())).await? {
        let supply = Supply::Attachment(id);
        let partner: State = corridor.partner;
        service.0.queue.supply(SupplyJob { partner, position, supply }).await?;
        return Ok(SupplyAttachmentResponse { complete: true });
    }
    Ok(SupplyAttachmentResponse { complete: false })
}

async fn take(
    files: &Arc<Files>,
    kept: Kept,
    listed: &Attachment,
    parts: &mut Streaming<SupplyAttachmentRequest>,
) -> Result<(), Failure> {
    let (looked, attachment) = (Arc::clone(files), listed.clone());
    let from = blocking(move || Ok(held(&looked, &kept, &attachment))).await?;
    let mut wanted = listed.chunks.iter().skip(from);
    let prepared = Arc::clone(files);
    blocking(move || prepared.prepare(&kept)).await?;
    while let Some(part) = parts.message().await.map_err(Failure::from)? {
        let sealed = part.sealed_chunk;
        let fits = wanted.next().is_some_and(|wanted| sha256(&[&sealed]) == *wanted);
        if !fits {
            return Err(Failure::field("sealed_chunk", "is not the one that the body lists next"));
        }
        let files = Arc::clone(files);
        blocking(move || files.put(&kept, &sealed)).await?;
    }
    Ok(())
}

/// How many chunks are here, from the first one on.
pub(super) fn held(files: &Files, kept: &Kept, listed: &Attachment) -> usize {
    listed.chunks.iter().take_while(|digest| files.holds(kept, digest)).count()
}
