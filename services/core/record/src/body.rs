//! The sealed part of an entry, before sealing and after opening.

use domain::person::Particulars;
use proto::InvalidField;
use proto::record::v1::Body;
use zeroize::Zeroizing;

use crate::canonical::{self, NotCanonical};

/// Why an opened body cannot be read. Says the field, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not in the canonical form.
    #[error("the body cannot be read")]
    NotCanonical(#[source] NotCanonical),
    /// A field does not hold what it must.
    #[error("a field of the body does not fit")]
    InvalidField(#[source] InvalidField),
}

/// The bytes of a body; wiped when dropped.
#[must_use]
pub fn encode(particulars: &Particulars) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(canonical::encode(&Body::from(particulars)))
}

/// Reads a body.
///
/// # Errors
/// Not canonical, or a field does not fit.
pub fn decode(body: &[u8]) -> Result<Particulars, BodyError> {
    let message: Body = canonical::decode(body).map_err(BodyError::NotCanonical)?;
    message.try_into().map_err(BodyError::InvalidField)
}
