//! Puts defaults, file and environment over one another, and remembers where each key came from.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::{LoadError, Origin, known};

/// What the names of environment variables start with.
const PREFIX: &str = "READMIT_";

/// Variables with the prefix that are not keys: the command line's own.
const OTHER_VARIABLES: [&str; 2] = ["READMIT_CONFIG", "READMIT_PROFILE"];

/// How many members of a list an environment variable may reach.
const LIST_MEMBERS_MAX: usize = 1000;

/// The merged table and where its values came from.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) table: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    /// Where a key was given last.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let mut key = key;
        loop {
            if let Some(origin) = self.origins.get(key) {
                return origin.clone();
            }
            match key.rsplit_once('.') {
                Some((outer, _)) => key = outer,
                None => return Origin::Defaults,
            }
        }
    }
}

pub(super) fn merge(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Layers, LoadError> {
    let table: Table = super::DEFAULTS.parse().expect("the defaults are TOML: a test reads them");
    let mut layers = Layers { table, origins: BTreeMap::new() };
    if let Some(file) = file {
        layers.add_file(file)?;
    }
    layers.add_environment(environment)?;
    Ok(layers)
}

impl Layers {
    fn add_file(&mut self, file: &Path) -> Result<(), LoadError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| LoadError::Read { file: file.to_owned(), source })?;
        let table: Table = text.parse().map_err(|source: toml::de::Error| {
            let before = source.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(before).filter(|byte| *byte == b'\n').count();
            LoadError::Syntax { file: file.to_owned(), line, source }
        })?;
        let origin = Origin::File(file.to_owned());
        let given = Value::Table(table.clone());
        check_keys(&given, &mut Vec::new(), &origin)?;
        self.remember(&given, &mut Vec::new(), &origin);
        put_over(&mut self.table, table);
        Ok(())
    }

    fn remember(&mut self, value: &Value, path: &mut Vec<String>, origin: &Origin) {
        if !path.is_empty() {
            self.origins.insert(path.join("."), origin.clone());
        }
        for (name, member) in members(value) {
            path.push(name);
            self.remember(member, path, origin);
            path.pop();
        }
    }

    fn add_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), LoadError> {
        let mut given: BTreeMap<String, String> = environment
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .filter(|(name, _)| !OTHER_VARIABLES.contains(&name.as_str()))
            .collect();
        // The passphrase itself may have the prefix; which variable holds it is a key.
        let passphrase_env = given.get("READMIT_KEYRING__PASSPHRASE_ENV").cloned().or_else(|| {
            let keyring = self.table.get("keyring")?;
            Some(keyring.get("passphrase_env")?.as_str()?.to_owned())
        });
        given.retain(|name, _| Some(name) != passphrase_env.as_ref());

        for (variable, text) in given {
            let key = variable.strip_prefix(PREFIX).unwrap_or_default().to_lowercase();
            let path: Vec<String> = key.split("__").map(str::to_owned).collect();
            let origin = Origin::Environment(variable);
            let key = path.join(".");
            if !known::holds_value(&path) {
                let nearest = known::nearest(&path);
                return Err(LoadError::UnknownKey { origin, key, nearest });
            }
            let mut root = Value::Table(std::mem::take(&mut self.table));
            let set = set(&mut root, &path, &text);
            if let Value::Table(table) = root {
                self.table = table;
            }
            if set.is_none() {
                let reason = format!(
                    "must name a member of the list, from 0 and without gaps, at most \
                     {LIST_MEMBERS_MAX}"
                );
                return Err(LoadError::Value { origin, key, reason });
            }
            self.origins.insert(key, origin);
        }
        Ok(())
    }
}

/// The members of a table by name, or of a list by number.
fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Table(table) => table.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(list) if list.iter().any(Value::is_table) => {
            list.iter().enumerate().map(|(at, member)| (at.to_string(), member)).collect()
        }
        Value::Array(_)
        | Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Vec::new(),
    }
}

fn check_keys(value: &Value, path: &mut Vec<String>, origin: &Origin) -> Result<(), LoadError> {
    let here = members(value);
    if !path.is_empty() && !known::is_known(path) {
        let (origin, key) = (origin.clone(), path.join("."));
        let nearest = known::nearest(path);
        return Err(LoadError::UnknownKey { origin, key, nearest });
    }
    let is_section = matches!(value, Value::Table(_)) || !here.is_empty();
    if !is_section && known::is_section_only(path) {
        let (origin, key) = (origin.clone(), path.join("."));
        let reason = "must be a table".to_owned();
        return Err(LoadError::Value { origin, key, reason });
    }
    for (name, member) in here {
        path.push(name);
        check_keys(member, path, origin)?;
        path.pop();
    }
    Ok(())
}

/// Tables are merged; anything else, lists too, is replaced.
fn put_over(under: &mut Table, over: Table) {
    for (name, value) in over {
        match (under.get_mut(&name), value) {
            (Some(Value::Table(under)), Value::Table(over)) => put_over(under, over),
            (_, value) => {
                under.insert(name, value);
            }
        }
    }
}

/// Sets one value, making what is missing on the way; `None` where a list has no such member.
fn set(place: &mut Value, path: &[String], text: &str) -> Option<()> {
    let Some((name, rest)) = path.split_first() else {
        *place = value_of(place, text);
        return Some(());
    };
    if let Value::Array(list) = place {
        let at: usize = name.parse().ok()?;
        if at == list.len() && at < LIST_MEMBERS_MAX {
            list.push(Value::Table(Table::new()));
        }
        return set(list.get_mut(at)?, rest, text);
    }
    let Value::Table(table) = place else {
        return None;
    };
    let next_is_number = rest.first().is_some_and(|next| next.parse::<usize>().is_ok());
    let empty = || match rest {
        [] => Value::String(String::new()),
        _ if next_is_number => Value::Array(Vec::new()),
        _ => Value::Table(Table::new()),
    };
    set(table.entry(name.clone()).or_insert_with(empty), rest, text)
}

/// A text stays a text where there was one; `["a"]`, `5` and the like are read as TOML elsewhere.
fn value_of(before: &Value, text: &str) -> Value {
    let read = || {
        let mut table: Table = format!("value = {text}").parse().ok()?;
        table.remove("value")
    };
    match before {
        Value::String(before) if !before.is_empty() || !text.starts_with('[') => {
            Value::String(text.to_owned())
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => read().unwrap_or_else(|| Value::String(text.to_owned())),
    }
}
