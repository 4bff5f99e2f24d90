//! What this service must know of its State and the partners: who has which office.

use std::collections::BTreeMap;

use domain::identifier::State;
use runtime::config::Organisations;

/// The configuration of this service.
#[derive(Clone, Debug)]
pub struct Config {
    /// The State that runs it.
    pub state: State,
    /// Offices and consulates of the own State.
    pub own: Organisations,
    /// Offices and consulates of the partners; a State that is not here is none.
    pub partners: BTreeMap<State, Organisations>,
    /// Longest incoming message in bytes.
    pub message_bytes_max: usize,
}

impl From<&runtime::config::Config> for Config {
    fn from(config: &runtime::config::Config) -> Self {
        let partner = |(state, partner): (&State, &runtime::config::Partner)| {
            (*state, partner.organisations.clone())
        };
        Self {
            state: config.state,
            own: config.own.clone(),
            partners: config.partners.iter().map(partner).collect(),
            message_bytes_max: config.limits.message_bytes_max,
        }
    }
}
