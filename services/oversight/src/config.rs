//! What this service must know of its State.

use domain::identifier::State;

/// The configuration of this service.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The State that runs it; its overseers alone read here.
    pub state: State,
    /// Longest incoming message in bytes.
    pub message_bytes_max: usize,
}

impl From<&runtime::config::Config> for Config {
    fn from(config: &runtime::config::Config) -> Self {
        Self { state: config.state, message_bytes_max: config.limits.message_bytes_max }
    }
}
