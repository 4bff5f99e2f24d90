//! `readmit agreements list`: every document, whether it is in force, and whether it runs.

use clap::Args;
use serde_json::{Value, json};

use ::agreements::{Document, Readiness, documents, readiness, stand_in};

use super::corridor::today;
use super::{Said, layout};

/// Lists the documents.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements list\n  \
    readmit agreements list --json")]
pub(crate) struct List {
    /// Print one JSON array
    #[arg(long)]
    pub(super) json: bool,
}

impl List {
    pub(super) fn run(&self) -> Said {
        let today = today()?;
        let mut rows = Vec::new();
        for document in documents() {
            let agreement = document.implements.as_ref().unwrap_or(&document.id);
            let pair = stand_in(&document.parties);
            let ready = pair.map(|pair| readiness(agreement, pair, today));
            rows.push((document, pair.zip(ready)));
        }
        if self.json {
            return Ok(layout::json(&rows.iter().map(object).collect()));
        }
        let head = ["DOCUMENT", "PARTIES", "IN FORCE", "FOR", "RUNS"];
        let mut table = vec![head.map(str::to_owned).to_vec()];
        for (document, found) in &rows {
            let (pair, runs) = match found {
                Some((pair, ready)) => (format!("{}-{}", pair.0, pair.1), word(ready)),
                None => Default::default(),
            };
            table.push(vec![
                document.id.to_string(),
                document.parties.join("-"),
                in_force(document),
                pair,
                runs,
            ]);
        }
        let count = |wanted: &str| {
            let of = |row: &&Vec<String>| row.last().is_some_and(|runs| runs.starts_with(wanted));
            table.iter().filter(of).count()
        };
        let counts = format!(
            "\n{} documents: {} run as they are, {} need values, {} never run. FOR is the pair \
             that was tried, today; a protocol was tried with the agreement that it implements. \
             What is missing, and why: `readmit agreements explain`, with the two States.",
            rows.len(),
            count("as it is"),
            count("needs"),
            count("never")
        );
        Ok(layout::table(&table) + "\n" + &layout::wrapped("", &counts))
    }
}

/// Whether it is in force, as far as the data establishes that.
fn in_force(document: &Document) -> String {
    match (document.force.from, document.force.known_in_2017_05) {
        (Some(from), _) => format!("from {from}"),
        (None, Some(true)) => "in May 2017".to_owned(),
        (None, Some(false)) => "not in May 2017".to_owned(),
        (None, None) => "not established".to_owned(),
    }
}

fn word(ready: &Readiness) -> String {
    match ready {
        Readiness::Runs => "as it is".to_owned(),
        Readiness::Needs { confirmed, supplied } => {
            let of = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
            let parts = [of(confirmed.len(), "confirmed"), of(supplied.len(), "supplied")];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("needs {}", parts.join(", "))
        }
        Readiness::Never(_) => "never".to_owned(),
    }
}

type Row = (Document, Option<((domain::identifier::State, domain::identifier::State), Readiness)>);

fn object((document, found): &Row) -> Value {
    let (runs, confirmed, supplied, why) = match found.as_ref().map(|(_, ready)| ready) {
        Some(Readiness::Runs) => ("as_it_is", None, None, None),
        Some(Readiness::Needs { confirmed, supplied }) => {
            ("needs", Some(confirmed), Some(supplied), None)
        }
        Some(Readiness::Never(why)) => ("never", None, None, Some(why.to_string())),
        None => ("never", None, None, None),
    };
    json!({
        "id": document.id.as_str(),
        "title": document.title,
        "parties": document.parties,
        "implements": document.implements.as_ref().map(|id| id.as_str()),
        "signed_on": document.force.signed_on.map(|day| day.to_string()),
        "in_force_from": document.force.from.map(|day| day.to_string()),
        "in_force_as_of_2017_05": document.force.known_in_2017_05,
        "tried_for": found.as_ref().map(|(pair, _)| [pair.0.code(), pair.1.code()]),
        "runs": runs,
        "to_confirm": confirmed,
        "to_supply": supplied,
        "why": why,
    })
}
