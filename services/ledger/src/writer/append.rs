//! Appending what a State states: held to the revisions that it was decided on, and staged with its
//! positions.

use domain::case::event::Kind;
use domain::chain::{Content, Dispatch};
use domain::identifier::{CaseId, Digest, State};
use domain::time::Instant;
use event_store::{NewRecord, StreamId};
use proto::command::v1::RevisionMoved;
use proto::store::v1::StoredCommand;
use record::canonical;
use record::log::LogState;
use runtime::failure::{Class, Failure};
use zeroize::Zeroizing;

use super::commands::Remembered;
use super::erasure;
use super::group::{Fit, Group};
use super::records::local_record;
use super::sealing::{seal, seal_local};
use super::signing;
use super::state::CorridorState;
use super::{Reply, Writer, forged};
use crate::access::NewAccess;
use crate::failure::{self, OWN_LOG_FROZEN, PARTNER_STOPPED};
use crate::keyring::{NewKey, Reach};
use crate::layout::{self, case_stream};
use crate::serial::YearSerial;

/// What a State appends.
pub(crate) struct AppendJob {
    pub(crate) partner: State,
    pub(crate) subject: Subject,
    /// [`Secrets::command`](crate::keyring::Secrets::command) of the caller and the request id.
    pub(crate) command: Digest,
    pub(crate) payload_digest: Digest,
    /// The revision that was decided on; 0: nothing must be there.
    pub(crate) expected_revision: u64,
    pub(crate) expected_corridor_revision: u64,
    /// For the State's own log.
    pub(crate) entries: Vec<NewEntry>,
    /// For the local log.
    pub(crate) local: Vec<NewEntry>,
    /// Written with it.
    pub(crate) access: NewAccess,
}

/// What an append is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The corridor.
    Corridor,
    /// A case that is there.
    Case(CaseId),
    /// A case that the first entry opens.
    Opening(CaseId, Opening),
}

/// What an opening needs beside its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) serial: YearSerial,
}

/// Facts, and the body that is to be sealed; empty for none. Personal data: never printed.
pub(crate) struct NewEntry {
    pub(super) facts: Vec<u8>,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// What the facts state, where they are understood. Read by whoever asks, so that the one
    /// writer need not.
    kind: Option<Kind>,
}

impl NewEntry {
    pub(crate) fn new(facts: Vec<u8>, body: Zeroizing<Vec<u8>>) -> Self {
        let kind = match record::facts::read(&facts) {
            Content::Stated(statement) => Some(statement.kind()),
            Content::NotUnderstood => None,
        };
        Self { facts, body, kind }
    }

    /// Whether it is a statement of this kind.
    pub(super) fn states(&self, kind: Kind) -> bool {
        self.kind == Some(kind)
    }
}

/// What was appended.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) command: StoredCommand,
    /// Position of its last record in the store.
    pub(crate) store_position: u64,
    /// How many records its stream has after it.
    pub(crate) revision: u64,
    /// Whether the command had been carried out before.
    pub(crate) replayed: bool,
}

impl AppendJob {
    pub(super) fn weight(&self) -> usize {
        let entries = self.entries.iter().chain(&self.local);
        entries.map(|entry| entry.facts.len() + entry.body.len() + 256).sum::<usize>() + 512
    }
}

impl Subject {
    pub(crate) const fn case(&self) -> Option<&CaseId> {
        match self {
            Self::Corridor => None,
            Self::Case(case) | Self::Opening(case, _) => Some(case),
        }
    }
}

/// An append that is staged, and answered once the group is durable.
pub(super) struct Pending {
    pub(super) partner: State,
    pub(super) stream: StreamId,
    pub(super) reply: Reply<Written>,
    command: StoredCommand,
    commands_log: event_store::LogName,
    local: Vec<NewRecord>,
    access: NewAccess,
    has_entries: bool,
    /// Index of its command record within the group.
    index: u64,
}

impl Pending {
    /// The records beside its entries, once the dispatch that carries those is made.
    pub(super) fn add_records(
        &mut self,
        records: &mut Vec<NewRecord>,
        made: Option<Dispatch>,
        now: Instant,
    ) {
        let made = made.filter(|_| self.has_entries);
        self.command.dispatch = made.map(|made| made.number);
        self.command.time_ms = made.map_or(now, |made| made.time).as_ms();
        records.append(&mut self.local);
        self.index = records.len() as u64;
        records.push(NewRecord {
            log: self.commands_log.clone(),
            stream: Some(self.stream),
            leaf: canonical::encode(&self.command),
            payload: Vec::new(),
        });
        records.push(self.access.record(now));
    }

    /// What the writer remembers of it, and how many records of its stream it is the last of.
    pub(super) fn remember(&self, first: u64) -> (Remembered, u64) {
        let command = self.command.clone();
        let records = command.positions.len() + command.local_positions.len() + 1;
        (Remembered { command, store_position: first + self.index }, records as u64)
    }

