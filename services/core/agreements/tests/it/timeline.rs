//! Clocks from stated events: what ends when, what is skipped and why, what has not started.

use std::collections::BTreeSet;

use agreements::{
    ConfirmedHolidays, Content, Difference, EventError, Events, Line, Question, QuestionError,
    Situation, chart, clauses, differences, svg, timeline,
};
use domain::clock::{Began, deadline};
use domain::rules::{
    Category, Direction, ExtensionCounts, ExtensionNeeds, Length, ReplyExtension, Rules, Unit,
};

use super::{netherlands_kosovo, state};

fn asks() -> Direction {
    Direction { requesting: state("NL"), requested: state("XK") }
}

fn lines(rules: &Rules, person: Option<Category>, events: &[&str]) -> Vec<Line> {
    asked(rules, person, events, &[])
}

/// The same, with estimated holidays that are confirmed.
fn asked(
    rules: &Rules,
    person: Option<Category>,
    events: &[&str],
    confirmed: &[&str],
) -> Vec<Line> {
    let events = Events::read(events.iter().copied()).unwrap();
    let confirmed = &ConfirmedHolidays::read(confirmed.iter().copied()).unwrap();
    let (mut rules, direction) = (rules.clone(), asks());
    confirmed.confirm_in(&mut rules);
    let rules = &rules;
    timeline(&Question { rules, direction, person, events: &events, confirmed }).unwrap()
}

fn line(lines: &[Line], clock: &str) -> Line {
    lines.iter().find(|line| line.clock == clock).unwrap().clone()
}

const RECEIPT: &str = "receipt_of_application=2026-05-04T10:00:00+02:00";
const DOCUMENT: &str = "receipt_of_travel_document_request=2026-04-30T10:00:00+02:00";

#[test]
fn a_clock_ends_as_the_domain_computes_it() {
    let rules = netherlands_kosovo();
    let lines = lines(&rules, None, &[RECEIPT]);
    let Situation::Ends(ending) = line(&lines, "reply").situation else { panic!("{lines:?}") };
    // 4 May + 28 days = 32 - 31 (May) = 1 June; Pristina is two hours east of UTC.
    assert_eq!(ending.last_day.to_string(), "2026-06-01");
    assert_eq!(ending.at.to_string(), "2026-06-01T22:00:00.000Z");
    assert_eq!(ending.local, "2026-06-02T00:00:00+02:00");
    assert!(ending.skipped.is_empty());
    let began = Events::read([RECEIPT]).unwrap().get("receipt_of_application").unwrap();
    let domain = deadline(&rules, began, &rules.reply, state("XK")).unwrap();
    assert_eq!((domain.last_day, domain.at), (ending.last_day, ending.at));
}

#[test]
fn each_skipped_day_says_why_and_whose_it_is() {
    let lines = lines(&netherlands_kosovo(), None, &[DOCUMENT]);
    let line = line(&lines, "travel document");
    assert_eq!(line.calendar, [state("NL"), state("XK")]);
    let Situation::Ends(ending) = line.situation else { panic!("{line:?}") };
    // Thu 30 Apr; Fri 1 May XK, Sat, Sun, Mon 4 (1), Tue 5 (2), Wed 6 (3).
    assert_eq!(ending.last_day.to_string(), "2026-05-06");
    let skipped: Vec<String> = ending
        .skipped
        .iter()
        .map(|skipped| {
            let why: Vec<String> =
                skipped.why.iter().map(|(state, off)| format!("{state} {off}")).collect();
            format!("{} {}", skipped.day, why.join(", "))
        })
        .collect();
    let labour_day = skipped[0].strip_prefix("2026-05-01 XK ").unwrap();
    assert!(!["weekend", "public holiday"].contains(&labour_day), "{labour_day}");
    let weekend = ["2026-05-02 NL weekend, XK weekend", "2026-05-03 NL weekend, XK weekend"];
    assert_eq!(skipped[1..], weekend);
    // Day zero is not counted, worked or not: Sat 30 May; Sun 31, Mon 1 Jun (1), 2 (2), 3 (3).
    let on_saturday = ["receipt_of_travel_document_request=2026-05-30T10:00:00Z"];
    let lines = self::lines(&netherlands_kosovo(), None, &on_saturday);
    let line = self::line(&lines, "travel document");
    let Situation::Ends(ending) = line.situation else { panic!("{line:?}") };
    let days: Vec<String> = ending.skipped.iter().map(|it| it.day.to_string()).collect();
    assert_eq!(
        (days, ending.last_day.to_string().as_str()),
        (vec!["2026-05-31".to_owned()], "2026-06-03")
    );
}

