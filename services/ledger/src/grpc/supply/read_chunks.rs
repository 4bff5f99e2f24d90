//! `ReadChunks`: sealed chunks of an attachment of either State, one in memory at a time.

use std::sync::Arc;

use domain::identifier::{CaseId, Digest};
use domain::person::attachment::AttachmentId;
use proto::InvalidField;
use proto::ledger::v1::{AccessKind, ReadChunksRequest, ReadChunksResponse};
use runtime::failure::Failure;
use tonic::Response;

use super::Service;
use crate::attachments::Kept;
use crate::grpc::Items;
use crate::grpc::attachment::{blocking, slowly_streamed};

/// Most chunks of one stream: those of the largest attachment.
const CHUNKS_MAX: usize = 64;

pub(super) async fn execute(
    service: &Service,
    request: ReadChunksRequest,
) -> Result<Response<Items<ReadChunksResponse>>, Failure> {
    let (asking, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    let case = CaseId::from_slice(&request.case_id)
        .map_err(|error| InvalidField::new("case_id", error))?;
    let id = AttachmentId::from_slice(&request.id);
    let id = id.ok_or_else(|| Failure::field("id", "must have 16 bytes"))?;
    if !(1..=CHUNKS_MAX).contains(&request.chunks.len()) {
        return Err(Failure::field("chunks", "must be 1 to 64"));
    }
    let chunks = request.chunks.iter().map(|digest| Digest::from_slice(digest));
    let chunks: Vec<Digest> =
        chunks.collect::<Result<_, _>>().map_err(|error| InvalidField::new("chunks", error))?;
    let records = service.case_of(&corridor, case)?;
    if !records.keys_travel() {
        return Err(Failure::not_found("attachment"));
    }
    service.note(&asking, Some(case), AccessKind::Read).await?;
    // It may be asked for by the State that attached it, when it has lost its own.
    let files = Arc::clone(&service.0.files);
    let kept = [corridor.own, corridor.partner].map(|author| Kept { case, author, id });
    Ok(slowly_streamed(|sink| async move {
        for digest in chunks {
            let files = Arc::clone(&files);
            let read = blocking(move || {
                let [own, partner] = kept;
                match files.read(&own, &digest)? {
                    Some(sealed) => Ok(Some(sealed)),
                    None => files.read(&partner, &digest),
                }
            });
            let item = match read.await {
                Ok(Some(sealed_chunk)) => Ok(ReadChunksResponse { sealed_chunk }),
                Ok(None) => Err(Failure::not_found("chunk").into()),
                Err(failure) => Err(failure.into()),
            };
            let failed = item.is_err();
            if sink.send(item).await.is_err() || failed {
                return;
            }
        }
    }))
}
