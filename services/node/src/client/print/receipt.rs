//! What a command has written, in one line.

use std::fmt::Write as _;

use super::lines;
use super::view::View;

/// The receipt, and whatever else the reply says.
pub(super) fn of(reply: View<'_>, receipt: View<'_>, what: &str) -> String {
    let mut text = line(receipt, what);
    text.push('\n');
    if reply.0.get_field_by_name("adopted_by_both").is_some() {
        let both = reply.word("adopted_by_both") == "yes";
        text.push_str(if both {
            "adopted by both States\n"
        } else {
            "not yet adopted by both: the partner must adopt rules of the same digest\n"
        });
        text.push_str(&super::node::differences(reply));
    }
    let estimated = reply.list("estimated_holidays");
    if !estimated.is_empty() {
        let _ = writeln!(
            text,
            "only estimated, and so without a deadline for what they decide until a version is \
             adopted that confirms them: {estimated}"
        );
    }
    let said = ["receipt", "adopted_by_both", "differences", "estimated_holidays"];
    lines(&mut text, reply.0, 0, &said);
    text
}

fn line(receipt: View<'_>, what: &str) -> String {
    let (shared, local) = (receipt.list("positions"), receipt.list("local_positions"));
    let mut text = receipt.word("case_number");
    if !text.is_empty() {
        text.push_str("  ");
    }
    let _ = write!(text, "{what}: ");
    if receipt.says("validated_only") {
        text.push_str("would be written; nothing was");
        return text;
    }
    let place = match (shared.is_empty(), local.is_empty()) {
        (false, _) => {
            let dispatch = receipt.number("dispatch");
            format!("position {shared} in dispatch {dispatch}, {}", receipt.word("standing"))
        }
        (true, false) => format!("local position {local}, never exchanged"),
        (true, true) => "nothing written: the record says it already".to_owned(),
    };
    let _ = write!(text, "{place}; {}", receipt.word("time_ms"));
    for (name, shown) in [("etag", "etag"), ("store_position", "store position")] {
        if receipt.says(name) {
            let _ = write!(text, ", {shown} {}", receipt.word(name));
        }
    }
    if receipt.says("replayed") {
        text.push_str(" (the first reply again: this request id was known)");
    }
    text
}
