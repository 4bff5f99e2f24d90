//! What an agreement says, compiled for one corridor: limits with their units and sources.
//!
//! A value that the data does not establish is absent here. How a limit becomes a moment is in
//! [`crate::clock`]; reading agreement files is the work of the `agreements` crate.

use crate::identifier::{AgreementId, EvidenceItem, State};
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
    /// How long before a transfer it must be notified.
    pub transfer_notice: Option<Notice>,
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
}

/// Who issues a travel document, by when, and for how long it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TravelDocument {
    /// By when the requested State must issue it.
    pub issue: Limit,
    /// How long it is valid at least, from the day of issue.
    pub validity: Cited<Length>,
    /// By when it must be issued again, where the agreement says so.
    pub reissue: Option<Cited<Length>>,
    /// What applies when it is late.
    pub late: Option<Cited<LateDocument>>,
}

/// What applies when a travel document is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LateDocument {
    /// The requesting State's own document is accepted.
    RequestingPartyDocumentAccepted,
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

    /// What the agreement's lists say of an item, for a purpose.
    #[must_use]
    pub fn evidence(&self, item: &EvidenceItem, purpose: Purpose) -> Option<&Evidence> {
        self.evidence.iter().find(|listed| listed.item == *item && listed.purpose == purpose)
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
