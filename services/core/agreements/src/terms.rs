//! The values of a text that rules read: of an agreement, a protocol, a report or a supplement.
//!
//! Each value keeps where it stands. Texts are laid over one another value by value; whether what
//! comes out suffices for a corridor is for [`crate::compile()`] to say.

use domain::identifier::{EvidenceItem, State};
use domain::rules::{
    Expected, ExtensionNeeds, LateDocument, LateWhen, Length, SilenceEffect, Source, Start,
    ThirdCountryDocument,
};

use crate::fault::FileError;
use crate::reading::{Table, Value, without_unit};

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

/// A limit, as far as it is established, with the keys that would establish it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub keys: ClockKeys,
    pub length: Option<Stated<Length>>,
    pub starts_on: Option<Stated<Start>>,
}

/// The keys of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockKeys {
    /// The key of the length, without the unit.
    pub length: &'static str,
    /// What the key ends in after the unit.
    pub suffix: &'static str,
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
    /// What starts the reply instead, once an interview was asked for.
    pub reply_with_interview: Option<Stated<Start>>,
    /// By how much the reply may be extended at most, and what that needs.
    pub reply_extension: Clock,
    pub reply_extension_needs: Option<Stated<ExtensionNeeds>>,
    /// Whether the reply may be delayed until an obstacle is removed, and how long after.
    pub reply_delay_with_reasons: Option<Stated<bool>>,
    pub reply_after_obstacle: Clock,
    pub silence_effect: Option<Stated<SilenceEffect>>,
    pub silence_exception: Option<Stated<String>>,
    /// Where silence has its effect later than the reply is due.
    pub silence: Clock,
    pub refusal_reasons_required: Option<Stated<bool>>,
    pub register_check_available: Option<Stated<bool>>,
    pub register_check: Clock,
    pub interview_held_by: Option<Stated<String>>,
    pub travel_document: Clock,
    pub travel_document_expected: Option<Stated<Expected>>,
    /// Within how long it is normally issued.
    pub travel_document_normal: Option<Stated<Length>>,
    /// The shorter limit on certain evidence, and the items.
    pub travel_document_with_evidence: Clock,
    pub travel_document_short_evidence: Option<Stated<Vec<EvidenceItem>>>,
    pub travel_document_validity: Option<Stated<Length>>,
    pub travel_document_reissue: Option<Stated<Length>>,
    /// Within how long it is normally issued again.
    pub travel_document_reissue_normal: Option<Stated<Length>>,
    pub travel_document_late: Option<Stated<LateDocument>>,
    pub travel_document_late_after: Clock,
    pub travel_document_late_when: Option<Stated<LateWhen>>,
    pub travel_document_third_country: Option<Stated<ThirdCountryDocument>>,
    pub entry_visa_required: Option<Stated<bool>>,
    pub transfer: Clock,
    pub transfer_of_third_country_nationals: Clock,
    /// What makes the limit for the transfer longer.
    pub transfer_extension: Option<Stated<LongerTransfer>>,
    pub transfer_notice: Clock,
    pub escorted_transfer_notice: Clock,
    /// Keys whose values change a limit or an outcome in a way that the rules cannot express.
    pub inexpressible: Vec<&'static str>,
}

