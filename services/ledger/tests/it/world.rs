//! Two States with a corridor, their ledgers, and a courier that the test is itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::case::decide::Ordered as Decided;
use domain::case::event::{
    AgreementReference, Event, Kind as EventKind, RequestFiled, ReturnDecision, Statement,
};
use domain::chain::Content;
use domain::identifier::{AgreementId, EvidenceItem, Office, State};
use domain::person::{Acting, Particulars, Text};
use domain::referral::{LocalEvent, LocalStatement, Safeguard};
use domain::rules::{
    Category, Coverage, Direction, Evidence, Length, Limit, MEANING, OffsetChange, Offsets,
    Purpose as EvidencePurpose, Rules, Silence, SilenceEffect, Source, Start, Strength, Unit,
    Years,
};
use domain::time::{Instant, Span};
use ledger::{
    Announcements, ClockChoice, Config, FixedClock, Handle, Hardness, Limits, Passphrase,
    PublicKeys, StartError, create_keyring_with, found, start,
};
use proto::command::v1::{Purpose, Receipt};
use proto::ledger::v1::attachment_service_client::AttachmentServiceClient;
use proto::ledger::v1::supply_service_client::SupplyServiceClient;
use proto::ledger::v1::{
    FollowDispatchesRequest, FollowDispatchesResponse, GetHeadsRequest, GetStatusRequest,
    ImportDispatchRequest, ImportDispatchResponse, ImportOutcome, KeptFault, ListFaultsRequest,
    ListQuarantineRequest, ListQuarantineResponse, PurgeQuarantineRequest,
};
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer, SigningKeyInMemory};
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::caller::Caller;
use runtime::channel::in_memory;
use runtime::command::{
    self, Command, Effort, Kind, Ledger, OnCorridor, Opening, Ordered, Reading, RequestId,
    payload_digest,
};
use runtime::failure::Failure;
use runtime::server::{self, Services, serve_in_memory};
use runtime::shutdown::Shutdown;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;

pub(crate) const HOUR_MS: u64 = 3_600_000;
/// 2026-06-01T08:00:00Z
pub(crate) const NOW_MS: u64 = 1_780_300_800_000;

pub(crate) fn state(code: &str) -> State {
    State::new(code).unwrap()
}

pub(crate) fn caller(identity: &str) -> Caller {
    Caller::parse(&format!("spiffe://{identity}")).unwrap()
}

/// What outlives a ledger: its folder, its keys, its clock.
pub(crate) struct Site {
    pub(crate) state: State,
    pub(crate) partner: State,
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) answering: watch::Sender<bool>,
    pub(crate) root: SigningKeyInMemory,
    pub(crate) keys: PublicKeys,
}

/// A ledger that runs.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) client: Ledger,
    pub(crate) supply: SupplyServiceClient<Channel>,
    pub(crate) attachments: AttachmentServiceClient<Channel>,
    shutdown: Shutdown,
    pub(crate) state: State,
    pub(crate) partner: State,
}

impl Site {
    fn new(code: &str, partner: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seed = [code.as_bytes()[0]; 32];
        let keyring = folder.path().join("keyring");
        let keys = create_keyring_with(&keyring, &passphrase(), Hardness::NONE).unwrap();
        Self {
            state: state(code),
            partner: state(partner),
            folder,
            clock: FixedClock::new(Instant::from_ms(NOW_MS)),
            answering: watch::Sender::new(true),
            root: SigningKeyInMemory::from_seed(&seed),
            keys,
        }
    }

