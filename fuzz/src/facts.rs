//! The clear facts of an entry, and of what a State keeps to itself.

use domain::case::event::Statement;
use domain::chain::Content;
use prost::Message as _;
use proto::record::v1::{self, facts::Statement as Wire};
use record::digest::sha256;
use record::facts;

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = facts::claimed_case(bytes);
    let _ = facts::read(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::Facts>(bytes, look);
    form::both::<v1::LocalFacts>(bytes, look_local);
    if let Some(adoption) = adopting(bytes) {
        look(&adoption);
    }
}

fn look(bytes: &[u8]) {
    match facts::read(bytes) {
        Content::Stated(statement) => holds(bytes, &statement),
        Content::NotUnderstood => {}
    }
}

/// What holds of every statement that was understood.
pub(crate) fn holds(bytes: &[u8], statement: &Statement) {
    // Rules that are not those of the digest are left out, and so not written again.
    if matches!(statement, Statement::AgreementAdopted(adopted) if adopted.rules.is_none()) {
        return;
    }
    let case = facts::claimed_case(bytes);
    assert_eq!(facts::encode(case, statement), bytes, "facts are written again as they were read");
}

fn look_local(bytes: &[u8]) {
    if let Ok((case, statement)) = facts::decode_local(bytes) {
        let again = facts::encode_local(case, &statement);
        assert_eq!(again, bytes, "local facts are written again as they were read");
    }
}

/// The adoption that bytes almost are, saying of its rules what they are, so that they count.
fn adopting(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut message = form::almost::<v1::Facts>(bytes)?;
    let Some(Wire::AgreementAdopted(adopted)) = &mut message.statement else {
        return None;
    };
    let rules = form::almost::<v1::CompiledRules>(&adopted.rules)?;
    adopted.agreement.clone_from(&rules.agreement);
    adopted.version = rules.version;
    adopted.rules = rules.encode_to_vec();
    adopted.digest = sha256(&[&adopted.rules]).as_bytes().to_vec();
    Some(message.encode_to_vec())
}
