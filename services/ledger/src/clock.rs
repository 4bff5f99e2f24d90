//! What time it is: the system's clock, or one that can be moved forward.
//!
//! A clock that can be moved exists only where the environment of every genesis starts with `demo`
//! or `test`; [`crate::start`] sees to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::time::{Instant, Span};

/// Which clock a ledger goes by.
#[derive(Clone, Debug)]
pub enum ClockChoice {
    /// The system's.
    System,
    /// The system's, moved forward by an offset that survives a restart.
    Settable,
    /// One that stands still until it is moved: for tests and simulations.
    Fixed(Arc<FixedClock>),
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that shows this moment.
    #[must_use]
    pub fn new(now: Instant) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(now.as_ms())))
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_ms(self.0.load(Ordering::Acquire))
    }

    /// Sets it, forward or back: what may become of the clock of a machine.
    pub fn set(&self, to: Instant) {
        self.0.store(to.as_ms(), Ordering::Release);
    }

    /// Moves it forward; back is nothing.
    pub fn advance_to(&self, to: Instant) {
        self.0.fetch_max(to.as_ms(), Ordering::AcqRel);
    }
}

/// Why a clock was not moved, or not read at the start.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The system's clock cannot be moved.
    #[error("the clock of this node cannot be set")]
    NotSettable,
    /// A clock moves forward only.
    #[error("the clock shows {now} and cannot be set back")]
    Back {
        /// What it shows.
        now: Instant,
    },
    /// The offset could not be kept.
    #[error("could not keep the clock's offset in `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The offset is not one.
    #[error("the clock's offset in `{}` is not a number", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
    },
}

/// The clock of a running ledger.
#[derive(Debug)]
pub(crate) enum Clock {
    System,
    Settable { offset_ms: AtomicU64, file: PathBuf },
    Fixed(Arc<FixedClock>),
}

impl Clock {
    pub(crate) fn open(choice: &ClockChoice, data_folder: &Path) -> Result<Self, ClockError> {
        Ok(match choice {
            ClockChoice::System => Self::System,
            ClockChoice::Fixed(clock) => Self::Fixed(Arc::clone(clock)),
            ClockChoice::Settable => {
                let file = data_folder.join("clock_offset_ms");
                let offset_ms = AtomicU64::new(read_offset(&file)?);
                Self::Settable { offset_ms, file }
            }
        })
    }

    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::System => system_now(),
            Self::Settable { offset_ms, .. } => {
                system_now().plus(Span::from_ms(offset_ms.load(Ordering::Acquire)))
            }
            Self::Fixed(clock) => clock.now(),
        }
    }

    pub(crate) const fn is_settable(&self) -> bool {
        match self {
            Self::System => false,
            Self::Settable { .. } | Self::Fixed(_) => true,
        }
    }

    /// Moves the clock forward. The new offset is durable before the clock shows it, so that no
    /// dispatch is dated by a clock that a crash would set back.
    pub(crate) fn advance_to(&self, to: Instant) -> Result<(), ClockError> {
        let now = self.now();
        if to < now {
            return Err(ClockError::Back { now });
        }
        match self {
            Self::System => Err(ClockError::NotSettable),
            Self::Fixed(clock) => {
                clock.advance_to(to);
                Ok(())
            }
            Self::Settable { offset_ms, file } => {
                let offset = to.as_ms().saturating_sub(system_now().as_ms());
                let offset = offset.max(offset_ms.load(Ordering::Acquire));
                keep_offset(file, offset)
                    .map_err(|source| ClockError::File { path: file.clone(), source })?;
                offset_ms.fetch_max(offset, Ordering::AcqRel);
                Ok(())
            }
        }
    }
}

fn system_now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A system clock before 1970 is shown as 1970; dispatches then wait for it to be right.
    let ms = since.map_or(0, |since| since.as_millis());
    Instant::from_ms(u64::try_from(ms).unwrap_or(u64::MAX))
}

fn read_offset(file: &Path) -> Result<u64, ClockError> {
    let path = || file.to_path_buf();
    match fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(|_| ClockError::NotANumber { path: path() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(ClockError::File { path: path(), source }),
    }
}

fn keep_offset(file: &Path, offset_ms: u64) -> io::Result<()> {
    let fresh = file.with_extension("new");
    fs::write(&fresh, format!("{offset_ms}\n"))?;
    fs::File::open(&fresh)?.sync_all()?;
    fs::rename(&fresh, file)?;
    file.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_offset_survives_a_restart_and_never_falls() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Clock::open(&ClockChoice::Settable, folder.path()).unwrap();
        let clock = open();
        let later = clock.now().plus(Span::from_ms(86_400_000));
        clock.advance_to(later).unwrap();
        assert!(clock.now() >= later);
        assert!(open().now() >= later);
        let back = clock.advance_to(Instant::from_ms(0));
        assert!(matches!(back, Err(ClockError::Back { .. })));
    }

    #[test]
    fn the_clock_of_the_system_cannot_be_set() {
        let clock = Clock::System;
        let later = clock.now().plus(Span::from_ms(60_000));
        assert!(matches!(clock.advance_to(later), Err(ClockError::NotSettable)));
    }
}
