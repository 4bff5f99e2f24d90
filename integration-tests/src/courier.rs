//! The courier of a corridor: the development broker as a process, or Apache Kafka.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use messaging::CloudEvent;
use messaging::read::Start;
use messaging::topic::TopicSpec;

use crate::kafka::Kafka;
use crate::process::{PATIENCE, Running};
use crate::topics::Topics;

/// Which courier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The development broker, in memory.
    Development,
    /// Apache Kafka.
    Apache,
    /// None, for good: the nodes meet at their doors.
    Absent,
}

/// A courier that runs, and the file that tells nodes where.
#[derive(Debug)]
pub struct Courier {
    folder: PathBuf,
    states: [&'static str; 2],
    engine: Engine,
    topics: Vec<TopicSpec>,
}

#[derive(Debug)]
enum Engine {
    Development(Running),
    Apache(Box<Kafka>),
    Absent,
    Ended,
}

/// The agency of the demo, and the State that it is registered with.
const AGENCY: (&str, &str) = ("XK", "homeward");

impl Courier {
    /// Starts a courier with the topics of the corridor between two States.
    ///
    /// # Errors
    /// It cannot be started; says what to install.
    pub async fn start(kind: Kind, folder: &Path, states: [&'static str; 2]) -> Result<Self> {
        let data = Topics::read()?;
        let [one, other] = states;
        let mut topics = data.corridor(one, other)?;
        topics.push(data.agency(AGENCY.0, AGENCY.1)?);
        let engine = match kind {
            Kind::Development => Engine::Development(development(folder, states)?),
            Kind::Apache => {
                let kafka = Kafka::start(&topics).await?;
                std::fs::write(address_file(folder), kafka.bootstrap_servers())?;
                Engine::Apache(Box::new(kafka))
            }
            Kind::Absent => Engine::Absent,
        };
        Ok(Self { folder: folder.to_owned(), states, engine, topics })
    }

    /// The file that names the courier's address; nodes read it again whenever they connect.
    #[must_use]
    pub fn address_file(&self) -> PathBuf {
        address_file(&self.folder)
    }

    /// Which courier runs.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match &self.engine {
            Engine::Development(_) => Some(Kind::Development),
            Engine::Apache(_) => Some(Kind::Apache),
            Engine::Absent => Some(Kind::Absent),
            Engine::Ended => None,
        }
    }

    /// The events on the agency's topic, from the first on, until there are `count`.
    ///
    /// # Errors
    /// The topic does not hold so many, or not the events of an agency.
    pub async fn agency_events(&self, count: usize) -> Result<Vec<CloudEvent>> {
        let topic = messaging::topic::agency(AGENCY.0, AGENCY.1)?;
        let bootstrap = messaging::Bootstrap::File(self.address_file());
        let mut config = messaging::Config::new(bootstrap);
        config.fetch_wait_ms_max = messaging::development_broker::FETCH_WAIT_MS;
        let mut reader = messaging::Reader::new(config, topic, Start::Beginning)?;
        let mut events = Vec::new();
        while events.len() < count {
            let record = tokio::time::timeout(PATIENCE, reader.next());
            let record = record.await.context("an event on the agency's topic")??;
            events.push(CloudEvent::decode(&record.headers, &record.payload)?);
        }
        Ok(events)
    }

    /// Everything that the topic from one State to the other holds, from its first record up to the
    /// dispatch of this number.
    ///
    /// # Errors
    /// The topic does not hold it.
    pub async fn dispatches(&self, author: &str, to: &str, last: u64) -> Result<Vec<Vec<u8>>> {
        let topic = messaging::topic::dispatch(author, to)?;
        let mut config = messaging::Config::new(messaging::Bootstrap::File(self.address_file()));
        if self.kind() == Some(Kind::Development) {
            config.fetch_wait_ms_max = messaging::development_broker::FETCH_WAIT_MS;
        }
        let mut reader = messaging::Reader::new(config, topic, Start::Beginning)?;
        let mut payloads = Vec::new();
        loop {
            let record = tokio::time::timeout(PATIENCE, reader.next());
            let record = record.await.with_context(|| format!("dispatch {last} of {author}"))??;
            payloads.push(record.payload);
            if record.key == last.to_string().into_bytes() {
                return Ok(payloads);
            }
        }
    }

    /// The folder where the courier keeps what it was given; `None` where it keeps it in memory.
    #[must_use]
    pub fn data_folder(&self) -> Option<PathBuf> {
        match &self.engine {
            Engine::Apache(kafka) => Some(kafka.data_folder()),
            Engine::Development(_) | Engine::Absent | Engine::Ended => None,
        }
    }

    /// Process id of the courier.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        match &self.engine {
            Engine::Development(running) => Some(running.id()),
            Engine::Apache(kafka) => Some(kafka.process_id()),
            Engine::Absent | Engine::Ended => None,
        }
    }

    /// Ends the courier; nodes go on without.
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn end(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.engine, Engine::Ended) {
            Engine::Development(running) => running.kill(),
            Engine::Apache(kafka) => {
                drop(kafka);
                Ok(())
            }
            Engine::Absent | Engine::Ended => Ok(()),
        }
    }

    /// Loses everything that the courier holds: the development broker is ended and another is
    /// started on another port; on Apache Kafka the topics are deleted and created again; where
    /// there is none, nothing is lost.
    ///
    /// # Errors
    /// The courier does not come back.
    pub async fn lose_everything(&mut self) -> Result<()> {
        match &mut self.engine {
            Engine::Apache(kafka) => kafka.recreate_topics(&self.topics).await,
            Engine::Absent => Ok(()),
            Engine::Development(_) | Engine::Ended => {
                let engine = std::mem::replace(&mut self.engine, Engine::Ended);
                if let Engine::Development(running) = engine {
                    running.kill()?;
                }
                self.engine = Engine::Development(development(&self.folder, self.states)?);
                Ok(())
            }
        }
    }
}

fn address_file(folder: &Path) -> PathBuf {
    folder.join("courier.address")
}

fn development(folder: &Path, [one, other]: [&str; 2]) -> Result<Running> {
    let file = address_file(folder);
    // The old address must not be taken for the new one.
    let fresh = folder.join("courier.starting");
    if fresh.exists() {
        std::fs::remove_file(&fresh)?;
    }
    let path = fresh.display().to_string();
    let agency = format!("{}/{}", AGENCY.0, AGENCY.1);
    let arguments =
        ["dev-broker", "--states", one, other, "--agency", &agency, "--address-file", &path];
    let mut running = Running::start(&arguments, folder, &folder.join("courier.log"))?;
    running.ready(&fresh)?;
    std::fs::rename(&fresh, &file).with_context(|| format!("write `{}`", file.display()))?;
    Ok(running)
}
