//! The compiled rules that an adoption carries.

use proto::record::v1;
use record::rules;

use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = rules::decode(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    form::both::<v1::CompiledRules>(bytes, look);
}

fn look(bytes: &[u8]) {
    if let Ok(read) = rules::decode(bytes) {
        assert_eq!(rules::encode(&read), bytes, "rules are written again as they were read");
    }
}
