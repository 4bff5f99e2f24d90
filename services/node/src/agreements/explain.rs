//! `readmit agreements explain`: what reads each value, and whether it counts between two States.

use std::path::PathBuf;

use clap::Args;
use domain::identifier::AgreementId;
use serde_json::{Value, json};

use ::agreements::{
    Clause, Content, Explained, Explanation, Part, Reading, Standing, TOPICS, Topic, clauses,
    document, explain, explain_alone, printed, protocols,
};

use super::corridor::{self, Corridor};
use super::layout::{self, References};
use super::show::{articles, object, part_words};
use super::{Said, evidence, refusal::Refusal};

/// Explains a document.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements explain benelux_kosovo_2011 --topic reply\n  \
    readmit agreements explain eu_serbia_2008 --requesting NL --requested RS --topic transit\n  \
    readmit agreements explain eu_armenia_2014 --requesting NL --requested AM \\\n    \
    --confirm reply_limit_calendar_days --supplement treaty.toml\n\n\
    Topics: instrument, scope, application, accelerated, reply, silence, evidence, \
    register-check, interview, travel-document, transfer, borders, transit, error, costs, data, \
    suspension, forms, practice, calendars")]
pub(crate) struct Explain {
    /// An agreement or a protocol, as `readmit agreements list` names it
    #[arg(value_name = "ID")]
    id: String,
    /// Only what is about this
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    #[command(flatten)]
    corridor: Corridor,
    /// Write the canonical bytes of the compiled rules to a file
    #[arg(long, value_name = "FILE")]
    write_rules: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// What there is to explain: a document alone, or for a corridor.
struct Found {
    documents: Vec<AgreementId>,
    values: Vec<Explained>,
    corridor: Option<Explanation>,
}

impl Explain {
    pub(super) fn run(&self) -> Said {
        let topic = self.topic()?;
        let found = self.found()?;
        let about = |known: Topic| topic.is_none_or(|topic| topic == known);
        if let Some(path) = &self.write_rules {
            write_rules(path, found.corridor.as_ref())?;
        }
        if self.json {
            return Ok(layout::json(&whole(&found, &about)));
        }
        let mut text = String::new();
        let mut references = References::default();
        let mut heading = None;
        for value in found.values.iter().filter(|value| about(value.entry.topic)) {
            // The lists are told class by class.
            if matches!(value.entry.part, Part::EvidenceList(_)) {
                continue;
            }
            if heading != Some(value.entry.topic) {
                heading = Some(value.entry.topic);
                text.push_str(&format!("{}{}\n", gap(&text), value.entry.topic));
            }
            text.push_str(&paragraph(value, &mut references));
        }
        if about(Topic::Evidence) {
            text.push_str(&format!("{}evidence, class by class\n", gap(&text)));
            let classes = evidence::classes(&found.documents, &found.values, &mut references);
            text.push_str(&classes);
            text.push_str(&evidence::in_no_list(&found.documents, &found.values));
            text.push_str(&evidence::follows(&found.values));
        }
        if text.is_empty() {
            text.push_str("nothing on this is established in the data\n");
        }
        if let Some(explanation) = &found.corridor {
            text.push_str(&format!("\n{}", compiled(explanation, &about, &mut references)));
        } else {
            text.push_str(&hint(&found.documents));
        }
        Ok(text + &references.list())
    }

    fn topic(&self) -> Result<Option<Topic>, Refusal> {
        let Some(word) = &self.topic else { return Ok(None) };
        let topic = Topic::named(word).ok_or_else(|| {
            let known: Vec<String> = TOPICS.iter().map(|(word, _)| format!("`{word}`")).collect();
            Refusal::option("--topic", format!("must be one of {}, not `{word}`", known.join(", ")))
        })?;
        Ok(Some(topic))
    }

    fn found(&self) -> Result<Found, Refusal> {
        if !self.corridor.is_given() {
            if self.write_rules.is_some() {
                let rule = "needs --requesting and --requested: rules are those of a corridor";
                return Err(Refusal::option("--write-rules", rule));
            }
            let id = document(&self.id);
            let id = id.map_err(|nearest| Refusal::unknown("ID", &self.id, nearest))?.id;
            let values = explain_alone(&id);
            return Ok(Found { documents: vec![id], values, corridor: None });
        }
        let agreement = corridor::agreement("ID", &self.id)?;
        let read = self.corridor.read()?;
        let explanation =
            explain(&read.order(&agreement, 1)).map_err(|error| Refusal::compile("ID", &error))?;
        let mut documents = vec![agreement];
        documents.extend(explanation.protocol.clone());
        let values = explanation.values.clone();
        Ok(Found { documents, values, corridor: Some(explanation) })
    }
}

const fn gap(text: &str) -> &'static str {
    if text.is_empty() { "" } else { "\n" }
}

