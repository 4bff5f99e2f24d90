//! The signed header of a dispatch: COSE around a header, and the header by itself.

use proto::record::v1;
use record::dispatch::{Header, SignedHeader};

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = SignedHeader::parse(bytes);
    let _ = Header::decode(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    if let Some(signed) = SignedHeader::parse(bytes) {
        assert_eq!(signed.bytes(), bytes, "a signed header keeps its bytes");
        holds(&signed);
    }
    form::both::<v1::Header>(bytes, look);
}

fn look(bytes: &[u8]) {
    let header = Header::decode(bytes);
    if let Some(header) = &header {
        assert_eq!(header.encode(), bytes, "a header is written again as it was read");
    }
    let signed = SignedHeader::parse(&cose(bytes));
    assert_eq!(signed.as_ref().map(SignedHeader::header), header.as_ref(), "inside and outside");
}

/// What holds of every signed header that was read.
pub(crate) fn holds(signed: &SignedHeader) {
    let header = signed.header();
    assert_eq!(Header::decode(&header.encode()).as_ref(), Some(header), "a header reads back");
    let again = SignedHeader::parse(signed.bytes()).expect("a signed header reads back");
    assert_eq!(again.digest(), signed.digest(), "one header has one digest");
    assert_eq!(signed.as_heard().number, header.number, "it is heard under its own number");
}

/// The one form of a COSE_Sign1 around `payload`, with a key and a signature of nobody.
fn cose(payload: &[u8]) -> Vec<u8> {
    let start = [0x84, 0x55, 0xa2, 0x01, 0x27, 0x04, 0x50];
    let length = match u8::try_from(payload.len()) {
        Ok(length @ 0..24) => vec![0x40 | length],
        Ok(length) => vec![0x58, length],
        Err(_) => {
            let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            [&[0x59][..], &length.to_be_bytes()].concat()
        }
    };
    let parts: [&[u8]; 7] =
        [&start, &[0x11; 16], &[0xa0], &length, payload, &[0x58, 0x40], &[0x22; 64]];
    parts.concat()
}
