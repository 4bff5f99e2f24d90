//! What a State can state: the shared vocabulary, in the order in which it usually happens.
//!
//! A [`Statement`] is what the facts of an entry hold: clear, coded, without personal data, and
//! everything that an outcome reads. Personal data and free text travel in the sealed body
//! ([`crate::person::Particulars`]).

use std::collections::BTreeSet;

use crate::chain::Heard;
use crate::identifier::{AgreementId, Digest, EvidenceItem, Office};
use crate::rules::{Category, Rules};
use crate::time::Date;

/// An event to be stated: the facts, and the body that is sealed beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What is stated in clear.
    pub statement: Statement,
    /// What is sealed.
    pub particulars: crate::person::Particulars,
}

/// One statement of one State.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    // Of the corridor.
    /// A key of the State, by a statement of its root key.
    KeyAnnounced(KeyAnnounced),
    /// The kinds that the State understands; only ever growing.
    CapabilitiesStated(BTreeSet<u32>),
    /// Compiled rules under which requests may be filed once both States have adopted them.
    AgreementAdopted(AgreementAdopted),
    /// An adopted agreement ends: no further request may be filed under it.
    AgreementEnded(AgreementEnded),
    /// A key of the State is revoked.
    KeyRevoked(KeyRevoked),
    /// The State's clock was wrong: its dispatches that are still parked take this one's time.
    ClockCorrected(ClockCorrected),
    /// A frozen log goes on in its next era.
    LogSucceeded(LogSucceeded),
    /// The partner's log contradicts itself, and is frozen from here.
    FaultProved(FaultProved),
    /// An operator let the State's node write again without its signer's mark.
    WritingResumed(WritingResumed),

    // By the requesting State.
    /// The readmission request for one person: opens a case.
    RequestFiled(RequestFiled),
    /// Further evidence.
    EvidenceAdded(Vec<EvidenceItem>),
    /// An answer to a question, named by the position of the question in the partner's log.
    ClarificationGiven(Position),
    /// A request to check the population register.
    RegisterCheckRequested,
    /// A request for an interview by the named consulate.
    InterviewRequested(Office),
    /// A request for a travel document, to the named consulate.
    TravelDocumentRequested(Office),
    /// The deadline for silence has passed, and the partner is told so.
    SilenceNoticed,
    /// The partner has heard the notice, spoken after the grace, and not answered.
    SilenceClaimed(Heard),
    /// The request is withdrawn. No reason travels.
    RequestWithdrawn,
    /// The person will be transferred.
    TransferNotified(TransferNotified),
    /// The transfer will not take place. Names the notice by its position.
    TransferCancelled(Position),
    /// The person has left. Names the notice by its position.
    PersonDeparted(Position),
    /// The person has not left. Names the notice by its position.
    PersonNotDeparted(Position, NonDeparture),
    /// The person was taken back.
    TakenBack,

    // By the requested State.
    /// The request is complete and in the authority's queue.
    RequestAdmitted,
    /// A question.
    ClarificationAsked,
    /// The requested State takes the longer reply that the agreement allows: by so many of the unit
    /// that its longest is counted in. Why is in the particulars.
    ExtensionTaken(u32),
    /// What the population register says. A finding, never a confirmation.
    RegisterChecked(RegisterFinding),
    /// A date and place for the interview.
    InterviewArranged,
    /// The interview took place.
    InterviewHeld,
    /// The person did not appear.
    InterviewMissed,
    /// A named official confirms the person's identity and nationality.
    IdentityConfirmed,
    /// A named official denies them.
    IdentityNotConfirmed,
    /// A named official can do neither.
    IdentityInconclusive,
    /// The request is accepted.
    RequestAccepted,
    /// The request is refused, with coded reasons.
    RequestRefused(Vec<RefusalReason>),
    /// The request is sent back without being considered.
    ReturnedUnconsidered(Vec<ReturnReason>),
    /// A travel document has been issued.
    TravelDocumentIssued(TravelDocumentIssued),
    /// The travel document is no longer valid. Names its issue by position.
    TravelDocumentRevoked(Position),
    /// A transfer is objected to. Names the notice by its position in the partner's log.
    TransferObjected(Position),
    /// The person has arrived.
    PersonArrived,

    // By either State.
    /// The case is stopped. No reason travels.
    HoldPlaced,
    /// This State's hold is lifted.
    HoldLifted,
    /// A corrected body.
    Rectified(Rectified),
    /// What belongs to an entry of the partner, named by its position, cannot be read.
    EntryUnreadable(Position),
    /// The body of an entry of the partner, named by its position, contradicts its facts.
    EntryContested(Position),
    /// What could not be read, said again in the hashed bytes.
    Restated(Restated),
    /// This State takes the case as it stands, knowing the faults and revocations it has heard.
    DisputeSettled,
    /// This State will destroy its copies of the case's personal data.
    ErasureOrdered(ErasureBasis),
    /// This State has closed its part.
    CaseClosed,
    /// This State has destroyed its copies.
    ErasureDone,
    /// An obstacle keeps this State from acting within a limit of the agreement: the requested
    /// State from its reply, the requesting State from the transfer. Why is in the particulars.
    ObstacleReported,
    /// This State's obstacle is removed.
    ObstacleRemoved,
}

