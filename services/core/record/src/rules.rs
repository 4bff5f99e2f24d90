//! Compiled rules as the bytes that an adoption carries, and back.

use domain::case::event::AgreementAdopted;
use domain::identifier::Digest;
use domain::rules::Rules;
use proto::InvalidField;
use proto::record::v1::CompiledRules;

use crate::canonical::{self, NotCanonical};
use crate::digest::sha256;

/// Why bytes are no compiled rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not in the canonical form.
    #[error("the compiled rules cannot be read")]
    NotCanonical(#[source] NotCanonical),
    /// A field does not hold what it must.
    #[error("a field of the compiled rules does not fit")]
    InvalidField(#[source] InvalidField),
}

/// The canonical bytes of compiled rules.
#[must_use]
pub fn encode(rules: &Rules) -> Vec<u8> {
    canonical::encode(&CompiledRules::from(rules))
}

/// SHA-256 of the canonical bytes: what an adoption and a request name.
#[must_use]
pub fn digest(rules: &Rules) -> Digest {
    sha256(&[&encode(rules)])
}

/// Reads compiled rules from their canonical bytes.
///
/// # Errors
/// Not canonical, or a field does not fit.
pub fn decode(bytes: &[u8]) -> Result<Rules, RulesError> {
    let message: CompiledRules = canonical::decode(bytes).map_err(RulesError::NotCanonical)?;
    message.try_into().map_err(RulesError::InvalidField)
}

/// The statement that adopts compiled rules.
#[must_use]
pub fn adoption(rules: Rules) -> AgreementAdopted {
    AgreementAdopted {
        agreement: rules.agreement.clone(),
        version: rules.version,
        digest: digest(&rules),
        rules: Some(Box::new(rules)),
    }
}
