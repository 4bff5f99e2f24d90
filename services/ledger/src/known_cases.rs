//! Cases that were read before. Who acts on a case reads it several times within a moment, and the
//! views read it after each of its records.
//!
//! Only what is durable is kept, and that never changes: what is known of a case may be too little,
//! never wrong. Bodies are sealed here as in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::identifier::CaseId;

use crate::read::records::CaseRecords;

/// Bytes of cases that are kept, about.
const BYTES_MAX: usize = 64 << 20;

/// Cases by their ids. Cheap to clone; clones share. The lock is held for one look, or to add one.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownCases(Arc<Mutex<Generations<Arc<CaseRecords>>>>);

impl KnownCases {
    pub(crate) fn get(&self, case: &CaseId) -> Option<Arc<CaseRecords>> {
        self.generations().get(case, BYTES_MAX)
    }

    pub(crate) fn put(&self, case: Arc<CaseRecords>) {
        self.generations().put(case.id, (case.bytes, case), BYTES_MAX);
    }

    fn generations(&self) -> MutexGuard<'_, Generations<Arc<CaseRecords>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Things by case, each with its bytes. Where the recent ones have grown to half of what may be
/// kept, they become the earlier ones, and those are forgotten; what is asked for is recent again.
#[derive(Debug)]
struct Generations<T> {
    recent: HashMap<CaseId, (usize, T)>,
    recent_bytes: usize,
    earlier: HashMap<CaseId, (usize, T)>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { recent: HashMap::new(), recent_bytes: 0, earlier: HashMap::new() }
    }
}

impl<T: Clone> Generations<T> {
    fn get(&mut self, case: &CaseId, bytes_max: usize) -> Option<T> {
        if let Some((_, known)) = self.recent.get(case) {
            return Some(known.clone());
        }
        let (bytes, known) = self.earlier.remove(case)?;
        self.put(*case, (bytes, known.clone()), bytes_max);
        Some(known)
    }

    fn put(&mut self, case: CaseId, (bytes, it): (usize, T), bytes_max: usize) {
        self.recent_bytes += bytes;
        if let Some((before, _)) = self.recent.insert(case, (bytes, it)) {
            self.recent_bytes -= before;
        }
        if self.recent_bytes > bytes_max / 2 {
            self.earlier = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 100;

    fn case(number: u8) -> CaseId {
        CaseId::new([number; 16])
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut known = Generations::default();
        for number in 0..100 {
            known.put(case(number), (10, number), BYTES_MAX);
            // One that is asked for now and then.
            assert_eq!(known.get(&case(0), BYTES_MAX), Some(0));
            assert!(known.recent.len() + known.earlier.len() <= BYTES_MAX / 10 + 2);
        }
        assert_eq!(known.get(&case(50), BYTES_MAX), None);
        assert_eq!(known.get(&case(99), BYTES_MAX), Some(99));
    }

    #[test]
    fn what_is_put_again_counts_once() {
        let mut known = Generations::default();
        for bytes in 1..=40 {
            known.put(case(1), (bytes, bytes), BYTES_MAX);
        }
        assert_eq!(known.recent_bytes, 40);
        assert_eq!(known.get(&case(1), BYTES_MAX), Some(40));
    }
}
