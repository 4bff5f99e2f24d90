//! `ReadBody`: the sealed body of an entry, as its author sealed it.

use std::sync::Arc;

use proto::ledger::v1::{ReadBodyRequest, ReadBodyResponse};
use runtime::failure::Failure;

use super::Service;
use crate::corridor::Side;
use crate::grpc::state;
use crate::layout;

pub(super) fn execute(
    service: &Service,
    request: &ReadBodyRequest,
) -> Result<ReadBodyResponse, Failure> {
    let (_, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    let side = corridor.side(state(&request.author, "author")?);
    let side = side.ok_or_else(|| Failure::not_found("log"))?;
    let names = match side {
        Side::Own => &corridor.names.own,
        Side::Partner => &corridor.names.partner,
    };
    let absent = || Failure::not_found("body");
    let record = layout::record_at(&service.reader().store, &names.entries, request.position)?;
    let case = record.and_then(|record| record.stream.as_ref().and_then(layout::case_of));
    // By its case, which knows what came after the entry and what is not released yet.
    let records = service.case_of(&corridor, case.ok_or_else(absent)?)?;
    let found = |it: &&Arc<crate::read::records::EntryRecord>| {
        it.side == side && it.position == request.position
    };
    let entry = records.entries.iter().find(found).ok_or_else(absent)?;
    if entry.stored.sealed_body.is_empty() {
        return Err(absent());
    }
    Ok(ReadBodyResponse { sealed_body: entry.stored.sealed_body.clone() })
}
