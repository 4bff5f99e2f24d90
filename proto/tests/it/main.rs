//! What crosses modules of the crate: generated code is what the protos say, conversions keep
//! what they are given and name the field that does not fit.

mod body;
mod generated;
mod record;
