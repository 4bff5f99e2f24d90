//! The shared vocabulary, to and from [`domain::case::event`].
//!
//! The rules inside an adoption are bytes here: whoever can check their digest fills them in.

use std::collections::BTreeSet;

use domain::case::event::{
    AgreementAdopted, AgreementEnded, AgreementReference, ClockCorrected, ErasureBasis, Fault,
    FaultProved, KeyAnnounced, KeyPurpose, KeyRevoked, LogSucceeded, NonDeparture, Rectified,
    RefusalReason, RegisterFinding, RequestFiled, Restated, ResumeReason, ReturnDecision,
    ReturnReason, Speaker, Statement, TransferNotified, TransportMode, TravelDocumentIssued,
    WritingResumed,
};
use domain::identifier::{AgreementId, CaseId, EvidenceItem, Office};
use domain::rules::Category;
use prost::Message as _;

use super::fault::opaque;
use super::field::{
    ascending, case_id, checked, date, date_message, digest, enumeration, from_one, list, required,
};
use crate::InvalidField;
use crate::record::v1;
use crate::record::v1::facts::Statement as Wire;

/// Most items of evidence in one entry.
const EVIDENCE_MAX: usize = 64;
/// Most coded reasons in one entry: more than there are.
const REASONS_MAX: usize = 64;

enumeration!(read_category, write_category, v1::Category, Category, {
    OwnNational => OwnNational,
    FormerNational => FormerNational,
    ThirdCountryNational => ThirdCountryNational,
    Stateless => Stateless,
});

enumeration!(read_decision, write_decision, v1::ReturnDecision, ReturnDecision, {
    Enforceable => Enforceable,
    NotEnforceable => NotEnforceable,
});

enumeration!(read_mode, write_mode, v1::TransportMode, TransportMode, {
    Air => Air,
    Land => Land,
    Sea => Sea,
});

enumeration!(read_non_departure, write_non_departure, v1::NonDeparture, NonDeparture, {
    Absconded => Absconded,
    RefusedBoarding => RefusedBoarding,
    Unfit => Unfit,
    Other => Other,
});

enumeration!(read_finding, write_finding, v1::RegisterFinding, RegisterFinding, {
    Hit => Hit,
    NoHit => NoHit,
    Ambiguous => Ambiguous,
});

enumeration!(read_refusal, write_refusal, v1::RefusalReason, RefusalReason, {
    IdentityNotEstablished => IdentityNotEstablished,
    NotANational => NotANational,
    EvidenceDisproved => EvidenceDisproved,
    ConditionsNotMet => ConditionsNotMet,
    FiledTooLate => FiledTooLate,
    OtherGroundOfAgreement => OtherGroundOfAgreement,
});

enumeration!(read_return, write_return, v1::ReturnReason, ReturnReason, {
    Incomplete => Incomplete,
    Unreadable => Unreadable,
    WrongAuthority => WrongAuthority,
    Duplicate => Duplicate,
});

enumeration!(read_scope, write_scope, v1::RectifiedScope, Rectified, {
    Person => Person,
    Other => Other,
});

enumeration!(read_key_purpose, write_key_purpose, v1::KeyPurpose, KeyPurpose, {
    Log => Log,
    Hpke => Hpke,
});

enumeration!(read_fault, write_fault, v1::Fault, Fault, {
    Equivocation => Equivocation,
    BrokenChain => BrokenChain,
});

enumeration!(read_resume, write_resume, v1::ResumeReason, ResumeReason, {
    MarkLost => MarkLost,
    NotRecovered => NotRecovered,
});

enumeration!(read_basis, write_basis, v1::ErasureBasis, ErasureBasis, {
    RetentionOver => RetentionOver,
    RequestOfThePerson => RequestOfThePerson,
    Order => Order,
    RecordedInError => RecordedInError,
});

impl TryFrom<v1::Facts> for (Option<CaseId>, Statement) {
    type Error = InvalidField;

