//! A founded node for the tests of the writer, in a folder of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use domain::case::event::{Kind, Statement};
use domain::identifier::{Digest, Office, State};
use domain::time::Instant;
use proto::command::v1::Purpose;
use proto::ledger::v1::AccessKind;
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer as _, SigningKeyInMemory};
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::caller::Caller;
use runtime::failure::Failure;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

use super::append::Written;
use super::state::{CorridorState, stream_length};
use super::{AppendJob, FirstWords, Job, NewEntry, Queue, Subject, Writer};
use crate::access::{Asking, NewAccess};
use crate::snapshot::Snapshots;
use crate::start::assembly::assemble;
use crate::{Announcements, ClockChoice, Config, FixedClock, Hardness, Limits, Passphrase};

const NOW: Instant = Instant::from_ms(1_780_000_000_000);

/// A writer that nobody runs, with somebody who always waits: groups are handed over.
pub(super) struct Site {
    pub(super) writer: Writer,
    pub(super) queue: Queue,
    pub(super) snapshots: Snapshots,
    _folder: TempDir,
}

pub(super) type Answer<T> = oneshot::Receiver<Result<T, Failure>>;

pub(super) fn state(code: &str) -> State {
    State::new(code).unwrap()
}

fn asking() -> Asking {
    let caller = Caller::service(state("NL"), Office::new("fictional").unwrap());
    Asking { caller, purpose: Purpose::Unspecified }
}

pub(super) fn access() -> NewAccess {
    NewAccess { asking: asking(), case: None, kind: AccessKind::Write, vouched: Vec::new() }
}

impl Site {
    pub(super) fn begun() -> Self {
        let (mut site, first) = Self::found();
        site.writer.begin(first).unwrap();
        site.queue.put(Job::Tick);
        site
    }

    /// Nothing is written yet.
    pub(super) fn found() -> (Self, FirstWords) {
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
    pub(super) fn append(&mut self, command: u8) -> (Job, Answer<Written>) {
        let (reply, answer) = oneshot::channel();
        (Job::Append(Box::new(self.stated(command)), reply), answer)
    }

    pub(super) fn stated(&self, command: u8) -> AppendJob {
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

    pub(super) fn commit(&mut self, jobs: Vec<Job>) {
        assert!(self.writer.commit(jobs).is_empty());
    }

    /// The corridor with the partner.
    pub(super) fn partner(&mut self) -> &mut CorridorState {
        self.writer.parts.corridors.get_mut(&state("XK")).unwrap()
    }

    /// Up to where everybody sees the store, and up to where it is.
    pub(super) fn seen_and_stored(&self) -> (u64, u64) {
        (self.snapshots.borrow().next.0, self.writer.parts.store.next_position().0)
    }
}
