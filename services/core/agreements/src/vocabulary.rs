//! The words that agreement files use: items of evidence, and unions of States.

use std::collections::{BTreeMap, BTreeSet};

use domain::identifier::{EvidenceItem, State};

use crate::display::Shown;
use crate::fault::{Fault, FileError};
use crate::reading::{Value, document};

/// Every item of evidence, with what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Items(pub(crate) BTreeMap<EvidenceItem, Vec<(&'static str, Shown)>>);

/// Unions of States by their code in `parties`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unions(BTreeMap<String, BTreeSet<State>>);

impl Items {
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let mut items = BTreeMap::new();
            root.tables("evidence", |table| {
                let expected = "1 to 64 characters of `a-z`, `0-9`, `_` and `-`";
                let id = table.must("id", |value| value.named(EvidenceItem::new, expected))?;
                let value = id.to_string();
                match items.insert(id, table.shown()?) {
                    None => Ok(()),
                    Some(_) => {
                        Err(table.fault_at("id", Fault::Twice { key: "id".to_owned(), value }))
                    }
                }
            })?;
            Ok(Self(items))
        })
    }

    pub(crate) fn label(&self, item: &EvidenceItem) -> Option<&str> {
        self.0.get(item)?.iter().find_map(|(key, value)| match (key, value) {
            (&"label", Shown::Text(label)) => Some(label.as_str()),
            (
                _,
                Shown::Text(_) | Shown::Words(_) | Shown::Count(_) | Shown::Flag(_) | Shown::Day(_),
            ) => None,
        })
    }
}

impl Unions {
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let mut unions = BTreeMap::new();
            root.tables("union", |table| {
                let code = table.must("code", Value::text)?;
                let members = table.must("members", |value| {
                    value.array()?.iter().map(Value::state).collect::<Result<BTreeSet<_>, _>>()
                })?;
                table.shown()?;
                match unions.insert(code.clone(), members) {
                    None => Ok(()),
                    Some(_) => {
                        let fault = Fault::Twice { key: "code".to_owned(), value: code };
                        Err(table.fault_at("code", fault))
                    }
                }
            })?;
            Ok(Self(unions))
        })
    }

    /// The States that a party stands for; `None` for a code that is neither union nor State.
    pub(crate) fn members(&self, party: &str) -> Option<BTreeSet<State>> {
        match self.0.get(party) {
            Some(members) => Some(members.clone()),
            None => State::new(party).ok().map(|state| BTreeSet::from([state])),
        }
    }

    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
