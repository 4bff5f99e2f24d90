//! What stays missing of a partner's entry is called unreadable on the record: DESIGN 4, "What
//! arrives, and what is done".
//!
//! The ledger says what it lacks and since when, and whether that was told; the rules decide
//! whether it may be. Each entry is told once: the request id is that of the entry. Whatever keeps
//! the State from writing (a frozen log, a partner that is stopped) only postpones it.

use domain::case::decide::Ordered;
use domain::case::decide::report_unreadable::{ReportUnreadable, report_unreadable};
use domain::identifier::{CaseId, State};
use domain::person::Particulars;
use domain::time::{Instant, Span};
use proto::ledger::v1::ListMissingResponse;
use proto::record::v1::EntryUnreadable;
use runtime::command::{Decision, Reading, payload_digest};
use runtime::failure::{Class, Failure};
use tokio::time::Instant as Moment;

use crate::ledger::Ledger;
use crate::postponed::Postponed;
use crate::rounds::Rounds;

/// How long something may be missing before its entry is called unreadable, by the ledger's clock
/// from the import on (DESIGN 4: "after an hour").
const UNREADABLE_AFTER: Span = Span::from_ms(3_600_000);

/// Most entries that are looked at in one round; the next one goes on after them.
const ATTEMPTS_MAX: usize = 256;

/// The loop for one partner.
pub(crate) struct Reporting {
    partner: State,
    ledger: Ledger,
    /// Where the next round goes on.
    from: u64,
    postponed: Postponed<u64>,
}

/// An entry that is to be called unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    case: CaseId,
    position: u64,
}

impl Reporting {
    pub(crate) const fn new(partner: State, ledger: Ledger) -> Self {
        Self { partner, ledger, from: 0, postponed: Postponed::new() }
    }
}

impl Rounds for Reporting {
    const WORK: &'static str = "calling unreadable what stays missing";

    fn partner(&self) -> State {
        self.partner
    }

    /// Tells what is due, as far as one round goes; an error where nothing more can be told now.
    async fn go_round(&mut self) -> Result<(), Failure> {
        let mut attempts = 0;
        loop {
            let page = self.ledger.missing(self.partner, self.from).await?;
            for due in due(&page) {
                if self.postponed.waits(&due.position, Moment::now()) {
                    continue;
                }
                if attempts == ATTEMPTS_MAX {
                    self.from = due.position;
                    return Ok(());
                }
                attempts += 1;
                self.tell(due).await?;
            }
            match page.missing.last() {
                Some(last) if page.more => self.from = last.position.saturating_add(1),
                Some(_) | None => {
                    self.from = 0;
                    return Ok(());
                }
            }
        }
    }
}

impl Reporting {
    async fn tell(&mut self, due: Due) -> Result<(), Failure> {
        let Due { case, position } = due;
        let id = format!("unreadable-{}-{position}", self.partner);
        let digest = payload_digest("EntryUnreadable", &EntryUnreadable { entry: position });
        let told = self.ledger.command(&id, digest, case, |reading| decide(reading, position));
        match told.await {
            Ok(receipt) if !receipt.positions.is_empty() => {
                tracing::warn!(partner = %self.partner, %case, position, "called unreadable");
            }
            Ok(_) => self.postponed.add(position, Moment::now()),
            Err(failure) if failure.class() == Class::Unavailable => return Err(failure),
            Err(failure) => {
                tracing::debug!(partner = %self.partner, position, %failure, "not told yet");
                self.postponed.add(position, Moment::now());
            }
        }
        Ok(())
    }
}

/// What the rules say to it; nothing where the case is to be erased: nobody asks for it any more.
fn decide(reading: &Reading, entry: u64) -> Result<Decision, Failure> {
    if reading.case.erasure_is_ordered() {
        return Ok(Decision::default());
    }
    // Without anything sealed: the key may be just what is missing.
    let particulars = Particulars::default();
    let ordered = Ordered { by: reading.own, at: reading.now, particulars };
    let decided = report_unreadable(&reading.case, ReportUnreadable { ordered, entry });
    decided
        .map(Decision::from)
        .map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
}

/// The entries of a page whose hour is over and that were not told, each once.
fn due(page: &ListMissingResponse) -> Vec<Due> {
    let now = Instant::from_ms(page.now_ms);
    let mut found: Vec<Due> = page
        .missing
        .iter()
        .filter(|it| it.unreported)
        .filter(|it| Instant::from_ms(it.since_ms).plus(UNREADABLE_AFTER) <= now)
        .filter_map(|it| {
            let case = CaseId::from_slice(&it.case_id).ok()?;
            Some(Due { case, position: it.position })
        })
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use proto::ledger::v1::Missing;
    use proto::ledger::v1::missing::What;

    use super::*;

    #[test]
    fn an_entry_is_due_once_when_its_hour_is_over_and_nobody_was_told() {
        let body = || What::Body(proto::ledger::v1::MissingBody::default());
        let key = || What::CaseKey(proto::ledger::v1::MissingCaseKey {});
        let missing = |position, since_ms, unreported, what| Missing {
            since_ms,
            position,
            case_id: vec![7; 16],
            unreported,
            what: Some(what),
        };
        let page = ListMissingResponse {
            missing: vec![
                missing(1, 1_000, true, body()),
                missing(1, 1_000, true, key()),
                missing(2, 1_000, false, body()),
                missing(3, 1_001, true, body()),
                missing(4, 0, true, body()),
            ],
            more: false,
            now_ms: 3_601_000,
        };
        let found: Vec<u64> = due(&page).iter().map(|it| it.position).collect();
        assert_eq!(found, [1, 4]);
    }
}
