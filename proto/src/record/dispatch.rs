//! What a dispatch says it has heard, to and from [`domain::chain`].

use domain::chain;

use super::field;
use crate::InvalidField;
use crate::record::v1;

impl TryFrom<v1::Heard> for chain::Heard {
    type Error = InvalidField;

    fn try_from(heard: v1::Heard) -> Result<Self, InvalidField> {
        Ok(Self {
            era: heard.era,
            number: heard.number,
            digest: field::digest(&heard.digest, "digest")?,
        })
    }
}

impl From<chain::Heard> for v1::Heard {
    fn from(heard: chain::Heard) -> Self {
        Self { era: heard.era, number: heard.number, digest: heard.digest.as_bytes().to_vec() }
    }
}
