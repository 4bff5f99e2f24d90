//! The content of an attachment: told by its structure, however it is cut into pieces.

use domain::person::attachment::MediaType;
use record::attachment::content::{Inspector, NotTaken};

/// Pieces that are no divisor of anything in the formats.
const PIECES: [usize; 2] = [1, 37];

pub(crate) fn decode(bytes: &[u8]) {
    let _ = told(bytes, bytes.len().max(1));
}

pub(crate) fn check(bytes: &[u8]) {
    let whole = told(bytes, bytes.len().max(1));
    for piece in PIECES {
        assert_eq!(told(bytes, piece), whole, "in pieces of {piece} it is the same file");
    }
}

fn told(bytes: &[u8], piece: usize) -> Result<MediaType, NotTaken> {
    let mut inspector = Inspector::default();
    for piece in bytes.chunks(piece) {
        inspector.push(piece)?;
    }
    inspector.finish()
}
