//! Whatever was once kept as an input still holds.

use fuzz::target::Target;
use fuzz::variant;

use crate::input::{files, home, vectors};

/// Most bytes of the whole corpus.
const CORPUS_BYTES_MAX: u64 = 1024 * 1024;

/// Whether a target holds over bytes. What it panicked with is printed as it does.
fn holds(target: Target, bytes: &[u8]) -> bool {
    std::panic::catch_unwind(|| target.check(bytes)).is_ok()
}

#[test]
fn every_target_holds_over_its_corpus_and_its_regressions() {
    let mut wrong = Vec::new();
    for target in Target::ALL {
        for kind in ["corpus", "regressions"] {
            for file in files(&home().join(kind).join(target.name())) {
                let bytes = std::fs::read(&file).unwrap();
                let inputs = std::iter::once(bytes.clone()).chain(variant::near(&bytes));
                let wrongs = inputs.filter(|input| !holds(target, input));
                wrong.extend(wrongs.map(|it| format!("{}: {}", file.display(), hex::encode(it))));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_target_holds_over_the_golden_vectors() {
    let vectors = vectors();
    assert!(vectors.len() > 100, "the vectors are there");
    let mut wrong = Vec::new();
    for target in Target::ALL {
        let wrongs = vectors.iter().filter(|vector| !holds(target, vector));
        wrong.extend(wrongs.map(|it| format!("{}: {}", target.name(), hex::encode(it))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_target_has_a_corpus_and_all_together_are_small() {
    let mut bytes = 0;
    for target in Target::ALL {
        let corpus = files(&home().join("corpus").join(target.name()));
        assert!(!corpus.is_empty(), "`{}` has no corpus", target.name());
        bytes += corpus.iter().map(|file| file.metadata().unwrap().len()).sum::<u64>();
    }
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes of corpus");
}

#[test]
fn every_folder_of_inputs_is_that_of_a_target() {
    for kind in ["corpus", "regressions"] {
        for folder in files(&home().join(kind)) {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with('.') || Target::named(&name).is_some(), "`{name}` is of none");
        }
    }
}
