//! The words of messages in the words of the domain, one by one.

use domain::case::decide::report_interview::InterviewCourse;
use domain::case::event;
use proto::identity::v1::{InterviewOutcome, RegisterFinding};

pub(crate) fn read_finding(number: i32) -> Option<event::RegisterFinding> {
    match RegisterFinding::try_from(number).ok()? {
        RegisterFinding::Unspecified => None,
        RegisterFinding::Hit => Some(event::RegisterFinding::Hit),
        RegisterFinding::NoHit => Some(event::RegisterFinding::NoHit),
        RegisterFinding::Ambiguous => Some(event::RegisterFinding::Ambiguous),
    }
}

pub(crate) fn read_course(number: i32) -> Option<InterviewCourse> {
    match InterviewOutcome::try_from(number).ok()? {
        InterviewOutcome::Unspecified => None,
        InterviewOutcome::Held => Some(InterviewCourse::Held),
        InterviewOutcome::Missed => Some(InterviewCourse::Missed),
    }
}
