//! The topics of `infra/kafka/topics.toml`, filled in for real States and agencies.

use std::path::Path;

use anyhow::{Context, Result};
use messaging::topic::{self, TopicSpec};
use serde::Deserialize;

/// The file as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    topic: Vec<Pattern>,
}

/// One kind of topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    pub kind: Kind,
    pub name: String,
    pub partitions: i32,
    pub retention_ms: u64,
    pub message_bytes_max: u64,
    pub write: Vec<String>,
    pub read: Vec<String>,
}

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Dispatch,
    Agency,
}

impl Topics {
    /// Reads the file of this repository.
    ///
    /// # Errors
    /// When it is missing or is not as expected.
    pub fn read() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/kafka/topics.toml");
        let text = std::fs::read_to_string(&path).context("cannot read `topics.toml`")?;
        toml::from_str(&text).context("cannot understand `topics.toml`")
    }

    /// The pattern for a kind; there is exactly one.
    ///
    /// # Errors
    /// When there is none or another.
    pub fn pattern(&self, kind: Kind) -> Result<&Pattern> {
        let mut found = self.topic.iter().filter(|pattern| pattern.kind == kind);
        let pattern = found.next().with_context(|| format!("no topic of kind {kind:?}"))?;
        anyhow::ensure!(found.next().is_none(), "two topics of kind {kind:?}");
        Ok(pattern)
    }

    /// Both dispatch topics of a corridor.
    ///
    /// # Errors
    /// When the file or a State code is wrong.
    pub fn corridor(&self, one: &str, other: &str) -> Result<Vec<TopicSpec>> {
        let pattern = self.pattern(Kind::Dispatch)?;
        [(one, other), (other, one)]
            .into_iter()
            .map(|(author, recipient)| {
                pattern.spec(&[("author", author), ("recipient", recipient)])
            })
            .collect()
    }

    /// The topic of one agency.
    ///
    /// # Errors
    /// When the file or a code is wrong.
    pub fn agency(&self, state: &str, agency: &str) -> Result<TopicSpec> {
        self.pattern(Kind::Agency)?.spec(&[("state", state), ("agency", agency)])
    }
}

impl Pattern {
    fn spec(&self, codes: &[(&str, &str)]) -> Result<TopicSpec> {
        let name = codes.iter().fold(self.name.clone(), |name, (place, code)| {
            name.replace(&format!("{{{place}}}"), &code.to_ascii_lowercase())
        });
        Ok(TopicSpec {
            topic: topic::named(&name)?,
            partitions: self.partitions,
            replicas: 1,
            retention_ms: Some(self.retention_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_file_and_the_code_name_topics_alike() {
        let topics = Topics::read().unwrap();
        let corridor = topics.corridor("NL", "XK").unwrap();
        let names: Vec<_> = corridor.iter().map(|spec| spec.topic.clone()).collect();
        let expected = [topic::dispatch("NL", "XK"), topic::dispatch("XK", "NL")];
        assert_eq!(names, expected.map(Result::unwrap));
        let agency = topics.agency("XK", "help-1").unwrap();
        assert_eq!(agency.topic, topic::agency("XK", "help-1").unwrap());
    }

    #[test]
    fn order_and_size_are_as_the_code_needs_them() {
        let topics = Topics::read().unwrap();
        let config = messaging::Config::new(messaging::Bootstrap::Servers("x:1".to_owned()));
        for pattern in &topics.topic {
            assert_eq!(pattern.partitions, 1, "{}", pattern.name);
            assert_eq!(pattern.message_bytes_max, config.message_bytes_max as u64);
            assert_eq!(pattern.write.len(), 1, "a topic has one author: {}", pattern.name);
            assert!(!pattern.read.is_empty(), "{}", pattern.name);
        }
    }
}
