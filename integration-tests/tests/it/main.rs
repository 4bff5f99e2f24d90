//! Tests that cross crates, against real brokers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod broker;
#[path = "../../../services/core/messaging/tests/it/contract.rs"]
mod contract;
mod house;