    fn try_from(facts: v1::Facts) -> Result<Self, InvalidField> {
        let statement = statement(required(facts.statement, "statement")?)?;
        let case = match statement.kind().speaker() {
            Speaker::Corridor if facts.case_id.is_empty() => None,
            Speaker::Corridor => {
                return Err(InvalidField::new("case_id", "must be absent on a corridor entry"));
            }
            Speaker::Requesting | Speaker::Requested | Speaker::Either => {
                Some(case_id(&facts.case_id, "case_id")?)
            }
        };
        Ok((case, statement))
    }
}

impl From<(Option<CaseId>, &Statement)> for v1::Facts {
    fn from((case, statement): (Option<CaseId>, &Statement)) -> Self {
        Self {
            case_id: case.map(|case| case.as_bytes().to_vec()).unwrap_or_default(),
            statement: Some(wire(statement)),
        }
    }
}

fn statement(wire: Wire) -> Result<Statement, InvalidField> {
    let office = |name: &str, field: &str| checked(Office::new(name), field);
    Ok(match wire {
        Wire::KeyAnnounced(it) => {
            Statement::KeyAnnounced(KeyAnnounced { root_statement: it.root_statement })
        }
        Wire::CapabilitiesStated(it) => {
            ascending(&it.kinds, "capabilities_stated.kinds", |kind| *kind)?;
            Statement::CapabilitiesStated(it.kinds.into_iter().collect::<BTreeSet<u32>>())
        }
        Wire::AgreementAdopted(it) => Statement::AgreementAdopted(
            AgreementAdopted::try_from(it).map_err(|error| error.within("agreement_adopted"))?,
        ),
        Wire::KeyRevoked(it) => Statement::KeyRevoked(
            KeyRevoked::try_from(it).map_err(|error| error.within("key_revoked"))?,
        ),
        Wire::ClockCorrected(it) => Statement::ClockCorrected(ClockCorrected {
            root_statement: opaque(it.root_statement, "clock_corrected.root_statement")?,
        }),
        Wire::LogSucceeded(it) => Statement::LogSucceeded(
            LogSucceeded::try_from(it).map_err(|error| error.within("log_succeeded"))?,
        ),
        Wire::FaultProved(it) => Statement::FaultProved(
            FaultProved::try_from(it).map_err(|error| error.within("fault_proved"))?,
        ),
        Wire::WritingResumed(it) => Statement::WritingResumed(
            WritingResumed::try_from(it).map_err(|error| error.within("writing_resumed"))?,
        ),
        Wire::AgreementEnded(it) => Statement::AgreementEnded(
            AgreementEnded::try_from(it).map_err(|error| error.within("agreement_ended"))?,
        ),
        Wire::RequestFiled(it) => Statement::RequestFiled(
            RequestFiled::try_from(it).map_err(|error| error.within("request_filed"))?,
        ),
        Wire::EvidenceAdded(it) => {
            let evidence = evidence(it.evidence, "evidence_added.evidence")?;
            if evidence.is_empty() {
                return Err(InvalidField::missing("evidence_added.evidence"));
            }
            Statement::EvidenceAdded(evidence)
        }
        Wire::ClarificationGiven(it) => Statement::ClarificationGiven(it.question),
        Wire::RegisterCheckRequested(v1::RegisterCheckRequested {}) => {
            Statement::RegisterCheckRequested
        }
        Wire::InterviewRequested(it) => Statement::InterviewRequested(office(
            &it.addressed_to,
            "interview_requested.addressed_to",
        )?),
        Wire::TravelDocumentRequested(it) => Statement::TravelDocumentRequested(office(
            &it.addressed_to,
            "travel_document_requested.addressed_to",
        )?),
        Wire::SilenceNoticed(v1::SilenceNoticed {}) => Statement::SilenceNoticed,
        Wire::SilenceClaimed(it) => {
            let cited = required(it.cited, "silence_claimed.cited")?;
            Statement::SilenceClaimed(
                cited.try_into().map_err(|e: InvalidField| e.within("silence_claimed.cited"))?,
            )
        }
        Wire::RequestWithdrawn(v1::RequestWithdrawn {}) => Statement::RequestWithdrawn,
        Wire::TransferNotified(it) => Statement::TransferNotified(TransferNotified {
            on: date(it.on, "transfer_notified.on")?,
            mode: read_mode(it.mode, "transfer_notified.mode")?,
        }),
        Wire::TransferCancelled(it) => Statement::TransferCancelled(it.notice),
        Wire::PersonDeparted(it) => Statement::PersonDeparted(it.notice),
        Wire::PersonNotDeparted(it) => Statement::PersonNotDeparted(
            it.notice,
            read_non_departure(it.reason, "person_not_departed.reason")?,
        ),
        Wire::TakenBack(v1::TakenBack {}) => Statement::TakenBack,
        Wire::RequestAdmitted(v1::RequestAdmitted {}) => Statement::RequestAdmitted,
        Wire::ClarificationAsked(v1::ClarificationAsked {}) => Statement::ClarificationAsked,
        Wire::ExtensionTaken(v1::ExtensionTaken { count }) => {
            Statement::ExtensionTaken(from_one(count, "extension_taken.count")?)
        }
        Wire::RegisterChecked(it) => {
            Statement::RegisterChecked(read_finding(it.finding, "register_checked.finding")?)
        }
        Wire::InterviewArranged(v1::InterviewArranged {}) => Statement::InterviewArranged,
        Wire::InterviewHeld(v1::InterviewHeld {}) => Statement::InterviewHeld,
        Wire::InterviewMissed(v1::InterviewMissed {}) => Statement::InterviewMissed,
        Wire::IdentityConfirmed(v1::IdentityConfirmed {}) => Statement::IdentityConfirmed,
        Wire::IdentityNotConfirmed(v1::IdentityNotConfirmed {}) => Statement::IdentityNotConfirmed,
        Wire::IdentityInconclusive(v1::IdentityInconclusive {}) => Statement::IdentityInconclusive,
        Wire::RequestAccepted(v1::RequestAccepted {}) => Statement::RequestAccepted,
        Wire::RequestRefused(it) => {
            ascending(&it.reasons, "request_refused.reasons", |reason| *reason)?;
            Statement::RequestRefused(list(
                it.reasons,
                REASONS_MAX,
                "request_refused.reasons",
                read_refusal,
            )?)
        }
        Wire::ReturnedUnconsidered(it) => {
            ascending(&it.reasons, "returned_unconsidered.reasons", |reason| *reason)?;
            Statement::ReturnedUnconsidered(list(
                it.reasons,
                REASONS_MAX,
                "returned_unconsidered.reasons",
                read_return,
            )?)
        }
        Wire::TravelDocumentIssued(it) => Statement::TravelDocumentIssued(TravelDocumentIssued {
            issued_on: date(it.issued_on, "travel_document_issued.issued_on")?,
            valid_until: date(it.valid_until, "travel_document_issued.valid_until")?,
        }),
        Wire::TravelDocumentRevoked(it) => Statement::TravelDocumentRevoked(it.document),
        Wire::TransferObjected(it) => Statement::TransferObjected(it.notice),
        Wire::PersonArrived(v1::PersonArrived {}) => Statement::PersonArrived,
        Wire::HoldPlaced(v1::HoldPlaced {}) => Statement::HoldPlaced,
        Wire::HoldLifted(v1::HoldLifted {}) => Statement::HoldLifted,
        Wire::Rectified(it) => Statement::Rectified(read_scope(it.scope, "rectified.scope")?),
        Wire::EntryUnreadable(it) => Statement::EntryUnreadable(it.entry),
        Wire::EntryContested(it) => Statement::EntryContested(it.entry),
        Wire::Restated(it) => {
            Statement::Restated(Restated::try_from(it).map_err(|error| error.within("restated"))?)
        }
        Wire::DisputeSettled(v1::DisputeSettled {}) => Statement::DisputeSettled,
        Wire::ErasureOrdered(it) => {
            Statement::ErasureOrdered(read_basis(it.basis, "erasure_ordered.basis")?)
        }
        Wire::CaseClosed(v1::CaseClosed {}) => Statement::CaseClosed,
        Wire::ErasureDone(v1::ErasureDone {}) => Statement::ErasureDone,
        Wire::ObstacleReported(v1::ObstacleReported {}) => Statement::ObstacleReported,
        Wire::ObstacleRemoved(v1::ObstacleRemoved {}) => Statement::ObstacleRemoved,
    })
}

