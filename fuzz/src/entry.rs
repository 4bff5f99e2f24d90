//! An entry: its head, and how everybody reads it once its facts are those that the head names.

use domain::chain::Content;
use proto::record::v1;
use record::digest::sha256;
use record::entry::{self, Head, Owner};
use record::facts;

use crate::fixed::fixed;
use crate::{facts as statements, form};

pub(crate) fn decode(bytes: &[u8]) {
    let Ok(message) = record::canonical::decode::<v1::Entry>(bytes) else {
        return;
    };
    if let Some(head) = Head::decode(&message.head) {
        let _ = entry::read(&fixed().log, &head, &message.facts);
    }
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::Head>(bytes, |bytes| holds(bytes, &[]));
    let Some(message) = form::almost::<v1::Entry>(bytes) else {
        return;
    };
    form::both::<v1::Facts>(&message.facts, |facts| {
        form::both::<v1::Head>(&message.head, |head| {
            holds(head, facts);
            fitting(head, facts);
        });
    });
}

/// What holds of every entry, whatever its head names.
pub(crate) fn holds(head: &[u8], facts: &[u8]) {
    let Some(decoded) = Head::decode(head) else {
        return;
    };
    assert_eq!(decoded.encode(), head, "a head is written again as it was read");
    let reading = entry::read(&fixed().log, &decoded, facts);
    match reading.owner {
        Owner::Nobody => {
            assert_eq!(reading.content, Content::NotUnderstood, "nobody states anything");
        }
        Owner::Corridor => assert_eq!(facts::claimed_case(facts), None, "of the corridor"),
        Owner::Case(case) => assert_eq!(facts::claimed_case(facts), Some(case), "of its case"),
    }
    if let Content::Stated(statement) = reading.content {
        statements::holds(facts, &statement);
    }
}

/// The same entry with a head that fits its facts, as an author who may lie about all else makes.
fn fitting(head: &[u8], facts: &[u8]) {
    let Some(head) = Head::decode(head) else {
        return;
    };
    let log = &fixed().log;
    let tag = log.tag(facts::claimed_case(facts).as_ref(), head.position);
    let head = Head { tag, facts_digest: sha256(&[facts]), ..head };
    let reading = entry::read(log, &head, facts);
    assert_ne!(reading.owner, Owner::Nobody, "a tag that fits says whose the entry is");
    holds(&head.encode(), facts);
}