/// Position of an entry in a log.
pub type Position = u64;

/// A key, bound by the root key to genesis, author, kind and serial. The statement itself is
/// verified where the bytes are; here only what it announced is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAnnounced {
    /// The COSE_Sign1 of the root key over the root statement.
    pub root_statement: Vec<u8>,
}

/// Bytes that the rules carry and do not read; printed by their length.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque(pub Vec<u8>);

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A key that is revoked. That the root key says the same is verified where the bytes are; a
/// revocation that does not count is shown to the rules as not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRevoked {
    /// The COSE_Sign1 of the root key over the root statement.
    pub root_statement: Opaque,
    /// What the key was for.
    pub purpose: KeyPurpose,
    /// The id of the key.
    pub key_id: [u8; 16],
    /// The author's last good dispatch under it; `None` where none is, and for an HPKE key.
    pub last_good: Option<Heard>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// Signs dispatches.
    Log,
    /// Opens wrapped case keys.
    Hpke,
}

/// A clock that was corrected; verified where the bytes are, as [`KeyRevoked`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockCorrected {
    /// The COSE_Sign1 of the root key over the root statement.
    pub root_statement: Opaque,
}

/// A log that goes on in its next era; verified where the bytes are, as [`KeyRevoked`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSucceeded {
    /// The COSE_Sign1 of the root key over the root statement.
    pub root_statement: Opaque,
    /// The new era, from 1.
    pub era: u32,
    /// The last dispatch of the era before.
    pub last: Heard,
}

/// A proven fault of the partner's log; verified where the bytes are, as [`KeyRevoked`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultProved {
    /// How the log contradicts itself.
    pub fault: Fault,
    /// Number of the partner's dispatch that shows it.
    pub number: u64,
    /// The signed header in the partner's chain.
    pub stored: Opaque,
    /// The signed header that contradicts it.
    pub rival: Opaque,
    /// The root key's word that announces the key which signed `rival`, where only the first
    /// entry of that dispatch announces it.
    pub announcement: Option<Opaque>,
}

/// How a log contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Two dispatches under one number.
    Equivocation,
    /// A dispatch that does not continue the one before it, by headers alone.
    BrokenChain,
}

/// A node that was let write again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WritingResumed {
    /// Why.
    pub reason: ResumeReason,
    /// The author's last dispatch that the partner said to hold.
    pub partner_holds: Option<Heard>,
}

/// Why a node was let write again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResumeReason {
    /// The signer's mark was lost.
    MarkLost,
    /// What the mark names could not be had back.
    NotRecovered,
}

/// What could not be read, in the hashed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restated {
    /// Position of the entry in the author's log.
    pub entry: Position,
    /// The sealed bytes of its body.
    pub sealed_body: Opaque,
    /// The encoded case key, sealed to the recipient.
    pub case_key: Opaque,
}

