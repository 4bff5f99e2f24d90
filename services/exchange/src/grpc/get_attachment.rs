//! Sealed chunks of an attachment, in the order that they are asked for.

use proto::exchange::v1::{GetAttachmentRequest, GetAttachmentResponse};
use proto::ledger::v1::ReadChunksRequest;
use runtime::failure::Failure;
use tokio_stream::StreamExt;
use tonic::Request;

use super::{Asked, Chunks, Door};

impl Door {
    pub(super) async fn attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Chunks, Failure> {
        let Asked { node, bounds, .. } = self.asked(&request, &request.get_ref().genesis).await?;
        let GetAttachmentRequest { case_id, id, chunks, .. } = request.into_inner();
        let wanted = ReadChunksRequest { case_id, id, chunks, ..Default::default() };
        let counted = bounds.stream()?;
        let chunks = self.ledger.chunks(&node, wanted).await?;
        Ok(Box::pin(chunks.map(move |sent| {
            // Counted until the stream is dropped.
            let _ = &counted;
            sent.map(|sent| GetAttachmentResponse { sealed_chunk: sent.sealed_chunk })
        })))
    }
}
