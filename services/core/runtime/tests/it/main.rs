//! What crosses modules of the crate: configuration from files, listeners, the path of a command.

mod certificates;
mod command;
mod config;
mod fake_ledger;
mod server;