/// Why personal data is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasureBasis {
    /// The period of retention is over.
    RetentionOver,
    /// The person asked for it.
    RequestOfThePerson,
    /// A court or a data-protection authority ordered it.
    Order,
    /// The data was recorded in error.
    RecordedInError,
}

/// An agreement adopted on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementAdopted {
    /// The agreement.
    pub agreement: AgreementId,
    /// Version of the compiled rules.
    pub version: u32,
    /// SHA-256 of the compiled rules.
    pub digest: Digest,
    /// The compiled rules; `None` when the bytes do not hold what the entry says (then it adopts
    /// nothing).
    pub rules: Option<Box<Rules>>,
}

impl AgreementAdopted {
    /// What names the adopted rules.
    #[must_use]
    pub fn reference(&self) -> AgreementReference {
        AgreementReference {
            agreement: self.agreement.clone(),
            version: self.version,
            digest: self.digest,
        }
    }
}

/// An adopted agreement that ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgreementEnded {
    /// The rules that end, and with them every earlier version.
    pub ended: AgreementReference,
    /// The first day on which no request may be filed under them, where the requesting State is.
    pub ended_from: Date,
}

/// Which adopted rules a request is filed under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgreementReference {
    /// The agreement.
    pub agreement: AgreementId,
    /// Version of the compiled rules.
    pub version: u32,
    /// SHA-256 of the compiled rules.
    pub digest: Digest,
}

impl AgreementReference {
    /// Whether the end of these rules ends those: of the same, and of every earlier version.
    #[must_use]
    pub fn ends(&self, those: &Self) -> bool {
        self == those || (self.agreement == those.agreement && self.version > those.version)
    }
}

/// The facts of a readmission request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFiled {
    /// The adopted rules that it rests on.
    pub under: AgreementReference,
    /// The person's tie to the requested State.
    pub category: Category,
    /// Items of evidence, as the agreement's lists name them.
    pub evidence: Vec<EvidenceItem>,
    /// An individual return decision; there is no request without an enforceable one.
    pub return_decision: ReturnDecision,
    /// The office that files.
    pub filed_by: Office,
    /// The authority of the requested State that is asked.
    pub addressed_to: Office,
    /// Year of the case number.
    pub year: u32,
    /// Serial of the case number, from 1.
    pub serial: u32,
    /// The day on which the limit for filing starts, where it starts with one that only the
    /// requesting State can tell: the irregular stay was known, detected or ascertained, or entry
    /// and presence were, as the agreement says.
    pub irregular_stay_known_on: Option<Date>,
}

/// What is stated of the return decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReturnDecision {
    /// Individual and enforceable on the day of filing.
    Enforceable,
    /// Individual, and not enforceable (yet, or any more).
    NotEnforceable,
}

/// What the population register says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterFinding {
    /// The person is in the register.
    Hit,
    /// The person is not in the register.
    NoHit,
    /// More than one person could be meant.
    Ambiguous,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalReason {
    /// The person's identity is not established.
    IdentityNotEstablished,
    /// The person is not a national of the requested State.
    NotANational,
    /// The evidence is disproved.
    EvidenceDisproved,
    /// The conditions for third-country nationals are not met.
    ConditionsNotMet,
    /// The request came after the limit for filing.
    FiledTooLate,
    /// Another ground that the agreement has; named in the body.
    OtherGroundOfAgreement,
}

/// Why a request is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReturnReason {
    /// Something that the agreement asks for is missing.
    Incomplete,
    /// The sealed body, or what is attached to it, cannot be read.
    Unreadable,
    /// Another authority is competent.
    WrongAuthority,
    /// The same request is already there.
    Duplicate,
}

/// Why a person did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NonDeparture {
    /// The person could not be found.
    Absconded,
    /// The person refused to board, or was refused.
    RefusedBoarding,
    /// The person was not fit to travel.
    Unfit,
    /// Anything else; named in the body.
    Other,
}

