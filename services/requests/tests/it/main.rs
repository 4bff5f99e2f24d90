//! Tests of the services of return offices and authorities, on ledgers in memory.

mod attachments;
mod bad_input;
mod deadlines;
mod error_pages;
mod fake_attachments;
mod lists;
mod office;
mod story;
mod watching;
mod world;
