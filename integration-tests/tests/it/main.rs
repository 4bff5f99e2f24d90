//! Tests that cross crates, against real brokers.

mod broker;
#[path = "../../../services/core/messaging/tests/it/contract.rs"]
mod contract;
