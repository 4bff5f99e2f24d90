//! Clocks on a common scale of time, drawn in a line of characters each.

use std::fmt::Write as _;

use domain::clock::Began;
use domain::time::{Date, Instant};

use crate::clause::End;
use crate::timeline::{Ending, Line, Situation};

/// Characters of the scale.
const WIDTH: usize = 48;

/// The stretch of time that all clocks together cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Scale {
    /// The scale of the clocks that end; `None` where none does.
    pub(crate) fn of(lines: &[Line]) -> Option<Self> {
        let from = ended(lines).map(|(_, ending)| start_ms(ending.began)).min()?;
        let to = ended(lines).map(|(_, ending)| ending.at.as_ms()).max()?;
        Some(Self { from, to: to.max(from + 1) })
    }

    /// The place of a moment on a scale of so many steps.
    pub(crate) fn at(self, ms: u64, steps: usize) -> usize {
        let (past, whole) = (ms.saturating_sub(self.from), self.to - self.from);
        let step = u128::from(past) * steps as u128 / u128::from(whole);
        usize::try_from(step).map_or(steps, |step| step.min(steps))
    }
}

/// The clocks that have started and end.
pub(crate) fn ended(lines: &[Line]) -> impl Iterator<Item = (&Line, &Ending)> {
    lines.iter().filter_map(|line| match &line.situation {
        Situation::Ends(ending) => Some((line, ending)),
        Situation::NotStarted(_)
        | Situation::NotComputable { .. }
        | Situation::HolidayMustBeConfirmed { .. } => None,
    })
}

/// When a clock started, for drawing: a day by its midnight in UTC.
pub(crate) fn start_ms(began: Began) -> u64 {
    match began {
        Began::At(moment) => moment.as_ms(),
        Began::On(day) => day_ms(day),
    }
}

/// The midnight in UTC with which a day begins.
pub(crate) fn day_ms(day: Date) -> u64 {
    let since = day.duration_since(jiff::civil::date(1970, 1, 1)).as_secs();
    u64::try_from(since).unwrap_or_default().saturating_mul(1_000)
}

/// The day of a moment, in UTC.
pub(crate) fn day_of_ms(ms: u64) -> String {
    let printed = Instant::from_ms(ms).to_string();
    printed.get(..10).unwrap_or(&printed).to_owned()
}

/// A drawing in characters, a line for each clock that ends; empty where none does.
#[must_use]
pub fn chart(lines: &[Line]) -> String {
    let Some(scale) = Scale::of(lines) else { return String::new() };
    let name = ended(lines).map(|(line, _)| line.clock.chars().count()).max().unwrap_or_default();
    let (from, to) = (day_of_ms(scale.from), day_of_ms(scale.to));
    let mut text = format!("{:name$}  {from}{to:>gap$}\n", "", gap = WIDTH + 1 - from.len());
    for (line, ending) in ended(lines) {
        let start = scale.at(start_ms(ending.began), WIDTH - 1);
        let end = scale.at(ending.at.as_ms(), WIDTH - 1).max(start + 1);
        let (run, mark) = match line.timed.end {
            End::Latest => ("=", '|'),
            End::Earliest => (".", '>'),
            End::Valid => ("-", '|'),
        };
        let run = run.repeat(end - start - 1);
        let bar = format!("{:start$}o{run}{mark}", "");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<name$}  {bar:<WIDTH$}   {}", line.clock, ending.last_day);
    }
    text
}