/// A value with everything that is known of it.
fn paragraph(value: &Explained, references: &mut References) -> String {
    let entry = &value.entry;
    let lead = format!("  {} = ", entry.key);
    let mut text = layout::hanging(&lead, 6, &printed(&entry.value));
    let mut words = match &entry.article {
        Some(article) => articles(article),
        None => "article not established for it".to_owned(),
    };
    let (part, of) = part_words(&entry.part);
    words.push_str(&format!(" [{}], {} {of}", references.number(&entry.source), plain(part)));
    words.push_str(&match entry.reading {
        Reading::ByRules => "; a rule reads it".to_owned(),
        Reading::Refuses => {
            "; the rules cannot express it, and refuse a corridor with it".to_owned()
        }
        Reading::ShownOnly(why) => format!("; no rule reads it: {why}"),
    });
    match &value.standing {
        Standing::Counts => {}
        Standing::Confirmed => words.push_str("; you confirm it"),
        Standing::ReportedOnly => {
            words.push_str("; it counts for nothing until it is confirmed by name");
        }
        Standing::SetAside { by } => {
            let (part, of) = part_words(by);
            words.push_str(&format!("; SET ASIDE by the {} {of}", plain(part)));
        }
    }
    text.push_str(&layout::wrapped("      ", &words));
    text
}

fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// The compiled rules, or why there are none.
fn compiled(
    explanation: &Explanation,
    about: &impl Fn(Topic) -> bool,
    references: &mut References,
) -> String {
    let rules = match &explanation.rules {
        Ok(rules) => rules,
        Err(error) => {
            return layout::wrapped("", &format!("no rules: {error}"));
        }
    };
    let digest = record::rules::digest(rules);
    let mut text = layout::wrapped("", &format!("compiled rules, digest {digest}"));
    // Days are too many to read; `diff` compares them.
    for Clause { name, source, topic, content } in clauses(rules) {
        let days = matches!(content, Content::Days(_));
        if days || !about(topic) {
            continue;
        }
        let clause = Clause { name, topic, content, source };
        let place = match &clause.source {
            Some(source) => {
                let article = source.article.as_ref();
                let article = article.map(|article| format!(" {}", articles(article)));
                let number = references.number(&source.instrument);
                format!(" [{number}]{}", article.unwrap_or_default())
            }
            None => String::new(),
        };
        let lead = format!("  {}: ", clause.name);
        text.push_str(&layout::hanging(&lead, 6, &format!("{}{place}", clause.words())));
    }
    text
}

/// How to see more than a document alone shows.
fn hint(documents: &[AgreementId]) -> String {
    let mut words =
        "Which values count between two States: give --requesting and --requested.".to_owned();
    let implementing: Vec<String> = documents
        .iter()
        .flat_map(protocols)
        .map(|protocol| format!("`{}` for {}", protocol.id, protocol.parties.join("-")))
        .collect();
    if !implementing.is_empty() {
        words.push_str(&format!(" Protocols implement it: {}.", implementing.join(", ")));
    }
    format!("\n{}", layout::wrapped("", &words))
}

fn write_rules(path: &PathBuf, explanation: Option<&Explanation>) -> Result<(), Refusal> {
    let rules = match explanation.map(|explanation| &explanation.rules) {
        Some(Ok(rules)) => rules,
        Some(Err(error)) => return Err(Refusal::compile("ID", error)),
        None => return Ok(()),
    };
    std::fs::write(path, record::rules::encode(rules)).map_err(|error| {
        let rule = format!("`{}` cannot be written: {error}", path.display());
        Refusal::option("--write-rules", rule)
    })
}

/// Everything for programs.
fn whole(found: &Found, about: &impl Fn(Topic) -> bool) -> Value {
    let values: Vec<Value> = found
        .values
        .iter()
        .filter(|value| about(value.entry.topic))
        .map(|value| {
            let (standing, by) = match &value.standing {
                Standing::Counts => ("counts", None),
                Standing::Confirmed => ("confirmed", None),
                Standing::ReportedOnly => ("reported_only", None),
                Standing::SetAside { by } => ("set_aside", Some(part_words(by).1)),
            };
            let mut object = object(&value.entry);
            if let Some(fields) = object.as_object_mut() {
                fields.insert("standing".to_owned(), json!(standing));
                fields.insert("set_aside_by".to_owned(), json!(by));
            }
            object
        })
        .collect();
    let evidence = about(Topic::Evidence);
    let classes = evidence.then(|| evidence::objects(&found.documents));
    let unlisted = evidence.then(|| evidence::in_no_list_objects(&found.documents, &found.values));
    let follows = evidence.then(|| evidence::follow_objects(&found.values));
    let rules = found.corridor.as_ref().map(|explanation| match &explanation.rules {
        Ok(rules) => {
            let said = clauses(rules);
            let said = said.iter().filter(|clause| about(clause.topic)).map(|clause| {
                json!({
                    "clause": clause.name,
                    "value": clause.words(),
                    "instrument": clause.source.as_ref().map(|it| it.instrument.clone()),
                    "article": clause.source.as_ref().and_then(|it| it.article.clone()),
                })
            });
            let digest = record::rules::digest(rules).to_string();
            json!({ "digest": digest, "clauses": said.collect::<Vec<_>>() })
        }
        Err(error) => json!({ "refused": error.to_string() }),
    });
    let documents: Vec<&str> = found.documents.iter().map(AgreementId::as_str).collect();
    json!({
        "documents": documents,
        "values": values,
        "evidence": classes,
        "evidence_in_no_list": unlisted,
        "evidence_follows": follows,
        "rules": rules,
    })
}
