//! A readmission request for one person: opens a case.

use super::Ordered;
use crate::case::Opening;
use crate::case::event::{Event, RequestFiled, Statement};
use crate::case::rejection::Rejection;

/// A readmission request.
#[derive(Clone, Debug)]
pub struct FileRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The facts of the request.
    pub request: RequestFiled,
}

/// Decides it, on the corridor as it stands.
///
/// # Errors
/// The rule of [`Statement::RequestFiled`] that is broken.
pub fn file_request(opening: &Opening<'_>, command: FileRequest) -> Result<Vec<Event>, Rejection> {
    let statement = Statement::RequestFiled(command.request);
    opening.check(command.ordered.by, command.ordered.at, &statement)?;
    Ok(vec![Event {
        statement,
        particulars: command.ordered.particulars,
    }])
}
