//! The invariants, in tens of thousands of histories, and whether everything that can happen did.
//!
//! A history that breaks one is cut down, written to a file and named with its seed. The file goes
//! to `tests/it/histories/`, where it is played for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use domain::case::rejection::Rejection;

use crate::crossing::TABLE;
use crate::fault::ROWS;
use crate::generate::{Generated, history};
use crate::step::Step;
use crate::watch::{Seen, Watch, World};

/// How many histories are played.
const HISTORIES: u64 = 20_000;

/// Where the seeds start. Another start is another twenty thousand histories.
const FIRST_SEED: u64 = 0x5eed_0000;

/// Less than so many of a thousand histories is too few of anything.
const PER_THOUSAND_MIN: u64 = 1;

const RESULTS: [&str; 8] = [
    "open",
    "accepted",
    "accepted-by-silence",
    "refused",
    "refused-by-silence",
    "returned-unconsidered",
    "withdrawn",
    "cancelled-after",
];

#[test]
fn every_invariant_holds_after_every_step_and_everything_occurs() {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let played: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let seeds = (0..HISTORIES).filter(|seed| seed % threads == thread);
                    seeds.map(|seed| watched(FIRST_SEED + seed)).collect::<Vec<_>>()
                })
            })
            .collect();
        played.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (table, rare) = tally(&seen);
    assert!(rare.is_empty(), "{table}\ntoo rare: {rare:?}");
    eprint!("{table}");
}

/// Every history that once broke an invariant.
#[test]
fn recorded_histories_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/histories");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let recorded = parse(&std::fs::read_to_string(&file).unwrap());
        if let Err(why) = play(&recorded) {
            panic!("{}: {why}", file.display());
        }
    }
}

#[test]
fn a_history_reads_as_it_is_written() {
    for seed in 0..200 {
        let generated = history(seed);
        assert_eq!(parse(&print(&generated)), generated);
    }
}

/// Plays the history of a seed; a failure is cut down, written down and told.
fn watched(seed: u64) -> Seen {
    let generated = history(seed);
    match play(&generated) {
        Ok(seen) => seen,
        Err(_) => {
            let least = cut_down(generated);
            let why = play(&least).unwrap_err();
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
            let file = folder.join(format!("history-{seed:x}.txt"));
            std::fs::write(&file, format!("# {}\n{}", why.lines().next().unwrap(), print(&least)))
                .unwrap();
            panic!("seed {seed:#x}, written to {}: {why}\n{}", file.display(), print(&least));
        }
    }
}

fn play(generated: &Generated) -> Result<Seen, String> {
    let mut watch = Watch::new(generated.world);
    for step in &generated.steps {
        watch.step(step).map_err(|why| format!("{why}\nafter: {step}"))?;
    }
    watch.end()?;
    Ok(watch.seen)
}

/// Leaves out every step without which it still fails.
fn cut_down(mut generated: Generated) -> Generated {
    let mut index = 0;
    while index < generated.steps.len() {
        let mut less = generated.clone();
        less.steps.remove(index);
        if play(&less).is_err() {
            generated = less;
        } else {
            index += 1;
        }
    }
    generated
}

fn print(generated: &Generated) -> String {
    let mut text = format!("{:?}\n", generated.world);
    for step in &generated.steps {
        writeln!(text, "{step}").unwrap();
    }
    text
}

fn parse(text: &str) -> Generated {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let world = lines.next().unwrap();
    let world = World::ALL.into_iter().find(|it| format!("{it:?}") == world).unwrap();
    Generated { world, steps: lines.map(Step::parse).collect() }
}

/// What occurred in how many histories, as a table; and what occurred in too few. Every rule is
/// counted, broken by a command or on the record: there is none that cannot be broken, so nothing
/// is exempt.
fn tally(seen: &[Seen]) -> (String, Vec<String>) {
    let mut counts: BTreeMap<(u8, String), u64> = BTreeMap::new();
    let wanted = RESULTS.iter().map(|it| (0, (*it).to_owned()));
    let wanted =
        wanted.chain(["provisional", "confirmed", "disputed"].map(|it| (1, it.to_owned())));
    let wanted = wanted.chain(TABLE.iter().map(|row| (2, row.design.to_owned())));
    let wanted = wanted.chain(ROWS.iter().map(|(name, _)| (4, (*name).to_owned())));
    let rules = Rejection::ALL.iter().map(|rule| (3, rule.rule()));
    counts.extend(wanted.chain(rules).map(|key| (key, 0)));
    for one in seen {
        let broken: BTreeSet<usize> = one.judged.union(&one.decided).copied().collect();
        let results = one.results.iter().map(|it| (0, (*it).to_owned()));
        let standings = one.standings.iter().map(|it| (1, (*it).to_owned()));
        let crossings = one.crossings.iter().map(|it| (2, (*it).to_owned()));
        let rules = broken.into_iter().map(|index| (3, Rejection::ALL[index].rule()));
        let faults = one.faults.iter().map(|it| (4, (*it).to_owned()));
        for key in results.chain(standings).chain(crossings).chain(faults).chain(rules) {
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut table = String::new();
    for ((_, name), count) in &counts {
        writeln!(table, "{count:>7}  {name}").unwrap();
    }
    let least = seen.len() as u64 * PER_THOUSAND_MIN / 1000;
    let rare = counts.into_iter().filter(|(_, count)| *count < least);
    (table, rare.map(|((_, name), count)| format!("{name}: {count}")).collect())
}
