//! Clear messages of the record: what does not fit is named by its path. That what fits is kept is
//! tested kind by kind in the `record` crate.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::event::Statement;
use domain::identifier::CaseId;
use domain::referral::LocalStatement;
use domain::rules::Rules;
use proto::InvalidField;
use proto::record::v1::facts::Statement as Wire;
use proto::record::v1::{self, Facts};

fn filed() -> v1::RequestFiled {
    v1::RequestFiled {
        under: Some(v1::AgreementReference {
            agreement: "test_agreement".into(),
            version: 1,
            digest: vec![7; 32],
        }),
        category: v1::Category::OwnNational.into(),
        evidence: vec!["photograph".into()],
        return_decision: v1::ReturnDecision::Enforceable.into(),
        filed_by: "return-office".into(),
        addressed_to: "ministry".into(),
        year: 2026,
        serial: 1,
        irregular_stay_known_on: None,
    }
}

fn field_of(statement: Wire) -> String {
    let facts = Facts { case_id: vec![1; 16], statement: Some(statement) };
    let read: Result<(Option<CaseId>, Statement), InvalidField> = facts.try_into();
    read.unwrap_err().field
}

#[test]
fn a_field_of_facts_that_does_not_fit_is_named_by_its_path() {
    let under = |digest: Vec<u8>| filed().under.map(|it| v1::AgreementReference { digest, ..it });
    let day = |year, month, day| Some(v1::Date { year, month, day });
    let bad = |evidence: &str| vec!["photograph".into(), evidence.into()];
    for (field, message) in [
        ("request_filed.under", v1::RequestFiled { under: None, ..filed() }),
        ("request_filed.under.digest", v1::RequestFiled { under: under(vec![7]), ..filed() }),
        ("request_filed.category", v1::RequestFiled { category: 0, ..filed() }),
        ("request_filed.category", v1::RequestFiled { category: 5, ..filed() }),
        ("request_filed.evidence[1]", v1::RequestFiled { evidence: bad("Photo"), ..filed() }),
        (
            "request_filed.evidence",
            v1::RequestFiled { evidence: vec!["photograph".into(); 65], ..filed() },
        ),
        ("request_filed.return_decision", v1::RequestFiled { return_decision: 0, ..filed() }),
        ("request_filed.filed_by", v1::RequestFiled { filed_by: String::new(), ..filed() }),
        ("request_filed.serial", v1::RequestFiled { serial: 0, ..filed() }),
        (
            "request_filed.irregular_stay_known_on",
            v1::RequestFiled { irregular_stay_known_on: day(2026, 2, 29), ..filed() },
        ),
    ] {
        assert_eq!(field_of(Wire::RequestFiled(message)), field);
    }
    let none = v1::EvidenceAdded { evidence: vec![] };
    assert_eq!(field_of(Wire::EvidenceAdded(none)), "evidence_added.evidence");
    let falling = v1::RequestRefused { reasons: vec![2, 1] };
    assert_eq!(field_of(Wire::RequestRefused(falling)), "request_refused.reasons");
    let unknown = v1::RequestRefused { reasons: vec![1, 9] };
    assert_eq!(field_of(Wire::RequestRefused(unknown)), "request_refused.reasons[1]");
    let kinds = v1::CapabilitiesStated { kinds: vec![1] };
    assert_eq!(field_of(Wire::CapabilitiesStated(kinds)), "case_id");
    let cited = v1::SilenceClaimed { cited: Some(v1::Heard::default()) };
    assert_eq!(field_of(Wire::SilenceClaimed(cited)), "silence_claimed.cited.digest");
}

#[test]
fn a_field_of_local_facts_that_does_not_fit_is_named_by_its_path() {
    use v1::local_facts::Statement as Local;
    for (field, statement) in [
        ("statement", None),
        (
            "safeguard_opened.safeguard",
            Some(Local::SafeguardOpened(v1::SafeguardOpened::default())),
        ),
        ("referred.agency", Some(Local::Referred(v1::Referred { agency: "No".into() }))),
        ("referral_answered.answer", {
            Some(Local::ReferralAnswered(v1::ReferralAnswered { agency: "a".into(), answer: 7 }))
        }),
    ] {
        let facts = v1::LocalFacts { case_id: vec![1; 16], statement };
        let read: Result<(CaseId, LocalStatement), InvalidField> = facts.try_into();
        assert_eq!(read.unwrap_err().field, field);
    }
}

