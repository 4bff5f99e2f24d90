//! Releasing a group: what is told and shown before the mark has moved, and after one that did not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use domain::case::event::{Kind, Statement};
use domain::identifier::Office;
use domain::time::Instant;
use proto::command::v1::Purpose;
use proto::ledger::v1::AccessKind;
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer as _, SigningKeyInMemory};
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::caller::Caller;
use runtime::failure::Class;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use zeroize::Zeroizing;

use super::super::group::Group;
use super::super::state::stream_length;
use super::super::{AppendJob, FirstWords, Job, NewEntry, Queue, Subject, Writer};
use super::*;
use crate::access::{Asking, NewAccess};
use crate::snapshot::Snapshots;
use crate::start::assembly::assemble;
use crate::{Announcements, ClockChoice, Config, FixedClock, Hardness, Limits, Passphrase};

const NOW: Instant = Instant::from_ms(1_780_000_000_000);

/// A writer that nobody runs, with somebody who always waits: groups are handed over.
struct Site {
    writer: Writer,
    queue: Queue,
    snapshots: Snapshots,
    _folder: TempDir,
}

type Answer<T> = oneshot::Receiver<Result<T, Failure>>;

fn state(code: &str) -> State {
    State::new(code).unwrap()
}

fn asking() -> Asking {
    let caller = Caller::service(state("NL"), Office::new("fictional").unwrap());
    Asking { caller, purpose: Purpose::Unspecified }
}

fn access() -> NewAccess {
    NewAccess { asking: asking(), case: None, kind: AccessKind::Write, vouched: Vec::new() }
}

impl Site {
    fn begun() -> Self {
        let (mut site, first) = Self::found();
        site.writer.begin(first).unwrap();
        site.queue.put(Job::Tick);
        site
    }

    /// Nothing is written yet.
    fn found() -> (Self, FirstWords) {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = || Passphrase::new("fictional passphrase".to_owned());
        let keyring_file = folder.path().join("keyring");
        let keys =
            crate::create_keyring_with(&keyring_file, &passphrase(), Hardness::NONE).unwrap();
        let [own, other] = [[1; 32], [2; 32]].map(|seed| SigningKeyInMemory::from_seed(&seed));
        let party = |code, key: &SigningKeyInMemory| Party {
            state: state(code),
            root_key: key.public_key(),
        };
        let parties = [party("NL", &own), party("XK", &other)];
        let kinds = Kind::ALL.iter().map(|kind| kind.number()).collect();
        let genesis = Genesis::found("test-release", parties, Clocks::default(), kinds).unwrap();
        let (first, second) = (genesis.sign(&own).unwrap(), genesis.sign(&other).unwrap());
        let genesis = SignedGenesis::new(genesis, first, second).unwrap();
        let statement = |serial, key| {
            let statement = RootStatement::announcing(serial, key);
            statement.sign(genesis.digest(), state("NL"), &own).unwrap()
        };
        let announcements = Announcements {
            log: statement(1, AnnouncedKey::Log(keys.log)),
            hpke: statement(2, AnnouncedKey::Hpke(keys.hpke)),
        };
        let data_folder = folder.path().join("data");
        crate::found(&data_folder, state("NL"), &genesis, &announcements, &keys).unwrap();
        let config = Config {
            state: state("NL"),
            data_folder: data_folder.clone(),
            keyring_file,
            passphrase: passphrase(),
            signer: None,
            signer_mark_folder: folder.path().join("marks"),
            heartbeat_ms: 3_600_000,
            clock: ClockChoice::Fixed(FixedClock::new(NOW)),
            limits: Limits::DEFAULT,
        };
        let (_, answering) = watch::channel(true);
        let open = || event_store::Store::open(data_folder.join("store"), Default::default());
        let assembled = assemble(&config, answering, open).unwrap();
        let (mut writer, queue, snapshots) = Writer::new(assembled.parts);
        writer.release_apart().unwrap();
        (Self { writer, queue, snapshots, _folder: folder }, assembled.first)
    }

    /// States something about the corridor; `command` says which command it is.
    fn append(&mut self, command: u8) -> (Job, Answer<Written>) {
        let (reply, answer) = oneshot::channel();
        (Job::Append(Box::new(self.stated(command)), reply), answer)
    }

