//! A bounded share of the simulation: as much as a check of everything can wait for. `make
//! simulate` plays as many as one likes.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use integration_tests::simulation::seen::Seen;
use integration_tests::simulation::{self, story};

/// Histories that are played.
const HISTORIES: u64 = 1_000;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn every_invariant_holds_after_every_step_of_random_histories() {
    let share = HISTORIES / 2;
    let play = |from: u64| {
        let runtime = runtime();
        let _entered = runtime.enter();
        let mut seen = Seen::default();
        for seed in from..from + share {
            if let Err(failed) = simulation::play_seed(seed, &mut seen) {
                let text = story::write(&failed.history, &format!("seed {seed}\n{}", failed.why));
                panic!("seed {seed}: {}\n{text}", failed.why);
            }
        }
        seen
    };
    let seen = std::thread::scope(|scope| {
        let other = scope.spawn(|| play(share));
        let mut seen = play(0);
        seen.merge(other.join().unwrap());
        seen
    });
    let missing = seen.missing();
    assert!(missing.is_empty(), "hardly ever occurred: {missing:#?}\n{seen}");
}

#[test]
fn histories_that_once_failed_hold() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let history = story::read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if let Err(error) = simulation::play(&history, true) {
            panic!("{}: {error:#}", path.display());
        }
    }
}
