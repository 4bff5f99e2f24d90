//! What overseers read under a mandate: the trail of a case, proofs, evidence, accesses, counts.
//! Nothing is written here; reading is, by the ledger, in the access log.

mod config;
mod service;
mod desk;
mod words;
mod grpc;

pub use config::Config;
pub use service::add_to;
