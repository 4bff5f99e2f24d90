//! A ledger that is driven step by step in the caller's thread: for simulations, which decide when
//! what arrives, what time it is and where the power goes.
//!
//! It is the real writer, store, keyring and mark. Left out are the thread of the writer, the views
//! and the gRPC service, that is whatever would bring in the order of threads: a step is done when
//! its call returns. Nothing but simulations uses it.

mod seen;

use std::sync::Arc;

use domain::identifier::{CaseId, Office, State};
use event_store::disk::Disk;
use event_store::{Options, Store};
use proto::ledger::v1::{ImportOutcome, TakeBackOutcome, WitnessVerdict};
use runtime::caller::Caller;
use runtime::failure::Failure;
use tokio::sync::{oneshot, watch};

use crate::config::Config;
use crate::failure;
use crate::leave::{Lack, Witness};
use crate::read::Reader;
use crate::recover;
use crate::snapshot::{self, CorridorSnapshot, Snapshot, Snapshots};
use crate::start::StartError;
use crate::start::assembly::{Assembled, assemble};
use crate::stated::{Stated, job};
use crate::writer::leave::{Held, LeaveJob, ResumeJob};
use crate::writer::{ImportJob, Job, Queue, Writer};

pub use seen::{Log, Logged, Standing};

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

/// What a new case would rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its id.
    pub case: CaseId,
    /// The year and the serial of its number.
    pub number: (u32, u32),
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

    fn snapshot(&self) -> Arc<Snapshot> {
        snapshot::latest(&self.snapshots)
    }

    fn corridor_snapshot(&self, partner: State) -> CorridorSnapshot {
        self.snapshot().corridors.get(&partner).cloned().unwrap_or_default()
    }
}
