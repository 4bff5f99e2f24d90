//! The evidence lists of a document as people ask for them: what each class obliges the requested
//! State to do, as far as the data says so, and which lists are not complete in the data.

use domain::identifier::{AgreementId, EvidenceItem};

use crate::catalogue::{Entry, Part, printed, values};
use crate::display::Shown;
use crate::library::BUILT_IN;

/// A class of evidence: one list of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceClass {
    /// The list.
    pub id: String,
    /// What it is evidence of.
    pub purpose: String,
    /// How strong it is.
    pub strength: String,
    /// What it obliges the requested State to do, in the word of the data.
    pub obliges: Option<String>,
    /// The party whose nationals it is for, where it is not for those of both.
    pub nationals_of: Option<String>,
    /// The articles and the annex that it stands in.
    pub articles: Option<String>,
    /// The annex that it stands in.
    pub annex: Option<String>,
    /// Whether the list is whole.
    pub completeness: Completeness,
    /// What else the data says of it, by key.
    pub notes: Vec<(String, String)>,
    /// Its items.
    pub items: Vec<Item>,
}

/// Whether a list in the data is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// The data says that items are missing.
    Incomplete,
    /// The text itself leaves the list open.
    OpenEnded,
    /// The data does not say.
    NotSaid,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What the data says of it beside its name, by key.
    pub conditions: Vec<(&'static str, String)>,
}

/// The purposes of evidence, by their words in the data.
pub const PURPOSES: [&str; 2] = ["nationality", "third_country_conditions"];

/// The classes of evidence of a document, in the order of its file.
#[must_use]
pub fn evidence_classes(document: &AgreementId) -> Vec<EvidenceClass> {
    let values = values(document);
    let mut classes: Vec<EvidenceClass> = Vec::new();
    for entry in &values {
        let Part::EvidenceList(id) = &entry.part else { continue };
        if classes.last().is_none_or(|class| class.id != *id) {
            classes.push(class(id, &values));
        }
    }
    classes
}

fn class(id: &str, values: &[Entry]) -> EvidenceClass {
    let part = Part::EvidenceList(id.to_owned());
    let own: Vec<&Entry> = values.iter().filter(|entry| entry.part == part).collect();
    let value = |key: &str| own.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    let words = |key| value(key).map(printed);
    let flag = |key| match value(key) {
        Some(Shown::Flag(flag)) => Some(*flag),
        Some(Shown::Text(_) | Shown::Words(_) | Shown::Count(_) | Shown::Day(_)) | None => None,
    };
    let completeness = match (flag("complete"), flag("open_ended")) {
        (Some(false), _) => Completeness::Incomplete,
        (_, Some(true)) => Completeness::OpenEnded,
        (Some(true) | None, Some(false) | None) => Completeness::NotSaid,
    };
    let told = [
        "id",
        "purpose",
        "strength",
        "effect",
        "nationals_of",
        "articles",
        "annex",
        "items",
        "complete",
        "open_ended",
    ];
    let rest = own.iter().filter(|entry| !told.contains(&entry.key.as_str()));
    let items = match value("items") {
        Some(Shown::Words(items)) => items.iter().map(|item| item_of(item)).collect(),
        Some(Shown::Text(_) | Shown::Count(_) | Shown::Flag(_) | Shown::Day(_)) | None => {
            Vec::new()
        }
    };
    EvidenceClass {
        id: id.to_owned(),
        purpose: words("purpose").unwrap_or_default(),
        strength: words("strength").unwrap_or_default(),
        obliges: words("effect"),
        nationals_of: words("nationals_of"),
        articles: words("articles"),
        annex: words("annex"),
        completeness,
        notes: rest.map(|entry| (entry.key.clone(), printed(&entry.value))).collect(),
        items,
    }
}

fn item_of(id: &str) -> Item {
    let known = EvidenceItem::new(id).ok().and_then(|item| BUILT_IN.items.0.get(&item));
    let mut item = Item { id: id.to_owned(), label: id.to_owned(), conditions: Vec::new() };
    for (key, value) in known.into_iter().flatten() {
        match *key {
            "label" => item.label = printed(value),
            "kind" => {}
            key => item.conditions.push((key, printed(value))),
        }
    }
    item
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(id: &str) -> Vec<EvidenceClass> {
        evidence_classes(&AgreementId::new(id).unwrap())
    }

    #[test]
    fn a_class_says_what_it_obliges_to_only_where_the_data_does() {
        let kosovo = of("benelux_kosovo_2011");
        let said: Vec<_> = kosovo
            .iter()
            .map(|class| (class.strength.as_str(), class.obliges.as_deref().unwrap()))
            .collect();
        let proof = ("proof", "recognised_without_further_enquiry");
        let prima_facie = ("prima_facie", "accepted_unless_disproved");
        assert_eq!(said, [proof, prima_facie, proof, prima_facie]);
        assert!(of("eu_pakistan_2010").iter().any(|class| class.obliges.is_none()));
    }

    #[test]
    fn a_list_that_is_not_complete_says_so() {
        let of = |id: &str, list: &str| {
            let class = of(id).into_iter().find(|class| class.id == list);
            class.unwrap().completeness
        };
        let moldova = of("eu_moldova_2008", "eu_moldova_2008_conditions_proof_first_items");
        assert_eq!(moldova, Completeness::Incomplete);
        let kosovo = of("benelux_kosovo_2011", "benelux_kosovo_2011_nationality_proof");
        assert_eq!(kosovo, Completeness::NotSaid);
        let open = Completeness::OpenEnded;
        let texts = crate::library::Texts::built_in();
        let said = texts.agreements.iter().chain(&texts.protocols);
        let said: usize = said.map(|(_, text)| text.matches("open_ended = true").count()).sum();
        let classes =
            crate::catalogue::documents().into_iter().flat_map(|it| evidence_classes(&it.id));
        assert_eq!(classes.filter(|class| class.completeness == open).count(), said);
        assert!(said > 0);
    }

    #[test]
    fn an_item_says_on_which_condition_it_counts() {
        let kosovo = of("benelux_kosovo_2011");
        let mut items = kosovo.into_iter().flat_map(|class| class.items);
        let item = items.find(|item| item.id == "visa_information_system_data").unwrap();
        let condition = "adequacy_decision_for_the_receiving_country".to_owned();
        assert_eq!(item.conditions, [("condition", condition)]);
    }

    #[test]
    fn every_item_has_a_name_for_people() {
        for document in crate::catalogue::documents() {
            for class in evidence_classes(&document.id) {
                assert!(!class.items.is_empty(), "{}", class.id);
                for item in class.items {
                    assert_ne!(item.label, item.id, "{}", class.id);
                }
            }
        }
    }
}
