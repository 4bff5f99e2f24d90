//! What a simulation sees of a ledger: how its corridors stand, its cases, its logs, and what it
//! gives away.

use domain::case::Case;
use domain::chain::{Content, Dispatch, Entry};
use domain::identifier::{CaseId, Digest, State};
use domain::referral::LocalStatement;
use proto::ledger::v1::{BodyState, ImportOutcome};
use record::entry::{self, Head};
use runtime::failure::Failure;

use super::Stepped;
use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::follow;
use crate::grpc::export_evidence::{self, Wanted};
use crate::grpc::list_faults;
use crate::keyring::KeyringError;
use crate::layout::{self, LogNames};
use crate::leave::Lack;
use crate::read::sent::Bodies;
use crate::snapshot::LogSnapshot;
use crate::stated::{About, Revisions};

/// Which of the two logs of a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// The State's own.
    Own,
    /// The partner's, as it is stored here.
    Partner,
}

/// A dispatch of a log, as the rules read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The dispatch.
    pub dispatch: Dispatch,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// How a corridor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Dispatches of the own log.
    pub own: u64,
    /// Dispatches of the partner's log that are stored.
    pub partner: u64,
    /// Dispatches that are parked.
    pub parked: u64,
    /// Dispatches that were not authentic, since the start.
    pub quarantined: u64,
    /// Why nothing more is written to the partner.
    pub stopped: Option<String>,
    /// Whether it waits before it writes: its store was restored, or its mark is lost.
    pub waits: bool,
    /// Whether it waits for an operator, as its mark is lost.
    pub waits_for_operator: bool,
}

impl Stepped {
    /// How a corridor stands.
    #[must_use]
    pub fn standing(&self, partner: State) -> Standing {
        let corridor = self.corridor_snapshot(partner);
        Standing {
            own: corridor.own.dispatches(),
            partner: corridor.partner.dispatches(),
            parked: corridor.parked,
            quarantined: self.writer.parts().quarantine.count(partner).seen,
            stopped: corridor.stopped,
            waits: corridor.leave.waiting().is_some(),
            waits_for_operator: corridor.leave.lack() == Some(Lack::Mark),
        }
    }

    /// What the corridor with a partner was founded on, as the rules read it.
    ///
    /// # Errors
    /// There is none.
    pub fn founded(&self, partner: State) -> Result<domain::corridor::Corridor, Failure> {
        Ok(self.reader.corridor(partner)?.founded.clone())
    }

