//! A ledger that is driven step by step in the caller's thread: for simulations, which decide when
//! what arrives, what time it is and where the power goes.
//!
//! It is the real writer, store, keyring and mark. Left out are the thread of the writer, the views
//! and the gRPC service, that is whatever would bring in the order of threads: a step is done when
//! its call returns. Nothing but simulations uses it.

use std::sync::Arc;

use domain::case::Case;
use domain::chain::{Content, Dispatch, Entry};
use domain::identifier::{CaseId, Digest, Office, State};
use domain::referral::LocalStatement;
use event_store::disk::Disk;
use event_store::{Options, Store};
use proto::command::v1::Purpose;
use proto::ledger::v1::{AccessKind, BodyState, ImportOutcome, TakeBackOutcome, WitnessVerdict};
use record::entry::{self, Head};
use runtime::caller::Caller;
use runtime::failure::Failure;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

use crate::access::{Asking, NewAccess};
use crate::config::Config;
use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::follow;
use crate::grpc::export_evidence::{self, Wanted};
use crate::grpc::list_faults;
use crate::keyring::KeyringError;
use crate::layout::{self, LogNames};
use crate::leave::{Lack, Witness};
use crate::read::{Bodies, Reader};
use crate::recover;
use crate::serial::YearSerial;
use crate::snapshot::{self, CorridorSnapshot, LogSnapshot, Snapshot, Snapshots};
use crate::start::{Assembled, StartError, assemble};
use crate::writer::leave::{Held, LeaveJob, ResumeJob};
use crate::writer::{AppendJob, ImportJob, Job, NewEntry, Opening, Queue, Subject, Writer};

/// A ledger that does nothing by itself.
pub struct Stepped {
    writer: Writer,
    reader: Reader,
    snapshots: Snapshots,
    /// Only kept: without it, the writer's queue would be closed.
    _queue: Queue,
    /// Who asks, wherever that is written down.
    caller: Caller,
}

impl std::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepped").field("own", &self.reader.own).finish_non_exhaustive()
    }
}

/// Which of the two logs of a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// The State's own.
    Own,
    /// The partner's, as it is stored here.
    Partner,
}

/// What became of a dispatch that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// What was done.
    pub outcome: ImportOutcome,
    /// Why, in words.
    pub reason: String,
    /// The number that is wanted next.
    pub next_wanted: u64,
}

/// What became of a command and of what arrived with it.
#[derive(Debug)]
pub struct Crossed {
    /// Of the command: the positions of its entries.
    pub written: Result<Vec<u64>, Failure>,
    /// Of each dispatch.
    pub imported: Vec<Result<ImportOutcome, Failure>>,
}

/// What entries are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The corridor.
    Corridor,
    /// A case that is there.
    Case(CaseId),
    /// A case that the first entry opens, with the year and the serial of its number.
    Opening(CaseId, u32, u32),
}

/// What a decision rested on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Records of the case; of the corridor, where that is what the decision was about.
    pub subject: u64,
    /// Records of the corridor.
    pub corridor: u64,
}

/// What a State states in one command.
#[derive(Clone, Debug)]
pub struct Stated {
    /// To whom.
    pub partner: State,
    /// About what.
    pub about: About,
    /// The request id of the command.
    pub request_id: String,
    /// What it was decided on.
    pub revisions: Revisions,
    /// Facts and body of each entry for the State's own log; an empty body is none.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Facts and body of each local entry.
    pub local: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What a new case would rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its id.
    pub case: CaseId,
    /// The year and the serial of its number.
    pub number: (u32, u32),
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
    /// Opens a ledger on a disk; what founds it, the keyring and the marks are files where the
    /// configuration says. Must be called within a Tokio runtime, from a thread that does not
    /// drive it.
    ///
    /// # Errors
    /// As [`crate::start`].
    pub fn open(
        config: &Config,
        disk: &Arc<dyn Disk>,
        options: Options,
        answering: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let open_store = || Store::open_inline_on(disk, options);
        let Assembled { parts, first, corridors } = assemble(config, answering, open_store)?;
        let (store, keys, secrets) =
            (parts.store.clone(), Arc::clone(&parts.keys), Arc::clone(&parts.secrets));
        let (mut writer, queue, snapshots) = Writer::new(parts);
        writer.begin(first).map_err(StartError::Begin)?;
        let reader = Reader::new(store, config.state, corridors, keys, secrets);
        let office = Office::new("simulation").expect("a word of letters is an office");
        let caller = Caller::service(config.state, office);
        let mut stepped = Self { writer, reader, snapshots, _queue: queue, caller };
        stepped.recover().map_err(StartError::Begin)?;
        Ok(stepped)
    }

