//! Which values count for a corridor, and where each came from.

use agreements::{Explanation, Order, Part, Standing, Topic, explain};
use domain::identifier::AgreementId;

use super::state;

const SUPPLEMENT: &str = r#"
format_version = 1
agreement = "eu_armenia_2014"
[[supplied]]
article = "11"
source = "made up for a test"
reply_clock_starts_on = "receipt_of_application"
"#;

fn explained(
    id: &str,
    pair: (&str, &str),
    confirmed: &[&str],
    supplement: Option<(&str, &str)>,
) -> Explanation {
    let confirmed: Vec<String> = confirmed.iter().map(|key| (*key).to_owned()).collect();
    let id = AgreementId::new(id).unwrap();
    let pair = (state(pair.0), state(pair.1));
    explain(&Order {
        confirmed: &confirmed,
        supplement,
        ..Order::plain(&id, 1, pair, "2026-01-05".parse().unwrap())
    })
    .unwrap()
}

fn standing(explanation: &Explanation, key: &str) -> Standing {
    let found = explanation.values.iter().find(|value| value.entry.key == key);
    found.unwrap().standing.clone()
}

#[test]
fn what_is_reported_counts_once_it_is_confirmed() {
    let key = "reply_limit_calendar_days";
    let pair = ("NL", "AM");
    let before = explained("eu_armenia_2014", pair, &[], None);
    assert_eq!(standing(&before, key), Standing::ReportedOnly);
    let after = explained("eu_armenia_2014", pair, &[key], None);
    assert_eq!(standing(&after, key), Standing::Confirmed);
    assert!(after.rules.is_err(), "other values are still missing");
}

#[test]
fn what_is_supplied_is_shown_with_its_own_article_and_source() {
    let supplement = Some(("treaty.toml", SUPPLEMENT));
    let explanation = explained("eu_armenia_2014", ("NL", "AM"), &[], supplement);
    let values = &explanation.values;
    let value = values.iter().find(|it| it.entry.key == "reply_clock_starts_on").unwrap();
    assert_eq!(value.entry.part, Part::Supplement("treaty.toml".to_owned()));
    assert_eq!(value.entry.article.as_deref(), Some("11"));
    assert_eq!(value.entry.source, "made up for a test");
    assert_eq!(value.standing, Standing::Counts);
}

#[test]
fn a_protocol_sets_aside_what_it_overrides() {
    let supplement = "format_version = 1\nagreement = \"eu_russia_2007\"\n[[supplied]]\n\
                      article = \"1\"\nsource = \"made up for a test\"\n\
                      protocol_in_force_from = 2012-01-01\n";
    let supplement = Some(("force.toml", supplement));
    let explanation = explained("eu_russia_2007", ("NL", "RU"), &[], supplement);
    let values = explanation.values.iter().filter(|it| it.entry.key == "interview_held_by");
    let standings: Vec<(bool, &Standing)> =
        values.map(|it| (matches!(it.entry.part, Part::Protocol(_)), &it.standing)).collect();
    let by = Part::Protocol(AgreementId::new("netherlands_russia_2011").unwrap());
    assert_eq!(standings, [(false, &Standing::SetAside { by }), (true, &Standing::Counts)]);
}

/// "For so long" and "at least so long" are one value: nothing that is supplied as the one sets
/// aside what the agreement has as the other.
#[test]
fn a_least_validity_and_a_validity_are_one_value() {
    let explanation = explained("eu_turkiye_2014", ("NL", "TR"), &[], None);
    let reported = "travel_document_min_validity_calendar_months";
    assert_eq!(standing(&explanation, reported), Standing::ReportedOnly);
    let supplement = "format_version = 1\nagreement = \"eu_turkiye_2014\"\n[[supplied]]\n\
                      article = \"1\"\nsource = \"made up for a test\"\n\
                      travel_document_validity_days_unqualified = 90\n";
    let supplement = Some(("validity.toml", supplement));
    let explanation = explained("eu_turkiye_2014", ("NL", "TR"), &[], supplement);
    let by = Part::Supplement("validity.toml".to_owned());
    assert_eq!(standing(&explanation, reported), Standing::SetAside { by });
}

#[test]
fn a_protocol_is_explained_for_its_pair_alone() {
    let with = explained("eu_serbia_2008", ("NL", "RS"), &[], None);
    assert_eq!(with.protocol.as_ref().map(AgreementId::as_str), Some("benelux_serbia_2013"));
    let without = explained("eu_serbia_2008", ("DE", "RS"), &[], None);
    assert_eq!(without.protocol, None);
    let of_protocol = |explanation: &Explanation| {
        let protocols =
            explanation.values.iter().filter(|it| matches!(it.entry.part, Part::Protocol(_)));
        protocols.count()
    };
    assert!(of_protocol(&with) > 20);
    assert_eq!(of_protocol(&without), 0);
}

#[test]
fn the_display_only_values_are_there_with_their_reason_and_by_topic() {
    let explanation = explained("benelux_kosovo_2011", ("NL", "XK"), &[], None);
    assert!(explanation.rules.is_ok());
    for topic in [Topic::Transit, Topic::Error, Topic::Costs, Topic::Data] {
        let mut values = explanation.values.iter().filter(|it| it.entry.topic == topic);
        assert!(
            values.any(|it| matches!(it.entry.reading, agreements::Reading::ShownOnly(_))),
            "{topic}"
        );
    }
}
