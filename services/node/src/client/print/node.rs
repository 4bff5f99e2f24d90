//! How a node stands, for its operator.

use std::fmt::Write as _;

use super::view::{View, table};

/// How the node and each partner stand; what needs a human is in capitals.
pub(super) fn status(reply: View<'_>) -> String {
    let mut text = format!(
        "node of {}, readmit {}, {}, store position {}\n",
        reply.word("state"),
        reply.word("version"),
        reply.word("now_ms"),
        if reply.says("store_position") { reply.word("store_position") } else { "none".into() }
    );
    if reply.says("recovered_cut_bytes") {
        let bytes = reply.word("recovered_cut_bytes");
        let _ = writeln!(text, "the last start cut {bytes} bytes off the end of the journal");
        text.push_str("  torn by a crash, or damaged: which of both cannot be told\n");
    }
    let rings = |word: &str| {
        let alarms = |partner: View<'_>| partner.list("alarms").split(", ").any(|it| it == word);
        reply.messages("partners").into_iter().any(alarms)
    };
    if rings("records-lost") {
        text.push_str("RECORDS ARE LOST: what was stored is gone from the journal\n");
        text.push_str("  `records-lost` in the folder of the store says how many\n");
    }
    if rings("store-failed") {
        text.push_str("THE STORE HAS FAILED: it takes no more; the process ends\n");
    }
    if reply.says("store_damage") {
        let damage = reply.word("store_damage");
        let _ = writeln!(text, "THE STORE IS DAMAGED: {damage}");
        text.push_str("  stop the node; `readmit store verify` says what is affected\n");
    }
    for partner in reply.messages("partners") {
        text.push_str(&with(partner));
    }
    if reply.messages("partners").is_empty() {
        text.push_str("no partner\n");
    }
    text.push_str(&courier(reply.message("broker")));
    text
}

fn with(partner: View<'_>) -> String {
    let head = |name: &str| {
        if partner.says(name) { partner.word(name) } else { "none".to_owned() }
    };
    let mut text = format!("partner {}\n", partner.word("state"));
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    if let Some(waiting) = partner.message("waiting") {
        row("WAITING", format!("{}, since {}", waiting.word("state"), waiting.word("since_ms")));
        row("", waiting.word("reason"));
        if waiting.says("signed") {
            row("", format!("this node has signed up to dispatch {}", waiting.word("signed")));
        }
        row("", format!("the partner holds: {}", waiting.word("partner_says")));
        row("", format!("the own topic holds: {}", waiting.word("topic_says")));
    }
    if partner.says("answers_low") {
        row("ANSWERS LOW", partner.word("answers_low"));
    }
    if partner.says("stopped") {
        row("STOPPED", partner.word("stopped"));
    }
    if partner.says("frozen") {
        row("FROZEN", partner.word("frozen"));
    }
    if partner.says("alarms") {
        row("ALARMS", partner.list("alarms"));
    }
    row("own word", {
        let (own, heard, taken) = (head("own_head"), head("partner_heard"), head("published"));
        format!(
            "dispatch {own} is the last; heard by the partner: {heard}; by the courier: {taken}"
        )
    });
    // Not what the partner has heard: a receipt is never answered, and would stand here for ever.
    // What the courier has taken is known once it has been reached.
    let backlog = match partner.number("backlog") {
        _ if !partner.says("published") => "not known: no courier has been reached here".to_owned(),
        0 => "none".to_owned(),
        count => format!("{count} dispatches that the courier has not taken"),
    };
    row("backlog", backlog);
    row(
        "its word",
        match partner.word("partner_spoke_at_ms") {
            at if at.is_empty() => "nothing has been heard yet".to_owned(),
            at => format!("dispatch {} of {at} is the last", head("partner_head")),
        },
    );
    for (name, shown, meaning) in [
        ("parked", "PARKED", "dispatches wait for a gap to be filled, or for their time"),
        ("quarantined", "QUARANTINED", "dispatches are not authentic"),
        ("quarantine_dropped", "NOT KEPT", "more are not authentic; the quarantine is full"),
    ] {
        if partner.says(name) {
            row(shown, format!("{} {meaning}", partner.word(name)));
        }
    }
    text
}

