//! One case: everything that both States said of one person's request.

pub mod event;
