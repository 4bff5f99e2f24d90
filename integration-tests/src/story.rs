//! The stories: fictional persons' cases, played through the public interface of both nodes.

pub mod accepted;
pub mod outage;
pub mod refused;
pub mod scan;
pub mod silence;
pub mod withdrawn;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::corridor::{Corridor, Node, number};
use crate::person::Person;
use crate::process::until;
use crate::telling::Telling;

/// Everybody, and whoever tells.
#[derive(Debug)]
pub struct Stage<'a> {
    /// Both nodes.
    pub corridor: &'a mut Corridor,
    /// The teller.
    pub telling: &'a mut Telling,
}

/// One day in milliseconds.
pub const DAY_MS: u64 = 24 * 3_600_000;

impl Stage<'_> {
    /// The return office of the Netherlands.
    #[must_use]
    pub fn return_office(&self) -> Person {
        self.corridor.nl.person("return-office")
    }

    /// The readmission authority of Kosovo.
    #[must_use]
    pub fn authority(&self) -> Person {
        self.corridor.xk.person("readmission-authority")
    }

    /// The consulate of Kosovo in Brussels.
    #[must_use]
    pub fn consulate(&self) -> Person {
        self.corridor.xk.person("consulate-brussels")
    }

    /// The agency that helps after return.
    #[must_use]
    pub fn agency(&self) -> Person {
        self.corridor.xk.person("homeward")
    }

    /// Gives a command and tells what it wrote.
    ///
    /// # Errors
    /// The command was refused.
    pub fn act(&mut self, who: &Person, words: &[&str]) -> Result<Value> {
        let reply = who.call(words)?;
        let receipt = &reply["receipt"];
        let standing = word(&receipt["standing"], "STANDING_");
        let list = |value: &Value| {
            let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().filter_map(number).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
        };
        let (shared, local) = (list(&receipt["positions"]), list(&receipt["local_positions"]));
        let place = match (shared.is_empty(), local.is_empty()) {
            (false, _) => {
                let dispatch = number(&receipt["dispatch"]).unwrap_or_default();
                format!("position {shared} in dispatch {dispatch}, {standing}")
            }
            (true, false) => format!("local position {local}, never exchanged"),
            (true, true) => "nothing new to state".to_owned(),
        };
        let what = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        let case = receipt["case_number"].as_str().unwrap_or_default();
        self.telling.line(
            &format!("{} {}", who.state, who.profile),
            format_args!("{what:<32} {case}  {place}"),
        );
        Ok(receipt.clone())
    }

    /// Files the request of a data file; answers with the case number.
    ///
    /// # Errors
    /// The request was refused.
    pub fn file(&mut self, name: &str) -> Result<String> {
        let office = self.return_office();
        let file = data(name).display().to_string();
        let receipt = self.act(&office, &["request", "file", &file])?;
        text(&receipt["case_number"])
    }

    /// Waits until somebody can see a case, and it is as `fits` wants it.
    ///
    /// # Errors
    /// It does not come to that.
    pub fn wait(
        &self,
        who: &Person,
        case: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        until(&format!("{} {}: {case} {what}", who.state, who.profile), || {
            let shown = who.attempt(&["case", "show", case])?;
            let shown = shown.ok().and_then(|mut replies| replies.pop());
            Ok(shown.map(|reply| reply["case"].clone()).filter(&fits))
        })
    }

    /// Waits until a State has heard everything that the other has said of a case.
    ///
    /// # Errors
    /// It does not come to that.
    pub fn both_see(&self, case: &str, entries: usize) -> Result<()> {
        for who in [self.return_office(), self.authority()] {
            self.wait(&who, case, &format!("with {entries} entries"), |shown| {
                shown["timeline"]
                    .as_array()
                    .is_some_and(|entries_seen| entries_seen.len() >= entries)
            })?;
        }
        Ok(())
    }

    /// Author, kind and effect of every entry, as somebody sees them, sorted.
    ///
    /// # Errors
    /// The case cannot be seen.
    pub fn entries(&self, who: &Person, case: &str) -> Result<Vec<[String; 3]>> {
        let shown = who.call(&["case", "show", case])?;
        let timeline = shown["case"]["timeline"].as_array().context("a case has a timeline")?;
        let entry = |entry: &Value| {
            let author = text(&entry["author"])?;
            let kind = word(&entry["kind"], "EVENT_KIND_");
            Ok([author, kind, word(&entry["effect"], "EFFECT_")])
        };
        let mut entries = timeline.iter().map(entry).collect::<Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    }

    /// The etag of a case, as somebody sees it now.
    ///
    /// # Errors
    /// The case cannot be seen.
    pub fn etag(&self, who: &Person, case: &str) -> Result<String> {
        text(&who.call(&["case", "show", case])?["case"]["etag"])
    }

    /// Waits until both States show the same confirmed result; tells it.
    ///
    /// # Errors
    /// They do not.
    pub fn both_hold(&mut self, case: &str, result: &str) -> Result<()> {
        let mut acts = Vec::new();
        for who in [self.return_office(), self.authority()] {
            let shown = self.wait(&who, case, &format!("{result}, confirmed"), |shown| {
                word(&shown["result"], "RESULT_") == result
                    && word(&shown["standing"], "STANDING_") == "confirmed"
            })?;
            let standing = word(&shown["standing"], "STANDING_");
            self.telling.line(
                &format!("{} {}", who.state, who.profile),
                format_args!("sees {case} {result}, {standing}"),
            );
            acts.push((text(&shown["etag"])?, shown["result_before"].clone()));
        }
        let same = acts.len() == 2 && acts.iter().all(|of| Some(of) == acts.first());
        self.telling.check(&format!("both nodes hold the same acts of {case}: {result}"), same);
        Ok(())
    }

    /// Exports evidence from both nodes, verifies both offline and compares the cases byte for
    /// byte; answers with the two files.
    ///
    /// # Errors
    /// An export or a verification fails.
    pub fn prove(&mut self, case: &str) -> Result<[PathBuf; 2]> {
        let folder = self.corridor.folder.clone();
        let mut files = Vec::new();
        let mut cases = Vec::new();
        for node in [&self.corridor.nl, &self.corridor.xk] {
            let file = folder.join(format!("{case}.{}.evidence", node.state));
            let path = file.display().to_string();
            node.person("ombudsperson").call(&["evidence", "export", case, "--out", &path])?;
            verify(node, &path)?;
            cases.push(verified_case(node, &path)?);
            files.push(file);
        }
        let same = cases.iter().all(|case| Some(case) == cases.first());
        let bytes = cases.first().map(String::len).unwrap_or_default();
        self.telling.check(
            &format!("evidence of {case} verifies offline; both cases equal, {bytes} bytes"),
            same && bytes > 0,
        );
        let files: Result<[PathBuf; 2], _> = files.try_into();
        files.map_err(|_| anyhow::anyhow!("two nodes, two files"))
    }
}