const APPLICATION: ClockKeys = ClockKeys {
    length: "application_limit_third_country_nationals",
    suffix: "",
    starts_on: "application_limit_clock_starts_on",
    article: "application_limit_article",
};
const REPLY: ClockKeys = ClockKeys {
    length: "reply_limit",
    suffix: "",
    starts_on: "reply_clock_starts_on",
    article: "reply_limit_article",
};
const REPLY_EXTENSION: ClockKeys = ClockKeys {
    length: "reply_limit_extension_max",
    suffix: "",
    starts_on: "",
    article: "reply_limit_article",
};
const REPLY_AFTER_OBSTACLE: ClockKeys = ClockKeys {
    length: "reply_limit",
    suffix: "_after_obstacle_removed",
    starts_on: "",
    article: "reply_limit_article",
};
const SILENCE: ClockKeys = ClockKeys {
    length: "silence_effect_after",
    suffix: "",
    starts_on: "reply_clock_starts_on",
    article: "silence_effect_article",
};
const REGISTER_CHECK: ClockKeys = ClockKeys {
    length: "population_register_check_limit",
    suffix: "",
    starts_on: "population_register_check_clock_starts_on",
    article: "population_register_check_article",
};
const TRAVEL_DOCUMENT: ClockKeys = ClockKeys {
    length: "travel_document_issue_limit",
    suffix: "",
    starts_on: "travel_document_clock_starts_on",
    article: "travel_document_article",
};
const TRANSFER: ClockKeys = ClockKeys {
    length: "transfer_limit",
    suffix: "",
    starts_on: "transfer_limit_clock_starts_on",
    article: "transfer_limit_article",
};
const TRANSFER_OF_THIRD_COUNTRY_NATIONALS: ClockKeys = ClockKeys {
    length: "transfer_limit",
    suffix: "_third_country_nationals",
    starts_on: "transfer_limit_clock_starts_on_third_country_nationals",
    article: "transfer_limit_article",
};
const TRANSFER_NOTICE: ClockKeys = ClockKeys {
    length: "transfer_notice_min",
    suffix: "",
    starts_on: "",
    article: "transfer_notice_article",
};
const ESCORTED_TRANSFER_NOTICE: ClockKeys = ClockKeys {
    length: "transfer_notice_min",
    suffix: "_with_police_escort",
    starts_on: "",
    article: "transfer_notice_article",
};
const TRAVEL_DOCUMENT_WITH_EVIDENCE: ClockKeys = ClockKeys {
    length: "travel_document_issue_limit",
    suffix: "_with_evidence",
    starts_on: "travel_document_clock_starts_on",
    article: "travel_document_article",
};
const TRAVEL_DOCUMENT_LATE_AFTER: ClockKeys = ClockKeys {
    length: "travel_document_late_fallback_after",
    suffix: "",
    starts_on: "travel_document_clock_starts_on",
    article: "travel_document_late_fallback_articles",
};
/// The key of the items on which the shorter limit counts.
pub(crate) const SHORT_EVIDENCE: &str = "travel_document_evidence_for_short_limit";
/// The keys of the limit for issuing again: each text has one of them.
/// Keys that say for how long a travel document is valid.
const VALIDITY: [&str; 2] = ["travel_document_validity", "travel_document_min_validity"];

const REISSUE: [&str; 4] = [
    "travel_document_reissue_limit",
    "travel_document_reissue_or_extension_limit",
    "travel_document_or_visa_reissue_limit",
    "travel_document_reissue_maximum_limit",
];

pub(crate) const STARTS: [(&str, Start); 15] = [
    ("receipt_of_application", Start::ReceiptOfApplication),
    ("date_of_request", Start::DateOfRequest),
    ("receipt_of_travel_document_request", Start::ReceiptOfTravelDocumentRequest),
    ("approval_or_expiry_of_reply_limit", Start::ApprovalOrExpiryOfReplyLimit),
    ("knowledge_of_irregular_stay", Start::KnowledgeOfIrregularStay),
    ("confirmed_receipt_of_application", Start::ConfirmedReceiptOfApplication),
    ("submission_of_application", Start::SubmissionOfApplication),
    ("receipt_of_positive_reply", Start::ReceiptOfPositiveReply),
    ("receipt_of_reply", Start::ReceiptOfReply),
    ("issue_of_travel_document", Start::IssueOfTravelDocument),
    ("travel_document_request", Start::TravelDocumentRequest),
    // Nobody may ask for a travel document before a positive reply.
    ("travel_document_request_after_positive_reply", Start::TravelDocumentRequest),
    ("detection_of_irregular_stay", Start::DetectionOfIrregularStay),
    ("irregular_stay_ascertained", Start::IrregularStayAscertained),
    ("entry_and_presence_ascertained", Start::EntryAndPresenceAscertained),
];
pub(crate) const INTERVIEW_STARTS: [(&str, Start); 1] =
    [("interview_result_submitted", Start::InterviewResult)];
