//! Plays histories of the simulation for as long as one likes: `simulate FROM COUNT [MINUTES]`, or
//! `simulate SEED` for one alone, or `simulate FILE` for one that was kept. A history that fails is
//! made short and kept under `target/histories/`.
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use integration_tests::simulation::seen::Seen;
use integration_tests::simulation::{self, generate, story};

/// How often it says how far it is.
const PROGRESS: Duration = Duration::from_secs(5);
/// Where failing histories are kept.
const KEPT: &str = "target/histories";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let _entered = runtime.enter();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [from, count] => many(from.parse()?, count.parse()?, Duration::MAX),
        [from, count, minutes] => {
            let minutes: u64 = minutes.parse()?;
            many(from.parse()?, count.parse()?, Duration::from_secs(minutes * 60))
        }
        [one] => match one.parse() {
            Ok(seed) => single(&generate::history(seed)?, seed.is_multiple_of(8)),
            Err(_) => {
                let text =
                    std::fs::read_to_string(one).with_context(|| format!("reading {one}"))?;
                single(&story::read(&text)?, true)
            }
        },
        _ => bail!("wanted: FROM COUNT [MINUTES], or a seed, or the file of a history"),
    }
}

fn single(history: &generate::Generated, thorough: bool) -> Result<()> {
    println!("{}", story::write(history, ""));
    let mut seen = Seen::default();
    seen.add(history.steps.len() as u64, simulation::play(history, thorough)?);
    println!("{seen}");
    Ok(())
}

fn many(from: u64, count: u64, most: Duration) -> Result<()> {
    println!("playing the histories of seeds {from} to {}", from + count - 1);
    let mut seen = Seen::default();
    let mut failed = 0;
    let began = Instant::now();
    let mut told = began;
    for seed in from..from + count {
        if began.elapsed() >= most {
            println!("time is over before seed {seed}");
            break;
        }
        if let Err(failure) = simulation::play_seed(seed, &mut seen) {
            failed += 1;
            let comment = format!("seed {seed}\n{}", failure.why);
            std::fs::create_dir_all(KEPT)?;
            let path = Path::new(KEPT).join(format!("{seed}.txt"));
            std::fs::write(&path, story::write(&failure.history, &comment))?;
            println!("seed {seed} fails: {}\n  kept in {}", failure.why, path.display());
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            println!("{} histories, {:.0}/s", seen.histories, rate(&seen, began));
        }
    }
    println!("{seen}");
    println!("{:.0} histories/s", rate(&seen, began));
    let missing = seen.missing();
    if !missing.is_empty() {
        println!("hardly ever occurred:\n  {}", missing.join("\n  "));
    }
    if failed > 0 || !missing.is_empty() {
        bail!("{failed} histories failed, {} things hardly ever occurred", missing.len());
    }
    Ok(())
}

fn rate(seen: &Seen, since: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "to be read, not to be reckoned with")]
    let histories = seen.histories as f64;
    histories / since.elapsed().as_secs_f64().max(0.001)
}
