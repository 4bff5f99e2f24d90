//! Tests of the services of return offices and authorities, on ledgers in memory.

mod bad_input;
mod error_pages;
mod lists;
mod office;
mod story;
mod watching;
mod world;
