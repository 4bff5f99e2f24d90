//! The values of a text that rules read: of an agreement, a protocol, a report or a supplement.
//!
//! Each value keeps where it stands. Texts are laid over one another value by value; whether what
//! comes out suffices for a corridor is for [`crate::compile()`] to say.

use domain::identifier::State;
use domain::rules::{LateDocument, Length, SilenceEffect, Source, Start};

use crate::fault::FileError;
use crate::reading::{Table, Value};

/// Where the values of a text stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The instrument and its articles as a whole.
    pub whole: String,
    /// The instrument alone, where its number in a treaty series is known.
    pub series: Option<String>,
    /// The article, where it is established for all values.
    pub article: Option<String>,
}

/// A value with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated<T> {
    pub value: T,
    pub source: Source,
}

/// A word of the data: a meaning of the rules, or one that they cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<T> {
    Meaning(T),
    Inexpressible(&'static str),
}

/// A limit, as far as it is established, with the keys that would establish it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub keys: ClockKeys,
    pub length: Option<Stated<Length>>,
    pub starts_on: Option<Stated<Word<Start>>>,
}

/// The keys of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockKeys {
    /// The key of the length, without the unit.
    pub length: &'static str,
    /// The key of the start event; empty where what is counted has none.
    pub starts_on: &'static str,
    /// The key of the article.
    pub article: &'static str,
}

/// What one text establishes, or several laid over one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub reciprocal: Option<Stated<bool>>,
    pub member_states_not_bound: Option<Stated<Vec<State>>>,
    pub covers_own_nationals: Option<Stated<bool>>,
    pub covers_former_nationals: Option<Stated<bool>>,
    pub covers_third_country_nationals: Option<Stated<bool>>,
    pub covers_stateless_persons: Option<Stated<bool>>,
    pub written_communication: Option<Stated<bool>>,
    /// An explicit statement that there is no limit for filing.
    pub application_limit_own_nationals_none: Option<Stated<bool>>,
    pub application_third_country_nationals: Clock,
    pub reply: Clock,
    pub silence_effect: Option<Stated<Word<SilenceEffect>>>,
    /// Where silence has its effect later than the reply is due.
    pub silence: Clock,
    pub refusal_reasons_required: Option<Stated<bool>>,
    pub register_check_available: Option<Stated<bool>>,
    pub register_check: Clock,
    pub interview_held_by: Option<Stated<String>>,
    pub travel_document: Clock,
    pub travel_document_validity: Option<Stated<Length>>,
    pub travel_document_reissue: Option<Stated<Length>>,
    pub travel_document_late: Option<Stated<Word<LateDocument>>>,
    pub transfer: Clock,
    pub transfer_notice: Clock,
    /// Keys whose values change a limit or an outcome in a way that the rules cannot express.
    pub inexpressible: Vec<&'static str>,
}

const APPLICATION: ClockKeys = ClockKeys {
    length: "application_limit_third_country_nationals",
    starts_on: "application_limit_clock_starts_on",
    article: "application_limit_article",
};
const REPLY: ClockKeys = ClockKeys {
    length: "reply_limit",
    starts_on: "reply_clock_starts_on",
    article: "reply_limit_article",
};
const SILENCE: ClockKeys = ClockKeys {
    length: "silence_effect_after",
    starts_on: "reply_clock_starts_on",
    article: "silence_effect_article",
};
const REGISTER_CHECK: ClockKeys = ClockKeys {
    length: "population_register_check_limit",
    starts_on: "population_register_check_clock_starts_on",
    article: "population_register_check_article",
};
const TRAVEL_DOCUMENT: ClockKeys = ClockKeys {
    length: "travel_document_issue_limit",
    starts_on: "travel_document_clock_starts_on",
    article: "travel_document_article",
};
const TRANSFER: ClockKeys = ClockKeys {
    length: "transfer_limit",
    starts_on: "transfer_limit_clock_starts_on",
    article: "transfer_limit_article",
};
const TRANSFER_NOTICE: ClockKeys =
    ClockKeys { length: "transfer_notice_min", starts_on: "", article: "transfer_notice_article" };

