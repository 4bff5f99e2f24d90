//! Decisions about a referral: each command may be refused and never changes anything.
//!
//! Who may give which command (an office, the agency) is not decided here, but by the service that
//! knows who asks. The same command again yields nothing, but for a plan, assistance and a
//! follow-up, which may well be said twice.

use super::course::{Consent, Course, Referral};
use super::rejection::Rejection;
use super::{LocalEvent, LocalStatement, ReferralAnswer};
use crate::case::Case;
use crate::person::Particulars;

/// What is to be stated of a referral to one agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Record the person's consent.
    RecordConsent,
    /// Record that the person withdraws it.
    WithdrawConsent,
    /// Refer the person to the agency.
    Refer,
    /// Answer the referral.
    Answer(ReferralAnswer),
    /// Record a plan that person and agency have agreed; again for one that replaces it.
    AgreePlan,
    /// Report assistance.
    ReportAssistance,
    /// Report a follow-up.
    ReportFollowUp,
    /// Close the referral.
    Close,
}

/// Where the person is, as far as both States have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whereabouts {
    /// Nothing lets the person be expected.
    NotExpected,
    /// The request is accepted, and the person has not arrived yet.
    Expected,
    /// The person has arrived, and has not been taken back.
    Arrived,
}

impl Whereabouts {
    /// The whereabouts of the person of a case.
    #[must_use]
    pub const fn of(case: &Case) -> Self {
        if case.said.requesting.taken_back.is_some() {
            Self::NotExpected
        } else if case.said.requested.arrived.is_some() {
            Self::Arrived
        } else if case.outcome.accepted().is_some() {
            Self::Expected
        } else {
            Self::NotExpected
        }
    }
}

/// Decides it, on the referral and the whereabouts as they stand.
///
/// # Errors
/// The first rule that is broken: of consent, then of the person, then of the referral's course.
pub fn decide(
    referral: &Referral,
    whereabouts: Whereabouts,
    command: Command,
    particulars: Particulars,
) -> Result<Vec<LocalEvent>, Rejection> {
    let statement = match check(referral, whereabouts, command)? {
        Said::Already => return Ok(Vec::new()),
        Said::Not => state(referral, command),
    };
    debug_assert!(referral.fits(&statement), "what is decided fits the fold");
    Ok(vec![LocalEvent { statement, particulars }])
}

/// Whether it stands on the record already.
enum Said {
    Already,
    Not,
}

fn check(
    referral: &Referral,
    whereabouts: Whereabouts,
    command: Command,
) -> Result<Said, Rejection> {
    match command {
        Command::RecordConsent => Ok(match referral.consent {
            Consent::InForce => Said::Already,
            Consent::NotRecorded | Consent::Withdrawn => Said::Not,
        }),
        Command::WithdrawConsent => match referral.consent {
            Consent::InForce => Ok(Said::Not),
            Consent::Withdrawn => Ok(Said::Already),
            Consent::NotRecorded => Err(Rejection::ConsentMustHaveBeenRecorded),
        },
        Command::Refer => {
            consented(referral)?;
            match referral.course {
                Course::Referred | Course::Accepted | Course::Planned => Ok(Said::Already),
                Course::NotReferred | Course::Declined | Course::Closed => match whereabouts {
                    Whereabouts::Expected | Whereabouts::Arrived => Ok(Said::Not),
                    Whereabouts::NotExpected => Err(Rejection::PersonMustBeExpectedOrArrived),
                },
            }
        }
        Command::Answer(answer) => {
            consented(referral)?;
            match (referral.course, answer) {
                (Course::Referred, _) => Ok(Said::Not),
                (Course::NotReferred, _) => Err(Rejection::PersonMustBeReferred),
                (Course::Accepted | Course::Planned, ReferralAnswer::Accepted)
                | (Course::Declined, ReferralAnswer::Declined) => Ok(Said::Already),
                (Course::Accepted | Course::Planned, ReferralAnswer::Declined)
                | (Course::Declined, ReferralAnswer::Accepted) => {
                    Err(Rejection::AnswerMustNotChange)
                }
                (Course::Closed, _) => Err(Rejection::ReferralMustBeOpen),
            }
        }
        Command::AgreePlan | Command::ReportAssistance | Command::ReportFollowUp => {
            consented(referral)?;
            runs(referral).map(|()| Said::Not)
        }
        Command::Close => {
            consented(referral)?;
            if referral.course == Course::Closed {
                return Ok(Said::Already);
            }
            runs(referral).map(|()| Said::Not)
        }
    }
}

