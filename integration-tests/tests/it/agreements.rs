//! `readmit agreements …` as somebody types it: offline, no node, exit codes and both outputs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use integration_tests::process::readmit;
use serde_json::Value;

/// Exit codes, by class.
const FAILURE: i32 = 1;
const UNREADABLE: i32 = 2;
const INVALID: i32 = 3;
const REFUSED: i32 = 6;

fn run(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(readmit().unwrap());
    command.arg("agreements").args(arguments).current_dir(folder).output().unwrap()
}

fn said(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let json = arguments.contains(&"--json");
    // A word of the data longer than a line cannot be cut.
    let long = |line: &&str| line.chars().count() > 100 && line.split_whitespace().count() > 3;
    let long: Vec<&str> = text.lines().filter(|_| !json).filter(long).collect();
    assert!(long.is_empty(), "{arguments:?}: longer than 100 columns: {long:#?}");
    text
}

fn json(arguments: &[&str], folder: &Path) -> Value {
    serde_json::from_str(&said(&[arguments, &["--json"]].concat(), folder)).unwrap()
}

const KOSOVO: [&str; 9] = [
    "deadlines",
    "--agreement",
    "benelux_kosovo_2011",
    "--requesting",
    "NL",
    "--requested",
    "XK",
    "--on",
    "2026-05-04",
];

#[test]
fn deadlines_are_computed_drawn_and_listed_without_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let events = [
        "--event",
        "receipt_of_application=2026-05-04T10:00:00+02:00",
        "--event",
        "receipt_of_travel_document_request=2026-04-30T10:00:00+02:00",
        "--svg",
        "timeline.svg",
    ];
    let asked = [&KOSOVO[..], &events].concat();
    let clocks = json(&asked, folder.path());
    let clock = |name: &str| {
        let clocks = clocks.as_array().unwrap();
        clocks.iter().find(|clock| clock["clock"] == name).unwrap()
    };
    let reply = clock("reply");
    assert_eq!(reply["starts_on"], "receipt_of_application");
    assert_eq!(reply["started_at"], "2026-05-04T08:00:00.000Z");
    assert_eq!((&reply["limit"], &reply["unit"]), (&28.into(), &"calendar_days".into()));
    assert_eq!(reply["last_day"], "2026-06-01");
    assert_eq!(reply["deadline_utc"], "2026-06-01T22:00:00.000Z");
    assert_eq!((&reply["calendar"], &reply["article"]), (&Value::Null, &Value::Null));
    let document = clock("travel document");
    assert_eq!(
        (&document["calendar"], &document["last_day"]),
        (&"NL+XK".into(), &"2026-05-06".into())
    );
    let skipped = document["skipped_days"].as_array().unwrap();
    assert_eq!(skipped.len(), 3);
    assert_eq!(skipped[0]["why"][0]["state"], "XK");
    assert_eq!(skipped[0]["why"][0]["reason"], "holiday");
    let transfer = clock("transfer");
    assert_eq!(transfer["deadline_utc"], Value::Null);
    for clock in clocks.as_array().unwrap() {
        let keys: BTreeSet<&str> = clock.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(KEYS), "{clock}");
    }
    let detailed = json(&[&asked[..], &["--detailed"]].concat(), folder.path());
    let detailed = detailed.as_array().unwrap();
    let transfer = detailed.iter().find(|clock| clock["clock"] == "transfer").unwrap();
    let note = "not started: give --event approval_or_expiry_of_reply_limit";
    assert_eq!((&transfer["note"], &transfer["days_of"]), (&note.into(), &"NL".into()));
    let image = std::fs::read_to_string(folder.path().join("timeline.svg")).unwrap();
    assert!(image.starts_with("<svg ") && image.contains("<desc id=\"desc\">"), "{image}");

    let text = said(&asked, folder.path());
    for words in
        ["give --event date_of_request=TIME", "2026-05-01 Friday: ", "until Monday 2026-06-01"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// The keys of a clock for programs.
const KEYS: [&str; 10] = [
    "clock",
    "article",
    "starts_on",
    "started_at",
    "limit",
    "unit",
    "calendar",
    "last_day",
    "deadline_utc",
    "skipped_days",
];

#[test]
fn a_holiday_that_is_only_estimated_decides_nothing_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let events = [
        // Eid al-Fitr of Kosovo, Fri 20 Mar 2026, lies in the two working days.
        "--event",
        "transfer_notice=2026-03-18T10:00:00Z",
        // Eid al-Adha, Wed 27 May, lies in these three, and so it would on Tue or Thu.
        "--event",
        "receipt_of_travel_document_request=2026-05-22T10:00:00+02:00",
    ];
    let asked = [&KOSOVO[..], &events].concat();
    let output = run(&asked, folder.path());
    assert_eq!(output.status.code(), Some(REFUSED));
    let errors = String::from_utf8(output.stderr).unwrap();
    let option = "--confirm-holiday XK=2026-03-20";
    let whole = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(whole.contains(&format!("the end of `transfer notice`: confirm it with {option}")));
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["to be confirmed", option, "2026-05-29T22:00:00Z"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("2026-03-23"), "an end that nobody has confirmed: {text}");

    let output = run(&[&asked[..], &["--json"]].concat(), folder.path());
    assert_eq!(output.status.code(), Some(REFUSED));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["fields"][0]["field"], "--confirm-holiday");
    let clocks: Value = serde_json::from_slice(&output.stdout).unwrap();
    let clock = |name: &str| {
        let clocks = clocks.as_array().unwrap();
        clocks.iter().find(|clock| clock["clock"] == name).unwrap()
    };
    assert_eq!(clock("transfer notice")["started_at"], "2026-03-18T10:00:00.000Z");
    assert_eq!(clock("transfer notice")["deadline_utc"], Value::Null);
    assert_eq!(clock("travel document")["deadline_utc"], "2026-05-29T22:00:00.000Z");

    let confirmed = ["--confirm-holiday", "XK=2026-03-20"];
    let text = said(&[&asked[..], &confirmed].concat(), folder.path());
    for words in
        ["until Friday 2026-05-29", "not before the end of Monday 2026-03-23", "confirmed "]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_deadline_beyond_the_covered_years_is_not_computable_and_has_not_passed() {
    let folder = tempfile::tempdir().unwrap();
    let late = ["--event", "receipt_of_application=2030-12-20T10:00:00Z"];
    let text = said(&[&KOSOVO[..], &late].concat(), folder.path());
    assert!(text.contains("not computable: beyond the years 2024 to 2030"), "{text}");
    assert!(text.contains("it has not passed"), "{text}");
}

