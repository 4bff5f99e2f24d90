//! Tests that cross crates, against real brokers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod agreements;
mod compiled;
mod conformance;
mod damaged;
mod broker;
#[path = "../../../services/core/messaging/tests/it/contract.rs"]
mod contract;
mod house;
mod stories;
mod unreadable;
mod without_courier;
mod refusals;
mod evidence;
mod erasure;
mod keys;
mod listing;
mod adopted;
mod explained;
mod extended;
mod alone;
mod readme;
mod restored;
mod stolen;
mod succession;
