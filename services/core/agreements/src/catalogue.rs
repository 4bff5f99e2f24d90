//! The documents as people look at them: every value with its article, its source, and its use.
//!
//! Values are shown as the files have them, also those that no rule reads. Whether a value counts
//! for a corridor is said by [`crate::explanation`].

use std::collections::BTreeSet;

use domain::identifier::{AgreementId, State};
use domain::time::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::agreement_file::{Force, ProtocolFile};
use crate::display::{DISPLAY_ONLY, Shown};
use crate::fault::nearest;
use crate::library::BUILT_IN;
use crate::reading::without_unit;
use crate::terms::INEXPRESSIBLE;
use crate::topic::Topic;

/// A document: an agreement, or a protocol that implements one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: AgreementId,
    /// Its title, or what it implements.
    pub title: String,
    /// Its parties as it names them.
    pub parties: [String; 2],
    /// What is known of its entry into force.
    pub force: Force,
    /// The agreement that a protocol implements.
    pub implements: Option<AgreementId>,
}

/// A value of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub topic: Topic,
    /// Where it is held.
    pub part: Part,
    /// Its line in the file.
    pub line: usize,
    /// Its key.
    pub key: String,
    /// The value.
    pub value: Shown,
    /// The article, where one is established for it.
    pub article: Option<String>,
    /// The source that it rests on.
    pub source: String,
    /// What reads it.
    pub reading: Reading,
}

/// The part of the data that holds a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The text of an agreement.
    Agreement(AgreementId),
    /// What only secondary publications say of it.
    Reported(AgreementId),
    /// The text of a protocol.
    Protocol(AgreementId),
    /// What an operator supplies, by the name of the file.
    Supplement(String),
    /// An evidence list.
    EvidenceList(String),
    /// A form.
    Form(String),
    /// A note on how one State works.
    Practice(State),
}

/// What reads a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A rule reads it.
    ByRules,
    /// It stands for a rule that compiled rules cannot express: the corridor is refused.
    Refuses,
    /// No rule reads it, for this reason.
    ShownOnly(&'static str),
}

/// Every document: the agreements, then the protocols, in the order of their ids.
#[must_use]
pub fn documents() -> Vec<Document> {
    let agreements = BUILT_IN.agreements.values().map(|file| Document {
        id: file.agreement.id.clone(),
        title: file.agreement.title.clone(),
        parties: file.agreement.parties.clone(),
        force: file.agreement.force.clone(),
        implements: None,
    });
    agreements.chain(BUILT_IN.protocols.values().map(of_protocol)).collect()
}

fn of_protocol(protocol: &ProtocolFile) -> Document {
    Document {
        id: protocol.id.clone(),
        title: format!("Protocol that implements `{}`", protocol.agreement),
        parties: protocol.parties.clone(),
        force: protocol.force.clone(),
        implements: Some(protocol.agreement.clone()),
    }
}

/// A document by its id.
///
/// # Errors
/// The nearest known id, where one is near enough to be meant.
pub fn document(id: &str) -> Result<Document, Option<String>> {
    let mut documents = documents();
    match documents.iter().position(|document| document.id.as_str() == id) {
        Some(at) => Ok(documents.swap_remove(at)),
        None => Err(nearest(id, documents.iter().map(|document| document.id.as_str()))),
    }
}

/// The States that a party stands for: the members of a union, or the State itself.
#[must_use]
pub fn members(party: &str) -> BTreeSet<State> {
    BUILT_IN.unions.members(party).unwrap_or_default()
}

/// Every value of a document, in the order of its file. An agreement does not bring its protocols.
#[must_use]
pub fn values(id: &AgreementId) -> Vec<Entry> {
    let text = BUILT_IN.texts.get(id);
    text.map(|(_, text)| entries(text, None)).unwrap_or_default()
}

/// Every value that a supplement brings.
pub(crate) fn supplied(file: &str, text: &str) -> Vec<Entry> {
    entries(text, Some(file))
}

