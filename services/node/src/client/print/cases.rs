//! Cases, lists of cases, and the events that agencies follow.

use std::fmt::Write as _;

use super::deadlines;
use super::lines;
use super::view::{View, end, result, table};

/// A list of cases.
pub(super) fn list(reply: View<'_>, nothing: &str) -> String {
    let head = ["CASE", "RESULT", "REQUEST", "LAST ENTRY", "NEXT DEADLINE"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(reply.messages("cases").into_iter().map(columns));
    listed(&rows, reply, nothing)
}

/// What waits for an office.
pub(super) fn inbox(reply: View<'_>) -> String {
    let head = ["CASE", "RESULT", "REQUEST", "LAST ENTRY", "NEXT DEADLINE", "YOU COULD STATE"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(reply.messages("lines").into_iter().filter_map(|line| {
        let mut row = columns(line.message("case")?);
        row.push(line.list("waits_for"));
        Some(row)
    }));
    listed(&rows, reply, "nothing waits for you")
}

fn listed(rows: &[Vec<String>], reply: View<'_>, nothing: &str) -> String {
    let body = if rows.len() > 1 { table(rows) } else { format!("{nothing}\n") };
    body + &end(reply)
}

/// A line of a list.
fn columns(case: View<'_>) -> Vec<String> {
    let next = case.message("next_deadline").map(|next| {
        let (kind, state) = (next.word("kind"), next.word("acting_state"));
        format!("{kind}: {state} until {}", next.word("last_day"))
    });
    vec![
        case.word("case_number"),
        result(case),
        case.word("request"),
        case.word("last_entry_ms"),
        next.unwrap_or_else(|| "none".to_owned()),
    ]
}

/// A case: what matters first, what happened last.
pub(super) fn show(reply: View<'_>) -> String {
    let Some(case) = reply.message("case") else { return String::new() };
    let mut text = format!("{}  {}\n", case.word("case_number"), result(case));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<16} {value}");
        }
    };
    row("ALARMS", case.list("alarms"));
    row("HELD BY", case.list("held_by"));
    row("OPEN SAFEGUARDS", case.list("open_safeguards"));
    row("request", case.word("request"));
    row("identity", case.word("identity"));
    row("travel document", {
        let until = case.word("travel_document_valid_until");
        let until = if until.is_empty() { until } else { format!(", last day {until}") };
        case.word("travel_document") + &until
    });
    row("transfer", case.word("transfer"));
    let from = format!("{} ({})", case.word("filed_by"), case.word("requesting_state"));
    row("filed by", from);
    row("addressed to", {
        format!("{} ({})", case.word("addressed_to"), case.word("requested_state"))
    });
    row("person is", case.word("category"));
    row("evidence", case.list("evidence"));
    row("agreement", {
        let version = case.number("agreement_version");
        format!("{}, version {version} of its rules", case.word("agreement"))
    });
    row("closed by", case.list("closed_by"));
    row("etag", case.word("etag"));
    row("case id", case.word("case_id"));
    row("as of", reply.word("now_ms"));
    for (name, shown) in [
        ("person", "person"),
        ("return_decision", "return decision"),
        ("transfer_plan", "notified transfer"),
    ] {
        if let Some(inner) = case.message(name) {
            let _ = writeln!(text, "{shown}:");
            lines(&mut text, inner.0, 1, &[]);
        }
    }
    let _ = writeln!(text, "timeline, oldest first:");
    for entry in case.messages("timeline") {
        text.push_str(&timeline(entry));
    }
    text
}

/// One entry, and below it what it says.
fn timeline(entry: View<'_>) -> String {
    let mut text = format!("  {}\n", said(entry));
    for (name, value) in [
        ("by", [entry.word("official"), entry.word("office")].join(", ")),
        ("codes", entry.list("codes")),
        ("note", entry.word("note")),
    ] {
        let value = value.trim_matches([',', ' ']);
        if !value.is_empty() {
            let _ = writeln!(text, "      {name}: {value}");
        }
    }
    for it in entry.messages("attachments") {
        let _ = writeln!(text, "      attachment: {}", attachment(it));
    }
    text
}

/// A file in a line.
fn attachment(it: View<'_>) -> String {
    let (id, kind, bytes) = (it.word("id"), it.word("media_type"), it.number("size"));
    let mut text = format!("{id}  {kind}, {bytes} bytes, sha256 {}", it.word("sha256"));
    if it.says("label") {
        let _ = write!(text, "  {}", it.word("label"));
    }
    text
}

/// What was put, and how it is listed.
pub(super) fn put(reply: View<'_>) -> String {
    let Some(it) = reply.message("attachment") else { return String::new() };
    let (file, id) = (attachment(it), it.word("id"));
    format!("{file}\nnot sent yet: list it in a command within a day (--attachments {id})\n")
}

/// One entry in a line.
fn said(entry: View<'_>) -> String {
    let kind = match entry.word("kind") {
        kind if kind.is_empty() => "something that this node does not understand".to_owned(),
        kind => kind,
    };
    let (at, author) = (entry.word("time_ms"), entry.word("author"));
    let (position, dispatch) = (entry.number("position"), entry.number("dispatch"));
    let mut text = format!("{at}  {author}  {kind}  (position {position}, dispatch {dispatch})");
    match entry.word("effect") {
        effect if effect.is_empty() || effect == "effective" => {}
        effect => {
            let _ = write!(text, "  {} {}", effect.to_uppercase(), entry.word("rule"));
        }
    }
    if entry.says("standing") {
        let _ = write!(text, "  {}", entry.word("standing"));
    }
    text
}

/// Why a case stands where it stands.
pub(super) fn explain(reply: View<'_>) -> String {
    let mut text = format!("{}\n", result(reply));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<20} {value}");
        }
    };
    row("because", reply.list("explanation"));
    row("rule", reply.word("rule"));
    row("source", reply.word("instrument"));
    row("article", reply.word("article"));
    if let Some(entry) = reply.message("deciding_entry") {
        row("decided by", said(entry));
        row("heard by the other", entry.word("heard_at_ms"));
    }
    row("departure waits for", reply.list("departure_waits_for"));
    row("as of", reply.word("now_ms"));
    text + &deadlines::all(reply)
}

/// One thing that happened in a case that is watched.
pub(super) fn watched(reply: View<'_>) -> String {
    let what = match reply.message("entry") {
        Some(entry) => timeline(entry).trim_start().to_owned(),
        None => "no new entry: result or standing changed\n".to_owned(),
    };
    let (etag, token) = (reply.word("etag"), reply.word("token"));
    format!("{what}    -> {}; etag {etag}; --after-token {token}\n", result(reply))
}

/// Events of referred cases.
pub(super) fn events(reply: View<'_>) -> String {
    let mut text: String = reply.messages("events").into_iter().map(event).collect();
    if text.is_empty() {
        text.push_str("no events\n");
    }
    text + &end(reply)
}

/// One event.
pub(super) fn event(event: View<'_>) -> String {
    format!(
        "{}  {}  {}  (id {}, --after-token {})\n",
        event.word("time_ms"),
        event.word("case_number"),
        event.word("type"),
        event.word("id"),
        event.word("token")
    )
}
