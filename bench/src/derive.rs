//! `Case::of`: deriving a case from two chains, by the number of its entries.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use domain::case::Case;
use domain::case::event::Statement;
use domain::chain::{Chain, Content, Dispatch, Entry, Heard};
use domain::corridor::Corridor;
use domain::identifier::{CaseId, Digest, State};
use domain::time::Instant;

use crate::Amount;
use crate::parties::{self, ASKED, ASKING};
use crate::report::Row;
use crate::rounds::{Candidate, interleaved};

/// Entries of a case.
const SIZES: [usize; 3] = [10, 100, 1000];

/// Entries that each row works on in one round.
const ENTRIES: usize = 100_000;

/// 2026-06-01T08:00:00Z
const NOW_MS: u64 = 1_780_300_800_000;

pub(crate) fn measure(amount: Amount) -> Result<Vec<Row>> {
    let corridor = parties::genesis()?.genesis().corridor();
    let mut told = Vec::new();
    for size in SIZES {
        told.push((size, Told::of(&corridor, size)?));
    }
    let mut candidates = Vec::new();
    for (size, told) in &told {
        let times = amount.of(ENTRIES) / size + 1;
        let corridor = &corridor;
        let work = move || {
            for _ in 0..times {
                let case = Case::of(corridor, told.case, &told.asks, &told.answers);
                ensure!(case.is_some(), "the chains make no case");
            }
            Ok(times)
        };
        candidates.push(Candidate {
            name: format!("case: derive a case of {size} entries"),
            work: Box::new(work),
        });
    }
    let rates = interleaved(&mut candidates)?;
    Ok(rates.into_iter().map(|(name, rate)| Row::new(name, 1e6 / rate, "µs")).collect())
}

/// Two chains that tell one case.
struct Told {
    case: CaseId,
    asks: Chain,
    answers: Chain,
}

impl Told {
    /// A request, an admission, and evidence, questions and answers up to `size` entries; one
    /// entry a dispatch, each having heard all before.
    fn of(corridor: &Corridor, size: usize) -> Result<Self> {
        let case = parties::case(0);
        let mut told = Self {
            case,
            asks: Chain::new(State::new(ASKING)?),
            answers: Chain::new(State::new(ASKED)?),
        };
        ensure!(corridor.founder_of(&case) == told.asks.author, "the case id is the other half's");
        let adoption = record::rules::adoption(parties::rules()?);
        told.says(Side::Asks, None, Statement::AgreementAdopted(adoption.clone()));
        told.says(Side::Answers, None, Statement::AgreementAdopted(adoption));
        let request = Statement::RequestFiled(parties::request(2026, 1)?);
        told.says(Side::Asks, Some(case), request);
        told.says(Side::Answers, Some(case), Statement::RequestAdmitted);
        let evidence = Statement::EvidenceAdded(parties::evidence_items()?);
        let mut question = 0;
        for turn in 2..size {
            match turn % 3 {
                0 => told.says(Side::Asks, Some(case), evidence.clone()),
                1 => {
                    question = told.answers.entries.last().map_or(0, |entry| entry.position + 1);
                    told.says(Side::Answers, Some(case), Statement::ClarificationAsked);
                }
                _ => told.says(Side::Asks, Some(case), Statement::ClarificationGiven(question)),
            }
        }
        let derived = Case::of(corridor, case, &told.asks, &told.answers);
        let derived = derived.context("the chains make no case")?;
        let entries = derived.history.len();
        ensure!(entries == size, "the case has {entries} entries, not {size}");
        Ok(told)
    }

    /// One State says one thing in a dispatch of its own, having heard all that the other said.
    fn says(&mut self, side: Side, case: Option<CaseId>, statement: Statement) {
        let (own, partner) = match side {
            Side::Asks => (&mut self.asks, &self.answers),
            Side::Answers => (&mut self.answers, &self.asks),
        };
        let heard = partner.head().map(|it| Heard { era: 0, number: it.number, digest: it.digest });
        let number = own.head().map_or(0, |head| head.number + 1);
        let said = own.entries.len() as u64 + partner.entries.len() as u64;
        let dispatch = Dispatch {
            number,
            time: Instant::from_ms(NOW_MS + said * 60_000),
            digest: digest(side, number),
            heard,
        };
        own.dispatches.insert(number, dispatch);
        let position = own.entries.last().map_or(0, |entry| entry.position + 1);
        let content = Content::Stated(Arc::new(statement));
        own.entries.push(Entry { position, dispatch: number, case, content });
    }
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Asks,
    Answers,
}

/// A digest that names one dispatch.
fn digest(side: Side, number: u64) -> Digest {
    let first = match side {
        Side::Asks => 1,
        Side::Answers => 2,
    };
    let mut bytes = [first; 32];
    for (to, from) in bytes.iter_mut().skip(24).zip(number.to_be_bytes()) {
        *to = from;
    }
    Digest::new(bytes)
}