/// What a key of a table has no value of its own for: it says what the table belongs to.
const BELONGS: [&str; 2] = ["agreement", "implementing_protocol"];

fn entries(text: &str, supplement: Option<&str>) -> Vec<Entry> {
    let Ok(root) = DeTable::parse(text) else { return Vec::new() };
    let root = root.get_ref();
    let own = |key: &str| root.get(key).and_then(|value| value.get_ref().as_table());
    let mut found = Vec::new();
    let mut whole = None;
    for table in ["agreement", "implementing_protocol"] {
        let Some(entries) = own(table) else { continue };
        let (id, source) = (text_of(entries, "id"), text_of(entries, "source"));
        let Ok(id) = AgreementId::new(&id) else { continue };
        let reported = entries.get("reported").and_then(|value| value.get_ref().as_table());
        let part = match table {
            "agreement" => Part::Agreement(id.clone()),
            _ => Part::Protocol(id.clone()),
        };
        found.extend(Cut { text, part, table: "agreement", source: &source }.values(entries));
        if let Some(reported) = reported {
            let source = format!("reported, not from the text: {source}");
            let part = Part::Reported(id);
            found.extend(Cut { text, part, table: "agreement", source: &source }.values(reported));
        }
        whole = Some(source);
    }
    let whole = whole.unwrap_or_default();
    for table in ["evidence_list", "form", "practice", "supplied"] {
        let tables = root.get(table).and_then(|value| value.get_ref().as_array());
        for entries in tables.into_iter().flatten().filter_map(|it| it.get_ref().as_table()) {
            let Some(part) = part(table, entries, supplement) else { continue };
            let own = text_of(entries, "source");
            let source = if own.is_empty() { &whole } else { &own };
            let name = if table == "supplied" { "agreement" } else { table };
            found.extend(Cut { text, part, table: name, source }.values(entries));
        }
    }
    found
}

fn part(table: &str, entries: &DeTable<'_>, supplement: Option<&str>) -> Option<Part> {
    let id = text_of(entries, "id");
    match table {
        "evidence_list" => Some(Part::EvidenceList(id)),
        "form" => Some(Part::Form(id)),
        "practice" => State::new(&text_of(entries, "requesting_state")).ok().map(Part::Practice),
        _ => supplement.map(|file| Part::Supplement(file.to_owned())),
    }
}

fn text_of(entries: &DeTable<'_>, key: &str) -> String {
    let value = entries.get(key).and_then(|value| value.get_ref().as_str());
    value.unwrap_or_default().to_owned()
}

/// One table of a file.
struct Cut<'a> {
    text: &'a str,
    part: Part,
    /// The name under which the documented list has its keys.
    table: &'static str,
    source: &'a str,
}

