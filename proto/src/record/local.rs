//! What a State keeps to itself, to and from [`domain::referral`].

use domain::identifier::{Agency, CaseId};
use domain::referral::{LocalStatement, ReferralAnswer, Safeguard};

use super::field::{self, checked, enumeration, required};
use crate::InvalidField;
use crate::record::v1;
use crate::record::v1::local_facts::Statement as Wire;

enumeration!(read_safeguard, write_safeguard, v1::Safeguard, Safeguard, {
    RightToStay => RightToStay,
    FitnessToTravel => FitnessToTravel,
    Child => Child,
    Restored => Restored,
});

enumeration!(read_answer, write_answer, v1::ReferralAnswer, ReferralAnswer, {
    Accepted => Accepted,
    Declined => Declined,
});

impl TryFrom<v1::LocalFacts> for (CaseId, LocalStatement) {
    type Error = InvalidField;

    fn try_from(facts: v1::LocalFacts) -> Result<Self, InvalidField> {
        let case = field::case_id(&facts.case_id, "case_id")?;
        Ok((case, statement(required(facts.statement, "statement")?)?))
    }
}

impl From<(CaseId, &LocalStatement)> for v1::LocalFacts {
    fn from((case, statement): (CaseId, &LocalStatement)) -> Self {
        let name = |agency: &Agency| agency.as_str().to_owned();
        let statement = match statement {
            LocalStatement::SafeguardOpened(safeguard) => {
                Wire::SafeguardOpened(v1::SafeguardOpened {
                    safeguard: write_safeguard(*safeguard),
                })
            }
            LocalStatement::SafeguardMet(safeguard) => {
                Wire::SafeguardMet(v1::SafeguardMet { safeguard: write_safeguard(*safeguard) })
            }
            LocalStatement::ConsentRecorded(agency) => {
                Wire::ConsentRecorded(v1::ConsentRecorded { agency: name(agency) })
            }
            LocalStatement::ConsentWithdrawn(agency) => {
                Wire::ConsentWithdrawn(v1::ConsentWithdrawn { agency: name(agency) })
            }
            LocalStatement::Referred(agency) => {
                Wire::Referred(v1::Referred { agency: name(agency) })
            }
            LocalStatement::ReferralAnswered(agency, answer) => {
                Wire::ReferralAnswered(v1::ReferralAnswered {
                    agency: name(agency),
                    answer: write_answer(*answer),
                })
            }
            LocalStatement::PlanAgreed(agency) => {
                Wire::PlanAgreed(v1::PlanAgreed { agency: name(agency) })
            }
            LocalStatement::AssistanceReported(agency) => {
                Wire::AssistanceReported(v1::AssistanceReported { agency: name(agency) })
            }
            LocalStatement::FollowUpReported(agency) => {
                Wire::FollowUpReported(v1::FollowUpReported { agency: name(agency) })
            }
            LocalStatement::ReferralClosed(agency) => {
                Wire::ReferralClosed(v1::ReferralClosed { agency: name(agency) })
            }
        };
        Self { case_id: case.as_bytes().to_vec(), statement: Some(statement) }
    }
}

fn statement(wire: Wire) -> Result<LocalStatement, InvalidField> {
    let agency = |name: &str, field: &str| checked(Agency::new(name), field);
    Ok(match wire {
        Wire::SafeguardOpened(it) => LocalStatement::SafeguardOpened(read_safeguard(
            it.safeguard,
            "safeguard_opened.safeguard",
        )?),
        Wire::SafeguardMet(it) => {
            LocalStatement::SafeguardMet(read_safeguard(it.safeguard, "safeguard_met.safeguard")?)
        }
        Wire::ConsentRecorded(it) => {
            LocalStatement::ConsentRecorded(agency(&it.agency, "consent_recorded.agency")?)
        }
        Wire::ConsentWithdrawn(it) => {
            LocalStatement::ConsentWithdrawn(agency(&it.agency, "consent_withdrawn.agency")?)
        }
        Wire::Referred(it) => LocalStatement::Referred(agency(&it.agency, "referred.agency")?),
        Wire::ReferralAnswered(it) => LocalStatement::ReferralAnswered(
            agency(&it.agency, "referral_answered.agency")?,
            read_answer(it.answer, "referral_answered.answer")?,
        ),
        Wire::PlanAgreed(it) => {
            LocalStatement::PlanAgreed(agency(&it.agency, "plan_agreed.agency")?)
        }
        Wire::AssistanceReported(it) => {
            LocalStatement::AssistanceReported(agency(&it.agency, "assistance_reported.agency")?)
        }
        Wire::FollowUpReported(it) => {
            LocalStatement::FollowUpReported(agency(&it.agency, "follow_up_reported.agency")?)
        }
        Wire::ReferralClosed(it) => {
            LocalStatement::ReferralClosed(agency(&it.agency, "referral_closed.agency")?)
        }
    })
}
