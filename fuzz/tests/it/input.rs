//! Inputs that are kept: one file each, in a folder named after its target.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of this crate.
pub(crate) fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder, in order; none where there is no such folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every byte string of the golden vectors.
pub(crate) fn vectors() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for file in files(&home().join("../docs/spec/vectors")) {
        let value: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        byte_strings(&value, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn byte_strings(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => found.extend(hex::decode(text)),
        Value::Array(items) => items.iter().for_each(|item| byte_strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| byte_strings(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