impl Cut<'_> {
    /// The values of the table, in the order of the file.
    fn values(&self, entries: &DeTable<'_>) -> Vec<Entry> {
        let mut listed: Vec<_> = entries.iter().collect();
        listed.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let name = key.get_ref().as_ref();
            let supplied = matches!(self.part, Part::Supplement(_));
            let about =
                BELONGS.contains(&name) || (supplied && ["article", "source"].contains(&name));
            let value = shown(value.get_ref())?;
            (!about).then(|| Entry {
                topic: self.topic(name),
                part: self.part.clone(),
                line: line(self.text, key.span().start),
                key: name.to_owned(),
                value,
                article: self.article(entries, name),
                source: self.source.to_owned(),
                reading: self.reading(name),
            })
        };
        listed.into_iter().filter_map(entry).collect()
    }

    fn topic(&self, key: &str) -> Topic {
        match self.part {
            Part::EvidenceList(_) => Topic::Evidence,
            Part::Form(_) => Topic::Forms,
            Part::Practice(_) => Topic::Practice,
            Part::Agreement(_) | Part::Reported(_) | Part::Protocol(_) | Part::Supplement(_) => {
                Topic::of_key(key).unwrap_or(Topic::Instrument)
            }
        }
    }

    fn reading(&self, key: &str) -> Reading {
        let listed =
            |only: &&crate::display::DisplayOnly| only.table == self.table && only.key == key;
        match DISPLAY_ONLY.iter().find(listed) {
            Some(only) => Reading::ShownOnly(only.why),
            None if self.table == "form" => Reading::ShownOnly("a name for people"),
            None if self.table == "practice" => Reading::ShownOnly("says whose practice it is"),
            None if INEXPRESSIBLE.contains(&key) => Reading::Refuses,
            None => Reading::ByRules,
        }
    }

    /// The article of a value: that of its own limit, else that of the longest subject which the
    /// key begins with. The article of one limit says nothing of another.
    fn article(&self, entries: &DeTable<'_>, key: &str) -> Option<String> {
        if matches!(self.part, Part::EvidenceList(_)) {
            return entries.get("articles").and_then(|value| articles(value.get_ref()));
        }
        if matches!(self.part, Part::Supplement(_)) {
            return Some(text_of(entries, "article"));
        }
        let mut best: Option<(usize, String)> = None;
        for (found, value) in entries {
            let name = found.get_ref().as_ref();
            let stem = name.strip_suffix("_article").or_else(|| name.strip_suffix("_articles"));
            let Some(stem) = stem.filter(|_| name != key) else { continue };
            let own = without_unit(key) == stem;
            let begins = key.strip_prefix(stem).is_some_and(|rest| rest.starts_with('_'));
            let fits = own || (begins && !stem.ends_with("_limit"));
            let longer = best.as_ref().is_none_or(|(length, _)| stem.len() > *length);
            if let Some(article) = articles(value.get_ref()).filter(|_| fits && longer) {
                best = Some((stem.len(), article));
            }
        }
        best.map(|(_, article)| article)
    }
}

fn articles(value: &DeValue<'_>) -> Option<String> {
    match shown(value)? {
        Shown::Text(article) => Some(article),
        Shown::Words(articles) => Some(articles.join(", ")),
        Shown::Count(_) | Shown::Flag(_) | Shown::Day(_) => None,
    }
}

/// The value of a key; `None` for a table below.
fn shown(value: &DeValue<'_>) -> Option<Shown> {
    match value {
        DeValue::String(text) => Some(Shown::Text(text.to_string())),
        DeValue::Integer(number) => number.as_str().parse().ok().map(Shown::Count),
        DeValue::Float(number) => Some(Shown::Text(number.as_str().to_owned())),
        DeValue::Boolean(flag) => Some(Shown::Flag(*flag)),
        DeValue::Datetime(day) => match day.to_string().parse::<Date>() {
            Ok(day) => Some(Shown::Day(day)),
            Err(_) => Some(Shown::Text(day.to_string())),
        },
        DeValue::Array(items) => {
            let words = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            words.collect::<Option<Vec<String>>>().map(Shown::Words)
        }
        DeValue::Table(_) => None,
    }
}

