//! `readmit dev-broker`: the courier for a demo, in memory, as a process of its own.

use std::path::PathBuf;

use clap::Args;
use domain::identifier::State;
use messaging::development_broker::DevelopmentBroker;
use messaging::topic::{self, TopicSpec};

use crate::exit::Exit;
use crate::home;

/// Runs the development broker until it is ended. Everything that it holds is then lost.
#[derive(Args)]
pub(crate) struct DevBroker {
    /// The two States of the corridor
    #[arg(long, num_args = 2, required = true, value_parser = crate::init::state)]
    states: Vec<State>,
    /// Agencies that follow events, `STATE/AGENCY` (repeatable)
    #[arg(long)]
    agency: Vec<String>,
    /// Where to write the address that clients connect to
    #[arg(long)]
    address_file: PathBuf,
}

impl DevBroker {
    /// Runs it.
    pub(crate) async fn run(&self) -> anyhow::Result<Exit> {
        let mut topics = Vec::new();
        for author in &self.states {
            for recipient in self.states.iter().filter(|state| *state != author) {
                let topic = topic::dispatch(author.code(), recipient.code())?;
                topics.push(TopicSpec::single(topic));
            }
        }
        for agency in &self.agency {
            let Some((state, agency)) = agency.split_once('/') else {
                anyhow::bail!("`{agency}` is not `STATE/AGENCY`");
            };
            topics.push(TopicSpec::single(topic::agency(state, agency)?));
        }
        let broker = DevelopmentBroker::start(1, &topics)?;
        let address = broker.bootstrap_servers();
        home::replace(&self.address_file, address.as_bytes())?;
        eprintln!("development broker at {address}; it keeps nothing");
        let shutdown = runtime::shutdown::Shutdown::new();
        shutdown.begin_when_asked()?;
        shutdown.wait().await;
        drop(broker);
        Ok(Exit::Success)
    }
}
