//! The store on real files.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
