//! Agencies: what they hear of the cases that are referred to them, and what offices and agencies
//! say of a referral.
//!
//! Every rule is in `domain`, everything that is kept is in the ledger's local log. What is held
//! here of it, the feed of events, is rebuilt at every start. An agency hears of a case from its
//! referral on and while consent is in force, and of the end of either as the last thing.

mod config;
mod start;
mod desk;
mod feed;
mod publish;
mod view;
mod grpc;

pub use config::Config;
pub use start::{Handle, StartError, start};
