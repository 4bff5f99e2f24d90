//! The words that agreement files use: items of evidence, and unions of States.

use std::collections::{BTreeMap, BTreeSet};

use domain::identifier::{EvidenceItem, State};

use crate::display::Shown;
use crate::fault::{Fault, FileError};
use crate::reading::{Table, Value, document};

/// Every item of evidence, with what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Items(pub(crate) BTreeMap<EvidenceItem, Vec<(&'static str, Shown)>>);

/// Unions of States by their code in `parties`, and territories with the State that they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unions {
    unions: BTreeMap<String, Union>,
    territories: BTreeMap<State, State>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Union {
    pub(crate) members: BTreeSet<State>,
    /// Members that an agreement of the union binds only where that is established.
    pub(crate) bound_only_if_stated: BTreeSet<State>,
}

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
            let mut read = Self { unions: BTreeMap::new(), territories: BTreeMap::new() };
            root.tables("union", |table| {
                let code = table.must("code", Value::text)?;
                let states = |value: &Value<'_>| Ok(value.states()?.into_iter().collect());
                let union = Union {
                    members: table.must("members", states)?,
                    bound_only_if_stated: table
                        .may("bound_only_if_stated", states)?
                        .unwrap_or_default(),
                };
                table.shown()?;
                once(table, read.unions.insert(code.clone(), union).is_some(), code)
            })?;
            root.tables("territory", |table| {
                let code = table.must("code", Value::state)?;
                let of = table.must("of", Value::state)?;
                table.shown()?;
                once(table, read.territories.insert(code, of).is_some(), code.to_string())
            })?;
            Ok(read)
        })
    }

    /// The States that a party stands for; `None` for a code that is neither union nor State.
    pub(crate) fn members(&self, party: &str) -> Option<BTreeSet<State>> {
        match self.unions.get(party) {
            Some(union) => Some(union.members.clone()),
            None => State::new(party).ok().map(|state| BTreeSet::from([state])),
        }
    }

    /// Whether it must be established that an agreement of a party binds this member.
    pub(crate) fn must_be_stated(&self, party: &str, member: State) -> bool {
        self.unions.get(party).is_some_and(|union| union.bound_only_if_stated.contains(&member))
    }

    /// The State that a territory belongs to.
    pub(crate) fn state_of(&self, territory: State) -> Option<State> {
        self.territories.get(&territory).copied()
    }

    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.unions.keys().map(String::as_str)
    }
}

fn once(table: &Table<'_>, replaced: bool, value: String) -> Result<(), FileError> {
    match replaced {
        false => Ok(()),
        true => Err(table.fault_at("code", Fault::Twice { key: "code".to_owned(), value })),
    }
}
