//! `readmit signer`: a process that keeps a log key and signs what it is asked to over its standard
//! input and output. What keeps its key in hardware takes its place without anything else changing.

use std::io;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use ledger::{Hardness, Passphrase};

use crate::exit::Exit;

/// Where the passphrase of the key file is.
const PASSPHRASE: &str = "READMIT_SIGNER_PASSPHRASE";

/// Signs until its input ends. READMIT_SIGNER_PASSPHRASE opens the key file.
#[derive(Args)]
pub(crate) struct Signer {
    /// The file with the key
    #[arg(long)]
    key: PathBuf,
    /// Make the file with a new key, print its id, and end
    #[arg(long)]
    create: bool,
}

impl Signer {
    /// Runs it.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let passphrase = std::env::var(PASSPHRASE);
        let passphrase = passphrase.with_context(|| format!("`{PASSPHRASE}` is not set"))?;
        let passphrase = Passphrase::new(passphrase);
        if self.create {
            let made = ledger::create_signer_key(&self.key, &passphrase, Hardness::DEFAULT)?;
            eprintln!("made key {} in {}", made.id(), self.key.display());
            return Ok(Exit::Success);
        }
        let key = ledger::open_signer_key(&self.key, &passphrase)?;
        ledger::serve_signer(&key, io::stdin().lock(), io::stdout().lock())?;
        Ok(Exit::Success)
    }
}