    pub(super) fn written(self, revision: u64, first: u64) -> (Written, Reply<Written>) {
        let written = Written {
            command: self.command,
            store_position: first + self.index,
            revision,
            replayed: false,
        };
        (written, self.reply)
    }
}

/// Why an append is not staged.
enum NotStaged {
    Failed(Failure),
    /// It goes with the next group.
    Later,
}

impl From<Failure> for NotStaged {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Writer {
    /// Stages an append, or gives it back for the next group.
    pub(super) fn append(
        &mut self,
        group: &mut Group,
        job: Box<AppendJob>,
        reply: Reply<Written>,
    ) -> Option<(Box<AppendJob>, Reply<Written>)> {
        let outcome = self.try_append(group, &job);
        if !matches!(outcome, Err(NotStaged::Later)) {
            self.turns.has_come(job.partner, job.command);
        }
        match outcome {
            Ok(Outcome::Staged(staged)) => {
                let Staged { stream, command, commands_log, local } = *staged;
                group.pending.push(Pending {
                    partner: job.partner,
                    stream,
                    reply,
                    command,
                    commands_log,
                    local,
                    access: job.access,
                    has_entries: !job.entries.is_empty(),
                    index: 0,
                });
                None
            }
            Ok(Outcome::Replayed(written)) => {
                group.told.push((Ok(written), reply));
                None
            }
            Err(NotStaged::Failed(failure)) => {
                if failure.moved().is_some() {
                    self.turns.give(job.partner, job.command);
                }
                group.told.push((Err(failure), reply));
                None
            }
            Err(NotStaged::Later) => Some((job, reply)),
        }
    }

    fn try_append(&mut self, group: &mut Group, job: &AppendJob) -> Result<Outcome, NotStaged> {
        let state = self.parts.corridors.get(&job.partner);
        let state = state.ok_or_else(|| Failure::not_found("corridor"))?;
        let stream = match job.subject.case() {
            Some(case) => case_stream(case),
            None => state.corridor.stream,
        };
        // One command at a time for a case: the same id twice in one group is told apart only
        // once the first is stored.
        if group.pending.iter().any(|pending| pending.stream == stream) {
            return Err(NotStaged::Later);
        }
        let found = group.length(&self.parts, &stream)?;
        if let Some(prior) = self.commands.find(&self.parts, &stream, &job.command)? {
            let payload = job.payload_digest.as_bytes();
            let payload = self.parts.secrets.mask(&stream, job.command.as_bytes(), payload);
            return Ok(Outcome::Replayed(replay(&payload, prior, found)?));
        }
        if state.stopped.is_some() && !job.entries.is_empty() {
            let message = "nothing more is written to this partner until its fault is settled";
            return Err(Failure::new(Class::Refused, PARTNER_STOPPED, message).into());
        }
        if let Some(waiting) = state.leave.waiting() {
            return Err(failure::waiting(waiting, state.logs.own.next_number()).into());
        }
        if !job.entries.is_empty() {
            forged::owed(state, &job.entries)?;
        }
        let begins = begins(job);
        let draft = group.draft(&self.parts, job.partner);
        if draft.has_begun(begins) {
            return Err(NotStaged::Later);
        }
        if begins == Begins::Era {
            may_succeed(&draft.logs.own)?;
        } else if draft.logs.own.frozen().is_some() && !job.entries.is_empty() {
            let message = "the partner has proved a fault of this State's log: nothing more is \
                           written in this era";
            return Err(Failure::new(Class::Refused, OWN_LOG_FROZEN, message).into());
        }
        let corridor = state.corridor.stream;
        let found_corridor = group.length(&self.parts, &corridor)?;
        let kept = match job.subject {
            Subject::Corridor | Subject::Case(_) => true,
            Subject::Opening(case, Opening { serial }) => {
                self.parts.serials.is_kept(job.partner, case, serial)
            }
        };
        if found != job.expected_revision
            || found_corridor != job.expected_corridor_revision
            || !kept
        {
            return Err(Failure::revision_moved(RevisionMoved {
                expected_revision: job.expected_revision,
                found_revision: found,
                expected_corridor_revision: job.expected_corridor_revision,
                found_corridor_revision: found_corridor,
            })
            .into());
        }
        self.stage(group, job, stream)
    }

