//! `readmit agreements show`: every value of a document, with its article and source.

use clap::Args;
use serde_json::{Value, json};

use ::agreements::{Entry, Part, Reading, Shown, document, explain_alone, printed, protocols};

use super::layout::{self, References};
use super::{Said, refusal::Refusal};

/// Shows a document.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements show benelux_kosovo_2011\n  \
    readmit agreements show benelux_serbia_2013 --json")]
pub(crate) struct Show {
    /// An agreement or a protocol, as `readmit agreements list` names it
    #[arg(value_name = "ID")]
    id: String,
    /// Print one JSON array of values
    #[arg(long)]
    pub(super) json: bool,
}

impl Show {
    pub(super) fn run(&self) -> Said {
        let found = document(&self.id);
        let found = found.map_err(|nearest| Refusal::unknown("ID", &self.id, nearest))?;
        let values = explain_alone(&found.id);
        if self.json {
            return Ok(layout::json(&values.iter().map(|value| object(&value.entry)).collect()));
        }
        let mut text = format!("{}\n", found.id);
        text.push_str(&layout::wrapped("", &found.title));
        let mut references = References::default();
        let (mut topic, mut part) = (None, None);
        for value in &values {
            let entry = &value.entry;
            if topic != Some(entry.topic) {
                text.push_str(&format!("\n{}\n", entry.topic));
            }
            let heading = heading(&entry.part).filter(|_| part != Some(&entry.part));
            text.push_str(&heading.unwrap_or_default());
            (topic, part) = (Some(entry.topic), Some(&entry.part));
            text.push_str(&line(entry, &mut references));
        }
        text.push_str(&references.list());
        let implementing: Vec<String> =
            protocols(&found.id).map(|protocol| protocol.id.to_string()).collect();
        if !implementing.is_empty() {
            let words = format!("implemented by {}", implementing.join(", "));
            text.push_str(&format!("\n{}", layout::wrapped("", &words)));
        }
        Ok(text)
    }
}

/// A value on a line or a few: its key, what it says, where it stands, and what reads it.
fn line(entry: &Entry, references: &mut References) -> String {
    let article = match &entry.article {
        Some(article) => format!(" {}", articles(article)),
        None => String::new(),
    };
    let reads = match entry.reading {
        Reading::ByRules => "rule",
        Reading::Refuses => "refuses",
        Reading::ShownOnly(_) => "shown",
    };
    let reported = match entry.part {
        Part::Reported(_) => ", reported only",
        Part::Agreement(_)
        | Part::Protocol(_)
        | Part::Supplement(_)
        | Part::EvidenceList(_)
        | Part::Form(_)
        | Part::Practice(_) => "",
    };
    let number = references.number(&entry.source);
    let words = format!("{} [{number}]{article} ({reads}{reported})", printed(&entry.value));
    layout::hanging(&format!("  {} = ", entry.key), 6, &words)
}

/// An article, or several.
pub(super) fn articles(articles: &str) -> String {
    let several = articles.contains(',');
    format!("{} {articles}", if several { "Articles" } else { "Article" })
}

/// What the values of a table of its own stand below.
fn heading(part: &Part) -> Option<String> {
    match part {
        Part::Agreement(_) | Part::Protocol(_) | Part::Reported(_) | Part::Supplement(_) => None,
        Part::EvidenceList(list) => Some(format!("  -- list {list}\n")),
        Part::Form(form) => Some(format!("  -- form {form}\n")),
        Part::Practice(state) => Some(format!("  -- practice of {state}\n")),
    }
}

/// A value for programs.
pub(super) fn object(entry: &Entry) -> Value {
    let (reading, why) = match entry.reading {
        Reading::ByRules => ("rules", None),
        Reading::Refuses => ("refuses", None),
        Reading::ShownOnly(why) => ("display_only", Some(why)),
    };
    let (part, of) = part_words(&entry.part);
    json!({
        "topic": entry.topic.to_string(),
        "key": entry.key,
        "value": value(&entry.value),
        "article": entry.article,
        "source": entry.source,
        "part": part,
        "of": of,
        "line": entry.line,
        "read_by": reading,
        "why_not": why,
    })
}

/// The kind of part that holds a value, and which it is.
pub(super) fn part_words(part: &Part) -> (&'static str, String) {
    match part {
        Part::Agreement(id) => ("agreement", id.to_string()),
        Part::Reported(id) => ("reported", id.to_string()),
        Part::Protocol(id) => ("protocol", id.to_string()),
        Part::Supplement(file) => ("supplement", file.clone()),
        Part::EvidenceList(list) => ("evidence_list", list.clone()),
        Part::Form(form) => ("form", form.clone()),
        Part::Practice(state) => ("practice", state.to_string()),
    }
}

fn value(shown: &Shown) -> Value {
    match shown {
        Shown::Text(text) => json!(text),
        Shown::Words(words) => json!(words),
        Shown::Count(count) => json!(count),
        Shown::Flag(flag) => json!(flag),
        Shown::Day(day) => json!(day.to_string()),
    }
}
