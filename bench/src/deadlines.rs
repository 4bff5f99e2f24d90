//! Agreements: reading and compiling every document, and deadlines a second.

use anyhow::{Context, Result, ensure};
use domain::clock::{self, NotComputable};
use domain::identifier::{AgreementId, State};
use domain::rules::{Length, Rules, Unit};
use domain::time::{Date, Instant};

use crate::Amount;
use crate::report::{Budget, Row};
use crate::rounds::{Candidate, interleaved};

/// Deadlines that each row computes in one round.
const DEADLINES: usize = 2_000_000;
/// What is asked for, a second.
const CALENDAR_AT_LEAST: f64 = 1_000_000.0;
const WORKING_AT_LEAST: f64 = 200_000.0;

/// 2024-06-01T00:00:00Z: from here on the starts are spread over three years.
const FIRST_MS: u64 = 1_717_200_000_000;
const SPREAD_MS: u64 = 3 * 365 * 86_400_000;

/// The lengths of limits in calendar units as they occur in the data, each unit once.
const CALENDAR: [Length; 5] = [
    Length { count: 28, unit: Unit::CalendarDays },
    Length { count: 30, unit: Unit::DaysUnqualified },
    Length { count: 2, unit: Unit::Weeks },
    Length { count: 3, unit: Unit::CalendarMonths },
    Length { count: 1, unit: Unit::Years },
];
/// The same in working days, from the shortest of the data to the longest.
const WORKING: [Length; 5] = [
    Length { count: 1, unit: Unit::WorkingDays },
    Length { count: 2, unit: Unit::WorkingDays },
    Length { count: 3, unit: Unit::WorkingDays },
    Length { count: 8, unit: Unit::WorkingDays },
    Length { count: 15, unit: Unit::WorkingDays },
];

pub(crate) fn measure(amount: Amount) -> Result<Vec<Row>> {
    let on: Date = "2026-01-05".parse().context("a day")?;
    let agreement = AgreementId::new("benelux_kosovo_2011")?;
    let pair = (State::new("NL")?, State::new("XK")?);
    let rules = agreements::compile(&agreement, 1, pair, on)?;
    let times = amount.of(DEADLINES);
    let documents = agreements::documents();
    let mut candidates = [
        Candidate {
            name: "agreements: read and check all built-in files".to_owned(),
            work: Box::new(|| {
                let read = agreements::check_built_in()?;
                ensure!(read == documents.len(), "{read} documents");
                Ok(1)
            }),
        },
        Candidate {
            name: "agreements: compile every document, with what it lacks".to_owned(),
            work: Box::new(|| {
                for document in &documents {
                    let agreement = document.implements.as_ref().unwrap_or(&document.id);
                    let pair = agreements::stand_in(&document.parties).context("a pair")?;
                    std::hint::black_box(agreements::readiness(agreement, pair, on));
                }
                Ok(1)
            }),
        },
        Candidate {
            name: "agreements: deadlines in calendar units".to_owned(),
            work: Box::new(|| deadlines(&rules, pair.1, &CALENDAR, times)),
        },
        Candidate {
            name: "agreements: deadlines in working days".to_owned(),
            work: Box::new(|| deadlines(&rules, pair.1, &WORKING, times)),
        },
    ];
    let rates = interleaved(&mut candidates)?;
    let row = |(index, (name, rate)): (usize, (String, f64))| match index {
        0 | 1 => Row::new(name, 1e3 / rate, "ms"),
        2 => Row::new(name, rate, "/s").budget(Budget::AtLeast(CALENDAR_AT_LEAST)),
        _ => Row::new(name, rate, "/s").budget(Budget::AtLeast(WORKING_AT_LEAST)),
    };
    Ok(rates.into_iter().enumerate().map(row).collect())
}

/// Computes so many deadlines, of starts spread over three years.
fn deadlines(rules: &Rules, acting: State, lengths: &[Length], times: usize) -> Result<usize> {
    let step = SPREAD_MS / u64::try_from(times)?.max(1);
    let starts = (0..).map(|index: u64| Instant::from_ms(FIRST_MS + index * step));
    for (length, start) in lengths.iter().cycle().zip(starts).take(times) {
        let end = clock::end(rules, start, *length, acting);
        match std::hint::black_box(end) {
            Ok(end) => ensure!(end > start, "a deadline before its start"),
            // To find that a holiday decides it takes no less than to find its end.
            Err(NotComputable::HolidayEstimated { .. }) => {}
            Err(why) => return Err(why).context("a deadline within the covered years"),
        }
    }
    Ok(times)
}
