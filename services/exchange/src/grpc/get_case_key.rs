//! The key of a case, sealed to the partner's current key, for a partner to whom it did not come.

use proto::exchange::v1::{GetCaseKeyRequest, GetCaseKeyResponse};
use runtime::failure::Failure;
use tonic::Request;

use super::{Asked, Door};

impl Door {
    pub(super) async fn case_key(
        &self,
        request: Request<GetCaseKeyRequest>,
    ) -> Result<GetCaseKeyResponse, Failure> {
        let Asked { node, .. } = self.asked(&request, &request.get_ref().genesis).await?;
        let wrapped = self.ledger.case_key(&node, request.into_inner().case_id).await?;
        Ok(GetCaseKeyResponse { wrapped })
    }
}
