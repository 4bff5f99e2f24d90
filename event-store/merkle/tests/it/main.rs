//! The tree against published vectors, and against another implementation.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod other_implementation;
mod vectors;
