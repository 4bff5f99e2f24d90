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
use crate::host::{Host, How, OpenCase, Site};
use crate::parties::{self, ASKED, ASKING};
use crate::peer::{Peer, Stored};
use crate::report::{Budget, Row};
use crate::rounds::{ROUNDS, median, ms, per_second, percentile};

/// Filings, and bare round trips, of one round.
const FILINGS: usize = 60;
/// Events that are stated in one round, in each direction.
const EVENTS: usize = 4096;
/// Whole commands of one round.
const COMMANDS: usize = 1024;
/// Cases that are open, for both States.
const CASES: usize = 2048;
/// Bytes of a bare record: about what a filing's dispatch has.
const BARE_BYTES: usize = 1200;
const BARE_TOPIC: &str = "readmit.bench.bare";
/// How long anything may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// How often it is looked whether all is heard, between measurements.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(5);

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
        for filing in 0..filings {
            // One after the other: broker, clients and machine are as awake for both.
            of_round.bare.push(ms(bare.round_trip().await?));
            corridor.file(&format!("file-{round}-{filing}"), &mut of_round).await?;
        }
        let events = amount.of(EVENTS);
        corridor.one_way(events, &format!("one-way-{round}"), &mut of_round).await?;
        corridor.both_ways(events, &format!("both-ways-{round}"), &mut of_round).await?;
        let commands = amount.of(COMMANDS);
        corridor.commanded(commands, &format!("commanded-{round}"), &mut of_round).await?;
        // The first round warms up.
        if round > 0 {
            taken.add(of_round)?;
        }
    }
    corridor.stop().await?;
    taken.rows()
}

/// What is durable on the node in this process, as it pushes it.
struct Durable {
    /// The partner's last dispatch without entries, by its number.
    receipts: watch::Receiver<Stored>,
    /// Entries of the partner's log.
    stored: watch::Receiver<Stored>,
    said: watch::Receiver<Said>,
}

/// How far the own log is durable and noted.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// Its entries.
    size: u64,
    /// The number of the last dispatch that has any.
    dispatch: u64,
}

/// Both nodes: the asking one in this process, the asked one in another.
struct Corridor {
    host: Arc<Host>,
    peer: Peer,
    /// What is durable here.
    here: Durable,
    following: tokio::task::JoinHandle<Result<()>>,
    /// The cases that this State states on.
    cases: Arc<Vec<OpenCase>>,
}

impl Corridor {
    /// Prepares both folders, starts both nodes, adopts the agreement and opens cases.
    async fn found(folder: &Path, servers: &str, amount: Amount) -> Result<Self> {
        let genesis = parties::genesis()?;
        let asking = Site::new(ASKING, ASKED, folder)?;
        let asked = Site::new(ASKED, ASKING, folder)?;
        asking.prepare(&genesis)?;
        asked.prepare(&genesis)?;
        let host = Arc::new(Host::start(&asking, Some(servers)).await?);
        let peer = Peer::start(&asked, servers).await?;
        let (tell_receipts, receipts) = watch::channel(Stored::none());
        let (tell_stored, stored) = watch::channel(Stored::none());
        let (tell_said, said) = watch::channel(Said::default());
        let tell = Tell { receipts: tell_receipts, stored: tell_stored, said: tell_said };
        let following = tokio::spawn(follow(host.follow().await?, tell));
        let here = Durable { receipts, stored, said };
        let cases = Arc::default();
        let mut corridor = Self { host, peer, here, following, cases };
        corridor.adopt().await?;
        corridor.open(amount.of(CASES), folder).await?;
        Ok(corridor)
    }

