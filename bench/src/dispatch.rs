//! The record alone, on one core and without a disk: signing and verifying dispatches, and
//! verifying two whole logs as a court does.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use domain::identifier::{Digest, State};
use domain::time::Instant;
use record::arrival::Known;
use record::bundle::{self, StoredDispatch, StoredEntry};
use record::dispatch::Dispatch;
use record::genesis::SignedGenesis;
use record::log::{LogState, Stamp};

use crate::Amount;
use crate::parties::{self, ASKED, ASKING, Author};
use crate::report::{Budget, Row};
use crate::rounds::{Candidate, interleaved};

/// Entries of a dispatch, in the rows of signing, verifying and importing.
pub(crate) const SIZES: [usize; 4] = [1, 16, 64, 256];

/// Entries that each row works on in one round.
const ENTRIES: usize = 16_384;

/// Entries of the log that is verified whole.
const LOG_ENTRIES: usize = 131_072;

/// Whole-log verification, entries a second: DESIGN 13.
const WHOLE_LOG: Budget = Budget::AtLeast(500_000.0);

/// 2026-06-01T08:00:00Z
const NOW_MS: u64 = 1_780_300_800_000;

pub(crate) fn measure(amount: Amount) -> Result<Vec<Row>> {
    let genesis = parties::genesis()?;
    let mut rows = Vec::new();
    let prepared: Vec<Prepared> = SIZES
        .iter()
        .map(|size| Prepared::new(&genesis, *size, amount.of(ENTRIES) / size))
        .collect::<Result<_>>()?;
    let signing = prepared.iter().map(Prepared::signing);
    let mut candidates: Vec<Candidate<'_>> =
        signing.chain(prepared.iter().map(Prepared::verifying)).collect();
    for (name, rate) in interleaved(&mut candidates)? {
        rows.push(Row::new(name, rate, "entries/s"));
    }
    rows.extend(whole_logs(amount, &genesis)?);
    Ok(rows)
}

/// A log that one State writes and the other verifies.
struct Prepared {
    size: usize,
    author: Author,
    replica: LogState,
    /// The entries of each dispatch, sealed and not yet signed.
    drafts: Vec<Vec<record::entry::Entry>>,
    /// The dispatches as they arrive.
    sent: Vec<Vec<u8>>,
}

impl Prepared {
    fn new(genesis: &SignedGenesis, size: usize, dispatches: usize) -> Result<Self> {
        let mut author = Author::new(genesis, ASKING, NOW_MS)?;
        let state = State::new(ASKING)?;
        let mut replica = LogState::new(genesis, state).context("a State of the corridor")?;
        let first = author.introduce()?;
        replica = replica.check(first, now(), &Nothing)?.state;
        let begun = author.log.clone();
        let (mut drafts, mut sent) = (Vec::new(), Vec::new());
        for dispatch in 0..dispatches.max(1) {
            let statements = parties::evidence(dispatch * size, size, 64)?;
            let entries = author.entries(&statements)?;
            drafts.push(entries.clone());
            sent.push(author.compose(entries)?.encode());
        }
        author.log = begun;
        Ok(Self { size, author, replica, drafts, sent })
    }

    /// Composing, hashing and signing dispatches of entries that are sealed already.
    fn signing(&self) -> Candidate<'_> {
        let work = move || {
            let mut state = self.author.log.clone();
            for entries in &self.drafts {
                state = self.author.composed(&state, entries.clone())?.state;
            }
            Ok(self.drafts.len() * self.size)
        };
        Candidate { name: format!("record: sign, {} a dispatch", self.size), work: Box::new(work) }
    }

    /// Decoding and checking the bytes of dispatches, as an import does before it stores them.
    fn verifying(&self) -> Candidate<'_> {
        let work = move || {
            let mut state = self.replica.clone();
            for bytes in &self.sent {
                state = state.check_bytes(bytes, now(), &Nothing)?.state;
            }
            Ok(self.sent.len() * self.size)
        };
        let name = format!("record: verify, {} a dispatch", self.size);
        Candidate { name, work: Box::new(work) }
    }
}

/// Verifying both logs whole: as arriving bytes, and as an evidence bundle.
fn whole_logs(amount: Amount, genesis: &SignedGenesis) -> Result<Vec<Row>> {
    let size = 64;
    let mut author = Author::new(genesis, ASKING, NOW_MS)?;
    let mut partner = Author::new(genesis, ASKED, NOW_MS)?;
    let answer = partner.introduce()?;
    let mut sent = vec![author.introduce()?];
    author.listening = partner.log.head();
    let request = parties::request(2026, 1)?;
    let opening = (Some(parties::case(0)), domain::case::event::Statement::RequestFiled(request));
    sent.push(author.say(&[opening], None)?);
    for dispatch in 0..amount.of(LOG_ENTRIES) / size {
        let entries = author.entries(&parties::evidence(dispatch * size + 1, size, 4096)?)?;
        sent.push(author.compose(entries)?);
    }
    let entries: usize = sent.iter().map(|dispatch| dispatch.entries.len()).sum();
    let heard = HashMap::from([(
        0,
        Stamp {
            era: answer.signed_header.header().era,
            digest: *answer.signed_header.digest(),
            time: answer.signed_header.header().time,
        },
    )]);
    let heard = Heard(heard);
    let logs = [&[answer][..], &sent].map(|log| log.iter().map(stored).collect::<Vec<_>>());
    let [of_partner, of_author] = logs;
    let bundle = bundle::export(genesis, parties::case(0), [of_author, of_partner], None);
    let bytes: Vec<Vec<u8>> = sent.iter().map(Dispatch::encode).collect();
    let begun = LogState::new(genesis, State::new(ASKING)?).context("a State of the corridor")?;
    let mut candidates = [
        Candidate {
            name: format!("record: verify a whole log of {entries} entries, evidence bundle"),
            work: Box::new(|| {
                let verified = bundle::verify(&bundle)?;
                let extent = usize::try_from(verified.extent.entries)?;
                ensure!(extent > entries, "the bundle holds only {extent} entries");
                Ok(extent)
            }),
        },
        Candidate {
            name: format!("record: verify a whole log of {entries} entries, with bodies"),
            work: Box::new(|| {
                let mut state = begun.clone();
                for bytes in &bytes {
                    state = state.check_bytes(bytes, now(), &heard)?.state;
                }
                Ok(entries)
            }),
        },
    ];
    let rates = interleaved(&mut candidates)?;
    let row = |(name, rate)| Row::new(name, rate, "entries/s").budget(WHOLE_LOG);
    Ok(rates.into_iter().map(row).collect())
}

fn stored(dispatch: &Dispatch) -> StoredDispatch {
    let entry = |entry: &record::entry::Entry| StoredEntry {
        head: entry.head.clone(),
        facts: entry.facts.clone(),
        sealed_body: Vec::new(),
    };
    StoredDispatch {
        signed_header: dispatch.signed_header.bytes().to_vec(),
        entries: dispatch.entries.iter().map(entry).collect(),
    }
}

/// Late enough that nothing is dated in the future.
fn now() -> Instant {
    Instant::from_ms(NOW_MS + 3_600_000)
}

/// Nothing has been heard, and nothing arrives twice.
struct Nothing;

impl Known for Nothing {
    fn heard(&self, _: u64) -> Option<Stamp> {
        None
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        None
    }
}

/// What the partner has said.
struct Heard(HashMap<u64, Stamp>);

impl Known for Heard {
    fn heard(&self, number: u64) -> Option<Stamp> {
        self.0.get(&number).copied()
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        None
    }
}