/// The person must consent.
const fn consented(referral: &Referral) -> Result<(), Rejection> {
    match referral.consent {
        Consent::InForce => Ok(()),
        Consent::NotRecorded | Consent::Withdrawn => Err(Rejection::ConsentMustBeInForce),
    }
}

/// The agency must have taken the case, and not closed it.
const fn runs(referral: &Referral) -> Result<(), Rejection> {
    match referral.course {
        Course::Accepted | Course::Planned => Ok(()),
        Course::NotReferred => Err(Rejection::PersonMustBeReferred),
        Course::Referred | Course::Declined => Err(Rejection::ReferralMustBeAccepted),
        Course::Closed => Err(Rejection::ReferralMustBeOpen),
    }
}

fn state(referral: &Referral, command: Command) -> LocalStatement {
    let agency = referral.agency.clone();
    match command {
        Command::RecordConsent => LocalStatement::ConsentRecorded(agency),
        Command::WithdrawConsent => LocalStatement::ConsentWithdrawn(agency),
        Command::Refer => LocalStatement::Referred(agency),
        Command::Answer(answer) => LocalStatement::ReferralAnswered(agency, answer),
        Command::AgreePlan => LocalStatement::PlanAgreed(agency),
        Command::ReportAssistance => LocalStatement::AssistanceReported(agency),
        Command::ReportFollowUp => LocalStatement::FollowUpReported(agency),
        Command::Close => LocalStatement::ReferralClosed(agency),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::identifier::Agency;
    use crate::referral::LocalKind;

    use Command as C;
    use Rejection as R;
    use Whereabouts as W;

    const TAKE: Command = C::Answer(ReferralAnswer::Accepted);
    const DECLINE: Command = C::Answer(ReferralAnswer::Declined);

    /// Given these commands, each of which states something, for a person who has arrived.
    fn given(commands: &[Command]) -> Referral {
        let mut referral = Referral::new(Agency::new("homeward").unwrap());
        for command in commands {
            let events = when(&referral, W::Arrived, *command).unwrap();
            assert_eq!(events.len(), 1, "{command:?}");
            events.iter().for_each(|event| referral.add(&event.statement));
        }
        referral
    }

    fn when(referral: &Referral, at: W, command: Command) -> Result<Vec<LocalEvent>, R> {
        decide(referral, at, command, Particulars::default())
    }

    /// Given what was said, when commanded, then this kind is stated, or nothing, or a rule broken.
    fn check(said: &[Command], at: W, command: Command, then: Result<Option<LocalKind>, R>) {
        let events = when(&given(said), at, command);
        let found = events.map(|events| {
            assert!(events.len() <= 1);
            events.first().map(|event| event.statement.kind())
        });
        assert_eq!(found, then, "{said:?} {at:?} {command:?}");
    }

    #[test]
    fn consent_is_recorded_once_and_withdrawn_once() {
        let recorded = [C::RecordConsent];
        let withdrawn = [C::RecordConsent, C::WithdrawConsent];
        let (says, ends) = (LocalKind::ConsentRecorded, LocalKind::ConsentWithdrawn);
        check(&[], W::NotExpected, C::RecordConsent, Ok(Some(says)));
        check(&recorded, W::NotExpected, C::RecordConsent, Ok(None));
        check(&withdrawn, W::NotExpected, C::RecordConsent, Ok(Some(says)));
        let never = Err(R::ConsentMustHaveBeenRecorded);
        check(&[], W::NotExpected, C::WithdrawConsent, never);
        check(&recorded, W::NotExpected, C::WithdrawConsent, Ok(Some(ends)));
        check(&withdrawn, W::NotExpected, C::WithdrawConsent, Ok(None));
    }

    #[test]
    fn nobody_is_referred_without_consent_or_before_being_expected() {
        let recorded = [C::RecordConsent];
        let referred = LocalKind::Referred;
        check(&[], W::Arrived, C::Refer, Err(R::ConsentMustBeInForce));
        // Consent comes first where both rules are broken.
        check(&[], W::NotExpected, C::Refer, Err(R::ConsentMustBeInForce));
        let early = Err(R::PersonMustBeExpectedOrArrived);
        check(&recorded, W::NotExpected, C::Refer, early);
        check(&recorded, W::Expected, C::Refer, Ok(Some(referred)));
        check(&recorded, W::Arrived, C::Refer, Ok(Some(referred)));
        check(&[C::RecordConsent, C::Refer], W::Arrived, C::Refer, Ok(None));
        // What stands stands, whatever has become of the person since.
        check(&[C::RecordConsent, C::Refer], W::NotExpected, C::Refer, Ok(None));
        let declined = [C::RecordConsent, C::Refer, DECLINE];
        check(&declined, W::Arrived, C::Refer, Ok(Some(referred)));
        let closed = [C::RecordConsent, C::Refer, TAKE, C::Close];
        check(&closed, W::Arrived, C::Refer, Ok(Some(referred)));
        check(&closed, W::NotExpected, C::Refer, early);
    }

    #[test]
    fn an_agency_answers_once_and_only_what_was_referred_to_it() {
        let recorded = [C::RecordConsent];
        let referred = [C::RecordConsent, C::Refer];
        let accepted = [C::RecordConsent, C::Refer, TAKE];
        let declined = [C::RecordConsent, C::Refer, DECLINE];
        let closed = [C::RecordConsent, C::Refer, TAKE, C::Close];
        let said = Ok(Some(LocalKind::ReferralAnswered));
        check(&[], W::Arrived, TAKE, Err(R::ConsentMustBeInForce));
        check(&recorded, W::Arrived, TAKE, Err(R::PersonMustBeReferred));
        for answer in [TAKE, DECLINE] {
            check(&referred, W::Arrived, answer, said);
            check(&closed, W::Arrived, answer, Err(R::ReferralMustBeOpen));
        }
        check(&accepted, W::Arrived, TAKE, Ok(None));
        check(&declined, W::Arrived, DECLINE, Ok(None));
        check(&accepted, W::Arrived, DECLINE, Err(R::AnswerMustNotChange));
        check(&declined, W::Arrived, TAKE, Err(R::AnswerMustNotChange));
    }

    #[test]
    fn plan_assistance_follow_up_and_closing_need_an_accepted_referral() {
        let recorded = [C::RecordConsent];
        let referred = [C::RecordConsent, C::Refer];
        let declined = [C::RecordConsent, C::Refer, DECLINE];
        let accepted = [C::RecordConsent, C::Refer, TAKE];
        let planned = [C::RecordConsent, C::Refer, TAKE, C::AgreePlan];
        let closed = [C::RecordConsent, C::Refer, TAKE, C::Close];
        for (command, kind, again) in [
            (C::AgreePlan, LocalKind::PlanAgreed, Err(R::ReferralMustBeOpen)),
            (C::ReportAssistance, LocalKind::AssistanceReported, Err(R::ReferralMustBeOpen)),
            (C::ReportFollowUp, LocalKind::FollowUpReported, Err(R::ReferralMustBeOpen)),
            (C::Close, LocalKind::ReferralClosed, Ok(None)),
        ] {
            check(&[], W::Arrived, command, Err(R::ConsentMustBeInForce));
            check(&recorded, W::Arrived, command, Err(R::PersonMustBeReferred));
            check(&referred, W::Arrived, command, Err(R::ReferralMustBeAccepted));
            check(&declined, W::Arrived, command, Err(R::ReferralMustBeAccepted));
            check(&accepted, W::Arrived, command, Ok(Some(kind)));
            check(&planned, W::Arrived, command, Ok(Some(kind)));
            check(&closed, W::Arrived, command, again);
        }
    }

    #[test]
    fn a_withdrawal_of_consent_ends_everything_at_once() {
        let withdrawn = [C::RecordConsent, C::Refer, TAKE, C::AgreePlan, C::WithdrawConsent];
        let agencys = [TAKE, DECLINE, C::AgreePlan, C::ReportAssistance, C::ReportFollowUp];
        for command in agencys.into_iter().chain([C::Refer, C::Close]) {
            check(&withdrawn, W::Arrived, command, Err(R::ConsentMustBeInForce));
        }
        // A new consent does not bring the old referral back.
        let anew = [withdrawn.as_slice(), &[C::RecordConsent]].concat();
        check(&anew, W::Arrived, C::AgreePlan, Err(R::PersonMustBeReferred));
    }

    #[test]
    fn every_rule_has_a_code_of_its_own_and_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/errors");
        let mut pages: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .filter_map(|page| page.unwrap().file_name().into_string().ok())
            .filter(|name| name.starts_with("REF-"))
            .collect();
        pages.sort();
        let codes: Vec<String> = R::ALL.iter().map(|rule| format!("{}.md", rule.code())).collect();
        assert_eq!(codes, pages);
        for rule in R::ALL {
            let page = std::fs::read_to_string(folder.join(format!("{}.md", rule.code()))).unwrap();
            let first = format!("# {}: `{}`\n", rule.code(), rule.rule());
            assert!(page.starts_with(&first), "{}: the first line", rule.code());
        }
    }
}
