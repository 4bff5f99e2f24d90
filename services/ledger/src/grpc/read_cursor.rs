//! `ReadCursor`: how far a courier has been read.

use proto::ledger::v1::{ReadCursorRequest, ReadCursorResponse};
use runtime::failure::Failure;

use super::import_dispatch::cursor_name;
use super::{Service, asking, courier};

pub(super) fn execute(
    service: &Service,
    request: &ReadCursorRequest,
) -> Result<ReadCursorResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    courier(&asking, service.reader().own, None)?;
    let name = cursor_name(&request.name, "name")?;
    Ok(ReadCursorResponse { value: service.reader().store.cursor(&name) })
}
