//! `node.v1.OperatorService`: what the operator of a node sees and does while it runs.

mod adopt_agreement;
mod get_status;
mod export_fault;
mod list_agreements;
mod list_faults;
mod list_partners;
mod list_quarantine;
mod purge_quarantine;
mod resume_writing;
mod safeguard;
mod set_clock;

use std::sync::Arc;

use domain::identifier::State;
use proto::node::v1 as wire;
use proto::node::v1::operator_service_server::{OperatorService, OperatorServiceServer};
use runtime::caller::{self, Caller};
use runtime::command::Ledger;
use runtime::config::Config;
use runtime::failure::Failure;
use tonic::{Request, Response, Status};

/// The operator's service.
#[derive(Clone)]
pub(crate) struct Operator {
    config: Arc<Config>,
    ledger: Ledger,
    exchange: Option<exchange::StatusHandle>,
}

impl Operator {
    /// The service, for a listener.
    pub(crate) fn server(
        config: Arc<Config>,
        ledger: Ledger,
        exchange: Option<exchange::StatusHandle>,
    ) -> OperatorServiceServer<Self> {
        let limit = config.limits.message_bytes_max;
        let service = Self { config, ledger, exchange };
        OperatorServiceServer::new(service).max_decoding_message_size(limit)
    }

    /// The caller, who must be an operator.
    fn operator<T>(request: &Request<T>) -> Result<Caller, Failure> {
        let caller = caller::of(request)?;
        caller.operator()?;
        Ok(caller)
    }

    /// A partner that this node has a corridor with.
    fn partner(&self, code: &str) -> Result<State, Failure> {
        let state = State::new(code).map_err(|rule| Failure::field("partner_state", rule))?;
        if self.config.partners.contains_key(&state) {
            Ok(state)
        } else {
            let known: Vec<&str> = self.config.partners.keys().map(State::code).collect();
            let known = known.join(", ");
            Err(Failure::field("partner_state", format!("must be a partner (known: {known})")))
        }
    }
}

/// Declares the methods of the service, each in a file of its own.
macro_rules! methods {
    ($($rpc:ident: $handler:path, $request:ident -> $response:ident;)*) => {
        #[tonic::async_trait]
        impl OperatorService for Operator {
            $(
                async fn $rpc(
                    &self,
                    request: Request<wire::$request>,
                ) -> Result<Response<wire::$response>, Status> {
                    let caller = Self::operator(&request)?;
                    let response = $handler(self, &caller, request.into_inner()).await?;
                    Ok(Response::new(response))
                }
            )*
        }
    };
}

methods! {
    get_status: get_status::get_status, GetStatusRequest -> GetStatusResponse;
    list_partners: list_partners::list_partners, ListPartnersRequest -> ListPartnersResponse;
    adopt_agreement: adopt_agreement::adopt_agreement,
        AdoptAgreementRequest -> AdoptAgreementResponse;
    list_agreements: list_agreements::list_agreements,
        ListAgreementsRequest -> ListAgreementsResponse;
    set_clock: set_clock::set_clock, SetClockRequest -> SetClockResponse;
    open_safeguard: safeguard::open_safeguard, OpenSafeguardRequest -> OpenSafeguardResponse;
    meet_safeguard: safeguard::meet_safeguard, MeetSafeguardRequest -> MeetSafeguardResponse;
    resume_writing: resume_writing::resume_writing, ResumeWritingRequest -> ResumeWritingResponse;
    list_quarantine: list_quarantine::list_quarantine,
        ListQuarantineRequest -> ListQuarantineResponse;
    purge_quarantine: purge_quarantine::purge_quarantine,
        PurgeQuarantineRequest -> PurgeQuarantineResponse;
    list_faults: list_faults::list_faults, ListFaultsRequest -> ListFaultsResponse;
    export_fault: export_fault::export_fault, ExportFaultRequest -> ExportFaultResponse;
}
