//! Whether compiled rules count working days: only then do they need calendars.

use domain::rules::{Expected, Length, Rules, TravelDocument, Unit};

/// Whether any length of the rules is counted in working days. Every field is named, so that a new
/// length is not forgotten.
pub(super) fn counts_working_days(rules: &Rules) -> bool {
    lengths(rules).iter().any(|length| length.unit == Unit::WorkingDays)
}

fn lengths(rules: &Rules) -> Vec<Length> {
    let Rules {
        agreement: _,
        version: _,
        meaning: _,
        title: _,
        in_force_from: _,
        directions: _,
        categories,
        reply,
        reply_with_interview: _,
        reply_extension,
        silence,
        refusal_reasons: _,
        register_check,
        interview: _,
        travel_document,
        transfer,
        transfer_of_third_country_nationals,
        transfer_notice,
        escorted_transfer_notice,
        written_communication: _,
        evidence: _,
        calendars: _,
        offsets: _,
        years: _,
    } = rules;
    let filing = categories.iter().filter_map(|coverage| coverage.application.as_ref());
    let limits = [Some(reply), Some(&silence.limit), register_check.as_ref(), transfer.as_ref()];
    let limits = limits.into_iter().chain([transfer_of_third_country_nationals.as_ref()]);
    let limits = limits.flatten().chain(filing).map(|limit| limit.length);
    let notices = [transfer_notice, escorted_transfer_notice].into_iter().flatten();
    let longer = reply_extension.iter().flat_map(|it| [it.longest, it.after_obstacle]);
    let document = travel_document.iter().flat_map(of_document);
    let rest = notices.map(|notice| notice.length).chain(longer.flatten()).chain(document);
    limits.chain(rest).collect()
}

fn of_document(document: &TravelDocument) -> Vec<Length> {
    let TravelDocument {
        issue,
        expected,
        with_evidence,
        validity,
        reissue,
        reissue_limit,
        reissue_expected,
        late: _,
        late_after,
        late_when: _,
        third_country_nationals: _,
    } = document;
    let with_evidence = with_evidence.as_ref().map(|with| &with.issue);
    let limits = [issue.as_ref(), with_evidence, reissue_limit.as_ref(), late_after.as_ref()];
    let cited = [Some(validity), reissue.as_ref(), reissue_expected.as_ref()];
    let expected = expected.as_ref().and_then(|cited| match cited.value {
        Expected::Normally(length) => Some(length),
        Expected::WithoutDelay | Expected::ImmediatelyAfterPositiveReply => None,
    });
    let limits = limits.into_iter().flatten().map(|limit| limit.length);
    limits.chain(cited.into_iter().flatten().map(|cited| cited.value)).chain(expected).collect()
}
