//! The exchange between two States, over a development broker and over the partners' doors, with
//! ledgers in memory.

mod certificates;
mod courier;
mod door;
mod fake_ledger;
mod fake_supply;
mod liar;
mod stage;
mod untold;
