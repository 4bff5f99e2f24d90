//! `CaseService.ExplainCase`: why a case stands where it stands.

use domain::case::decide::Ordered;
use domain::case::decide::report_departure::{ReportDeparture, report_departure};
use domain::case::said::Side;
use domain::person::Particulars;
use proto::command::v1::Purpose;
use proto::requests::v1::{ExplainCaseRequest, ExplainCaseResponse};
use runtime::command::Reading;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::view::{deadline, timeline, words};

pub(super) async fn explain_case(
    desk: &Desk,
    request: Request<ExplainCaseRequest>,
) -> Result<ExplainCaseResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let reading = desk.read(&official, Purpose::Unspecified, &it.case).await?;
    let explained = reading.case.explain();
    let (result, result_before) = words::result(reading.case.outcome);
    let waits_for = departure_waits_for(&reading);
    let mut explanation = vec![explained.rule.to_owned()];
    explanation.extend(waits_for.iter().map(|(_, why)| format!("departure waits: {why}")));
    Ok(ExplainCaseResponse {
        result: result.into(),
        result_before: result_before.into(),
        standing: words::standing(reading.case.standing).into(),
        deciding_entry: explained.deciding.as_ref().map(|it| timeline::entry(&reading, it)),
        rule: words::deciding_rule(reading.case.outcome).to_owned(),
        instrument: explained.source.as_ref().map(|it| it.instrument.clone()).unwrap_or_default(),
        article: explained.source.and_then(|it| it.article).unwrap_or_default(),
        explanation,
        deadlines: deadline::all(&reading),
        departure_waits_for: waits_for.into_iter().map(|(rule, _)| rule).collect(),
        now_ms: reading.now.as_ms(),
    })
}

/// The rule that a departure would break now, and why it is there: the first in the order of the
/// design, as the rules name it. Only the requesting State sees what its own safeguards hold back.
fn departure_waits_for(reading: &Reading) -> Option<(String, String)> {
    let case = &reading.case;
    if case.said.requesting.departed.is_some() {
        return None;
    }
    let ordered = Ordered {
        by: case.state(Side::Requesting),
        at: reading.now,
        particulars: Particulars::default(),
    };
    // On the requested side there are no safeguards of the other to see.
    let safeguards = if reading.own == case.requesting {
        reading.safeguards()
    } else {
        domain::safeguard::Safeguards::default()
    };
    let broken = report_departure(case, &safeguards, ReportDeparture { ordered }).err()?;
    Some((broken.rule(), broken.to_string()))
}
