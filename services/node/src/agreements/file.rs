//! Reading a file that somebody hands in: bounded, and a text.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ::agreements::{Fault, FileError};

use super::refusal::Refusal;

/// Bytes of a file at most; the largest data file that is built in has a twentieth of them.
const BYTES_MAX: usize = 4 << 20;

/// The bytes of a file.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        // One more than is allowed, so that what is larger is seen to be.
        file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)
    });
    read.map_err(|error| Refusal::file(path, &error))?;
    match bytes.len() > BYTES_MAX {
        true => Err(fault(path, 1, Fault::TooLarge { bytes_max: BYTES_MAX })),
        false => Ok(bytes),
    }
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String, Refusal> {
    String::from_utf8(bytes(path)?).map_err(|error| {
        let until = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = until.iter().filter(|byte| **byte == b'\n').count() + 1;
        fault(path, line, Fault::NotText)
    })
}

fn fault(path: &Path, line: usize, fault: Fault) -> Refusal {
    let file = path.display().to_string();
    Refusal::unreadable(FileError { file, line, fault }.to_string())
}
