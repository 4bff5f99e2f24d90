//! The rpcs: one file for each. Decode, ask who it is, let the rules decide, encode; no rules here.

mod arrange_interview;
mod check_register;
mod confirm_identity;
mod deny_identity;
mod issue;
mod mark_inconclusive;
mod report_interview;
mod request_interview;
mod request_register_check;
mod request_travel_document;
mod revoke;
mod verify;

use proto::identity::v1::identity_service_server::IdentityService;
use proto::identity::v1::travel_document_service_server::TravelDocumentService;
use proto::identity::v1::{
    ArrangeInterviewRequest, ArrangeInterviewResponse, CheckRegisterRequest, CheckRegisterResponse,
    ConfirmIdentityRequest, ConfirmIdentityResponse, DenyIdentityRequest, DenyIdentityResponse,
    IssueRequest, IssueResponse, MarkInconclusiveRequest, MarkInconclusiveResponse,
    ReportInterviewRequest, ReportInterviewResponse, RequestInterviewRequest,
    RequestInterviewResponse, RequestRegisterCheckRequest, RequestRegisterCheckResponse,
    RequestTravelDocumentRequest, RequestTravelDocumentResponse, RevokeRequest, RevokeResponse,
    VerifyRequest, VerifyResponse,
};
use tonic::{Request, Response, Status};

use crate::desk::Desk;

/// Answers each command by the function of its file, with a receipt.
macro_rules! serve {
    (
        $service:ident,
        commands { $($command:ident: $command_in:ident => $command_out:ident,)* }
        $($rest:tt)*
    ) => {
        #[tonic::async_trait]
        impl $service for Desk {
            $($rest)*
            $(async fn $command(
                &self,
                request: Request<$command_in>,
            ) -> Result<Response<$command_out>, Status> {
                let receipt = Some($command::$command(self, request).await?);
                Ok(Response::new($command_out { receipt }))
            })*
        }
    };
}

serve! {
    IdentityService,
    commands {
        request_register_check: RequestRegisterCheckRequest => RequestRegisterCheckResponse,
        check_register: CheckRegisterRequest => CheckRegisterResponse,
        request_interview: RequestInterviewRequest => RequestInterviewResponse,
        arrange_interview: ArrangeInterviewRequest => ArrangeInterviewResponse,
        report_interview: ReportInterviewRequest => ReportInterviewResponse,
        confirm_identity: ConfirmIdentityRequest => ConfirmIdentityResponse,
        deny_identity: DenyIdentityRequest => DenyIdentityResponse,
        mark_inconclusive: MarkInconclusiveRequest => MarkInconclusiveResponse,
    }
}

serve! {
    TravelDocumentService,
    commands {
        request_travel_document: RequestTravelDocumentRequest => RequestTravelDocumentResponse,
        issue: IssueRequest => IssueResponse,
        revoke: RevokeRequest => RevokeResponse,
    }

    async fn verify(
        &self,
        request: Request<VerifyRequest>,
    ) -> Result<Response<VerifyResponse>, Status> {
        Ok(Response::new(verify::verify(self, request).await?))
    }
}
