//! `readmit verify`: checks evidence, offline, without keys and without configuration: a bundle of
//! one case, a proven fault, or single entries.

mod bodies;
mod damage;
mod entries;
mod fault;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use domain::case::knowledge::{Judged, Verdict};
use domain::case::outcome::Standing;
use domain::chain::{Chain, Content};
use record::bundle::{self, Reason, Said, Verified};

use crate::exit::Exit;

/// Checks evidence of a case, of a fault, or of single entries.
#[derive(Args)]
pub(crate) struct Verify {
    /// The evidence, as `readmit evidence export` wrote it
    bundle: PathBuf,
    /// Print the case alone: the same bytes wherever it is derived
    #[arg(long)]
    case: bool,
    /// Print what the bodies say as well, where the bundle has the key of the case: personal data
    #[arg(long, conflicts_with = "case")]
    bodies: bool,
}

/// Whether what bodies say is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    Facts,
    Bodies,
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
        // The number in the first field tells one kind of evidence from another (SPEC, 12).
        match bytes.as_slice() {
            [0x08, 2, ..] => return told(fault::told(&bytes)),
            [0x08, 3, ..] => return told(entries::told(&bytes)),
            _ => {}
        }
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
        let telling = if self.bodies { Telling::Bodies } else { Telling::Facts };
        let text = if self.case { verified.case.text() } else { account(&verified, telling)? };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(Exit::Success)
    }
}

/// Prints what evidence proves, or its first fault.
fn told(found: Result<String, String>) -> anyhow::Result<Exit> {
    match found {
        Ok(text) => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            Ok(Exit::Success)
        }
        Err(fault) => {
            eprintln!("readmit: not valid; the first fault: {fault}");
            Ok(Exit::Failure)
        }
    }
}

/// Up to where a log is held, in words.
fn complete_up_to(chain: &Chain) -> String {
    match chain.head() {
        Some(head) => format!("dispatch {} of {}", head.number, chain.author),
        None => format!("nothing of {}", chain.author),
    }
}

/// Who said what, when, and the outcome.
fn account(verified: &Verified, telling: Telling) -> anyhow::Result<String> {
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
    line(format_args!(
        "complete up to {} and {}: up to there no entry of this case is left out; what was said \
         later is not shown",
        complete_up_to(&verified.first),
        complete_up_to(&verified.second)
    ));
    line(format_args!("{}", bodies::summary(verified, telling)));
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
        if telling == Telling::Bodies {
            let of_entry =
                |it: &&bundle::Body| (it.author, it.position) == (said.author, said.position);
            if let Some(body) = verified.bodies.iter().find(of_entry) {
                line(format_args!("{}", bodies::told(body)?.trim_end()));
            }
        }
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
    Ok(text)
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
