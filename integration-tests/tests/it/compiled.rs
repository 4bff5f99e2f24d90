//! Compiled rules, to the byte: what States adopt is named by this digest, the same everywhere.
//!
//! Only the first corridor runs on the data alone. What the others are completed with is made up
//! for this test, and says so in its source; it is no word of any agreement. A digest that changes
//! here is another set of rules for those who have adopted it: it needs a new version, and its
//! reason in the commit.

use agreements::{Order, compile_order};
use domain::identifier::{AgreementId, State};
use domain::rules::{ExtensionCounts, Rules};

const IN_FORCE: &str = "in_force_from = 2020-01-01\n";
const OWN_NATIONALS: &str = "application_limit_own_nationals_none = true\n";
const COVERED: &str = "covers_own_nationals = true\n";

/// Agreement, pair, what is made up, digest.
const CORRIDORS: [(&str, [&str; 2], &[&str], &str); 7] = [
    (
        "benelux_kosovo_2011",
        ["NL", "XK"],
        &[],
        "5c845ce9f653bfb324cde9f1b5d0779be022ba8f364e603ebe1d45c38dce35ef",
    ),
    (
        "benelux_kazakhstan_2015",
        ["NL", "KZ"],
        &[IN_FORCE],
        "4fa7c90ae13896468afea91d2830f86d0339eaf5a2c643c1d687358bdea11c7c",
    ),
    (
        "russia_switzerland_2009",
        ["CH", "RU"],
        &[IN_FORCE, OWN_NATIONALS, COVERED],
        "4668de02568b552463d0105f41ee0a1c8140bf86f86c243f73d289fd6597dff9",
    ),
    (
        "benelux_romania_1995",
        ["NL", "RO"],
        &[
            IN_FORCE,
            OWN_NATIONALS,
            "travel_document_clock_starts_on = \"receipt_of_travel_document_request\"\n",
        ],
        "0e33253d81d0ea3ad5b5a1502d756d28d7e6c6d8177f5ef960abf005f7269114",
    ),
    (
        "benelux_slovenia_1992",
        ["NL", "SI"],
        &[
            IN_FORCE,
            OWN_NATIONALS,
            COVERED,
            "transfer_limit_clock_starts_on = \"receipt_of_reply\"\n",
        ],
        "59493c697ff9cd1732fbbbc9d6432591a8f10f59043eef5885329b3b8c0fd031",
    ),
    (
        "eu_georgia_2011",
        ["NL", "GE"],
        &[
            "protocol_in_force_from = 2020-01-01\n",
            OWN_NATIONALS,
            "reply_limit_working_days = 9\n",
            "reply_clock_starts_on = \"receipt_of_application\"\n",
            "silence_effect = \"not_stated\"\n",
            "application_limit_third_country_nationals_calendar_months = 6\n",
            "application_limit_clock_starts_on = \"detection_of_irregular_stay\"\n",
            "travel_document_validity_calendar_months = 3\n",
            "transfer_limit_clock_starts_on = \"receipt_of_positive_reply\"\n",
        ],
        "0d361dfa6ecb8e3bd630b7f461d19fa340fb836773dda1351d83712e19bb226d",
    ),
    (
        "eu_north_macedonia_2008",
        ["NL", "MK"],
        &[
            "protocol_in_force_from = 2020-01-01\n",
            OWN_NATIONALS,
            "reciprocal = true\n",
            "reply_limit_calendar_days = 9\n",
            "reply_clock_starts_on = \"receipt_of_application\"\n",
            "silence_effect = \"not_stated\"\n",
            "application_limit_third_country_nationals_calendar_months = 6\n",
            "application_limit_clock_starts_on = \"entry_and_presence_ascertained\"\n",
            "travel_document_issue_limit_working_days = 3\n",
            "travel_document_clock_starts_on = \"travel_document_request\"\n",
            "transfer_limit_clock_starts_on = \"issue_of_travel_document\"\n",
        ],
        "82d957802aed6818942b9ca39054b3f4174619ad4b63a9847524150fc1e811dc",
    ),
];

