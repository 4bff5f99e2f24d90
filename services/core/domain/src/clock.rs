//! How a limit becomes a moment.
