//! What one partner may ask of the door, so that no partner keeps it from another: calls a second,
//! and streams and held questions at a time. The figures stand in `partner_service.proto`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runtime::failure::{Class, Code, Failure};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The partner asks more often than the door answers.
pub(crate) const TOO_OFTEN: Code = Code::new("DOOR-0001");

/// Streams and held questions of one partner at a time.
pub(crate) const STREAMS_MAX: usize = 16;
/// Calls of one partner that may come at once.
pub(crate) const CALLS_AT_ONCE_MAX: u32 = 2_000;
/// The time after which one more call may come: 200 a second.
pub(crate) const CALL_INTERVAL: Duration = Duration::from_millis(5);
/// Longest time that a question is held.
pub(crate) const HOLD_MAX: Duration = Duration::from_secs(10);
/// Dispatches that one stream sends at most.
pub(crate) const DISPATCHES_MAX: u64 = 1_024;
/// Largest message that either side takes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// The bounds of one partner. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    streams: Arc<Semaphore>,
    /// Holding the lock reads and changes one moment.
    calls: Arc<Mutex<Rate>>,
}

/// Calls that are spread over time: the moment at which all that have come would be used up, if
/// they had come one each interval.
#[derive(Clone, Copy, Debug)]
struct Rate(Option<Instant>);

impl Bounds {
    pub(crate) fn new() -> Self {
        Self {
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            calls: Arc::new(Mutex::new(Rate(None))),
        }
    }

    /// Counts a call.
    pub(crate) fn call(&self, now: Instant) -> Result<(), Failure> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.take(now) { Ok(()) } else { Err(too_often("this node is asked too often")) }
    }

    /// Counts a stream or a held question for as long as what is returned lives.
    pub(crate) fn stream(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        permit
            .map_err(|_| too_often("this node sends to this partner as much as it will at a time"))
    }
}

impl Rate {
    fn take(&mut self, now: Instant) -> bool {
        let used_up = self.0.map_or(now, |at| at.max(now));
        if used_up.duration_since(now) >= CALL_INTERVAL * CALLS_AT_ONCE_MAX {
            return false;
        }
        self.0 = Some(used_up + CALL_INTERVAL);
        true
    }
}

fn too_often(message: &str) -> Failure {
    Failure::new(Class::Busy, TOO_OFTEN, message)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn calls_come_at_once_up_to_a_bound_and_then_one_each_interval() {
        let bounds = Bounds::new();
        let now = Instant::now();
        for _ in 0..CALLS_AT_ONCE_MAX {
            bounds.call(now).unwrap();
        }
        assert_eq!(bounds.call(now).unwrap_err().code(), &TOO_OFTEN);
        bounds.call(now + CALL_INTERVAL).unwrap();
        assert!(bounds.call(now + CALL_INTERVAL).is_err());
        let later = now + CALL_INTERVAL * 2 * CALLS_AT_ONCE_MAX;
        for _ in 0..CALLS_AT_ONCE_MAX {
            bounds.call(later).unwrap();
        }
        assert!(bounds.call(later).is_err(), "what was not used is not saved up");
    }

    #[test]
    fn streams_of_one_partner_are_bounded_until_one_ends() {
        let (one, other) = (Bounds::new(), Bounds::new());
        let mut open: Vec<_> = (0..STREAMS_MAX).map(|_| one.stream().unwrap()).collect();
        assert_eq!(one.stream().unwrap_err().code(), &TOO_OFTEN);
        drop(other.stream().unwrap());
        open.pop();
        drop(one.stream().unwrap());
    }

    #[test]
    fn the_code_has_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let page = std::fs::read_to_string(folder.join(format!("{TOO_OFTEN}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {TOO_OFTEN}: ")));
    }
}
