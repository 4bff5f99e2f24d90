//! What crosses modules of the crate: the checked-in generated code is what the protos say.

mod generated;