#[test]
fn every_clock_is_listed_and_says_which_event_it_waits_for() {
    let rules = netherlands_kosovo();
    let listed = lines(&rules, None, &[]);
    let clocks = clauses(&rules);
    let clocks = clocks.iter().filter(|clause| matches!(clause.content, Content::Clock(_)));
    assert_eq!(listed.len(), clocks.count());
    let waits = |clock: &str| match line(&listed, clock).situation {
        Situation::NotStarted(event) => event,
        other @ (Situation::NotComputable { .. }
        | Situation::HolidayMustBeConfirmed { .. }
        | Situation::Ends(_)) => {
            panic!("{clock}: {other:?}")
        }
    };
    #[rustfmt::skip]
    let expected = [
        ("application for third_country_national", Some("knowledge_of_irregular_stay")),
        ("reply", Some("receipt_of_application")),
        ("silence", Some("receipt_of_application")),
        ("register check", Some("date_of_request")),
        ("travel document", Some("receipt_of_travel_document_request")),
        ("travel document validity", Some("issue_of_travel_document")),
        ("travel document reissue", None),
        ("transfer", Some("approval_or_expiry_of_reply_limit")),
        ("transfer notice", Some("transfer_notice")),
    ];
    for (clock, event) in expected {
        assert_eq!(waits(clock), event, "{clock}");
    }
    // With a person, the clocks of the other categories are not there.
    let own = lines(&rules, Some(Category::OwnNational), &[]);
    let named: BTreeSet<&str> = own.iter().map(|line| line.clock.as_str()).collect();
    assert!(!named.contains("application for third_country_national"), "{named:?}");
    assert!(named.contains("reply"), "{named:?}");
}

#[test]
fn beyond_the_covered_years_nothing_is_computed() {
    let late = "receipt_of_application=2030-12-20T10:00:00Z";
    let lines = lines(&netherlands_kosovo(), None, &[late]);
    let reply = line(&lines, "reply").situation;
    assert!(matches!(reply, Situation::NotComputable { .. }), "{reply:?}");
}

#[test]
fn a_holiday_that_is_only_estimated_gives_no_end_until_it_is_confirmed() {
    let rules = netherlands_kosovo();
    // Thu 19 (1), (Fri 20 Eid al-Fitr of Kosovo, Sat, Sun), Mon 23 (2); on Thu or Sat another end.
    let notice = "transfer_notice=2026-03-18T10:00:00Z";
    // Mon 25 NL, Tue 26 (1), (Wed 27 Eid al-Adha), Thu 28 (2), Fri 29 (3): on Tue or Thu the same.
    let document = "receipt_of_travel_document_request=2026-05-22T10:00:00+02:00";
    let lines = lines(&rules, None, &[notice, document]);
    let Situation::HolidayMustBeConfirmed { began, holidays } =
        line(&lines, "transfer notice").situation
    else {
        panic!("{lines:?}")
    };
    assert_eq!(agreements::began_words(began), "2026-03-18T10:00:00.000Z");
    let [holiday] = holidays[..] else { panic!("{holidays:?}") };
    assert_eq!((holiday.state, holiday.days.on.to_string().as_str()), (state("XK"), "2026-03-20"));
    let Situation::Ends(ending) = line(&lines, "travel document").situation else {
        panic!("{lines:?}")
    };
    assert_eq!((ending.last_day.to_string().as_str(), ending.estimates), ("2026-05-29", vec![]));
    let image = svg("title", &lines);
    let said = "transfer notice: no end while a holiday is only estimated, XK 2026-03-20";
    assert!(image.contains(said), "{image}");

    let confirmed = asked(&rules, None, &[notice, document], &["XK=2026-03-20"]);
    let Situation::Ends(ending) = line(&confirmed, "transfer notice").situation else {
        panic!("{confirmed:?}")
    };
    assert_eq!(ending.last_day.to_string(), "2026-03-23");
    assert_eq!(ending.estimates, [holiday]);
}

