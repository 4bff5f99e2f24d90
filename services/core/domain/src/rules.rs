//! What an agreement says, compiled for one corridor: limits with their units and sources.
//!
//! A value that the data does not establish is absent here. How a limit becomes a moment is in
//! [`crate::clock`]; reading agreement files is the work of the `agreements` crate.

use crate::identifier::{AgreementId, EvidenceItem, State};
use crate::mutant;
use crate::time::{Date, Instant};

/// The compiled rules of one version of one agreement between two States.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The agreement, as its data file names it.
    pub agreement: AgreementId,
    /// Version of the compiled rules, from 1; a correction is a new version, adopted anew.
    pub version: u32,
    /// Version of the meaning of `Case::of` under which its cases are judged for ever.
    pub meaning: u32,
    /// The agreement's title.
    pub title: String,
    /// First day on which the agreement is in force.
    pub in_force_from: Date,
    /// Who may request readmission by whom.
    pub directions: Vec<Direction>,
    /// Categories of persons covered, with the limit for filing.
    pub categories: Vec<Coverage>,
    /// By when the requested State must answer.
    pub reply: Limit,
    /// What starts the limit to reply instead, once an interview was asked for.
    pub reply_with_interview: Option<Cited<Start>>,
    /// How much longer the requested State may take to reply.
    pub reply_extension: Option<ReplyExtension>,
    /// By when its silence has an effect, and which.
    pub silence: Silence,
    /// Whether a refusal must state reasons.
    pub refusal_reasons: Option<Cited<Requirement>>,
    /// The check of the population register.
    pub register_check: Option<Limit>,
    /// The consular interview.
    pub interview: Option<Source>,
    /// The travel document.
    pub travel_document: Option<TravelDocument>,
    /// By when the person must be transferred.
    pub transfer: Option<Limit>,
    /// The same for third-country nationals and stateless persons, where it is another.
    pub transfer_of_third_country_nationals: Option<Limit>,
    /// That the limit for the transfer is longer by the time that it took to remove an obstacle,
    /// which the requesting State states.
    pub transfer_extension: Option<Source>,
    /// How long before a transfer it must be notified.
    pub transfer_notice: Option<Notice>,
    /// How long before a transfer with a police escort, where that is longer. No notice says
    /// whether there will be an escort: the longer period counts for each.
    pub escorted_transfer_notice: Option<Notice>,
    /// A written communication that replaces a request, where the agreement has it.
    pub written_communication: Option<Source>,
    /// The evidence lists.
    pub evidence: Vec<Evidence>,
    /// The calendars of both States.
    pub calendars: Vec<Calendar>,
    /// The offsets from UTC of both States.
    pub offsets: Vec<Offsets>,
    /// First and last calendar year that calendars and offsets cover; a deadline beyond them is
    /// not computable.
    pub years: Years,
}

/// The one version of meaning that this code implements.
pub const MEANING: u32 = 1;

/// Who requests and who is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Direction {
    /// The requesting State.
    pub requesting: State,
    /// The requested State.
    pub requested: State,
}

/// Whom an agreement covers, with the limit for filing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The category.
    pub category: Category,
    /// The limit for filing; `None` where the agreement says that there is none.
    pub application: Option<Limit>,
    /// Where it stands.
    pub source: Source,
}

/// A person's tie to the requested State.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// A national of the requested State.
    OwnNational,
    /// Somebody who lost that nationality after entry.
    FormerNational,
    /// A national of another State who came through the requested State.
    ThirdCountryNational,
    /// A stateless person who came through the requested State.
    Stateless,
}

/// Where a value stands: the instrument, and the article as far as it is established.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The instrument, as the data names it.
    pub instrument: String,
    /// The article; `None` where only the instrument as a whole is established as the source.
    pub article: Option<String>,
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub source: Source,
}

/// Whether an agreement asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// It must be there.
    Required,
    /// It may be absent.
    Optional,
}

/// A period that starts with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How long it is.
    pub length: Length,
    /// What starts it.
    pub starts_on: Start,
    /// Where it stands.
    pub source: Source,
}

/// A number of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length {
    /// How many; at least 1.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

/// The units that agreements count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Hours, from the moment itself.
    Hours,
    /// Days of the calendar.
    CalendarDays,
    /// The text says "days" only; counted as calendar days and shown as unqualified.
    DaysUnqualified,
    /// Weeks of seven calendar days.
    Weeks,
    /// Months of the calendar; the last day of a shorter month where the day is missing.
    CalendarMonths,
    /// Years of the calendar; 28 February where 29 is missing.
    Years,
    /// Working days: those that are working days in both States, where no calendar is named.
    WorkingDays,
}

