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
        transfer_extension: _,
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use domain::identifier::{AgreementId, State};
    use domain::rules::{
        Cited, ExtensionCounts, ExtensionNeeds, Limit, Notice, ReplyExtension, WithEvidence,
    };

    use super::*;

    const WORKING: Length = Length { count: 3, unit: Unit::WorkingDays };
    const CALENDAR: Length = Length { count: 3, unit: Unit::CalendarDays };

    /// Rules with every length that there is, none in working days.
    fn rules() -> Rules {
        let id = AgreementId::new("benelux_kosovo_2011").unwrap();
        let pair = (State::new("NL").unwrap(), State::new("XK").unwrap());
        let mut rules = crate::compile(&id, 1, pair, "2026-01-05".parse().unwrap()).unwrap();
        let limit = Limit { length: CALENDAR, ..rules.reply.clone() };
        let source = limit.source.clone();
        let notice = Notice { length: CALENDAR, source: source.clone() };
        let cited = || Cited { value: CALENDAR, source: source.clone() };
        rules.reply_extension = Some(ReplyExtension {
            longest: Some(CALENDAR),
            after_obstacle: Some(CALENDAR),
            needs: ExtensionNeeds::Reasons,
            counts: ExtensionCounts::Always,
            source: source.clone(),
        });
        rules.transfer_of_third_country_nationals = Some(limit.clone());
        rules.transfer_notice = Some(notice.clone());
        rules.escorted_transfer_notice = Some(notice);
        let document = rules.travel_document.as_mut().unwrap();
        document.issue = Some(limit.clone());
        document.expected =
            Some(Cited { value: Expected::Normally(CALENDAR), source: source.clone() });
        document.with_evidence = Some(WithEvidence { issue: limit.clone(), items: Vec::new() });
        document.validity = cited();
        document.reissue = Some(cited());
        document.reissue_limit = Some(limit.clone());
        document.reissue_expected = Some(cited());
        document.late_after = Some(limit);
        rules
    }

    #[test]
    fn each_length_alone_makes_calendars_needed() {
        assert!(!counts_working_days(&rules()));
        type Set = fn(&mut Rules);
        #[rustfmt::skip]
        let sets: [(&str, Set); 18] = [
            ("filing", |it| {
                let mut filing = it.categories.iter_mut().filter_map(|it| it.application.as_mut());
                filing.next().unwrap().length = WORKING;
            }),
            ("reply", |it| it.reply.length = WORKING),
            ("silence", |it| it.silence.limit.length = WORKING),
            ("longest", |it| it.reply_extension.as_mut().unwrap().longest = Some(WORKING)),
            ("obstacle", |it| it.reply_extension.as_mut().unwrap().after_obstacle = Some(WORKING)),
            ("register", |it| it.register_check.as_mut().unwrap().length = WORKING),
            ("transfer", |it| it.transfer.as_mut().unwrap().length = WORKING),
            ("third", |it| {
                it.transfer_of_third_country_nationals.as_mut().unwrap().length = WORKING;
            }),
            ("notice", |it| it.transfer_notice.as_mut().unwrap().length = WORKING),
            ("escort", |it| it.escorted_transfer_notice.as_mut().unwrap().length = WORKING),
            ("issue", |it| document(it).issue.as_mut().unwrap().length = WORKING),
            ("expected", |it| {
                document(it).expected.as_mut().unwrap().value = Expected::Normally(WORKING);
            }),
            ("evidence", |it| document(it).with_evidence.as_mut().unwrap().issue.length = WORKING),
            ("validity", |it| document(it).validity.value = WORKING),
            ("reissue", |it| document(it).reissue.as_mut().unwrap().value = WORKING),
            ("again", |it| document(it).reissue_limit.as_mut().unwrap().length = WORKING),
            ("normally", |it| document(it).reissue_expected.as_mut().unwrap().value = WORKING),
            ("late", |it| document(it).late_after.as_mut().unwrap().length = WORKING),
        ];
        for (name, set) in sets {
            let mut rules = rules();
            set(&mut rules);
            assert!(counts_working_days(&rules), "{name}");
        }
    }

    fn document(rules: &mut Rules) -> &mut TravelDocument {
        rules.travel_document.as_mut().unwrap()
    }
}
