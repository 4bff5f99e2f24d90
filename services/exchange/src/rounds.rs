//! Work that is gone through in rounds, as long as the exchange runs.

use std::time::Duration;

use domain::identifier::State;
use runtime::failure::Failure;
use runtime::shutdown::Shutdown;

/// What is gone through for one partner.
pub(crate) trait Rounds {
    /// What is done, for the log.
    const WORK: &'static str;

    fn partner(&self) -> State;

    /// Goes round once; an error where nothing more can be done now. What it leaves is met by the
    /// next round.
    fn go_round(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Goes round at every interval until the shutdown begins, also in the middle of a round.
pub(crate) async fn go_rounds(mut work: impl Rounds, interval: Duration, shutdown: Shutdown) {
    let mut interval = tokio::time::interval(interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = shutdown.wait() => return,
        }
        tokio::select! {
            gone = work.go_round() => if let Err(error) = gone {
                let (partner, work) = (work.partner(), name_of(&work));
                tracing::debug!(%partner, work, %error, "a round ended early");
            },
            () = shutdown.wait() => return,
        }
    }
}

const fn name_of<W: Rounds>(_: &W) -> &'static str {
    W::WORK
}