/// A travel document that has been issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TravelDocumentIssued {
    /// First day of validity.
    pub issued_on: Date,
    /// Last day of validity.
    pub valid_until: Date,
}

/// A transfer that has been notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferNotified {
    /// The day on which the person is to arrive, in the requested State's time.
    pub on: Date,
    /// How the person travels.
    pub mode: TransportMode,
}

/// How a person travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportMode {
    /// By air.
    Air,
    /// Over land.
    Land,
    /// By sea.
    Sea,
}

/// What a corrected body corrects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rectified {
    /// Who the person is: an acceptance that had not heard it does not cover the person.
    Person,
    /// Anything else.
    Other,
}

/// An act has legal effect; a report tells what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Force {
    /// Has legal effect; may be ineffective.
    Act,
    /// Stands, marked where it broke a rule.
    Report,
}

/// Who may state a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaker {
    /// The corridor's statements, of either State and no case.
    Corridor,
    /// The requesting State.
    Requesting,
    /// The requested State.
    Requested,
    /// Either State.
    Either,
}

/// The kind of a statement, numbered as its field in `readmit.record.v1.Facts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `KeyAnnounced`
    KeyAnnounced,
    /// `CapabilitiesStated`
    CapabilitiesStated,
    /// `AgreementAdopted`
    AgreementAdopted,
    /// `KeyRevoked`
    KeyRevoked,
    /// `ClockCorrected`
    ClockCorrected,
    /// `LogSucceeded`
    LogSucceeded,
    /// `FaultProved`
    FaultProved,
    /// `WritingResumed`
    WritingResumed,
    /// `AgreementEnded`
    AgreementEnded,
    /// `RequestFiled`
    RequestFiled,
    /// `EvidenceAdded`
    EvidenceAdded,
    /// `ClarificationGiven`
    ClarificationGiven,
    /// `RegisterCheckRequested`
    RegisterCheckRequested,
    /// `InterviewRequested`
    InterviewRequested,
    /// `TravelDocumentRequested`
    TravelDocumentRequested,
    /// `SilenceNoticed`
    SilenceNoticed,
    /// `SilenceClaimed`
    SilenceClaimed,
    /// `RequestWithdrawn`
    RequestWithdrawn,
    /// `TransferNotified`
    TransferNotified,
    /// `TransferCancelled`
    TransferCancelled,
    /// `PersonDeparted`
    PersonDeparted,
    /// `PersonNotDeparted`
    PersonNotDeparted,
    /// `TakenBack`
    TakenBack,
    /// `RequestAdmitted`
    RequestAdmitted,
    /// `ClarificationAsked`
    ClarificationAsked,
    /// `ExtensionTaken`
    ExtensionTaken,
    /// `RegisterChecked`
    RegisterChecked,
    /// `InterviewArranged`
    InterviewArranged,
    /// `InterviewHeld`
    InterviewHeld,
    /// `InterviewMissed`
    InterviewMissed,
    /// `IdentityConfirmed`
    IdentityConfirmed,
    /// `IdentityNotConfirmed`
    IdentityNotConfirmed,
    /// `IdentityInconclusive`
    IdentityInconclusive,
    /// `RequestAccepted`
    RequestAccepted,
    /// `RequestRefused`
    RequestRefused,
    /// `ReturnedUnconsidered`
    ReturnedUnconsidered,
    /// `TravelDocumentIssued`
    TravelDocumentIssued,
    /// `TravelDocumentRevoked`
    TravelDocumentRevoked,
    /// `TransferObjected`
    TransferObjected,
    /// `PersonArrived`
    PersonArrived,
    /// `HoldPlaced`
    HoldPlaced,
    /// `HoldLifted`
    HoldLifted,
    /// `Rectified`
    Rectified,
    /// `EntryUnreadable`
    EntryUnreadable,
    /// `EntryContested`
    EntryContested,
    /// `Restated`
    Restated,
    /// `DisputeSettled`
    DisputeSettled,
    /// `ErasureOrdered`
    ErasureOrdered,
    /// `CaseClosed`
    CaseClosed,
    /// `ErasureDone`
    ErasureDone,
    /// `ObstacleReported`
    ObstacleReported,
    /// `ObstacleRemoved`
    ObstacleRemoved,
}