#[test]
fn bad_input_names_the_option_and_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let with = |extra: &[&'static str]| [&KOSOVO[..], extra].concat();
    let on = |agreement: &'static str, requested: &'static str| {
        let mut asked = KOSOVO.to_vec();
        (asked[2], asked[6]) = (agreement, requested);
        asked
    };
    let event = |event: &'static str| with(&["--event", event]);
    let bad_topic = vec!["explain", "benelux_kosovo_2011", "--topic", "rely"];
    #[rustfmt::skip]
    let cases = [
        (on("benelux_kosovo_2012", "XK"), "--agreement",
         "the nearest known is `benelux_kosovo_2011`"),
        (on("benelux_kosovo_2011", "AL"), "--requesting, --requested", "binds `BENELUX` and `XK`"),
        (on("benelux_kosovo_2011", "Kosovo"), "--requested", "must be two capital letters"),
        (with(&["--person", "national"]), "--person", "must be one of `own_national`"),
        (event("receipt=2026-05-04"), "--event", "must be one of `receipt_of_application`"),
        (event("date_of_request=2026-05-04T10:00:00"), "--event", "must have an offset"),
        (event("date_of_request=soon"), "--event", "must be a moment such as"),
        (with(&["--confirm", "reply_limit_calendar_days"]), "--confirm", "has no reported"),
        (with(&["--confirm-holiday", "XK=2026-03-21"]), "--confirm-holiday",
         "`XK` has no estimated holiday on 2026-03-21; the nearest is 2026-03-20"),
        (vec!["show", "zzz"], "ID", "that `readmit agreements list` shows"),
        (vec!["show", "BENELUX_KOSOVO_2011"], "ID", "the nearest known is `benelux_kosovo_2011`"),
        (vec!["diff", "benelux_kosovo_2011", "no.rules"], "B", ", or a file that is there, not"),
        (bad_topic, "--topic", "must be one of"),
    ];
    for (asked, field, rule) in cases {
        let output = run(&[&asked[..], &["--json"]].concat(), folder.path());
        assert_eq!(output.status.code(), Some(INVALID), "{asked:?}");
        assert_eq!(output.stdout, b"", "{asked:?}");
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(error["fields"][0]["field"], field, "{asked:?}");
        let found = error["fields"][0]["rule"].as_str().unwrap();
        assert!(found.contains(rule), "{asked:?}: {found}");
    }
    // A day is no moment, and a protocol stands for the agreement that it implements.
    let moment = [&KOSOVO[..8], &["2026-05-04T10:00:00"]].concat();
    assert_eq!(run(&moment, folder.path()).status.code(), Some(INVALID));
    let refused = run(&on("benelux_serbia_2013", "RS"), folder.path());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(REFUSED), "{words}");
    assert!(words.contains("agreement `eu_serbia_2008` does not establish"), "{words}");
    let refused = run(&on("eu_belarus_2020", "BY"), folder.path());
    assert_eq!(refused.status.code(), Some(REFUSED));
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("is suspended by `BY`"), "{words}");
}