fn wire(statement: &Statement) -> Wire {
    match statement {
        Statement::KeyAnnounced(it) => {
            Wire::KeyAnnounced(v1::KeyAnnounced { root_statement: it.root_statement.clone() })
        }
        Statement::CapabilitiesStated(kinds) => Wire::CapabilitiesStated(v1::CapabilitiesStated {
            kinds: kinds.iter().copied().collect(),
        }),
        Statement::AgreementAdopted(it) => Wire::AgreementAdopted(it.into()),
        Statement::KeyRevoked(it) => Wire::KeyRevoked(it.into()),
        Statement::ClockCorrected(it) => {
            Wire::ClockCorrected(v1::ClockCorrected { root_statement: it.root_statement.0.clone() })
        }
        Statement::LogSucceeded(it) => Wire::LogSucceeded(it.into()),
        Statement::FaultProved(it) => Wire::FaultProved(it.into()),
        Statement::WritingResumed(it) => Wire::WritingResumed((*it).into()),
        Statement::AgreementEnded(it) => Wire::AgreementEnded(it.into()),
        Statement::RequestFiled(it) => Wire::RequestFiled(it.into()),
        Statement::EvidenceAdded(items) => {
            Wire::EvidenceAdded(v1::EvidenceAdded { evidence: names(items) })
        }
        Statement::ClarificationGiven(question) => {
            Wire::ClarificationGiven(v1::ClarificationGiven { question: *question })
        }
        Statement::RegisterCheckRequested => {
            Wire::RegisterCheckRequested(v1::RegisterCheckRequested {})
        }
        Statement::InterviewRequested(office) => Wire::InterviewRequested(v1::InterviewRequested {
            addressed_to: office.as_str().to_owned(),
        }),
        Statement::TravelDocumentRequested(office) => {
            Wire::TravelDocumentRequested(v1::TravelDocumentRequested {
                addressed_to: office.as_str().to_owned(),
            })
        }
        Statement::SilenceNoticed => Wire::SilenceNoticed(v1::SilenceNoticed {}),
        Statement::SilenceClaimed(cited) => {
            Wire::SilenceClaimed(v1::SilenceClaimed { cited: Some((*cited).into()) })
        }
        Statement::RequestWithdrawn => Wire::RequestWithdrawn(v1::RequestWithdrawn {}),
        Statement::TransferNotified(it) => Wire::TransferNotified(v1::TransferNotified {
            on: Some(date_message(it.on)),
            mode: write_mode(it.mode),
        }),
        Statement::TransferCancelled(notice) => {
            Wire::TransferCancelled(v1::TransferCancelled { notice: *notice })
        }
        Statement::PersonDeparted(notice) => {
            Wire::PersonDeparted(v1::PersonDeparted { notice: *notice })
        }
        Statement::PersonNotDeparted(notice, reason) => {
            Wire::PersonNotDeparted(v1::PersonNotDeparted {
                notice: *notice,
                reason: write_non_departure(*reason),
            })
        }
        Statement::TakenBack => Wire::TakenBack(v1::TakenBack {}),
        Statement::RequestAdmitted => Wire::RequestAdmitted(v1::RequestAdmitted {}),
        Statement::ClarificationAsked => Wire::ClarificationAsked(v1::ClarificationAsked {}),
        Statement::ExtensionTaken(count) => {
            Wire::ExtensionTaken(v1::ExtensionTaken { count: *count })
        }
        Statement::RegisterChecked(finding) => {
            Wire::RegisterChecked(v1::RegisterChecked { finding: write_finding(*finding) })
        }
        Statement::InterviewArranged => Wire::InterviewArranged(v1::InterviewArranged {}),
        Statement::InterviewHeld => Wire::InterviewHeld(v1::InterviewHeld {}),
        Statement::InterviewMissed => Wire::InterviewMissed(v1::InterviewMissed {}),
        Statement::IdentityConfirmed => Wire::IdentityConfirmed(v1::IdentityConfirmed {}),
        Statement::IdentityNotConfirmed => Wire::IdentityNotConfirmed(v1::IdentityNotConfirmed {}),
        Statement::IdentityInconclusive => Wire::IdentityInconclusive(v1::IdentityInconclusive {}),
        Statement::RequestAccepted => Wire::RequestAccepted(v1::RequestAccepted {}),
        Statement::RequestRefused(reasons) => Wire::RequestRefused(v1::RequestRefused {
            reasons: in_order(reasons.iter().map(|reason| write_refusal(*reason))),
        }),
        Statement::ReturnedUnconsidered(reasons) => {
            Wire::ReturnedUnconsidered(v1::ReturnedUnconsidered {
                reasons: in_order(reasons.iter().map(|reason| write_return(*reason))),
            })
        }
        Statement::TravelDocumentIssued(it) => {
            Wire::TravelDocumentIssued(v1::TravelDocumentIssued {
                issued_on: Some(date_message(it.issued_on)),
                valid_until: Some(date_message(it.valid_until)),
            })
        }
        Statement::TravelDocumentRevoked(document) => {
            Wire::TravelDocumentRevoked(v1::TravelDocumentRevoked { document: *document })
        }
        Statement::TransferObjected(notice) => {
            Wire::TransferObjected(v1::TransferObjected { notice: *notice })
        }
        Statement::PersonArrived => Wire::PersonArrived(v1::PersonArrived {}),
        Statement::HoldPlaced => Wire::HoldPlaced(v1::HoldPlaced {}),
        Statement::HoldLifted => Wire::HoldLifted(v1::HoldLifted {}),
        Statement::Rectified(scope) => {
            Wire::Rectified(v1::Rectified { scope: write_scope(*scope) })
        }
        Statement::EntryUnreadable(entry) => {
            Wire::EntryUnreadable(v1::EntryUnreadable { entry: *entry })
        }
        Statement::EntryContested(entry) => {
            Wire::EntryContested(v1::EntryContested { entry: *entry })
        }
        Statement::Restated(it) => Wire::Restated(it.into()),
        Statement::DisputeSettled => Wire::DisputeSettled(v1::DisputeSettled {}),
        Statement::ErasureOrdered(basis) => {
            Wire::ErasureOrdered(v1::ErasureOrdered { basis: write_basis(*basis) })
        }
        Statement::CaseClosed => Wire::CaseClosed(v1::CaseClosed {}),
        Statement::ErasureDone => Wire::ErasureDone(v1::ErasureDone {}),
        Statement::ObstacleReported => Wire::ObstacleReported(v1::ObstacleReported {}),
        Statement::ObstacleRemoved => Wire::ObstacleRemoved(v1::ObstacleRemoved {}),
    }
}

