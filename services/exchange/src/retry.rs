//! Waiting between attempts: longer each time, up to a limit.

use std::time::Duration;

use runtime::shutdown::Shutdown;

/// The first wait.
const FIRST: Duration = Duration::from_millis(50);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(2);

/// How long to wait before the next attempt.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self(FIRST)
    }

    /// Begins again with the shortest wait: something has worked.
    pub(crate) const fn worked(&mut self) {
        self.0 = FIRST;
    }

    /// Waits, unless the shutdown begins.
    pub(crate) async fn wait(&mut self, shutdown: &Shutdown) {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(LONGEST);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.wait() => {}
        }
    }
}
