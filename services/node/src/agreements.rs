//! `readmit agreements`: what the agreements say, computed and explained, offline and for anybody.
//!
//! No node is asked and nothing goes on the record: the built-in data and the rules that compile
//! from it answer. What both States have adopted is shown by `readmit operator list-agreements`.

mod check;
mod corridor;
mod deadlines;
mod diff;
mod evidence;
mod explain;
mod file;
mod layout;
mod list;
mod refusal;
mod show;
mod sources;

use clap::Subcommand;

use crate::exit::Exit;
use refusal::Refusal;

/// What can be asked about agreements.
#[derive(Subcommand)]
pub(crate) enum Agreements {
    /// Every document: its parties, whether it is in force, and whether it runs
    List(list::List),
    /// Every value of a document, with its article and source
    Show(show::Show),
    /// Check a file: an agreement, a protocol, a supplement, or calendars
    Check(check::Check),
    /// Say of every value what reads it, and whether it counts between two States
    Explain(explain::Explain),
    /// Compute the deadlines that follow from events
    Deadlines(deadlines::Deadlines),
    /// Show exactly which values two sets of compiled rules differ in
    Diff(diff::Diff),
    /// Every source, and what rests on it
    Sources(sources::Sources),
}

impl Agreements {
    /// Runs it.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let (said, json) = match self {
            Self::List(list) => (list.run(), list.json),
            Self::Show(show) => (show.run(), show.json),
            Self::Check(check) => (check.run(), check.json),
            Self::Explain(explain) => (explain.run(), explain.json),
            Self::Deadlines(deadlines) => (deadlines.run(), deadlines.json),
            Self::Diff(diff) => (diff.run(), diff.json),
            Self::Sources(sources) => (sources.run(), sources.json),
        };
        match said {
            Ok(text) => layout::print(&text),
            Err(refusal) => refusal.print(json),
        }
    }
}

/// What a command prints, or why it does not.
type Said = Result<String, Refusal>;