fn compiled(agreement: &str, [first, second]: [&str; 2], made_up: &[&str]) -> Rules {
    let agreement = AgreementId::new(agreement).unwrap();
    let head = format!("format_version = 1\nagreement = \"{agreement}\"\n");
    let source = "\n[[supplied]]\narticle = \"made up\"\nsource = \"made up for a test\"\n";
    let text = format!("{head}{source}{}", made_up.concat());
    let state = |code| State::new(code).unwrap();
    let pair = (state(first), state(second));
    let order = Order {
        supplement: (!made_up.is_empty()).then_some(("made_up.toml", text.as_str())),
        ..Order::plain(&agreement, 1, pair, "2026-01-05".parse().unwrap())
    };
    compile_order(&order).unwrap()
}

#[test]
fn compiled_rules_are_the_same_bytes_everywhere() {
    let mut wrong = Vec::new();
    for (agreement, pair, made_up, digest) in CORRIDORS {
        let rules = compiled(agreement, pair, made_up);
        let bytes = record::rules::encode(&rules);
        assert_eq!(record::rules::decode(&bytes).unwrap(), rules, "{agreement} is read again");
        let found = record::rules::digest(&rules).to_string();
        if found != digest {
            wrong.push(format!("{agreement} {pair:?}: {found}, not {digest}"));
        }
        let [first, second] = pair;
        assert_eq!(compiled(agreement, [second, first], made_up), rules, "{agreement}: order");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was adopted before a longer reply could be taken on the record keeps its bytes, and so its
/// meaning: silence waits for the longest reply.
#[test]
fn rules_adopted_before_a_longer_reply_was_taken_keep_their_digest() {
    let made_up = [IN_FORCE, OWN_NATIONALS, COVERED];
    let mut rules = compiled("russia_switzerland_2009", ["CH", "RU"], &made_up);
    let extension = rules.reply_extension.as_mut().unwrap();
    assert_eq!(extension.counts, ExtensionCounts::WhenTaken);
    extension.counts = ExtensionCounts::Always;
    rules.transfer_extension = None;
    assert_eq!(
        record::rules::digest(&rules).to_string(),
        "5e0927e7f142d1a190e3a1123e37b3b1dd84dbb9f2db862b79a9ba560e36ff29"
    );
}

/// What was adopted before rules said which holidays are only estimated keeps its bytes, and so its
/// meaning: each counts as any other.
#[test]
fn rules_adopted_before_a_holiday_was_held_as_estimated_keep_their_digest() {
    let before = [
        ("benelux_kosovo_2011", "69a0da6c72841a51a4e8e911f538ff3ad5c58f40ec304485a74421b62abe071b"),
        (
            "benelux_kazakhstan_2015",
            "eca4fd26a15443b46c3173c63ff42959f78c0171a249409fe59b942ea3ac4cd7",
        ),
        (
            "eu_north_macedonia_2008",
            "754fe729df423314e18b55f5821a16dc8faba10d0acd7e5d5b4200c4311a6c13",
        ),
    ];
    for (agreement, digest) in before {
        let corridor = CORRIDORS.iter().find(|(it, ..)| *it == agreement).unwrap();
        let mut rules = compiled(agreement, corridor.1, corridor.2);
        rules.calendars.iter_mut().for_each(|calendar| calendar.estimated.clear());
        rules.transfer_extension = None;
        assert_eq!(record::rules::digest(&rules).to_string(), digest, "{agreement}");
    }
}

/// The same of what was adopted before an obstacle could be stated: it extends no transfer.
#[test]
fn rules_adopted_before_an_obstacle_was_stated_keep_their_digest() {
    let made_up = [IN_FORCE, OWN_NATIONALS, COVERED];
    let mut rules = compiled("russia_switzerland_2009", ["CH", "RU"], &made_up);
    assert!(rules.transfer_extension.take().is_some());
    assert_eq!(
        record::rules::digest(&rules).to_string(),
        "5b76f9a52727592f6458fc7bf6676e7fa9786bc0dd8940aed6fcaa79b097d5b2"
    );
}