impl Kind {
    /// Every kind, by number.
    pub const ALL: [Self; 52] = [
        Self::KeyAnnounced,
        Self::CapabilitiesStated,
        Self::AgreementAdopted,
        Self::KeyRevoked,
        Self::ClockCorrected,
        Self::LogSucceeded,
        Self::FaultProved,
        Self::WritingResumed,
        Self::AgreementEnded,
        Self::RequestFiled,
        Self::EvidenceAdded,
        Self::ClarificationGiven,
        Self::RegisterCheckRequested,
        Self::InterviewRequested,
        Self::TravelDocumentRequested,
        Self::SilenceNoticed,
        Self::SilenceClaimed,
        Self::RequestWithdrawn,
        Self::TransferNotified,
        Self::TransferCancelled,
        Self::PersonDeparted,
        Self::PersonNotDeparted,
        Self::TakenBack,
        Self::RequestAdmitted,
        Self::ClarificationAsked,
        Self::ExtensionTaken,
        Self::RegisterChecked,
        Self::InterviewArranged,
        Self::InterviewHeld,
        Self::InterviewMissed,
        Self::IdentityConfirmed,
        Self::IdentityNotConfirmed,
        Self::IdentityInconclusive,
        Self::RequestAccepted,
        Self::RequestRefused,
        Self::ReturnedUnconsidered,
        Self::TravelDocumentIssued,
        Self::TravelDocumentRevoked,
        Self::TransferObjected,
        Self::PersonArrived,
        Self::HoldPlaced,
        Self::HoldLifted,
        Self::Rectified,
        Self::EntryUnreadable,
        Self::EntryContested,
        Self::Restated,
        Self::DisputeSettled,
        Self::ErasureOrdered,
        Self::CaseClosed,
        Self::ErasureDone,
        Self::ObstacleReported,
        Self::ObstacleRemoved,
    ];

