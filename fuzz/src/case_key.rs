//! A wrapped case key beside an opening entry, and a sealed body that came with an entry.

use proto::record::v1::WrappedCaseKey;
use record::seal::Purpose;
use record::wrap;

use crate::fixed::fixed;
use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    if let Ok(wrapped) = record::canonical::decode::<WrappedCaseKey>(bytes) {
        opens(&wrapped);
    }
    let fixed = fixed();
    let _ = fixed.case_key.open(&fixed.opening, Purpose::Body, bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    decode(bytes);
    let Some(message) = form::almost::<WrappedCaseKey>(bytes) else {
        return;
    };
    if message.encapsulated.len() == 32 {
        let fixed = fixed();
        let key_id = fixed.opening_key.id().as_bytes().to_vec();
        opens(&WrappedCaseKey { position: fixed.opening.position, key_id, ..message });
    }
}

fn opens(wrapped: &WrappedCaseKey) {
    let fixed = fixed();
    let root = &fixed.root.genesis;
    let opened = wrap::unwrap(wrapped, root, &fixed.opening, &fixed.commitment, &fixed.opening_key);
    if let Ok(key) = opened {
        assert_eq!(key.expose(), fixed.case_key.expose(), "no other key fits the commitment");
    }
}