impl TryFrom<v1::AgreementAdopted> for AgreementAdopted {
    type Error = InvalidField;

    /// Leaves `rules` out: they count only once their digest is checked.
    fn try_from(it: v1::AgreementAdopted) -> Result<Self, InvalidField> {
        Ok(Self {
            agreement: checked(AgreementId::new(&it.agreement), "agreement")?,
            version: from_one(it.version, "version")?,
            digest: digest(&it.digest, "digest")?,
            rules: None,
        })
    }
}

impl From<&AgreementAdopted> for v1::AgreementAdopted {
    fn from(it: &AgreementAdopted) -> Self {
        let rules = it.rules.as_deref().map(v1::CompiledRules::from);
        Self {
            agreement: it.agreement.as_str().to_owned(),
            version: it.version,
            digest: it.digest.as_bytes().to_vec(),
            rules: rules.map(|rules| rules.encode_to_vec()).unwrap_or_default(),
        }
    }
}

impl TryFrom<v1::AgreementEnded> for AgreementEnded {
    type Error = InvalidField;

    fn try_from(it: v1::AgreementEnded) -> Result<Self, InvalidField> {
        let ended = required(it.ended, "ended")?;
        Ok(Self {
            ended: ended.try_into().map_err(|error: InvalidField| error.within("ended"))?,
            ended_from: date(it.ended_from, "ended_from")?,
        })
    }
}

