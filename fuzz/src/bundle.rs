//! An evidence bundle, as a third party is handed it: all of it is verified, or it proves nothing.

use domain::chain::Chain;
use domain::invariant;
use record::bundle::{self, Verified};

pub(crate) fn decode(bytes: &[u8]) {
    let _ = bundle::verify(bytes);
}

pub(crate) fn check(bytes: &[u8]) {
    match bundle::verify(bytes) {
        Ok(verified) => holds(&verified),
        // A fault is told in a sentence.
        Err(invalid) => assert!(!invalid.to_string().is_empty(), "a fault has words"),
    }
}

fn holds(verified: &Verified) {
    let Verified { corridor, case, first, second, timeline, extent, .. } = verified;
    let said = |chain: &Chain| chain.entries.len();
    assert_eq!(timeline.len(), said(first) + said(second), "whatever is shown was said");
    let dispatches = first.dispatches.len() + second.dispatches.len();
    assert_eq!(u64::try_from(dispatches), Ok(extent.dispatches), "every dispatch is counted");
    for (one, other) in [(first, second), (second, first)] {
        // Entries of other cases are left out, so only the dispatches are a whole log.
        let log = Chain { entries: Vec::new(), ..one.clone() };
        if let Err(broken) = invariant::log_is_sound(&log, other, corridor.skew) {
            panic!("{broken}");
        }
    }
    crate::case::holds(case, first, second);
}
