//! Consulates: register check, interview, verdict on identity, travel document. Every rule is in
//! `domain`, everything that is kept is in the ledger.

mod config;
mod service;
mod desk;
mod words;
mod grpc;

pub use config::Config;
pub use service::add_to;
