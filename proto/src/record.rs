//! The record's messages, read into the domain's types and written from them.
//!
//! Inward conversions name the field that does not fit; outward ones cannot fail.

mod body;

pub use crate::generated::record::v1;
