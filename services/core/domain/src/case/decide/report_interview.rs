//! The interview took place, or the person did not appear.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// What became of the interview.
#[derive(Clone, Debug)]
pub struct ReportInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// What became of it.
    pub course: InterviewCourse,
}

/// What became of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterviewCourse {
    /// It took place.
    Held,
    /// The person did not appear.
    Missed,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewHeld`] that is broken.
pub fn report_interview(case: &Case, command: ReportInterview) -> Result<Vec<Event>, Rejection> {
    let statement = match command.course {
        InterviewCourse::Held => Statement::InterviewHeld,
        InterviewCourse::Missed => Statement::InterviewMissed,
    };
    propose(case, command.ordered, statement)
}
