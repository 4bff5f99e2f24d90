//! `readmit agreements sources`: every source that the data rests on, and what rests on it.

use clap::Args;
use serde_json::json;

use ::agreements::{Rests, SourceUse, document, sources};

use super::{Said, layout, refusal::Refusal};

/// Lists the sources.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    readmit agreements sources\n  \
    readmit agreements sources benelux_kosovo_2011")]
pub(crate) struct Sources {
    /// Only what this document rests on, with every key
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Print one JSON array
    #[arg(long)]
    pub(super) json: bool,
}

impl Sources {
    pub(super) fn run(&self) -> Said {
        let mut found = sources();
        if let Some(id) = &self.id {
            document(id).map_err(|nearest| Refusal::unknown("ID", id, nearest))?;
            let of = |rests: &Rests| {
                let rest = rests.holder.strip_prefix(id.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(','))
            };
            found.iter_mut().for_each(|source| source.rests.retain(of));
            found.retain(|source| !source.rests.is_empty());
        }
        if self.json {
            let of = |rests: &Rests| json!({ "holder": rests.holder, "keys": rests.keys });
            let object = |it: &SourceUse| {
                let rests: Vec<_> = it.rests.iter().map(of).collect();
                json!({ "source": it.source, "rests": rests })
            };
            return Ok(layout::json(&found.iter().map(object).collect()));
        }
        let mut text = String::new();
        for SourceUse { source, rests } in &found {
            text.push_str(&layout::wrapped("", source));
            for rests in rests {
                let words = match (rests.keys.len(), &self.id) {
                    (0, _) => rests.holder.clone(),
                    (_, Some(_)) => format!("{}: {}", rests.holder, rests.keys.join(", ")),
                    (1, None) => format!("{}: 1 value", rests.holder),
                    (keys, None) => format!("{}: {keys} values", rests.holder),
                };
                text.push_str(&layout::wrapped("    ", &words));
            }
        }
        Ok(text)
    }
}