    /// Hears what the partner holds of the own log: its last dispatch, `None` for nothing.
    ///
    /// # Errors
    /// As the ledger's `HearWitness`.
    pub fn hear_partner(
        &mut self,
        partner: State,
        holds: Option<&[u8]>,
    ) -> Result<WitnessVerdict, Failure> {
        self.hear(partner, Witness::Partner, holds)
    }

    /// Hears what the own topic holds of the own log: its last dispatch, `None` for nothing.
    ///
    /// # Errors
    /// As the ledger's `HearWitness`.
    pub fn hear_topic(
        &mut self,
        partner: State,
        holds: Option<&[u8]>,
    ) -> Result<WitnessVerdict, Failure> {
        self.hear(partner, Witness::Topic, holds)
    }

    fn hear(
        &mut self,
        partner: State,
        witness: Witness,
        holds: Option<&[u8]>,
    ) -> Result<WitnessVerdict, Failure> {
        let holds = holds.map(record::dispatch::Dispatch::decode).transpose();
        let holds = holds.map_err(|error| Failure::field("dispatch", error))?;
        let holds = holds.map(|it| it.signed_header);
        let heard = Box::new(Held { witness, holds });
        let (reply, mut answer) = oneshot::channel();
        self.writer.step(vec![Job::Leave(LeaveJob::Hear(partner, heard, reply))]);
        Ok(answer.try_recv().map_err(|_| failure::writer_gone())??.outcome)
    }

    /// Takes back a dispatch of the own log that a restored store has lost. What was done with it,
    /// and why.
    ///
    /// # Errors
    /// As the ledger's `TakeBackDispatch`.
    pub fn take_back(
        &mut self,
        partner: State,
        dispatch: Vec<u8>,
    ) -> Result<(TakeBackOutcome, String), Failure> {
        let (reply, mut answer) = oneshot::channel();
        self.writer.step(vec![Job::Leave(LeaveJob::TakeBack(partner, dispatch, reply))]);
        let taken = answer.try_recv().map_err(|_| failure::writer_gone())??;
        self.recover()?;
        Ok((taken.outcome, taken.reason))
    }

    /// An operator lets the node write again, and names the last dispatch that the partner holds.
    ///
    /// # Errors
    /// As the ledger's `ResumeWriting`.
    pub fn resume(&mut self, partner: State, partner_holds: Option<u64>) -> Result<(), Failure> {
        let (reply, mut answer) = oneshot::channel();
        let job =
            ResumeJob { partner, partner_holds, takes_in_forged: false, validate_only: false };
        self.writer.step(vec![Job::Leave(LeaveJob::Resume(job, reply))]);
        self.recover()?;
        answer.try_recv().map_err(|_| failure::writer_gone())??;
        Ok(())
    }