pub(crate) const EXTENSION_NEEDS: [(&str, ExtensionNeeds); 1] =
    [("duly_motivated_request", ExtensionNeeds::DulyMotivatedRequest)];
/// What makes the limit for the transfer longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongerTransfer {
    /// Obstacles: for the time needed to remove them. Where the text says of which kind, the State
    /// that states one answers for that; the reasons are sealed.
    Obstacles,
    /// An application of the requesting State. No event states one, or what is answered: the limit
    /// ends without it, the earlier day.
    Application,
}

const LONGER_TRANSFERS: [(&str, LongerTransfer); 3] = [
    ("time_needed_to_remove_obstacles", LongerTransfer::Obstacles),
    (
        "time_needed_to_remove_legal_medical_or_serious_practical_obstacles",
        LongerTransfer::Obstacles,
    ),
    ("on_application_by_requesting_party", LongerTransfer::Application),
];
pub(crate) const SILENCE_EFFECTS: [(&str, SilenceEffect); 4] = [
    ("deemed_accepted", SilenceEffect::DeemedAccepted),
    ("deemed_refused", SilenceEffect::DeemedRefused),
    ("not_stated", SilenceEffect::NotStated),
    (
        "deemed_accepted_and_requesting_party_travel_document_accepted",
        SilenceEffect::DeemedAcceptedWithDocument,
    ),
];
pub(crate) const LATE: [(&str, LateDocument); 6] = [
    ("requesting_party_document_accepted", LateDocument::RequestingPartyDocumentAccepted),
    (
        "common_provisional_travel_document_accepted",
        LateDocument::CommonProvisionalDocumentAccepted,
    ),
    ("eu_standard_travel_document_accepted", LateDocument::UnionStandardDocumentAccepted),
    ("eu_standard_travel_document_used", LateDocument::UnionStandardDocumentAccepted),
    ("expired_document_accepted", LateDocument::ExpiredDocumentAccepted),
    ("return_on_underlying_evidence", LateDocument::ReturnOnUnderlyingEvidence),
];
pub(crate) const LATE_WHEN: [(&str, LateWhen); 1] =
    [("receipt_of_request_not_acknowledged", LateWhen::ReceiptNotAcknowledged)];
pub(crate) const EXPECTED: [(&str, Expected); 2] = [
    ("without_delay", Expected::WithoutDelay),
    ("immediately_after_positive_reply", Expected::ImmediatelyAfterPositiveReply),
];
pub(crate) const ISSUERS: [(&str, ThirdCountryDocument); 1] =
    [("requesting_party", ThirdCountryDocument::OfRequestingParty)];

/// Keys that change a limit or an outcome in a way that compiled rules have no place for. A
/// corridor is refused where one of them is true: leaving it out would make a rule of its own.
///
/// No text in the data stops the clock of the reply for an interview, and none says how what is
/// left of it is counted: in days that had begun, in hours, or anew.
pub const INEXPRESSIBLE: [&str; 1] = ["interview_suspends_reply_clock"];

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

impl Origin {
    /// The same, for values that stand in an article; a supplement has one for all of them.
    fn at(&self, article: Option<String>) -> Self {
        Self { article: article.or_else(|| self.article.clone()), ..self.clone() }
    }
}