fn line(text: &str, start: usize) -> usize {
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

/// A value in words, as the files have it.
#[must_use]
pub fn printed(value: &Shown) -> String {
    match value {
        Shown::Text(text) => text.clone(),
        Shown::Words(words) => words.join(", "),
        Shown::Count(count) => count.to_string(),
        Shown::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Shown::Day(day) => day.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn of(id: &str) -> Vec<Entry> {
        values(&AgreementId::new(id).unwrap())
    }

    fn one(id: &str, key: &str) -> Entry {
        let found: Vec<Entry> = of(id).into_iter().filter(|entry| entry.key == key).collect();
        let [entry] = <[Entry; 1]>::try_from(found).unwrap();
        entry
    }

    #[test]
    fn every_document_has_values_and_each_key_has_a_topic() {
        let documents = documents();
        assert_eq!(documents.len(), BUILT_IN.texts.len());
        for document in documents {
            let values = values(&document.id);
            assert!(values.len() > 5, "{}", document.id);
            for entry in values {
                let placed = match entry.part {
                    Part::Agreement(_) | Part::Reported(_) | Part::Protocol(_) => {
                        Topic::of_key(&entry.key).is_some()
                    }
                    Part::Supplement(_) => false,
                    Part::EvidenceList(_) | Part::Form(_) | Part::Practice(_) => true,
                };
                assert!(placed, "give `{}` of `{}` a topic", entry.key, document.id);
                assert!(!entry.source.is_empty(), "{entry:?}");
            }
        }
    }

    #[test]
    fn no_value_of_a_file_is_left_out() {
        // 50 keys of the agreement, 4 lists of 6 or 7, one practice; `agreement` is no value.
        let text = &BUILT_IN.texts[&AgreementId::new("benelux_kosovo_2011").unwrap()].1;
        let keys = text.lines().filter(|line| line.contains(" = ") && !line.starts_with('#'));
        let belongs = text.lines().filter(|line| line.starts_with("agreement = "));
        let other = 1 + belongs.count();
        assert_eq!(of("benelux_kosovo_2011").len(), keys.count() - other);
    }

    #[test]
    fn an_article_is_that_of_the_value_and_of_no_other_limit() {
        #[rustfmt::skip]
        let cases = [
            ("eu_georgia_2011", "transfer_limit_calendar_months", Some("10(4)")),
            ("eu_albania_2006", "travel_document_late_fallback", Some("2(2), 3(3), 4(2), 5(4)")),
            ("eu_sri_lanka_2005", "travel_document_min_validity_calendar_months", Some("5(4)")),
            ("eu_turkiye_2014", "data_categories_allowed", Some("17")),
            ("benelux_kosovo_2011", "reply_limit_calendar_days", None),
        ];
        for (id, key, article) in cases {
            let found = of(id).into_iter().find(|entry| entry.key == key);
            assert_eq!(found.and_then(|entry| entry.article).as_deref(), article, "{id} {key}");
        }
    }

    #[test]
    fn the_article_of_a_limit_says_nothing_of_what_else_begins_so() {
        let text = "[agreement]\nid = \"x\"\nsource = \"made up\"\n\
                    transfer_limit_weeks = 3\ntransfer_limit_article = \"7\"\n\
                    transfer_limit_extension = \"until_obstacle_removed\"\n";
        let entries = entries(text, None);
        let article = |key: &str| {
            let entry = entries.iter().find(|entry| entry.key == key).unwrap();
            entry.article.clone()
        };
        assert_eq!(article("transfer_limit_weeks").as_deref(), Some("7"));
        assert_eq!(article("transfer_limit_extension"), None);
    }

    #[test]
    fn a_value_says_what_reads_it_and_where_it_is_held() {
        let reply = one("benelux_kosovo_2011", "reply_limit_calendar_days");
        assert_eq!(reply.reading, Reading::ByRules);
        assert_eq!(reply.value, Shown::Count(28));
        assert!(reply.source.starts_with("BWBV0005360"), "{}", reply.source);
        let transit = one("benelux_kosovo_2011", "transit_take_back");
        assert_eq!(transit.topic, Topic::Transit);
        assert!(matches!(transit.reading, Reading::ShownOnly(_)), "{transit:?}");
        let reported = one("eu_armenia_2014", "reply_limit_calendar_days");
        assert!(matches!(reported.part, Part::Reported(_)), "{reported:?}");
        assert!(reported.source.starts_with("reported, not from the text: "), "{reported:?}");
    }

    #[test]
    fn an_unknown_document_names_the_nearest() {
        assert_eq!(document("benelux_kosovo_2011").unwrap().parties, ["BENELUX", "XK"]);
        assert_eq!(
            document("benelux_serbia_2013").unwrap().implements.unwrap().as_str(),
            "eu_serbia_2008"
        );
        let nearest = document("benelux_kosovo_2012").unwrap_err();
        assert_eq!(nearest.as_deref(), Some("benelux_kosovo_2011"));
        assert_eq!(document("zzz").unwrap_err(), None);
    }
}