#[test]
fn a_longer_silence_goes_on_from_the_last_day_with_all_that_decides_it() {
    let mut rules = netherlands_kosovo();
    let length = Length { count: 2, unit: Unit::WorkingDays };
    rules.silence.limit.length = length;
    rules.reply_extension = Some(ReplyExtension {
        longest: Some(length),
        after_obstacle: None,
        needs: ExtensionNeeds::DulyMotivatedRequest,
        counts: ExtensionCounts::Always,
        source: rules.silence.source.clone(),
    });
    let receipt = "receipt_of_application=2026-03-16T10:00:00Z";
    // Mon 16 Mar: Tue 17 (1), Wed 18 (2); Thu 19 (1), (Fri 20 Eid al-Fitr, Sat, Sun), Mon 23 (2).
    let silence = line(&lines(&rules, None, &[receipt]), "silence").situation;
    let Situation::HolidayMustBeConfirmed { holidays, .. } = silence else { panic!("{silence:?}") };
    assert_eq!(holidays.len(), 1);
    let confirmed = asked(&rules, None, &[receipt], &["XK=2026-03-20"]);
    let Situation::Ends(ending) = line(&confirmed, "silence").situation else {
        panic!("{confirmed:?}")
    };
    assert_eq!(ending.last_day.to_string(), "2026-03-23");
    let days: Vec<String> = ending.skipped.iter().map(|it| it.day.to_string()).collect();
    assert_eq!(days, ["2026-03-20", "2026-03-21", "2026-03-22"]);
    assert_eq!(ending.estimates, holidays);
    let began = Events::read([receipt]).unwrap().get("receipt_of_application").unwrap();
    let mut sure = rules.clone();
    ConfirmedHolidays::read(["XK=2026-03-20"]).unwrap().confirm_in(&mut sure);
    let base = deadline(&sure, began, &sure.silence.limit, state("XK")).unwrap();
    let domain = domain::clock::extended(&sure, &base, length).unwrap();
    assert_eq!((domain.last_day, domain.at), (ending.last_day, ending.at));
    // Where it is to be taken, both ends are shown.
    rules.reply_extension.as_mut().unwrap().counts = ExtensionCounts::WhenTaken;
    let both = asked(&rules, None, &[receipt], &["XK=2026-03-20"]);
    let names = ["silence", "silence, with the longest reply taken"];
    let days = names.map(|name| {
        let situation = line(&both, name).situation;
        let Situation::Ends(ending) = situation else { panic!("{name}: {situation:?}") };
        ending.last_day.to_string()
    });
    assert_eq!(days, ["2026-03-18", "2026-03-23"]);
}

#[test]
fn an_event_that_cannot_be_read_says_what_would_be_right() {
    let wrong = |text: &str| Events::read([text]).unwrap_err();
    #[rustfmt::skip]
    let cases = [
        ("receipt_of_application", "must be an event and its time"),
        ("reciept_of_application=2026-05-04", "the nearest is `receipt_of_application`"),
        ("zzz=2026-05-04", "must be one of `receipt_of_application`, "),
        ("receipt_of_application=2026-05-04T10:00:00", "must have an offset from UTC"),
        ("receipt_of_application=2026-13-04", "must be a moment such as"),
        ("receipt_of_application=yesterday", "must be a moment such as"),
        ("receipt_of_application=1969-12-31T00:00:00Z", "must be a moment such as"),
    ];
    for (text, expected) in cases {
        let said = wrong(text).to_string();
        assert!(said.contains(expected), "{text}: {said}");
    }
    let twice = Events::read([RECEIPT, RECEIPT]).unwrap_err();
    assert!(matches!(twice, EventError::EventMustBeGivenOnce { .. }), "{twice}");
    let day = Events::read(["knowledge_of_irregular_stay=2026-03-01"]).unwrap();
    let day = day.get("knowledge_of_irregular_stay");
    assert_eq!(day, Some(Began::On("2026-03-01".parse().unwrap())));
}

