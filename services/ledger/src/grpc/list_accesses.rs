//! `ListAccesses`: who had access to what.

use event_store::Revision;
use proto::ledger::v1::{AccessKind, ListAccessesRequest, ListAccessesResponse};
use runtime::caller::Role;
use runtime::failure::Failure;

use super::{Service, ambiguous, asking};
use crate::access;
use crate::failure;
use crate::layout;

/// Most accesses of a page.
const LIMIT_MAX: u32 = 1000;
/// Records of a stream that are read at once.
const PAGE_RECORDS: usize = 1024;

pub(super) async fn execute(
    service: &Service,
    request: &ListAccessesRequest,
) -> Result<ListAccessesResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    match &asking.caller.role {
        Role::Overseer(_) | Role::Operator | Role::Service(_)
            if asking.caller.state == service.reader().own => {}
        Role::Overseer(_)
        | Role::Operator
        | Role::Service(_)
        | Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Node => {
            return Err(Failure::not_allowed("only a body of oversight may do this"));
        }
    }
    if !(1..=LIMIT_MAX).contains(&request.limit) {
        return Err(Failure::field("limit", "must be 1 to 1,000"));
    }
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let noted = match request.case.as_str() {
        "" => None,
        name => match service.find(name).await?.as_slice() {
            [] => return Err(Failure::not_found("case")),
            [case] => Some(*case),
            [..] => return Err(ambiguous()),
        },
    };
    let store = &service.reader().store;
    // What is stored behind it is not released yet.
    let end = service.snapshot().next;
    let mut records = Vec::new();
    if let Some(case) = noted {
        let stream = layout::accesses_stream(&case);
        let mut from = 0;
        while records.len() <= limit {
            let page =
                store.read_stream(&stream, Revision(from), PAGE_RECORDS).map_err(failure::read)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            records.extend(page.into_iter().filter(|it| it.log_index >= request.from_position));
        }
    } else {
        let log = layout::access_log();
        records = store.read_log(&log, request.from_position, limit + 1).map_err(failure::read)?;
    }
    records.retain(|record| record.position < end);
    let more = records.len() > limit;
    records.truncate(limit);
    let accesses = records.iter().map(access::shown).collect::<Result<_, _>>()?;
    service.note(&asking, noted, AccessKind::Read).await?;
    Ok(ListAccessesResponse { accesses, more })
}
