//! The gRPC service of what did not come with its dispatch: one file for each rpc.

mod list_missing;
mod read_body;
mod read_chunks;
mod supply_attachment;
mod supply_body;
mod supply_case_key;
mod wrap_case_key;

use std::sync::Arc;

use domain::identifier::{CaseId, State};
use proto::ledger::v1::supply_service_server::SupplyService;
use proto::ledger::v1::*;
use runtime::failure::Failure;
use tonic::{Request, Response, Status, Streaming};

use super::{Items, Service, asking, courier};
use crate::access::Asking;
use crate::corridor::Corridor;
use crate::missing::{Missing as Lacking, Named, Need};
use crate::read::records::CaseRecords;

impl Service {
    /// Who asks, and the corridor that it carries for.
    fn carries(
        &self,
        caller: Option<&CallerContext>,
        partner: &str,
    ) -> Result<(Asking, Arc<Corridor>), Failure> {
        let asking = asking(caller)?;
        let corridor = Arc::clone(self.corridor(partner)?);
        courier(&asking, corridor.own, Some(corridor.partner))?;
        Ok((asking, corridor))
    }

    /// What is missing of an entry of a partner's.
    fn missing(&self, partner: State, position: u64, need: Need) -> Option<Lacking> {
        let snapshot = self.snapshot();
        snapshot.corridors.get(&partner)?.missing.get(&Named { position, need }).copied()
    }

    /// A case of a corridor, whoever's it is: what is given out of it is sealed.
    fn case_of(&self, corridor: &Corridor, case: CaseId) -> Result<Arc<CaseRecords>, Failure> {
        let records = self.reader().case(&self.snapshot(), case)?;
        let records = records.filter(|records| records.corridor.partner == corridor.partner);
        records.ok_or_else(|| Failure::not_found("case"))
    }
}

#[tonic::async_trait]
impl SupplyService for Service {
    type ReadChunksStream = Items<ReadChunksResponse>;

    async fn list_missing(
        &self,
        request: Request<ListMissingRequest>,
    ) -> Result<Response<ListMissingResponse>, Status> {
        let response = list_missing::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn supply_body(
        &self,
        request: Request<SupplyBodyRequest>,
    ) -> Result<Response<SupplyBodyResponse>, Status> {
        let response = supply_body::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn supply_case_key(
        &self,
        request: Request<SupplyCaseKeyRequest>,
    ) -> Result<Response<SupplyCaseKeyResponse>, Status> {
        let response = supply_case_key::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn supply_attachment(
        &self,
        request: Request<Streaming<SupplyAttachmentRequest>>,
    ) -> Result<Response<SupplyAttachmentResponse>, Status> {
        let response = supply_attachment::execute(self, self.admit(request)?).await?;
        Ok(Response::new(response))
    }

    async fn read_chunks(
        &self,
        request: Request<ReadChunksRequest>,
    ) -> Result<Response<Self::ReadChunksStream>, Status> {
        Ok(read_chunks::execute(self, self.admit(request)?).await?)
    }

    async fn read_body(
        &self,
        request: Request<ReadBodyRequest>,
    ) -> Result<Response<ReadBodyResponse>, Status> {
        let response = read_body::execute(self, &self.admit(request)?)?;
        Ok(Response::new(response))
    }

    async fn wrap_case_key(
        &self,
        request: Request<WrapCaseKeyRequest>,
    ) -> Result<Response<WrapCaseKeyResponse>, Status> {
        let response = wrap_case_key::execute(self, &self.admit(request)?).await?;
        Ok(Response::new(response))
    }
}