fn courier(broker: Option<View<'_>>) -> String {
    let Some(broker) = broker else {
        return "courier: none is known here; it is off, or the exchange runs alone\n".to_owned();
    };
    let since = match broker.word("since_ms") {
        since if since.is_empty() => ", not reached yet".to_owned(),
        since => format!(" since {since}"),
    };
    let (word, error) = match broker.word("reachable").as_str() {
        "yes" => ("reachable", String::new()),
        _ => ("UNREACHABLE", broker.word("last_error")),
    };
    let error = if error.is_empty() { error } else { format!(": {error}") };
    format!("courier: {word}{since}{error}\n")
}

/// Partners, their doors and offices.
pub(super) fn partners(reply: View<'_>) -> String {
    let mut text = String::new();
    for partner in reply.messages("partners") {
        let door = match partner.word("address") {
            door if door.is_empty() => "no door known".to_owned(),
            door => format!("door {door}"),
        };
        let (state, environment) = (partner.word("state"), partner.word("environment"));
        let genesis = partner.word("genesis");
        let _ = writeln!(text, "{state}, {door}, environment `{environment}`\n  genesis {genesis}");
        let offices = partner.messages("offices").into_iter();
        let rows: Vec<Vec<String>> = offices
            .map(|office| vec![format!("  {}", office.word("name")), office.list("duties")])
            .collect();
        text.push_str(&table(&rows));
    }
    if text.is_empty() { "no partner\n".to_owned() } else { text }
}

/// Where the rules of both States differ under one version.
pub(super) fn differences(reply: View<'_>) -> String {
    let differences = reply.messages("differences");
    if differences.is_empty() {
        return String::new();
    }
    let mut text = "  the partner has OTHER rules under this version:\n".to_owned();
    for difference in differences {
        let said = |value: &str, source: &str| match difference.word(value) {
            value if value.is_empty() => "nothing".to_owned(),
            value => [value, difference.word(source)].join("  ").trim_end().to_owned(),
        };
        let _ = writeln!(
            text,
            "    {}\n      here:    {}\n      partner: {}",
            difference.word("value"),
            said("own", "own_source"),
            said("partner", "partner_source")
        );
    }
    text
}

/// Agreements and who has adopted them.
pub(super) fn agreements(reply: View<'_>) -> String {
    let mut text = String::new();
    for agreement in reply.messages("agreements") {
        let by = match (agreement.says("adopted_by_own"), agreement.says("adopted_by_partner")) {
            (true, true) => "adopted by both States",
            (true, false) => "adopted by this State; NOT YET by the partner",
            (false, true) => "adopted by the partner; NOT YET by this State",
            (false, false) => "adopted by neither State",
        };
        let _ = writeln!(
            text,
            "{} with {}, version {}: {by}\n  {}\n  in force from {}, digest {}",
            agreement.word("agreement"),
            agreement.word("partner_state"),
            agreement.word("version"),
            agreement.word("title"),
            agreement.word("in_force_from"),
            agreement.word("digest")
        );
        for adoption in agreement.messages("not_counted") {
            let (state, reason) = (adoption.word("state"), adoption.word("reason"));
            let _ = writeln!(text, "  NOT COUNTED: the adoption by {state}: {reason}");
        }
        if agreement.says("ended_from") {
            let _ = writeln!(text, "  ENDED: no request from {}", agreement.word("ended_from"));
        }
        text.push_str(&differences(agreement));
    }
    if text.is_empty() {
        text.push_str("no agreement is adopted yet: `readmit operator adopt`\n");
    }
    text
}
