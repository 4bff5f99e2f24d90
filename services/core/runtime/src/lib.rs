//! What a server needs to live: configuration, callers, failures, listeners, channels, telemetry
//! and the path of a command. Nothing here runs by itself, and nothing here knows a rule.

pub mod config;
pub mod failure;
pub mod fields;
pub mod caller;
pub mod shutdown;
pub mod server;
pub mod channel;
pub mod telemetry;
pub mod command;
