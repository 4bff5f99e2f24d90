//! Two sovereign nodes, NL and XK, as two processes with their own folders, and their corridor.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use domain::identifier::State;
use serde_json::Value;

use crate::courier::{Courier, Kind};
use crate::person::Person;
use crate::port;
use crate::process::{Running, readmit, until};

/// The agreement of the first corridor.
pub const AGREEMENT: &str = "benelux_kosovo_2011";

/// A corridor with both nodes and its courier.
#[derive(Debug)]
pub struct Corridor {
    /// The folder that holds everything.
    pub folder: PathBuf,
    /// The courier.
    pub courier: Courier,
    /// The node of the Netherlands.
    pub nl: Node,
    /// The node of Kosovo.
    pub xk: Node,
}

/// A node that may be running.
#[derive(Debug)]
pub struct Node {
    /// The State.
    pub state: &'static str,
    /// Its folder.
    pub home: PathBuf,
    running: Option<Running>,
}

impl Corridor {
    /// Prepares both nodes, founds the corridor, starts everything and adopts the agreement.
    ///
    /// # Errors
    /// A step that failed, with what the command said.
    pub async fn found(folder: &Path, courier: Kind, environment: &str) -> Result<Self> {
        let corridor = Self::found_without(folder, courier, environment).await?;
        corridor.adopt()?;
        Ok(corridor)
    }

    /// As [`Corridor::found`], without adopting an agreement.
    ///
    /// # Errors
    /// A step that failed, with what the command said.
    pub async fn found_without(folder: &Path, courier: Kind, environment: &str) -> Result<Self> {
        let xk = ["--consulate", "consulate-brussels", "--agency", "homeward"];
        let states = [("NL", &["--return-office", "return-office"][..]), ("XK", &xk)];
        let (courier, [nl, xk]) = found_between(folder, courier, environment, states).await?;
        Ok(Self { folder: folder.to_owned(), courier, nl, xk })
    }

    /// Both States adopt the agreement on the record, and each hears the other do so. A story runs
    /// on any day of the year: every holiday that is only estimated is confirmed.
    fn adopt(&self) -> Result<()> {
        let holidays = estimated_holidays();
        for (node, partner) in [(&self.nl, "XK"), (&self.xk, "NL")] {
            let words = ["operator", "adopt", "--partner-state", partner, "--agreement", AGREEMENT];
            let confirmed = holidays.iter().flat_map(|it| ["--confirmed-holidays", it]);
            let words: Vec<&str> = words.into_iter().chain(confirmed).collect();
            node.operator().call(&words)?;
        }
        for node in [&self.nl, &self.xk] {
            until("both States to have adopted the agreement", || {
                let listed = node.operator().call(&["operator", "agreements"])?;
                let both = listed["agreements"].as_array().is_some_and(|agreements| {
                    agreements.iter().any(|agreement| {
                        agreement["adopted_by_own"] == Value::Bool(true)
                            && agreement["adopted_by_partner"] == Value::Bool(true)
                    })
                });
                Ok(both.then_some(()))
            })?;
        }
        Ok(())
    }

    /// Moves the clocks of both nodes to a moment.
    ///
    /// # Errors
    /// A clock cannot be moved.
    pub fn move_clocks(&self, now_ms: u64) -> Result<()> {
        let now = now_ms.to_string();
        for node in [&self.xk, &self.nl] {
            node.operator().call(&["operator", "set-clock", "--now-ms", &now])?;
        }
        Ok(())
    }

    /// The moment by the clock of NL, in milliseconds.
    ///
    /// # Errors
    /// The node does not answer.
    pub fn now_ms(&self) -> Result<u64> {
        let status = self.nl.operator().call(&["operator", "status"])?;
        number(&status["now_ms"]).context("`operator status` names no time")
    }

    /// Ends both nodes, orderly.
    ///
    /// # Errors
    /// A node does not end, or ends with a failure.
    pub fn stop(&mut self) -> Result<()> {
        self.nl.stop()?;
        self.xk.stop()
    }
}

