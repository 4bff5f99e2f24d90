//! One signal for all parts of a process to end.

use tokio_util::sync::CancellationToken;

/// A cheap handle on the signal. Begins once and never ends.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal; again is nothing.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether it has been given.
    #[must_use]
    pub fn begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for it. Owns what it needs, so it can be moved into a task.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }

    /// A signal that is given with this one, and can be given alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Gives the signal when the process is asked to end (SIGTERM, SIGINT).
    ///
    /// # Errors
    /// When the operating system does not let the process listen for signals.
    pub fn begin_when_asked(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = shutdown.wait() => {}
            }
            tracing::info!("shutdown begins");
            shutdown.begin();
        });
        Ok(())
    }
}
