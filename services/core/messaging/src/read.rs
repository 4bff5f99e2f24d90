//! Reading one topic in order, for ever: over outages, wiped topics and replaced clusters.
//!
//! No consumer groups: the caller keeps the [`Mark`] of the last record together with what that
//! record brought. A reader *proves* its mark (reads the marked record again and compares) when it
//! starts, after every disturbance and whenever the topic was quiet for a while. It cannot see one
//! thing: a topic wiped and filled beyond the reader's place between two records. Whoever numbers
//! his records sees that as a gap, and calls [`Reader::restart`].

use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::Offset;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::{Config, ConfigError};
use crate::connection::{self, Connection, Context};
use crate::incoming::{Incoming, Mark};
use crate::topic::Topic;

/// How often a waiting reader looks after its connection.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Where reading starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record that the topic still has.
    Beginning,
    /// Behind the marked record, if it is still in its place.
    After(Mark),
}

/// What ends one call of [`Reader::next`] without a record. Reading goes on with the next call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The topic is not the one that was read before. The next record is its oldest.
    #[error("topic `{topic}` was read up to {offset}, which is {reason}: starting again")]
    Reset { topic: Topic, offset: i64, reason: ResetReason },
}

/// How a reader found out that its place is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// The offset lies outside of what the topic holds: wiped, created again, or expired.
    OutOfRange,
    /// Another record is in that place.
    Replaced,
}

impl std::fmt::Display for ResetReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "out of range",
            Self::Replaced => "another record now",
        })
    }
}

/// How a reader is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub connection: Connection,
    /// Whether everything that the topic held at the last look has been read.
    pub end_reached: bool,
}

/// Reads partition 0 of one topic.
pub struct Reader {
    config: Config,
    topic: Topic,
    start: Start,
    phase: Phase,
    live: Option<Live>,
    status: watch::Sender<Status>,
    looked: Instant,
}

struct Live {
    consumer: StreamConsumer<Context>,
    servers: String,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Waiting for the marked record, or for the first sign of life.
    Proving { since: Instant },
    /// Records follow the mark.
    Reading { heard: Instant },
}

enum Seen {
    Record(Incoming),
    Error(KafkaError),
    Nothing,
}

impl Reader {
    /// Prepares reading; connects with the first call of [`Reader::next`].
    ///
    /// # Errors
    /// Only when the configuration cannot be used.
    pub fn new(config: Config, topic: Topic, start: Start) -> Result<Self, ConfigError> {
        config.check()?;
        let status = Status { connection: Connection::Connecting, end_reached: false };
        let now = Instant::now();
        Ok(Self {
            config,
            topic,
            start,
            phase: Phase::Proving { since: now },
            live: None,
            status: watch::Sender::new(status),
            looked: now,
        })
    }

    /// How it is doing; the handle stays valid as long as the reader.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Goes on from another place: for callers that found a gap or did not keep what they read.
    pub fn restart(&mut self, start: Start) {
        self.start = start;
        self.prove();
    }

    /// Waits for the next record. An unreachable broker or a missing topic does not end the wait;
    /// [`Reader::status`] tells. Safe to cancel: nothing is lost or skipped.
    ///
    /// # Errors
    /// [`ReadError::Reset`] once for each time the topic turned out to be another one.
    pub async fn next(&mut self) -> Result<Incoming, ReadError> {
        loop {
            self.look_after();
            let seen = match &self.live {
                None => {
                    tokio::time::sleep(LOOK_INTERVAL).await;
                    Seen::Nothing
                }
                Some(live) => tokio::select! {
                    biased;
                    received = live.consumer.recv() => match received {
                        Ok(message) => Seen::Record(Incoming::of(&message)),
                        Err(error) => Seen::Error(error),
                    },
                    () = tokio::time::sleep(LOOK_INTERVAL) => Seen::Nothing,
                },
            };
            match seen {
                Seen::Record(record) => {
                    if let Some(record) = self.received(record)? {
                        return Ok(record);
                    }
                }
                Seen::Error(KafkaError::PartitionEOF(_)) => self.end_reached()?,
                Seen::Error(error) => self.failed(&error)?,
                Seen::Nothing => {}
            }
        }
    }

    fn received(&mut self, record: Incoming) -> Result<Option<Incoming>, ReadError> {
        if let (Phase::Proving { .. }, Start::After(mark)) = (self.phase, self.start) {
            if !mark.fits(&record) {
                return Err(self.reset(mark, ResetReason::Replaced));
            }
            self.heard(|status| status.connection.succeed());
            return Ok(None);
        }
        self.start = Start::After(record.mark());
        self.heard(|status| {
            let behind = std::mem::replace(&mut status.end_reached, false);
            status.connection.succeed() || behind
        });
        Ok(Some(record))
    }

    fn end_reached(&mut self) -> Result<(), ReadError> {
        // The end before the marked record: the topic is shorter than it was.
        if let (Phase::Proving { .. }, Start::After(mark)) = (self.phase, self.start) {
            return Err(self.reset(mark, ResetReason::OutOfRange));
        }
        self.heard(|status| {
            let reached = !std::mem::replace(&mut status.end_reached, true);
            status.connection.succeed() || reached
        });
        Ok(())
    }

