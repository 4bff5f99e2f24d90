//! The rpcs: one file for each. Decode, ask who it is, read, encode; no rules here.

mod export_evidence;
mod get_audit_trail;
mod get_indicators;
mod get_proof;
mod list_accesses;

use proto::oversight::v1::audit_service_server::AuditService;
use proto::oversight::v1::statistics_service_server::StatisticsService;
use proto::oversight::v1::{
    ExportEvidenceRequest, GetAuditTrailRequest, GetAuditTrailResponse, GetIndicatorsRequest,
    GetIndicatorsResponse, GetProofRequest, GetProofResponse, ListAccessesRequest,
    ListAccessesResponse,
};
use tonic::{Request, Response, Status};

use crate::desk::Desk;

#[tonic::async_trait]
impl AuditService for Desk {
    type ExportEvidenceStream = export_evidence::Chunks;

    async fn get_audit_trail(
        &self,
        request: Request<GetAuditTrailRequest>,
    ) -> Result<Response<GetAuditTrailResponse>, Status> {
        Ok(Response::new(get_audit_trail::get_audit_trail(self, request).await?))
    }

    async fn get_proof(
        &self,
        request: Request<GetProofRequest>,
    ) -> Result<Response<GetProofResponse>, Status> {
        Ok(Response::new(get_proof::get_proof(self, request).await?))
    }

    async fn export_evidence(
        &self,
        request: Request<ExportEvidenceRequest>,
    ) -> Result<Response<Self::ExportEvidenceStream>, Status> {
        Ok(Response::new(export_evidence::export_evidence(self, request).await?))
    }

    async fn list_accesses(
        &self,
        request: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        Ok(Response::new(list_accesses::list_accesses(self, request).await?))
    }
}

#[tonic::async_trait]
impl StatisticsService for Desk {
    async fn get_indicators(
        &self,
        request: Request<GetIndicatorsRequest>,
    ) -> Result<Response<GetIndicatorsResponse>, Status> {
        Ok(Response::new(get_indicators::get_indicators(self, request).await?))
    }
}
