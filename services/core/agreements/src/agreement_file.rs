//! The typed model of an agreement file: what the text establishes, and no more.
//!
//! An absent value is "not established". Whether the values suffice for a corridor is for
//! [`crate::compile()`] to say; what no single file can be right about is refused here.

use std::collections::BTreeMap;

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{LateDocument, Length, Purpose, SilenceEffect, Start, Strength};
use domain::time::Date;

use crate::display::Shown;
use crate::fault::{Fault, FileError};
use crate::reading::{Table, Value, document};

/// One agreement file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFile {
    /// The agreement.
    pub agreement: Agreement,
    /// Its evidence lists.
    pub evidence_lists: Vec<EvidenceList>,
    /// Notes on practice; never part of the compiled rules.
    pub practices: Vec<Practice>,
}

/// An agreement, as the data establishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    pub id: AgreementId,
    pub title: String,
    /// Two parties, each a State or a union of States.
    pub parties: [String; 2],
    pub treaty_series_id: Option<String>,
    pub signed_on: Option<Date>,
    pub in_force_from: Option<Date>,
    pub reciprocal: Option<bool>,
    pub covers_own_nationals: Option<bool>,
    pub covers_former_nationals: Option<bool>,
    pub covers_third_country_nationals: Option<bool>,
    pub covers_stateless_persons: Option<bool>,
    pub written_communication_replaces_application: Option<bool>,
    /// An explicit statement that there is no limit for filing.
    pub application_limit_own_nationals_none: Option<bool>,
    pub application_third_country_nationals: Clock,
    pub reply: Clock,
    pub silence_effect: Option<SilenceEffect>,
    pub refusal_reasons_required: Option<bool>,
    pub register_check_available: Option<bool>,
    pub register_check: Clock,
    pub interview_held_by: Option<String>,
    pub travel_document: Clock,
    pub travel_document_validity: Option<Length>,
    pub travel_document_reissue: Option<Length>,
    pub travel_document_late: Option<LateDocument>,
    pub transfer: Clock,
    pub transfer_notice: Clock,
    /// The instrument and its articles as a whole.
    pub source: String,
    /// What no rule reads, by key.
    pub shown: Vec<(&'static str, Shown)>,
    /// The line of `parties`, for what only the unions can find wrong.
    pub(crate) parties_line: usize,
}

/// A limit, as far as it is established, with the keys that would establish it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub keys: ClockKeys,
    pub length: Option<Length>,
    pub starts_on: Option<Start>,
    pub article: Option<String>,
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

/// A list of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceList {
    pub id: String,
    pub purpose: Purpose,
    pub strength: Strength,
    pub articles: Vec<String>,
    pub items: Vec<EvidenceItem>,
    /// The line of `items`, for what only the vocabulary can find wrong.
    pub(crate) items_line: usize,
}

/// A note on how one State works under an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub requesting: State,
    pub shown: Vec<(&'static str, Shown)>,
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

const STARTS: [(&str, Start); 5] = [
    ("receipt_of_application", Start::ReceiptOfApplication),
    ("date_of_request", Start::DateOfRequest),
    ("receipt_of_travel_document_request", Start::ReceiptOfTravelDocumentRequest),
    ("approval_or_expiry_of_reply_limit", Start::ApprovalOrExpiryOfReplyLimit),
    ("knowledge_of_irregular_stay", Start::KnowledgeOfIrregularStay),
];
const SILENCE: [(&str, SilenceEffect); 3] = [
    ("deemed_accepted", SilenceEffect::DeemedAccepted),
    ("deemed_refused", SilenceEffect::DeemedRefused),
    ("not_stated", SilenceEffect::NotStated),
];
const LATE: [(&str, LateDocument); 1] =
    [("requesting_party_document_accepted", LateDocument::RequestingPartyDocumentAccepted)];
const PURPOSES: [(&str, Purpose); 2] = [
    ("nationality", Purpose::Nationality),
    ("third_country_conditions", Purpose::ThirdCountryConditions),
];
const STRENGTHS: [(&str, Strength); 3] = [
    ("proof", Strength::Proof),
    ("prima_facie", Strength::PrimaFacie),
    ("initiates_verification", Strength::ReasonToVerify),
];
/// What a list obliges the requested State to do; it says again what the strength says.
const EFFECTS: [(&str, Strength); 3] = [
    ("recognised_without_further_enquiry", Strength::Proof),
    ("accepted_unless_disproved", Strength::PrimaFacie),
    ("starts_verification", Strength::ReasonToVerify),
];

/// The item that stands for a hit in the population register.
const REGISTER_HIT: &str = "population_register_hit";

impl AgreementFile {
    /// Reads and checks a file.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let (agreement, register_hit) = root.table("agreement", read_agreement)?;
            let same = |table: &Table<'_>| same_agreement(table, &agreement.id);
            let evidence_lists = root.tables("evidence_list", |table| {
                same(table)?;
                read_evidence_list(table)
            })?;
            let practices = root.tables("practice", |table| {
                same(table)?;
                let requesting = table.must("requesting_state", Value::state)?;
                Ok(Practice { requesting, shown: table.shown()? })
            })?;
            check_lists(root, &evidence_lists, register_hit)?;
            Ok(Self { agreement, evidence_lists, practices })
        })
    }
}