    fn failed(&mut self, error: &KafkaError) -> Result<(), ReadError> {
        let code = error.rdkafka_error_code();
        let out_of_range = matches!(
            code,
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
        );
        if out_of_range {
            if let Start::After(mark) = self.start {
                return Err(self.reset(mark, ResetReason::OutOfRange));
            }
            self.prove();
            return Ok(());
        }
        if code == Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
            return Ok(()); // The group is never used.
        }
        let gone = code.is_some_and(|code| {
            connection::is_unknown_topic(code)
                || connection::is_forbidden(code)
                || connection::is_cut_off(code)
        });
        if gone {
            let error = error.to_string();
            self.status.send_if_modified(|status| status.connection.fail(error));
        }
        // Whatever it was, what is read next must first be shown to be the same topic.
        if matches!(self.phase, Phase::Reading { .. }) {
            self.prove();
        }
        Ok(())
    }

    fn reset(&mut self, mark: Mark, reason: ResetReason) -> ReadError {
        let (topic, offset) = (self.topic.clone(), mark.offset());
        tracing::warn!(%topic, offset, %reason, "topic was lost or replaced");
        self.start = Start::Beginning;
        self.status.send_if_modified(|status| {
            let behind = std::mem::replace(&mut status.end_reached, false);
            status.connection.succeed() || behind
        });
        self.prove();
        ReadError::Reset { topic, offset, reason }
    }

    fn heard(&mut self, change: impl FnOnce(&mut Status) -> bool) {
        self.phase = Phase::Reading { heard: Instant::now() };
        self.status.send_if_modified(change);
    }

    /// Builds a client when there is none, replaces one that is of no use, proves a quiet one.
    fn look_after(&mut self) {
        if self.live.is_some() && self.looked.elapsed() < LOOK_INTERVAL {
            return;
        }
        self.looked = Instant::now();
        if let Some(live) = &self.live {
            let moved = self.config.bootstrap.moved_from(&live.servers);
            let (silent, quiet) = match self.phase {
                Phase::Proving { since } => (since.elapsed() >= self.rebuild(), false),
                Phase::Reading { heard } => (false, heard.elapsed() >= self.recheck()),
            };
            if silent {
                self.status.send_if_modified(|status| match &status.connection {
                    // What failed first says more than that nothing came after it.
                    Connection::Failing { .. } => false,
                    Connection::Connecting | Connection::Connected => {
                        status.connection.fail("no answer from the broker".to_owned())
                    }
                });
            }
            if moved || silent {
                self.live.take().into_iter().for_each(connection::retire);
            } else if quiet {
                self.prove();
            }
        }
        if self.live.is_none() {
            match self.connect() {
                Ok(live) => {
                    self.live = Some(live);
                    self.prove();
                }
                Err(error) => {
                    self.status.send_if_modified(|status| status.connection.fail(error));
                }
            }
        }
    }

    fn connect(&self) -> Result<Live, String> {
        let servers = self.config.bootstrap.servers().map_err(|error| error.to_string())?;
        let consumer = self
            .config
            .consumer(&servers)
            .create_with_context(Context { watched: None })
            .map_err(|error| error.to_string())?;
        Ok(Live { consumer, servers })
    }

    /// Asks for the marked record again, or for the beginning. Records that the client had already
    /// fetched are dropped by it and come again.
    fn prove(&mut self) {
        self.phase = Phase::Proving { since: Instant::now() };
        let Some(live) = &self.live else { return };
        let offset = match self.start {
            Start::Beginning => Offset::Beginning,
            Start::After(mark) => Offset::Offset(mark.offset()),
        };
        let mut assignment = TopicPartitionList::with_capacity(1);
        let assigned = assignment
            .add_partition_offset(self.topic.as_str(), 0, offset)
            .and_then(|()| live.consumer.assign(&assignment))
            .and_then(|()| settle(&live.consumer));
        if let Err(error) = assigned {
            let error = error.to_string();
            self.status.send_if_modified(|status| status.connection.fail(error));
            self.live.take().into_iter().for_each(connection::retire);
        }
    }

    fn rebuild(&self) -> Duration {
        Duration::from_millis(self.config.rebuild_ms)
    }

    fn recheck(&self) -> Duration {
        Duration::from_millis(self.config.recheck_ms)
    }
}

/// Waits until the client's main thread has stopped what an assignment replaced.
///
/// librdkafka up to 2.15.0 ends the whole process if a partition is assigned again, or its client
/// closed, while that stop is under way (its issue 5573). That thread takes the stop and then the
/// stop's reply from one queue in order, each put there by the step before, as it does with these
/// questions: who has the second answer comes behind both.
fn settle(consumer: &StreamConsumer<Context>) -> KafkaResult<()> {
    consumer.assignment()?;
    consumer.assignment()?;
    Ok(())
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.take().into_iter().for_each(connection::retire);
    }
}
