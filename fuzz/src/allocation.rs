//! How much memory a decoder may hold while it reads foreign bytes, stated once.
//!
//! Protobuf and CBOR let a sender name many small things in few bytes: an empty message takes two
//! bytes on the wire and becomes a value of more than a hundred, a list of them is copied whenever
//! it doubles, and the check of the one encoding writes the bytes a second time. All of that is
//! proportional to what arrived; the most that was ever counted is 178 for one byte, for rules. How
//! much may arrive at all is for whoever carries it to bound.

/// Most bytes that a decoder holds at once for each byte that it was given.
pub const BYTES_PER_BYTE: usize = 256;
/// What it may hold beside that, however little it was given.
pub const BYTES_FIXED: usize = 16 * 1024;

/// Most bytes that a decoder may hold at once while it reads `length` bytes.
#[must_use]
pub const fn bytes_max(length: usize) -> usize {
    length.saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES_FIXED)
}