impl From<&AgreementEnded> for v1::AgreementEnded {
    fn from(it: &AgreementEnded) -> Self {
        Self { ended: Some((&it.ended).into()), ended_from: Some(date_message(it.ended_from)) }
    }
}

impl TryFrom<v1::AgreementReference> for AgreementReference {
    type Error = InvalidField;

    fn try_from(it: v1::AgreementReference) -> Result<Self, InvalidField> {
        Ok(Self {
            agreement: checked(AgreementId::new(&it.agreement), "agreement")?,
            version: from_one(it.version, "version")?,
            digest: digest(&it.digest, "digest")?,
        })
    }
}

impl From<&AgreementReference> for v1::AgreementReference {
    fn from(it: &AgreementReference) -> Self {
        Self {
            agreement: it.agreement.as_str().to_owned(),
            version: it.version,
            digest: it.digest.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<v1::RequestFiled> for RequestFiled {
    type Error = InvalidField;

    fn try_from(it: v1::RequestFiled) -> Result<Self, InvalidField> {
        Ok(Self {
            under: required(it.under, "under")?
                .try_into()
                .map_err(|error: InvalidField| error.within("under"))?,
            category: read_category(it.category, "category")?,
            evidence: evidence(it.evidence, "evidence")?,
            return_decision: read_decision(it.return_decision, "return_decision")?,
            filed_by: checked(Office::new(&it.filed_by), "filed_by")?,
            addressed_to: checked(Office::new(&it.addressed_to), "addressed_to")?,
            year: from_one(it.year, "year")?,
            serial: from_one(it.serial, "serial")?,
            irregular_stay_known_on: it
                .irregular_stay_known_on
                .map(|day| date(Some(day), "irregular_stay_known_on"))
                .transpose()?,
        })
    }
}

impl From<&RequestFiled> for v1::RequestFiled {
    fn from(it: &RequestFiled) -> Self {
        Self {
            under: Some((&it.under).into()),
            category: write_category(it.category),
            evidence: names(&it.evidence),
            return_decision: write_decision(it.return_decision),
            filed_by: it.filed_by.as_str().to_owned(),
            addressed_to: it.addressed_to.as_str().to_owned(),
            year: it.year,
            serial: it.serial,
            irregular_stay_known_on: it.irregular_stay_known_on.map(date_message),
        }
    }
}

fn evidence(items: Vec<String>, field: &str) -> Result<Vec<EvidenceItem>, InvalidField> {
    list(items, EVIDENCE_MAX, field, |item, path| checked(EvidenceItem::new(&item), path))
}

fn names(items: &[EvidenceItem]) -> Vec<String> {
    items.iter().map(|item| item.as_str().to_owned()).collect()
}

/// The one order in which coded reasons are written.
fn in_order(numbers: impl Iterator<Item = i32>) -> Vec<i32> {
    numbers.collect::<BTreeSet<i32>>().into_iter().collect()
}
