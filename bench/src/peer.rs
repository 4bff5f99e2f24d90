//! The other node, in a process of its own: this same binary, started as `bench peer STATE PARTNER
//! FOLDER SERVERS`, commanded by lines on its standard input.
//!
//! It says `ready`; `stored N` whenever N entries of its partner's log are durable; and `done`
//! after each command: `adopt`, `cases FILE` (the cases that it states on, one a line) and
//! `state COUNT RUN`. It ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use proto::ledger::v1::{FollowCasesResponse, RecordKind};
use tokio::sync::{mpsc, watch};
use tonic::Streaming;

use crate::host::{Host, How, Site};

/// The first argument that makes this binary a peer.
pub(crate) const ROLE: &str = "peer";

/// How far something is durable (a count of entries, or the number of a dispatch), and since when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) number: u64,
    pub(crate) at: Instant,
}

impl Stored {
    pub(crate) fn none() -> Self {
        Self { number: 0, at: Instant::now() }
    }
}

/// The peer, as the process that measures sees it.
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    done: mpsc::Receiver<()>,
    /// Entries of its partner's log that are durable there.
    pub(crate) stored: watch::Receiver<Stored>,
}

impl Peer {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(site: &Site, servers: &str) -> Result<Self> {
        let folder = site.folder.parent().context("the folder of the bench")?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([ROLE, site.state.code(), site.partner.code()])
            .arg(folder)
            .arg(servers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the other node")?;
        let orders = child.stdin.take().context("its input")?;
        let said = BufReader::new(child.stdout.take().context("its output")?);
        let (stored, durable) = watch::channel(Stored::none());
        let (tell, done) = mpsc::channel(8);
        // A thread that does nothing but wait: it wakes as soon as a line is there.
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let at = Instant::now();
                if let Some(number) = line.strip_prefix("stored ") {
                    if let Ok(number) = number.parse() {
                        stored.send_replace(Stored { number, at });
                    }
                } else if tell.blocking_send(()).is_err() {
                    return;
                }
            }
        });
        let mut peer = Self { child, orders, done, stored: durable };
        peer.done().await?;
        Ok(peer)
    }

    /// Gives an order, without waiting for its end.
    pub(crate) fn order(&mut self, order: &str) -> Result<()> {
        writeln!(self.orders, "{order}").context("the other node has ended")
    }

    /// Waits until the last order is carried out.
    pub(crate) async fn done(&mut self) -> Result<()> {
        self.done.recv().await.context("the other node has ended")
    }

    /// Ends it, orderly.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.orders);
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { bail!("the other node ended with {status}") }
    }
}

/// Runs as the peer.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [state, partner, folder, servers] = arguments else {
        bail!("`{ROLE}` takes STATE PARTNER FOLDER SERVERS");
    };
    let site = Site::new(state, partner, Path::new(folder))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(site, servers.clone()))
}

async fn serve(site: Site, servers: String) -> Result<()> {
    let host = Arc::new(Host::start(&site, Some(&servers)).await?);
    let followed = tokio::spawn(tell(host.follow().await?, site.partner.to_string()));
    say("ready")?;
    // Lines of the input are few, and waiting for them must not hold up the node.
    let (sender, mut orders) = mpsc::channel(8);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let mut cases = Arc::new(Vec::new());
    while let Some(order) = orders.recv().await {
        match order.split(' ').collect::<Vec<_>>().as_slice() {
            ["adopt"] => host.adopt().await?,
            ["cases", file] => {
                let text = std::fs::read_to_string(file)?;
                cases = Arc::new(host.look(text.lines().map(str::to_owned).collect()).await?);
            }
            ["state", count, run] => {
                host.state(&cases, count.parse()?, run, How::Appended).await?;
            }
            _ => bail!("unknown order `{order}`"),
        }
        say("done")?;
    }
    followed.abort();
    // Whoever follows holds the ledger; it ends with the last of them.
    let _ = followed.await;
    let host = Arc::into_inner(host).context("somebody still uses the node")?;
    host.stop().await;
    Ok(())
}

/// Says what of the partner's log is durable, as the node pushes it.
async fn tell(mut followed: Streaming<FollowCasesResponse>, partner: String) -> Result<()> {
    while let Some(item) = followed.message().await? {
        if item.kind() == RecordKind::Entry && item.author == partner {
            say(&format!("stored {}", item.log_position + 1))?;
        }
    }
    Ok(())
}

fn say(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()?;
    Ok(())
}