/// What starts a clock.
///
/// Where the word of an agreement could mean more than one entry, the later is meant: what would
/// follow from a limit that is over (a deemed acceptance above all) then follows later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// The requested State's first dispatch that has heard the request.
    ReceiptOfApplication,
    /// The time of the request's own dispatch.
    DateOfRequest,
    /// The requested State's first dispatch that has heard the request for a travel document.
    ReceiptOfTravelDocumentRequest,
    /// The acceptance, or the end of the reply limit where silence accepted.
    ApprovalOrExpiryOfReplyLimit,
    /// The day on which the requesting State learned of the irregular stay.
    KnowledgeOfIrregularStay,
    /// The requested State's `RequestAdmitted`: its authority's own word that it has the request.
    /// A node's receipt is signed too, and comes earlier.
    ConfirmedReceiptOfApplication,
    /// The request's own dispatch, and not before the requested State's first dispatch that has
    /// heard it: what has not arrived is not yet submitted.
    SubmissionOfApplication,
    /// The first interview that was held, by the requested State's word.
    InterviewResult,
    /// The requesting State's first dispatch that has heard the acceptance; where silence
    /// accepted, the end of the limit for silence.
    ReceiptOfPositiveReply,
    /// The requesting State's first dispatch that has heard the answer, whatever it is; where
    /// silence settled the request, the end of the limit for silence.
    ReceiptOfReply,
    /// The issue of the last travel document that is not revoked.
    IssueOfTravelDocument,
    /// The request for a travel document, and not before the requested State's first dispatch
    /// that has heard it. It follows a positive reply: nobody may ask before.
    TravelDocumentRequest,
    /// The day on which the requesting State detected the irregular stay.
    DetectionOfIrregularStay,
    /// The day on which the irregular stay was ascertained.
    IrregularStayAscertained,
    /// The day on which entry and presence were ascertained.
    EntryAndPresenceAscertained,
}

/// How much longer the requested State may take to reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyExtension {
    /// By how much at most; `None` where it lasts until an obstacle is removed.
    pub longest: Option<Length>,
    /// How long it lasts once the obstacle is removed.
    pub after_obstacle: Option<Length>,
    /// What it needs.
    pub needs: ExtensionNeeds,
    /// When it counts.
    pub counts: ExtensionCounts,
    /// Where it stands.
    pub source: Source,
}

impl ReplyExtension {
    /// The longest that the requested State may take by its own word, where that is how it counts.
    #[must_use]
    pub fn longest_taken(&self) -> Option<Length> {
        match self.counts {
            ExtensionCounts::Always | ExtensionCounts::WhenObstacleStated => None,
            ExtensionCounts::WhenTaken => self.longest,
        }
    }

    /// How long the requested State has after the obstacle that it has stated, where that is how
    /// it counts.
    #[must_use]
    pub fn after_obstacle_stated(&self) -> Option<Length> {
        match self.counts {
            ExtensionCounts::Always | ExtensionCounts::WhenTaken => None,
            ExtensionCounts::WhenObstacleStated => self.after_obstacle,
        }
    }
}

/// When a longer reply counts. Rules that were adopted keep the word that they were adopted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExtensionCounts {
    /// Always: no entry shows whether it was asked for, so silence counts once the longest reply is
    /// over, and an answer in between is neither timely nor late.
    Always,
    /// Where the requested State has taken it on the record. Where it could not have, always.
    WhenTaken,
    /// While an obstacle lasts that the requested State has stated on the record, and for a time
    /// after it is removed. Where it could not have stated one, always.
    WhenObstacleStated,
}

/// What a longer reply needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExtensionNeeds {
    /// A duly motivated request.
    DulyMotivatedRequest,
    /// Reasons for the delay.
    Reasons,
}

/// What silence means, and from when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The deadline for silence; not always the deadline to reply.
    pub limit: Limit,
    /// What it means; "not stated" never accepts.
    pub effect: SilenceEffect,
    /// Where the effect stands.
    pub source: Source,
    /// When it has no effect, in the agreement's words. No entry shows whether it applies, so
    /// under such an agreement silence is never proved.
    pub exception: Option<Cited<String>>,
}