    /// Once a restored store is whole again: opens `restored` on every open case, and lets the
    /// node write.
    fn recover(&mut self) -> Result<(), Failure> {
        let snapshot = self.snapshot();
        for (partner, corridor) in &snapshot.corridors {
            if corridor.leave.lack() != Some(Lack::Safeguards) || corridor.stopped.is_some() {
                continue;
            }
            for cases in
                recover::lacking(&self.reader, &snapshot, *partner)?.chunks(recover::CASES_MAX)
            {
                let (reply, mut done) = oneshot::channel();
                let job = LeaveJob::Guard(*partner, cases.to_vec(), reply);
                self.writer.step(vec![Job::Leave(job)]);
                done.try_recv().map_err(|_| failure::writer_gone())??;
            }
            let (reply, mut done) = oneshot::channel();
            self.writer.step(vec![Job::Leave(LeaveJob::Guarded(*partner, reply))]);
            match done.try_recv().map_err(|_| failure::writer_gone())? {
                // What had waited for the words that are back has stopped the writing.
                Err(_) if self.corridor_snapshot(*partner).stopped.is_some() => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Takes in a dispatch that arrived from a partner.
    ///
    /// # Errors
    /// As the ledger's `ImportDispatch`.
    pub fn import(&mut self, partner: State, dispatch: Vec<u8>) -> Result<Arrived, Failure> {
        let (reply, mut answer) = oneshot::channel();
        let job = ImportJob { partner, dispatch, cursor: None };
        self.writer.step(vec![Job::Import(job, reply)]);
        let imported = self.answer(&mut answer)?;
        Ok(Arrived {
            outcome: imported.outcome,
            reason: imported.reason,
            next_wanted: imported.next_wanted,
        })
    }

    /// Appends what was decided. The positions of its entries in the own log.
    ///
    /// # Errors
    /// As the ledger's `Append` and `AppendCorridor`.
    pub fn append(&mut self, stated: Stated) -> Result<Vec<u64>, Failure> {
        let (reply, mut answer) = oneshot::channel();
        let job = job(&self.reader, &self.caller, stated);
        self.writer.step(vec![Job::Append(Box::new(job), reply)]);
        Ok(self.answer(&mut answer)?.command.positions)
    }

    /// Appends what was decided just before dispatches of the partner arrive; all of it waits for
    /// the writer at once. Fails, each alone, as [`Self::import`] and [`Self::append`].
    pub fn cross(&mut self, stated: Stated, dispatches: Vec<Vec<u8>>) -> Crossed {
        let mut jobs = Vec::new();
        let mut told = Vec::new();
        for dispatch in dispatches {
            let (reply, imported) = oneshot::channel();
            let job = ImportJob { partner: stated.partner, dispatch, cursor: None };
            jobs.push(Job::Import(job, reply));
            told.push(imported);
        }
        let (reply, mut written) = oneshot::channel();
        jobs.push(Job::Append(Box::new(job(&self.reader, &self.caller, stated)), reply));
        self.writer.step(jobs);
        let written = self.answer(&mut written).map(|it| it.command.positions);
        let imported = told.iter_mut().map(|it| self.answer(it).map(|it| it.outcome));
        Crossed { imported: imported.collect(), written }
    }

    /// What the writer has answered. Where it holds a job back for somebody's turn, it looks at
    /// the clock, as it does every second, until the turn is over.
    fn answer<T>(
        &mut self,
        answer: &mut oneshot::Receiver<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        for _ in 0..2 {
            if let Ok(answered) = answer.try_recv() {
                return answered;
            }
            self.tick();
        }
        answer.try_recv().map_err(|_| failure::writer_gone())?
    }

    /// Lets the writer look at the clock.
    pub fn tick(&mut self) {
        self.writer.step(vec![Job::Tick]);
    }

    /// Whether what the disk holds is not known any more: nothing is written before a restart.
    #[must_use]
    pub const fn has_stopped(&self) -> bool {
        self.writer.has_stopped()
    }

    /// Ends the ledger; the disk, the keyring and the marks are free then.
    pub fn close(self) {
        self.writer.parts().store.close();
    }

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

    /// What a new case would rest on.
    ///
    /// # Errors
    /// There is no such corridor.
    pub fn prepare(&self, partner: State, request_id: &str) -> Result<Prepared, Failure> {
        let corridor = self.reader.corridor(partner)?;
        let founder = corridor.founded.founder(corridor.own);
        let founder = founder.ok_or_else(|| Failure::not_found("corridor"))?;
        let identity = self.caller.identity();
        let case = self.reader.secrets.case_id(&identity, request_id, founder);
        let parts = self.writer.parts();
        let now = parts.clock.now();
        let serials = parts.serials.keep(&self.reader.store, partner, case, now);
        let number = serials.first().map_or((0, 0), |it| (it.year, it.serial));
        Ok(Prepared { case, number })
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
        let record = layout::record_at(&self.reader.store, &names.headers, number)?;
        let dispatch = record.as_ref().map(layout::dispatch_of).transpose()?;
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

    fn snapshot(&self) -> Arc<Snapshot> {
        snapshot::latest(&self.snapshots)
    }

    fn corridor_snapshot(&self, partner: State) -> CorridorSnapshot {
        self.snapshot().corridors.get(&partner).cloned().unwrap_or_default()
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

/// What a State states, for the writer.
pub(crate) fn job(reader: &Reader, caller: &Caller, stated: Stated) -> AppendJob {
    let identity = caller.identity();
    let subject = match stated.about {
        About::Corridor => Subject::Corridor,
        About::Case(case) => Subject::Case(case),
        About::Opening(case, year, serial) => {
            Subject::Opening(case, Opening { serial: YearSerial { year, serial } })
        }
    };
    let asking = Asking { caller: caller.clone(), purpose: Purpose::Unspecified };
    let case = subject.case().copied();
    let entries = |entries: Vec<(Vec<u8>, Vec<u8>)>| {
        let entry = |(facts, body)| NewEntry::new(facts, Zeroizing::new(body));
        entries.into_iter().map(entry).collect()
    };
    AppendJob {
        partner: stated.partner,
        subject,
        command: reader.secrets.command(&identity, &stated.request_id),
        payload_digest: record::digest::sha256(&[stated.request_id.as_bytes()]),
        expected_revision: stated.revisions.subject,
        expected_corridor_revision: stated.revisions.corridor,
        entries: entries(stated.entries),
        local: entries(stated.local),
        access: NewAccess { asking, case, kind: AccessKind::Write, vouched: Vec::new() },
    }
}
