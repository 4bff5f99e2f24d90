//! What a proof of single entries proves, in plain sentences. It states no outcome: that nothing
//! else was said is not proved.

use std::fmt::Write as _;

use domain::chain::Content;
use record::entry::Owner;
use record::entry_proof::{self, Proved, Verified};

/// What the proof proves; or its first fault.
pub(super) fn told(bytes: &[u8]) -> Result<String, String> {
    let verified = entry_proof::verify(bytes).map_err(|fault| fault.to_string())?;
    Ok(account(&verified))
}

fn account(verified: &Verified) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{words}");
    };
    let genesis = verified.genesis.genesis();
    line(format_args!("valid: each entry stands under the signed root"));
    line(format_args!(
        "corridor {}-{} `{}`, genesis {}",
        genesis.first().state,
        genesis.second().state,
        genesis.environment(),
        verified.genesis.digest()
    ));
    line(format_args!(
        "held by {} at the latest in dispatch {} of {}, signed with key {}",
        verified.author, verified.dispatch.number, verified.header.time, verified.key_id
    ));
    for entry in &verified.entries {
        line(format_args!("  {}", said(entry)));
    }
    line(format_args!(
        "absence not proved: what else was said is not shown, so no outcome follows"
    ));
    text
}

fn said(entry: &Proved) -> String {
    let what = match &entry.content {
        Content::Stated(statement) => format!("{:?}", statement.kind()),
        Content::NotUnderstood => "something that is not in the shared vocabulary".to_owned(),
    };
    let of = match entry.owner {
        Owner::Case(case) => format!("case {case}"),
        Owner::Corridor | Owner::Nobody => "the corridor".to_owned(),
    };
    format!("position {}: {what}, of {of}", entry.position)
}
