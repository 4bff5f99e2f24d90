//! `readmit agreements diff`: exactly which values two sets of compiled rules differ in.

use std::path::Path;

use clap::Args;
use domain::identifier::State;
use domain::rules::Rules;
use serde_json::{Value, json};

use ::agreements::{Difference, SaidThere, differences, document};

use super::corridor::{self, Corridor};
use super::{Said, file, layout, refusal::Refusal};

/// Compares compiled rules.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements diff benelux_kosovo_2011 partner.rules\n  \
    readmit agreements diff eu_serbia_2008 benelux_kosovo_2011 --requesting NL --requested XK\n\n\
    A and B are each an agreement, compiled for the two States, or a file with the canonical \
    bytes of rules, as they stand in an adoption, in hexadecimal or as they are. Beside a file, \
    its two States and its version are taken where none are given.")]
pub(crate) struct Diff {
    /// The first: an agreement, or a file of compiled rules
    #[arg(value_name = "A")]
    first: String,
    /// The second
    #[arg(value_name = "B")]
    second: String,
    #[command(flatten)]
    corridor: Corridor,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Diff {
    pub(super) fn run(&self) -> Said {
        let read = [from_file("A", &self.first)?, from_file("B", &self.second)?];
        let beside = read.iter().flatten().next().cloned();
        let [first, second] = read;
        let first = self.or_compiled("A", &self.first, first, beside.as_ref())?;
        let second = self.or_compiled("B", &self.second, second, beside.as_ref())?;
        let found = differences(&first, &second);
        let digests = [&first, &second].map(|rules| record::rules::digest(rules).to_string());
        if self.json {
            let found: Vec<Value> = found.iter().map(object).collect();
            return Ok(layout::json(&json!({ "digests": digests, "differences": found })));
        }
        let [left, right] = &digests;
        let mut text = format!("A  {left}  {}\nB  {right}  {}\n", self.first, self.second);
        if found.is_empty() {
            text.push_str("the same rules, to the byte\n");
            return Ok(text);
        }
        for difference in &found {
            text.push_str(&format!("\n{} ({})\n", difference.name, difference.topic));
            text.push_str(&layout::wrapped("  A  ", &said(difference.first.as_ref())));
            text.push_str(&layout::wrapped("  B  ", &said(difference.second.as_ref())));
        }
        text.push_str(&format!("\n{} values differ\n", found.len()));
        Ok(text)
    }

    /// The rules of a file, or those that an agreement compiles to.
    fn or_compiled(
        &self,
        argument: &'static str,
        name: &str,
        file: Option<Rules>,
        beside: Option<&Rules>,
    ) -> Result<Rules, Refusal> {
        if let Some(rules) = file {
            return Ok(rules);
        }
        let agreement = corridor::agreement(argument, name)?;
        let given = self.corridor.requesting.is_some() || self.corridor.requested.is_some();
        let read = match beside.and_then(pair).filter(|_| !given) {
            Some(pair) => self.corridor.read_for(pair)?,
            None => self.corridor.read()?,
        };
        let version = beside.map_or(1, |rules| rules.version);
        read.rules(argument, &agreement, version)
    }
}

/// The two States of rules.
fn pair(rules: &Rules) -> Option<(State, State)> {
    rules.directions.first().map(|direction| (direction.requesting, direction.requested))
}

/// The rules in a file; `None` where the argument is the id of a document.
fn from_file(argument: &'static str, name: &str) -> Result<Option<Rules>, Refusal> {
    let nearest = match document(name) {
        Ok(_) => return Ok(None),
        Err(nearest) => nearest,
    };
    let path = Path::new(name);
    if !path.exists() {
        return Err(Refusal::unknown_or_file(argument, name, nearest));
    }
    let bytes = file::bytes(path)?;
    let text = std::str::from_utf8(&bytes).ok();
    let digits = text.map(|text| text.split_whitespace().collect::<String>());
    let unhexed = digits.and_then(|digits| hex::decode(digits).ok());
    let rules = record::rules::decode(unhexed.as_deref().unwrap_or(&bytes));
    rules.map(Some).map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
        Refusal::unreadable(format!("`{name}`: {error}{}", why.unwrap_or_default()))
    })
}

fn said(said: Option<&SaidThere>) -> String {
    let Some(SaidThere { value, source }) = said else { return "says nothing".to_owned() };
    let place = source.as_ref().map(|source| {
        let article = source.article.as_deref().unwrap_or("article not established");
        format!(" ({}, {article})", source.instrument)
    });
    format!("{value}{}", place.unwrap_or_default())
}

/// A difference for programs.
fn object(difference: &Difference) -> Value {
    let said = |said: &Option<SaidThere>| {
        said.as_ref().map(|said| {
            json!({
                "value": said.value,
                "instrument": said.source.as_ref().map(|source| source.instrument.clone()),
                "article": said.source.as_ref().and_then(|source| source.article.clone()),
            })
        })
    };
    json!({
        "value": difference.name,
        "topic": difference.topic.to_string(),
        "a": said(&difference.first),
        "b": said(&difference.second),
    })
}