/// `readmit verify FILE`: what it prints.
///
/// # Errors
/// The bundle is not valid.
pub fn verify(node: &Node, file: &str) -> Result<()> {
    node.operate(&["verify", file]).map(|_| ())
}

/// `readmit verify --case FILE`: the case as text.
fn verified_case(node: &Node, file: &str) -> Result<String> {
    let output = std::process::Command::new(crate::process::readmit()?)
        .args(["verify", "--case", file])
        .output()
        .context("run `readmit verify`")?;
    ensure!(output.status.success(), "{} does not verify", node.state);
    Ok(String::from_utf8(output.stdout)?)
}

/// A data file of the demo.
#[must_use]
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../infra/demo/{name}.json"))
}

/// The word of an enumeration's value, without its prefix.
#[must_use]
pub fn word(value: &Value, prefix: &str) -> String {
    let name = value.as_str().unwrap_or_default();
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
}

/// A text of a reply.
pub(crate) fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("a text is missing in a reply")
}

/// The civil day, in UTC, of a moment.
///
/// # Errors
/// The moment is beyond what dates hold.
pub fn day(ms: u64) -> Result<domain::time::Date> {
    let printed = domain::time::Instant::from_ms(ms).to_string();
    let date = printed.get(..10).context("a moment that has no date")?;
    domain::person::full_date(date).map_err(Into::into)
}
