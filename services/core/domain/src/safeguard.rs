//! Safeguards: what a State must have met, on its own side, before it moves a person.
//!
//! They are folded from the local log, which is never exchanged; the shared case never reads
//! them, and nothing of them reaches the other State.

use std::collections::BTreeSet;

use crate::referral::{LocalStatement, Safeguard};

/// The safeguards of one case on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safeguards {
    open: BTreeSet<Safeguard>,
}

impl Safeguards {
    /// The safeguards after these local statements of one case.
    pub fn of<'a>(local: impl IntoIterator<Item = &'a LocalStatement>) -> Self {
        let mut open = BTreeSet::new();
        for statement in local {
            match statement {
                LocalStatement::SafeguardOpened(safeguard) => {
                    open.insert(*safeguard);
                }
                LocalStatement::SafeguardMet(safeguard) => {
                    open.remove(safeguard);
                }
                LocalStatement::ConsentRecorded(_)
                | LocalStatement::ConsentWithdrawn(_)
                | LocalStatement::Referred(_)
                | LocalStatement::ReferralAnswered(..)
                | LocalStatement::PlanAgreed(_)
                | LocalStatement::AssistanceReported(_)
                | LocalStatement::FollowUpReported(_)
                | LocalStatement::ReferralClosed(_) => {}
            }
        }
        Self { open }
    }

    /// The safeguards that are open, in a fixed order.
    pub fn open(&self) -> impl Iterator<Item = Safeguard> + '_ {
        self.open.iter().copied()
    }

    /// Whether every safeguard is met.
    #[must_use]
    pub fn met(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safeguard_is_open_until_it_is_met() {
        let opened = LocalStatement::SafeguardOpened(Safeguard::Child);
        let met = LocalStatement::SafeguardMet(Safeguard::Child);
        assert!(Safeguards::of([]).met());
        assert!(!Safeguards::of([&opened]).met());
        assert!(Safeguards::of([&opened, &met]).met());
        assert!(!Safeguards::of([&opened, &met, &opened]).met());
    }
}