/// Prepares the nodes of any two States, each with what its `init` is told, founds their corridor
/// and starts everything.
///
/// # Errors
/// A step that failed, with what the command said.
pub async fn found_between(
    folder: &Path,
    courier: Kind,
    environment: &str,
    states: [(&'static str, &[&str]); 2],
) -> Result<(Courier, [Node; 2])> {
    let [(one, of_one), (other, of_other)] = states;
    let courier = Courier::start(courier, folder, [one, other]).await?;
    let mut one = Node::prepare(one, folder, &courier, of_one)?;
    let mut other = Node::prepare(other, folder, &courier, of_other)?;
    let name = format!("{}-{}.genesis", one.state, other.state).to_lowercase();
    let file = folder.join(name).display().to_string();
    let handover = |node: &Node| node.home.join("handover").display().to_string();
    let (from_one, from_other) = (handover(&one), handover(&other));
    let proposal = ["genesis", "propose", "--partner", &from_other, "--environment", environment];
    one.operate(&[&proposal[..], &["--out", &file]].concat())?;
    one.operate(&["genesis", "sign", &file])?;
    other.operate(&["genesis", "sign", &file])?;
    one.operate(&["genesis", "install", &file, "--partner", &from_other])?;
    other.operate(&["genesis", "install", &file, "--partner", &from_one])?;
    one.start()?;
    other.start()?;
    Ok((courier, [one, other]))
}

/// A number of a reply: JSON carries 64-bit numbers as text.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl Node {
    fn prepare(
        state: &'static str,
        folder: &Path,
        courier: &Courier,
        roles: &[&str],
    ) -> Result<Self> {
        let home = folder.join(state.to_lowercase());
        let node = Self { state, home, running: None };
        let (api, door) = (free_address()?, free_address()?);
        let file = courier.address_file().display().to_string();
        let mut words = vec!["init", "--state", state, "--api", &api, "--partner-door", &door];
        match courier.kind() {
            Some(Kind::Development) => {
                words.extend(["--broker-file", &file, "--fetch-wait-ms", "10"]);
            }
            Some(Kind::Apache) => words.extend(["--broker-file", &file]),
            Some(Kind::Absent) | None => {}
        }
        words.extend(roles);
        node.operate(&words)?;
        Ok(node)
    }

    /// Runs a command of the operator on the node's folder.
    ///
    /// # Errors
    /// The command failed; what it said is shown.
    pub fn operate(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(readmit()?)
            .arg("--home")
            .arg(&self.home)
            .args(words)
            .output()
            .context("run `readmit`")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "`readmit {}`: {said}", words.join(" "));
        Ok(said)
    }

    /// Starts the node, and waits until it serves.
    ///
    /// # Errors
    /// It does not come up; the end of its log is shown.
    pub fn start(&mut self) -> Result<()> {
        let ready = self.home.join("run/api.address");
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        let log = self.home.join("node.log");
        let mut running = Running::start(&["node"], &self.home, &log)?;
        running.ready(&ready)?;
        self.running = Some(running);
        Ok(())
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Ends the node with SIGKILL.
    ///
    /// # Errors
    /// It is not running.
    pub fn kill(&mut self) -> Result<()> {
        match self.running.take() {
            Some(running) => running.kill(),
            None => bail!("the node of {} is not running", self.state),
        }
    }

    /// Ends the node, orderly.
    ///
    /// # Errors
    /// It does not end, or ends with a failure.
    pub fn stop(&mut self) -> Result<()> {
        self.running.take().map_or(Ok(()), Running::stop)
    }

    /// Leaves the node running after this process.
    pub fn leave(&mut self) {
        if let Some(running) = self.running.take() {
            std::mem::forget(running);
        }
    }

    /// Somebody who uses this node.
    #[must_use]
    pub fn person(&self, profile: &'static str) -> Person {
        Person { home: self.home.clone(), state: self.state, profile }
    }

    /// The operator of this node.
    #[must_use]
    pub fn operator(&self) -> Person {
        self.person("operator")
    }
}

/// An address on loopback that is free now.
fn free_address() -> Result<String> {
    Ok(format!("127.0.0.1:{}", port::free()?))
}

/// The holidays of Kosovo that follow a moon sighting, as an operator confirms them.
#[must_use]
pub fn estimated_holidays() -> Vec<String> {
    let calendar = State::new("XK").ok().and_then(agreements::calendar);
    let estimated = calendar.into_iter().flat_map(|(calendar, _)| &calendar.estimated);
    estimated.map(|days| format!("XK={}", days.on)).collect()
}
