//! `AuditService.ListAccesses`: who has read or written what, oldest first.

use domain::identifier::CaseId;
use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::oversight::v1::{Access, ListAccessesRequest, ListAccessesResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::words;

/// Lines of a page where nothing is said.
const LINES_DEFAULT: u32 = 50;

/// Most lines of a page.
const LINES_MAX: u32 = 200;

pub(super) async fn list_accesses(
    desk: &Desk,
    request: Request<ListAccessesRequest>,
) -> Result<ListAccessesResponse, Failure> {
    let caller = desk.overseer(&request)?;
    let it = request.into_inner();
    let limit = match it.page_size {
        0 => LINES_DEFAULT,
        1..=LINES_MAX => it.page_size,
        _ => return Err(Failure::field("page_size", format!("must be at most {LINES_MAX}"))),
    };
    let from_position = match it.page_token.as_str() {
        "" => 0,
        token => token
            .parse()
            .map_err(|_| Failure::field("page_token", "must be a token of this list"))?,
    };
    let caller = Some(caller.context(Purpose::Unspecified));
    let request = ledger::ListAccessesRequest { caller, case: it.case, from_position, limit };
    let page = desk.ledger.clone().list_accesses(request).await?.into_inner();
    let next = page.accesses.last().and_then(|last| last.position.checked_add(1));
    let next_page_token = next.filter(|_| page.more).map(|next| next.to_string());
    Ok(ListAccessesResponse {
        accesses: page.accesses.into_iter().map(access).collect::<Result<_, _>>()?,
        next_page_token: next_page_token.unwrap_or_default(),
    })
}

fn access(it: ledger::Access) -> Result<Access, Failure> {
    let case_id = match it.case_id.as_slice() {
        [] => String::new(),
        bytes => CaseId::from_slice(bytes)
            .map_err(|_| Failure::corrupt("the ledger sent an access to no case"))?
            .to_string(),
    };
    let kind = ledger::AccessKind::try_from(it.kind).unwrap_or_default();
    let caller = it.caller.unwrap_or_default();
    Ok(Access {
        position: it.position,
        time_ms: it.time_ms,
        identity: caller.identity,
        case_id,
        kind: words::access(kind).into(),
        purpose: caller.purpose,
        vouched: it.vouched,
    })
}
