//! The rpcs: one file for each. Decode, ask who it is, let the rules decide, encode; no rules here.

mod accept_request;
mod add_evidence;
mod admit_request;
mod ask_clarification;
mod cancel_transfer;
mod claim_silence;
mod close_case;
mod contest_entry;
mod explain_case;
mod file_request;
mod get_attachment;
mod get_case;
mod give_clarification;
mod lift_hold;
mod list_cases;
mod list_deadlines;
mod list_inbox;
mod notice_silence;
mod notify_transfer;
mod object_to_transfer;
mod place_hold;
mod put_attachment;
mod rectify;
mod refuse_request;
mod report_arrival;
mod report_departure;
mod report_non_departure;
mod report_obstacle;
mod report_obstacle_removed;
mod return_unconsidered;
mod settle_dispute;
mod take_extension;
mod watch_case;
mod withdraw_request;

use std::pin::Pin;

use proto::requests::v1::answer_service_server::AnswerService;
use proto::requests::v1::attachment_service_server::AttachmentService;
use proto::requests::v1::case_service_server::CaseService;
use proto::requests::v1::request_service_server::RequestService;
use proto::requests::v1::transfer_service_server::TransferService;
use proto::requests::v1::{
    AcceptRequestRequest, AcceptRequestResponse, AddEvidenceRequest, AddEvidenceResponse,
    AdmitRequestRequest, AdmitRequestResponse, AskClarificationRequest, AskClarificationResponse,
    CancelTransferRequest, CancelTransferResponse, ClaimSilenceRequest, ClaimSilenceResponse,
    CloseCaseRequest, CloseCaseResponse, ContestEntryRequest, ContestEntryResponse,
    ExplainCaseRequest, ExplainCaseResponse, FileRequestRequest, FileRequestResponse,
    GetAttachmentRequest, GetAttachmentResponse, GetCaseRequest, GetCaseResponse,
    GiveClarificationRequest, GiveClarificationResponse, LiftHoldRequest, LiftHoldResponse,
    ListCasesRequest, ListCasesResponse, ListDeadlinesRequest, ListDeadlinesResponse,
    ListInboxRequest, ListInboxResponse, NoticeSilenceRequest, NoticeSilenceResponse,
    NotifyTransferRequest, NotifyTransferResponse, ObjectToTransferRequest,
    ObjectToTransferResponse, PlaceHoldRequest, PlaceHoldResponse, PutAttachmentRequest,
    PutAttachmentResponse, RectifyRequest, RectifyResponse, RefuseRequestRequest,
    RefuseRequestResponse, ReportArrivalRequest, ReportArrivalResponse, ReportDepartureRequest,
    ReportDepartureResponse, ReportNonDepartureRequest, ReportNonDepartureResponse,
    ReportObstacleRemovedRequest, ReportObstacleRemovedResponse, ReportObstacleRequest,
    ReportObstacleResponse, ReturnUnconsideredRequest, ReturnUnconsideredResponse,
    SettleDisputeRequest, SettleDisputeResponse, TakeExtensionRequest, TakeExtensionResponse,
    WatchCaseRequest, WithdrawRequestRequest, WithdrawRequestResponse,
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::desk::Desk;

pub(crate) use give_clarification::first_open as first_open_question;

/// A stream of answers.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Answers each rpc by the function of its file; commands with a receipt, the others as they are.
macro_rules! serve {
    (
        $service:ident,
        commands { $($command:ident: $command_in:ident => $command_out:ident,)* }
        reads { $($read:ident: $read_in:ident => $read_out:ident,)* }
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
            $(async fn $read(
                &self,
                request: Request<$read_in>,
            ) -> Result<Response<$read_out>, Status> {
                Ok(Response::new($read::$read(self, request).await?))
            })*
        }
    };
}

serve! {
    RequestService,
    commands {
        file_request: FileRequestRequest => FileRequestResponse,
        add_evidence: AddEvidenceRequest => AddEvidenceResponse,
        give_clarification: GiveClarificationRequest => GiveClarificationResponse,
        withdraw_request: WithdrawRequestRequest => WithdrawRequestResponse,
        notice_silence: NoticeSilenceRequest => NoticeSilenceResponse,
        claim_silence: ClaimSilenceRequest => ClaimSilenceResponse,
    }
    reads {}
}

serve! {
    AnswerService,
    commands {
        admit_request: AdmitRequestRequest => AdmitRequestResponse,
        ask_clarification: AskClarificationRequest => AskClarificationResponse,
        take_extension: TakeExtensionRequest => TakeExtensionResponse,
        accept_request: AcceptRequestRequest => AcceptRequestResponse,
        refuse_request: RefuseRequestRequest => RefuseRequestResponse,
        return_unconsidered: ReturnUnconsideredRequest => ReturnUnconsideredResponse,
    }
    reads {}
}

serve! {
    TransferService,
    commands {
        notify_transfer: NotifyTransferRequest => NotifyTransferResponse,
        cancel_transfer: CancelTransferRequest => CancelTransferResponse,
        object_to_transfer: ObjectToTransferRequest => ObjectToTransferResponse,
        report_departure: ReportDepartureRequest => ReportDepartureResponse,
        report_non_departure: ReportNonDepartureRequest => ReportNonDepartureResponse,
        report_arrival: ReportArrivalRequest => ReportArrivalResponse,
    }
    reads {}
}

serve! {
    CaseService,
    commands {
        place_hold: PlaceHoldRequest => PlaceHoldResponse,
        lift_hold: LiftHoldRequest => LiftHoldResponse,
        report_obstacle: ReportObstacleRequest => ReportObstacleResponse,
        report_obstacle_removed: ReportObstacleRemovedRequest => ReportObstacleRemovedResponse,
        rectify: RectifyRequest => RectifyResponse,
        contest_entry: ContestEntryRequest => ContestEntryResponse,
        settle_dispute: SettleDisputeRequest => SettleDisputeResponse,
        close_case: CloseCaseRequest => CloseCaseResponse,
    }
    reads {
        get_case: GetCaseRequest => GetCaseResponse,
        explain_case: ExplainCaseRequest => ExplainCaseResponse,
        list_cases: ListCasesRequest => ListCasesResponse,
        list_inbox: ListInboxRequest => ListInboxResponse,
        list_deadlines: ListDeadlinesRequest => ListDeadlinesResponse,
    }

    type WatchCaseStream = watch_case::Changes;

    async fn watch_case(
        &self,
        request: Request<WatchCaseRequest>,
    ) -> Result<Response<Self::WatchCaseStream>, Status> {
        Ok(Response::new(watch_case::watch_case(self, request).await?))
    }
}

#[tonic::async_trait]
impl AttachmentService for Desk {
    type PutAttachmentStream = Answers<PutAttachmentResponse>;
    type GetAttachmentStream = Answers<GetAttachmentResponse>;

    async fn put_attachment(
        &self,
        request: Request<Streaming<PutAttachmentRequest>>,
    ) -> Result<Response<Self::PutAttachmentStream>, Status> {
        Ok(Response::new(put_attachment::put_attachment(self, request).await?))
    }

    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Response<Self::GetAttachmentStream>, Status> {
        Ok(Response::new(get_attachment::get_attachment(self, request).await?))
    }
}