#[test]
fn who_may_not_request_and_who_is_not_covered_is_refused() {
    let mut rules = netherlands_kosovo();
    let events = Events::default();
    let direction = Direction { requesting: state("NL"), requested: state("AL") };
    let confirmed = &ConfirmedHolidays::default();
    let question = Question { rules: &rules, direction, person: None, events: &events, confirmed };
    assert_eq!(timeline(&question), Err(QuestionError::DirectionMustBeAllowed(direction)));
    rules.categories.retain(|coverage| coverage.category != Category::Stateless);
    let person = Some(Category::Stateless);
    let direction = asks();
    let question = Question { rules: &rules, direction, person, events: &events, confirmed };
    assert_eq!(timeline(&question), Err(QuestionError::PersonMustBeCovered(Category::Stateless)));
}

#[test]
fn the_chart_keeps_to_the_width_of_a_screen() {
    let lines = lines(&netherlands_kosovo(), None, &[RECEIPT, DOCUMENT]);
    let drawn = chart(&lines);
    assert_eq!(drawn.lines().count(), 4, "{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() <= 100), "{drawn}");
    assert!(drawn.contains("2026-06-01"), "{drawn}");
    assert_eq!(chart(&[]), "");
}

/// The names of the elements of a document, in order; fails where it is not well-formed.
fn parse(text: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = text.trim();
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a stray `>` in {before:?}");
        for reference in before.split('&').skip(1) {
            let (name, _) = reference.split_once(';').expect("a reference ends with `;`");
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "unknown reference `{name}`");
        }
        let (tag, after) = after.split_once('>').expect("a tag is closed");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed, and not open");
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.split_whitespace().next().unwrap().to_owned();
        let quotes: Vec<&str> = tag[name.len()..].split('"').collect();
        assert_eq!(quotes.len() % 2, 1, "a quote is open in `{tag}`");
        let names: Vec<&str> = quotes.iter().step_by(2).map(|name| name.trim()).collect();
        let (last, names) = names.split_last().unwrap();
        assert_eq!(*last, "", "something follows the attributes of `{tag}`");
        for attribute in names {
            let attribute = attribute.strip_suffix('=').unwrap();
            let named = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(!attribute.is_empty() && attribute.chars().all(named), "`{attribute}`");
        }
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "twice in `{tag}`");
        assert!(!open.is_empty() || seen.is_empty(), "a second root");
        seen.push(name.clone());
        if !empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} stay open");
    seen
}

#[test]
fn the_image_is_well_formed_and_says_in_words_what_it_shows() {
    let late = "approval_or_expiry_of_reply_limit=2030-12-20T10:00:00Z";
    let lines = lines(&netherlands_kosovo(), None, &[RECEIPT, DOCUMENT, late]);
    let image = svg("NL <asks> \"XK\" & waits\u{1}", &lines);
    let elements = parse(&image);
    assert_eq!(elements[..3], ["svg", "title", "desc"]);
    assert_eq!(elements.iter().filter(|name| *name == "g").count(), 3);
    for said in [
        "role=\"img\" aria-labelledby=\"title desc\"",
        "NL &lt;asks&gt; &quot;XK&quot; &amp; waits ",
        "reply: 28 calendar days from 2026-05-04T08:00:00.000Z, until 2026-06-01 (XK)",
        "3 working days from 2026-04-30T08:00:00.000Z, until 2026-05-06 (XK), 3 days not worked",
        "transfer: not computable, beyond the years 2024 to 2030 that the rules cover",
        "transfer notice: not started",
    ] {
        assert!(image.contains(said), "{said}: {image}");
    }
    // Without anything that ends there is still an image.
    parse(&svg("nothing", &[]));
}

