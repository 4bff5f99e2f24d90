//! The typed model of the files of agreements and protocols: what the text establishes, no more.
//!
//! An absent value is "not established". Whether the values suffice for a corridor is for
//! [`crate::compile()`] to say; what no single file can be right about is refused here.

use std::collections::{BTreeMap, BTreeSet};

use domain::identifier::{AgreementId, EvidenceItem, State};
use domain::rules::{Purpose, Strength};
use domain::time::Date;

use crate::display::Shown;
use crate::fault::{Fault, FileError};
use crate::reading::{Table, Value, document};
use crate::terms::{Origin, SHORT_EVIDENCE, Terms};

/// One agreement file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFile {
    /// The agreement.
    pub agreement: Agreement,
    /// Its evidence lists.
    pub evidence_lists: Vec<EvidenceList>,
    /// Its forms.
    pub forms: Vec<Form>,
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
    pub force: Force,
    /// Before this day it binds for own nationals only.
    pub third_country_nationals_from: Option<Date>,
    /// The agreement that took its place.
    pub displaced_by: Option<AgreementId>,
    /// Territories in which it applies although it is displaced.
    pub remains_in: Vec<State>,
    /// Parties that have suspended it.
    pub suspended_by: Vec<State>,
    pub terms: Terms,
    /// Every key that the text establishes.
    pub keys: BTreeSet<String>,
    /// What only secondary publications hold.
    pub reported: Option<Reported>,
    /// The instrument and its articles as a whole.
    pub source: String,
    /// What no rule reads, by key.
    pub shown: Vec<(&'static str, Shown)>,
    /// The line of `parties`, for what only the unions can find wrong.
    pub(crate) parties_line: usize,
    /// The line of `displaced_by`.
    pub(crate) displaced_line: usize,
    /// The line of the items for the shorter limit.
    pub(crate) short_line: usize,
}

/// What is known of the entry into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Force {
    pub signed_on: Option<Date>,
    pub from: Option<Date>,
    /// What was known in May 2017, where no day is.
    pub known_in_2017_05: Option<bool>,
}

/// Values that only secondary publications hold: those that an operator has confirmed by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Every key that is reported.
    pub keys: BTreeSet<String>,
    pub confirmed: Terms,
    /// What no rule reads, by key.
    pub shown: Vec<(&'static str, Shown)>,
}

/// A file of a protocol that implements an agreement for a pair of parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolFile {
    pub id: AgreementId,
    pub agreement: AgreementId,
    /// The parties that it binds: a part of those of the agreement.
    pub parties: [String; 2],
    pub force: Force,
    /// An older agreement that it puts aside.
    pub takes_precedence_over: Option<AgreementId>,
    /// The instrument and its articles as a whole.
    pub origin: Origin,
    pub terms: Terms,
    /// Every key that the text establishes.
    pub keys: BTreeSet<String>,
    pub evidence_lists: Vec<EvidenceList>,
    pub forms: Vec<Form>,
    /// What no rule reads, by key.
    pub shown: Vec<(&'static str, Shown)>,
    pub(crate) parties_line: usize,
    pub(crate) agreement_line: usize,
    pub(crate) precedence_line: usize,
    pub(crate) short_line: usize,
}

/// A list of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceList {
    pub id: String,
    pub purpose: Purpose,
    pub strength: Strength,
    /// The party whose nationals it is for, where it is not for those of both.
    pub nationals_of: Option<String>,
    pub articles: Vec<String>,
    pub items: Vec<EvidenceItem>,
    /// What no rule reads, by key.
    pub shown: Vec<(&'static str, Shown)>,
    /// The line of `items`, for what only the vocabulary can find wrong.
    pub(crate) items_line: usize,
}

/// A form, with the names of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub id: String,
    pub shown: Vec<(&'static str, Shown)>,
}

/// A note on how one State works under an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub requesting: State,
    pub shown: Vec<(&'static str, Shown)>,
}

const PURPOSES: [(&str, Purpose); 2] = [
    ("nationality", Purpose::Nationality),
    ("third_country_conditions", Purpose::ThirdCountryConditions),
];
const STRENGTHS: [(&str, Strength); 4] = [
    ("proof", Strength::Proof),
    ("prima_facie", Strength::PrimaFacie),
    ("initiates_verification", Strength::ReasonToVerify),
    ("supporting", Strength::Supporting),
];
/// What a list obliges the requested State to do; it says again what the strength says.
const EFFECTS: [(&str, Strength); 3] = [
    ("recognised_without_further_enquiry", Strength::Proof),
    ("accepted_unless_disproved", Strength::PrimaFacie),
    ("starts_verification", Strength::ReasonToVerify),
];

