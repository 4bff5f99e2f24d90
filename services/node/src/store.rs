//! `readmit store`: checks, rebuilds, backs up, restores and heals the store of a node.

mod attachments;
mod heal;
mod opened;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Subcommand;
use event_store::VerifyError;

use crate::exit::Exit;
use crate::home;
use heal::Heal;

/// Looks after a store.
#[derive(Subcommand)]
pub(crate) enum Store {
    /// Read everything and check every checksum, number, root and index entry, and every piece of
    /// every attachment (node stopped)
    Verify,
    /// Make everything that can be rebuilt anew from the journal (node stopped)
    Rebuild,
    /// Copy the store and the attachments into a folder that is empty or holds an earlier backup,
    /// also while the node runs: then all but what it stored last
    Backup {
        /// The folder of the backup
        #[arg(long)]
        to: PathBuf,
    },
    /// Make a store from a backup, where there is none, put its attachments back, and check every
    /// byte
    Restore {
        /// The folder of the backup
        #[arg(long)]
        from: PathBuf,
    },
    /// Put back what the store has lost or holds damaged, and keep what is newer: from a backup,
    /// attachments too, or, of the logs between States, from what partners hold (node stopped)
    Heal(Heal),
}

/// Says how far something is, every few seconds at most.
struct Said {
    last: Instant,
}

impl Said {
    const APART: Duration = Duration::from_secs(2);

    fn new() -> Self {
        Self { last: Instant::now() }
    }

    fn bytes(&mut self, bytes: u64, bytes_total: u64) {
        if self.is_time() {
            eprintln!("{bytes} of {bytes_total} bytes");
        }
    }

    fn attachments(&mut self, now: ledger::CopyProgress) {
        if self.is_time() {
            let ledger::CopyProgress { attachments, attachments_total, bytes } = now;
            eprintln!("{attachments} of {attachments_total} attachments, {bytes} bytes copied");
        }
    }

    fn checked(&mut self, now: ledger::CheckProgress) {
        if self.is_time() {
            let ledger::CheckProgress { attachments, attachments_total } = now;
            eprintln!("{attachments} of {attachments_total} attachments");
        }
    }

    fn is_time(&mut self) -> bool {
        let is_time = self.last.elapsed() >= Self::APART;
        if is_time {
            self.last = Instant::now();
        }
        is_time
    }
}

impl Store {
    /// Runs it.
    pub(crate) async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let config = home::configuration(home)?;
        let store = config.data_folder.join("store");
        let start = Instant::now();
        let mut said = Said::new();
        let mut progress = |now: event_store::Progress| said.bytes(now.bytes, now.bytes_total);
        match self {
            Self::Verify => {
                let of_store = verify(&store);
                let of_attachments = attachments::verify(&config.data_folder, &mut said)?;
                let is_sound = of_store == Exit::Success && of_attachments == Exit::Success;
                return Ok(if is_sound { Exit::Success } else { Exit::Failure });
            }
            Self::Rebuild => {
                let mut watch = |now: event_store::Opening| said.bytes(now.bytes, now.bytes_total);
                let made = event_store::rebuild(&store, &mut watch).context("rebuild the store")?;
                eprintln!(
                    "rebuilt: {} records of {} streams, {:.1?}",
                    made.records,
                    made.streams,
                    start.elapsed()
                );
                eprint!("{}", opened::told(made.recovery));
            }
            Self::Backup { to } => {
                attachments::check_target(to)?;
                let made = event_store::backup(&store, to, &mut progress);
                let made = made.context("back up the store")?;
                eprintln!(
                    "backed up: {} records; {} segments copied, {} were there, {} bytes, {:.1?}",
                    made.upto,
                    made.segments_copied,
                    made.segments_kept,
                    made.bytes_copied,
                    start.elapsed()
                );
                eprint!("{}", made.recovery.map(opened::told).unwrap_or_default());
                return attachments::back_up(&config.data_folder, to, made.upto.0, &mut said);
            }
            Self::Restore { from } => {
                let made = event_store::restore(from, &store, &mut progress);
                let made = made.context("restore the store")?;
                eprintln!(
                    "restored: {} records in {} segments, {} bytes, each checked, {:.1?}",
                    made.records,
                    made.segments,
                    made.bytes,
                    start.elapsed()
                );
                return attachments::put_back(from, &config.data_folder, made.records, &mut said);
            }
            Self::Heal(heal) => return heal.run(&config, &store, &mut said).await,
        }
        Ok(Exit::Success)
    }
}

fn verify(store: &Path) -> Exit {
    eprintln!("reading {}", store.display());
    let start = Instant::now();
    match event_store::verify(store) {
        Ok(found) => {
            eprintln!(
                "sound: {} records of {} streams in {} segments, {} bytes, {:.1?}",
                found.records,
                found.streams,
                found.segments,
                found.bytes,
                start.elapsed()
            );
            for repair in found.repairs {
                eprintln!("to be repaired: {repair}");
            }
            Exit::Success
        }
        Err(error) => {
            let is_damage = matches!(error, VerifyError::Fault(_));
            eprintln!("readmit: {:#}", anyhow::Error::from(error));
            if is_damage {
                eprintln!("{}", heal::WAYS);
            }
            Exit::Failure
        }
    }
}
