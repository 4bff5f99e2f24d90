//! How long the streams are that the index has got last: what spares the writer, and whoever reads
//! what was just written, a look into the database.
//!
//! A stream grows in memory first ([`crate::live`]); when the index has all of it, its length comes
//! here, and until then nobody looks here for it. So what is here is never out of date. Bounded:
//! two generations, of which the older is dropped when the younger is full.

use std::collections::HashMap;

use crate::limits::LENGTHS_MAX;
use crate::name::StreamId;

#[derive(Debug, Default)]
pub(crate) struct Lengths {
    young: HashMap<StreamId, u64>,
    old: HashMap<StreamId, u64>,
}

impl Lengths {
    pub(crate) fn get(&self, stream: &StreamId) -> Option<u64> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    pub(crate) fn put(&mut self, stream: StreamId, length: u64) {
        if self.young.len() >= LENGTHS_MAX / 2 && !self.young.contains_key(&stream) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream, length);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_newest_are_kept_and_never_more_than_allowed() {
        let stream = |n: usize| StreamId::new(&n.to_be_bytes()).unwrap();
        let mut lengths = Lengths::default();
        for n in 0..3 * LENGTHS_MAX {
            lengths.put(stream(n), 1);
            lengths.put(stream(n), n as u64);
            lengths.put(stream(0), n as u64);
            assert_eq!(lengths.get(&stream(0)), Some(n as u64));
            assert_eq!(lengths.get(&stream(n)), Some(n as u64));
            assert!(lengths.young.len() + lengths.old.len() <= LENGTHS_MAX);
        }
        assert_eq!(lengths.get(&stream(1)), None);
    }
}
