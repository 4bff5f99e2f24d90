//! Which notice of transfer a command means.

use domain::case::rejection::Rejection;
use runtime::command::Reading;

/// A notice that is named must be the one that stands, or stood last; none named means that one.
pub(crate) fn stands(reading: &Reading, named: Option<u64>) -> Result<(), Rejection> {
    let last = reading.case.said.requesting.transfers.last();
    let last = last.map(|transfer| transfer.notice.position);
    if named.is_none() || named == last { Ok(()) } else { Err(Rejection::TransferMustBePending) }
}
