//! Return offices and the authorities that answer them: request, answer, transfer, and reading
//! cases. Every rule is in `domain`, everything that is kept is in the ledger.

mod config;
mod service;
mod desk;
mod person;
mod evidence;
mod attached;
mod notice;
mod purpose;
mod page;
mod listing;
mod next_step;
mod view;
mod grpc;

pub use config::Config;
pub use service::{Clients, add_to};
