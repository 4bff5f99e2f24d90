//! The record's messages, read into the domain's types and written from them.
//!
//! Inward conversions name the field that does not fit; outward ones cannot fail. Hashes and
//! signatures are the work of the `record` crate.

mod body;
mod dispatch;
mod facts;
mod fault;
mod field;
mod local;
mod rules;

pub use crate::generated::record::v1;
