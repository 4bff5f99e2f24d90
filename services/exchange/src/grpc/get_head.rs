//! Where this node's log for the caller stands, and what it holds of the caller's: at once, or as
//! soon as there is something new.

use domain::identifier::State;
use proto::exchange::v1::{GetHeadRequest, GetHeadResponse, Head};
use proto::ledger::v1 as wire;
use runtime::failure::Failure;
use tonic::Request;

use super::{Asked, Door, HOLD_MAX};
use crate::ledger;

impl Door {
    pub(super) async fn head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<GetHeadResponse, Failure> {
        let Asked { node, mut heads, bounds } =
            self.asked(&request, &request.get_ref().genesis).await?;
        let wanted = request.get_ref().wait_for_number;
        if let Some(wanted) = wanted.filter(|wanted| ledger::own_head(&heads) < Some(*wanted)) {
            let _held = bounds.stream()?;
            self.hold(node.state, wanted).await?;
            heads = self.ledger.heads(node.state).await?;
        }
        Ok(GetHeadResponse { own: heads.own.and_then(head), held: heads.partner.and_then(head) })
    }

    /// Waits for an own dispatch, but not for ever, nor beyond the shutdown.
    async fn hold(&self, partner: State, number: u64) -> Result<(), Failure> {
        let mut dispatches = self.ledger.follow(partner, number).await?;
        tokio::select! {
            said = dispatches.message() => said.map(drop).map_err(Into::into),
            () = tokio::time::sleep(HOLD_MAX) => Ok(()),
            // No answer, so that it is asked again: this one would say that there is nothing new.
            () = self.shutdown.wait() => Err(Failure::unavailable("this node is ending")),
        }
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
