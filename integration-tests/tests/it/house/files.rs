//! What a reader meets in every source file: a head that says what it is for, lines that fit, and
//! names that say a role.

use std::path::Path;

/// Longest line, in characters.
const LINE_CHARS_MAX: usize = 100;

/// Names that say nothing of a role.
const NAMELESS: &[&str] = &["common", "util", "utils", "helpers", "misc", "shared", "types"];

/// What does not reach the main branch, pieced together so that this file does not hold it.
fn unfinished() -> [String; 4] {
    ["FIX", "dbg", "todo", "unimplemented"].map(|start| match start {
        "FIX" => format!("{start}ME"),
        start => format!("{start}!("),
    })
}

fn name(path: &Path) -> String {
    path.strip_prefix(super::root()).unwrap().display().to_string()
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut wrong = Vec::new();
    for path in super::files(&super::root(), ".rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.lines().next().unwrap_or_default();
        // A head is a sentence: it starts with a capital or a code word and has several words.
        if !head.starts_with("//! ") || head.split_whitespace().count() < 4 {
            wrong.push(format!("{}: `{head}`", name(&path)));
        }
    }
    assert!(wrong.is_empty(), "files without a head:\n{}", wrong.join("\n"));
}

#[test]
fn lines_fit_and_nothing_is_unfinished() {
    let mut wrong = Vec::new();
    for path in super::files(&super::root(), ".rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        for (index, line) in text.lines().enumerate() {
            if line.chars().count() > LINE_CHARS_MAX {
                wrong.push(format!("{}:{}: too long", name(&path), index + 1));
            }
            if unfinished().iter().any(|word| line.contains(word)) {
                wrong.push(format!("{}:{}: unfinished", name(&path), index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_say_a_role() {
    let mut wrong = Vec::new();
    for path in super::files(&super::root(), ".rs") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy();
        let nameless = |word: &str| NAMELESS.contains(&word);
        if nameless(&stem) || nameless(&folder) || stem == "mod" {
            wrong.push(name(&path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crate_root_holds_its_text_and_its_modules_only() {
    let mut wrong = Vec::new();
    for path in super::files(&super::root(), "lib.rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| {
            let line = line.trim_start();
            ["fn ", "pub fn ", "struct ", "pub struct ", "impl ", "enum ", "pub enum ", "trait "]
                .iter()
                .any(|start| line.starts_with(start))
        });
        wrong.extend(code.map(|line| format!("{}: {line}", name(&path))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
