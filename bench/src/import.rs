//! Importing: a partner's dispatches through the real ledger onto real files, one after the other
//! as the exchange hands them over; each answer waits for the disk.

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use domain::case::event::Statement;
use domain::chain::Heard;
use domain::identifier::Digest;
use proto::ledger::v1::ImportOutcome;
use record::log::Listening;

use crate::Amount;
use crate::dispatch::SIZES;
use crate::host::{Host, Site};
use crate::parties::{self, ASKED, ASKING, Author};
use crate::report::Row;
use crate::rounds::{ROUNDS, median, per_second};

/// Cases that the entries are of.
const CASES: usize = 2048;
/// Most entries that a row imports in one round …
const ENTRIES: usize = 4096;
/// … and most dispatches.
const DISPATCHES: usize = 128;

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    // Whoever imports waits for each answer: no two of the threads work at the same time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(amount, &folder.join("import")))
}

async fn run(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let genesis = parties::genesis()?;
    let site = Site::new(ASKED, ASKING, folder)?;
    let keys = site.prepare(&genesis)?;
    let host = Host::start(&site, None).await?;
    let mut author = Author::new(&genesis, ASKING, now_ms()?)?;
    introduce(&host, &mut author).await?;
    let cases = amount.of(CASES);
    open(&host, &mut author, cases, &keys.hpke).await?;
    let mut rates = vec![Vec::new(); SIZES.len()];
    let mut said = 0;
    for round in 0..=ROUNDS {
        for (size, rates) in SIZES.into_iter().zip(&mut rates) {
            let dispatches = amount.of(ENTRIES).div_ceil(size).min(amount.of(DISPATCHES));
            let mut sent = Vec::new();
            for _ in 0..dispatches {
                let statements = parties::evidence(said, size, cases)?;
                said += size;
                let entries = author.entries(&statements)?;
                sent.push(author.compose(entries)?.encode());
            }
            let start = Instant::now();
            for dispatch in sent {
                stored(&host, dispatch).await?;
            }
            if round > 0 {
                rates.push(per_second(dispatches * size, start.elapsed()));
            }
        }
    }
    host.stop().await;
    let row = |(size, rates): (usize, Vec<f64>)| {
        let name = format!("import: {size} a dispatch, through the ledger onto files");
        Ok(Row::new(name, median(&rates)?, "entries/s"))
    };
    SIZES.into_iter().zip(rates).map(row).collect()
}

/// Both adopt the agreement, and the author hears that the importing State has.
pub(crate) async fn introduce(host: &Host, author: &mut Author) -> Result<()> {
    stored(host, author.introduce()?.encode()).await?;
    host.adopt().await?;
    let head = host.heads().await?.own.context("the ledger has no head")?;
    let dispatch = head.dispatch.context("the ledger has no head")?;
    author.listening = Some(Listening {
        heard: Heard {
            era: head.era,
            number: dispatch.number,
            digest: Digest::from_slice(&dispatch.digest)?,
        },
        time: domain::time::Instant::from_ms(dispatch.time_ms),
    });
    Ok(())
}

/// Opens cases, with their keys.
async fn open(host: &Host, author: &mut Author, cases: usize, recipient: &[u8; 32]) -> Result<()> {
    let numbers: Vec<usize> = (0..cases).collect();
    for chunk in numbers.chunks(256) {
        let opening = |number: &usize| {
            let request = parties::request(2026, u32::try_from(number + 1)?)?;
            Ok((Some(parties::case(*number)), Statement::RequestFiled(request)))
        };
        let openings = chunk.iter().map(opening).collect::<Result<Vec<_>>>()?;
        stored(host, author.say(&openings, Some(recipient))?.encode()).await?;
    }
    Ok(())
}

async fn stored(host: &Host, dispatch: Vec<u8>) -> Result<()> {
    let answer = host.import(dispatch).await?;
    let outcome = answer.outcome();
    ensure!(outcome == ImportOutcome::Stored, "{}: {}", outcome.as_str_name(), answer.reason);
    Ok(())
}

fn now_ms() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}
