//! Whose case it is. Whoever may not see a case is told that there is none.
//!
//! What a role may *do* with a case is for the services; this is about seeing it at all.

use std::collections::BTreeSet;

use domain::case::Case;
use domain::identifier::{Agency, State};
use domain::referral::{LocalStatement, ReferralAnswer};
use runtime::caller::{Caller, Role};

/// Whether a caller may see a case of the own State's.
pub(crate) fn may_see(
    caller: &Caller,
    own: State,
    case: Option<&Case>,
    local: &[&LocalStatement],
) -> bool {
    if caller.state != own {
        return false;
    }
    match &caller.role {
        Role::Office(office) | Role::Consulate(office) => {
            case.is_some_and(|case| case.offices(own).contains(office))
        }
        Role::Agency(agency) => referred(local).contains(agency),
        Role::Overseer(_) | Role::Operator | Role::Service(_) => true,
        Role::Node => false,
    }
}

/// Whether a caller may ever be shown personal data.
pub(crate) const fn may_see_bodies(caller: &Caller) -> bool {
    match &caller.role {
        Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Overseer(_)
        | Role::Service(_) => true,
        Role::Operator | Role::Node => false,
    }
}

/// The agencies that a case is referred to, with consent in force.
pub(crate) fn referred(local: &[&LocalStatement]) -> BTreeSet<Agency> {
    let mut consented = BTreeSet::new();
    let mut referred = BTreeSet::new();
    for statement in local {
        match statement {
            LocalStatement::ConsentRecorded(agency) => {
                consented.insert(agency.clone());
            }
            LocalStatement::ConsentWithdrawn(agency) => {
                consented.remove(agency);
                referred.remove(agency);
            }
            LocalStatement::Referred(agency) => {
                referred.insert(agency.clone());
            }
            LocalStatement::ReferralClosed(agency)
            | LocalStatement::ReferralAnswered(agency, ReferralAnswer::Declined) => {
                referred.remove(agency);
            }
            LocalStatement::ReferralAnswered(_, ReferralAnswer::Accepted)
            | LocalStatement::PlanAgreed(_)
            | LocalStatement::AssistanceReported(_)
            | LocalStatement::FollowUpReported(_)
            | LocalStatement::SafeguardOpened(_)
            | LocalStatement::SafeguardMet(_) => {}
        }
    }
    referred.intersection(&consented).cloned().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_referral_needs_consent_and_ends() {
        let agency = Agency::new("homeward").unwrap();
        let consent = LocalStatement::ConsentRecorded(agency.clone());
        let withdrawn = LocalStatement::ConsentWithdrawn(agency.clone());
        let refer = LocalStatement::Referred(agency.clone());
        let closed = LocalStatement::ReferralClosed(agency.clone());
        let declined = LocalStatement::ReferralAnswered(agency.clone(), ReferralAnswer::Declined);
        let table: [(&[&LocalStatement], bool); 7] = [
            (&[], false),
            (&[&refer], false),
            (&[&consent], false),
            (&[&consent, &refer], true),
            (&[&consent, &refer, &withdrawn], false),
            (&[&consent, &refer, &closed], false),
            (&[&consent, &refer, &declined], false),
        ];
        for (local, expected) in table {
            assert_eq!(referred(local).contains(&agency), expected, "{local:?}");
        }
    }
}