    /// Both adopt the agreement, and hear that the other has.
    async fn adopt(&mut self) -> Result<()> {
        self.peer.order("adopt")?;
        self.peer.done().await?;
        self.host.adopt().await?;
        let heads = async {
            // Two keys and the agreement.
            while self.host.heads().await?.partner.is_none_or(|head| head.log_size < 3) {
                tokio::time::sleep(GLANCE).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, heads).await.context("the partner does not adopt")??;
        self.settle().await
    }

    /// Opens cases, half of them for each State: none moves while somebody decides on it.
    async fn open(&mut self, cases: usize, folder: &Path) -> Result<()> {
        let mut opened = self.host.open(cases, "all").await?;
        self.settle().await?;
        let of_peer = opened.split_off(opened.len() / 2);
        self.cases = Arc::new(self.host.look(opened).await?);
        let file = folder.join("cases");
        std::fs::write(&file, of_peer.join("\n"))?;
        self.peer.order(&format!("cases {}", file.display()))?;
        self.peer.done().await
    }

    /// One filing: from its reply until the partner has stored it, and until the partner's receipt
    /// is stored here.
    async fn file(&mut self, request_id: &str, taken: &mut Taken) -> Result<()> {
        let filed = self.host.file(request_id).await?;
        let replied = Instant::now();
        let position = filed.positions.first().copied().context("the filing has no position")?;
        let stored = reaches(&mut self.peer.stored, position + 1).await?;
        let receipt = self.receipt(position + 1).await?;
        taken.stored.push(ms(stored.at.saturating_duration_since(replied)));
        taken.receipt.push(ms(receipt.saturating_duration_since(replied)));
        Ok(())
    }

    /// Waits for the receipt of the last own dispatch with entries, once the log has so many; since
    /// when it is durable. Only while the partner says nothing but receipts.
    async fn receipt(&mut self, size: u64) -> Result<Instant> {
        let wait = async {
            self.here.said.wait_for(|said| said.size >= size).await?;
            loop {
                let seen = *self.here.receipts.borrow_and_update();
                if self.heard().await? == Some(seen.number) {
                    return anyhow::Ok(seen.at);
                }
                self.here.receipts.changed().await?;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.context("waited in vain for a receipt")?
    }

    /// The number of the partner's head, if it has heard the last own dispatch with entries.
    async fn heard(&self) -> Result<Option<u64>> {
        let heads = self.host.heads().await?;
        let said = self.here.said.borrow().dispatch;
        let head = heads.partner.and_then(|head| head.dispatch);
        let head = head.filter(|it| it.heard.as_ref().is_some_and(|heard| heard.number >= said));
        Ok(head.map(|head| head.number))
    }

    /// Waits until the partner has heard all that was said. Nothing is measured meanwhile.
    async fn settle(&mut self) -> Result<()> {
        let own = self.host.heads().await?.own.context("no own head")?;
        reaches(&mut self.peer.stored, own.log_size).await?;
        let wait = async {
            self.here.said.wait_for(|said| said.size >= own.log_size).await?;
            while self.heard().await?.is_none() {
                tokio::time::sleep(GLANCE).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, wait).await.context("the partner does not hear")?
    }

    /// Many events from here to the partner: how many a second, from the first until the last is on
    /// the partner's disk.
    async fn one_way(&mut self, events: usize, run: &str, taken: &mut Taken) -> Result<()> {
        let before = self.own_number().await?;
        let rate = self.through(events, run, How::Appended).await?;
        taken.one_way.push(rate);
        let dispatches = self.own_number().await? - before;
        taken.entries_a_dispatch.push(ratio(events as u64, dispatches));
        self.settle().await
    }

    /// The same by whole commands.
    async fn commanded(&mut self, events: usize, run: &str, taken: &mut Taken) -> Result<()> {
        // Commands do not say at which revision they leave a case.
        let names = self.cases.iter().map(|case| case.name().to_owned()).collect();
        taken.commanded.push(self.through(events, run, How::Commanded).await?);
        self.settle().await?;
        self.cases = Arc::new(self.host.look(names).await?);
        Ok(())
    }

    async fn through(&mut self, events: usize, run: &str, how: How) -> Result<f64> {
        let start = Instant::now();
        self.host.state(&self.cases, events, run, how).await?;
        let own = self.host.heads().await?.own.context("no own head")?;
        let stored = reaches(&mut self.peer.stored, own.log_size).await?;
        Ok(per_second(events, stored.at.saturating_duration_since(start)))
    }

    /// The same in both directions at once.
    async fn both_ways(&mut self, events: usize, run: &str, taken: &mut Taken) -> Result<()> {
        let theirs = self.here.stored.borrow().number + events as u64;
        let start = Instant::now();
        self.peer.order(&format!("state {events} {run}"))?;
        self.host.state(&self.cases, events, run, How::Appended).await?;
        let own = self.host.heads().await?.own.context("no own head")?;
        let there = reaches(&mut self.peer.stored, own.log_size).await?;
        let here = reaches(&mut self.here.stored, theirs).await?;
        let last = there.at.max(here.at);
        taken.both_ways.push(per_second(2 * events, last.saturating_duration_since(start)));
        self.peer.done().await?;
        self.settle().await
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

/// Where it is noted what becomes durable.
struct Tell {
    receipts: watch::Sender<Stored>,
    stored: watch::Sender<Stored>,
    said: watch::Sender<Said>,
}

/// Notes what becomes durable here, as the node pushes it.
async fn follow(mut followed: Streaming<FollowCasesResponse>, tell: Tell) -> Result<()> {
    while let Some(item) = followed.message().await? {
        let at = Instant::now();
        let entry = item.kind() == RecordKind::Entry;
        if item.author == ASKED && entry {
            tell.stored.send_replace(Stored { number: item.log_position + 1, at });
        } else if item.author == ASKED && item.kind() == RecordKind::Receipt {
            tell.receipts.send_replace(Stored { number: item.dispatch, at });
        } else if item.author == ASKING && entry {
            let size = item.log_position + 1;
            tell.said.send_replace(Said { size, dispatch: item.dispatch });
        }
    }
    Ok(())
}

/// Waits until so much is durable; since when it is.
async fn reaches(durable: &mut watch::Receiver<Stored>, entries: u64) -> Result<Stored> {
    let waited = tokio::time::timeout(PATIENCE, durable.wait_for(|it| it.number >= entries));
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
    commanded: Vec<f64>,
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
            (&mut self.commanded, round.commanded),
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
        let commanded = median(&self.commanded)?;
        rows.push(Row::new("courier: end to end, by whole commands", commanded, "events/s"));
        Ok(rows)
    }
}

fn ratio(count: u64, of: u64) -> f64 {
    let narrow = |number| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    narrow(count) / narrow(of.max(1))
}
