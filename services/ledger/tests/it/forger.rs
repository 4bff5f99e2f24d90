//! A partner that writes whatever it likes: its dispatches are made by hand and signed with its
//! true keys.

use domain::case::event::{KeyAnnounced, Statement};
use domain::chain::Heard;
use domain::identifier::{CaseId, Digest};
use domain::time::{Instant, Span};
use proto::command::v1::Purpose as CallPurpose;
use proto::ledger::v1::{GetStatusRequest, ImportDispatchRequest, ImportOutcome};
use proto::record::v1::WrappedCaseKey;
use record::dispatch::Dispatch;
use record::entry::{Draft, Entry};
use record::genesis::SignedGenesis;
use record::key::{Signer as _, SigningKeyInMemory};
use record::log::{Listening, LogState};
use record::root_statement::{AnnouncedKey, RootStatement};
use record::seal::{CaseKey, Place, Purpose};
use record::{body, facts, random, wrap};

use crate::world::{NOW_MS, Running, Site, evidence, particulars, request, rules};

pub(crate) struct Forger {
    log: LogState,
    genesis: Digest,
    root: SigningKeyInMemory,
    key: SigningKeyInMemory,
    /// The HPKE key of the State that it writes to.
    recipient: [u8; 32],
    /// What it says that it has heard.
    heard: Option<Listening>,
}

/// What an entry is made of.
pub(crate) struct Said<'a> {
    pub(crate) case: CaseId,
    pub(crate) statement: Statement,
    /// What its body is sealed with, and committed to where it opens the case.
    pub(crate) key: &'a CaseKey,
}

pub(crate) fn case_key(byte: u8) -> CaseKey {
    CaseKey::from_slice(&[byte; 32]).unwrap()
}

/// A filing; whoever files twice under one number does not ask the ledger for one.
pub(crate) fn filing(case: CaseId, serial: u32, key: &CaseKey) -> Said<'_> {
    Said { case, statement: Statement::RequestFiled(request("return-office", serial)), key }
}

impl Forger {
    /// Writes as the State of a site, which is not started, to another one.
    pub(crate) fn new(genesis: &SignedGenesis, site: &Site, to: &Site) -> Self {
        Self {
            log: LogState::new(genesis, site.state).unwrap(),
            genesis: *genesis.digest(),
            root: SigningKeyInMemory::from_seed(&site.root.seed()),
            key: SigningKeyInMemory::from_seed(&[7; 32]),
            recipient: to.keys.hpke,
            heard: None,
        }
    }

    /// Hears everything that a ledger has said to it.
    pub(crate) async fn listen(&mut self, to: &Running) {
        let request =
            GetStatusRequest { caller: Some(to.operator().context(CallPurpose::Unspecified)) };
        let status = to.client.clone().get_status(request).await.unwrap().into_inner();
        let author = self.log.author().to_string();
        let corridor = status.corridors.into_iter().find(|it| it.partner_state == author).unwrap();
        let head = corridor.own_head.unwrap();
        let digest = Digest::from_slice(&head.digest).unwrap();
        let heard = Heard { era: 0, number: head.number, digest };
        self.heard = Some(Listening { heard, time: Instant::from_ms(head.time_ms) });
    }

    /// Another that goes on from the same place.
    pub(crate) fn fork(&self) -> Self {
        Self {
            log: self.log.clone(),
            root: SigningKeyInMemory::from_seed(&self.root.seed()),
            key: SigningKeyInMemory::from_seed(&self.key.seed()),
            ..*self
        }
    }

    /// The first dispatch: its log key, and the agreement that the other State has adopted.
    pub(crate) fn introduce(&mut self) -> Vec<u8> {
        let key = AnnouncedKey::Log(self.key.public_key());
        let statement = RootStatement::announcing(1, key);
        let root_statement = statement.sign(&self.genesis, self.log.author(), &self.root).unwrap();
        let announced = Statement::KeyAnnounced(KeyAnnounced { root_statement });
        let adopted = Statement::AgreementAdopted(record::rules::adoption(rules()));
        let entries = (0..).zip([announced, adopted]).map(|(position, statement)| {
            let draft = Draft {
                case: None,
                facts: facts::encode(None, &statement),
                sealed_body: None,
                case_key_commitment: None,
            };
            Entry::new(self.log.log(), position, draft).unwrap()
        });
        self.compose(entries.collect(), Vec::new(), 0)
    }

