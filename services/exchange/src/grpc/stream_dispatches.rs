//! A range of either log of the corridor, as it was signed.

use domain::identifier::State;
use proto::InvalidField;
use proto::exchange::v1::{StreamDispatchesRequest, StreamDispatchesResponse};
use proto::ledger::v1::ReadDispatchesRequest;
use runtime::failure::Failure;
use tokio_stream::StreamExt;
use tonic::Request;

use super::{Asked, DISPATCHES_MAX, Dispatches, Door};

impl Door {
    pub(super) async fn dispatches(
        &self,
        request: Request<StreamDispatchesRequest>,
    ) -> Result<Dispatches, Failure> {
        let Asked { node, bounds, .. } = self.asked(&request, &request.get_ref().genesis).await?;
        let asked = request.into_inner();
        let author = State::new(&asked.author).map_err(|why| InvalidField::new("author", why))?;
        self.of_the_corridor(node.state, author)?;
        if asked.to_number.is_some_and(|to| to < asked.from_number) {
            let reason = "must not be before `from_number`";
            return Err(InvalidField::new("to_number", reason).into());
        }
        let last = asked.from_number.saturating_add(DISPATCHES_MAX - 1);
        let range = ReadDispatchesRequest {
            caller: None,
            partner_state: node.state.code().to_owned(),
            author: asked.author,
            era: asked.era,
            from_number: asked.from_number,
            to_number: Some(asked.to_number.map_or(last, |to| to.min(last))),
        };
        let counted = bounds.stream()?;
        let dispatches = self.ledger.range(range).await?;
        Ok(Box::pin(dispatches.map(move |sent| {
            // Counted until the stream is dropped.
            let _ = &counted;
            sent.map(|sent| StreamDispatchesResponse {
                number: sent.number,
                dispatch: sent.dispatch,
            })
        })))
    }
}
