//! `readmit agreements deadlines`: every clock between two States, computed from stated events.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use domain::clock::estimated::EstimatedHoliday;
use domain::identifier::AgreementId;
use domain::rules::{Category, Direction, Estimated, Rules, Unit};
use serde_json::{Value, json};

use ::agreements::{
    CATEGORIES, Content, End, Ending, Events, Line, Off, Question, QuestionError, Situation,
    Skipped, Timed, Topic, began_words, category_word, chart, clauses, end_words, svg, timeline,
    unit_word,
};

use super::corridor::{self, Corridor};
use super::layout::{self, References};
use super::show::articles;
use super::{Said, refusal::Refusal};

/// Computes deadlines.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements deadlines --agreement benelux_kosovo_2011 \\\n    \
    --requesting NL --requested XK --person own_national \\\n    \
    --event receipt_of_application=2026-05-04T10:00:00+02:00 --svg timeline.svg\n\n\
    An event is NAME=TIME: a moment with its offset from UTC, or a day, which is day zero. A \
    clock without its event is listed with the event that it waits for.\n\n\
    A holiday that follows a moon sighting is only estimated. Where a day earlier or later would \
    move an end, that end is not given, and the command exits with 6, until you confirm the \
    holiday: --confirm-holiday XK=2026-03-20. The other clocks are computed. Adopted rules hold it \
    alike, until it is adopted with --confirmed-holidays.\n\n\
    With --json each clock has exactly: clock, article, starts_on, started_at, limit, unit, \
    calendar, last_day, deadline_utc, skipped_days. With --detailed also what explains it.")]
pub(crate) struct Deadlines {
    /// The agreement, as `readmit agreements list` names it
    #[arg(long, value_name = "ID")]
    agreement: String,
    #[command(flatten)]
    corridor: Corridor,
    /// The person: own_national, former_national, third_country_national, stateless
    #[arg(long, value_name = "CATEGORY")]
    person: Option<String>,
    /// When something happened: receipt_of_application=2026-05-04T10:00:00+02:00
    #[arg(long = "event", value_name = "NAME=TIME")]
    events: Vec<String>,
    /// Write the timeline to an SVG image
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON array of clocks
    #[arg(long)]
    pub(super) json: bool,
    /// With --json: also instrument, days_of, end, situation, local time and a note of each clock
    #[arg(long, requires = "json")]
    detailed: bool,
}

impl Deadlines {
    pub(super) fn run(&self) -> Said {
        let agreement = corridor::agreement("--agreement", &self.agreement)?;
        let read = self.corridor.read()?;
        let person = self.person()?;
        let events = Events::read(self.events.iter().map(String::as_str));
        let events = events.map_err(|error| Refusal::option("--event", error.to_string()))?;
        let confirmed = &read.confirmed_holidays;
        let rules = read.rules("--agreement", &agreement, 1)?;
        let (requesting, requested) = read.pair;
        let direction = Direction { requesting, requested };
        let question = Question { rules: &rules, direction, person, events: &events, confirmed };
        let lines = timeline(&question).map_err(|error| {
            let option = match error {
                QuestionError::DirectionMustBeAllowed(_) => "--requesting, --requested",
                QuestionError::PersonMustBeCovered(_) => "--person",
            };
            Refusal::option(option, error.to_string())
        })?;
        let title = format!("{agreement}: {requesting} requests {requested}");
        if let Some(path) = &self.svg {
            std::fs::write(path, svg(&title, &lines)).map_err(|error| {
                Refusal::option("--svg", format!("`{}` cannot be written: {error}", path.display()))
            })?;
        }
        let said = match (self.json, self.detailed) {
            (true, true) => layout::json(&lines.iter().map(detailed).collect()),
            (true, false) => layout::json(&lines.iter().map(object).collect()),
            (false, _) => text(&title, &agreement, &rules, &lines),
        };
        match to_confirm(&lines) {
            None => Ok(said),
            Some(rule) => Err(Refusal::holiday(rule, said)),
        }
    }

    fn person(&self) -> Result<Option<Category>, Refusal> {
        let Some(word) = &self.person else { return Ok(None) };
        let found = CATEGORIES.into_iter().find(|category| category_word(*category) == word);
        let Some(found) = found else {
            let known = CATEGORIES.map(|category| format!("`{}`", category_word(category)));
            let rule = format!("must be one of {}, not `{word}`", known.join(", "));
            return Err(Refusal::option("--person", rule));
        };
        Ok(Some(found))
    }
}

/// Which holidays must be confirmed, and for which clocks; `None` where none must.
fn to_confirm(lines: &[Line]) -> Option<String> {
    let mut clocks = Vec::new();
    let mut options = BTreeSet::new();
    for line in lines {
        let Situation::HolidayMustBeConfirmed { holidays, .. } = &line.situation else { continue };
        clocks.push(format!("`{}`", line.clock));
        options.extend(holidays.iter().map(option));
    }
    let options: Vec<String> = options.into_iter().collect();
    (!clocks.is_empty()).then(|| {
        format!(
            "a holiday that is only estimated decides the end of {}: confirm it with {}",
            clocks.join(", "),
            options.join(" ")
        )
    })
}

