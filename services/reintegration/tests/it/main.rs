//! Offices and agencies at this service, with a ledger in memory and a development broker.

mod courier;
mod events;
mod fake_ledger;
mod referral;
mod stage;
