//! Portable evidence of a fault, and what any two headers say of each other.

use domain::case::event::Statement;
use domain::chain::Content;
use proto::record::v1::FaultEvidence;
use record::dispatch::SignedHeader;
use record::{facts, fault, fault_evidence};

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = fault_evidence::verify(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    match fault_evidence::verify(bytes) {
        Ok(verified) => {
            let two = verified.stored.dispatch != verified.rival.dispatch;
            assert!(two, "one dispatch contradicts nothing");
        }
        // What is wrong is told in a sentence.
        Err(invalid) => assert!(!invalid.to_string().is_empty(), "a fault has words"),
    }
    let Some(evidence) = form::almost::<FaultEvidence>(bytes) else {
        return;
    };
    let headers = (SignedHeader::parse(&evidence.stored), SignedHeader::parse(&evidence.rival));
    if let (Some(stored), Some(rival)) = headers {
        contradict(&stored, &rival);
    }
}

/// A fault that two headers show can be stated, and is read as it was stated.
fn contradict(stored: &SignedHeader, rival: &SignedHeader) {
    assert_eq!(fault::shown(stored, stored), None, "no header contradicts itself");
    let shown = fault::shown(stored, rival);
    let proved = fault::prove(stored, rival, None);
    assert_eq!(proved.is_some(), shown.is_some(), "what is shown can be stated");
    if let Some(proved) = proved {
        let statement = Statement::FaultProved(proved);
        let read = facts::read(&facts::encode(None, &statement));
        assert_eq!(read, Content::Stated(Box::new(statement)), "and is read as it was stated");
    }
}