/// The first and the last day of the month for which the data knows what was in force.
const MAY_2017: (Date, Date) = (jiff::civil::date(2017, 5, 1), jiff::civil::date(2017, 5, 31));

/// The item that stands for a hit in the population register.
const REGISTER_HIT: &str = "population_register_hit";
const ID: &str = "1 to 64 characters of `a-z`, `0-9`, `_` and `-`";

/// The keys of a protocol and of what is reported are those of an agreement.
pub(crate) const AGREEMENT: &str = "agreement";

impl ProtocolFile {
    /// The agreements that it names, each with its key and the line.
    pub(crate) fn references(&self) -> impl Iterator<Item = (&'static str, usize, &AgreementId)> {
        let before = self.takes_precedence_over.as_ref();
        let before = before.map(|id| ("takes_precedence_over", self.precedence_line, id));
        [("agreement", self.agreement_line, &self.agreement)].into_iter().chain(before)
    }
}

impl AgreementFile {
    /// Reads and checks a file. Of what is reported, only the confirmed keys become terms.
    pub(crate) fn read(
        file: &str,
        text: &str,
        confirmed: &BTreeSet<String>,
    ) -> Result<Self, FileError> {
        document(file, text, |root| {
            let (agreement, register_hit) =
                root.table("agreement", |table| read_agreement(table, confirmed))?;
            let same = |table: &Table<'_>| same_id(table, "agreement", &agreement.id);
            let evidence_lists = root.tables("evidence_list", |table| {
                same(table)?;
                read_evidence_list(table)
            })?;
            let forms = root.tables("form", |table| {
                same(table)?;
                read_form(table)
            })?;
            let practices = root.tables("practice", |table| {
                same(table)?;
                let requesting = table.must("requesting_state", Value::state)?;
                Ok(Practice { requesting, shown: table.shown()? })
            })?;
            check_lists(root, &evidence_lists, register_hit)?;
            Ok(Self { agreement, evidence_lists, forms, practices })
        })
    }
}

impl ProtocolFile {
    /// Reads and checks a file.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let mut protocol = root.table("implementing_protocol", read_protocol)?;
            let (id, agreement) = (protocol.id.clone(), protocol.agreement.clone());
            let same = |table: &Table<'_>| {
                same_id(table, "agreement", &agreement)?;
                same_id(table, "implementing_protocol", &id)
            };
            protocol.evidence_lists = root.tables("evidence_list", |table| {
                same(table)?;
                read_evidence_list(table)
            })?;
            protocol.forms = root.tables("form", |table| {
                same(table)?;
                read_form(table)
            })?;
            check_lists(root, &protocol.evidence_lists, None)?;
            Ok(protocol)
        })
    }
}

fn read_agreement(
    table: &Table<'_>,
    confirmed: &BTreeSet<String>,
) -> Result<(Agreement, Option<Strength>), FileError> {
    let id = table.must("id", |value| value.named(AgreementId::new, ID))?;
    let source = table.must("source", Value::text)?;
    let treaty_series_id = table.may("treaty_series_id", Value::text)?;
    let origin = Origin { whole: source.clone(), series: treaty_series_id.clone(), article: None };
    let from = "third_country_national_obligations_from";
    let reported = table.may("reported", |value| {
        value.table("reported", |table| read_reported(table, confirmed, &source))
    })?;
    let agreement = Agreement {
        id,
        title: table.must("title", Value::text)?,
        parties: parties(table)?,
        force: force(table)?,
        third_country_nationals_from: table.may(from, Value::date)?,
        displaced_by: table.may("displaced_by", |value| value.named(AgreementId::new, ID))?,
        remains_in: table
            .may("remains_applicable_in_territories", Value::states)?
            .unwrap_or_default(),
        suspended_by: table
            .may("suspension_enacted_by_parties", Value::states)?
            .unwrap_or_default(),
        terms: Terms::read(table, &origin)?,
        keys: table.keys().map(str::to_owned).collect(),
        reported,
        treaty_series_id,
        source,
        shown: table.shown()?,
        parties_line: table.line_of("parties"),
        displaced_line: table.line_of("displaced_by"),
        short_line: table.line_of(SHORT_EVIDENCE),
    };
    let register_hit =
        table.may("population_register_hit_counts_as", |value| value.choice(&STRENGTHS))?;
    Ok((agreement, register_hit))
}

fn read_reported(
    table: &Table<'_>,
    confirmed: &BTreeSet<String>,
    source: &str,
) -> Result<Reported, FileError> {
    let keys = table.keys().map(str::to_owned).collect();
    let shown = table.shown_of(AGREEMENT)?;
    let whole = format!("reported, not from the text: {source}");
    let origin = Origin { whole, series: None, article: None };
    // Every value is read once, so that a fault in one is found, confirmed or not.
    Terms::read(table, &origin)?;
    table.narrow(confirmed);
    Ok(Reported { keys, confirmed: Terms::read(table, &origin)?, shown })
}

