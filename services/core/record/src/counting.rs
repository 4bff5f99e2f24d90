//! Whether a statement of the corridor counts: decided where the bytes are, once for all readers.
//!
//! What does not count is shown to the rules as not understood, so they verify no signature and
//! hash nothing.

use domain::case::event::{Restated, Statement};
use domain::chain::{Content, Heard};
use domain::identifier::Digest;

use crate::digest::sha256;
use crate::fault::{self, Accused};
use crate::key_directory::KeyDirectory;

/// Where an entry stands, as far as it matters for whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its position in its log.
    pub position: u64,
    /// What its dispatch had heard of the other log.
    pub heard: Option<Heard>,
}

/// Whether what an entry states counts. `own` is the directory of the log that it stands in, with
/// its dispatch taken in; `other` the other log, at least as far as the dispatch had heard it.
#[must_use]
pub fn counts(
    content: &Content,
    standing: Standing,
    own: &KeyDirectory,
    other: &impl Accused,
) -> bool {
    let Content::Stated(statement) = content else {
        return false;
    };
    if let Statement::FaultProved(proved) = statement.as_ref() {
        return fault::proven(proved, standing.heard, other).is_some();
    }
    own.counts(standing.position)
}

/// What an entry states, as the rules read it: not understood where it does not count.
#[must_use]
pub fn counted(
    content: Content,
    standing: Standing,
    own: &KeyDirectory,
    other: &impl Accused,
) -> Content {
    if counts(&content, standing, own, other) { content } else { Content::NotUnderstood }
}

/// Whether a restatement says again what its author's entry holds. `body_digest` is that of the
/// entry which it names, where that stands before it in the same log and is of the same case. That
/// the wrapped key opens it is for the recipient alone to see.
#[must_use]
pub fn restates(restated: &Restated, body_digest: Option<Digest>) -> bool {
    body_digest == Some(sha256(&[&restated.sealed_body.0]))
}
