//! Between the States: from the ledger to the courier, from the courier to the ledger, and the
//! partner's own door for everything that the courier did not bring.
//!
//! Nothing is kept here: what a dispatch is worth the ledger finds out, and where each log stands
//! both ledgers know. The exchange states two things by itself, as the rules let it: that an entry
//! of the partner's stays unreadable, and again what the partner could not read. The courier may be
//! off, empty or hostile; then the logs still meet, over `PartnerService`, a little later.

mod config;
mod start;
mod status;
mod carriage;
mod publish;
mod read;
mod fetch;
mod recover;
mod lacking;
mod unreadable;
mod restate;
mod postponed;
mod import;
mod ledger;
mod retry;
mod rounds;
mod grpc;

pub use config::{Config, Partner};
pub use ledger::Clients;
pub use start::{Handle, StartError, start};
pub use status::{PartnerStatus, Reach, Status, StatusHandle};
