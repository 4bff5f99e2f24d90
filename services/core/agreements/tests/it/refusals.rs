//! What is refused, and with which words; what an operator's confirmations and supplements change.

use std::collections::BTreeSet;

use agreements::{CompileError, Order, compile_order};
use domain::identifier::{AgreementId, State};
use domain::rules::{Category, ExtensionCounts, Length, Rules, Source, Unit};

use super::state;

fn outcome(
    agreement: &str,
    pair: (&str, &str),
    confirmed: &[&str],
    supplied: &str,
) -> Result<Rules, CompileError> {
    let id = AgreementId::new(agreement).unwrap();
    let confirmed: Vec<String> = confirmed.iter().map(|key| (*key).to_owned()).collect();
    let text = format!("format_version = 1\nagreement = \"{agreement}\"\n{supplied}");
    let pair = (state(pair.0), state(pair.1));
    compile_order(&Order {
        confirmed: &confirmed,
        supplement: (!supplied.is_empty()).then_some(("supplied.toml", text.as_str())),
        ..Order::plain(&id, 1, pair, "2026-01-05".parse().unwrap())
    })
}

fn refused(agreement: &str, pair: (&str, &str), confirmed: &[&str], supplied: &str) -> String {
    outcome(agreement, pair, confirmed, supplied).unwrap_err().to_string()
}

#[test]
fn members_unions_territories_and_precedence() {
    let named = "binds `EU` and `GE`, not";
    #[rustfmt::skip]
    let cases = [
        // Members of the Union are bound, except those that the agreement names.
        ("eu_georgia_2011", ("DE", "GE"), "does not establish `reply_limit_<unit>`"),
        ("eu_georgia_2011", ("DK", "GE"), "does not bind `DK`"),
        ("eu_georgia_2011", ("IE", "GE"), "does not bind `IE`"),
        ("eu_georgia_2011", ("CH", "GE"), named),
        // Where no member is named, whether Denmark is bound is not established.
        ("eu_azerbaijan_2014", ("DK", "AZ"), "does not establish `member_states_not_bound`"),
        // A later agreement took the place of an older one, except in the territories named.
        ("benelux_macedonia_2006", ("NL", "MK"), "is displaced by `eu_north_macedonia_2008`"),
        ("benelux_macedonia_2006", ("CW", "MK"), "does not establish `in_force_from`"),
        ("benelux_fr_yugoslavia_2002", ("NL", "YU"), "is displaced by `eu_serbia_2008`"),
        ("benelux_kosovo_2011", ("CW", "XK"), "binds `BENELUX` and `XK`, not `CW` and `XK`"),
        // A party has suspended it.
        ("eu_belarus_2020", ("LT", "BY"), "is suspended by `BY`"),
        // Not in force, as far as it is known.
        ("benelux_kazakhstan_2015", ("NL", "KZ"), "was not in force in May 2017"),
        ("benelux_switzerland_2003", ("NL", "CH"), "does not establish `in_force_from`"),
        // Whether a protocol is in force decides the rules between its pair, and no other.
        ("eu_georgia_2011", ("NL", "GE"), "protocol `benelux_georgia_2013` implements"),
        ("eu_russia_2007", ("NL", "RU"), "protocol `netherlands_russia_2011` implements"),
        ("eu_russia_2007", ("DE", "RU"), "does not establish `reply_limit_<unit>`"),
        // What only secondary publications hold.
        ("eu_armenia_2014", ("NL", "AM"), "has `reply_limit_calendar_days` from secondary"),
        ("eu_albania_2006", ("DE", "AL"), "has `reply_limit_days_unqualified` from secondary"),
    ];
    for (agreement, pair, expected) in cases {
        let error = refused(agreement, pair, &[], "");
        assert!(error.contains(expected), "{agreement} {pair:?}: {error}");
    }
}

#[test]
fn two_agreements_for_one_pair_are_both_there_to_be_named() {
    for agreement in ["eu_armenia_2014", "benelux_armenia_2009"] {
        let error = outcome(agreement, ("NL", "AM"), &[], "").unwrap_err();
        assert!(!matches!(error, CompileError::PairMustBeBound { .. }), "{error}");
    }
}