impl Silence {
    /// What a proved silence means on the record.
    #[must_use]
    pub fn effect_on_record(&self) -> SilenceEffect {
        let excepted =
            self.exception.is_some() && !mutant::broken("an exception excepts no silence");
        if excepted { SilenceEffect::NotStated } else { self.effect }
    }
}

/// What an agreement makes of silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SilenceEffect {
    /// The request counts as accepted.
    DeemedAccepted,
    /// The request counts as refused.
    DeemedRefused,
    /// The agreement does not say; nothing follows.
    NotStated,
    /// The request counts as accepted, and the requesting State's own travel document with it.
    DeemedAcceptedWithDocument,
}

/// Who issues a travel document, by when, and for how long it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TravelDocument {
    /// By when the requested State must issue it; `None` where the agreement names no limit.
    pub issue: Option<Limit>,
    /// How soon it is expected, where no limit follows from it.
    pub expected: Option<Cited<Expected>>,
    /// The shorter limit, where the request rests on certain evidence.
    pub with_evidence: Option<WithEvidence>,
    /// How long it is valid at least, from the day of issue.
    pub validity: Cited<Length>,
    /// By when it must be issued again, where the agreement says so.
    pub reissue: Option<Cited<Length>>,
    /// The limit for issuing it again, where it is another than that for the first.
    pub reissue_limit: Option<Limit>,
    /// Within how long it is normally issued again, where the limit is longer.
    pub reissue_expected: Option<Cited<Length>>,
    /// What applies when it is late.
    pub late: Option<Cited<LateDocument>>,
    /// From when it is late, where that is not the end of the limit to issue it.
    pub late_after: Option<Limit>,
    /// What must have happened as well, for it to be late.
    pub late_when: Option<Cited<LateWhen>>,
    /// What third-country nationals and stateless persons travel on, where it is not this.
    pub third_country_nationals: Option<Cited<ThirdCountryDocument>>,
}

/// How soon a travel document is expected. A fallback for a late one needs a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// Without delay.
    WithoutDelay,
    /// Immediately after a positive reply.
    ImmediatelyAfterPositiveReply,
    /// Normally within this time.
    Normally(Length),
}

/// A shorter limit where the request rests on certain evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithEvidence {
    /// The limit.
    pub issue: Limit,
    /// The items, any of which is enough.
    pub items: Vec<EvidenceItem>,
}

/// What applies when a travel document is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LateDocument {
    /// The requesting State's own document is accepted.
    RequestingPartyDocumentAccepted,
    /// The provisional document that both agreed on is accepted.
    CommonProvisionalDocumentAccepted,
    /// The Union's standard document for return is accepted.
    UnionStandardDocumentAccepted,
    /// The document that has expired is accepted: only where one was issued.
    ExpiredDocumentAccepted,
    /// The person returns on the evidence that the request rests on.
    ReturnOnUnderlyingEvidence,
}

/// What must have happened as well, for a travel document to be late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LateWhen {
    /// The requested State had not acknowledged the request: its first dispatch that has heard
    /// the request comes after the period, or never.
    ReceiptNotAcknowledged,
}

/// What third-country nationals and stateless persons travel on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ThirdCountryDocument {
    /// The requesting State's own document: the requested State issues none.
    OfRequestingParty,
    /// The requesting State's own document with an entry visa of the requested State. The visa is
    /// what that State issues then, and nothing stands in for it.
    OfRequestingPartyWithVisa,
}

/// How long before a transfer it must be notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The shortest notice.
    pub length: Length,
    /// Where it stands.
    pub source: Source,
}

/// One item of an evidence list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The item.
    pub item: EvidenceItem,
    /// What it is evidence of.
    pub purpose: Purpose,
    /// How strong it is.
    pub strength: Strength,
    /// The State whose nationals it is for, where it is not for those of both.
    pub nationals_of: Option<State>,
    /// Where it stands.
    pub source: Source,
}

/// What evidence is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Nationality of the requested State.
    Nationality,
    /// The conditions for third-country nationals and stateless persons.
    ThirdCountryConditions,
}

/// How strong evidence is under an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Recognised without further enquiry.
    Proof,
    /// Accepted unless disproved.
    PrimaFacie,
    /// A reason to verify.
    ReasonToVerify,
    /// Supports other evidence; obliges to nothing by itself.
    Supporting,
}