    /// What a decision about a subject rests on now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn revisions(&self, partner: State, about: About) -> Result<Revisions, Failure> {
        let corridor = self.corridor_snapshot(partner).revision;
        let subject = match about {
            About::Corridor => corridor,
            About::Case(case) | About::Opening(case, ..) => {
                let last = self.reader.store.stream_revision(&layout::case_stream(&case));
                last.map_err(failure::read)?.map_or(0, |last| last.0 + 1)
            }
        };
        Ok(Revisions { subject, corridor })
    }

    /// A case as the ledger's own read derives it; `None` where its opening is not there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn case(&self, case: CaseId) -> Result<Option<Case>, Failure> {
        let snapshot = self.snapshot();
        let Some(records) = self.reader.case(&snapshot, case)? else {
            return Ok(None);
        };
        Ok(self.reader.derive(&snapshot, &records)?.1)
    }

    /// What the State keeps to itself about a case.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn local(&self, case: CaseId) -> Result<Vec<LocalStatement>, Failure> {
        let records = self.reader.case(&self.snapshot(), case)?;
        let local = records.iter().flat_map(|records| &records.local);
        Ok(local.map(|record| record.statement.clone()).collect())
    }

    /// Which bodies of a case can be read here, of both logs, by position.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn bodies(&self, case: CaseId) -> Result<Vec<(Log, u64, BodyState)>, Failure> {
        let snapshot = self.snapshot();
        let Some(records) = self.reader.case(&snapshot, case)? else {
            return Ok(Vec::new());
        };
        let (chains, _) = self.reader.derive(&snapshot, &records)?;
        let mut bodies = Vec::new();
        for (log, chain) in [(Log::Own, &chains.own), (Log::Partner, &chains.partner)] {
            let (of, bodies_of) = (&records.corridor, Bodies::Opened);
            let sent = self.reader.sent_chain(&snapshot, of, chain, Some(&records), bodies_of)?;
            bodies.extend(sent.entries.iter().map(|it| (log, it.position, it.body_state())));
        }
        Ok(bodies)
    }

    /// Whether a key of a case, its shared one or the local one, is in memory or in the keyring's
    /// files.
    ///
    /// # Errors
    /// The keyring cannot be read.
    pub fn holds_key(&self, case: CaseId) -> Result<bool, KeyringError> {
        let parts = self.writer.parts();
        let held = parts.keys.get(&case).is_some() || parts.keys.local(&case).is_some();
        Ok(held || parts.keyring.holds(&case)?)
    }

    /// The dispatches of a log from a number on, as the rules read them.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such corridor.
    pub fn log(&self, partner: State, log: Log, from: u64) -> Result<Vec<Logged>, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let (names, end) = self.names(corridor, log);
        let [own, of_partner] = self.corridor_snapshot(partner).uncounted;
        let uncounted = if log == Log::Own { own } else { of_partner };
        let store = &self.reader.store;
        let count = end.dispatches().saturating_sub(from);
        let mut logged = Vec::new();
        for record in layout::log_records(store, &names.headers, from, count)? {
            let header = layout::header_of(&record)?;
            let dispatch = layout::dispatch_of(&record)?;
            let (first, count) = (header.first_entry, u64::from(header.entries));
            let mut entries = Vec::new();
            for record in layout::log_records(store, &names.entries, first, count)? {
                let stored = layout::entry_of(&record)?;
                let head = Head::decode(&record.leaf).ok_or_else(|| failure::corrupt(&record))?;
                let log = corridor.log_at(side(log), record.log_index);
                let mut content = entry::read(&log, &head, &stored.facts).content;
                if uncounted.contains(&record.log_index) {
                    content = Content::NotUnderstood;
                }
                entries.push(Entry {
                    position: record.log_index,
                    dispatch: stored.dispatch,
                    case: record.stream.as_ref().and_then(layout::case_of),
                    content,
                });
            }
            logged.push(Logged { dispatch, entries });
        }
        Ok(logged)
    }

    /// The digest of a dispatch of a log; `None` beyond its head.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such corridor.
    pub fn digest(&self, partner: State, log: Log, number: u64) -> Result<Option<Digest>, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let (names, end) = self.names(corridor, log);
        if number >= end.dispatches() {
            return Ok(None);
        }
        let dispatch = layout::dispatch_at(&self.reader.store, &names.headers, number)?;
        Ok(dispatch.map(|it| it.digest))
    }

    /// A stored dispatch as it is sent; `None` beyond the head of its log.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such corridor.
    pub fn dispatch(
        &self,
        partner: State,
        log: Log,
        number: u64,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let sent = follow::dispatch(&self.reader, &self.snapshot(), corridor, side(log), number)?;
        Ok(sent.map(|sent| sent.bytes))
    }

    /// The evidence of a case, as it is exported.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such corridor.
    pub fn evidence(&self, partner: State, case: CaseId) -> Result<Vec<u8>, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let logs = self.corridor_snapshot(partner);
        export_evidence::make(&self.reader, corridor, Wanted::whole(case, &logs))
    }

    /// The portable evidence of each fault that is kept of a partner's log; empty where two headers
    /// prove nothing to a third party.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such corridor.
    pub fn faults(&self, partner: State) -> Result<Vec<(ImportOutcome, Vec<u8>)>, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let kept = list_faults::kept(&self.reader, &self.snapshot(), corridor)?;
        Ok(kept.into_iter().map(|fault| (fault.outcome(), fault.evidence)).collect())
    }

    /// Where a log is in the store, and how far it reaches.
    fn names<'a>(&self, corridor: &'a Corridor, log: Log) -> (&'a LogNames, LogSnapshot) {
        let logs = self.corridor_snapshot(corridor.partner);
        match log {
            Log::Own => (&corridor.names.own, logs.own),
            Log::Partner => (&corridor.names.partner, logs.partner),
        }
    }
}

const fn side(log: Log) -> Side {
    match log {
        Log::Own => Side::Own,
        Log::Partner => Side::Partner,
    }
}
