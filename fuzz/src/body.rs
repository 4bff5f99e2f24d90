//! An opened body: its author sealed it, and may have put anything inside.

use proto::record::v1;
use record::body;

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = body::decode(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::Body>(bytes, look);
}

fn look(bytes: &[u8]) {
    if let Ok(particulars) = body::decode(bytes) {
        let again = body::encode(&particulars);
        assert_eq!(again.as_slice(), bytes, "a body is written again as it was read");
    }
}
