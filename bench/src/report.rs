//! The report: rows, the machine that they were taken on, a file and a table.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// What was measured; its first word is the section.
    name: String,
    /// The median of the runs.
    value: f64,
    /// What `value` and `baseline` count.
    unit: &'static str,
    /// The same of something bare, taken in the same runs.
    baseline: Option<f64>,
    /// `value` by `baseline`: the median of the ratios of each run.
    ratio: Option<f64>,
    /// What DESIGN 13 asks for.
    budget: Option<String>,
    /// Whether it was kept.
    met: Option<bool>,
}

/// What DESIGN 13 asks of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// The value must not be below.
    AtLeast(f64),
    /// The value must not be above.
    AtMost(f64),
    /// The ratio must not be below.
    RatioAtLeast(f64),
    /// The ratio must not be above.
    RatioAtMost(f64),
}

impl Row {
    /// A figure without anything to hold it against.
    pub(crate) fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        let (baseline, ratio, budget, met) = (None, None, None, None);
        Self { name: name.into(), value, unit, baseline, ratio, budget, met }
    }

    /// Holds it against something bare.
    pub(crate) fn against(self, baseline: f64, ratio: f64) -> Self {
        Self { baseline: Some(baseline), ratio: Some(ratio), ..self }
    }

    /// Holds it to a budget. A ratio that was not taken keeps none.
    pub(crate) fn budget(self, budget: Budget) -> Self {
        let (text, met) = match budget {
            Budget::AtLeast(least) => (format!("value >= {least}"), self.value >= least),
            Budget::AtMost(most) => (format!("value <= {most}"), self.value <= most),
            Budget::RatioAtLeast(least) => {
                (format!("ratio >= {least}"), self.ratio.is_some_and(|ratio| ratio >= least))
            }
            Budget::RatioAtMost(most) => {
                (format!("ratio <= {most}"), self.ratio.is_some_and(|ratio| ratio <= most))
            }
        };
        Self { budget: Some(text), met: Some(met), ..self }
    }
}

/// All figures of one run of the bench.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Cores that this process may use.
    cores: usize,
    /// What else the machine did: its load over a minute, before and after.
    load_before: Option<f64>,
    load_after: Option<f64>,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn begin() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        Self { cores, load_before: load(), load_after: None, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
        self.load_after = load();
    }

    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(file, text + "\n").with_context(|| format!("write `{}`", file.display()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = |load: Option<f64>| load.map_or("?".to_owned(), |load| format!("{load:.2}"));
        let (before, after) = (load(self.load_before), load(self.load_after));
        writeln!(f, "\n{} cores; load {before} before, {after} after", self.cores)?;
        let titles = ["", "value", "unit", "baseline", "ratio", "budget", "met"].map(str::to_owned);
        let lines: Vec<[String; 7]> =
            std::iter::once(titles).chain(self.rows.iter().map(cells)).collect();
        let mut widths = [0; 7];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = (*width).max(cell.len());
            }
        }
        for line in &lines {
            for (index, (cell, width)) in line.iter().zip(widths).enumerate() {
                // Numbers stand to the right, so that their digits stand below each other.
                match index {
                    1 | 3 | 4 => write!(f, "{cell:>width$}  ")?,
                    _ => write!(f, "{cell:<width$}  ")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn cells(row: &Row) -> [String; 7] {
    let met = row.met.map(|met| if met { "yes" } else { "NO" }.to_owned());
    [
        row.name.clone(),
        figure(row.value),
        row.unit.to_owned(),
        row.baseline.map(figure).unwrap_or_default(),
        row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        row.budget.clone().unwrap_or_default(),
        met.unwrap_or_default(),
    ]
}

/// A number with about four digits.
fn figure(value: f64) -> String {
    let decimals = match value {
        value if value >= 1000.0 => 0,
        value if value >= 100.0 => 1,
        value if value >= 1.0 => 2,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// The load of the machine over the last minute; Linux only.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