    /// Field number in `readmit.record.v1.Facts`; the number that capabilities name.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::KeyAnnounced => 10,
            Self::CapabilitiesStated => 11,
            Self::AgreementAdopted => 12,
            Self::KeyRevoked => 13,
            Self::ClockCorrected => 14,
            Self::LogSucceeded => 15,
            Self::FaultProved => 16,
            Self::WritingResumed => 18,
            Self::AgreementEnded => 19,
            Self::RequestFiled => 40,
            Self::EvidenceAdded => 42,
            Self::ClarificationGiven => 43,
            Self::RegisterCheckRequested => 44,
            Self::InterviewRequested => 45,
            Self::TravelDocumentRequested => 46,
            Self::SilenceNoticed => 47,
            Self::SilenceClaimed => 48,
            Self::RequestWithdrawn => 49,
            Self::TransferNotified => 50,
            Self::TransferCancelled => 51,
            Self::PersonDeparted => 55,
            Self::PersonNotDeparted => 56,
            Self::TakenBack => 57,
            Self::RequestAdmitted => 100,
            Self::ClarificationAsked => 101,
            Self::ExtensionTaken => 102,
            Self::RegisterChecked => 103,
            Self::InterviewArranged => 104,
            Self::InterviewHeld => 105,
            Self::InterviewMissed => 106,
            Self::IdentityConfirmed => 107,
            Self::IdentityNotConfirmed => 108,
            Self::IdentityInconclusive => 109,
            Self::RequestAccepted => 110,
            Self::RequestRefused => 111,
            Self::ReturnedUnconsidered => 112,
            Self::TravelDocumentIssued => 113,
            Self::TravelDocumentRevoked => 115,
            Self::TransferObjected => 116,
            Self::PersonArrived => 117,
            Self::HoldPlaced => 160,
            Self::HoldLifted => 161,
            Self::Rectified => 163,
            Self::EntryUnreadable => 164,
            Self::EntryContested => 165,
            Self::Restated => 166,
            Self::DisputeSettled => 167,
            Self::ErasureOrdered => 168,
            Self::CaseClosed => 169,
            Self::ErasureDone => 170,
            Self::ObstacleReported => 171,
            Self::ObstacleRemoved => 172,
        }
    }

    /// Whether it is an act or a report.
    #[must_use]
    pub const fn force(self) -> Force {
        match self {
            Self::KeyAnnounced
            | Self::CapabilitiesStated
            | Self::AgreementAdopted
            | Self::AgreementEnded
            | Self::KeyRevoked
            | Self::ClockCorrected
            | Self::LogSucceeded
            | Self::FaultProved
            | Self::RequestFiled
            | Self::RegisterCheckRequested
            | Self::InterviewRequested
            | Self::TravelDocumentRequested
            | Self::SilenceNoticed
            | Self::SilenceClaimed
            | Self::RequestWithdrawn
            | Self::TransferNotified
            | Self::TransferCancelled
            | Self::RequestAdmitted
            | Self::ClarificationAsked
            | Self::ExtensionTaken
            | Self::InterviewArranged
            | Self::IdentityConfirmed
            | Self::IdentityNotConfirmed
            | Self::IdentityInconclusive
            | Self::RequestAccepted
            | Self::RequestRefused
            | Self::ReturnedUnconsidered
            | Self::TravelDocumentIssued
            | Self::TravelDocumentRevoked
            | Self::TransferObjected
            | Self::HoldPlaced
            | Self::HoldLifted
            | Self::Rectified
            | Self::DisputeSettled
            | Self::ErasureOrdered
            | Self::CaseClosed
            | Self::ErasureDone
            | Self::ObstacleReported
            | Self::ObstacleRemoved => Force::Act,
            Self::EvidenceAdded
            | Self::ClarificationGiven
            | Self::PersonDeparted
            | Self::PersonNotDeparted
            | Self::TakenBack
            | Self::RegisterChecked
            | Self::InterviewHeld
            | Self::InterviewMissed
            | Self::PersonArrived
            | Self::WritingResumed
            | Self::EntryUnreadable
            | Self::EntryContested
            | Self::Restated => Force::Report,
        }
    }

    /// Who may state it.
    #[must_use]
    pub const fn speaker(self) -> Speaker {
        match self {
            Self::KeyAnnounced
            | Self::CapabilitiesStated
            | Self::AgreementAdopted
            | Self::KeyRevoked
            | Self::ClockCorrected
            | Self::LogSucceeded
            | Self::FaultProved
            | Self::WritingResumed
            | Self::AgreementEnded => Speaker::Corridor,
            Self::RequestFiled
            | Self::EvidenceAdded
            | Self::ClarificationGiven
            | Self::RegisterCheckRequested
            | Self::InterviewRequested
            | Self::TravelDocumentRequested
            | Self::SilenceNoticed
            | Self::SilenceClaimed
            | Self::RequestWithdrawn
            | Self::TransferNotified
            | Self::TransferCancelled
            | Self::PersonDeparted
            | Self::PersonNotDeparted
            | Self::TakenBack => Speaker::Requesting,
            Self::RequestAdmitted
            | Self::ClarificationAsked
            | Self::ExtensionTaken
            | Self::RegisterChecked
            | Self::InterviewArranged
            | Self::InterviewHeld
            | Self::InterviewMissed
            | Self::IdentityConfirmed
            | Self::IdentityNotConfirmed
            | Self::IdentityInconclusive
            | Self::RequestAccepted
            | Self::RequestRefused
            | Self::ReturnedUnconsidered
            | Self::TravelDocumentIssued
            | Self::TravelDocumentRevoked
            | Self::TransferObjected
            | Self::PersonArrived => Speaker::Requested,
            Self::HoldPlaced
            | Self::HoldLifted
            | Self::Rectified
            | Self::EntryUnreadable
            | Self::EntryContested
            | Self::Restated
            | Self::DisputeSettled
            | Self::ErasureOrdered
            | Self::CaseClosed
            | Self::ErasureDone
            | Self::ObstacleReported
            | Self::ObstacleRemoved => Speaker::Either,
        }
    }

    /// Whether it opens a case.
    #[must_use]
    pub const fn opens(self) -> bool {
        matches!(self, Self::RequestFiled)
    }
}

