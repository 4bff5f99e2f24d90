//! `make bench`: measures what the design has budgets for, prints a table, and writes
//! `target/bench/report.json`.
//!
//! Each section brings its own rows; a new one is a module with a function that returns them, and
//! a line in [`SECTIONS`]. `bench SECTION …` measures some sections alone, `bench quick` all of
//! them on small amounts: only to see that they run, and never to be quoted. `bench large` also
//! measures what takes very long.
//!
//! The second node of the sections over the courier is this same binary in a process of its own,
//! started as `bench peer …` ([`peer`]).

mod report;
mod rounds;
mod parties;
mod dispatch;
mod derive;
mod host;
mod import;
mod peer;
mod bare;
mod courier;
mod store;
mod deadlines;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::report::{Report, Row};

/// As in the node.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Enough for figures that can be quoted, and what takes very long.
    Large,
    /// Enough for figures that can be quoted.
    Full,
    /// Just enough to see that everything runs.
    Quick,
}

impl Amount {
    /// `full`, or a twentieth of it.
    pub(crate) fn of(self, full: usize) -> usize {
        match self {
            Self::Large | Self::Full => full,
            Self::Quick => full.div_ceil(20),
        }
    }
}

/// The sections, in the order in which they are measured. The name is the first word of its rows.
const SECTIONS: &[&str] = &["record", "case", "import", "courier", "store", "agreements"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.split_first() {
        Some((first, rest)) if first == peer::ROLE => peer::run(rest),
        Some((first, rest)) if first == store::process::ROLE => store::process::run(rest),
        Some(_) | None => bench(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the named sections, or all.
fn bench(arguments: &[String]) -> Result<()> {
    let is_told = |word: &str| arguments.iter().any(|argument| argument == word);
    let amount = match (is_told("quick"), is_told("large")) {
        (true, _) => Amount::Quick,
        (false, true) => Amount::Large,
        (false, false) => Amount::Full,
    };
    let named = arguments.iter().map(String::as_str);
    let named: Vec<&str> = named.filter(|name| !["quick", "large"].contains(name)).collect();
    if let Some(unknown) = named.iter().find(|name| !SECTIONS.contains(name)) {
        bail!("`{unknown}` is no section: {}, `quick` or `large`", SECTIONS.join(", "));
    }
    let folder = folder()?;
    let file = folder.join("report.json");
    let mut report = Report::begin();
    for section in SECTIONS {
        if named.is_empty() || named.contains(section) {
            eprintln!("measuring: {section}");
            let rows = measure(section, amount, &folder);
            report.add(rows.with_context(|| format!("section `{section}`"))?);
            // A later section that fails leaves the figures of the earlier ones.
            report.write(&file)?;
        }
    }
    eprintln!("{report}");
    eprintln!("written to `{}`", file.display());
    Ok(())
}

fn measure(section: &str, amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    match section {
        "record" => dispatch::measure(amount),
        "case" => derive::measure(amount),
        "import" => import::measure(amount, folder),
        "courier" => courier::measure(amount, folder),
        "store" => store::measure(amount, folder),
        "agreements" => deadlines::measure(amount),
        other => bail!("no section `{other}`"),
    }
}

/// Where the report and the folders of the nodes lie: below the build folder, on a real disk.
fn folder() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
    folder.canonicalize().context("find the folder of the bench")
}
