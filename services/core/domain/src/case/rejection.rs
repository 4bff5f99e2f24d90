//! The rules of a case, each named by what must hold, with its code and its place in the
//! agreement. A command that breaks one is rejected; an act on the record that broke one is
//! ineffective; a report that broke one stands and is marked.

use std::fmt;

use crate::clock::NotComputable;
use crate::rules::{Rules, Source};

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The kind must be one that its author had heard the recipient understand.
    KindMustBeUnderstood,
    /// Facts must be canonical and in the shared vocabulary.
    FactsMustBeCanonical,
    /// A case is opened in the half of the ids that belongs to its founder, and once.
    OpeningMustBeTheFoundersFirst,
    /// The author must have heard the opening of the case.
    OpeningMustBeHeard,
    /// The opening of the case must be effective.
    OpeningMustBeEffective,
    /// Only the requesting State may state this.
    SpeakerMustBeRequestingState,
    /// Only the requested State may state this.
    SpeakerMustBeRequestedState,
    /// A corridor statement names no case, a case statement names one.
    StatementMustBelongToACase,
    /// Both States must have adopted the agreement, and the author must know it.
    AgreementMustBeAdopted,
    /// No later version may have been adopted by both.
    AgreementMustBeTheLatest,
    /// The agreement must be in force on the day.
    AgreementMustBeInForce,
    /// The agreement must let this State ask that one.
    AgreementMustCoverDirection,
    /// The agreement must cover the category of person.
    CategoryMustBeCovered,
    /// The individual return decision must be enforceable.
    ReturnDecisionMustBeEnforceable,
    /// Every item of evidence must be on the agreement's lists for the category.
    EvidenceMustBeListed,
    /// The day on which the irregular stay became known must be stated where a limit starts there.
    IrregularStayMustBeDated,
    /// The request must be filed within the agreement's limit.
    ApplicationMustBeInTime,
    /// The request must be open: neither answered, nor withdrawn, nor closed by proved silence.
    RequestMustBeOpen,
    /// The request must not be withdrawn.
    RequestMustNotBeWithdrawn,
    /// This has been stated already.
    StatementMustNotRepeat,
    /// The question that is answered must have been asked.
    QuestionMustHaveBeenAsked,
    /// The agreement must provide for a register check.
    AgreementMustHaveRegisterCheck,
    /// A register check must have been asked for.
    RegisterCheckMustBeRequested,
    /// The agreement must provide for an interview.
    AgreementMustHaveInterview,
    /// An interview must have been asked for.
    InterviewMustBeRequested,
    /// An interview must have been arranged.
    InterviewMustBeArranged,
    /// A verdict on identity is given once; only an inconclusive one may be followed by another.
    IdentityMustBeDecidedOnce,
    /// A request is not accepted for a person whose identity has been denied.
    IdentityMustNotBeDenied,
    /// A refusal must state its reasons.
    RefusalMustStateReasons,
    /// A return must state its reasons.
    ReturnMustStateReasons,
    /// The requested State must have heard the request before its silence counts.
    RequestMustHaveBeenReceived,
    /// The deadline for silence must have passed.
    SilenceMustBeDue,
    /// The partner must have been told of its silence.
    SilenceMustBeNoticed,
    /// The claim must cite a dispatch of the partner that exists and that the author had heard.
    ClaimMustCiteHeardDispatch,
    /// The cited dispatch must have heard the notice.
    ClaimMustCiteDispatchThatHeardNotice,
    /// The cited dispatch must be dated at or after notice and grace.
    ClaimMustWaitForGrace,
    /// The agreement must give silence an effect.
    SilenceMustHaveAnEffect,
    /// The request must be accepted.
    RequestMustBeAccepted,
    /// The acceptance must be confirmed: the other State has been heard to have heard it.
    AcceptanceMustBeConfirmed,
    /// The acceptance must cover the person as last rectified.
    AcceptanceMustCoverThePerson,
    /// The agreement must provide for a travel document.
    AgreementMustHaveTravelDocument,
    /// A travel document must have been asked for.
    TravelDocumentMustBeRequested,
    /// There is a valid travel document already.
    TravelDocumentMustNotBeValidAlready,
    /// The travel document must be valid as long as the agreement says, from a day not in the
    /// future.
    TravelDocumentMustBeValidLongEnough,
    /// The travel document that is meant must be one of this State, not revoked.
    TravelDocumentMustExist,
    /// There must be a travel document valid on the day, or the fallback for a late one.
    TravelDocumentMustBeValid,
    /// No hold may be in place.
    HoldMustBeLifted,
    /// There must be a hold of this State to lift.
    HoldMustBeInPlace,
    /// The transfer must be notified as early as the agreement says.
    TransferNoticeMustBeLongEnough,
    /// The transfer must take place within the agreement's limit.
    TransferMustBeWithinLimit,
    /// One transfer at a time.
    TransferMustNotBePendingAlready,
    /// The notice that is meant must exist and be pending.
    TransferMustBePending,
    /// The partner must have heard the notice, and spoken after the notice period.
    TransferNoticeMustBeHeardInTime,
    /// The partner must not have objected.
    TransferMustNotBeObjectedTo,
    /// The departure must have been reported.
    DepartureMustBeReported,
    /// The person must not have left.
    PersonMustNotHaveDeparted,
    /// The case must have come to its end before a State closes its part.
    CaseMustBeSettled,
    /// A State that has closed its part states no further act.
    PartMustNotBeClosed,
    /// A deadline must be computable from what the rules cover.
    DeadlineMustBeComputable(NotComputable),
    /// No safeguard may be open on the requesting side. Known to that State alone.
    SafeguardMustBeMet,
    /// The case must not be in dispute, or both States must have settled it.
    DisputeMustBeSettled,
    /// There must be something in dispute that the author has not settled.
    CaseMustBeDisputed,
    /// The entry that is meant must be one of the partner's in this case, and heard.
    EntryMustBeKnown,
    /// The partner must have said of the entry that it cannot be read, or contested it.
    EntryMustBeInDoubt,
    /// What opened the case must be readable, or have been stated again and heard.
    OpeningMustBeReadable,
    /// An entry signed after the last good dispatch of a revoked key must have been heard before.
    KeyMustNotBeRevoked,
    /// The erasure must have been ordered.
    ErasureMustBeOrdered,
    /// The author must have closed its part.
    PartMustBeClosed,
    /// Neither State may have said that the agreement has ended by then, as far as the author
    /// knows.
    AgreementMustNotHaveEnded,
    /// The agreement must let the requested State take a longer reply by its own word.
    AgreementMustHaveExtension,
    /// The limit to reply must not have passed.
    ReplyMustNotBeOverdue,
    /// The extension must not be longer than the agreement allows.
    ExtensionMustNotBeLonger,
    /// The agreement must give longer time while an obstacle lasts that is stated.
    AgreementMustAllowObstacle,
    /// An obstacle that this State has stated must last.
    ObstacleMustBeInPlace,
    /// No obstacle to the transfer may last.
    ObstacleMustBeRemoved,
    /// The limit for the transfer must not have passed.
    TransferMustNotBeOverdue,
}

