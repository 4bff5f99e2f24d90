//! `node.v1.OperatorService`: what the operator of a node sees and does while it runs.

mod adopt_agreement;
mod adopted;
mod end_agreement;
mod erase_case;
mod export_fault;
mod get_dispatch;
mod get_status;
mod list_agreements;
mod list_faults;
mod list_keys;
mod list_partners;
mod list_quarantine;
mod purge_quarantine;
mod resume_writing;
mod safeguard;
mod set_clock;
mod state_by_root;

use std::sync::Arc;

use domain::identifier::State;
use proto::node::v1 as wire;
use proto::node::v1::operator_service_server::{OperatorService, OperatorServiceServer};
use record::genesis::SignedGenesis;
use record::root_statement::Root;
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

    /// Whose statements count in the own log of a corridor.
    fn root(&self, partner: State) -> Result<Root, Failure> {
        let known = self.config.partners.get(&partner);
        let genesis = &known.ok_or_else(|| Failure::not_found("corridor"))?.genesis;
        let bytes = std::fs::read(genesis).map_err(|error| {
            Failure::unavailable("the genesis cannot be read").with_source(error)
        })?;
        let signed = SignedGenesis::decode(&bytes)
            .map_err(|error| Failure::corrupt("the genesis does not hold").with_source(error))?;
        let author = self.config.state;
        let party = signed.genesis().party(author);
        let key = party.ok_or_else(|| Failure::not_found("corridor"))?.root_key;
        Ok(Root { genesis: *signed.digest(), author, key })
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
    end_agreement: end_agreement::end_agreement, EndAgreementRequest -> EndAgreementResponse;
    list_agreements: list_agreements::list_agreements,
        ListAgreementsRequest -> ListAgreementsResponse;
    set_clock: set_clock::set_clock, SetClockRequest -> SetClockResponse;
    erase_case: erase_case::erase_case, EraseCaseRequest -> EraseCaseResponse;
    state_by_root: state_by_root::state_by_root, StateByRootRequest -> StateByRootResponse;
    list_keys: list_keys::list_keys, ListKeysRequest -> ListKeysResponse;
    get_dispatch: get_dispatch::get_dispatch, GetDispatchRequest -> GetDispatchResponse;
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
