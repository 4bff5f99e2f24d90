//! A range of either log of the corridor, as it was signed.

use domain::identifier::State;
use proto::InvalidField;
use proto::exchange::v1::{StreamDispatchesRequest, StreamDispatchesResponse};
use proto::ledger::v1::ReadDispatchesRequest;
use runtime::failure::Failure;
use tokio_stream::StreamExt;
use tonic::Request;

use super::{Dispatches, Door};

impl Door {
    pub(super) async fn dispatches(
        &self,
        request: Request<StreamDispatchesRequest>,
    ) -> Result<Dispatches, Failure> {
        let (partner, _) = self.partner(&request, &request.get_ref().genesis).await?;
        let asked = request.into_inner();
        let author = State::new(&asked.author).map_err(|why| InvalidField::new("author", why))?;
        if author != partner && author != self.own {
            let reason = "must be one of the two States of the corridor";
            return Err(InvalidField::new("author", reason).into());
        }
        if asked.to_number.is_some_and(|to| to < asked.from_number) {
            let reason = "must not be before `from_number`";
            return Err(InvalidField::new("to_number", reason).into());
        }
        let range = ReadDispatchesRequest {
            caller: None,
            partner_state: partner.code().to_owned(),
            author: asked.author,
            era: asked.era,
            from_number: asked.from_number,
            to_number: asked.to_number,
        };
        let dispatches = self.ledger.range(range).await?;
        Ok(Box::pin(dispatches.map(|sent| {
            sent.map(|sent| StreamDispatchesResponse {
                number: sent.number,
                dispatch: sent.dispatch,
            })
        })))
    }
}