pub(crate) const STARTS: [(&str, Word<Start>); 15] = [
    ("receipt_of_application", Word::Meaning(Start::ReceiptOfApplication)),
    ("date_of_request", Word::Meaning(Start::DateOfRequest)),
    ("receipt_of_travel_document_request", Word::Meaning(Start::ReceiptOfTravelDocumentRequest)),
    ("approval_or_expiry_of_reply_limit", Word::Meaning(Start::ApprovalOrExpiryOfReplyLimit)),
    ("knowledge_of_irregular_stay", Word::Meaning(Start::KnowledgeOfIrregularStay)),
    inexpressible("confirmed_receipt_of_application"),
    inexpressible("submission_of_application"),
    inexpressible("receipt_of_positive_reply"),
    inexpressible("receipt_of_reply"),
    inexpressible("issue_of_travel_document"),
    inexpressible("travel_document_request"),
    inexpressible("travel_document_request_after_positive_reply"),
    inexpressible("detection_of_irregular_stay"),
    inexpressible("irregular_stay_ascertained"),
    inexpressible("entry_and_presence_ascertained"),
];
const SILENCE_EFFECTS: [(&str, Word<SilenceEffect>); 4] = [
    ("deemed_accepted", Word::Meaning(SilenceEffect::DeemedAccepted)),
    ("deemed_refused", Word::Meaning(SilenceEffect::DeemedRefused)),
    ("not_stated", Word::Meaning(SilenceEffect::NotStated)),
    inexpressible("deemed_accepted_and_requesting_party_travel_document_accepted"),
];
const LATE: [(&str, Word<LateDocument>); 6] = [
    (
        "requesting_party_document_accepted",
        Word::Meaning(LateDocument::RequestingPartyDocumentAccepted),
    ),
    inexpressible("common_provisional_travel_document_accepted"),
    inexpressible("eu_standard_travel_document_accepted"),
    inexpressible("eu_standard_travel_document_used"),
    inexpressible("expired_document_accepted"),
    inexpressible("return_on_underlying_evidence"),
];

const fn inexpressible<T>(word: &'static str) -> (&'static str, Word<T>) {
    (word, Word::Inexpressible(word))
}

/// Keys whose values change a limit or an outcome, and that compiled rules have no place for. A
/// corridor is refused while one of them is there: leaving it out would make a rule of its own.
pub const INEXPRESSIBLE: [&str; 24] = [
    "application_limit_extension_calendar_days",
    "reply_clock_starts_on_when_interview_requested",
    "reply_delay_allowed_with_reasons",
    "reply_limit_extension_max_calendar_days",
    "reply_limit_extension_requires",
    "reply_limit_working_days_after_obstacle_removed",
    "silence_effect_exception",
    "transfer_limit_clock_starts_on_third_country_nationals",
    "transfer_limit_days_unqualified_third_country_nationals",
    "transfer_limit_own_nationals",
    "transfer_notice_min_working_days_with_police_escort",
    "travel_document_evidence_for_short_limit",
    "travel_document_issue",
    "travel_document_issue_limit_calendar_days_with_evidence",
    "travel_document_issue_normal_limit_working_days",
    "travel_document_issuer_for_third_country_nationals",
    "travel_document_late_fallback_after_calendar_days",
    "travel_document_late_fallback_also_when_no_mission",
    "travel_document_late_fallback_trigger",
    "travel_document_or_visa_reissue_limit_days_unqualified",
    "travel_document_reissue_maximum_limit_calendar_days",
    "travel_document_reissue_normal_limit_calendar_days",
    "travel_document_reissue_or_extension_limit_calendar_days",
    "travel_document_reissue_or_extension_limit_working_days",
];

impl Origin {
    /// With an article, the instrument by its number in the treaty series; without, the
    /// instrument and the range of its articles as the data has it.
    #[must_use]
    pub fn source(&self, article: Option<String>) -> Source {
        let article = article.or_else(|| self.article.clone());
        let series = self.series.as_ref().filter(|_| article.is_some());
        Source { instrument: series.unwrap_or(&self.whole).clone(), article }
    }
}

