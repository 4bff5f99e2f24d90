//! Foreign bytes, decoded as a node decodes them: the targets of coverage-guided fuzzing.
//!
//! A [`target::Target`] stands for each decoder that meets bytes of a partner, or of whoever
//! carries them. `make fuzz` runs them under AFL++; the tests of this crate run the same checks
//! over the corpus, the regressions and the golden vectors, and hold every decoder to
//! [`allocation::BYTES_PER_BYTE`]. Nothing here runs in a node.

pub mod allocation;
pub mod target;
pub mod variant;

mod attachment;
mod body;
mod bundle;
mod case;
mod case_key;
mod dispatch;
mod entry;
mod facts;
mod fixed;
mod form;
mod genesis;
mod header;
mod partner;
mod root_statement;
mod rules;