/// The option that confirms a holiday.
fn option(holiday: &EstimatedHoliday) -> String {
    format!("--confirm-holiday {}={}", holiday.state, holiday.days.on)
}

fn text(title: &str, agreement: &AgreementId, rules: &Rules, lines: &[Line]) -> String {
    let mut text = layout::wrapped("", title);
    text.push_str(&layout::wrapped("", &rules.title));
    let head = ["CLOCK", "LIMIT", "DAYS OF", "LAST DAY", "ENDS"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(lines.iter().map(row));
    text.push_str(&format!("\n{}", layout::table(&rows)));
    let drawn = chart(lines);
    if !drawn.is_empty() {
        text.push_str(&format!("\n{drawn}"));
    }
    let mut references = References::default();
    text.push('\n');
    for line in lines {
        text.push_str(&details(line, &mut references));
    }
    text.push_str(&said_beside(rules, &mut references));
    text.push_str(&references.list());
    let words = format!(
        "\nDays unqualified in the text are counted as calendar days. Computed from \
         `{agreement}` as the data has it; what both States adopt on the record is what counts."
    );
    text + "\n" + &layout::wrapped("", &words)
}

/// What the agreement says of a reply, of silence and of a late document, without a clock.
fn said_beside(rules: &Rules, references: &mut References) -> String {
    let mut text = String::new();
    for clause in clauses(rules) {
        let beside = match clause.topic {
            Topic::Silence | Topic::TravelDocument => true,
            Topic::Scope
            | Topic::Application
            | Topic::Accelerated
            | Topic::Reply
            | Topic::Evidence
            | Topic::RegisterCheck
            | Topic::Interview
            | Topic::Transfer
            | Topic::Transit
            | Topic::Error
            | Topic::Costs
            | Topic::Data
            | Topic::Borders
            | Topic::Suspension
            | Topic::Forms
            | Topic::Practice
            | Topic::Instrument
            | Topic::Calendars => false,
        };
        if let (true, Content::Value(value), Some(source)) =
            (beside, &clause.content, &clause.source)
        {
            let number = references.number(&source.instrument);
            let article = source.article.as_deref().map(articles).unwrap_or_default();
            let words = format!("{value} [{number}] {article}");
            text.push_str(&layout::hanging(&format!("{}: ", clause.name), 2, &words));
        }
    }
    text
}

/// A clock in the table.
fn row(line: &Line) -> Vec<String> {
    let (day, ends) = match &line.situation {
        Situation::Ends(ending) => (ending.last_day.to_string(), seconds(&ending.at.to_string())),
        Situation::NotStarted(_) => ("-".to_owned(), "not started".to_owned()),
        Situation::NotComputable { .. } => ("-".to_owned(), "not computable".to_owned()),
        Situation::HolidayMustBeConfirmed { .. } => ("-".to_owned(), "to be confirmed".to_owned()),
    };
    let by = line.acting.to_string();
    vec![line.clock.clone(), line.timed.length_words(), by, day, ends]
}

/// A moment without its milliseconds.
fn seconds(moment: &str) -> String {
    moment.replace(".000Z", "Z")
}

/// What explains a clock: its start, its end, the days that do not count, and where it stands.
fn details(line: &Line, references: &mut References) -> String {
    let mut text = format!("{}\n", line.clock);
    let mut row = |name: &str, words: &str| {
        text.push_str(&layout::wrapped(&format!("  {name:<12}"), words));
    };
    let event = line.timed.starts_on.unwrap_or("an event that no source establishes");
    match &line.situation {
        Situation::NotStarted(Some(event)) => {
            row("starts on", event);
            row("not started", &format!("give --event {event}=TIME"));
        }
        Situation::NotStarted(None) => {
            row("not started", "no source establishes what starts it, so no event can be given");
        }
        Situation::NotComputable { began, why } => {
            row("starts on", &format!("{event}, {}", seconds(&began_words(*began))));
            row("ends", &format!("not computable: {why}; it has not passed"));
        }
        Situation::HolidayMustBeConfirmed { began, holidays } => {
            row("starts on", &format!("{event}, {}", seconds(&began_words(*began))));
            for holiday in holidays {
                let words = "would decide the end; not before it is confirmed:";
                row("estimated", &format!("{} {words} {}", moon(holiday), option(holiday)));
            }
        }
        Situation::Ends(ending) => ends(&mut row, line, ending, event),
    }
    if let Some(source) = &line.source {
        let article = match &source.article {
            Some(article) => format!("{} ", articles(article)),
            None => "not established for this value; ".to_owned(),
        };
        let number = references.number(&source.instrument);
        row("article", &format!("{article}[{number}]"));
    }
    text
}

fn ends(row: &mut impl FnMut(&str, &str), line: &Line, ending: &Ending, event: &str) {
    row("starts on", &format!("{event}, {}", seconds(&began_words(ending.began))));
    let weekday = format!("{:?}", ending.last_day.weekday());
    row(
        "ends",
        &format!(
            "{} {weekday} {}: {}, in {} {}",
            end_words(line.timed.end),
            ending.last_day,
            seconds(&ending.at.to_string()),
            line.acting,
            ending.local
        ),
    );
    if !line.calendar.is_empty() {
        let states: Vec<&str> = line.calendar.iter().map(|state| state.code()).collect();
        row("calendar", &format!("working days of {}", states.join(" and ")));
    }
    for (index, skipped) in ending.skipped.iter().enumerate() {
        let Skipped { day, why } = skipped;
        let why: Vec<String> = why.iter().map(|(state, off)| format!("{off} ({state})")).collect();
        let name = if index == 0 { "not counted" } else { "" };
        row(name, &format!("{day} {:?}: {}", day.weekday(), why.join(", ")));
    }
    for holiday in &ending.estimates {
        row("confirmed", &format!("{} decides the end; you confirm it", moon(holiday)));
    }
}

/// A holiday that is only estimated, in words.
fn moon(EstimatedHoliday { state, days }: &EstimatedHoliday) -> String {
    let Estimated { on, until } = days;
    let days = match on == until {
        true => format!("on {on}"),
        false => format!("from {on} to {until}"),
    };
    format!("the holiday of {state} {days}, which follows a moon sighting,")
}

/// A clock for programs.
fn object(line: &Line) -> Value {
    let Line { clock, timed, acting: _, calendar, source, situation } = line;
    let calendar: Vec<&str> = calendar.iter().map(|state| state.code()).collect();
    let (began, ending) = match situation {
        Situation::NotStarted(_) => (None, None),
        Situation::NotComputable { began, .. }
        | Situation::HolidayMustBeConfirmed { began, .. } => (Some(*began), None),
        Situation::Ends(ending) => (Some(ending.began), Some(ending)),
    };
    let skipped_days = ending.map(|it| it.skipped.iter().map(skipped).collect::<Vec<_>>());
    json!({
        "clock": clock,
        "article": source.as_ref().and_then(|source| source.article.clone()),
        "starts_on": timed.starts_on,
        "started_at": began.map(began_words),
        "limit": timed.length.count,
        "unit": unit_word(timed.length.unit),
        "calendar": (!calendar.is_empty()).then(|| calendar.join("+")),
        "last_day": ending.map(|ending| ending.last_day.to_string()),
        "deadline_utc": ending.map(|ending| ending.at.to_string()),
        "skipped_days": skipped_days.unwrap_or_default(),
    })
}

/// The same, with what explains it.
fn detailed(line: &Line) -> Value {
    let Timed { length, then, starts_on: _, end, acting: _ } = line.timed;
    let (word, note, ending) = match &line.situation {
        Situation::NotStarted(Some(event)) => {
            ("not_started", Some(format!("not started: give --event {event}")), None)
        }
        Situation::NotStarted(None) => {
            let note = "not started: no source establishes what starts it".to_owned();
            ("not_started", Some(note), None)
        }
        Situation::NotComputable { why, .. } => ("not_computable", Some(why.to_string()), None),
        Situation::HolidayMustBeConfirmed { holidays, .. } => {
            let options: Vec<String> = holidays.iter().map(option).collect();
            ("holiday_must_be_confirmed", Some(options.join(" ")), None)
        }
        Situation::Ends(ending) => ("ends", None, Some(ending)),
    };
    let end = match end {
        End::Latest => "latest",
        End::Earliest => "earliest",
        End::Valid => "valid_until",
    };
    let confirmed = ending.map(|it| it.estimates.iter().map(estimated).collect::<Vec<_>>());
    let mut object = object(line);
    let more = [
        ("instrument", json!(line.source.as_ref().map(|source| source.instrument.clone()))),
        ("then", json!(then.map(|it| json!({ "limit": it.count, "unit": unit_word(it.unit) })))),
        ("unqualified", json!(length.unit == Unit::DaysUnqualified)),
        ("days_of", json!(line.acting.code())),
        ("end", json!(end)),
        ("situation", json!(word)),
        ("deadline_local", json!(ending.map(|ending| ending.local.clone()))),
        ("confirmed_holidays", json!(confirmed.unwrap_or_default())),
        ("note", json!(note)),
    ];
    if let Some(fields) = object.as_object_mut() {
        fields.extend(more.map(|(key, value)| (key.to_owned(), value)));
    }
    object
}

fn skipped(skipped: &Skipped) -> Value {
    let why = skipped.why.iter().map(|(state, off)| match off {
        Off::Weekend => json!({ "state": state.code(), "reason": "weekend", "name": null }),
        Off::Holiday(name) => {
            json!({ "state": state.code(), "reason": "holiday", "name": name })
        }
    });
    json!({ "day": skipped.day.to_string(), "why": why.collect::<Vec<_>>() })
}

fn estimated(estimated: &EstimatedHoliday) -> Value {
    let EstimatedHoliday { state, days: Estimated { on, until } } = estimated;
    json!({ "state": state.code(), "on": on.to_string(), "until": until.to_string() })
}
