//! The wire: messages and services generated from the `.proto` files beside this crate.
//!
//! Generated code is checked in under `src/generated`; a test regenerates it and fails when it
//! differs (`UPDATE_GENERATED=1 cargo test -p proto generated` writes it).

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::wildcard_enum_match_arm,
    reason = "generated code is exempt from the house lints"
)]
mod generated;

mod descriptors;
mod invalid_field;
pub mod record;

pub use descriptors::DESCRIPTORS;
pub use generated::*;
pub use invalid_field::InvalidField;