#[test]
fn a_reported_value_counts_once_it_is_confirmed_by_name() {
    let error = refused("eu_armenia_2014", ("NL", "AM"), &["reply_limit_calendar_days"], "");
    assert!(error.contains("what starts the clock of `reply_limit`"), "{error}");
    let error = refused("eu_armenia_2014", ("NL", "AM"), &["reply_limit_calendar_day"], "");
    assert_eq!(
        error,
        "agreement `eu_armenia_2014` has no reported `reply_limit_calendar_day` to confirm; \
         the nearest known is `reply_limit_calendar_days`"
    );
    let error = refused("benelux_kosovo_2011", ("NL", "XK"), &["reply_limit_hours"], "");
    assert!(error.contains("has no reported `reply_limit_hours` to confirm"), "{error}");
}

/// What a text might say; made up for the test, as its source says.
const SUPPLIED: &str = "
[[supplied]]
article = \"1\"
source = \"made up for a test\"
reply_clock_starts_on = \"receipt_of_application\"
silence_effect = \"not_stated\"

[[supplied]]
article = \"2\"
source = \"made up for a test\"
application_limit_own_nationals_none = true
application_limit_third_country_nationals_years = 1
application_limit_clock_starts_on = \"knowledge_of_irregular_stay\"
";

#[test]
fn a_supplement_completes_what_is_missing_with_its_own_source() {
    let confirmed = ["reply_limit_calendar_days"];
    let rules = outcome("eu_armenia_2014", ("NL", "AM"), &confirmed, SUPPLIED).unwrap();
    assert_eq!(rules.reply.length, Length { count: 12, unit: Unit::CalendarDays });
    assert!(rules.reply.source.instrument.starts_with("reported, not from the text: 22013A1031"));
    assert_eq!(rules.silence.source.instrument, "made up for a test");
    assert_eq!(rules.silence.source.article.as_deref(), Some("1"));
    // No limit counts working days: no calendar is needed.
    assert_eq!(rules.calendars, []);
    assert_eq!(rules.directions.len(), 2);
}

