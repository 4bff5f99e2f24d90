//! Somebody who uses a node through the public interface, with the client that people use.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::readmit;

/// Somebody with a profile at a node.
#[derive(Clone, Debug)]
pub struct Person {
    /// The folder of the node.
    pub home: PathBuf,
    /// The State.
    pub state: &'static str,
    /// The profile.
    pub profile: &'static str,
}

/// What a client command answered when it did not succeed.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The exit code.
    pub exit: i32,
    /// The error, as the client prints it with `--json`.
    pub error: Value,
}

impl Person {
    /// Calls, and takes every reply.
    ///
    /// # Errors
    /// The command was not answered with success.
    pub fn call_all(&self, words: &[&str]) -> Result<Vec<Value>> {
        match self.attempt(words)? {
            Ok(replies) => Ok(replies),
            Err(refusal) => bail!("{} {}: {}", self.profile, words.join(" "), refusal.error),
        }
    }

    /// Calls, and takes the one reply.
    ///
    /// # Errors
    /// The command was not answered with one success.
    pub fn call(&self, words: &[&str]) -> Result<Value> {
        let reply = self.call_all(words)?.pop();
        reply.with_context(|| format!("`{}` answered nothing", words.join(" ")))
    }

    /// Calls, and expects to be refused.
    ///
    /// # Errors
    /// The command succeeded.
    pub fn refused(&self, words: &[&str]) -> Result<Refusal> {
        match self.attempt(words)? {
            Err(refusal) => Ok(refusal),
            Ok(_) => bail!("`{}` was expected to be refused, and succeeded", words.join(" ")),
        }
    }

    /// Calls, whatever the answer.
    ///
    /// # Errors
    /// The client cannot be run, or prints what is no JSON.
    pub fn attempt(&self, words: &[&str]) -> Result<Result<Vec<Value>, Refusal>> {
        let output = self.command(words)?.output().context("run `readmit`")?;
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            let replies: Result<Vec<Value>, _> = lines.lines().map(serde_json::from_str).collect();
            return Ok(Ok(replies.context("a reply that is no JSON")?));
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let error = said.lines().find_map(|line| serde_json::from_str(line).ok());
        let error = error.unwrap_or_else(|| Value::String(said.trim().to_owned()));
        Ok(Err(Refusal { exit: output.status.code().unwrap_or(-1), error }))
    }

    /// Starts a call that goes on, such as a subscription; its replies are read from its output.
    ///
    /// # Errors
    /// The client cannot be run.
    pub fn start(&self, words: &[&str]) -> Result<Child> {
        self.command(words)?.stdout(Stdio::piped()).spawn().context("run `readmit`")
    }

    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(readmit()?);
        command.arg("--home").arg(&self.home).args(words).args(["--as", self.profile, "--json"]);
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        Ok(command)
    }
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.error["code"].as_str().unwrap_or_default()
    }

    /// The rule of a case or an agreement that was broken, if it was one.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.error["rule"].as_str().unwrap_or_default()
    }

    /// The fields that are named.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let fields = self.error["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        fields.iter().filter_map(|field| field["field"].as_str()).collect()
    }
}