use Rejection as R;

impl Rejection {
    /// Every rule, in the order of its code, with one member for those that carry data.
    pub const ALL: [Self; 76] = [
        R::KindMustBeUnderstood,
        R::FactsMustBeCanonical,
        R::OpeningMustBeTheFoundersFirst,
        R::OpeningMustBeHeard,
        R::OpeningMustBeEffective,
        R::SpeakerMustBeRequestingState,
        R::SpeakerMustBeRequestedState,
        R::StatementMustBelongToACase,
        R::AgreementMustBeAdopted,
        R::AgreementMustBeTheLatest,
        R::AgreementMustBeInForce,
        R::AgreementMustCoverDirection,
        R::CategoryMustBeCovered,
        R::ReturnDecisionMustBeEnforceable,
        R::EvidenceMustBeListed,
        R::IrregularStayMustBeDated,
        R::ApplicationMustBeInTime,
        R::RequestMustBeOpen,
        R::RequestMustNotBeWithdrawn,
        R::StatementMustNotRepeat,
        R::QuestionMustHaveBeenAsked,
        R::AgreementMustHaveRegisterCheck,
        R::RegisterCheckMustBeRequested,
        R::AgreementMustHaveInterview,
        R::InterviewMustBeRequested,
        R::InterviewMustBeArranged,
        R::IdentityMustBeDecidedOnce,
        R::IdentityMustNotBeDenied,
        R::RefusalMustStateReasons,
        R::ReturnMustStateReasons,
        R::RequestMustHaveBeenReceived,
        R::SilenceMustBeDue,
        R::SilenceMustBeNoticed,
        R::ClaimMustCiteHeardDispatch,
        R::ClaimMustCiteDispatchThatHeardNotice,
        R::ClaimMustWaitForGrace,
        R::SilenceMustHaveAnEffect,
        R::RequestMustBeAccepted,
        R::AcceptanceMustBeConfirmed,
        R::AcceptanceMustCoverThePerson,
        R::AgreementMustHaveTravelDocument,
        R::TravelDocumentMustBeRequested,
        R::TravelDocumentMustNotBeValidAlready,
        R::TravelDocumentMustBeValidLongEnough,
        R::TravelDocumentMustExist,
        R::TravelDocumentMustBeValid,
        R::HoldMustBeLifted,
        R::HoldMustBeInPlace,
        R::TransferNoticeMustBeLongEnough,
        R::TransferMustBeWithinLimit,
        R::TransferMustNotBePendingAlready,
        R::TransferMustBePending,
        R::TransferNoticeMustBeHeardInTime,
        R::TransferMustNotBeObjectedTo,
        R::DepartureMustBeReported,
        R::PersonMustNotHaveDeparted,
        R::CaseMustBeSettled,
        R::PartMustNotBeClosed,
        R::DeadlineMustBeComputable(NotComputable::HoursNeedMoment),
        R::SafeguardMustBeMet,
        R::DisputeMustBeSettled,
        R::CaseMustBeDisputed,
        R::EntryMustBeKnown,
        R::EntryMustBeInDoubt,
        R::OpeningMustBeReadable,
        R::KeyMustNotBeRevoked,
        R::ErasureMustBeOrdered,
        R::PartMustBeClosed,
        R::AgreementMustNotHaveEnded,
        R::AgreementMustHaveExtension,
        R::ReplyMustNotBeOverdue,
        R::ExtensionMustNotBeLonger,
        R::AgreementMustAllowObstacle,
        R::ObstacleMustBeInPlace,
        R::ObstacleMustBeRemoved,
        R::TransferMustNotBeOverdue,
    ];

