//! `FollowCases`: entries as they become durable. Facts only, no body.

use domain::identifier::CaseId;
use event_store::Position;
use proto::InvalidField;
use proto::ledger::v1::{FollowCasesRequest, FollowCasesResponse};
use runtime::caller::Role;
use runtime::failure::Failure;
use tonic::Response;

use super::{Items, Service, asking, streamed};
use crate::follow::{self, Wanted};

pub(super) async fn execute(
    service: &Service,
    request: &FollowCasesRequest,
) -> Result<Response<Items<FollowCasesResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let case = if request.case_id.is_empty() {
        None
    } else {
        let case = CaseId::from_slice(&request.case_id);
        Some(case.map_err(|error| InvalidField::new("case_id", error))?)
    };
    match (&asking.caller.role, case) {
        (_, Some(case)) => {
            service.see(&asking, &case.to_string()).await?;
        }
        (Role::Service(_) | Role::Overseer(_), None)
            if asking.caller.state == service.reader().own => {}
        (_, None) => {
            return Err(Failure::not_allowed("only an overseer may follow all cases"));
        }
    }
    let wanted = Wanted {
        from: Position(request.from_position),
        case,
        with_local: request.with_local,
        with_receipts: request.with_receipts,
    };
    let reader = service.reader().clone();
    let snapshots = service.0.snapshots.clone();
    Ok(streamed(|sink| follow::cases(reader, snapshots, wanted, sink)))
}
