//! The pair of States and what their genesis fixed for ever.

use std::collections::BTreeSet;

use crate::identifier::{CaseId, Digest, Founder, State};
use crate::time::Span;

/// A corridor, as its genesis founded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corridor {
    /// Digest of the genesis: the corridor's name.
    pub genesis: Digest,
    /// The State whose code sorts first.
    pub first: State,
    /// The other State.
    pub second: State,
    /// How far apart the two clocks may be.
    pub skew: Span,
    /// How long a partner has at least, after hearing a notice.
    pub grace: Span,
    /// The kinds of version 1: those that both States understand from the start.
    pub kinds: BTreeSet<u32>,
}

impl Corridor {
    /// The other State of the pair; `None` for a State that is not in it.
    #[must_use]
    pub fn partner_of(&self, state: State) -> Option<State> {
        match state {
            state if state == self.first => Some(self.second),
            state if state == self.second => Some(self.first),
            _ => None,
        }
    }

    /// Which half of the case ids belongs to a State.
    #[must_use]
    pub fn founder(&self, state: State) -> Option<Founder> {
        match state {
            state if state == self.first => Some(Founder::First),
            state if state == self.second => Some(Founder::Second),
            _ => None,
        }
    }

    /// The State that may open a case of this id.
    #[must_use]
    pub const fn founder_of(&self, case: &CaseId) -> State {
        match case.founder() {
            Founder::First => self.first,
            Founder::Second => self.second,
        }
    }
}
