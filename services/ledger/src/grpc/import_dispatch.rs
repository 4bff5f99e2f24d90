//! `ImportDispatch`: a partner's dispatch, with the courier's cursor in the same write.

use event_store::CursorName;
use proto::InvalidField;
use proto::ledger::v1::{Cursor, ImportDispatchRequest, ImportDispatchResponse};
use runtime::failure::Failure;

use super::{Service, asking, courier};
use crate::read::sent::sent_heard;
use crate::writer::{ImportJob, Imported};

/// Longest value of a cursor.
const CURSOR_BYTES_MAX: usize = 256;
/// Before the names that couriers give, so that they cannot meet the ledger's own.
pub(super) const COURIER: &str = "courier/";

pub(super) async fn execute(
    service: &Service,
    request: ImportDispatchRequest,
) -> Result<ImportDispatchResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    courier(&asking, corridor.own, Some(corridor.partner))?;
    let cursor = request.cursor.map(cursor).transpose()?;
    let job = ImportJob { partner: corridor.partner, dispatch: request.dispatch, cursor };
    let imported = service.0.queue.import(job).await?;
    let Imported { outcome, reason, next_wanted, own_head, missing } = imported;
    Ok(ImportDispatchResponse {
        outcome: outcome.into(),
        next_wanted,
        own_head: own_head.as_ref().map(sent_heard),
        reason,
        missing,
    })
}

fn cursor(cursor: Cursor) -> Result<(CursorName, Vec<u8>), InvalidField> {
    if cursor.value.len() > CURSOR_BYTES_MAX {
        return Err(InvalidField::new("cursor.value", "must have at most 256 bytes"));
    }
    Ok((cursor_name(&cursor.name, "cursor.name")?, cursor.value))
}

pub(super) fn cursor_name(name: &str, field: &str) -> Result<CursorName, InvalidField> {
    CursorName::new(&format!("{COURIER}{name}")).map_err(|error| InvalidField::new(field, error))
}
