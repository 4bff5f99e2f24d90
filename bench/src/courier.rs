//! Over Apache Kafka, between two nodes in two processes: from a filing to the partner's disk and
//! back, and how many events go through when many are stated.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use integration_tests::kafka::Kafka;
use integration_tests::topics::Topics;
use messaging::TopicSpec;
use proto::ledger::v1::{FollowCasesResponse, RecordKind};
use tokio::sync::watch;
use tonic::Streaming;

use crate::Amount;
use crate::bare::Bare;
use crate::host::{Host, Site, TASKS};
use crate::parties::{self, ASKED, ASKING};
use crate::peer::{Peer, Stored};
use crate::report::{Budget, Row};
use crate::rounds::{ROUNDS, median, ms, per_second, percentile};

/// Filings, and bare round trips, of one round.
const FILINGS: usize = 60;
/// Events that are stated in one round, in each direction.
const EVENTS: usize = 4096;
/// Bytes of a bare record: about what a filing's dispatch has.
const BARE_BYTES: usize = 1200;
const BARE_TOPIC: &str = "readmit.bench.bare";
/// How long anything may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// From DESIGN 13.
const STORED: Budget = Budget::RatioAtMost(2.0);
const RECEIPT: Budget = Budget::RatioAtMost(3.5);
const THROUGHPUT: Budget = Budget::AtLeast(2_000.0);
const ENTRIES_A_DISPATCH: Budget = Budget::AtLeast(64.0);

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(amount, &folder.join("courier")))
}

async fn run(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let mut topics = Topics::read()?.corridor(ASKING, ASKED)?;
    let bare = messaging::topic::named(BARE_TOPIC)?;
    topics.push(TopicSpec { topic: bare, partitions: 1, replicas: 1, retention_ms: None });
    let kafka = Kafka::start(&topics).await?;
    let servers = kafka.bootstrap_servers();
    let bare = Bare::connect(servers, BARE_TOPIC, BARE_BYTES).await?;
    let mut corridor = Corridor::found(folder, servers, amount).await?;
    let mut taken = Taken::default();
    for round in 0..=ROUNDS {
        let mut of_round = Taken::default();
        let filings = amount.of(FILINGS);
        for _ in 0..filings {
            of_round.bare.push(ms(bare.round_trip().await?));
        }
        for filing in 0..filings {
            corridor.file(&format!("file-{round}-{filing}"), &mut of_round).await?;
        }
        corridor.one_way(amount.of(EVENTS), round, &mut of_round).await?;
        corridor.both_ways(amount.of(EVENTS), round, &mut of_round).await?;
        // The first round warms up.
        if round > 0 {
            taken.add(of_round)?;
        }
    }
    corridor.stop().await?;
    taken.rows()
}

/// Both nodes: the asking one in this process, the asked one in another.
struct Corridor {
    host: Arc<Host>,
    peer: Peer,
    /// The partner's last dispatch without entries, by its number and since when it is durable.
    receipts: watch::Receiver<Stored>,
    /// How much of the partner's log is durable.
    stored: watch::Receiver<Stored>,
    following: tokio::task::JoinHandle<Result<()>>,
    cases: Arc<Vec<String>>,
}

impl Corridor {
    /// Prepares both folders, starts both nodes, adopts the agreement and opens the cases.
    async fn found(folder: &Path, servers: &str, amount: Amount) -> Result<Self> {
        let genesis = parties::genesis()?;
        let asking = Site::new(ASKING, ASKED, folder)?;
        let asked = Site::new(ASKED, ASKING, folder)?;
        asking.prepare(&genesis)?;
        asked.prepare(&genesis)?;
        let host = Arc::new(Host::start(&asking, Some(servers)).await?);
        let mut peer = Peer::start(&asked, servers).await?;
        let (tell_receipts, receipts) = watch::channel(Stored::none());
        let (tell_stored, stored) = watch::channel(Stored::none());
        let followed = host.follow().await?;
        let following = tokio::spawn(follow(followed, tell_receipts, tell_stored));
        peer.order("adopt")?;
        peer.done().await?;
        host.adopt().await?;
        let mut opened = host.open(2 * amount.of(EVENTS).min(TASKS)).await?;
        // Each State states on its own half: no case moves while somebody decides on it.
        let of_peer = opened.split_off(opened.len() / 2);
        let file = folder.join("cases");
        std::fs::write(&file, of_peer.join("\n"))?;
        peer.order(&format!("cases {}", file.display()))?;
        peer.done().await?;
        let cases = Arc::new(opened);
        let mut corridor = Self { host, peer, receipts, stored, following, cases };
        corridor.settle().await?;
        Ok(corridor)
    }

