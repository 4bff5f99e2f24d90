//! Rules that can be broken one at a time, so that it shows whether a test notices:
//! `make mutants`.
//!
//! Without the feature `mutants` nothing is ever broken, and the compiler leaves nothing of it.

/// Whether the rule of this name is broken in this run.
#[cfg(not(feature = "mutants"))]
#[inline]
pub(crate) const fn broken(_: &str) -> bool {
    false
}

/// Whether what is required where this is called from is not required in this run.
#[cfg(not(feature = "mutants"))]
#[inline]
pub(crate) const fn dropped() -> bool {
    false
}

#[cfg(feature = "mutants")]
pub(crate) use broken_in_this_run::{broken, dropped};

#[cfg(feature = "mutants")]
mod broken_in_this_run {
    use std::panic::Location;
    use std::sync::OnceLock;

    /// The one rule that is broken: its name, or the line of `rule.rs` that requires it.
    #[expect(clippy::disallowed_methods, reason = "only where mutants are compiled in")]
    fn chosen() -> &'static str {
        static CHOSEN: OnceLock<String> = OnceLock::new();
        CHOSEN.get_or_init(|| std::env::var("READMIT_MUTANT").unwrap_or_default())
    }

    /// Whether the rule of this name is broken in this run.
    pub(crate) fn broken(name: &str) -> bool {
        chosen() == name
    }

    /// Whether what is required where this is called from is not required in this run.
    #[track_caller]
    pub(crate) fn dropped() -> bool {
        let line = chosen().strip_prefix("rule.rs:").and_then(|line| line.parse().ok());
        line == Some(Location::caller().line())
    }
}
