//! Where this node's log for the caller stands, and what it holds of the caller's.

use proto::exchange::v1::{GetHeadRequest, GetHeadResponse, Head};
use proto::ledger::v1 as wire;
use runtime::failure::Failure;
use tonic::Request;

use super::Door;

impl Door {
    pub(super) async fn head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<GetHeadResponse, Failure> {
        let (_, heads) = self.partner(&request, &request.get_ref().genesis).await?;
        Ok(GetHeadResponse { own: heads.own.and_then(head), held: heads.partner.and_then(head) })
    }
}

fn head(head: wire::Head) -> Option<Head> {
    let dispatch = head.dispatch?;
    Some(Head {
        era: head.era,
        number: dispatch.number,
        digest: dispatch.digest,
        signed_header: head.signed_header,
    })
}
