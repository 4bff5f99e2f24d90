//! `GetDispatch`: a dispatch of the own log, named so that nothing else can be meant.

use domain::identifier::Office;
use proto::command::v1::Purpose;
use proto::ledger::v1::ReadDispatchesRequest;
use proto::node::v1::{GetDispatchRequest, GetDispatchResponse};
use record::dispatch::Dispatch;
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn get_dispatch(
    operator: &Operator,
    _caller: &Caller,
    request: GetDispatchRequest,
) -> Result<GetDispatchResponse, Failure> {
    let partner = operator.partner(&request.partner_state)?;
    // What carries dispatches may have them; of this one only its name is shown.
    let service = Office::new("operator").map_err(|rule| Failure::internal(rule.to_string()))?;
    let caller = Caller::service(operator.config.state, service).context(Purpose::Unspecified);
    let range = ReadDispatchesRequest {
        caller: Some(caller),
        partner_state: partner.to_string(),
        author: operator.config.state.to_string(),
        era: 0,
        from_number: request.number,
        to_number: Some(request.number),
    };
    let mut found = operator.ledger.clone().read_dispatches(range).await?.into_inner();
    let found = found.message().await?.ok_or_else(|| Failure::not_found("dispatch"))?;
    let dispatch = Dispatch::decode(&found.dispatch)
        .map_err(|error| Failure::corrupt("a stored dispatch cannot be read").with_source(error))?;
    let signed = &dispatch.signed_header;
    let header = signed.header();
    Ok(GetDispatchResponse {
        name: format!("{}:{}:{}", header.era, header.number, signed.digest()),
        time_ms: header.time.as_ms(),
        key_id: signed.key_id().as_bytes().to_vec(),
        entries: u32::try_from(dispatch.entries.len()).unwrap_or(u32::MAX),
    })
}