#[test]
fn every_document_is_listed_shown_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json(&["list"], folder.path());
    let listed = listed.as_array().unwrap();
    assert!(listed.len() >= 43, "{}", listed.len());
    let kosovo = listed.iter().find(|row| row["id"] == "benelux_kosovo_2011").unwrap();
    assert_eq!(
        (&kosovo["runs"], &kosovo["in_force_from"]),
        (&"as_it_is".into(), &"2014-04-01".into())
    );
    said(&["list"], folder.path());
    for row in listed {
        let id = row["id"].as_str().unwrap();
        let shown = said(&["show", id], folder.path());
        assert!(shown.contains("\nsources\n  [1] "), "{id}: {shown}");
    }
    for row in listed.iter().step_by(8) {
        let id = row["id"].as_str().unwrap();
        let explained = said(&["explain", id], folder.path());
        let words: Vec<&str> = explained.split_whitespace().collect();
        assert!(words.join(" ").contains("no rule reads it: "), "{id}: {explained}");
    }
    let transit = said(&["explain", "benelux_kosovo_2011", "--topic", "transit"], folder.path());
    assert!(transit.contains("transit_take_back = without_delay"), "{transit}");
    assert!(!transit.contains("reply_limit"), "{transit}");
    let evidence = said(&["explain", "eu_moldova_2008", "--topic", "evidence"], folder.path());
    assert!(evidence.contains("NOT COMPLETE in our data"), "{evidence}");
    assert!(evidence.contains("_items) [1]\n") && evidence.contains("  [1] "), "{evidence}");
    for words in ["no list for third", "when an interview follows"] {
        assert_eq!(evidence.contains(words), words.starts_with("when"), "{words}: {evidence}");
    }
    // Items that shorten a limit, and that nobody can state.
    let gambia = ["explain", "eu_gambia_good_practices_2018", "--topic", "evidence"];
    let text = said(&gambia, folder.path());
    assert!(text.contains("IN NO LIST, and so nobody can state it: expired_passport, "), "{text}");
    assert_eq!(json(&gambia, folder.path())["evidence_in_no_list"].as_array().unwrap().len(), 4);
    assert!(!evidence.contains("IN NO LIST"), "{evidence}");
    let sources = said(&["sources", "benelux_kosovo_2011"], folder.path());
    assert!(sources.contains("reply_limit_calendar_days"), "{sources}");
}

