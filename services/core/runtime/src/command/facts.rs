//! Between the ledger's bytes and the domain: the one place where statements are encoded.
//!
//! The ledger checks that facts are canonical and says of each entry whether it is understood;
//! nothing is judged here.

use std::sync::Arc;

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

/// Field 1, sixteen bytes: how facts begin that name a case.
const CASE_ID_FIELD: [u8; 2] = [0x0a, 0x10];

/// What an entry states, and of which case. The case is read from how the facts begin, as the
/// stand-alone verifier does, so that it is known even of facts that are not understood.
pub(super) fn content(entry: &ChainEntry) -> (Option<CaseId>, Content) {
    let id = entry.facts.strip_prefix(&CASE_ID_FIELD).and_then(|rest| rest.get(..CaseId::LENGTH));
    let case = id.and_then(|id| CaseId::from_slice(id).ok());
    let statement = if entry.understood { statement(&entry.facts) } else { None };
    let content = statement.map_or(Content::NotUnderstood, |it| Content::Stated(Arc::new(it)));
    (case, content)
}

fn statement(bytes: &[u8]) -> Option<Statement> {
    let facts = Facts::decode(bytes).ok()?;
    let rules = adopted_rules(&facts);
    let (_, statement) = <(Option<CaseId>, Statement)>::try_from(facts).ok()?;
    Some(with_rules(statement, &rules))
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
    fn what_is_not_understood_still_names_its_case() {
        let id = CaseId::new([7; 16]);
        let mut facts = Facts::from((Some(id), &Statement::HoldPlaced)).encode_to_vec();
        let entry = |facts: &[u8], understood| ChainEntry {
            facts: facts.to_vec(),
            understood,
            ..ChainEntry::default()
        };
        let stated = Content::Stated(Arc::new(Statement::HoldPlaced));
        assert_eq!(content(&entry(&facts, true)), (Some(id), stated));
        assert_eq!(content(&entry(&facts, false)), (Some(id), Content::NotUnderstood));
        facts.truncate(18);
        assert_eq!(content(&entry(&facts, true)), (Some(id), Content::NotUnderstood));
        facts.truncate(17);
        assert_eq!(content(&entry(&facts, true)), (None, Content::NotUnderstood));
    }

    #[test]
    fn every_kind_has_its_name_in_the_services_vocabulary() {
        for kind in Kind::ALL {
            assert_ne!(event_kind(kind), EventKind::Unspecified, "{kind:?}");
        }
    }
}