    /// The stable code, with a page of its own in `docs/errors`.
    #[must_use]
    pub fn code(self) -> String {
        let same = |other: &Self| std::mem::discriminant(other) == std::mem::discriminant(&self);
        let index = Self::ALL.iter().position(same).unwrap_or(Self::ALL.len());
        format!("CASE-{:04}", index + 1)
    }

    /// Name of the rule.
    #[must_use]
    pub fn rule(self) -> String {
        let printed = format!("{self:?}");
        printed.split('(').next().unwrap_or_default().to_owned()
    }

    /// Where the rule stands in the agreement, where it comes from there.
    #[must_use]
    pub fn source(self, rules: &Rules) -> Option<Source> {
        let covered = || rules.categories.first().map(|coverage| coverage.source.clone());
        let document = || rules.travel_document.as_ref();
        match self {
            R::CategoryMustBeCovered | R::AgreementMustCoverDirection => covered(),
            R::EvidenceMustBeListed => rules.evidence.first().map(|listed| listed.source.clone()),
            R::IrregularStayMustBeDated | R::ApplicationMustBeInTime => rules
                .categories
                .iter()
                .find_map(|coverage| coverage.application.as_ref())
                .map(|limit| limit.source.clone()),
            R::RegisterCheckMustBeRequested => {
                rules.register_check.as_ref().map(|limit| limit.source.clone())
            }
            R::InterviewMustBeRequested | R::InterviewMustBeArranged => rules.interview.clone(),
            R::RefusalMustStateReasons => {
                rules.refusal_reasons.as_ref().map(|cited| cited.source.clone())
            }
            R::ReplyMustNotBeOverdue => Some(rules.reply.source.clone()),
            R::ExtensionMustNotBeLonger => {
                rules.reply_extension.as_ref().map(|extension| extension.source.clone())
            }
            R::RequestMustHaveBeenReceived
            | R::SilenceMustBeDue
            | R::SilenceMustBeNoticed
            | R::SilenceMustHaveAnEffect => Some(rules.silence.source.clone()),
            R::TravelDocumentMustBeRequested | R::TravelDocumentMustBeValid => {
                let document = document()?;
                let issue = document.issue.as_ref().map(|limit| &limit.source);
                Some(issue.unwrap_or(&document.validity.source).clone())
            }
            R::TravelDocumentMustBeValidLongEnough => {
                document().map(|document| document.validity.source.clone())
            }
            R::TransferNoticeMustBeLongEnough | R::TransferNoticeMustBeHeardInTime => {
                rules.transfer_notice.as_ref().map(|notice| notice.source.clone())
            }
            R::ObstacleMustBeRemoved => rules.transfer_extension.clone(),
            R::TransferMustBeWithinLimit | R::TransferMustNotBeOverdue => {
                let third = rules.transfer_of_third_country_nationals.as_ref();
                rules.transfer.as_ref().or(third).map(|limit| limit.source.clone())
            }
            R::KindMustBeUnderstood
            | R::FactsMustBeCanonical
            | R::OpeningMustBeTheFoundersFirst
            | R::OpeningMustBeHeard
            | R::OpeningMustBeEffective
            | R::SpeakerMustBeRequestingState
            | R::SpeakerMustBeRequestedState
            | R::StatementMustBelongToACase
            | R::AgreementMustBeAdopted
            | R::AgreementMustBeTheLatest
            | R::AgreementMustBeInForce
            | R::AgreementMustNotHaveEnded
            | R::AgreementMustHaveExtension
            | R::AgreementMustAllowObstacle
            | R::ObstacleMustBeInPlace
            | R::ReturnDecisionMustBeEnforceable
            | R::RequestMustBeOpen
            | R::RequestMustNotBeWithdrawn
            | R::StatementMustNotRepeat
            | R::QuestionMustHaveBeenAsked
            | R::AgreementMustHaveRegisterCheck
            | R::AgreementMustHaveInterview
            | R::IdentityMustBeDecidedOnce
            | R::IdentityMustNotBeDenied
            | R::ReturnMustStateReasons
            | R::ClaimMustCiteHeardDispatch
            | R::ClaimMustCiteDispatchThatHeardNotice
            | R::ClaimMustWaitForGrace
            | R::RequestMustBeAccepted
            | R::AcceptanceMustBeConfirmed
            | R::AcceptanceMustCoverThePerson
            | R::AgreementMustHaveTravelDocument
            | R::TravelDocumentMustNotBeValidAlready
            | R::TravelDocumentMustExist
            | R::HoldMustBeLifted
            | R::HoldMustBeInPlace
            | R::TransferMustNotBePendingAlready
            | R::TransferMustBePending
            | R::TransferMustNotBeObjectedTo
            | R::DepartureMustBeReported
            | R::PersonMustNotHaveDeparted
            | R::CaseMustBeSettled
            | R::PartMustNotBeClosed
            | R::DeadlineMustBeComputable(_)
            | R::SafeguardMustBeMet
            | R::DisputeMustBeSettled
            | R::CaseMustBeDisputed
            | R::EntryMustBeKnown
            | R::EntryMustBeInDoubt
            | R::OpeningMustBeReadable
            | R::KeyMustNotBeRevoked
            | R::ErasureMustBeOrdered
            | R::PartMustBeClosed => None,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            R::KindMustBeUnderstood => "the partner has not said that it understands this kind",
            R::FactsMustBeCanonical => "the facts are not in the shared vocabulary",
            R::OpeningMustBeTheFoundersFirst => {
                "the case was opened already, or by the other State"
            }
            R::OpeningMustBeHeard => "the author had not heard the opening of the case",
            R::OpeningMustBeEffective => "the opening of the case is not effective",
            R::SpeakerMustBeRequestingState => "only the requesting State may state this",
            R::SpeakerMustBeRequestedState => "only the requested State may state this",
            R::StatementMustBelongToACase => "a statement of the corridor names no case",
            R::AgreementMustBeAdopted => "both States must have adopted the agreement",
            R::AgreementMustBeTheLatest => "both States have adopted a later version",
            R::AgreementMustNotHaveEnded => "the agreement has ended by this day",
            R::AgreementMustHaveExtension => {
                "the agreement lets nobody take a longer reply by a statement of its own"
            }
            R::ReplyMustNotBeOverdue => "the limit to reply has passed",
            R::ExtensionMustNotBeLonger => "the extension is longer than the agreement allows",
            R::AgreementMustAllowObstacle => {
                "the agreement gives this State no longer time for an obstacle that it states"
            }
            R::ObstacleMustBeInPlace => "no obstacle that this State has stated lasts",
            R::ObstacleMustBeRemoved => {
                "the obstacle to the transfer must first be stated to be removed"
            }
            R::TransferMustNotBeOverdue => "the limit for the transfer has passed",
            R::AgreementMustBeInForce => "the agreement is not in force on this day",
            R::AgreementMustCoverDirection => "the agreement does not let this State ask that one",
            R::CategoryMustBeCovered => "the agreement does not cover this category of person",
            R::ReturnDecisionMustBeEnforceable => "there is no enforceable return decision",
            R::EvidenceMustBeListed => "an item of evidence is not on the agreement's lists",
            R::IrregularStayMustBeDated => "the day on which the stay became known is missing",
            R::ApplicationMustBeInTime => "the limit for filing has passed",
            R::RequestMustBeOpen => "the request is not open",
            R::RequestMustNotBeWithdrawn => "the request is withdrawn",
            R::StatementMustNotRepeat => "this has been stated already",
            R::QuestionMustHaveBeenAsked => "no such question is waiting for an answer",
            R::AgreementMustHaveRegisterCheck => "the agreement has no register check",
            R::RegisterCheckMustBeRequested => "no register check has been asked for",
            R::AgreementMustHaveInterview => "the agreement has no interview",
            R::InterviewMustBeRequested => "no interview has been asked for",
            R::InterviewMustBeArranged => "no interview has been arranged",
            R::IdentityMustBeDecidedOnce => "the identity has been decided on already",
            R::IdentityMustNotBeDenied => "the person's identity has been denied",
            R::RefusalMustStateReasons => "a refusal must state at least one reason",
            R::ReturnMustStateReasons => "a return must state at least one reason",
            R::RequestMustHaveBeenReceived => "the partner has not been heard to have the request",
            R::SilenceMustBeDue => "the deadline for silence has not passed",
            R::SilenceMustBeNoticed => "the partner has not been told of its silence",
            R::ClaimMustCiteHeardDispatch => "the cited dispatch is not one that was heard",
            R::ClaimMustCiteDispatchThatHeardNotice => "the partner has not heard the notice",
            R::ClaimMustWaitForGrace => "the partner has not spoken after the grace",
            R::SilenceMustHaveAnEffect => "the agreement gives silence no effect",
            R::RequestMustBeAccepted => "the request is not accepted",
            R::AcceptanceMustBeConfirmed => "the acceptance is not confirmed yet",
            R::AcceptanceMustCoverThePerson => "the person was rectified after the acceptance",
            R::AgreementMustHaveTravelDocument => "the agreement has no travel document",
            R::TravelDocumentMustBeRequested => "no travel document has been asked for",
            R::TravelDocumentMustNotBeValidAlready => "there is a valid travel document already",
            R::TravelDocumentMustBeValidLongEnough => {
                "the travel document is not valid for as long as the agreement says"
            }
            R::TravelDocumentMustExist => "there is no such travel document",
            R::TravelDocumentMustBeValid => "there is no valid travel document",
            R::HoldMustBeLifted => "a hold is in place",
            R::HoldMustBeInPlace => "there is no hold of this State to lift",
            R::TransferNoticeMustBeLongEnough => "the transfer is sooner than the notice allows",
            R::TransferMustBeWithinLimit => "the transfer is after the limit",
            R::TransferMustNotBePendingAlready => "another transfer is pending",
            R::TransferMustBePending => "there is no such pending transfer",
            R::TransferNoticeMustBeHeardInTime => {
                "the partner has not spoken after the notice period, having heard the notice"
            }
            R::TransferMustNotBeObjectedTo => "the partner has objected to the transfer",
            R::DepartureMustBeReported => "no departure has been reported",
            R::PersonMustNotHaveDeparted => "the person has left",
            R::CaseMustBeSettled => "the case has not come to its end",
            R::PartMustNotBeClosed => "this State has closed its part of the case",
            R::DeadlineMustBeComputable(_) => "the rules do not cover what this deadline needs",
            R::SafeguardMustBeMet => "a safeguard is open",
            R::DisputeMustBeSettled => "the case is in dispute",
            R::CaseMustBeDisputed => "nothing is in dispute that this State has not settled",
            R::EntryMustBeKnown => "there is no such entry of the partner in this case",
            R::EntryMustBeInDoubt => "the partner has not said that it cannot read this entry",
            R::OpeningMustBeReadable => {
                "the partner cannot read the request, and it was not stated again"
            }
            R::KeyMustNotBeRevoked => "the key that signed this was revoked before it was heard",
            R::ErasureMustBeOrdered => "no erasure has been ordered",
            R::PartMustBeClosed => "this State has not closed its part of the case",
        })
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_its_own_code() {
        let codes: BTreeSet<String> = Rejection::ALL.iter().map(|rule| rule.code()).collect();
        assert_eq!(codes.len(), Rejection::ALL.len());
        assert!(!codes.contains(&format!("CASE-{:04}", Rejection::ALL.len() + 1)));
    }
}
