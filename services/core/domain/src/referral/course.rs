//! What has become of a person's referral to one agency: a fold of local statements.
//!
//! Access rests on this fold alone. A statement that does not fit what was said before it changes
//! nothing, so that nothing but a recorded consent can ever open a case to an agency.

use super::{LocalStatement, ReferralAnswer};
use crate::identifier::Agency;

/// The referral of one person to one agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The agency.
    pub agency: Agency,
    /// The person's consent.
    pub consent: Consent,
    /// How far the referral has come under that consent.
    pub course: Course,
}

/// Whether the person consents to be referred to the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consent {
    /// The person has never been recorded to consent.
    NotRecorded,
    /// The person consents.
    InForce,
    /// The person has withdrawn consent; it may be recorded anew.
    Withdrawn,
}

/// How far a referral has come. A withdrawal of consent puts it back to the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    /// The agency has not been told.
    NotReferred,
    /// The agency has been told.
    Referred,
    /// The agency has taken the case.
    Accepted,
    /// Person and agency have agreed a plan.
    Planned,
    /// The agency has not taken the case.
    Declined,
    /// The referral is closed.
    Closed,
}

/// Whether an agency may see a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It may, as far as the person has consented.
    Granted,
    /// It may not, and is not told that there is such a case.
    Refused,
}

impl Referral {
    /// The referral to `agency` after these local statements of one case, in the order of the log.
    pub fn of<'a>(agency: &Agency, local: impl IntoIterator<Item = &'a LocalStatement>) -> Self {
        let mut referral = Self::new(agency.clone());
        for statement in local {
            referral.add(statement);
        }
        referral
    }

    /// A referral of which nothing has been said.
    #[must_use]
    pub const fn new(agency: Agency) -> Self {
        Self { agency, consent: Consent::NotRecorded, course: Course::NotReferred }
    }

    /// Adds the next statement of the case's local log; those of other agencies change nothing.
    pub fn add(&mut self, statement: &LocalStatement) {
        if statement.agency() != Some(&self.agency) {
            return;
        }
        if let Some((consent, course)) = self.after(statement) {
            self.consent = consent;
            self.course = course;
        }
    }

    /// Whether the agency may see the case now.
    #[must_use]
    pub const fn access(&self) -> Access {
        match (self.consent, self.course) {
            (Consent::InForce, Course::Referred | Course::Accepted | Course::Planned) => {
                Access::Granted
            }
            (Consent::InForce, Course::NotReferred | Course::Declined | Course::Closed)
            | (Consent::NotRecorded | Consent::Withdrawn, _) => Access::Refused,
        }
    }

    /// Consent and course after a statement; `None` where it does not fit and changes nothing.
    fn after(&self, statement: &LocalStatement) -> Option<(Consent, Course)> {
        let in_force = self.consent == Consent::InForce;
        let runs = matches!(self.course, Course::Accepted | Course::Planned);
        let course = match statement {
            LocalStatement::ConsentRecorded(_) => {
                return (!in_force).then_some((Consent::InForce, Course::NotReferred));
            }
            LocalStatement::ConsentWithdrawn(_) => {
                return in_force.then_some((Consent::Withdrawn, Course::NotReferred));
            }
            LocalStatement::Referred(_) => match self.course {
                Course::NotReferred | Course::Declined | Course::Closed => Course::Referred,
                Course::Referred | Course::Accepted | Course::Planned => return None,
            },
            LocalStatement::ReferralAnswered(_, answer) if self.course == Course::Referred => {
                match answer {
                    ReferralAnswer::Accepted => Course::Accepted,
                    ReferralAnswer::Declined => Course::Declined,
                }
            }
            LocalStatement::PlanAgreed(_) if runs => Course::Planned,
            LocalStatement::AssistanceReported(_) | LocalStatement::FollowUpReported(_) if runs => {
                self.course
            }
            LocalStatement::ReferralClosed(_) if runs => Course::Closed,
            LocalStatement::SafeguardOpened(_)
            | LocalStatement::SafeguardMet(_)
            | LocalStatement::ReferralAnswered(..)
            | LocalStatement::PlanAgreed(_)
            | LocalStatement::AssistanceReported(_)
            | LocalStatement::FollowUpReported(_)
            | LocalStatement::ReferralClosed(_) => return None,
        };
        in_force.then_some((self.consent, course))
    }

    /// Whether a statement would fit what was said before it.
    #[must_use]
    pub fn fits(&self, statement: &LocalStatement) -> bool {
        statement.agency() == Some(&self.agency) && self.after(statement).is_some()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    type S = LocalStatement;

    fn homeward() -> Agency {
        Agency::new("homeward").unwrap()
    }

    fn story() -> Vec<(S, Consent, Course, Access)> {
        let a = homeward;
        let yes = Consent::InForce;
        let accepted = S::ReferralAnswered(a(), ReferralAnswer::Accepted);
        let declined = S::ReferralAnswered(a(), ReferralAnswer::Declined);
        let gone = (Consent::Withdrawn, Course::NotReferred, Access::Refused);
        vec![
            (S::ConsentRecorded(a()), yes, Course::NotReferred, Access::Refused),
            (S::Referred(a()), yes, Course::Referred, Access::Granted),
            (declined, yes, Course::Declined, Access::Refused),
            (S::Referred(a()), yes, Course::Referred, Access::Granted),
            (accepted, yes, Course::Accepted, Access::Granted),
            (S::PlanAgreed(a()), yes, Course::Planned, Access::Granted),
            (S::AssistanceReported(a()), yes, Course::Planned, Access::Granted),
            (S::FollowUpReported(a()), yes, Course::Planned, Access::Granted),
            (S::ConsentWithdrawn(a()), gone.0, gone.1, gone.2),
            (S::ReferralClosed(a()), gone.0, gone.1, gone.2),
            (S::ConsentRecorded(a()), yes, Course::NotReferred, Access::Refused),
            (S::Referred(a()), yes, Course::Referred, Access::Granted),
        ]
    }

    #[test]
    fn a_story_is_folded_step_by_step() {
        let mut referral = Referral::new(homeward());
        let mut said = Vec::new();
        for (statement, consent, course, access) in story() {
            referral.add(&statement);
            assert_eq!((referral.consent, referral.course), (consent, course), "{statement:?}");
            assert_eq!(referral.access(), access, "{statement:?}");
            said.push(statement);
            assert_eq!(Referral::of(&homeward(), &said), referral);
        }
    }

    #[test]
    fn nothing_but_a_recorded_consent_opens_a_case() {
        let a = homeward;
        let without_consent = [
            S::Referred(a()),
            S::ReferralAnswered(a(), ReferralAnswer::Accepted),
            S::PlanAgreed(a()),
            S::ConsentWithdrawn(a()),
            S::Referred(a()),
        ];
        let referral = Referral::of(&a(), &without_consent);
        assert_eq!(referral, Referral::new(a()));
        assert_eq!(referral.access(), Access::Refused);
    }

    #[test]
    fn what_is_said_of_another_agency_changes_nothing() {
        let other = Agency::new("elsewhere").unwrap();
        let said: Vec<S> = story().into_iter().map(|(statement, ..)| statement).collect();
        assert_eq!(Referral::of(&other, &said), Referral::new(other.clone()));
    }
}
