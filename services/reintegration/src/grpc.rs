//! The two services: one file for each rpc, decode, execute, encode. No rules.

mod get_referred_case;
mod list_events;
mod subscribe;
mod record_consent;
mod withdraw_consent;
mod refer;
mod answer_referral;
mod agree_plan;
mod report_assistance;
mod report_follow_up;
mod close_referral;

use proto::reintegration::v1::case_event_service_server::CaseEventService;
use proto::reintegration::v1::referral_service_server::ReferralService;
use proto::reintegration::v1::{
    AgreePlanRequest, AgreePlanResponse, AnswerReferralRequest, AnswerReferralResponse,
    CloseReferralRequest, CloseReferralResponse, GetReferredCaseRequest, GetReferredCaseResponse,
    ListEventsRequest, ListEventsResponse, RecordConsentRequest, RecordConsentResponse,
    ReferRequest, ReferResponse, ReportAssistanceRequest, ReportAssistanceResponse,
    ReportFollowUpRequest, ReportFollowUpResponse, SubscribeRequest, WithdrawConsentRequest,
    WithdrawConsentResponse,
};
use tonic::{Request, Response, Status};

use crate::desk::Desk;

#[tonic::async_trait]
impl CaseEventService for Desk {
    type SubscribeStream = subscribe::Events;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        Ok(Response::new(subscribe::subscribe(self, &request)?))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Ok(Response::new(list_events::list_events(self, &request)?))
    }

    async fn get_referred_case(
        &self,
        request: Request<GetReferredCaseRequest>,
    ) -> Result<Response<GetReferredCaseResponse>, Status> {
        Ok(Response::new(get_referred_case::get_referred_case(self, request).await?))
    }
}

#[tonic::async_trait]
impl ReferralService for Desk {
    async fn record_consent(
        &self,
        request: Request<RecordConsentRequest>,
    ) -> Result<Response<RecordConsentResponse>, Status> {
        Ok(Response::new(record_consent::record_consent(self, request).await?))
    }

    async fn withdraw_consent(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<WithdrawConsentResponse>, Status> {
        Ok(Response::new(withdraw_consent::withdraw_consent(self, request).await?))
    }

    async fn refer(
        &self,
        request: Request<ReferRequest>,
    ) -> Result<Response<ReferResponse>, Status> {
        Ok(Response::new(refer::refer(self, request).await?))
    }

    async fn answer_referral(
        &self,
        request: Request<AnswerReferralRequest>,
    ) -> Result<Response<AnswerReferralResponse>, Status> {
        Ok(Response::new(answer_referral::answer_referral(self, request).await?))
    }

    async fn agree_plan(
        &self,
        request: Request<AgreePlanRequest>,
    ) -> Result<Response<AgreePlanResponse>, Status> {
        Ok(Response::new(agree_plan::agree_plan(self, request).await?))
    }

    async fn report_assistance(
        &self,
        request: Request<ReportAssistanceRequest>,
    ) -> Result<Response<ReportAssistanceResponse>, Status> {
        Ok(Response::new(report_assistance::report_assistance(self, request).await?))
    }

    async fn report_follow_up(
        &self,
        request: Request<ReportFollowUpRequest>,
    ) -> Result<Response<ReportFollowUpResponse>, Status> {
        Ok(Response::new(report_follow_up::report_follow_up(self, request).await?))
    }

    async fn close_referral(
        &self,
        request: Request<CloseReferralRequest>,
    ) -> Result<Response<CloseReferralResponse>, Status> {
        Ok(Response::new(close_referral::close_referral(self, request).await?))
    }
}