    /// One filing: from its reply until the partner has stored it, and until the partner's receipt
    /// is stored here.
    async fn file(&mut self, request_id: &str, taken: &mut Taken) -> Result<()> {
        let filed = self.host.file(request_id).await?;
        let replied = Instant::now();
        let position = filed.positions.first().copied().context("the filing has no position")?;
        let stored = reaches(&mut self.peer.stored, position + 1).await?;
        let receipt = self.receipt().await?;
        taken.stored.push(ms(stored.at.saturating_duration_since(replied)));
        taken.receipt.push(ms(receipt.saturating_duration_since(replied)));
        Ok(())
    }

    /// Waits until the partner's head has heard the own one; since when it has.
    async fn receipt(&mut self) -> Result<Instant> {
        let wait = async {
            loop {
                let seen = *self.receipts.borrow_and_update();
                let heads = self.host.heads().await?;
                let own = heads.own.and_then(|head| head.dispatch).context("no own head")?;
                let partner = heads.partner.and_then(|head| head.dispatch);
                let heard = partner.as_ref().and_then(|dispatch| dispatch.heard.as_ref());
                let number = partner.as_ref().map_or(0, |dispatch| dispatch.number);
                if heard.is_some_and(|heard| heard.number >= own.number) && seen.entries == number {
                    return Ok(seen.at);
                }
                self.receipts.changed().await?;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.context("waited in vain for a receipt")?
    }

    /// Waits until both have heard all that was said.
    async fn settle(&mut self) -> Result<()> {
        let own = self.host.heads().await?.own.context("no own head")?;
        reaches(&mut self.peer.stored, own.log_size).await?;
        self.receipt().await?;
        Ok(())
    }

    /// Many events from here to the partner: how many a second, from the first command until the
    /// last is on the partner's disk.
    async fn one_way(&mut self, events: usize, run: usize, taken: &mut Taken) -> Result<()> {
        let before = self.own_number().await?;
        let start = Instant::now();
        self.host.state(&self.cases, events, run * 2).await?;
        let own = self.host.heads().await?.own.context("no own head")?;
        let stored = reaches(&mut self.peer.stored, own.log_size).await?;
        taken.one_way.push(per_second(events, stored.at.saturating_duration_since(start)));
        let dispatches = self.own_number().await? - before;
        taken.entries_a_dispatch.push(ratio(events as u64, dispatches));
        self.settle().await
    }

    /// The same in both directions at once.
    async fn both_ways(&mut self, events: usize, run: usize, taken: &mut Taken) -> Result<()> {
        let theirs = self.stored.borrow().entries + events as u64;
        let start = Instant::now();
        self.peer.order(&format!("state {events} {run}"))?;
        self.host.state(&self.cases, events, run * 2 + 1).await?;
        let own = self.host.heads().await?.own.context("no own head")?;
        let there = reaches(&mut self.peer.stored, own.log_size).await?;
        let here = reaches(&mut self.stored, theirs).await?;
        let last = there.at.max(here.at);
        taken.both_ways.push(per_second(2 * events, last.saturating_duration_since(start)));
        self.peer.done().await
    }

    async fn own_number(&self) -> Result<u64> {
        let own = self.host.heads().await?.own.and_then(|head| head.dispatch);
        Ok(own.context("no own head")?.number)
    }

    async fn stop(self) -> Result<()> {
        self.peer.stop()?;
        self.following.abort();
        // Cancelled, as was asked.
        let _ = self.following.await;
        let host = Arc::into_inner(self.host).context("somebody still uses the node")?;
        host.stop().await;
        Ok(())
    }
}

/// Notes what of the partner's log becomes durable here, as the node pushes it.
async fn follow(
    mut followed: Streaming<FollowCasesResponse>,
    receipts: watch::Sender<Stored>,
    stored: watch::Sender<Stored>,
) -> Result<()> {
    while let Some(item) = followed.message().await? {
        if item.author != ASKED {
            continue;
        }
        let at = Instant::now();
        if item.kind() == RecordKind::Entry {
            stored.send_replace(Stored { entries: item.log_position + 1, at });
        } else if item.kind() == RecordKind::Receipt {
            receipts.send_replace(Stored { entries: item.dispatch, at });
        }
    }
    Ok(())
}

/// Waits until so much is durable; since when it is.
async fn reaches(durable: &mut watch::Receiver<Stored>, entries: u64) -> Result<Stored> {
    let waited = tokio::time::timeout(PATIENCE, durable.wait_for(|it| it.entries >= entries));
    Ok(*waited.await.with_context(|| format!("waited in vain for entry {entries}"))??)
}

/// What was measured, in the rounds that count.
#[derive(Default)]
struct Taken {
    bare: Vec<f64>,
    stored: Vec<f64>,
    receipt: Vec<f64>,
    one_way: Vec<f64>,
    both_ways: Vec<f64>,
    entries_a_dispatch: Vec<f64>,
    stored_ratios: Vec<f64>,
    receipt_ratios: Vec<f64>,
}

impl Taken {
    /// Adds a round.
    fn add(&mut self, round: Self) -> Result<()> {
        let bare = median(&round.bare)?;
        ensure!(bare > 0.0, "a bare round trip took no time");
        self.stored_ratios.push(median(&round.stored)? / bare);
        self.receipt_ratios.push(median(&round.receipt)? / bare);
        for (all, more) in [
            (&mut self.bare, round.bare),
            (&mut self.stored, round.stored),
            (&mut self.receipt, round.receipt),
            (&mut self.one_way, round.one_way),
            (&mut self.both_ways, round.both_ways),
            (&mut self.entries_a_dispatch, round.entries_a_dispatch),
        ] {
            all.extend(more);
        }
        Ok(())
    }

    fn rows(&self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (what, values, ratios, budget) in [
            ("stored by the partner", &self.stored, &self.stored_ratios, STORED),
            ("receipt stored by the author", &self.receipt, &self.receipt_ratios, RECEIPT),
        ] {
            let name = format!("courier: filing until {what}");
            let p50 = Row::new(format!("{name}, p50"), median(values)?, "ms")
                .against(median(&self.bare)?, median(ratios)?);
            rows.push(p50.budget(budget));
            let (p99, bare) = (percentile(values, 99)?, percentile(&self.bare, 99)?);
            rows.push(Row::new(format!("{name}, p99"), p99, "ms").against(bare, p99 / bare));
        }
        let one_way = median(&self.one_way)?;
        rows.push(Row::new("courier: end to end, one way", one_way, "events/s").budget(THROUGHPUT));
        let both_ways = median(&self.both_ways)?;
        let both_ways = Row::new("courier: end to end, both ways at once", both_ways, "events/s");
        rows.push(both_ways.budget(THROUGHPUT));
        let entries = median(&self.entries_a_dispatch)?;
        let entries = Row::new("courier: end to end, dispatches of", entries, "entries");
        rows.push(entries.budget(ENTRIES_A_DISPATCH));
        Ok(rows)
    }
}

fn ratio(count: u64, of: u64) -> f64 {
    let narrow = |number| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    narrow(count) / narrow(of.max(1))
}
