//! Which values count for a corridor, and where each came from: the agreement, a protocol, a
//! report that was confirmed, or a supplement.

use domain::identifier::AgreementId;
use domain::rules::Rules;

use crate::catalogue::{Entry, Part, supplied, values};
use crate::compile::{CompileError, Order, compile_order};
use crate::library::BUILT_IN;
use crate::terms::value_of;
use crate::topic::{TOPICS, Topic};

/// A document for a corridor: every value with its standing, and the rules if it compiles.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The protocol between the two States that is in force.
    pub protocol: Option<AgreementId>,
    /// Every value, in the order of the topics.
    pub values: Vec<Explained>,
    /// The compiled rules, or what they lack.
    pub rules: Result<Rules, CompileError>,
}

/// A value with its standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The value.
    pub entry: Entry,
    /// Whether it counts.
    pub standing: Standing,
}

/// Whether a value counts for the corridor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Counts,
    /// An operator has confirmed what is only reported.
    Confirmed,
    /// It is only reported, and nobody has confirmed it.
    ReportedOnly,
    /// Another text says otherwise, or says it too.
    SetAside {
        /// The part of the data that counts instead.
        by: Part,
    },
}

/// Explains an agreement for a corridor.
///
/// # Errors
/// [`CompileError`] where there is nothing to explain: no such agreement, or a file that cannot
/// be used. What the rules lack stands in [`Explanation::rules`].
pub fn explain(order: &Order<'_>) -> Result<Explanation, CompileError> {
    let file = BUILT_IN.file(order)?;
    let supplement = BUILT_IN.supplement(order, &file.agreement)?;
    let states = BUILT_IN.bound(&file.agreement, order.pair);
    let protocol = states.and_then(|_| BUILT_IN.protocol(order, supplement.as_ref()));
    let protocol = protocol.ok().flatten().map(|protocol| protocol.id.clone());
    let mut entries = values(order.agreement);
    entries.extend(protocol.iter().flat_map(values));
    if let Some((name, text)) = order.supplement {
        entries.extend(supplied(name, text));
    }
    let mut values: Vec<Explained> =
        entries.iter().map(|entry| explained(entry, &entries, order.confirmed)).collect();
    by_topic(&mut values);
    Ok(Explanation { protocol, values, rules: compile_order(order) })
}

/// Every value of a document alone, with no corridor in mind: what is reported is not confirmed.
#[must_use]
pub fn explain_alone(id: &AgreementId) -> Vec<Explained> {
    let entries = values(id);
    let mut values: Vec<Explained> =
        entries.iter().map(|entry| explained(entry, &entries, &[])).collect();
    by_topic(&mut values);
    values
}

/// Puts values in the order of the topics, and leaves them in that of their files within one.
fn by_topic(values: &mut [Explained]) {
    let place = |topic: Topic| TOPICS.iter().position(|(_, known)| *known == topic);
    values.sort_by_key(|value| place(value.entry.topic));
}

fn explained(entry: &Entry, all: &[Entry], confirmed: &[String]) -> Explained {
    let counts = |entry: &Entry| weight(entry, confirmed).is_some();
    let stronger = all
        .iter()
        .filter(|other| slot(other) == slot(entry) && other.part != entry.part)
        .filter(|other| weight(other, confirmed) > weight(entry, confirmed))
        .max_by_key(|other| weight(other, confirmed));
    let standing = match (stronger, &entry.part) {
        (Some(stronger), _) if slot(entry).is_some() => {
            Standing::SetAside { by: stronger.part.clone() }
        }
        (_, Part::Reported(_)) if !counts(entry) => Standing::ReportedOnly,
        (_, Part::Reported(_)) => Standing::Confirmed,
        _ => Standing::Counts,
    };
    Explained { entry: entry.clone(), standing }
}

/// The place that one value alone can fill; what describes a document has none.
fn slot(entry: &Entry) -> Option<String> {
    let belongs = matches!(
        entry.part,
        Part::Agreement(_) | Part::Reported(_) | Part::Protocol(_) | Part::Supplement(_)
    );
    let placed = belongs && entry.topic != Topic::Instrument;
    placed.then(|| value_of(&entry.key))
}

/// What is supplied goes before a protocol, before its agreement, before what is reported and
/// confirmed: the order in which the compiler lays the texts over one another.
fn weight(entry: &Entry, confirmed: &[String]) -> Option<u8> {
    match entry.part {
        Part::Supplement(_) => Some(4),
        Part::Protocol(_) => Some(3),
        Part::Agreement(_) => Some(2),
        Part::Reported(_) => confirmed.contains(&entry.key).then_some(1),
        Part::EvidenceList(_) | Part::Form(_) | Part::Practice(_) => Some(2),
    }
}
