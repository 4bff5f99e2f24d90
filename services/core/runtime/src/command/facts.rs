//! Between the ledger's bytes and the domain: the one place where statements are encoded.
//!
//! The ledger checks that facts are canonical and says of each entry whether it is understood;
//! nothing is judged here.

use domain::case::event::{AgreementAdopted, Event, Kind, Statement};
use domain::chain::Content;
use domain::identifier::CaseId;
use domain::referral::{LocalEvent, LocalStatement};
use domain::rules::Rules;
use prost::Message;
use proto::InvalidField;
use proto::command::v1::EventKind;
use proto::ledger::v1::{ChainEntry, NewEntry};
use proto::record::v1::{self as record, CompiledRules, Facts, LocalFacts};
use sha2::{Digest, Sha256};

pub(super) fn entry(case: CaseId, event: &Event) -> NewEntry {
    NewEntry {
        facts: Facts::from((Some(case), &event.statement)).encode_to_vec(),
        body: record::Body::from(&event.particulars).encode_to_vec(),
    }
}

pub(super) fn local_entry(case: CaseId, event: &LocalEvent) -> NewEntry {
    NewEntry {
        facts: LocalFacts::from((case, &event.statement)).encode_to_vec(),
        body: record::Body::from(&event.particulars).encode_to_vec(),
    }
}

pub(super) fn corridor_facts(statement: &Statement) -> Vec<u8> {
    Facts::from((None, statement)).encode_to_vec()
}

/// What an entry states, and of which case. Facts that are not understood state nothing; which
/// case they are of, the ledger has said by sending them with it.
pub(super) fn content(entry: &ChainEntry, of: Option<CaseId>) -> (Option<CaseId>, Content) {
    let understood = entry.understood.then(|| {
        let facts = Facts::decode(entry.facts.as_slice()).ok()?;
        let rules = adopted_rules(&facts);
        let (case, statement) = <(Option<CaseId>, Statement)>::try_from(facts).ok()?;
        Some((case, with_rules(statement, &rules)))
    });
    match understood.flatten() {
        Some((case, statement)) => (case, Content::Stated(Box::new(statement))),
        None => (of, Content::NotUnderstood),
    }
}

/// The bytes of the rules that an entry adopts; empty for any other.
fn adopted_rules(facts: &Facts) -> Vec<u8> {
    facts
        .statement
        .iter()
        .find_map(|statement| {
            if let record::facts::Statement::AgreementAdopted(adopted) = statement {
                Some(adopted.rules.clone())
            } else {
                None
            }
        })
        .unwrap_or_default()
}

/// Fills in adopted rules, if the bytes are what the entry says that they are: the digest, the
/// agreement, the version, and in the one canonical encoding.
fn with_rules(statement: Statement, bytes: &[u8]) -> Statement {
    let Statement::AgreementAdopted(adopted) = statement else {
        return statement;
    };
    let as_said = Sha256::digest(bytes).as_slice() == adopted.digest.as_bytes();
    let rules = as_said.then(|| CompiledRules::decode(bytes).ok()).flatten();
    let rules = rules
        .and_then(|rules| Rules::try_from(rules).ok())
        .filter(|rules| CompiledRules::from(rules).encode_to_vec() == bytes)
        .filter(|it| it.agreement == adopted.agreement && it.version == adopted.version);
    Statement::AgreementAdopted(AgreementAdopted { rules: rules.map(Box::new), ..adopted })
}

pub(super) fn local_statement(bytes: &[u8]) -> Result<LocalStatement, InvalidField> {
    let facts = LocalFacts::decode(bytes)
        .map_err(|error| InvalidField::new("facts", format!("cannot be decoded: {error}")))?;
    <(CaseId, LocalStatement)>::try_from(facts).map(|(_, statement)| statement)
}

/// The kind of a statement, as services name it.
pub(super) fn kind(statement: Option<&Statement>) -> EventKind {
    statement.map_or(EventKind::Unspecified, |statement| event_kind(statement.kind()))
}

/// A kind, as services name it.
fn event_kind(kind: Kind) -> EventKind {
    let number = i32::try_from(kind.number()).unwrap_or_default();
    EventKind::try_from(number).unwrap_or(EventKind::Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_name_in_the_services_vocabulary() {
        for kind in Kind::ALL {
            assert_ne!(event_kind(kind), EventKind::Unspecified, "{kind:?}");
        }
    }
}
