//! A partner's topic, into the ledger: each dispatch with the cursor behind it, in one write.
//!
//! The topic may repeat, leave out, reorder or invent; the ledger tells. What is missing is
//! fetched at the partner's door, and where that does not help the topic is read again from its
//! beginning, once for each number that is missing.

use std::sync::Arc;

use messaging::read::ReadError;
use messaging::{Incoming, Mark, Reader, Start, Topic};
use proto::ledger::v1::Cursor;
use runtime::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};

use crate::import::{Importer, Next};
use crate::retry::Backoff;
use crate::status::Place;

/// The loop for one partner.
pub(crate) struct Reading {
    pub(crate) topic: Topic,
    pub(crate) courier: messaging::Config,
    pub(crate) importer: Importer,
    pub(crate) status: Place,
    /// Asks for what is missing.
    pub(crate) missing: Arc<Notify>,
    /// Numbers that could not be fetched.
    pub(crate) unfetched: mpsc::Receiver<u64>,
}

impl Reading {
    /// Reads until the shutdown begins.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let Some(start) = self.start(&shutdown).await else { return };
        let mut reader = match Reader::new(self.courier.clone(), self.topic.clone(), start) {
            Ok(reader) => reader,
            Err(error) => {
                // Checked at the start; only a change of the library could bring it here.
                tracing::error!(topic = %self.topic, %error, "topic cannot be read");
                self.status.error(error);
                return;
            }
        };
        self.status.follow(reader.status());
        let mut read_again_for = None;
        loop {
            tokio::select! {
                read = reader.next() => match read {
                    Ok(record) => match self.take(record, &shutdown).await {
                        Next::GoOn | Next::Held | Next::Refused => {}
                        Next::Fetch(_) => self.missing.notify_one(),
                        Next::Stop => return,
                    },
                    Err(error @ ReadError::Reset { .. }) => self.status.error(error),
                },
                Some(wanted) = self.unfetched.recv() => if read_again_for != Some(wanted) {
                    tracing::warn!(topic = %self.topic, wanted, "reading again from the beginning");
                    read_again_for = Some(wanted);
                    reader.restart(Start::Beginning);
                },
                () = shutdown.wait() => return,
            }
        }
    }

    async fn take(&self, record: Incoming, shutdown: &Shutdown) -> Next {
        let cursor = Cursor { name: self.cursor_name(), value: record.mark().to_bytes().to_vec() };
        self.importer.import(&record.payload, Some(cursor), shutdown).await
    }

    /// Where the ledger has stored that reading had come to; `None` when the shutdown begins.
    async fn start(&self, shutdown: &Shutdown) -> Option<Start> {
        let name = self.cursor_name();
        let mut backoff = Backoff::new();
        loop {
            let answer = tokio::select! {
                answer = self.importer.ledger.cursor(&name) => answer,
                () = shutdown.wait() => return None,
            };
            match answer {
                Ok(value) => {
                    let mark = value.as_deref().and_then(Mark::from_bytes);
                    return Some(mark.map_or(Start::Beginning, Start::After));
                }
                Err(status) => {
                    self.status.error(format_args!("the ledger does not answer: {status}"));
                    backoff.wait(shutdown).await;
                }
            }
        }
    }

    fn cursor_name(&self) -> String {
        format!("courier/{}", self.topic)
    }
}
