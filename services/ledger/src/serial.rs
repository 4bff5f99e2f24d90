//! Serials of case numbers: for each partner and year counted from 1, each kept for one case.
//!
//! The highest that was used is stored with the entry that uses it, as a cursor. What is kept for
//! cases that are not opened yet is in memory only: after a restart such an opening is decided
//! again and gets another serial. A serial whose case is never opened is left out for good.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::identifier::{CaseId, State};
use domain::time::{Instant, Span};
use event_store::{CursorName, Store};

/// Cases that serials are kept for; the oldest makes room.
const KEPT_MAX: usize = 4096;
/// A local day differs from the day in UTC by less than this.
const DAY: Span = Span::from_ms(86_400_000);

/// A year and the serial in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct YearSerial {
    pub(crate) year: u32,
    pub(crate) serial: u32,
}

/// The serials of all partners.
#[derive(Debug, Default)]
pub(crate) struct Serials(Mutex<Inner>);

/// Whoever holds the lock has handed out exactly what is below `next`.
#[derive(Debug, Default)]
struct Inner {
    next: BTreeMap<(State, u32), u32>,
    kept: HashMap<(State, CaseId), Vec<YearSerial>>,
    order: VecDeque<(State, CaseId)>,
}

impl Serials {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The serials that are kept for a case, one for each year that it can be anywhere at `now`.
    pub(crate) fn keep(
        &self,
        store: &Store,
        partner: State,
        case: CaseId,
        now: Instant,
    ) -> Vec<YearSerial> {
        let years = [year_of(now.less(DAY)), year_of(now.plus(DAY))];
        let mut inner = self.lock();
        let mut kept = inner.kept.get(&(partner, case)).cloned().unwrap_or_default();
        for year in years {
            if kept.iter().all(|it| it.year != year) {
                let next = inner
                    .next
                    .entry((partner, year))
                    .or_insert_with(|| highest_used(store, partner, year).saturating_add(1));
                let serial = *next;
                *next = next.saturating_add(1);
                kept.push(YearSerial { year, serial });
            }
        }
        kept.retain(|it| years.contains(&it.year));
        if inner.kept.insert((partner, case), kept.clone()).is_none() {
            inner.order.push_back((partner, case));
        }
        while inner.order.len() > KEPT_MAX {
            if let Some(oldest) = inner.order.pop_front() {
                inner.kept.remove(&oldest);
            }
        }
        kept
    }

    /// Whether a serial is the one that is kept for a case.
    pub(crate) fn is_kept(&self, partner: State, case: CaseId, serial: YearSerial) -> bool {
        let inner = self.lock();
        inner.kept.get(&(partner, case)).is_some_and(|kept| kept.contains(&serial))
    }
}

/// The cursor that holds the highest serial that was used.
pub(crate) fn cursor(partner: State, year: u32) -> CursorName {
    CursorName::new(&format!("serials/{partner}/{year}")).expect("short, of letters and digits")
}

/// The highest serial that was used; 0 where none was.
pub(crate) fn highest_used(store: &Store, partner: State, year: u32) -> u32 {
    let value = store.cursor(&cursor(partner, year));
    value.and_then(|value| value.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// The calendar year in UTC.
fn year_of(at: Instant) -> u32 {
    // RFC 3339 begins with the year; what lies beyond year 9999 is nobody's filing.
    at.to_string().get(..4).and_then(|year| year.parse().ok()).unwrap_or(9999)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_serial_is_kept_for_one_case_and_two_years_meet_at_new_year() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), event_store::Options::default()).unwrap();
        let serials = Serials::default();
        let xk = State::new("XK").unwrap();
        let (one, other) = (CaseId::new([1; 16]), CaseId::new([2; 16]));
        // 2026-06-01T00:00:00Z
        let june = Instant::from_ms(1_780_272_000_000);
        let first = YearSerial { year: 2026, serial: 1 };
        assert_eq!(serials.keep(&store, xk, one, june), [first]);
        assert_eq!(serials.keep(&store, xk, one, june), [first]);
        let second = YearSerial { year: 2026, serial: 2 };
        assert_eq!(serials.keep(&store, xk, other, june), [second]);
        assert!(serials.is_kept(xk, one, first) && !serials.is_kept(xk, other, first));
        // 2026-12-31T12:00:00Z
        let eve = Instant::from_ms(1_798_718_400_000);
        let next = YearSerial { year: 2027, serial: 1 };
        assert_eq!(serials.keep(&store, xk, one, eve), [first, next]);
    }
}
