//! What a State keeps to itself: safeguards, referral, consent, plan and follow-up.
//!
//! A [`LocalStatement`] is what an entry of a local log states. It is never exchanged, and no
//! outcome that both States share reads it. What became of a referral is a fold of them
//! ([`course`]); what may be stated next is decided in [`decide`].

pub mod course;
pub mod decide;
pub mod rejection;

use crate::identifier::Agency;

/// A local event: the facts, and the body that is sealed beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEvent {
    /// What is stated.
    pub statement: LocalStatement,
    /// What is sealed, under a key that is wrapped for no one.
    pub particulars: crate::person::Particulars,
}

/// One statement in a local log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalStatement {
    // Safeguards.
    /// A safeguard is open: interview, travel document and transfer must wait.
    SafeguardOpened(Safeguard),
    /// A safeguard is met.
    SafeguardMet(Safeguard),

    // Reintegration.
    /// The person consents to be referred to an agency, and to what is shared with it.
    ConsentRecorded(Agency),
    /// The person withdraws consent.
    ConsentWithdrawn(Agency),
    /// The person is referred to an agency.
    Referred(Agency),
    /// The agency answers.
    ReferralAnswered(Agency, ReferralAnswer),
    /// Person and agency agree a plan; the plan is in the body.
    PlanAgreed(Agency),
    /// Assistance was given; what it was is in the body.
    AssistanceReported(Agency),
    /// A follow-up took place; its findings are in the body.
    FollowUpReported(Agency),
    /// The referral is closed.
    ReferralClosed(Agency),
}

/// A condition that must be met before a person may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safeguard {
    /// A claim or right that stops a return. Which one is in the sealed body.
    RightToStay,
    /// Fitness to travel.
    FitnessToTravel,
    /// The best interests of a child.
    Child,
    /// The store was restored from a copy; a named official confirms the safeguards anew.
    Restored,
}

/// What an agency answers to a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferralAnswer {
    /// It takes the case.
    Accepted,
    /// It does not.
    Declined,
}

/// The kind of a local statement, numbered as its field in `readmit.record.v1.LocalFacts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalKind {
    /// `SafeguardOpened`
    SafeguardOpened,
    /// `SafeguardMet`
    SafeguardMet,
    /// `ConsentRecorded`
    ConsentRecorded,
    /// `ConsentWithdrawn`
    ConsentWithdrawn,
    /// `Referred`
    Referred,
    /// `ReferralAnswered`
    ReferralAnswered,
    /// `PlanAgreed`
    PlanAgreed,
    /// `AssistanceReported`
    AssistanceReported,
    /// `FollowUpReported`
    FollowUpReported,
    /// `ReferralClosed`
    ReferralClosed,
}

impl LocalStatement {
    /// The kind of this statement.
    #[must_use]
    pub const fn kind(&self) -> LocalKind {
        match self {
            Self::SafeguardOpened(_) => LocalKind::SafeguardOpened,
            Self::SafeguardMet(_) => LocalKind::SafeguardMet,
            Self::ConsentRecorded(_) => LocalKind::ConsentRecorded,
            Self::ConsentWithdrawn(_) => LocalKind::ConsentWithdrawn,
            Self::Referred(_) => LocalKind::Referred,
            Self::ReferralAnswered(..) => LocalKind::ReferralAnswered,
            Self::PlanAgreed(_) => LocalKind::PlanAgreed,
            Self::AssistanceReported(_) => LocalKind::AssistanceReported,
            Self::FollowUpReported(_) => LocalKind::FollowUpReported,
            Self::ReferralClosed(_) => LocalKind::ReferralClosed,
        }
    }

    /// The agency that it concerns; `None` for safeguards.
    #[must_use]
    pub const fn agency(&self) -> Option<&Agency> {
        match self {
            Self::SafeguardOpened(_) | Self::SafeguardMet(_) => None,
            Self::ConsentRecorded(agency)
            | Self::ConsentWithdrawn(agency)
            | Self::Referred(agency)
            | Self::ReferralAnswered(agency, _)
            | Self::PlanAgreed(agency)
            | Self::AssistanceReported(agency)
            | Self::FollowUpReported(agency)
            | Self::ReferralClosed(agency) => Some(agency),
        }
    }
}

impl LocalKind {
    /// Field number in `readmit.record.v1.LocalFacts`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::SafeguardOpened => 10,
            Self::SafeguardMet => 11,
            Self::ConsentRecorded => 20,
            Self::ConsentWithdrawn => 21,
            Self::Referred => 22,
            Self::ReferralAnswered => 23,
            Self::PlanAgreed => 24,
            Self::AssistanceReported => 25,
            Self::FollowUpReported => 26,
            Self::ReferralClosed => 27,
        }
    }
}