/// The holidays and weekends of a State.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Whose calendar it is.
    pub state: State,
    /// Days of the week that are not worked: 1 Monday to 7 Sunday, ascending.
    pub weekend: Vec<u8>,
    /// Public holidays, ascending.
    pub holidays: Vec<Date>,
    /// Those of them whose date is only estimated, ascending.
    pub estimated: Vec<Estimated>,
}

/// A holiday that follows a moon sighting: it may fall a day earlier or later, all days of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Estimated {
    /// Its first day, as estimated.
    pub on: Date,
    /// Its last day.
    pub until: Date,
}

/// A State's offsets from UTC, with their changes over the covered years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// Whose clock it is.
    pub state: State,
    /// Name of the zone in the IANA database, for display only.
    pub zone: String,
    /// Changes, ascending; the first covers the start of the first covered year.
    pub changes: Vec<OffsetChange>,
}

/// From a moment on, local time is UTC plus so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetChange {
    /// From when, in whole seconds.
    pub from: Instant,
    /// Seconds east of UTC.
    pub seconds: i32,
}

/// A range of calendar years, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years {
    /// The first year.
    pub first: u16,
    /// The last year.
    pub last: u16,
}

impl Rules {
    /// Whether the agreement lets `requesting` ask `requested`.
    #[must_use]
    pub fn covers(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }

    /// What the agreement says of a category, if it covers it.
    #[must_use]
    pub fn coverage(&self, category: Category) -> Option<&Coverage> {
        self.categories.iter().find(|coverage| coverage.category == category)
    }

    /// What the agreement's lists say of an item, for a purpose, in a request to this State.
    #[must_use]
    pub fn evidence(
        &self,
        item: &EvidenceItem,
        purpose: Purpose,
        requested: State,
    ) -> Option<&Evidence> {
        self.evidence.iter().find(|listed| {
            let of = listed.nationals_of.is_none_or(|of| of == requested);
            listed.item == *item && listed.purpose == purpose && of
        })
    }

    /// By when a person of a category must be transferred.
    #[must_use]
    pub fn transfer_of(&self, category: Category) -> Option<&Limit> {
        let own = self.transfer_of_third_country_nationals.as_ref();
        match category.purpose() {
            Purpose::ThirdCountryConditions => own.or(self.transfer.as_ref()),
            Purpose::Nationality => self.transfer.as_ref(),
        }
    }

    /// Every notice that must precede a transfer: all of them must be over.
    pub fn transfer_notices(&self) -> impl Iterator<Item = &Notice> {
        self.transfer_notice.iter().chain(&self.escorted_transfer_notice)
    }
}

impl Start {
    /// Whether it is a day that the requesting State states in the request.
    #[must_use]
    pub const fn is_stated(self) -> bool {
        match self {
            Self::KnowledgeOfIrregularStay
            | Self::DetectionOfIrregularStay
            | Self::IrregularStayAscertained
            | Self::EntryAndPresenceAscertained => true,
            Self::ReceiptOfApplication
            | Self::DateOfRequest
            | Self::ReceiptOfTravelDocumentRequest
            | Self::ApprovalOrExpiryOfReplyLimit
            | Self::ConfirmedReceiptOfApplication
            | Self::SubmissionOfApplication
            | Self::InterviewResult
            | Self::ReceiptOfPositiveReply
            | Self::ReceiptOfReply
            | Self::IssueOfTravelDocument
            | Self::TravelDocumentRequest => false,
        }
    }

    /// Whether it happens before a request is answered, and so can start the limit to reply.
    #[must_use]
    pub const fn precedes_reply(self) -> bool {
        match self {
            Self::ReceiptOfApplication
            | Self::DateOfRequest
            | Self::ConfirmedReceiptOfApplication
            | Self::SubmissionOfApplication
            | Self::InterviewResult => true,
            Self::ReceiptOfTravelDocumentRequest
            | Self::ApprovalOrExpiryOfReplyLimit
            | Self::KnowledgeOfIrregularStay
            | Self::ReceiptOfPositiveReply
            | Self::ReceiptOfReply
            | Self::IssueOfTravelDocument
            | Self::TravelDocumentRequest
            | Self::DetectionOfIrregularStay
            | Self::IrregularStayAscertained
            | Self::EntryAndPresenceAscertained => false,
        }
    }
}

impl Category {
    /// What evidence is needed for, of a person in this category.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::OwnNational | Self::FormerNational => Purpose::Nationality,
            Self::ThirdCountryNational | Self::Stateless => Purpose::ThirdCountryConditions,
        }
    }
}
