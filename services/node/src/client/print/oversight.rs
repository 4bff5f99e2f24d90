//! What overseers read: trails, accesses, counts.

use std::fmt::Write as _;

use super::view::{View, end, result, table};

/// Characters of a digest that a line shows; `--json` has them all.
const DIGEST_CHARS: usize = 16;

/// Who said what, when, and with which effect.
pub(super) fn trail(reply: View<'_>) -> String {
    let mut text = format!("{}  {}\n", reply.word("case_number"), result(reply));
    let head = [
        "TIME",
        "BY",
        "STATED",
        "POSITION",
        "DISPATCH",
        "HAD HEARD",
        "HEARD IN",
        "EFFECT",
        "DIGEST OF DISPATCH",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for entry in reply.messages("entries") {
        let kind = match entry.word("kind") {
            kind if kind.is_empty() => "not understood here".to_owned(),
            kind => kind,
        };
        let dispatch = |name: &str| {
            if entry.says(name) { entry.word(name) } else { "none".to_owned() }
        };
        let stands = if entry.says("effective") { "effective" } else { "WITHOUT EFFECT" };
        let digest: String = entry.word("dispatch_digest").chars().take(DIGEST_CHARS).collect();
        rows.push(vec![
            entry.word("time_ms"),
            entry.word("author"),
            kind,
            entry.number("position").to_string(),
            entry.number("dispatch").to_string(),
            dispatch("author_had_heard"),
            dispatch("heard_in"),
            [stands, &entry.word("rule")].join(" ").trim_end().to_owned(),
            format!("{digest}…"),
        ]);
    }
    text.push_str(&table(&rows));
    text
}

/// Who read or wrote what, and why.
pub(super) fn accesses(reply: View<'_>) -> String {
    let mut text = String::new();
    for access in reply.messages("accesses") {
        let purpose = match access.word("purpose") {
            purpose if purpose.is_empty() => purpose,
            purpose => format!(", for {purpose}"),
        };
        let _ = writeln!(
            text,
            "{}  {}{purpose}  {}  {}",
            access.word("time_ms"),
            access.word("kind"),
            access.word("identity"),
            access.word("case_id")
        );
        let vouched = access.list("vouched");
        if !vouched.is_empty() {
            let _ = writeln!(text, "  vouched for: {vouched}");
        }
    }
    if text.is_empty() {
        text.push_str("no access\n");
    }
    text + &end(reply)
}

/// Cases by result.
pub(super) fn indicators(reply: View<'_>) -> String {
    let head = ["WITH", "RESULT", "CASES"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(reply.messages("indicators").into_iter().map(|indicator| {
        vec![indicator.word("partner_state"), result(indicator), indicator.word("cases")]
    }));
    let body = if rows.len() > 1 { table(&rows) } else { "no cases\n".to_owned() };
    body + &end(reply)
}
