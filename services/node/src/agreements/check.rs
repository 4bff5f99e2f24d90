//! `readmit agreements check`: one file that somebody wrote, with its first fault and the line.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use ::agreements::{Checked, check_any};

use super::{Said, file, layout, refusal::Refusal};

/// Checks a file.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements check my_agreement.toml\n\n\
    Exit codes: 0 sound; 1 not sound; 2 unreadable, no TOML, or of no known kind")]
pub(crate) struct Check {
    /// An agreement, a protocol, a supplement, calendars, or a vocabulary, in TOML
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Check {
    pub(super) fn run(&self) -> Said {
        let text = file::text(&self.file)?;
        let name = self.file.display().to_string();
        let checked = check_any(&name, &text).map_err(|error| {
            let words = error.to_string();
            if error.is_unreadable() { Refusal::unreadable(words) } else { Refusal::unsound(words) }
        })?;
        let (kind, words) = told(&checked);
        if self.json {
            return Ok(layout::json(&json!({ "file": name, "kind": kind, "found": words })));
        }
        Ok(layout::wrapped("", &format!("sound: `{name}`, {words}")))
    }
}

/// The kind of a file, and what it holds.
fn told(checked: &Checked) -> (&'static str, String) {
    match checked {
        Checked::Agreement(id, keys) => ("agreement", format!("agreement `{id}` with {keys} keys")),
        Checked::Protocol(id, of) => {
            ("protocol", format!("protocol `{id}` that implements `{of}`"))
        }
        Checked::Supplement(id, keys) if keys.is_empty() => {
            ("supplement", format!("a supplement to `{id}` that supplies nothing"))
        }
        Checked::Supplement(id, keys) => {
            ("supplement", format!("a supplement to `{id}` with {}", keys.join(", ")))
        }
        Checked::Calendars(states, years) => {
            let states: Vec<&str> = states.iter().map(|state| state.code()).collect();
            let (first, last) = (years.first, years.last);
            ("calendars", format!("calendars of {}, {first} to {last}", states.join(", ")))
        }
        Checked::Evidence(items) => ("evidence", format!("{items} items of evidence")),
        Checked::Unions(codes) => ("unions", format!("unions {}", codes.join(", "))),
    }
}
