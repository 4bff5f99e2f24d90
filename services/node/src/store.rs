//! `readmit store`: checks or rebuilds the store of a node that is not running.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use clap::Subcommand;

use crate::exit::Exit;
use crate::home;

/// Checks or rebuilds a store.
#[derive(Subcommand)]
pub(crate) enum Store {
    /// Read everything and check every checksum, number, root and index entry
    Verify,
    /// Make everything that can be rebuilt anew from the journal
    Rebuild,
}

impl Store {
    /// Runs it.
    pub(crate) fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let config = home::configuration(home)?;
        let store = config.data_folder.join("store");
        eprintln!("reading {}", store.display());
        let start = Instant::now();
        match self {
            Self::Verify => match event_store::verify(&store) {
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
                }
                Err(error) => {
                    eprintln!("readmit: {:#}", anyhow::Error::from(error));
                    return Ok(Exit::Failure);
                }
            },
            Self::Rebuild => {
                let mut said = |now: event_store::Opening| {
                    eprintln!("read {} of {} bytes", now.bytes, now.bytes_total);
                };
                let made = event_store::rebuild(&store, &mut said).context("rebuild the store")?;
                eprintln!(
                    "rebuilt: {} records of {} streams, {} bytes cut from the end, {:.1?}",
                    made.records,
                    made.streams,
                    made.cut_bytes,
                    start.elapsed()
                );
            }
        }
        Ok(Exit::Success)
    }
}
