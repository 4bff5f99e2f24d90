//! `readmit verify`: checks an evidence bundle, offline, without keys and without configuration.

mod damage;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use domain::case::knowledge::{Judged, Verdict};
use domain::case::outcome::Standing;
use domain::chain::Content;
use record::bundle::{self, Reason, Said, Verified};

use crate::exit::Exit;

/// Checks an evidence bundle.
#[derive(Args)]
pub(crate) struct Verify {
    /// The bundle, as `readmit evidence export` wrote it
    bundle: PathBuf,
    /// Print the case alone: the same bytes wherever it is derived
    #[arg(long)]
    case: bool,
}

impl Verify {
    /// Runs it: who said what, when, and the outcome; or the place of the first fault.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let bytes = match std::fs::read(&self.bundle) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("readmit: cannot read `{}`: {error}", self.bundle.display());
                return Ok(Exit::Unreadable);
            }
        };
        let verified = match bundle::verify(&bytes) {
            Ok(verified) => verified,
            Err(_) if !damage::was_a_bundle(&bytes) => {
                eprintln!(
                    "readmit: unreadable: `{}` is no evidence bundle ({} bytes)",
                    self.bundle.display(),
                    bytes.len()
                );
                return Ok(Exit::Unreadable);
            }
            Err(fault) => {
                let structural = matches!(fault.reason, Reason::Unreadable | Reason::NotCanonical);
                let place = damage::place(&bytes).filter(|_| structural);
                let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
                eprintln!("readmit: not valid; the first fault: {fault}{place}");
                return Ok(Exit::Failure);
            }
        };
        let text = if self.case { verified.case.text() } else { account(&verified) };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(Exit::Success)
    }
}

/// Who said what, when, and the outcome.
fn account(verified: &Verified) -> String {
    let case = &verified.case;
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{words}");
    };
    line(format_args!("valid: every signature, digest, size, root and fact was computed again"));
    let genesis = verified.genesis.genesis();
    line(format_args!(
        "corridor {}-{} `{}`, genesis {}",
        genesis.first().state,
        genesis.second().state,
        genesis.environment(),
        verified.genesis.digest()
    ));
    line(format_args!(
        "{} dispatches and {} entries of both logs, of every case",
        verified.extent.dispatches, verified.extent.entries
    ));
    match case.number {
        Some(number) => line(format_args!("case {number} ({})", case.id)),
        None => line(format_args!("case {}", case.id)),
    }
    for said in verified.timeline.iter().filter(|said| said.case.is_some()) {
        let judged = case
            .history
            .iter()
            .find(|judged| judged.author == said.author && judged.at.position == said.position);
        line(format_args!("  {}", entry(said, judged)));
    }
    let standing = match case.standing {
        Standing::Confirmed => "confirmed: the other State has heard the deciding entry",
        Standing::Provisional => "provisional: the other State has not been heard to know it",
        Standing::Disputed => {
            "disputed: a proven fault or a revoked key casts a doubt that not both have settled"
        }
    };
    line(format_args!("outcome: {}", case.outcome_word()));
    if case.outcome.deciding().is_some() || case.standing == Standing::Disputed {
        line(format_args!("  {standing}"));
    }
    let explanation = case.explain();
    line(format_args!("  because {}", explanation.rule));
    if let Some(source) = explanation.source {
        let article = source.article.as_deref().unwrap_or("article not established in the data");
        line(format_args!("  source: {}, {article}", source.instrument));
    }
    text
}

/// One entry in a line.
fn entry(said: &Said, judged: Option<&Judged>) -> String {
    let what = match &said.content {
        Content::Stated(statement) => format!("{:?}", statement.kind()),
        Content::NotUnderstood => "something that is not in the shared vocabulary".to_owned(),
    };
    let effect = match judged.map(|judged| judged.verdict) {
        Some(Verdict::Ineffective(rule)) => format!(", without effect: {rule} ({})", rule.code()),
        Some(Verdict::Breach(rule)) => format!(", against the rules: {rule} ({})", rule.code()),
        Some(Verdict::Effective) | None => String::new(),
    };
    let heard = match &said.heard_by_partner {
        Some(dispatch) => format!("heard by the partner at {}", dispatch.time),
        None => "not yet heard by the partner".to_owned(),
    };
    format!(
        "{} {} {what} (position {}, dispatch {}), {heard}{effect}",
        said.time, said.author, said.position, said.dispatch
    )
}