#[test]
fn a_supplement_that_contradicts_or_does_not_fit_is_refused() {
    let kosovo = |supplied: &str| refused("benelux_kosovo_2011", ("NL", "XK"), &[], supplied);
    let head = "[[supplied]]\narticle = \"1\"\nsource = \"made up for a test\"\n";
    #[rustfmt::skip]
    let cases = [
        // Another unit changes nothing about it.
        ("reply_limit_working_days = 20\n",
         "`supplied.toml`, line 6: `reply_limit_working_days` is established as \
          `reply_limit_calendar_days` already"),
        ("in_force_from = 2014-04-01\n",
         "`supplied.toml`, line 6: `in_force_from` is established as `in_force_from` already"),
    ];
    for (line, expected) in cases {
        assert_eq!(kosovo(&format!("{head}{line}")), expected);
    }
    for supplied in ["[[supplied]]\narticle = \"1\"\n", "[[supplied]]\nsource = \"1\"\n"] {
        assert_eq!(kosovo(supplied), "the file cannot be used");
    }
    let id = AgreementId::new("benelux_kosovo_2011").unwrap();
    let pair = (state("NL"), state("XK"));
    let error = compile_order(&Order {
        supplement: Some(("x.toml", "format_version = 1\nagreement = \"eu_x\"\n")),
        ..Order::plain(&id, 1, pair, "2026-01-05".parse().unwrap())
    });
    let expected = "the supplement is for agreement `eu_x`, not `benelux_kosovo_2011`";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn working_days_need_calendars_and_the_years_they_cover() {
    let id = |code| State::new(code).unwrap();
    assert_eq!(agreements::calendar(id("UA")), None);
    let base = format!("{SUPPLIED}reply_limit_working_days = 10\n");
    let error = refused("eu_ukraine_2008", ("NL", "UA"), &[], &base);
    assert!(error.contains("`application_limit_third_country_nationals_years` is established"));
    let lines = base.replace("application_limit_third_country_nationals_years = 1\n", "");
    let error = refused("eu_ukraine_2008", ("NL", "UA"), &[], &lines);
    assert_eq!(error, "no calendar of `UA` for the years 2024 to 2030");
}

#[test]
fn what_starts_a_clock_must_fit_what_it_limits() {
    let supplied = |key: &str, value: &str| {
        let others = SUPPLIED.lines().filter(|line| !line.starts_with(key));
        let others: String = others.map(|line| format!("{line}\n")).collect();
        format!("{others}{key} = \"{value}\"\n")
    };
    let confirmed = ["reply_limit_calendar_days"];
    #[rustfmt::skip]
    let cases = [
        ("reply_clock_starts_on", "issue_of_travel_document", "reply_limit"),
        ("reply_clock_starts_on", "knowledge_of_irregular_stay", "reply_limit"),
        ("application_limit_clock_starts_on", "receipt_of_application",
         "application_limit_third_country_nationals"),
    ];
    for (key, value, limit) in cases {
        let error = refused("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied(key, value));
        let expected = format!(
            "agreement `eu_armenia_2014` starts the clock of `{limit}` with `{key}` = {value}, \
             which cannot start it"
        );
        assert_eq!(error, expected);
    }
    for (key, value) in [
        ("reply_clock_starts_on", "confirmed_receipt_of_application"),
        ("reply_clock_starts_on", "submission_of_application"),
        ("application_limit_clock_starts_on", "entry_and_presence_ascertained"),
    ] {
        outcome("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied(key, value)).unwrap();
    }
}

#[test]
fn half_of_a_rule_is_refused() {
    let confirmed = ["reply_limit_calendar_days"];
    let lacks = |line: &str, key: &str| {
        let supplied = format!("{SUPPLIED}{line}\n");
        let error = refused("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied);
        assert_eq!(
            error,
            format!("agreement `eu_armenia_2014` does not establish `{key}`"),
            "{line}"
        );
    };
    let document = "travel_document_issue = \"without_delay\"\n\
                    travel_document_validity_calendar_months = 6\n";
    #[rustfmt::skip]
    let cases = [
        ("reply_limit_extension_max_weeks = 2", "reply_limit_extension_requires"),
        ("reply_limit_extension_requires = \"duly_motivated_request\"",
         "reply_limit_extension_max_<unit>"),
        ("reply_limit_working_days_after_obstacle_removed = 10",
         "reply_delay_allowed_with_reasons"),
        ("travel_document_late_fallback = \"requesting_party_document_accepted\"",
         "travel_document_issue_limit_<unit>"),
        ("transfer_limit_clock_starts_on_third_country_nationals = \"receipt_of_reply\"",
         "transfer_limit_<unit>_third_country_nationals"),
    ];
    for (line, key) in cases {
        lacks(line, key);
    }
    let starts = "travel_document_clock_starts_on = \"receipt_of_travel_document_request\"\n";
    #[rustfmt::skip]
    let cases = [
        // A fallback needs something to be late by.
        ("travel_document_late_fallback = \"requesting_party_document_accepted\"",
         "travel_document_issue_limit_<unit>"),
        ("travel_document_late_fallback_after_weeks = 2", "travel_document_late_fallback"),
        ("travel_document_late_fallback_trigger = \"receipt_of_request_not_acknowledged\"",
         "travel_document_late_fallback"),
        ("travel_document_issue_limit_weeks_with_evidence = 1",
         "travel_document_evidence_for_short_limit"),
        ("travel_document_evidence_for_short_limit = [\"own_statement\"]",
         "travel_document_issue_limit_<unit>_with_evidence"),
    ];
    for (line, key) in cases {
        lacks(&format!("{document}{starts}{line}"), key);
    }
    let cannot = |line: &str, key: &str| {
        let supplied = format!("{SUPPLIED}{document}{line}\n");
        let error = refused("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied);
        let expected = format!("`{key}`, which the rules cannot express");
        assert!(error.ends_with(&expected), "{error}");
    };
    // How what is left of a stopped clock is counted no text in the data says.
    cannot("interview_suspends_reply_clock = true", "interview_suspends_reply_clock");
    cannot("travel_document_issue_normal_limit_weeks = 2", "travel_document_issue");
    let visa = "entry_visa_for_third_country_nationals_required";
    cannot(&format!("{visa} = true"), visa);
}

#[test]
fn a_calendar_year_that_is_not_covered_ends_what_can_be_computed() {
    // The holidays of Sri Lanka are known to the end of 2026 only.
    let supplied = "
[[supplied]]
article = \"1\"
source = \"made up for a test\"
reply_limit_working_days = 30
reply_clock_starts_on = \"receipt_of_application\"
silence_effect = \"not_stated\"
application_limit_own_nationals_none = true
application_limit_third_country_nationals_years = 1
application_limit_clock_starts_on = \"knowledge_of_irregular_stay\"
travel_document_issue_limit_calendar_days = 30
travel_document_clock_starts_on = \"date_of_request\"
";
    let rules = outcome("eu_sri_lanka_2005", ("NL", "LK"), &[], supplied).unwrap();
    assert_eq!((rules.years.first, rules.years.last), (2024, 2026));
    let began = |text: &str| domain::clock::Began::On(text.parse().unwrap());
    let over = |day| domain::clock::deadline(&rules, began(day), &rules.reply, state("LK"));
    assert!(over("2026-11-02").is_ok());
    let error = over("2026-12-20").unwrap_err().to_string();
    assert_eq!(error, "beyond the years 2024 to 2026 that the rules cover");
}

/// What Moldova, Sri Lanka and Albania lack; made up for the test, as its source says.
const REST: &str = "
[[supplied]]
article = \"1\"
source = \"made up for a test\"
reply_limit_weeks = 2
reply_clock_starts_on = \"receipt_of_application\"
silence_effect = \"not_stated\"
application_limit_own_nationals_none = true
";

#[test]
fn each_value_of_the_rules_cites_the_article_that_the_data_establishes_for_it() {
    let of = |agreement: &str, state: &str, confirmed: &[&str], more: &str| {
        outcome(agreement, ("DE", state), confirmed, &format!("{REST}{more}")).unwrap()
    };
    let article = |source: &Source| source.article.clone().unwrap();
    let moldova =
        of("eu_moldova_2008", "MD", &[], "transfer_limit_clock_starts_on = \"receipt_of_reply\"\n");
    assert_eq!(article(moldova.written_communication.as_ref().unwrap()), "6(2)");
    assert_eq!(article(&moldova.refusal_reasons.unwrap().source), "10(4)");
    assert_eq!(article(&moldova.transfer.unwrap().source), "10(5)");
    // No article is established for what it covers.
    assert_eq!(moldova.categories[0].source.article, None);

    let third = "application_limit_third_country_nationals_years = 1\n\
                 application_limit_clock_starts_on = \"knowledge_of_irregular_stay\"\n";
    let document = "travel_document_issue_limit_calendar_days = 30\n\
                    travel_document_clock_starts_on = \"receipt_of_travel_document_request\"\n";
    let lanka = of("eu_sri_lanka_2005", "LK", &[], &format!("{third}{document}"));
    let document = lanka.travel_document.unwrap();
    assert_eq!(article(&document.validity.source), "5(4)");
    assert_eq!(article(&document.reissue.unwrap().source), "5(4)");
    assert_eq!(article(&document.late.unwrap().source), "5(4)");
    assert_eq!(article(&document.late_after.unwrap().source), "5(4)");
    assert_eq!(article(&document.late_when.unwrap().source), "5(4)");
    // What is supplied keeps the article that it is supplied with.
    assert_eq!(article(&document.issue.unwrap().source), "1");
    assert_eq!(article(&lanka.silence.source), "1");

    let albania = "reciprocal = true\ncovers_own_nationals = true\n\
                   travel_document_issue_limit_weeks = 2\n\
                   travel_document_validity_weeks = 2\n\
                   transfer_limit_clock_starts_on = \"receipt_of_reply\"\n";
    let error = outcome("eu_albania_2006", ("DE", "AL"), &[], &format!("{REST}{albania}"));
    let albania = error.unwrap().travel_document.unwrap();
    let fallback = "2(2), 3(3), 4(2), 5(4)";
    assert_eq!(article(&albania.late.unwrap().source), fallback);
    assert_eq!(article(&albania.late_after.unwrap().source), fallback);
}

#[test]
fn the_day_of_a_protocol_is_supplied_only_where_it_is_not_established() {
    let table = "[[supplied]]\narticle = \"1\"\nsource = \"made up for a test\"\n";
    let day = format!("{table}protocol_in_force_from = 2040-01-01\n");
    // That of Serbia is established; put off, it would drop what the protocol says.
    let error = refused("eu_serbia_2008", ("NL", "RS"), &[], &day);
    assert_eq!(
        error,
        "`supplied.toml`, line 6: `protocol_in_force_from` is established as \
         `in_force_from of benelux_serbia_2013` already"
    );
    // That of Georgia is not: from 2040 on, so the agreement stands alone today.
    let error = refused("eu_georgia_2011", ("NL", "GE"), &[], &day);
    assert!(error.contains("does not establish `reply_limit_<unit>`"), "{error}");
}

#[test]
fn evidence_that_no_list_names_shortens_no_limit() {
    let supplied = format!(
        "{SUPPLIED}travel_document_issue = \"without_delay\"\n\
         travel_document_validity_calendar_months = 6\n\
         travel_document_clock_starts_on = \"receipt_of_travel_document_request\"\n\
         travel_document_issue_limit_weeks_with_evidence = 1\n\
         travel_document_evidence_for_short_limit = [\"own_statement\"]\n"
    );
    let confirmed = ["reply_limit_calendar_days"];
    let error = refused("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied);
    assert_eq!(
        error,
        "agreement `eu_armenia_2014` has `travel_document_evidence_for_short_limit` with \
         `own_statement`, which none of its evidence lists names"
    );
}

#[test]
fn a_later_end_of_silence_that_is_only_reported_is_not_passed_over() {
    let supplied = SUPPLIED.replace("silence_effect = \"not_stated\"\n", "");
    let pakistan =
        |confirmed: &[&str]| outcome("eu_pakistan_2010", ("NL", "PK"), confirmed, &supplied);
    // Thirty days to reply, sixty until silence accepts: the second counts, or nothing does.
    let reply = "reply_limit_days_unqualified";
    let error = pakistan(&[reply]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "agreement `eu_pakistan_2010` has `silence_effect_after_days_unqualified` from secondary \
         publications only: confirm it"
    );
    let rules = pakistan(&[reply, "silence_effect_after_days_unqualified"]).unwrap();
    let length = |count| Length { count, unit: Unit::DaysUnqualified };
    assert_eq!((rules.reply.length, rules.silence.limit.length), (length(30), length(60)));
    assert_eq!(rules.silence.limit.starts_on, rules.reply.starts_on);
}

#[test]
fn another_name_of_an_established_value_is_a_contradiction() {
    let kosovo = |line: &str| {
        let supplied = format!("[[supplied]]\narticle = \"1\"\nsource = \"made up\"\n{line}\n");
        refused("benelux_kosovo_2011", ("NL", "XK"), &[], &supplied)
    };
    for (supplied, established) in [
        (
            "travel_document_min_validity_calendar_months",
            "travel_document_validity_calendar_months",
        ),
        (
            "travel_document_or_visa_reissue_limit_calendar_days",
            "travel_document_reissue_limit_working_days",
        ),
    ] {
        assert_eq!(
            kosovo(&format!("{supplied} = 1")),
            format!(
                "`supplied.toml`, line 6: `{supplied}` is established as `{established}` already"
            )
        );
    }
}

#[test]
fn silence_that_counts_before_the_reply_is_over_is_a_contradiction() {
    let silence = |line: &str| {
        let supplied = format!("[[supplied]]\narticle = \"1\"\nsource = \"made up\"\n{line}\n");
        let outcome = outcome("benelux_kosovo_2011", ("NL", "XK"), &[], &supplied);
        outcome.map(|rules| rules.silence.limit.length.count).map_err(|error| error.to_string())
    };
    let before = |words: &str| {
        Err(format!(
            "agreement `benelux_kosovo_2011` has silence count after {words}, before the \
             28 calendar days to reply are over"
        ))
    };
    // 28 calendar days to reply.
    for (line, expected) in [
        ("silence_effect_after_calendar_days = 27", before("27 calendar days")),
        ("silence_effect_after_calendar_days = 28", Ok(28)),
        ("silence_effect_after_weeks = 3", before("3 weeks")),
        ("silence_effect_after_weeks = 4", Ok(4)),
        ("silence_effect_after_hours = 647", before("647 hours")),
        // Between two working days may lie any number of days, and February may have 28.
        ("silence_effect_after_working_days = 2", Ok(2)),
        ("silence_effect_after_calendar_months = 1", Ok(1)),
    ] {
        assert_eq!(silence(line), expected, "{line}");
    }
}

#[test]
fn what_is_confirmed_and_supplied_at_once_is_a_contradiction() {
    let supplied = format!("{SUPPLIED}reply_limit_weeks = 2\n");
    let error = refused("eu_armenia_2014", ("NL", "AM"), &["reply_limit_calendar_days"], &supplied);
    assert_eq!(
        error,
        "`supplied.toml`, line 16: `reply_limit_weeks` is established as \
         `reply_limit_calendar_days` already"
    );
    // Not confirmed, what is reported counts for nothing.
    let rules = outcome("eu_armenia_2014", ("NL", "AM"), &[], &supplied).unwrap();
    assert_eq!(rules.reply.length, Length { count: 2, unit: Unit::Weeks });
}

#[test]
fn third_country_nationals_are_covered_from_their_day_on() {
    let supplied = "
[[supplied]]
article = \"1\"
source = \"made up for a test\"
reply_clock_starts_on = \"receipt_of_application\"
silence_effect = \"not_stated\"
";
    let text = format!("format_version = 1\nagreement = \"eu_turkiye_2014\"\n{supplied}");
    let confirmed = [
        "reply_limit_calendar_days",
        "application_limit_own_nationals_none",
        "application_limit_third_country_nationals_calendar_months",
        "application_limit_clock_starts_on",
    ];
    let covered = |on: &str| {
        let id = AgreementId::new("eu_turkiye_2014").unwrap();
        let pair = (state("NL"), state("TR"));
        let rules = compile_order(&Order {
            confirmed: &confirmed.map(str::to_owned),
            supplement: Some(("supplied.toml", &text)),
            ..Order::plain(&id, 1, pair, on.parse().unwrap())
        });
        rules.unwrap().coverage(Category::ThirdCountryNational).is_some()
    };
    assert!(!covered("2017-09-30"));
    assert!(covered("2017-10-01"));
}

#[test]
fn evidence_for_the_nationals_of_one_party_counts_in_requests_to_it_alone() {
    let supplied = "
[[supplied]]
article = \"1\"
source = \"made up for a test\"
in_force_from = 2020-01-01
covers_own_nationals = true
application_limit_own_nationals_none = true
transfer_limit_clock_starts_on = \"receipt_of_reply\"
";
    let of = |pair: (&str, &str)| -> BTreeSet<Option<String>> {
        let rules = outcome("benelux_slovenia_1992", pair, &[], supplied).unwrap();
        rules.evidence.iter().map(|it| it.nationals_of.map(|of| of.to_string())).collect()
    };
    let named = |states: &[&str]| states.iter().map(|state| Some((*state).to_owned())).collect();
    // Lists for nationals of Slovenia, and of the Netherlands: no Belgian is proved by the latter.
    assert_eq!(of(("NL", "SI")), named(&["NL", "SI"]));
    assert_eq!(of(("BE", "SI")), named(&["SI"]));
}

#[test]
fn a_reply_that_may_be_delayed_or_extended_keeps_both_lengths_apart() {
    let confirmed = ["reply_limit_calendar_days"];
    let of = |lines: &str| {
        let supplied = format!("{SUPPLIED}{lines}");
        let rules = outcome("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied).unwrap();
        let extension = rules.reply_extension.unwrap();
        (extension.longest, extension.after_obstacle, extension.counts)
    };
    let weeks = |count| Some(Length { count, unit: Unit::Weeks });
    let longest = "reply_limit_extension_max_weeks = 2\n";
    let needs = "reply_limit_extension_requires = \"duly_motivated_request\"\n";
    let delay = "reply_delay_allowed_with_reasons = true\n";
    let after = "reply_limit_weeks_after_obstacle_removed = 1\n";
    assert_eq!(of(&format!("{longest}{needs}")), (weeks(2), None, ExtensionCounts::WhenTaken));
    let stated = ExtensionCounts::WhenObstacleStated;
    assert_eq!(of(&format!("{delay}{after}")), (None, weeks(1), stated));
    // A delay lasts as long as its obstacle: no length is the longest, whatever another key says.
    assert_eq!(of(&format!("{delay}{longest}{after}")), (None, weeks(1), stated));
    // Nothing says when the reply is due once the obstacle is removed: silence never is.
    assert_eq!(of(&format!("{delay}{longest}")), (None, None, ExtensionCounts::Always));
}

#[test]
fn a_transfer_may_be_later_by_the_time_needed_to_remove_obstacles() {
    let confirmed = ["reply_limit_calendar_days"];
    let of = |word: &str| {
        let supplied = format!("{SUPPLIED}transfer_limit_extension = \"{word}\"\n");
        outcome("eu_armenia_2014", ("NL", "AM"), &confirmed, &supplied)
    };
    let legal = "time_needed_to_remove_legal_medical_or_serious_practical_obstacles";
    for word in ["time_needed_to_remove_obstacles", legal] {
        let source = of(word).unwrap().transfer_extension.unwrap();
        assert!(source.instrument.contains("made up"), "{source:?}");
    }
    // No event states an application, so nothing makes the limit longer.
    assert_eq!(of("on_application_by_requesting_party").unwrap().transfer_extension, None);
    let error = format!("{:?}", of("until_it_is_convenient").unwrap_err());
    assert!(error.contains("transfer_limit_extension"), "{error}");
}