#[test]
fn rules_that_differ_show_exactly_what_differs() {
    let rules = netherlands_kosovo();
    assert_eq!(differences(&rules, &rules), []);
    let names = |changed: &Rules| -> Vec<String> {
        differences(&rules, changed).into_iter().map(|difference| difference.name).collect()
    };
    let mut shorter = rules.clone();
    shorter.reply.length.count = 14;
    let [difference] = <[Difference; 1]>::try_from(differences(&rules, &shorter)).unwrap();
    assert_eq!(difference.name, "reply");
    let (first, second) = (difference.first.unwrap(), difference.second.unwrap());
    assert_eq!(first.value, "28 calendar days from receipt_of_application");
    assert_eq!(second.value, "14 calendar days from receipt_of_application");
    assert_eq!(first.source, Some(rules.reply.source.clone()));

    let mut other = rules.clone();
    other.version = 2;
    other.transfer = None;
    other.reply.source.article = Some("9".to_owned());
    other.directions.pop();
    let day = other.calendars[0].holidays.remove(3);
    other.offsets[0].changes.pop();
    let mut dropped = other.evidence.pop().unwrap();
    let holidays = format!("holidays of {}: {day}", other.calendars[0].state);
    let found = names(&other);
    for name in ["version", "transfer", "reply", holidays.as_str()] {
        assert!(found.iter().any(|found| found == name), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
    // No calendar is not a calendar without holidays.
    let mut none = rules.clone();
    none.calendars.retain(|calendar| calendar.state == state("NL"));
    let mut empty = rules.clone();
    empty.calendars[1].holidays.clear();
    empty.calendars[1].weekend.clear();
    let (left, right) = (format!("holidays of {}", none.calendars[0].state), "holidays of XK");
    assert!(names(&empty).iter().all(|name| !name.starts_with(&left)));
    let found = differences(&none, &empty);
    let found = found.iter().find(|difference| difference.name == right).unwrap();
    assert_eq!((&found.first, found.second.as_ref().unwrap().value.as_str()), (&None, "no day"));
    // An item that two lists name keeps both.
    dropped.source.article = Some("another".to_owned());
    let mut twice = rules.clone();
    twice.evidence.push(dropped);
    assert_eq!(names(&twice).len(), 1, "{:?}", names(&twice));
}

#[test]
fn a_limit_of_its_own_for_third_country_nationals_is_told_for_them_alone() {
    let mut rules = netherlands_kosovo();
    let mut third = rules.transfer.clone().unwrap();
    third.length = Length { count: 6, unit: Unit::Weeks };
    rules.transfer_of_third_country_nationals = Some(third);
    let listed = lines(&rules, None, &[]);
    let length = |clock: &str| line(&listed, clock).timed.length.count;
    assert_eq!(length("transfer for own_national"), 3);
    assert_eq!(length("transfer for third_country_national"), 6);
    assert_eq!(length("transfer for stateless"), 6);
    let own = lines(&rules, Some(Category::OwnNational), &[]);
    let named: Vec<&str> = own.iter().map(|line| line.clock.as_str()).collect();
    assert!(!named.contains(&"transfer for third_country_national"), "{named:?}");
}

#[test]
fn no_two_clauses_are_called_alike() {
    let clauses = clauses(&netherlands_kosovo());
    let names: BTreeSet<&str> = clauses.iter().map(|clause| clause.name.as_str()).collect();
    assert_eq!(names.len(), clauses.len());
    assert!(clauses.iter().all(|clause| !clause.words().is_empty()));
    let unqualified = domain::rules::Length { count: 30, unit: Unit::DaysUnqualified };
    assert_eq!(agreements::length_words(unqualified), "30 days (unqualified)");
}
