//! The evidence of a document, class by class: what each obliges the requested State to do.

use domain::identifier::AgreementId;
use serde_json::{Value, json};

use ::agreements::{
    Completeness, EvidenceClass, Explained, Item, PURPOSES, Part, Shown, evidence_classes, printed,
};

use super::layout::{self, References};
use super::show::{self, articles};

/// The classes of evidence of the documents, for people; each with the number of its source.
pub(super) fn classes(
    documents: &[AgreementId],
    values: &[Explained],
    references: &mut References,
) -> String {
    let classes: Vec<EvidenceClass> = documents.iter().flat_map(evidence_classes).collect();
    let mut text = String::new();
    for purpose in PURPOSES {
        let of: Vec<&EvidenceClass> =
            classes.iter().filter(|class| class.purpose == purpose).collect();
        if of.is_empty() {
            let words = format!("no list for {purpose} is established in the data");
            text.push_str(&layout::wrapped("  ", &words));
        }
        for class in of {
            let part = Part::EvidenceList(class.id.clone());
            let value = values.iter().find(|value| value.entry.part == part);
            let number = value.map(|value| references.number(&value.entry.source));
            let number = number.map(|number| format!(" [{number}]")).unwrap_or_default();
            text.push_str(&told(class, &number));
        }
    }
    text
}

fn told(class: &EvidenceClass, number: &str) -> String {
    let of = class.nationals_of.as_ref().map(|party| format!(", for nationals of {party}"));
    let place = match (&class.articles, &class.annex) {
        (Some(those), Some(annex)) => format!("{}, Annex {annex}", articles(those)),
        (Some(those), None) => articles(those),
        (None, Some(annex)) => format!("Annex {annex}"),
        (None, None) => "article not established".to_owned(),
    };
    let head = format!(
        "{} of {}{} ({place}; list {}){number}",
        class.strength,
        class.purpose,
        of.unwrap_or_default(),
        class.id
    );
    let mut text = layout::wrapped("  ", &head);
    let obliges = match &class.obliges {
        Some(effect) => format!("the requested State: {}", effect.replace('_', " ")),
        None => "what it obliges the requested State to do is not established in the data".into(),
    };
    text.push_str(&layout::wrapped("    ", &obliges));
    let whole = match class.completeness {
        Completeness::Incomplete => "NOT COMPLETE in our data: items are missing",
        Completeness::OpenEnded => "the text itself leaves the list open",
        Completeness::NotSaid => "",
    };
    if !whole.is_empty() {
        text.push_str(&layout::wrapped("    ", whole));
    }
    for (key, value) in &class.notes {
        text.push_str(&layout::wrapped("    ", &format!("{key} = {value}")));
    }
    for Item { id, label, conditions } in &class.items {
        let conditions: Vec<String> =
            conditions.iter().map(|(key, value)| format!("; {key} = {value}")).collect();
        let words = format!("{label} ({id}){}", conditions.concat());
        text.push_str(&layout::wrapped("    - ", &words));
    }
    text
}

/// Items that shorten a limit and that none of the lists names: nobody can state them.
fn unlisted(documents: &[AgreementId], values: &[Explained]) -> Vec<String> {
    let classes: Vec<EvidenceClass> = documents.iter().flat_map(evidence_classes).collect();
    let listed = |item: &String| {
        classes.iter().any(|class| class.items.iter().any(|listed| listed.id == *item))
    };
    let mut found: Vec<String> = Vec::new();
    for value in values.iter().filter(|value| value.entry.key == SHORT_EVIDENCE) {
        if let Shown::Words(items) = &value.entry.value {
            found.extend(items.iter().filter(|item| !listed(item)).cloned());
        }
    }
    found
}

/// The same, for people.
pub(super) fn in_no_list(documents: &[AgreementId], values: &[Explained]) -> String {
    let items = unlisted(documents, values);
    if items.is_empty() {
        return String::new();
    }
    let words = format!(
        "IN NO LIST, and so nobody can state it: {}. `{SHORT_EVIDENCE}` names it; rules with it \
         are refused",
        items.join(", ")
    );
    layout::wrapped("  ", &words)
}

/// The same, for programs.
pub(super) fn in_no_list_objects(documents: &[AgreementId], values: &[Explained]) -> Value {
    json!(unlisted(documents, values))
}

/// The key of the items that shorten the limit for the travel document.
const SHORT_EVIDENCE: &str = "travel_document_evidence_for_short_limit";

/// What follows beside the lists: the question, and how the keys of its answers begin.
const FOLLOWS: [(&str, &str, &[&str]); 3] = [
    (
        "no request is needed",
        "without_request",
        &["application_not_needed_", "written_communication_"],
    ),
    ("the population register is checked", "register_check", &["population_register_check_when"]),
    ("an interview follows", "interview", &["interview_when", "interview_criteria"]),
];

/// The values that answer when something follows.
fn answers<'a>(values: &'a [Explained], beginnings: &[&str]) -> Vec<&'a Explained> {
    let answers = |value: &&Explained| {
        beginnings.iter().any(|beginning| value.entry.key.starts_with(beginning))
    };
    values.iter().filter(answers).collect()
}

/// When no request is needed and when an interview follows, for people.
pub(super) fn follows(values: &[Explained]) -> String {
    let mut text = String::new();
    for (question, _, beginnings) in FOLLOWS {
        let answers = answers(values, beginnings);
        if answers.is_empty() {
            let words = format!("when {question} is not established in the data");
            text.push_str(&layout::wrapped("  ", &words));
            continue;
        }
        text.push_str(&layout::wrapped("  ", &format!("when {question}:")));
        for value in answers {
            let entry = &value.entry;
            let lead = format!("    {} = ", entry.key);
            text.push_str(&layout::hanging(&lead, 8, &printed(&entry.value)));
        }
    }
    text
}

/// The same for programs, by question.
pub(super) fn follow_objects(values: &[Explained]) -> Value {
    let of = |(_, word, beginnings): (&str, &str, &[&str])| {
        let answers = answers(values, beginnings);
        let answers: Vec<Value> = answers.iter().map(|value| show::object(&value.entry)).collect();
        (word.to_owned(), Value::Array(answers))
    };
    Value::Object(FOLLOWS.into_iter().map(of).collect())
}

/// The classes of evidence of the documents, for programs.
pub(super) fn objects(documents: &[AgreementId]) -> Value {
    documents.iter().flat_map(evidence_classes).map(|class| object(&class)).collect()
}

fn object(class: &EvidenceClass) -> Value {
    let complete = match class.completeness {
        Completeness::Incomplete => "not_complete",
        Completeness::OpenEnded => "open_ended",
        Completeness::NotSaid => "not_said",
    };
    let items: Vec<Value> =
        class.items.iter().map(|item| json!({ "id": item.id, "label": item.label })).collect();
    json!({
        "list": class.id,
        "purpose": class.purpose,
        "strength": class.strength,
        "obliges": class.obliges,
        "nationals_of": class.nationals_of,
        "articles": class.articles,
        "annex": class.annex,
        "complete": complete,
        "items": items,
    })
}
