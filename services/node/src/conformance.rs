//! `readmit conformance`: plays the other State against a node under test, well and badly, and
//! prints what the node did right and wrong.
//!
//! The tool speaks the protocol of `docs/SPEC.md` and nothing else: it serves `PartnerService`,
//! hands out dispatches that it signs itself, and reads at the node's own door what the node's
//! dispatches hear and state. So the node under test need not run our code. Each play builds on
//! the log that the ones before it have left; the last one ends the corridor.

mod author;
mod door;
mod play;
mod opened;
mod hour;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use domain::identifier::{Office, State};
use record::genesis::SignedGenesis;
use runtime::config::{Duty, Organisations};
use runtime::server::Services;
use runtime::shutdown::Shutdown;

use crate::exit::Exit;
use crate::{genesis, home, wiring};
use author::Author;
use door::Door;
use watch::{Node, Watch};

/// Plays the other State of a corridor against a node under test, at the partner's doors, and
/// prints a table of what it did right and wrong: exit 0 where all is right, 1 where not.
///
/// HOME is a folder made by `readmit init` for the State that is played, with a fresh corridor
/// whose genesis both have installed. It must hold the root key (`ceremony/root.key`). Its node
/// must not run. The corridor cannot be used for anything else afterwards.
#[derive(Args)]
pub(crate) struct Conformance {
    /// The State of the node under test; may be left out where HOME has one partner
    #[arg(long, value_parser = crate::init::state)]
    partner_state: Option<State>,
    /// How long a play waits for the node, in seconds; more than the node's interval of asking
    #[arg(long, default_value_t = 90)]
    patience_s: u64,
    /// Also play what takes an hour by the clock of the node under test, and wait so long for it,
    /// in seconds. The node must have adopted an agreement, and somebody there must answer a case
    /// when the tool says so
    #[arg(long)]
    hour_patience_s: Option<u64>,
    /// Where to write the results as JSON beside the table
    #[arg(long)]
    report: Option<PathBuf>,
}

impl Conformance {
    /// Plays everything.
    pub(crate) async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let config = home::configuration(home)?;
        let partner = match self.partner_state {
            Some(state) => state,
            None if config.partners.len() == 1 => {
                *config.partners.keys().next().context("there is one partner")?
            }
            None => bail!("name the State of the node under test with `--partner-state`"),
        };
        let known = config.partners.get(&partner).with_context(|| {
            format!("{partner} is no partner of `{}`: install the genesis first", home.display())
        })?;
        let genesis = SignedGenesis::decode(&home::read(&known.genesis)?)?;
        let root = genesis::root_key(home)?;
        let author = Author::new(genesis.clone(), config.state, partner, root)?;
        let door = Door::new(genesis.clone(), partner);
        let shutdown = Shutdown::new();
        shutdown.begin_when_asked().context("listen for signals")?;
        let services = Services::new().add(door.service());
        let served = wiring::serve_partners(&config, services, &shutdown).await?;
        eprintln!("{} is played at {}, against {partner}", config.state, served.address);
        let channel = wiring::partner_door(&config, partner)?;
        let node = Node::new(channel, &genesis, partner)?;
        let patience = Duration::from_secs(self.patience_s);
        let hour_patience = self.hour_patience_s.map(Duration::from_secs);
        let mut watch = Watch { door, node, patience, hour_patience };
        let addressed_to = authority(&known.organisations)?;
        let played = tokio::select! {
            played = play::all(author, &mut watch, addressed_to) => played,
            () = shutdown.wait() => bail!("asked to end before the plays were over"),
        };
        shutdown.begin();
        served.ended.await??;
        let results = played?;
        if let Some(report) = &self.report {
            let rows: Vec<_> = results.iter().map(play::Result::to_json).collect();
            home::replace(report, serde_json::to_string_pretty(&rows)?.as_bytes())?;
        }
        Ok(print(&results))
    }
}

/// An authority of the node's State that answers requests.
fn authority(organisations: &Organisations) -> anyhow::Result<Office> {
    let mut offices = organisations.offices.iter();
    let answers = offices.find(|(_, entry)| entry.duties.contains(&Duty::Answers));
    let (office, _) = answers.context("HOME knows no authority of the partner's that answers")?;
    Ok(office.clone())
}

/// Prints the table; says how the command ends.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print(results: &[play::Result]) -> Exit {
    let width = results.iter().map(|result| result.name.len()).max().unwrap_or_default();
    for result in results {
        let word = if result.wrong.is_none() { "right" } else { "WRONG" };
        let what = result.wrong.as_deref().unwrap_or(result.expected);
        println!("{word}  {:width$}  {what}", result.name);
    }
    let wrong = results.iter().filter(|result| result.wrong.is_some()).count();
    println!("{} right, {wrong} wrong", results.len() - wrong);
    if wrong == 0 { Exit::Success } else { Exit::Failure }
}
