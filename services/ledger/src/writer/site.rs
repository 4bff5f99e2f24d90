//! A founded node for the tests of the writer and of what follows it, in a folder of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use domain::case::event::{AgreementReference, Kind, RequestFiled, ReturnDecision, Statement};
use domain::identifier::{AgreementId, CaseId, Digest, Office, State};
use domain::rules::Category;
use domain::time::Instant;
use event_store::{OpenError, Options, Store};
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
use super::{AppendJob, FirstWords, Job, NewEntry, Opening, Parts, Queue, Subject, Writer};
use crate::access::{Asking, NewAccess};
use crate::read::Reader;
use crate::snapshot::Snapshots;
use crate::start::assembly::{Assembled, assemble};
use crate::{Announcements, ClockChoice, Config, FixedClock, Hardness, Limits, Passphrase};

const NOW: Instant = Instant::from_ms(1_780_000_000_000);

/// A writer that nobody runs, with somebody who always waits: groups are handed over.
pub(crate) struct Site {
    pub(super) writer: Writer,
    pub(super) queue: Queue,
    pub(crate) snapshots: Snapshots,
    pub(crate) reader: Reader,
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
        Self::begun_on(|folder| Store::open(folder, Options::default()))
    }

    /// Likewise, on a store that is opened so: of files in the folder, or not.
    pub(crate) fn begun_on(open: impl Fn(&Path) -> Result<Store, OpenError>) -> Self {
        let (mut site, first) = Self::found_on(open);
        site.writer.begin(first).unwrap();
        site.queue.put(Job::Tick);
        site
    }

    /// Nothing is written yet.
    pub(super) fn found() -> (Self, FirstWords) {
        Self::found_on(|folder| Store::open(folder, Options::default()))
    }

    fn found_on(open: impl Fn(&Path) -> Result<Store, OpenError>) -> (Self, FirstWords) {
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
        let assembled = assemble(&config, answering, || open(&data_folder.join("store"))).unwrap();
        let Assembled { parts, first, corridors } = assembled;
        let (keys, secrets) = (Arc::clone(&parts.keys), Arc::clone(&parts.secrets));
        let reader = Reader::new(parts.store.clone(), state("NL"), corridors, keys, secrets);
        let (mut writer, queue, snapshots) = Writer::new(parts);
        writer.release_apart().unwrap();
        (Self { writer, queue, snapshots, reader, _folder: folder }, first)
    }

    /// Files a request for this case of NL's; everybody sees it then.
    pub(crate) fn file(&mut self, case: CaseId) {
        let Parts { serials, store, .. } = &self.writer.parts;
        let serial = *serials.keep(store, state("XK"), case, NOW).first().unwrap();
        let filed = RequestFiled {
            under: AgreementReference {
                agreement: AgreementId::new("fictional").unwrap(),
                version: 1,
                digest: Digest::new([3; 32]),
            },
            category: Category::OwnNational,
            evidence: Vec::new(),
            return_decision: ReturnDecision::Enforceable,
            filed_by: Office::new("return-office").unwrap(),
            addressed_to: Office::new("ministry").unwrap(),
            year: serial.year,
            serial: serial.serial,
            irregular_stay_known_on: None,
        };
        let facts = record::facts::encode(Some(case), &Statement::RequestFiled(filed));
        let job = AppendJob {
            subject: Subject::Opening(case, Opening { serial }),
            command: Digest::new([case.as_bytes()[0]; 32]),
            expected_revision: 0,
            entries: vec![NewEntry::new(facts, Zeroizing::default())],
            ..self.stated(0)
        };
        let (reply, mut answer) = oneshot::channel();
        self.commit(vec![Job::Append(Box::new(job), reply)]);
        self.writer.all_released().unwrap();
        answer.try_recv().unwrap().unwrap();
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