    fn stage(
        &self,
        group: &mut Group,
        job: &AppendJob,
        stream: StreamId,
    ) -> Result<Outcome, NotStaged> {
        let parts = &self.parts;
        let Some(state) = parts.corridors.get(&job.partner) else {
            return Err(Failure::not_found("corridor").into());
        };
        self.may_be_stated(state, job)?;
        let now = group.now;
        let draft = group.draft(parts, job.partner);
        let first = draft.next_position();
        let first_local = draft.logs.local_size;
        fits(draft.has_room(job.entries.len()))?;
        let (entries, key) = seal(parts, &draft.logs.own, job, first)?;
        fits(draft.has_room_for(&entries))?;
        let (local, local_key) = seal_local(parts, state, job, first_local)?;

        let (count, local_count) = (entries.len() as u64, local.len() as u64);
        let mut local: Vec<NewRecord> = local
            .into_iter()
            .map(|entry| local_record(&state.corridor, entry, stream, now))
            .collect();
        draft.add(entries.into_iter().map(|entry| (entry, stream)).collect());
        draft.begin(begins(job));
        draft.logs.local_size += local_count;
        if let Some(case) = job.subject.case().copied() {
            if erasure::orders(&job.entries) {
                local.push(erasure::record(&state.corridor, &case));
                group.erasures.push(case);
            }
            group.keys.extend(key.map(|key| NewKey { case, key, reach: Reach::Shared }));
            group.keys.extend(local_key.map(|key| NewKey { case, key, reach: Reach::Local }));
        }
        if let Subject::Opening(_, Opening { serial }) = job.subject {
            group.use_serial(parts, job.partner, serial);
        }
        group.lengthen(&stream, count + local_count + 1);
        let command = StoredCommand {
            command: job.command.as_bytes().to_vec(),
            payload_digest: parts.secrets.mask(
                &stream,
                job.command.as_bytes(),
                job.payload_digest.as_bytes(),
            ),
            positions: (first..first + count).collect(),
            dispatch: None,
            local_positions: (first_local..first_local + local_count).collect(),
            time_ms: 0,
        };
        let commands_log = state.corridor.names.commands.clone();
        Ok(Outcome::Staged(Box::new(Staged { stream, command, commands_log, local })))
    }

    /// Whether a statement that does more than stand in the log may be made: one that orders or
    /// reports an erasure, or announces or revokes a key.
    fn may_be_stated(&self, state: &CorridorState, job: &AppendJob) -> Result<(), Failure> {
        let parts = &self.parts;
        let case = job.subject.case();
        if let Some(case) = case
            && erasure::orders(&job.entries)
        {
            erasure::openable(parts, &state.corridor, case)?;
        }
        if erasure::reports_done(&job.entries)
            && case.is_some_and(|case| self.to_erase.contains(case))
        {
            return Err(Failure::unavailable("the keys of this case are not destroyed yet"));
        }
        if job.subject == Subject::Corridor {
            let headers = &state.corridor.names.own.headers;
            let digest = |number| {
                Ok(layout::dispatch_at(&parts.store, headers, number)?.map(|it| it.digest))
            };
            signing::check(parts, &state.logs.own, &job.entries, digest)?;
        }
        Ok(())
    }
}

/// What a dispatch begins whose first entries are those of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    Nothing,
    /// It corrects the clock.
    Clock,
    /// It begins the next era of the log.
    Era,
    /// Another key speaks from it on.
    Voice,
}

/// What a job begins. Only the first entries of a dispatch can.
pub(super) fn begins(job: &AppendJob) -> Begins {
    if job.subject != Subject::Corridor {
        return Begins::Nothing;
    }
    let kind = |index: usize| job.entries.get(index)?.kind;
    match (kind(0), kind(1)) {
        (Some(Kind::ClockCorrected), _) => Begins::Clock,
        (_, Some(Kind::LogSucceeded)) => Begins::Era,
        // What revokes the old key beside it must not be signed with that.
        (Some(Kind::KeyAnnounced), _) => Begins::Voice,
        _ => Begins::Nothing,
    }
}

/// The next era follows the last dispatch that the partner had heard. What this log holds after
/// that one was heard by nobody and would have to be left behind.
fn may_succeed(own: &LogState) -> Result<(), Failure> {
    let Some(frozen) = own.frozen() else {
        return Err(Failure::field("facts[1]", "must follow a fault that the partner has proved"));
    };
    if own.head().map(|head| head.heard) == Some(frozen.last) {
        return Ok(());
    }
    let last = frozen.last.number;
    let message = format!(
        "this log goes on after dispatch {last}, the last that the partner had heard, or holds \
         another under that number: the log must first be fetched back from the partner"
    );
    Err(Failure::new(Class::Refused, OWN_LOG_FROZEN, message))
}

/// What becomes of an append that is not refused.
enum Outcome {
    Staged(Box<Staged>),
    Replayed(Written),
}

struct Staged {
    stream: StreamId,
    command: StoredCommand,
    commands_log: event_store::LogName,
    local: Vec<NewRecord>,
}

fn fits(fit: Fit) -> Result<(), NotStaged> {
    match fit {
        Fit::Fits => Ok(()),
        Fit::Later => Err(NotStaged::Later),
        Fit::Never => {
            let failure = Failure::field("entries", "must fit into one dispatch");
            Err(NotStaged::Failed(failure))
        }
    }
}

/// The answer to a command that was carried out before; `payload` is the masked digest of this one.
fn replay(payload: &[u8], prior: Remembered, revision: u64) -> Result<Written, Failure> {
    if prior.command.payload_digest != payload {
        return Err(Failure::request_id_used());
    }
    Ok(Written {
        command: prior.command,
        store_position: prior.store_position,
        revision,
        replayed: true,
    })
}
