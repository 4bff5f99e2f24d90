//! How the exchange is doing, for whoever shows it.
//!
//! Every loop writes its own fields of its own partner; nobody decides anything by them.

use std::collections::BTreeMap;

use domain::identifier::State;
use messaging::Connection;
use tokio::sync::watch;
use tokio::time::Instant;

/// How the exchange is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The courier where this State publishes.
    pub courier: Reach,
    /// Each partner.
    pub partners: BTreeMap<State, PartnerStatus>,
}

/// How the exchange with one partner is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerStatus {
    /// The own last dispatch to it, as last seen.
    pub own_head: Option<u64>,
    /// The own last dispatch that the courier has taken.
    pub published: Option<u64>,
    /// The courier where the partner publishes.
    pub courier: Reach,
    /// The partner's door.
    pub door: Reach,
    /// The partner's dispatches that were stored since the start.
    pub stored: u64,
    /// What arrived since the start and was refused: not authentic, a rival, a broken chain.
    pub refused: u64,
    /// What went wrong last; `None` where nothing did.
    pub last_error: Option<String>,
}

/// Whether something can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is not configured.
    Off,
    /// It has not answered yet, nor failed.
    Connecting,
    /// It answers.
    Reachable {
        /// Since then.
        since: Instant,
    },
    /// It does not answer, or not as it should; it is tried for ever.
    Unreachable {
        /// Since then.
        since: Instant,
        /// What it said, or failed with.
        last_error: String,
    },
}

impl PartnerStatus {
    /// Own dispatches that the courier has not taken.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        let count = |head: Option<u64>| head.map_or(0, |number| number.saturating_add(1));
        count(self.own_head).saturating_sub(count(self.published))
    }
}

impl Reach {
    /// Notes an answer.
    pub(crate) fn answered(&mut self) {
        if !matches!(self, Self::Reachable { .. }) {
            *self = Self::Reachable { since: Instant::now() };
        }
    }

    /// Notes a failure; the first one of a row says since when.
    pub(crate) fn failed(&mut self, error: String) {
        if let Self::Unreachable { last_error, .. } = self {
            *last_error = error;
        } else {
            *self = Self::Unreachable { since: Instant::now(), last_error: error };
        }
    }

    fn follow(&mut self, connection: &Connection) {
        match connection {
            Connection::Connecting => {}
            Connection::Connected => self.answered(),
            Connection::Failing { last_error, .. } => self.failed(last_error.clone()),
        }
    }
}

/// A cheap handle on the status; clones see the same.
#[derive(Clone, Debug)]
pub struct StatusHandle(watch::Receiver<Status>);

impl StatusHandle {
    /// The status now.
    #[must_use]
    pub fn now(&self) -> Status {
        self.0.borrow().clone()
    }

    /// Waits until the status is as wanted, and returns it.
    ///
    /// # Errors
    /// When the exchange has ended without that.
    pub async fn wait_for(
        &mut self,
        wanted: impl FnMut(&Status) -> bool,
    ) -> Result<Status, watch::error::RecvError> {
        self.0.wait_for(wanted).await.map(|status| status.clone())
    }
}

/// Where the loops write.
#[derive(Clone, Debug)]
pub(crate) struct Board(watch::Sender<Status>);

/// The part of one partner.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    board: Board,
    partner: State,
}

impl Board {
    pub(crate) fn new(courier: Reach, partners: BTreeMap<State, PartnerStatus>) -> Self {
        Self(watch::Sender::new(Status { courier, partners }))
    }

    pub(crate) fn handle(&self) -> StatusHandle {
        StatusHandle(self.0.subscribe())
    }

    pub(crate) fn place(&self, partner: State) -> Place {
        Place { board: self.clone(), partner }
    }

    /// Keeps the status of the own courier up to date until the publisher is dropped.
    pub(crate) fn follow(&self, mut connection: watch::Receiver<Connection>) {
        let board = self.clone();
        tokio::spawn(async move {
            loop {
                let now = connection.borrow_and_update().clone();
                board.0.send_modify(|status| status.courier.follow(&now));
                if connection.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

impl Place {
    pub(crate) fn change(&self, change: impl FnOnce(&mut PartnerStatus)) {
        self.board.0.send_modify(|status| {
            if let Some(status) = status.partners.get_mut(&self.partner) {
                change(status);
            }
        });
    }

    /// Notes what went wrong.
    pub(crate) fn error(&self, error: impl std::fmt::Display) {
        self.change(|status| status.last_error = Some(error.to_string()));
    }

    /// Keeps the status of the partner's courier up to date until the reader is dropped.
    pub(crate) fn follow(&self, mut reader: watch::Receiver<messaging::read::Status>) {
        let place = self.clone();
        tokio::spawn(async move {
            loop {
                let now = reader.borrow_and_update().connection.clone();
                place.change(|status| status.courier.follow(&now));
                if reader.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}
