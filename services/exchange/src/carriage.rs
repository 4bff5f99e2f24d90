//! What a dispatch looks like on a topic.
//!
//! One record for each dispatch, in partition 0 of `readmit.dispatch.<author>.<recipient>`:
//! - key: the number of the dispatch in decimal digits;
//! - value: the bytes of `readmit.record.v1.Dispatch`;
//! - header `readmit-spec`: the version of the specification, `1`;
//! - header `readmit-genesis`: the digest of the genesis, 64 hexadecimal digits;
//! - header `traceparent`: reserved for a W3C trace context; not written yet.
//!
//! Readers of a partner's topic believe none of it: number, genesis and author stand in the signed
//! header inside. Only an author reads keys and headers back, from its own topic, to see how far
//! it had come; where they mislead it, it publishes something again.

use messaging::{Incoming, Outgoing, Topic};
use proto::ledger::v1::FollowDispatchesResponse;

/// The version of the specification.
const SPEC: &[u8] = b"1";

const SPEC_HEADER: &str = "readmit-spec";
const GENESIS_HEADER: &str = "readmit-genesis";

/// Longest dispatch that is handed to the ledger: 512 KiB, and the wrapped keys beside it.
pub(crate) const DISPATCH_BYTES_MAX: usize = 900 * 1024;

/// The record of a dispatch.
pub(crate) fn pack(topic: &Topic, genesis: &[u8], it: FollowDispatchesResponse) -> Outgoing {
    Outgoing {
        topic: topic.clone(),
        key: it.number.to_string().into_bytes(),
        headers: vec![
            (SPEC_HEADER.to_owned(), SPEC.to_vec()),
            (GENESIS_HEADER.to_owned(), hex::encode(genesis).into_bytes()),
        ],
        payload: it.dispatch,
    }
}

/// The number that a record of the own topic says it carries; `None` where it is not of this
/// corridor, or not a record of ours.
pub(crate) fn number(record: &Incoming, genesis: &[u8]) -> Option<u64> {
    let named = record.headers.iter().find(|(name, _)| name == GENESIS_HEADER);
    let (_, value) = named?;
    if *value != hex::encode(genesis).into_bytes() {
        return None;
    }
    let digits = std::str::from_utf8(&record.key).ok()?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_number_is_read_back_from_the_own_records_of_the_corridor_only() {
        let topic = messaging::topic::dispatch("NL", "XK").unwrap();
        let dispatch = FollowDispatchesResponse { number: 17, ..Default::default() };
        let sent = pack(&topic, &[7; 32], dispatch);
        let record = |key: &[u8]| Incoming {
            offset: 0,
            key: key.to_vec(),
            headers: sent.headers.clone(),
            payload: sent.payload.clone(),
            timestamp_ms: None,
        };
        assert_eq!(number(&record(&sent.key), &[7; 32]), Some(17));
        assert_eq!(number(&record(&sent.key), &[8; 32]), None);
        for key in [b"".as_slice(), b"+17", b"017", b"-1", b"99999999999999999999", b"\xff"] {
            assert_eq!(number(&record(key), &[7; 32]), None);
        }
        let foreign = Incoming { headers: Vec::new(), ..record(&sent.key) };
        assert_eq!(number(&foreign, &[7; 32]), None);
    }
}