    /// A dispatch with these entries, and a wrapped key beside each that opens a case.
    pub(crate) fn say(&mut self, said: &[Said<'_>]) -> Vec<u8> {
        self.say_later(said, 0)
    }

    /// The same, dated later than now.
    pub(crate) fn say_later(&mut self, said: &[Said<'_>], later_ms: u64) -> Vec<u8> {
        let mut entries = Vec::new();
        let mut keys = Vec::new();
        for (position, it) in (self.log.next_position()..).zip(said) {
            let place = Place { log: *self.log.log(), position, case: it.case };
            let sealed = body::encode(&particulars("Testperson, Arber"));
            let opens = it.statement.kind().opens();
            let draft = Draft {
                case: Some(it.case),
                facts: facts::encode(Some(it.case), &it.statement),
                sealed_body: Some(it.key.seal(&place, Purpose::Body, &sealed)),
                case_key_commitment: opens.then(|| it.key.commitment(&place)),
            };
            entries.push(Entry::new(self.log.log(), position, draft).unwrap());
            if opens {
                let mut random = random::operating_system();
                let wrapped =
                    wrap::wrap(it.key, &self.genesis, &place, &self.recipient, &mut random);
                keys.push(wrapped.unwrap());
            }
        }
        self.compose(entries, keys, later_ms)
    }

    /// A dispatch with evidence for a case, and bytes beside it that are no keys.
    pub(crate) fn say_much(&mut self, case: CaseId, entries: usize, bytes: usize) -> Vec<u8> {
        let key = case_key(1);
        let position = self.log.next_position();
        let drafts = (position..).take(entries).map(|position| {
            let place = Place { log: *self.log.log(), position, case };
            let draft = Draft {
                case: Some(case),
                facts: facts::encode(Some(case), &evidence()),
                sealed_body: Some(key.seal(&place, Purpose::Body, &[0; 32_000])),
                case_key_commitment: None,
            };
            Entry::new(self.log.log(), position, draft).unwrap()
        });
        let entries = drafts.collect();
        let sealed = vec![7; bytes];
        let junk = WrappedCaseKey { position, sealed, ..Default::default() };
        self.compose(entries, vec![junk], 0)
    }

    /// A dispatch with an entry that is nobody's: its tag is of another case than its facts.
    pub(crate) fn say_of_nobody(&mut self, case: CaseId, other: CaseId) -> Vec<u8> {
        let draft = Draft {
            case: Some(other),
            facts: facts::encode(Some(case), &evidence()),
            sealed_body: None,
            case_key_commitment: None,
        };
        let entry = Entry::new(self.log.log(), self.log.next_position(), draft).unwrap();
        self.compose(vec![entry], Vec::new(), 0)
    }

    fn compose(
        &mut self,
        entries: Vec<Entry>,
        case_keys: Vec<WrappedCaseKey>,
        later_ms: u64,
    ) -> Vec<u8> {
        let now = Instant::from_ms(NOW_MS).plus(Span::from_ms(later_ms));
        let composed = self.log.compose(entries, self.heard, now, &self.key).unwrap();
        self.log = composed.state;
        let (signed_header, entries) = (composed.signed_header, composed.entries);
        Dispatch { signed_header, entries, case_keys }.encode()
    }

    /// Hands a dispatch to a ledger, which must answer so.
    pub(crate) async fn hand(&self, to: &Running, dispatch: &[u8], outcome: ImportOutcome) {
        let request = ImportDispatchRequest {
            caller: Some(to.service().context(CallPurpose::Unspecified)),
            partner_state: self.log.author().to_string(),
            dispatch: dispatch.to_vec(),
            cursor: None,
        };
        let answer = to.client.clone().import_dispatch(request).await.unwrap().into_inner();
        assert_eq!(answer.outcome(), outcome, "{}", answer.reason);
    }
}
