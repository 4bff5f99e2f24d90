//! The deadlines of a case: a table, and below it what explains each clock that has started.

use std::fmt::Write as _;

use super::view::{View, table};

/// Every deadline of an explanation.
pub(super) fn all(reply: View<'_>) -> String {
    let deadlines = reply.messages("deadlines");
    if deadlines.is_empty() {
        return String::new();
    }
    let head = ["DEADLINE", "WHERE", "ENDS WITH", "WHO MUST ACT", "LIMIT", "SOURCE"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(deadlines.iter().map(|deadline| row(*deadline)));
    let told =
        |deadline: &View<'_>| deadline.says("day_zero") || deadline.says("obstacle_position");
    let started = deadlines.into_iter().filter(told);
    table(&rows) + &started.map(clock).collect::<String>()
}

fn row(deadline: View<'_>) -> Vec<String> {
    let ends = [deadline.word("last_day"), deadline.word("not_computable")].concat();
    vec![
        deadline.word("kind"),
        deadline.word("situation"),
        ends,
        deadline.word("acting_state"),
        format!("{} from {}", length(deadline), deadline.word("starts_on")),
        source(deadline),
    ]
}

/// What a limit is long, in words.
fn length(limit: View<'_>) -> String {
    match (limit.word("unit"), limit.number("count")) {
        (unit, ms) if unit == "milliseconds" => format!("{} hours", ms / 3_600_000),
        (unit, count) => format!("{count} {unit}"),
    }
}

fn source(of: View<'_>) -> String {
    [of.word("instrument"), of.word("article")].join(" ").trim().to_owned()
}

/// What explains one clock: its start, its end, and the days that it does not count.
fn clock(deadline: View<'_>) -> String {
    let mut text = format!("\n{}\n", deadline.word("kind"));
    let mut row = |name: &str, words: String| {
        if !words.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<12} {words}");
        }
    };
    let clock = deadline.word("clock_state");
    if deadline.says("obstacle_position") {
        let position = deadline.number("obstacle_position");
        row("obstacle", format!("lasts: position {position} of {clock}"));
    }
    if deadline.says("day_zero") {
        row("started", started(deadline));
        row("day zero", format!("{} in {clock}", deadline.word("day_zero")));
    }
    row("limit", format!("{}, {}", length(deadline), source(deadline)));
    for longer in deadline.messages("extended_by") {
        let entry = match longer.says("stated_position") {
            true => {
                let position = longer.number("stated_position");
                format!(": position {position} of {}", longer.word("stated_by"))
            }
            false => String::new(),
        };
        row("longer by", format!("{}, {}{entry}", length(longer), source(longer)));
    }
    for (index, day) in deadline.messages("skipped_days").into_iter().enumerate() {
        let name = if index == 0 { "not counted" } else { "" };
        row(name, format!("{}: {}", day.word("day"), why(day)));
    }
    if deadline.says("ends_at_ms") {
        let (end, local) = (deadline.word("ends_at_ms"), deadline.word("ends_at_local"));
        row("last day", format!("{} in {clock}", deadline.word("last_day")));
        row("over", format!("{end}, in {clock} {local}"));
    }
    row("not known", deadline.word("not_computable"));
    text
}

/// What started a clock, and when.
fn started(deadline: View<'_>) -> String {
    let mut words = deadline.word("starts_on");
    if deadline.says("started_at_ms") {
        let _ = write!(words, ", {}", deadline.word("started_at_ms"));
    }
    let state = deadline.word("started_by");
    if deadline.says("started_by_position") {
        let position = deadline.number("started_by_position");
        let _ = write!(words, ": position {position} of {state}");
    }
    if deadline.says("started_in_dispatch") {
        let joined = if deadline.says("started_by_position") { " in" } else { ":" };
        let dispatch = deadline.number("started_in_dispatch");
        let _ = write!(words, "{joined} dispatch {dispatch} of {state}");
    }
    words
}

/// Why a day is not counted: `Good Friday (NL)`, `weekend (XK)`.
fn why(day: View<'_>) -> String {
    let reasons = day.messages("why").into_iter().map(|off| {
        let name = off.word("name");
        let words = if name.is_empty() { off.word("reason") } else { name };
        format!("{words} ({})", off.word("state"))
    });
    reasons.collect::<Vec<_>>().join(", ")
}