    /// Somebody else with a copy of everything, marks included: what must never happen.
    pub(crate) fn fork(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self {
            folder,
            clock: Arc::clone(&self.clock),
            answering: watch::Sender::new(true),
            root: SigningKeyInMemory::from_seed(&self.root.seed()),
            ..*self
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn config(&self) -> Config {
        config(self.folder.path(), self.state, ClockChoice::Fixed(Arc::clone(&self.clock)))
    }

    pub(crate) fn announcements(&self, genesis: &SignedGenesis) -> Announcements {
        let statement = |serial, key| {
            let statement = RootStatement::announcing(serial, key);
            statement.sign(genesis.digest(), self.state, &self.root).unwrap()
        };
        Announcements {
            log: statement(1, AnnouncedKey::Log(self.keys.log)),
            hpke: statement(2, AnnouncedKey::Hpke(self.keys.hpke)),
        }
    }

    pub(crate) fn found(&self, genesis: &SignedGenesis) {
        let announcements = self.announcements(genesis);
        found(&self.data(), self.state, genesis, &announcements, &self.keys).unwrap();
    }

    pub(crate) async fn try_start(&self) -> Result<Handle, StartError> {
        start(self.config(), self.answering.subscribe()).await
    }

    pub(crate) async fn start(&self) -> Running {
        let handle = self.try_start().await.unwrap();
        Running::serve(handle, self.state, self.partner).await
    }
}

/// A site that nothing is founded on yet.
pub(crate) fn site(code: &str, partner: &str) -> Site {
    Site::new(code, partner)
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::new("fictional passphrase".to_owned())
}

pub(crate) fn config(folder: &Path, state: State, clock: ClockChoice) -> Config {
    Config {
        state,
        data_folder: folder.join("data"),
        keyring_file: folder.join("keyring"),
        passphrase: passphrase(),
        signer: None,
        signer_mark_folder: folder.join("marks"),
        heartbeat_ms: HOUR_MS,
        clock,
        limits: Limits::DEFAULT,
    }
}

pub(crate) fn genesis(environment: &str, one: &Site, other: &Site) -> SignedGenesis {
    genesis_with(environment, one, other, [])
}

/// A genesis with more kinds than there are.
pub(crate) fn genesis_with<const N: usize>(
    environment: &str,
    one: &Site,
    other: &Site,
    more: [u32; N],
) -> SignedGenesis {
    let all = EventKind::ALL.iter().map(|kind| kind.number());
    genesis_of(environment, one, other, all.chain(more))
}

/// A corridor of these kinds alone.
pub(crate) fn genesis_of(
    environment: &str,
    one: &Site,
    other: &Site,
    kinds: impl Iterator<Item = u32>,
) -> SignedGenesis {
    let party = |site: &Site| Party { state: site.state, root_key: site.root.public_key() };
    let parties = [party(one), party(other)];
    let genesis = Genesis::found(environment, parties, Clocks::default(), kinds.collect()).unwrap();
    let signature = |site: &Site| genesis.sign(&site.root).unwrap();
    let (first, second) = (signature(one), signature(other));
    SignedGenesis::new(genesis, first, second).unwrap()
}

/// NL and XK, founded in an environment and not started.
pub(crate) fn founded(environment: &str) -> (Site, Site) {
    let (nl, xk) = (Site::new("NL", "XK"), Site::new("XK", "NL"));
    let genesis = genesis(environment, &nl, &xk);
    nl.found(&genesis);
    xk.found(&genesis);
    (nl, xk)
}

/// NL and XK, running, with an agreement that both have adopted and heard of.
pub(crate) async fn corridor() -> (Site, Site, Running, Running) {
    let (nl_site, xk_site) = founded("test-ledger");
    let (nl, xk) = (nl_site.start().await, xk_site.start().await);
    nl.adopt().await;
    xk.adopt().await;
    exchange(&nl, &xk).await;
    (nl_site, xk_site, nl, xk)
}

/// Carries everything both ways until nobody has anything new to say.
pub(crate) async fn exchange(one: &Running, other: &Running) {
    loop {
        let carried = carry(one, other).await + carry(other, one).await;
        if carried == 0 {
            return;
        }
    }
}

/// Carries what `to` wants next; returns how many were stored.
pub(crate) async fn carry(from: &Running, to: &Running) -> usize {
    let wanted = to.status().await.next_wanted;
    let mut stored = 0;
    for dispatch in from.dispatches(wanted).await {
        let outcome = to.import(&dispatch.dispatch).await.outcome();
        // What was held back after a restore may come in by itself meanwhile.
        let is_stored = matches!(outcome, ImportOutcome::Stored | ImportOutcome::Duplicate);
        assert!(is_stored, "{}: {outcome:?}", dispatch.number);
        stored += 1;
    }
    stored
}

impl Running {
    pub(crate) async fn serve(handle: Handle, state: State, partner: State) -> Self {
        let shutdown = Shutdown::new();
        let limits = server::Config {
            message_bytes_max: 1 << 20,
            calls_per_connection_max: 256,
            call_timeout: std::time::Duration::from_secs(60),
        };
        let services = Services::new()
            .add(handle.service())
            .add(handle.supply_service())
            .add(handle.attachment_service());
        let service = Caller::service(state, Office::new("test").unwrap());
        let connector = serve_in_memory(services, limits, service, &shutdown).await.unwrap();
        let channel = in_memory(&connector);
        let client = Ledger::new(channel.clone()).max_decoding_message_size(8 << 20);
        let supply = SupplyServiceClient::new(channel.clone());
        let attachments = AttachmentServiceClient::new(channel);
        Self { handle, client, supply, attachments, shutdown, state, partner }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.begin();
        self.handle.shutdown().await;
    }

    pub(crate) fn service(&self) -> Caller {
        Caller::service(self.state, Office::new("exchange").unwrap())
    }

    /// An official of one of the State's offices.
    pub(crate) fn official(&self, office: &str) -> Caller {
        let domain = self.state.code().to_ascii_lowercase();
        caller(&format!("{domain}.readmit/office/{office}/official/t.tester"))
    }

    pub(crate) fn operator(&self) -> Caller {
        let domain = self.state.code().to_ascii_lowercase();
        caller(&format!("{domain}.readmit/operator/root"))
    }

    pub(crate) async fn status(&self) -> proto::ledger::v1::CorridorStatus {
        let request =
            GetStatusRequest { caller: Some(self.operator().context(Purpose::Unspecified)) };
        let status = self.client.clone().get_status(request).await.unwrap().into_inner();
        status.corridors.into_iter().next().unwrap()
    }

    /// What is in quarantine, or one dispatch of it with its bytes.
    pub(crate) async fn quarantine(&self, number: Option<u64>) -> ListQuarantineResponse {
        let request = ListQuarantineRequest {
            caller: Some(self.operator().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            number,
        };
        self.client.clone().list_quarantine(request).await.unwrap().into_inner()
    }

    /// What is kept as proof against the partner.
    pub(crate) async fn faults(&self) -> Vec<KeptFault> {
        let request = ListFaultsRequest {
            caller: Some(self.operator().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
        };
        self.client.clone().list_faults(request).await.unwrap().into_inner().faults
    }

    pub(crate) async fn purge_quarantine(&self) -> u64 {
        let request = PurgeQuarantineRequest {
            caller: Some(self.operator().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
        };
        self.client.clone().purge_quarantine(request).await.unwrap().into_inner().purged
    }

    pub(crate) async fn heads(&self) -> proto::ledger::v1::GetHeadsResponse {
        let request = GetHeadsRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
        };
        self.client.clone().get_heads(request).await.unwrap().into_inner()
    }

    /// The own dispatches from a number up to the head.
    pub(crate) async fn dispatches(&self, from: u64) -> Vec<FollowDispatchesResponse> {
        let end = self.status().await.own_head.map_or(0, |head| head.number + 1);
        let request = FollowDispatchesRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            from_number: from,
        };
        let stream = self.client.clone().follow_dispatches(request).await.unwrap().into_inner();
        let count = usize::try_from(end.saturating_sub(from)).unwrap();
        let items: Vec<_> = stream.take(count).collect().await;
        items.into_iter().map(Result::unwrap).collect()
    }

    pub(crate) async fn import(&self, dispatch: &[u8]) -> ImportDispatchResponse {
        let request = ImportDispatchRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            dispatch: dispatch.to_vec(),
            cursor: None,
        };
        self.client.clone().import_dispatch(request).await.unwrap().into_inner()
    }

    pub(crate) async fn adopt(&self) {
        let on = OnCorridor {
            ordered: ordered(&self.operator(), "adopt", b"adopt"),
            partner: self.partner,
            vouched: Vec::new(),
        };
        let adopted = command::run_on_corridor(&self.client, &on, |_| {
            Ok(vec![Statement::AgreementAdopted(record::rules::adoption(rules()))])
        });
        adopted.await.unwrap();
    }

    /// Opens a safeguard on this side of a case.
    pub(crate) async fn open_safeguard(
        &self,
        request_id: &str,
        case: &str,
        safeguard: Safeguard,
    ) -> Receipt {
        let command = Command {
            ordered: ordered(&self.operator(), request_id, b"open"),
            case: case.to_owned(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        };
        let statement = LocalStatement::SafeguardOpened(safeguard);
        let opened = command::run(&self.client, &command, |_| {
            let event =
                LocalEvent { statement: statement.clone(), particulars: particulars("found") };
            Ok(vec![event].into())
        });
        opened.await.unwrap()
    }

    /// Files a request; by `office`, named by `request_id`.
    pub(crate) async fn file(&self, office: &str, request_id: &str) -> Receipt {
        self.try_file(office, request_id, b"file").await.unwrap()
    }

    pub(crate) async fn try_file(
        &self,
        office: &str,
        request_id: &str,
        payload: &[u8],
    ) -> Result<Receipt, Failure> {
        let opening = Opening {
            ordered: ordered(&self.official(office), request_id, payload),
            partner: self.partner,
        };
        command::open(&self.client, &opening, |reading| {
            let request = request(office, reading.serial(2026)?);
            Ok(vec![Event {
                statement: Statement::RequestFiled(request),
                particulars: particulars("Testperson, Arber"),
            }])
        })
        .await
    }

    /// States something about a case without asking the rules.
    pub(crate) async fn state_on(
        &self,
        office: &str,
        request_id: &str,
        case: &str,
        statement: Statement,
    ) -> Result<Receipt, Failure> {
        let particulars = particulars("said by Testperson");
        self.state_with(office, request_id, case, statement, particulars).await
    }

    /// The same, with what is sealed beside it.
    pub(crate) async fn state_with(
        &self,
        office: &str,
        request_id: &str,
        case: &str,
        statement: Statement,
        particulars: Particulars,
    ) -> Result<Receipt, Failure> {
        let command = Command {
            ordered: ordered(&self.official(office), request_id, b"state"),
            case: case.to_owned(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        };
        command::run(&self.client, &command, |_| {
            let particulars = particulars.clone();
            Ok(vec![Event { statement: statement.clone(), particulars }].into())
        })
        .await
    }

    pub(crate) async fn read(&self, caller: &Caller, case: &str) -> Result<Reading, Failure> {
        command::read(&self.client, caller, Purpose::Decision, case).await
    }
}

pub(crate) fn ordered(caller: &Caller, request_id: &str, payload: &[u8]) -> Ordered {
    let message = proto::record::v1::KeyAnnounced { root_statement: payload.to_vec() };
    Ordered {
        caller: caller.clone(),
        request_id: RequestId::new(request_id).unwrap(),
        payload_digest: payload_digest("Test", &message),
        effort: Effort::CarryOut,
    }
}

pub(crate) fn particulars(note: &str) -> Particulars {
    Particulars {
        acting: Some(Acting {
            office: Office::new("return-office").unwrap(),
            official: Text::new("T. Tester", 64).unwrap(),
        }),
        note: Some(Text::new(note, 4000).unwrap()),
        ..Particulars::default()
    }
}

/// What is sealed beside a statement that attaches something.
pub(crate) fn attached(attachment: &proto::record::v1::Attachment) -> Particulars {
    let attachments = vec![attachment.clone().try_into().unwrap()];
    Particulars { attachments, ..particulars("attached") }
}

/// What a decision by the rules needs.
pub(crate) fn decided(reading: &Reading) -> Decided {
    Decided { by: reading.own, at: reading.now, particulars: particulars("decided") }
}

pub(crate) fn later(site: &Site, ms: u64) {
    site.clock.advance_to(site.clock.now().plus(Span::from_ms(ms)));
}

pub(crate) fn evidence() -> Statement {
    Statement::EvidenceAdded(vec![EvidenceItem::new("own_statement").unwrap()])
}

pub(crate) fn request(office: &str, serial: u32) -> RequestFiled {
    RequestFiled {
        under: AgreementReference {
            agreement: AgreementId::new("test_agreement").unwrap(),
            version: 1,
            digest: record::rules::digest(&rules()),
        },
        category: Category::OwnNational,
        evidence: vec![EvidenceItem::new("own_statement").unwrap()],
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new(office).unwrap(),
        addressed_to: Office::new("ministry").unwrap(),
        year: 2026,
        serial,
        irregular_stay_known_on: None,
    }
}

/// Fictional rules, as small as they can be.
pub(crate) fn rules() -> Rules {
    let source = || Source { instrument: "Test agreement".into(), article: Some("3".into()) };
    let limit = Limit {
        length: Length { count: 28, unit: Unit::CalendarDays },
        starts_on: Start::ReceiptOfApplication,
        source: source(),
    };
    let offsets = |code| Offsets {
        state: state(code),
        zone: "Etc/UTC".into(),
        changes: vec![OffsetChange { from: Instant::from_ms(0), seconds: 0 }],
    };
    let direction = |requesting, requested| Direction {
        requesting: state(requesting),
        requested: state(requested),
    };
    Rules {
        agreement: AgreementId::new("test_agreement").unwrap(),
        version: 1,
        meaning: MEANING,
        title: "Test agreement between two fictional parties".into(),
        in_force_from: "2014-04-01".parse().unwrap(),
        directions: vec![direction("NL", "XK"), direction("XK", "NL")],
        categories: vec![Coverage {
            category: Category::OwnNational,
            application: None,
            source: source(),
        }],
        silence: Silence {
            limit: limit.clone(),
            effect: SilenceEffect::DeemedAccepted,
            source: source(),
            exception: None,
        },
        reply: limit,
        refusal_reasons: None,
        register_check: None,
        interview: None,
        travel_document: None,
        transfer: None,
        transfer_notice: None,
        reply_with_interview: None,
        reply_extension: None,
        transfer_of_third_country_nationals: None,
        transfer_extension: None,
        escorted_transfer_notice: None,
        written_communication: None,
        evidence: vec![Evidence {
            item: EvidenceItem::new("own_statement").unwrap(),
            purpose: EvidencePurpose::Nationality,
            strength: Strength::PrimaFacie,
            nationals_of: None,
            source: source(),
        }],
        calendars: Vec::new(),
        offsets: vec![offsets("NL"), offsets("XK")],
        years: Years { first: 2024, last: 2030 },
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

impl Running {
    /// What this State and its partner have said that they understand, each time that they did.
    pub(crate) async fn capabilities(&self) -> [Vec<BTreeSet<u32>>; 2] {
        let reading = command::read_corridor(&self.client, &self.operator(), self.partner).await;
        let reading = reading.unwrap();
        [&reading.own_chain, &reading.partner_chain].map(|chain| {
            let stated = chain.entries.iter().filter_map(|entry| {
                let Content::Stated(statement) = &entry.content else { return None };
                let Statement::CapabilitiesStated(kinds) = &**statement else { return None };
                Some(kinds.clone())
            });
            stated.collect()
        })
    }

    /// States something of the corridor, as its operator.
    pub(crate) async fn state_on_corridor(
        &self,
        request_id: &str,
        statements: Vec<Statement>,
    ) -> Result<Receipt, Failure> {
        let on = OnCorridor {
            ordered: ordered(&self.operator(), request_id, request_id.as_bytes()),
            partner: self.partner,
            vouched: Vec::new(),
        };
        command::run_on_corridor(&self.client, &on, |_| Ok(statements.clone())).await
    }
}

impl Site {
    /// A word of the root key.
    pub(crate) fn root_says(
        &self,
        genesis: &SignedGenesis,
        serial: u64,
        statement: record::root_statement::Statement,
    ) -> Vec<u8> {
        let statement = RootStatement { serial, statement };
        statement.sign(genesis.digest(), self.state, &self.root).unwrap()
    }
}
