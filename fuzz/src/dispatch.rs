//! A dispatch as the courier brings it, before any signature is looked at.

use proto::record::v1;
use record::dispatch::{Dispatch, ENTRIES_MAX};

use crate::{entry, form, header};

pub(crate) fn decode(bytes: &[u8]) {
    let _ = Dispatch::decode(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::Dispatch>(bytes, look);
}

fn look(bytes: &[u8]) {
    let Ok(dispatch) = Dispatch::decode(bytes) else {
        return;
    };
    assert_eq!(dispatch.encode(), bytes, "a dispatch is written again as it was read");
    assert!(dispatch.entries.len() <= ENTRIES_MAX, "no more entries than a dispatch may have");
    header::holds(&dispatch.signed_header);
    for entry in &dispatch.entries {
        entry::holds(&entry.head, &entry.facts);
    }
}
