//! A genesis: proposed by a partner, and signed by both.

use proto::record::v1;
use record::genesis::{Genesis, SignedGenesis};

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = Genesis::decode(bytes);
    let _ = SignedGenesis::decode(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::Genesis>(bytes, look);
    form::both::<v1::SignedGenesis>(bytes, look_signed);
    if let Some(message) = form::almost::<v1::SignedGenesis>(bytes) {
        form::both::<v1::Genesis>(&message.genesis, look);
    }
}

fn look(bytes: &[u8]) {
    let Ok(genesis) = Genesis::decode(bytes) else {
        return;
    };
    assert_eq!(genesis.encode(), bytes, "a genesis is written again as it was read");
    let (first, second) = (genesis.first(), genesis.second());
    assert_eq!(genesis.partner(first.state), Some(second), "each is the partner of the other");
    assert_eq!(genesis.corridor().genesis, genesis.digest(), "its digest names the corridor");
}

fn look_signed(bytes: &[u8]) {
    if let Ok(signed) = SignedGenesis::decode(bytes) {
        assert_eq!(signed.encode(), bytes, "a signed genesis is written again as it was read");
        look(&signed.genesis().encode());
    }
}
