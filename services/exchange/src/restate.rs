//! What the partner has called unreadable of the own log is stated again, with its sealed body and
//! the case key in the hashed bytes: DESIGN 4, "What arrives, and what is done".
//!
//! The ledger's views name the cases; the rules decide. Not answered is what the partner contests:
//! its bytes are as they were meant, and somebody has to correct them. Nor what cannot be given: a
//! case that either State has ordered to be erased, an entry that has no body.

use domain::case::decide::Ordered;
use domain::case::decide::restate::{Restate, restate};
use domain::case::event::{Opaque, Restated};
use domain::identifier::{CaseId, State};
use domain::person::Particulars;
use proto::ledger::v1::Label;
use runtime::command::{Decision, Reading, payload_digest};
use runtime::failure::{Class, Failure};
use tokio::time::Instant as Moment;

use crate::ledger::Ledger;
use crate::postponed::Postponed;
use crate::rounds::Rounds;

/// Most cases that are looked at in one round; the next one goes on after them.
const CASES_MAX: usize = 256;

/// The loop for one partner.
pub(crate) struct Restating {
    partner: State,
    ledger: Ledger,
    /// After which the next round goes on.
    after: Option<Label>,
    postponed: Postponed<CaseId>,
}

impl Restating {
    pub(crate) const fn new(partner: State, ledger: Ledger) -> Self {
        Self { partner, ledger, after: None, postponed: Postponed::new() }
    }
}

impl Rounds for Restating {
    const WORK: &'static str = "stating again what the partner could not read";

    fn partner(&self) -> State {
        self.partner
    }

    /// Answers what is asked, as far as one round goes; an error where nothing more can be answered
    /// now.
    async fn go_round(&mut self) -> Result<(), Failure> {
        let wanted = format!("restate/{}", self.partner);
        let mut cases = 0;
        loop {
            let page = self.ledger.labelled(&wanted, self.after.clone()).await?;
            if page.is_empty() {
                self.after = None;
                return Ok(());
            }
            let now = Moment::now();
            for label in page {
                let case = CaseId::from_slice(&label.case_id).ok();
                let case =
                    case.filter(|case| label.label == wanted && !self.postponed.waits(case, now));
                if let Some(case) = case {
                    self.answer(case).await?;
                    cases += 1;
                }
                self.after = Some(label);
                if cases == CASES_MAX {
                    return Ok(());
                }
            }
        }
    }
}

impl Restating {
    /// States again what the partner could not read of a case. What cannot be answered is asked
    /// for again later.
    async fn answer(&mut self, case: CaseId) -> Result<(), Failure> {
        match self.answer_all(case).await {
            Ok(()) => Ok(()),
            Err(failure) if failure.class() == Class::Unavailable => Err(failure),
            Err(failure) => {
                tracing::debug!(partner = %self.partner, %case, %failure, "not stated again yet");
                self.postponed.add(case, Moment::now());
                Ok(())
            }
        }
    }

    async fn answer_all(&self, case: CaseId) -> Result<(), Failure> {
        let reading = self.ledger.case(case).await?;
        let mut failed = Ok(());
        for entry in reading.case.to_restate(reading.own) {
            match self.state_again(case, reading.own, entry).await {
                Err(failure) if failure.class() == Class::Unavailable => return Err(failure),
                // One that cannot be given keeps no other from being given.
                Err(failure) => failed = Err(failure),
                Ok(()) => {
                    tracing::info!(partner = %self.partner, %case, entry, "stated again");
                }
            }
        }
        failed
    }

    async fn state_again(&self, case: CaseId, own: State, entry: u64) -> Result<(), Failure> {
        let sealed_body = self.ledger.own_body(self.partner, own, entry).await?;
        let case_key = self.ledger.wrap(self.partner, case).await?;
        let said = Restated { entry, sealed_body: Opaque(sealed_body), case_key: Opaque(case_key) };
        // The key is wrapped anew for each attempt: what is said is which entry is stated again.
        let named = proto::record::v1::Restated { entry, ..Default::default() };
        let digest = payload_digest("Restated", &named);
        let id = format!("restate-{own}-{entry}");
        let decided = |reading: &Reading| decide(reading, &said);
        self.ledger.command(&id, digest, case, decided).await.map(drop)
    }
}

/// What the rules say to it; nothing where the case is to be erased.
fn decide(reading: &Reading, said: &Restated) -> Result<Decision, Failure> {
    if !reading.case.to_restate(reading.own).contains(&said.entry) {
        return Ok(Decision::default());
    }
    let particulars = Particulars::default();
    let ordered = Ordered { by: reading.own, at: reading.now, particulars };
    restate(&reading.case, Restate { ordered, restated: said.clone() })
        .map(Decision::from)
        .map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
}
