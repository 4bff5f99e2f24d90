//! The clear part of an entry: written once, and read in the one way that all readers share.

use std::sync::Arc;

use domain::case::event::{AgreementAdopted, Statement};
use domain::chain::Content;
use domain::identifier::CaseId;
use domain::referral::LocalStatement;
use proto::InvalidField;
use proto::record::v1::{self, Facts, LocalFacts};

use crate::canonical::{self, NotCanonical};
use crate::digest::sha256;
use crate::rules;

/// Most bytes of the facts of one entry.
pub const FACTS_BYTES_MAX: usize = 64 * 1024;

/// Field 1, sixteen bytes: how facts begin that name a case.
const CASE_ID_FIELD: [u8; 2] = [0x0a, 0x10];

/// The bytes of facts. `case` is `None` on corridor statements.
#[must_use]
pub fn encode(case: Option<CaseId>, statement: &Statement) -> Vec<u8> {
    canonical::encode(&Facts::from((case, statement)))
}

/// The case that facts claim, read from how they begin, so that it is known even of facts that
/// are otherwise not understood.
#[must_use]
pub fn claimed_case(facts: &[u8]) -> Option<CaseId> {
    let id = facts.strip_prefix(&CASE_ID_FIELD)?.get(..CaseId::LENGTH)?;
    CaseId::from_slice(id).ok()
}

/// What facts state.
#[must_use]
pub fn read(facts: &[u8]) -> Content {
    statement(facts)
        .map_or(Content::NotUnderstood, |statement| Content::Stated(Arc::new(statement)))
}

fn statement(facts: &[u8]) -> Option<Statement> {
    if facts.len() > FACTS_BYTES_MAX {
        return None;
    }
    let mut message: Facts = canonical::decode(facts).ok()?;
    let rules = adopted_bytes(&mut message);
    let (_, statement) = <(Option<CaseId>, Statement)>::try_from(message).ok()?;
    if let Statement::AgreementAdopted(adopted) = statement {
        return Some(Statement::AgreementAdopted(with_rules(adopted, &rules)));
    }
    Some(statement)
}

/// Takes the rules' bytes out of an adoption.
fn adopted_bytes(message: &mut Facts) -> Vec<u8> {
    match &mut message.statement {
        Some(v1::facts::Statement::AgreementAdopted(it)) => std::mem::take(&mut it.rules),
        _ => Vec::new(),
    }
}

/// Fills in the adopted rules when the bytes are what the entry says that they are.
fn with_rules(adopted: AgreementAdopted, bytes: &[u8]) -> AgreementAdopted {
    let as_said = sha256(&[bytes]) == adopted.digest;
    let rules = as_said
        .then(|| rules::decode(bytes).ok())
        .flatten()
        .filter(|it| it.agreement == adopted.agreement && it.version == adopted.version);
    AgreementAdopted { rules: rules.map(Box::new), ..adopted }
}

/// Why local facts cannot be read. They are our own, so this is a fault and no judgement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalFactsError {
    /// Not in the canonical form.
    #[error("the local facts cannot be read")]
    NotCanonical(#[source] NotCanonical),
    /// A field does not hold what it must.
    #[error("a field of the local facts does not fit")]
    InvalidField(#[source] InvalidField),
}

/// The bytes of local facts.
#[must_use]
pub fn encode_local(case: CaseId, statement: &LocalStatement) -> Vec<u8> {
    canonical::encode(&LocalFacts::from((case, statement)))
}

/// Reads local facts.
///
/// # Errors
/// Not canonical, or a field does not fit.
pub fn decode_local(facts: &[u8]) -> Result<(CaseId, LocalStatement), LocalFactsError> {
    let message: LocalFacts = canonical::decode(facts).map_err(LocalFactsError::NotCanonical)?;
    message.try_into().map_err(LocalFactsError::InvalidField)
}
