//! Breaks each rule of the domain, one at a time, and says which test notices: `make mutants`.
//!
//! A rule is what `rule.rs` requires, line by line, or a name that the sources give to
//! `mutant::broken`. For each, the tests run in this order until one fails: the decisions, the
//! judgements and crossings, the model to a bounded depth, the random histories. A rule that can
//! be broken without a test that fails is printed, and fails the run.
//!
//! With `n/m` as an argument, only every m-th rule is broken, from the n-th on; with words, those
//! whose name holds one of them.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "the list is what this is for")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Where rules are, under `src/`.
const SOURCES: [(&str, &str); 7] = [
    ("rules.rs", include_str!("../../src/rules.rs")),
    ("rule.rs", include_str!("../../src/case/rule.rs")),
    ("dispute.rs", include_str!("../../src/case/dispute.rs")),
    ("correction.rs", include_str!("../../src/case/correction.rs")),
    ("knowledge.rs", include_str!("../../src/case/knowledge.rs")),
    ("outcome.rs", include_str!("../../src/case/outcome.rs")),
    ("crossing.rs", include_str!("../../src/case/crossing.rs")),
];

/// The tests that may notice: what they are called, their executable, and its arguments.
const TESTS: [(&str, &str, &[&str]); 4] = [
    ("decisions", "domain", &[]),
    ("judgements", "it", &["--skip", "properties::"]),
    ("model", "model", &["quick"]),
    ("histories", "it", &["properties::"]),
];

/// A rule that can be broken.
struct Mutant {
    /// What `READMIT_MUTANT` names.
    name: String,
    /// What it is, for the list.
    what: String,
}

#[expect(clippy::disallowed_methods, reason = "which rules are broken is said on the line")]
fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let all = mutants();
    let count = all.len();
    let chosen: Vec<Mutant> = all
        .into_iter()
        .enumerate()
        .filter(|(at, it)| is_wanted(&wanted, *at, it))
        .map(|(_, it)| it)
        .collect();
    println!("{} of {count} rules are broken, one at a time", chosen.len());
    let mut survived = Vec::new();
    for mutant in chosen {
        match noticed(&mutant.name) {
            Some(by) => println!("{:<16} {}: {by}", mutant.name, mutant.what),
            None => {
                println!("{:<16} {}: NOT NOTICED", mutant.name, mutant.what);
                survived.push(mutant.name);
            }
        }
    }
    if survived.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("nobody noticed: {survived:?}");
    ExitCode::FAILURE
}

fn is_wanted(wanted: &[String], at: usize, mutant: &Mutant) -> bool {
    let share = |word: &String| {
        let (first, step) = word.split_once('/')?;
        let (first, step): (usize, usize) = (first.parse().ok()?, step.parse().ok()?);
        Some(at % step.max(1) == first)
    };
    wanted.is_empty()
        || wanted.iter().any(|word| {
            share(word).unwrap_or_else(|| {
                mutant.name.contains(word.as_str()) || mutant.what.contains(word.as_str())
            })
        })
}

/// Every rule that can be broken, in the order of the sources.
fn mutants() -> Vec<Mutant> {
    let mut found = Vec::new();
    for (file, source) in SOURCES {
        let lines: Vec<&str> = source.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if file == "rule.rs" && line.contains("require(") && !line.contains("fn require(") {
                let call = lines.get(at..).unwrap().iter().take(6).copied().collect::<String>();
                let rule = call.split("Rejection::").nth(1).unwrap_or_default();
                let rule = rule.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default();
                found.push(Mutant { name: format!("{file}:{}", at + 1), what: rule.to_owned() });
            }
            for name in line.split("mutant::broken(\"").skip(1) {
                let name = name.split('"').next().unwrap_or_default();
                found.push(Mutant { name: name.to_owned(), what: file.to_owned() });
            }
        }
    }
    found
}

/// Which test notices that a rule is broken, if one does.
fn noticed(name: &str) -> Option<String> {
    TESTS.iter().find_map(|(tests, executable, arguments)| {
        let run = Command::new(newest(executable))
            .args(*arguments)
            .env("READMIT_MUTANT", name)
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        if run.status.success() {
            return None;
        }
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        let first = told
            .lines()
            .find_map(|line| line.strip_prefix("---- ")?.strip_suffix(" stdout ----"))
            .or_else(|| told.lines().find(|line| line.contains("invariant ")))
            .unwrap_or_default();
        Some(format!("{tests}, {first}"))
    })
}

/// The newest executable of a test, beside this one: they are built together.
fn newest(test: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let beside = std::fs::read_dir(here.parent().unwrap()).unwrap().map(|it| it.unwrap().path());
    let named = beside.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        let hash = name.strip_prefix(test).and_then(|rest| rest.strip_prefix('-'));
        hash.is_some_and(|hash| hash.chars().all(|it| it.is_ascii_hexdigit()))
    });
    named.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}
