//! One of the two States of a history: an honest node, or a byzantine partner.

use anyhow::{Context as _, Result};
use domain::chain::Chain;
use ledger::Log;

use super::forger::Forger;
use super::node::Node;

/// Who plays a State.
#[derive(Debug)]
pub enum Peer {
    /// A node.
    Honest(Box<Node>),
    /// Somebody with its keys.
    Forger(Box<Forger>),
}

impl Peer {
    /// Its own log; of a byzantine partner, what it says of itself.
    #[must_use]
    pub fn own(&self) -> &Chain {
        match self {
            Self::Honest(node) => &node.own,
            Self::Forger(forger) => &forger.own,
        }
    }

    /// Its own log at its longest: a restored copy lacks a part of it.
    #[must_use]
    pub fn said(&self) -> &Chain {
        match self {
            Self::Honest(node) => &node.said,
            Self::Forger(forger) => &forger.own,
        }
    }

    /// The partner's, as it holds it.
    #[must_use]
    pub fn replica(&self) -> &Chain {
        match self {
            Self::Honest(node) => &node.replica,
            Self::Forger(forger) => &forger.replica,
        }
    }

    /// Number of the next own dispatch.
    #[must_use]
    pub fn own_next(&self) -> u64 {
        self.own().head().map_or(0, |head| head.number + 1)
    }

    /// Number of the next dispatch of the partner.
    #[must_use]
    pub fn partner_next(&self) -> u64 {
        self.replica().head().map_or(0, |head| head.number + 1)
    }

    /// The node, where it is honest.
    pub fn honest(&mut self) -> Option<&mut Node> {
        match self {
            Self::Honest(node) => Some(node),
            Self::Forger(_) => None,
        }
    }

    /// An own dispatch as it is sent.
    ///
    /// # Errors
    /// It is not there.
    pub fn sent(&mut self, number: u64) -> Result<Vec<u8>> {
        match self {
            Self::Honest(node) => node.sent(number),
            Self::Forger(forger) => {
                let sent = forger.sent.get(usize::try_from(number)?);
                sent.cloned().with_context(|| format!("dispatch {number} is not there"))
            }
        }
    }

    /// A dispatch of the other State as it answers to be holding it; `None` beyond the last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn holds(&mut self, number: u64) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Honest(node) => {
                let of = node.party.other().state();
                Ok(node.ledger()?.dispatch(of, Log::Partner, number)?)
            }
            Self::Forger(forger) => {
                let held = forger.received.len() as u64;
                let end = if forger.answers_low { held / 2 } else { held };
                let held = forger.received.get(usize::try_from(number)?);
                Ok(held.filter(|_| number < end).cloned())
            }
        }
    }
}