fn read_agreement(table: &Table<'_>) -> Result<(Agreement, Option<Strength>), FileError> {
    let flag = |key| table.may(key, Value::flag);
    let text = |key| table.may(key, Value::text);
    let agreement = Agreement {
        id: table.must("id", |value| {
            value.named(AgreementId::new, "1 to 64 characters of `a-z`, `0-9`, `_` and `-`")
        })?,
        title: table.must("title", Value::text)?,
        parties: table.must("parties", |value| {
            value.words()?.try_into().map_err(|_| {
                let (key, expected) = ("parties".to_owned(), "a list of two parties");
                value.fault(Fault::WrongKind { key, expected })
            })
        })?,
        treaty_series_id: text("treaty_series_id")?,
        signed_on: table.may("signed_on", Value::date)?,
        in_force_from: table.may("in_force_from", Value::date)?,
        reciprocal: flag("reciprocal")?,
        covers_own_nationals: flag("covers_own_nationals")?,
        covers_former_nationals: flag("covers_former_nationals")?,
        covers_third_country_nationals: flag("covers_third_country_nationals")?,
        covers_stateless_persons: flag("covers_stateless_persons")?,
        written_communication_replaces_application: flag(
            "written_communication_replaces_application",
        )?,
        application_limit_own_nationals_none: flag("application_limit_own_nationals_none")?,
        application_third_country_nationals: clock(table, APPLICATION)?,
        reply: clock(table, REPLY)?,
        silence_effect: table.may("silence_effect", |value| value.choice(&SILENCE))?,
        refusal_reasons_required: flag("refusal_reasons_required")?,
        register_check_available: flag("population_register_check_available")?,
        register_check: clock(table, REGISTER_CHECK)?,
        interview_held_by: text("interview_held_by")?,
        travel_document: clock(table, TRAVEL_DOCUMENT)?,
        travel_document_validity: table.length("travel_document_validity")?,
        travel_document_reissue: table.length("travel_document_reissue_limit")?,
        travel_document_late: table
            .may("travel_document_late_fallback", |value| value.choice(&LATE))?,
        transfer: clock(table, TRANSFER)?,
        transfer_notice: clock(table, TRANSFER_NOTICE)?,
        source: table.must("source", Value::text)?,
        shown: table.shown()?,
        parties_line: table.line_of("parties"),
    };
    if let (Some(signed), Some(force)) = (agreement.signed_on, agreement.in_force_from)
        && force < signed
    {
        let (key, other) = ("in_force_from".to_owned(), "signed_on".to_owned());
        return Err(table.fault_at("in_force_from", Fault::Contradiction { key, other }));
    }
    let register_hit =
        table.may("population_register_hit_counts_as", |value| value.choice(&STRENGTHS))?;
    Ok((agreement, register_hit))
}

fn clock(table: &Table<'_>, keys: ClockKeys) -> Result<Clock, FileError> {
    let starts_on = match keys.starts_on {
        "" => None,
        key => table.may(key, |value| value.choice(&STARTS))?,
    };
    let length = table.length(keys.length)?;
    let article = table.may(keys.article, Value::text)?;
    Ok(Clock { keys, length, starts_on, article })
}

fn same_agreement(table: &Table<'_>, id: &AgreementId) -> Result<(), FileError> {
    table.must("agreement", |value| match value.text()? {
        named if named == id.as_str() => Ok(()),
        named => {
            let (key, nearest) = ("agreement".to_owned(), Some(id.to_string()));
            Err(value.fault(Fault::UnknownName { key, value: named, nearest }))
        }
    })
}

fn read_evidence_list(table: &Table<'_>) -> Result<EvidenceList, FileError> {
    let list = EvidenceList {
        id: table.must("id", Value::text)?,
        purpose: table.must("purpose", |value| value.choice(&PURPOSES))?,
        strength: table.must("strength", |value| value.choice(&STRENGTHS))?,
        articles: table.may("articles", Value::words)?.unwrap_or_default(),
        items: table.must("items", |value| {
            let expected = "a list of items of `a-z`, `0-9`, `_` and `-`";
            value.array()?.iter().map(|item| item.named(EvidenceItem::new, expected)).collect()
        })?,
        items_line: table.line_of("items"),
    };
    match table.may("effect", |value| value.choice(&EFFECTS))? {
        Some(effect) if effect != list.strength => {
            let (key, other) = ("effect".to_owned(), "strength".to_owned());
            Err(table.fault_at("effect", Fault::Contradiction { key, other }))
        }
        Some(_) | None => Ok(list),
    }
}

/// No list twice, no item twice for one purpose, and a register hit as strong as the agreement
/// says.
fn check_lists(
    root: &Table<'_>,
    lists: &[EvidenceList],
    register_hit: Option<Strength>,
) -> Result<(), FileError> {
    let mut ids = BTreeMap::new();
    let mut items = BTreeMap::new();
    for list in lists {
        let fault = |fault| FileError { line: list.items_line, ..root.fault(fault) };
        if ids.insert(&list.id, ()).is_some() {
            return Err(fault(Fault::Twice { key: "id".to_owned(), value: list.id.clone() }));
        }
        for item in &list.items {
            if items.insert((item, list.purpose), list.strength).is_some() {
                let (key, value) = ("items".to_owned(), item.to_string());
                return Err(fault(Fault::Twice { key, value }));
            }
        }
    }
    let hit = EvidenceItem::new(REGISTER_HIT).ok();
    let listed = hit.and_then(|hit| items.get(&(&hit, Purpose::Nationality)).copied());
    if register_hit.is_none() || register_hit == listed {
        return Ok(());
    }
    let (key, other) = ("population_register_hit_counts_as".to_owned(), "items".to_owned());
    Err(root.fault_at("agreement", Fault::Contradiction { key, other }))
}
