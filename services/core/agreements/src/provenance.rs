//! Every source that the data rests on, and what rests on it.

use std::collections::BTreeMap;

use toml::de::DeTable;

use crate::catalogue::{Part, documents, values};
use crate::library::Texts;

/// A source, and what rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceUse {
    /// The source, as the data names it.
    pub source: String,
    /// What rests on it: the holder, and the keys that it holds.
    pub rests: Vec<Rests>,
}

/// What rests on a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rests {
    /// What holds the values: a document, or a State's calendar.
    pub holder: String,
    /// The keys, where the holder has keys of its own.
    pub keys: Vec<String>,
}

/// Every source, in the order of its words.
#[must_use]
pub fn sources() -> Vec<SourceUse> {
    let mut found: BTreeMap<String, Vec<Rests>> = BTreeMap::new();
    for document in documents() {
        for entry in values(&document.id) {
            let holder = match &entry.part {
                Part::Agreement(id) | Part::Protocol(id) => id.to_string(),
                Part::Reported(id) => format!("{id}, reported values"),
                Part::Supplement(file) => file.clone(),
                Part::EvidenceList(list) => format!("{}, evidence list {list}", document.id),
                Part::Form(form) => format!("{}, form {form}", document.id),
                Part::Practice(state) => format!("{}, practice of {state}", document.id),
            };
            add(&mut found, &entry.source, holder, Some(entry.key));
        }
    }
    let texts = Texts::built_in();
    let tables = [
        ("calendar", "state", &texts.calendars, "calendar of"),
        ("zone", "state", &texts.calendars, "time zone of"),
        ("union", "code", &texts.unions, "members of"),
        ("territory", "code", &texts.unions, "territory"),
    ];
    for (table, named, text, words) in tables {
        let Ok(root) = DeTable::parse(text) else { continue };
        let listed = root.get_ref().get(table).and_then(|value| value.get_ref().as_array());
        for row in listed.into_iter().flatten().filter_map(|row| row.get_ref().as_table()) {
            let text = |key| row.get(key).and_then(|value| value.get_ref().as_str());
            if let (Some(source), Some(name)) = (text("source"), text(named)) {
                add(&mut found, source, format!("{words} {name}"), None);
            }
        }
    }
    found.into_iter().map(|(source, rests)| SourceUse { source, rests }).collect()
}

fn add(
    found: &mut BTreeMap<String, Vec<Rests>>,
    source: &str,
    holder: String,
    key: Option<String>,
) {
    let rests = found.entry(source.to_owned()).or_default();
    match rests.iter_mut().find(|rests| rests.holder == holder) {
        Some(rests) => rests.keys.extend(key),
        None => rests.push(Rests { holder, keys: key.into_iter().collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_line_of_the_data_is_listed() {
        let listed: Vec<String> = sources().into_iter().map(|it| it.source).collect();
        let texts = Texts::built_in();
        let files = texts.agreements.iter().chain(&texts.protocols).map(|(_, text)| text);
        for text in files.chain([&texts.calendars, &texts.unions]) {
            for line in text.lines() {
                let Some(source) = line.strip_prefix("source = \"") else { continue };
                let source = source.trim_end_matches('"').to_owned();
                assert!(listed.contains(&source), "{source}");
            }
        }
    }

    #[test]
    fn what_is_reported_rests_on_no_text() {
        let reported = sources().into_iter().filter(|it| it.source.starts_with("reported, "));
        let rests: Vec<Rests> = reported.flat_map(|it| it.rests).collect();
        assert!(rests.len() > 3, "{rests:?}");
        assert!(rests.iter().all(|it| it.holder.ends_with(", reported values")), "{rests:?}");
    }
}
