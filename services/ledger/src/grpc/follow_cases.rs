//! `FollowCases`: entries as they become durable. Facts only, no body.

use domain::identifier::CaseId;
use event_store::Position;
use proto::InvalidField;
use proto::ledger::v1::{FollowCasesRequest, FollowCasesResponse};
use runtime::caller::Role;
use runtime::failure::Failure;
use tonic::Response;

use super::{Items, Seen, Service, asking, streamed};
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
    let mut from = Position(request.from_position);
    let mut partner = None;
    match (&asking.caller.role, case) {
        // Whose case it is, is asked once: an agency's may end, and it has a stream of its own.
        (Role::Agency(_), Some(_)) => return Err(Failure::not_found("case")),
        (_, Some(case)) => {
            let Seen { records, .. } = service.see(&asking, &case.to_string()).await?;
            partner = Some(records.corridor.partner);
            // Nothing before the first record of a case is about it: to look through it would
            // cost more with every case that is in the store.
            let first = service.reader().first_position(&case)?;
            from = from.max(first);
        }
        (Role::Service(_) | Role::Overseer(_), None)
            if asking.caller.state == service.reader().own => {}
        (_, None) => {
            return Err(Failure::not_allowed("only an overseer may follow all cases"));
        }
    }
    let wanted = Wanted {
        from,
        case,
        partner,
        with_local: request.with_local,
        with_receipts: request.with_receipts,
    };
    let reader = service.reader().clone();
    let snapshots = service.0.snapshots.clone();
    Ok(streamed(|sink| follow::cases(reader, snapshots, wanted, sink)))
}
