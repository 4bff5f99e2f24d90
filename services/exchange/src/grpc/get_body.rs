//! The sealed body of an entry, for a partner to whom it did not come.

use domain::identifier::State;
use proto::InvalidField;
use proto::exchange::v1::{GetBodyRequest, GetBodyResponse};
use runtime::failure::Failure;
use tonic::Request;

use super::{Asked, Door};

impl Door {
    pub(super) async fn body(
        &self,
        request: Request<GetBodyRequest>,
    ) -> Result<GetBodyResponse, Failure> {
        let Asked { node, .. } = self.asked(&request, &request.get_ref().genesis).await?;
        let asked = request.into_inner();
        let author = State::new(&asked.author).map_err(|why| InvalidField::new("author", why))?;
        self.of_the_corridor(node.state, author)?;
        let sealed_body = self.ledger.body(&node, author, asked.position).await?;
        Ok(GetBodyResponse { sealed_body })
    }
}