fn read_protocol(table: &Table<'_>) -> Result<ProtocolFile, FileError> {
    let whole = table.must("source", Value::text)?;
    let series = table.may("treaty_series_id", Value::text)?;
    let origin = Origin { whole, series, article: None };
    let id = |value: &Value<'_>| value.named(AgreementId::new, ID);
    Ok(ProtocolFile {
        id: table.must("id", id)?,
        agreement: table.must("agreement", id)?,
        parties: parties(table)?,
        force: force(table)?,
        takes_precedence_over: table.may("takes_precedence_over", id)?,
        terms: Terms::read(table, &origin)?,
        origin,
        keys: table.keys().map(str::to_owned).collect(),
        evidence_lists: Vec::new(),
        forms: Vec::new(),
        shown: table.shown_of(AGREEMENT)?,
        parties_line: table.line_of("parties"),
        agreement_line: table.line_of("agreement"),
        precedence_line: table.line_of("takes_precedence_over"),
        short_line: table.line_of(SHORT_EVIDENCE),
    })
}

fn parties(table: &Table<'_>) -> Result<[String; 2], FileError> {
    table.must("parties", |value| {
        let parties: [String; 2] = value.words()?.try_into().map_err(|_| {
            let (key, expected) = ("parties".to_owned(), "a list of two parties");
            value.fault(Fault::WrongKind { key, expected })
        })?;
        let [first, second] = &parties;
        if first == second {
            let (key, twice) = ("parties".to_owned(), first.clone());
            return Err(value.fault(Fault::Twice { key, value: twice }));
        }
        Ok(parties)
    })
}

fn force(table: &Table<'_>) -> Result<Force, FileError> {
    let force = Force {
        signed_on: table.may("signed_on", Value::date)?,
        from: table.may("in_force_from", Value::date)?,
        known_in_2017_05: table.may("in_force_as_of_2017_05", Value::flag)?,
    };
    let contradicts = |other: &str| {
        let (key, other) = ("in_force_from".to_owned(), other.to_owned());
        table.fault_at("in_force_from", Fault::Contradiction { key, other })
    };
    let Some(from) = force.from else { return Ok(force) };
    if force.signed_on.is_some_and(|signed| from < signed) {
        return Err(contradicts("signed_on"));
    }
    match force.known_in_2017_05 {
        Some(true) if from > MAY_2017.1 => Err(contradicts("in_force_as_of_2017_05")),
        Some(false) if from < MAY_2017.0 => Err(contradicts("in_force_as_of_2017_05")),
        Some(_) | None => Ok(force),
    }
}

fn same_id(table: &Table<'_>, key: &'static str, id: &AgreementId) -> Result<(), FileError> {
    table.must(key, |value| match value.text()? {
        named if named == id.as_str() => Ok(()),
        named => {
            let (key, nearest) = (key.to_owned(), Some(id.to_string()));
            Err(value.fault(Fault::UnknownName { key, value: named, nearest }))
        }
    })
}

fn read_form(table: &Table<'_>) -> Result<Form, FileError> {
    Ok(Form { id: table.must("id", Value::text)?, shown: table.shown()? })
}

fn read_evidence_list(table: &Table<'_>) -> Result<EvidenceList, FileError> {
    let list = EvidenceList {
        id: table.must("id", Value::text)?,
        purpose: table.must("purpose", |value| value.choice(&PURPOSES))?,
        strength: table.must("strength", |value| value.choice(&STRENGTHS))?,
        nationals_of: table.may("nationals_of", Value::text)?,
        articles: table.may("articles", Value::words)?.unwrap_or_default(),
        items: table.must("items", Value::items)?,
        shown: table.shown()?,
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

/// No list twice, no item twice for one purpose and one party, and a register hit as strong as the
/// agreement says.
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
            let of = (item, list.purpose, &list.nationals_of);
            if items.insert(of, list.strength).is_some() {
                let (key, value) = ("items".to_owned(), item.to_string());
                return Err(fault(Fault::Twice { key, value }));
            }
        }
    }
    let hit = EvidenceItem::new(REGISTER_HIT).ok();
    let of = hit.as_ref().map(|hit| (hit, Purpose::Nationality, &None));
    let listed = of.and_then(|of| items.get(&of).copied());
    if register_hit.is_none() || register_hit == listed {
        return Ok(());
    }
    let (key, other) = ("population_register_hit_counts_as".to_owned(), "items".to_owned());
    Err(root.fault_at("agreement", Fault::Contradiction { key, other }))
}