    fn stated(&self, command: u8) -> AppendJob {
        let stream = self.writer.parts.corridors.values().next().unwrap().corridor.stream;
        let revision = stream_length(&self.writer.parts.store, &stream).unwrap();
        let facts = record::facts::encode(None, &Statement::CapabilitiesStated(BTreeSet::new()));
        AppendJob {
            partner: state("XK"),
            subject: Subject::Corridor,
            command: Digest::new([command; 32]),
            payload_digest: Digest::new([command; 32]),
            expected_revision: revision,
            expected_corridor_revision: revision,
            entries: vec![NewEntry::new(facts, Zeroizing::default())],
            local: Vec::new(),
            access: access(),
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        assert!(self.writer.commit(jobs).is_empty());
    }

    /// Up to where everybody sees the store, and up to where it is.
    fn seen_and_stored(&self) -> (u64, u64) {
        (self.snapshots.borrow().next.0, self.writer.parts.store.next_position().0)
    }
}

fn waits<T>(answer: &mut Answer<T>) -> bool {
    matches!(answer.try_recv(), Err(TryRecvError::Empty))
}

#[test]
fn nothing_is_told_or_shown_before_the_mark_has_moved() {
    let mut site = Site::begun();
    let (before, stored) = site.seen_and_stored();
    assert_eq!(before, stored);
    let marks = Arc::clone(&site.writer.parts.marks);
    let held = marks.lock();
    let (job, mut first) = site.append(1);
    site.commit(vec![job]);
    // The next group is made and stored meanwhile. What it tells rests on the first: a command that
    // was carried out in it, and one that was decided before it.
    let (again, mut repeated) = site.append(1);
    let (Job::Append(mut stale, reply), mut moved) = site.append(2) else { panic!() };
    stale.expected_revision -= 1;
    let (promise, mut noted) = oneshot::channel();
    let jobs = vec![again, Job::Append(stale, reply), Job::Access(access(), Some(promise))];
    site.commit(jobs);
    let (seen, stored) = site.seen_and_stored();
    assert_eq!(seen, before);
    assert!(stored > before);
    assert!(waits(&mut first) && waits(&mut repeated) && waits(&mut moved) && waits(&mut noted));

    drop(held);
    assert_eq!(site.writer.all_released(), Ok(()));
    assert_eq!(site.seen_and_stored(), (stored, stored));
    let (first, repeated) =
        (first.try_recv().unwrap().unwrap(), repeated.try_recv().unwrap().unwrap());
    assert!(!first.replayed && repeated.replayed);
    assert_eq!(first.command, repeated.command);
    assert!(moved.try_recv().unwrap().unwrap_err().moved().is_some());
    noted.try_recv().unwrap().unwrap();
}

#[test]
fn after_a_mark_that_did_not_move_nothing_is_released_or_written() {
    let mut site = Site::begun();
    let (before, _) = site.seen_and_stored();
    // The number that comes next was released with other contents: somebody else has the mark.
    let number = site.writer.parts.corridors.values().next().unwrap().logs.own.next_number();
    let other = Digest::new([9; 32]);
    site.writer
        .parts
        .marks
        .lock()
        .get_mut(&state("XK"))
        .unwrap()
        .release(number, other, 0)
        .unwrap();
    let marks = Arc::clone(&site.writer.parts.marks);
    let held = marks.lock();
    let (job, mut first) = site.append(1);
    site.commit(vec![job]);
    let (job, second) = site.append(2);
    site.commit(vec![job]);
    drop(held);
    // What was carried out in the first, and is not released, is not told either.
    let (again, mut repeated) = site.append(1);
    site.commit(vec![again]);
    assert!(repeated.try_recv().unwrap().is_err());
    assert_eq!(site.writer.all_released(), Err(NotReleased));
    assert!(site.writer.has_stopped());
    assert!(first.try_recv().unwrap().is_err());
    // The one behind it is refused by the thread.
    assert!(second.blocking_recv().unwrap().is_err());
    assert_eq!(site.snapshots.borrow().next.0, before);
    let (_, stored) = site.seen_and_stored();
    let (job, _) = site.append(3);
    assert_eq!(site.writer.commit(vec![Job::Tick, job]).len(), 2, "given back, to be refused");
    assert_eq!(site.seen_and_stored().1, stored);
}

#[test]
fn after_a_panic_while_releasing_nothing_is_told_as_released_or_written() {
    let mut site = Site::begun();
    site.writer.releaser = Some(Releaser::start(|_| panic!("fictional")).unwrap());
    let (before, _) = site.seen_and_stored();
    let asking = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let queue = site.queue.clone();
    let stated = site.stated(1);
    let first = asking.spawn(async move { queue.append(stated).await });
    asking.block_on(tokio::task::yield_now());
    let (Some(tick), Some(job)) = (site.writer.next(), site.writer.next()) else { panic!() };
    site.queue.put(tick);
    site.commit(vec![job]);
    let thread = site.writer.releaser.as_mut().unwrap().thread.take().unwrap();
    thread.join().unwrap_err();
    let (_, stored) = site.seen_and_stored();
    assert!(stored > before);

    // Whoever waited is told, and so is who comes while nobody has noticed it yet.
    let first = asking.block_on(first).unwrap().unwrap_err();
    assert_eq!(first.class(), Class::Unavailable);
    assert_eq!(first.message(), crate::failure::writer_gone().message());
    let (job, second) = site.append(2);
    site.commit(vec![job]);
    assert_eq!(second.blocking_recv().unwrap().unwrap_err().class(), Class::Unavailable);
    assert!(site.writer.has_stopped());

    let (job, third) = site.append(3);
    site.queue.put(job);
    assert!(site.writer.work().is_none());
    assert_eq!(third.blocking_recv().unwrap().unwrap_err().class(), Class::Unavailable);
    asking.block_on(site.queue.ended());
    assert_eq!(site.seen_and_stored(), (before, stored));
}

#[test]
fn the_first_dispatch_of_a_log_is_released_before_the_next_is_stored() {
    // A mark that says nothing follows a store with one dispatch, and is lost beside one with two.
    let (mut site, first) = Site::found();
    let parts = &site.writer.parts;
    let mut group = Group::new(parts);
    let facts = first.announcements.get(&state("XK")).unwrap().clone();
    group.announce(parts, state("XK"), facts).unwrap();
    group.compose(parts).unwrap();
    assert!(!group.is_plain());

    site.writer.begin(first).unwrap();
    let mut group = Group::new(&site.writer.parts);
    let (Job::Append(job, reply), _answer) = site.append(1) else { panic!() };
    assert!(site.writer.append(&mut group, job, reply).is_none());
    group.compose(&site.writer.parts).unwrap();
    assert!(group.is_plain());
}