impl Terms {
    /// Reads what a table states.
    pub(crate) fn read(table: &Table<'_>, origin: &Origin) -> Result<Self, FileError> {
        let stated = |key: &str| table.may(key, Value::flag).map(|value| cite(value, origin));
        let length = |key: &str| table.length(key).map(|value| cite(value, origin));
        let clock = |keys| clock(table, keys, origin);
        let validity = length("travel_document_validity")?;
        let least = length("travel_document_min_validity")?;
        if validity.is_some() && least.is_some() {
            return Err(table.two("travel_document_validity", "travel_document_min_validity"));
        }
        let mut inexpressible = Vec::new();
        for key in INEXPRESSIBLE {
            inexpressible.extend(table.may(key, |_| Ok(key))?);
        }
        let suspends = table.may("interview_suspends_reply_clock", Value::flag)?;
        inexpressible.extend((suspends == Some(true)).then_some("interview_suspends_reply_clock"));
        Ok(Self {
            reciprocal: stated("reciprocal")?,
            member_states_not_bound: cite(
                table.may("member_states_not_bound", Value::states)?,
                origin,
            ),
            covers_own_nationals: stated("covers_own_nationals")?,
            covers_former_nationals: stated("covers_former_nationals")?,
            covers_third_country_nationals: stated("covers_third_country_nationals")?,
            covers_stateless_persons: stated("covers_stateless_persons")?,
            written_communication: stated("written_communication_replaces_application")?,
            application_limit_own_nationals_none: stated("application_limit_own_nationals_none")?,
            application_third_country_nationals: clock(APPLICATION)?,
            reply: clock(REPLY)?,
            silence_effect: cite(
                table.may("silence_effect", |value| value.choice(&SILENCE_EFFECTS))?,
                origin,
            ),
            silence: clock(SILENCE)?,
            refusal_reasons_required: stated("refusal_reasons_required")?,
            register_check_available: stated("population_register_check_available")?,
            register_check: clock(REGISTER_CHECK)?,
            interview_held_by: cite(table.may("interview_held_by", Value::text)?, origin),
            travel_document: clock(TRAVEL_DOCUMENT)?,
            travel_document_validity: validity.or(least),
            travel_document_reissue: length("travel_document_reissue_limit")?,
            travel_document_late: cite(
                table.may("travel_document_late_fallback", |value| value.choice(&LATE))?,
                origin,
            ),
            transfer: clock(TRANSFER)?,
            transfer_notice: clock(TRANSFER_NOTICE)?,
            inexpressible,
        })
    }

    /// These terms, completed by those of a text below.
    pub(crate) fn over(self, below: Self) -> Self {
        let mut inexpressible = self.inexpressible;
        inexpressible.extend(below.inexpressible);
        Self {
            reciprocal: self.reciprocal.or(below.reciprocal),
            member_states_not_bound: self.member_states_not_bound.or(below.member_states_not_bound),
            covers_own_nationals: self.covers_own_nationals.or(below.covers_own_nationals),
            covers_former_nationals: self.covers_former_nationals.or(below.covers_former_nationals),
            covers_third_country_nationals: self
                .covers_third_country_nationals
                .or(below.covers_third_country_nationals),
            covers_stateless_persons: self
                .covers_stateless_persons
                .or(below.covers_stateless_persons),
            written_communication: self.written_communication.or(below.written_communication),
            application_limit_own_nationals_none: self
                .application_limit_own_nationals_none
                .or(below.application_limit_own_nationals_none),
            application_third_country_nationals: self
                .application_third_country_nationals
                .over(below.application_third_country_nationals),
            reply: self.reply.over(below.reply),
            silence_effect: self.silence_effect.or(below.silence_effect),
            silence: self.silence.over(below.silence),
            refusal_reasons_required: self
                .refusal_reasons_required
                .or(below.refusal_reasons_required),
            register_check_available: self
                .register_check_available
                .or(below.register_check_available),
            register_check: self.register_check.over(below.register_check),
            interview_held_by: self.interview_held_by.or(below.interview_held_by),
            travel_document: self.travel_document.over(below.travel_document),
            travel_document_validity: self
                .travel_document_validity
                .or(below.travel_document_validity),
            travel_document_reissue: self.travel_document_reissue.or(below.travel_document_reissue),
            travel_document_late: self.travel_document_late.or(below.travel_document_late),
            transfer: self.transfer.over(below.transfer),
            transfer_notice: self.transfer_notice.over(below.transfer_notice),
            inexpressible,
        }
    }
}

impl Clock {
    fn over(self, below: Self) -> Self {
        Self {
            keys: self.keys,
            length: self.length.or(below.length),
            starts_on: self.starts_on.or(below.starts_on),
        }
    }
}

fn clock(table: &Table<'_>, keys: ClockKeys, origin: &Origin) -> Result<Clock, FileError> {
    let starts_on = match keys.starts_on {
        "" => None,
        key => table.may(key, |value| value.choice(&STARTS))?,
    };
    let length = table.length(keys.length)?;
    let article = table.may(keys.article, Value::text)?;
    let length = length.map(|value| Stated { value, source: origin.source(article) });
    Ok(Clock { keys, length, starts_on: cite(starts_on, origin) })
}

fn cite<T>(value: Option<T>, origin: &Origin) -> Option<Stated<T>> {
    value.map(|value| Stated { value, source: origin.source(None) })
}
