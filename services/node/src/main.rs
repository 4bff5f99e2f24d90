//! The binary `readmit`: a State's node, its operator's commands, and the client for people.

mod exit;
mod home;
mod init;
mod certificates;
mod genesis;
mod keys;
mod root;
mod signer;
mod node;
mod wiring;
mod operator;
mod store;
mod verify;
mod agreements;
mod conformance;
mod broker;
mod client;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand, value_parser};

use exit::Exit;

/// A node makes and drops many small things in many threads: with the system's allocator that took
/// a quarter of its processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Commands of the operator; the client's commands stand beside them.
#[derive(Subcommand)]
enum Operate {
    /// Prepare a node: folders, commented configuration, keys, a development authority with
    /// certificates and profiles for the roles.
    Init(init::Init),
    /// Found a corridor: propose, sign, install.
    #[command(subcommand)]
    Genesis(genesis::Genesis),
    /// The keyring: list, back up, restore; keys that succeed others.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// What the root key signs at a ceremony, away from the node.
    #[command(subcommand)]
    Root(root::Root),
    /// Keep a log key in a process of its own, and sign for the ledger that starts it.
    Signer(signer::Signer),
    /// Run the node: all services in one process.
    Node(node::Node),
    /// Run one service alone, against a ledger that runs elsewhere.
    Serve(node::Serve),
    /// Check an evidence bundle, offline and without keys: exit 0 valid, 1 not valid, 2 unreadable.
    Verify(verify::Verify),
    /// What the agreements say, offline: list, show, check, explain, deadlines, diff, sources.
    #[command(subcommand)]
    Agreements(agreements::Agreements),
    /// The store of a node: check, rebuild, back up, restore, heal.
    #[command(subcommand)]
    Store(store::Store),
    /// Play the other State against a node under test, and print what it did right and wrong.
    Conformance(conformance::Conformance),
    /// Run the development broker, in memory, until it is ended.
    DevBroker(broker::DevBroker),
}

/// What every command knows.
#[derive(Args)]
struct Everywhere {
    /// The folder that `readmit init` prepared.
    #[arg(
        long,
        global = true,
        env = "READMIT_HOME",
        default_value = "readmit-home",
        value_parser = value_parser!(PathBuf)
    )]
    home: PathBuf,
}

fn main() -> ExitCode {
    let exit = command().and_then(|command| {
        let matches = command.get_matches();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(&matches))
    });
    match exit {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("readmit: {error:#}");
            Exit::Failure.into()
        }
    }
}

/// The whole command line.
fn command() -> anyhow::Result<Command> {
    let command = Everywhere::augment_args(Command::new("readmit"));
    let command = Operate::augment_subcommands(command);
    // After the parts, whose own texts would stand here otherwise.
    let command = command
        .version(env!("CARGO_PKG_VERSION"))
        .about("The open backend that two States run, one node each, for return and readmission")
        .after_help(exit::HELP)
        .subcommand_required(true)
        .arg_required_else_help(true);
    Ok(command.subcommands(client::commands()?))
}

/// Runs one command.
async fn run(matches: &ArgMatches) -> anyhow::Result<Exit> {
    let everywhere = Everywhere::from_arg_matches(matches)?;
    if let Some((name, inner)) = matches.subcommand()
        && let Some(exit) = client::run(&everywhere.home, name, inner).await
    {
        return Ok(exit);
    }
    let home = everywhere.home.as_path();
    match Operate::from_arg_matches(matches)? {
        Operate::Init(init) => init.run(home),
        Operate::Genesis(genesis) => genesis.run(home),
        Operate::Keys(keys) => keys.run(home).await,
        Operate::Root(root) => root.run(),
        Operate::Signer(signer) => signer.run(),
        Operate::Node(node) => node.run(home).await,
        Operate::Serve(serve) => serve.run(home).await,
        Operate::Verify(verify) => verify.run(),
        Operate::Store(store) => store.run(home).await,
        Operate::Agreements(agreements) => agreements.run(),
        Operate::Conformance(conformance) => conformance.run(home).await,
        Operate::DevBroker(broker) => broker.run().await,
    }
}