#[test]
fn a_supplement_is_checked_and_its_values_are_shown_as_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let head = "format_version = 1\nagreement = \"eu_armenia_2014\"\n";
    let table = "[[supplied]]\narticle = \"99\"\nsource = \"made up for a test\"\n";
    let values = "reply_clock_starts_on = \"receipt_of_application\"\n";
    write("sound.toml", &format!("{head}{table}{values}"));
    write("twice.toml", &format!("{head}{table}reciprocal = true\n"));
    write("broken.toml", "[[supplied\n");
    write("empty.toml", "");
    write("early.toml", &format!("{head}{table}in_force_from = 2013-04-18\n"));
    write("unit.toml", &format!("{head}{table}reply_limit_days = 12\n"));
    std::fs::write(folder.path().join("binary.toml"), b"a = 1\nb = 2\nc = \xff\n").unwrap();
    let huge = std::fs::File::create(folder.path().join("huge.toml")).unwrap();
    huge.set_len(1 << 30).unwrap();
    assert!(said(&["check", "sound.toml"], folder.path()).starts_with("sound: "));
    let faulty = [
        ("twice.toml", FAILURE, "line 6: `reciprocal` is established"),
        ("broken.toml", UNREADABLE, "line 1: not TOML"),
        ("absent.toml", UNREADABLE, "cannot read `absent.toml`"),
        (".", UNREADABLE, "cannot read `.`"),
        ("empty.toml", UNREADABLE, "`empty.toml` must have one of the tables"),
        ("binary.toml", UNREADABLE, "`binary.toml`, line 3: not a text"),
        ("huge.toml", UNREADABLE, "`huge.toml`, line 1: no file of agreements has more than"),
        ("early.toml", FAILURE, "line 6: `in_force_from` contradicts `signed_on`"),
        ("unit.toml", FAILURE, "line 6: `reply_limit_days` must be `reply_limit_` with one of"),
    ];
    for (file, exit, expected) in faulty {
        let output = run(&["check", file], folder.path());
        assert_eq!(output.status.code(), Some(exit), "{file}");
        let words = String::from_utf8(output.stderr).unwrap();
        // Lines are wrapped where they are long.
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(expected), "{file}: {words}");
    }
    let pair = ["--requesting", "NL", "--requested", "AM", "--on", "2026-05-04"];
    let supplied = ["--supplement", "sound.toml", "--confirm", "reply_limit_calendar_days"];
    let asked = ["explain", "eu_armenia_2014", "--topic", "reply"];
    let text = said(&[&asked[..], &pair, &supplied].concat(), folder.path());
    for words in ["Article 99", "supplement sound.toml", "you confirm it", "no rules: "] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn rules_that_differ_are_told_value_by_value() {
    let folder = tempfile::tempdir().unwrap();
    let pair = ["--requesting", "NL", "--requested", "XK", "--on", "2026-05-04"];
    let id = "benelux_kosovo_2011";
    let written = ["explain", id, "--topic", "costs", "--write-rules", "xk.rules"];
    said(&[&written[..], &pair].concat(), folder.path());
    let same = said(&["diff", id, "xk.rules", "--on", "2026-05-04"], folder.path());
    assert!(same.ends_with("the same rules, to the byte\n"), "{same}");
    let other = ["--requesting", "BE", "--requested", "XK", "--on", "2026-05-04"];
    let differs = json(&[&["diff", id, "xk.rules"][..], &other].concat(), folder.path());
    let differs = differs["differences"].as_array().unwrap();
    let found = differs.iter().find(|it| it["value"] == "NL may request XK").unwrap();
    assert_eq!((&found["a"], &found["b"]["value"]), (&Value::Null, &"yes".into()));
    assert!(differs.iter().all(|it| it["value"] != "reply"), "{differs:?}");
    std::fs::write(folder.path().join("no.rules"), b"no rules").unwrap();
    let output = run(&["diff", id, "no.rules"], folder.path());
    assert_eq!(output.status.code(), Some(UNREADABLE));
}

#[test]
fn every_file_that_the_page_shows_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/agreements.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut checked = 0;
    for block in blocks {
        std::fs::write(folder.path().join("shown.toml"), block).unwrap();
        // What completes the example is sound once the example is built in.
        if block.contains("agreement = \"example_2025\"") {
            let output = run(&["check", "shown.toml"], folder.path());
            let words = String::from_utf8(output.stderr).unwrap();
            assert!(words.contains("agreement `example_2025` is not known"), "{words}");
        } else {
            said(&["check", "shown.toml"], folder.path());
        }
        checked += 1;
    }
    assert_eq!(checked, 3);
}