impl Statement {
    /// The kind of this statement.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::KeyAnnounced(_) => Kind::KeyAnnounced,
            Self::CapabilitiesStated(_) => Kind::CapabilitiesStated,
            Self::AgreementAdopted(_) => Kind::AgreementAdopted,
            Self::KeyRevoked(_) => Kind::KeyRevoked,
            Self::ClockCorrected(_) => Kind::ClockCorrected,
            Self::LogSucceeded(_) => Kind::LogSucceeded,
            Self::FaultProved(_) => Kind::FaultProved,
            Self::WritingResumed(_) => Kind::WritingResumed,
            Self::AgreementEnded(_) => Kind::AgreementEnded,
            Self::RequestFiled(_) => Kind::RequestFiled,
            Self::EvidenceAdded(_) => Kind::EvidenceAdded,
            Self::ClarificationGiven(_) => Kind::ClarificationGiven,
            Self::RegisterCheckRequested => Kind::RegisterCheckRequested,
            Self::InterviewRequested(_) => Kind::InterviewRequested,
            Self::TravelDocumentRequested(_) => Kind::TravelDocumentRequested,
            Self::SilenceNoticed => Kind::SilenceNoticed,
            Self::SilenceClaimed(_) => Kind::SilenceClaimed,
            Self::RequestWithdrawn => Kind::RequestWithdrawn,
            Self::TransferNotified(_) => Kind::TransferNotified,
            Self::TransferCancelled(_) => Kind::TransferCancelled,
            Self::PersonDeparted(_) => Kind::PersonDeparted,
            Self::PersonNotDeparted(..) => Kind::PersonNotDeparted,
            Self::TakenBack => Kind::TakenBack,
            Self::RequestAdmitted => Kind::RequestAdmitted,
            Self::ClarificationAsked => Kind::ClarificationAsked,
            Self::ExtensionTaken(_) => Kind::ExtensionTaken,
            Self::RegisterChecked(_) => Kind::RegisterChecked,
            Self::InterviewArranged => Kind::InterviewArranged,
            Self::InterviewHeld => Kind::InterviewHeld,
            Self::InterviewMissed => Kind::InterviewMissed,
            Self::IdentityConfirmed => Kind::IdentityConfirmed,
            Self::IdentityNotConfirmed => Kind::IdentityNotConfirmed,
            Self::IdentityInconclusive => Kind::IdentityInconclusive,
            Self::RequestAccepted => Kind::RequestAccepted,
            Self::RequestRefused(_) => Kind::RequestRefused,
            Self::ReturnedUnconsidered(_) => Kind::ReturnedUnconsidered,
            Self::TravelDocumentIssued(_) => Kind::TravelDocumentIssued,
            Self::TravelDocumentRevoked(_) => Kind::TravelDocumentRevoked,
            Self::TransferObjected(_) => Kind::TransferObjected,
            Self::PersonArrived => Kind::PersonArrived,
            Self::HoldPlaced => Kind::HoldPlaced,
            Self::HoldLifted => Kind::HoldLifted,
            Self::Rectified(_) => Kind::Rectified,
            Self::EntryUnreadable(_) => Kind::EntryUnreadable,
            Self::EntryContested(_) => Kind::EntryContested,
            Self::Restated(_) => Kind::Restated,
            Self::DisputeSettled => Kind::DisputeSettled,
            Self::ErasureOrdered(_) => Kind::ErasureOrdered,
            Self::CaseClosed => Kind::CaseClosed,
            Self::ErasureDone => Kind::ErasureDone,
            Self::ObstacleReported => Kind::ObstacleReported,
            Self::ObstacleRemoved => Kind::ObstacleRemoved,
        }
    }
}
