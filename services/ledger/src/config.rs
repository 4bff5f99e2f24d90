//! What a ledger needs to be told. Read and checked elsewhere; nothing here reads the environment.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::identifier::State;
use zeroize::Zeroizing;

use crate::clock::ClockChoice;
use crate::signer_process::ProcessSigner;

/// The configuration of a ledger.
#[derive(Clone, Debug)]
pub struct Config {
    /// The State whose ledger it is.
    pub state: State,
    /// The folder of the store and of what founds the corridors.
    pub data_folder: PathBuf,
    /// The keyring. May lie outside the data folder, as it is backed up apart from it.
    pub keyring_file: PathBuf,
    /// Opens the keyring.
    pub passphrase: Passphrase,
    /// A log key that is kept by another process, beside those of the keyring; it speaks once it
    /// is announced.
    pub signer: Option<Arc<ProcessSigner>>,
    /// Where the signer keeps its marks. Outside the data folder and its backups, or a restored
    /// copy could not be told from the original.
    pub signer_mark_folder: PathBuf,
    /// After how much idleness an empty dispatch is sent, in milliseconds.
    pub heartbeat_ms: u64,
    /// The clock.
    pub clock: ClockChoice,
    /// Limits.
    pub limits: Limits,
}

/// Limits of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Jobs that wait for the writer; further callers wait before it.
    pub queue_jobs_max: usize,
    /// Jobs that share one durable write.
    pub group_jobs_max: usize,
    /// Bytes after which a group takes no further job.
    pub group_bytes_max: usize,
    /// Dispatches of one partner that are parked.
    pub parked_dispatches_max: usize,
    /// Their bytes.
    pub parked_bytes_max: usize,
    /// Dispatches in quarantine, for each partner; more are counted and not kept.
    pub quarantine_dispatches_max: usize,
    /// Their bytes.
    pub quarantine_bytes_max: u64,
    /// Dispatches of one partner that are kept as proof; more are only counted.
    pub proofs_max: usize,
    /// Largest incoming message, in bytes.
    pub message_bytes_max: usize,
    /// Dispatches and entries of both logs of a corridor, together, beyond which no evidence is
    /// exported: a bundle holds the heads of all of them, and is made in memory.
    pub evidence_records_max: u64,
}

impl Limits {
    /// What is good for a node.
    pub const DEFAULT: Self = Self {
        queue_jobs_max: 1024,
        group_jobs_max: 1024,
        group_bytes_max: 2 << 20,
        parked_dispatches_max: 1024,
        parked_bytes_max: 16 << 20,
        quarantine_dispatches_max: 256,
        quarantine_bytes_max: 16 << 20,
        proofs_max: 64,
        message_bytes_max: 1 << 20,
        evidence_records_max: 250_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What opens the keyring; wiped when dropped, never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(withheld)")
    }
}
