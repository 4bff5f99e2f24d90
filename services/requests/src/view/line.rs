//! A case as one line of a list.

use domain::case::query::DeadlineKind;
use proto::requests::v1::CaseLine;
use runtime::command::Reading;

use super::{deadline, request_situation, words};

/// A line; with the deadline that it is listed for, or else the next that runs.
pub(crate) fn of(reading: &Reading, listed_for: Option<DeadlineKind>) -> CaseLine {
    let case = &reading.case;
    let filed = case.said.requesting.filed.as_ref();
    let last = case.history.iter().map(|judged| judged.at.time.as_ms()).max();
    CaseLine {
        case_id: case.id.to_string(),
        case_number: case.number.map(|number| number.to_string()).unwrap_or_default(),
        result: words::result(case.outcome).0.into(),
        standing: words::standing(case.standing).into(),
        request: request_situation(reading).into(),
        addressed_to: filed.map(|(_, filed)| filed.addressed_to.to_string()).unwrap_or_default(),
        last_entry_ms: last.unwrap_or_default(),
        next_deadline: match listed_for {
            Some(kind) => deadline::of_kind(reading, kind),
            None => deadline::next(reading),
        },
    }
}