impl Terms {
    /// Reads what a table states.
    pub(crate) fn read(table: &Table<'_>, origin: &Origin) -> Result<Self, FileError> {
        let stated = |key: &str| table.may(key, Value::flag).map(|value| cite(value, origin));
        let clock = |keys| clock_of(table, keys, origin);
        // Subjects whose article stands in a key of its own, for all of their values.
        let of = |key: &str| Ok::<_, FileError>(origin.at(article(table, key)?));
        let written_communication = of("written_communication_article")?;
        let refusal_reasons = of("refusal_reasons_article")?;
        let silence_effect = of("silence_effect_article")?;
        let document = of("travel_document_article")?;
        let late = match article(table, "travel_document_late_fallback_articles")? {
            Some(articles) => origin.at(Some(articles)),
            None => document.clone(),
        };
        let length = |key: &str| table.length(key).map(|value| cite(value, &document));
        let mut inexpressible = Vec::new();
        for key in INEXPRESSIBLE {
            let holds = table.may(key, Value::flag)?;
            inexpressible.extend((holds == Some(true)).then_some(key));
        }
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
            written_communication: cite(
                table.may("written_communication_replaces_application", Value::flag)?,
                &written_communication,
            ),
            application_limit_own_nationals_none: stated("application_limit_own_nationals_none")?,
            application_third_country_nationals: clock(APPLICATION)?,
            reply: clock(REPLY)?,
            reply_with_interview: word(
                table,
                "reply_clock_starts_on_when_interview_requested",
                &INTERVIEW_STARTS,
                origin,
            )?,
            reply_extension: clock(REPLY_EXTENSION)?,
            reply_extension_needs: word(
                table,
                "reply_limit_extension_requires",
                &EXTENSION_NEEDS,
                origin,
            )?,
            reply_delay_with_reasons: stated("reply_delay_allowed_with_reasons")?,
            reply_after_obstacle: clock(REPLY_AFTER_OBSTACLE)?,
            silence_effect: word(table, "silence_effect", &SILENCE_EFFECTS, &silence_effect)?,
            silence_exception: cite(
                table.may("silence_effect_exception", Value::text)?,
                &silence_effect,
            ),
            silence: clock(SILENCE)?,
            refusal_reasons_required: cite(
                table.may("refusal_reasons_required", Value::flag)?,
                &refusal_reasons,
            ),
            register_check_available: stated("population_register_check_available")?,
            register_check: clock(REGISTER_CHECK)?,
            interview_held_by: cite(table.may("interview_held_by", Value::text)?, origin),
            travel_document: clock(TRAVEL_DOCUMENT)?,
            travel_document_expected: word(table, "travel_document_issue", &EXPECTED, &document)?,
            travel_document_normal: length("travel_document_issue_normal_limit")?,
            travel_document_with_evidence: clock(TRAVEL_DOCUMENT_WITH_EVIDENCE)?,
            travel_document_short_evidence: cite(
                table.may(SHORT_EVIDENCE, Value::items)?,
                &document,
            ),
            travel_document_validity: one_of(table, VALIDITY, &document)?,
            travel_document_reissue: one_of(table, REISSUE, &document)?,
            travel_document_reissue_normal: length("travel_document_reissue_normal_limit")?,
            travel_document_late: word(table, "travel_document_late_fallback", &LATE, &late)?,
            travel_document_late_after: clock_of(table, TRAVEL_DOCUMENT_LATE_AFTER, &late)?,
            travel_document_late_when: word(
                table,
                "travel_document_late_fallback_trigger",
                &LATE_WHEN,
                &late,
            )?,
            travel_document_third_country: word(
                table,
                "travel_document_issuer_for_third_country_nationals",
                &ISSUERS,
                &document,
            )?,
            entry_visa_required: stated("entry_visa_for_third_country_nationals_required")?,
            transfer: clock(TRANSFER)?,
            transfer_of_third_country_nationals: clock(TRANSFER_OF_THIRD_COUNTRY_NATIONALS)?,
            transfer_extension: word(table, "transfer_limit_extension", &LONGER_TRANSFERS, origin)?,
            transfer_notice: clock(TRANSFER_NOTICE)?,
            escorted_transfer_notice: clock(ESCORTED_TRANSFER_NOTICE)?,
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
            reply_with_interview: self.reply_with_interview.or(below.reply_with_interview),
            reply_extension: self.reply_extension.over(below.reply_extension),
            reply_extension_needs: self.reply_extension_needs.or(below.reply_extension_needs),
            reply_delay_with_reasons: self
                .reply_delay_with_reasons
                .or(below.reply_delay_with_reasons),
            reply_after_obstacle: self.reply_after_obstacle.over(below.reply_after_obstacle),
            silence_effect: self.silence_effect.or(below.silence_effect),
            silence_exception: self.silence_exception.or(below.silence_exception),
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
            travel_document_expected: self
                .travel_document_expected
                .or(below.travel_document_expected),
            travel_document_normal: self.travel_document_normal.or(below.travel_document_normal),
            travel_document_with_evidence: self
                .travel_document_with_evidence
                .over(below.travel_document_with_evidence),
            travel_document_short_evidence: self
                .travel_document_short_evidence
                .or(below.travel_document_short_evidence),
            travel_document_validity: self
                .travel_document_validity
                .or(below.travel_document_validity),
            travel_document_reissue: self.travel_document_reissue.or(below.travel_document_reissue),
            travel_document_reissue_normal: self
                .travel_document_reissue_normal
                .or(below.travel_document_reissue_normal),
            travel_document_late: self.travel_document_late.or(below.travel_document_late),
            travel_document_late_after: self
                .travel_document_late_after
                .over(below.travel_document_late_after),
            travel_document_late_when: self
                .travel_document_late_when
                .or(below.travel_document_late_when),
            travel_document_third_country: self
                .travel_document_third_country
                .or(below.travel_document_third_country),
            entry_visa_required: self.entry_visa_required.or(below.entry_visa_required),
            transfer: self.transfer.over(below.transfer),
            transfer_of_third_country_nationals: self
                .transfer_of_third_country_nationals
                .over(below.transfer_of_third_country_nationals),
            transfer_extension: self.transfer_extension.or(below.transfer_extension),
            transfer_notice: self.transfer_notice.over(below.transfer_notice),
            escorted_transfer_notice: self
                .escorted_transfer_notice
                .over(below.escorted_transfer_notice),
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

fn clock_of(table: &Table<'_>, keys: ClockKeys, origin: &Origin) -> Result<Clock, FileError> {
    let starts_on = match keys.starts_on {
        "" => None,
        key => table.may(key, |value| value.choice(&STARTS))?,
    };
    let length = table.length_with(keys.length, keys.suffix)?;
    let article = article(table, keys.article)?;
    let length = length.map(|value| Stated { value, source: origin.source(article) });
    Ok(Clock { keys, length, starts_on: cite(starts_on, origin) })
}

/// The article of a key that has one, or several.
fn article(table: &Table<'_>, key: &str) -> Result<Option<String>, FileError> {
    match key.ends_with("_articles") {
        true => Ok(table.may(key, Value::words)?.map(|articles| articles.join(", "))),
        false => table.may(key, Value::text),
    }
}

fn word<T: Copy>(
    table: &Table<'_>,
    key: &str,
    words: &[(&'static str, T)],
    origin: &Origin,
) -> Result<Option<Stated<T>>, FileError> {
    Ok(cite(table.may(key, |value| value.choice(words))?, origin))
}

/// The value that a key gives: keys that differ in their unit, or that are several names of one
/// value, give the same.
pub(crate) fn value_of(key: &str) -> String {
    let stem = without_unit(key);
    let names: [&[&str]; 2] = [&VALIDITY, &REISSUE];
    let of = names.iter().find(|names| names.contains(&stem.as_str()));
    of.and_then(|names| names.first()).map_or(stem, |first| (*first).to_owned())
}

/// A length that has one of several keys; two of them contradict each other.
fn one_of<const KEYS: usize>(
    table: &Table<'_>,
    keys: [&'static str; KEYS],
    origin: &Origin,
) -> Result<Option<Stated<Length>>, FileError> {
    let mut found: Option<(&str, Length)> = None;
    for key in keys {
        let Some(length) = table.length(key)? else { continue };
        if let Some((other, _)) = found {
            return Err(table.two(other, key));
        }
        found = Some((key, length));
    }
    Ok(cite(found.map(|(_, length)| length), origin))
}

fn cite<T>(value: Option<T>, origin: &Origin) -> Option<Stated<T>> {
    value.map(|value| Stated { value, source: origin.source(None) })
}
