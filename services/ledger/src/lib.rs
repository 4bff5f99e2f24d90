//! The State's logs: the only user of the event store and the only holder of private keys.
//!
//! Everything that is written goes through one writer, which alone fixes what a dispatch says that
//! it has heard. The ledger knows evidence and not meaning: case ids, bytes, keys, dispatches. The
//! few questions of meaning that it must ask (whose case is it, under which labels is it found) it
//! puts to the domain.

mod access;
mod attachments;
mod clock;
mod config;
mod corridor;
mod failure;
mod follow;
mod founding;
mod grpc;
mod heal;
mod keyring;
mod known_cases;
mod known_dispatches;
mod layout;
mod leave;
mod locked;
mod missing;
mod read;
mod recover;
mod scope;
mod serial;
mod quarantine;
mod signer_mark;
mod signer_process;
mod snapshot;
mod start;
mod stated;
mod stepped;
mod sweep;
mod store_health;
mod view;
mod writer;

pub use attachments::backup::{
    Copied, CopyError, CopyProgress, back_up_attachments, put_back_attachments,
};
pub use attachments::check::{CheckProgress, Checked, check_attachments};
pub use clock::{ClockChoice, ClockError, FixedClock};
pub use config::{Config, Limits, Passphrase};
pub use founding::{Announcements, FoundError, found, is_founded};
pub use grpc::Service;
pub use heal::{Damage, HealError, Lost, Wanted, find_damage};
pub use keyring::{
    Aged, Hardness, KeyList, KeyUse, KeyringError, PublicKeys, back_up_keyring, create_keyring,
    create_keyring_with, create_signer_key, keyring_public_keys, list_keys, open_signer_key,
    prepare_key, restore_keyring,
};
pub use signer_mark::MarkError;
pub use signer_process::{ProcessSigner, SignerError, serve_signer};
pub use start::{Handle, StartError, start};
pub use stated::{About, Revisions, Stated};
pub use stepped::{Arrived, Crossed, Log, Logged, Prepared, Standing, Stepped};
