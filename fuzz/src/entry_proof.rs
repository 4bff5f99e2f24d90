//! A proof of single entries, as a third party is handed it.

use record::entry_proof;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = entry_proof::verify(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    match entry_proof::verify(bytes) {
        Ok(verified) => {
            let size = verified.header.log_size;
            let within = verified.entries.iter().all(|entry| entry.position < size);
            assert!(within, "an entry that is proved is in the log");
        }
        // What is wrong is told in a sentence.
        Err(invalid) => assert!(!invalid.to_string().is_empty(), "a fault has words"),
    }
}