#[test]
fn a_field_of_compiled_rules_that_does_not_fit_is_named_by_its_path() {
    let source =
        || Some(v1::Source { instrument: "Test agreement".into(), article: String::new() });
    let limit = |count, unit: v1::Unit| v1::Limit {
        length: Some(v1::Length { count, unit: unit.into() }),
        starts_on: v1::Start::DateOfRequest.into(),
        source: source(),
    };
    let good = || v1::CompiledRules {
        agreement: "test_agreement".into(),
        version: 1,
        meaning: 1,
        title: "Test".into(),
        in_force_from: Some(v1::Date { year: 2014, month: 4, day: 1 }),
        reply: Some(limit(28, v1::Unit::CalendarDays)),
        silence: Some(v1::Silence {
            limit: Some(limit(28, v1::Unit::CalendarDays)),
            effect: v1::SilenceEffect::NotStated.into(),
            source: source(),
            exception: None,
        }),
        years: Some(v1::Years { first: 2024, last: 2030 }),
        ..v1::CompiledRules::default()
    };
    let document = |change: fn(&mut v1::TravelDocument)| {
        let validity =
            v1::CitedLength { length: limit(3, v1::Unit::CalendarMonths).length, source: source() };
        let mut document =
            v1::TravelDocument { validity: Some(validity), ..v1::TravelDocument::default() };
        change(&mut document);
        v1::CompiledRules { travel_document: Some(document), ..good() }
    };
    let issue = || Some(limit(3, v1::Unit::WorkingDays));
    let length = || limit(14, v1::Unit::CalendarDays).length;
    let extension = || v1::ReplyExtension {
        longest: length(),
        after_obstacle: length(),
        needs: v1::ExtensionNeeds::DulyMotivatedRequest.into(),
        source: source(),
        counts_when_taken: true,
        counts_when_obstacle_stated: false,
    };
    let extended = |change: fn(&mut v1::ReplyExtension)| {
        let mut extension = extension();
        change(&mut extension);
        v1::CompiledRules { reply_extension: Some(extension), ..good() }
    };
    let everything = v1::CompiledRules {
        reply_with_interview: Some(v1::CitedStart {
            start: v1::Start::InterviewResult.into(),
            source: source(),
        }),
        reply_extension: Some(extension()),
        transfer_of_third_country_nationals: issue(),
        transfer_extension: source(),
        escorted_transfer_notice: Some(v1::Notice { length: length(), source: source() }),
        silence: good().silence.map(|silence| v1::Silence {
            exception: Some(v1::CitedText { text: "unless".into(), source: source() }),
            ..silence
        }),
        evidence: vec![v1::Evidence {
            item: "own_statement".into(),
            purpose: v1::Purpose::Nationality.into(),
            strength: v1::Strength::Supporting.into(),
            source: source(),
            nationals_of: "XK".into(),
        }],
        travel_document: Some(v1::TravelDocument {
            issue: issue(),
            validity: Some(v1::CitedLength { length: length(), source: source() }),
            reissue: Some(v1::CitedLength { length: length(), source: source() }),
            late: Some(v1::CitedLateDocument {
                late: v1::LateDocument::ExpiredDocumentAccepted.into(),
                source: source(),
            }),
            expected: Some(v1::ExpectedDocument {
                expected: Some(v1::expected_document::Expected::WithoutDelay(true)),
                source: source(),
            }),
            with_evidence: Some(v1::WithEvidence {
                issue: issue(),
                items: vec!["a".into(), "b".into()],
            }),
            reissue_limit: issue(),
            reissue_expected: Some(v1::CitedLength { length: length(), source: source() }),
            late_after: issue(),
            late_when: Some(v1::CitedLateWhen {
                when: v1::LateWhen::ReceiptNotAcknowledged.into(),
                source: source(),
            }),
            third_country_nationals: Some(v1::CitedThirdCountryDocument {
                document: v1::ThirdCountryDocument::OfRequestingPartyWithVisa.into(),
                source: source(),
            }),
        }),
        ..good()
    };
    for message in [good(), everything] {
        let rules = Rules::try_from(message.clone()).unwrap();
        assert!(v1::CompiledRules::from(&rules) == message);
    }
    let calendar = |weekend: Vec<u32>| v1::Calendar {
        state: "NL".into(),
        weekend,
        holidays: vec![],
        estimated: vec![],
    };
    let day = |day| Some(v1::Date { year: 2026, month: 3, day });
    let estimated = |days: &[(u32, u32)]| {
        let estimated = days.iter();
        let estimated =
            estimated.map(|(on, until)| v1::EstimatedHoliday { on: day(*on), until: day(*until) });
        let holidays = [20, 21, 22, 24].into_iter().filter_map(day).collect();
        let calendar =
            v1::Calendar { holidays, estimated: estimated.collect(), ..calendar(vec![6, 7]) };
        v1::CompiledRules { calendars: vec![calendar], ..good() }
    };
    for days in [&[(20, 22), (24, 24)][..], &[(20, 20), (21, 22)], &[]] {
        let rules = Rules::try_from(estimated(days)).unwrap();
        assert!(v1::CompiledRules::from(&rules) == estimated(days), "{days:?}");
    }
    let offsets = |from_ms| v1::Offsets {
        state: "NL".into(),
        zone: "Test/Zone".into(),
        changes: vec![v1::OffsetChange { from_ms, seconds: 3_600 }],
    };
    let direction = || v1::Direction { requesting: "NL".into(), requested: "XK".into() };
    for (field, message) in [
        ("meaning", v1::CompiledRules { meaning: 0, ..good() }),
        ("title", v1::CompiledRules { title: String::new(), ..good() }),
        ("reply", v1::CompiledRules { reply: None, ..good() }),
        (
            "reply.length.count",
            v1::CompiledRules { reply: Some(limit(0, v1::Unit::Hours)), ..good() },
        ),
        (
            "transfer.length.unit",
            v1::CompiledRules { transfer: Some(limit(1, v1::Unit::Unspecified)), ..good() },
        ),
        (
            "travel_document.expected.without_delay",
            document(|it| {
                let without_delay = v1::expected_document::Expected::WithoutDelay(false);
                it.expected = Some(v1::ExpectedDocument {
                    expected: Some(without_delay),
                    source: Some(v1::Source { instrument: "x".into(), article: String::new() }),
                });
            }),
        ),
        (
            "travel_document.with_evidence.items",
            document(|it| it.with_evidence = Some(v1::WithEvidence::default())),
        ),
        (
            "travel_document.with_evidence.items",
            document(|it| {
                let items = vec!["b".into(), "a".into()];
                it.with_evidence = Some(v1::WithEvidence { issue: None, items });
            }),
        ),
        (
            "travel_document.third_country_nationals.document",
            document(|it| {
                it.third_country_nationals = Some(v1::CitedThirdCountryDocument::default())
            }),
        ),
        (
            "reply_extension.needs",
            v1::CompiledRules { reply_extension: Some(v1::ReplyExtension::default()), ..good() },
        ),
        (
            "reply_extension.counts_when_obstacle_stated",
            extended(|it| it.counts_when_obstacle_stated = true),
        ),
        (
            "reply_extension.counts_when_obstacle_stated",
            extended(|it| {
                (it.counts_when_obstacle_stated, it.counts_when_taken) = (true, false);
            }),
        ),
        (
            "reply_extension.counts_when_obstacle_stated",
            extended(|it| {
                (it.counts_when_obstacle_stated, it.counts_when_taken) = (true, false);
                (it.longest, it.after_obstacle) = (None, None);
            }),
        ),
        (
            "reply_with_interview.start",
            v1::CompiledRules { reply_with_interview: Some(v1::CitedStart::default()), ..good() },
        ),
        ("directions", v1::CompiledRules { directions: vec![direction(); 2], ..good() }),
        (
            "calendars[0].weekend",
            v1::CompiledRules { calendars: vec![calendar(vec![7, 6])], ..good() },
        ),
        (
            "calendars[0].weekend[0]",
            v1::CompiledRules { calendars: vec![calendar(vec![8])], ..good() },
        ),
        ("calendars", v1::CompiledRules { calendars: vec![calendar(vec![]); 2], ..good() }),
        (
            "offsets[0].changes[0].from_ms",
            v1::CompiledRules { offsets: vec![offsets(1)], ..good() },
        ),
        ("calendars[0].estimated", estimated(&[(24, 24), (20, 22)])),
        ("calendars[0].estimated", estimated(&[(20, 21), (21, 22)])),
        ("calendars[0].estimated[0].until", estimated(&[(22, 20)])),
        ("calendars[0].estimated[1]", estimated(&[(20, 20), (22, 24)])),
        ("calendars[0].estimated[0]", estimated(&[(19, 20)])),
        (
            "years.last",
            v1::CompiledRules { years: Some(v1::Years { first: 2030, last: 2024 }), ..good() },
        ),
    ] {
        assert_eq!(Rules::try_from(message).unwrap_err().field, field);
    }
}
