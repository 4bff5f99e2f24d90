//! Tests of the services of consulates, on ledgers in memory.

#[expect(dead_code, reason = "shared with the tests of `requests`, which use all of it")]
#[path = "../../../requests/tests/it/world.rs"]
mod world;

mod consulate;
