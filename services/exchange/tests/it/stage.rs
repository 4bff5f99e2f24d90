//! Two States and what lies between them: ledgers, doors with certificates, a broker behind a
//! bootstrap file.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::identifier::State;
use domain::sensitive::Sensitive;
use exchange::{Config, Handle, Partner, PartnerStatus, Reach, Status};
use messaging::{DevelopmentBroker, Outgoing, Publisher, Topic, TopicSpec, topic};
use runtime::caller::Trust;
use runtime::channel::Target;
use runtime::config::{Broker, Servers};
use runtime::server::{self, Credentials, Listener, Services, serve_tls};
use runtime::shutdown::Shutdown;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::certificates::Authority;
use crate::fake_ledger::{FakeLedger, GENESIS};

/// Longer than anything here may take; only a failing test waits for it.
const LIMIT: Duration = Duration::from_secs(60);

/// How often something is looked at that nobody tells.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

pub(crate) fn nl() -> State {
    State::new("NL").unwrap()
}

pub(crate) fn xk() -> State {
    State::new("XK").unwrap()
}

/// A broker that can be lost with everything on it.
pub(crate) struct Courier {
    broker: Option<DevelopmentBroker>,
    folder: TempDir,
}

impl Courier {
    /// Addresses that nobody listens on.
    pub(crate) fn absent() -> Self {
        let courier = Self { broker: None, folder: tempfile::tempdir().unwrap() };
        std::fs::write(courier.bootstrap(), "127.0.0.1:1").unwrap();
        courier
    }

    pub(crate) fn start() -> Self {
        let mut courier = Self::absent();
        courier.replace();
        courier
    }

    /// Ends the broker, and starts an empty one on another port.
    pub(crate) fn replace(&mut self) {
        drop(self.broker.take());
        let topics = [dispatches(nl(), xk()), dispatches(xk(), nl())].map(TopicSpec::single);
        let broker = DevelopmentBroker::start(1, &topics).unwrap();
        std::fs::write(self.bootstrap(), broker.bootstrap_servers()).unwrap();
        self.broker = Some(broker);
    }

    /// Ends the broker; its addresses stay written.
    pub(crate) fn end(&mut self) {
        drop(self.broker.take());
    }

    pub(crate) fn config(&self) -> Broker {
        // What the development broker needs, and what lets a test end soon.
        let properties = [("fetch.wait.max.ms", "10"), ("reconnect.backoff.max.ms", "200")];
        Broker {
            servers: Servers::File(self.bootstrap()),
            properties: properties
                .map(|(name, value)| (name.to_owned(), Sensitive::new(value.to_owned())))
                .into(),
        }
    }

    /// Puts records onto a topic that its author did not put there.
    pub(crate) async fn smuggle(&self, topic: &Topic, payloads: &[&[u8]]) {
        let bootstrap = messaging::Bootstrap::File(self.bootstrap());
        let publisher = Publisher::new(messaging::Config::new(bootstrap)).unwrap();
        let records: Vec<Outgoing> = payloads
            .iter()
            .map(|payload| Outgoing {
                topic: topic.clone(),
                key: b"7".to_vec(),
                headers: Vec::new(),
                payload: payload.to_vec(),
            })
            .collect();
        publisher.publish_all(&records).await.unwrap();
    }

    /// Puts something onto an author's topic, as the author would with a dispatch.
    pub(crate) async fn carries_already(&self, topic: &Topic, number: u64, payload: &[u8]) {
        let bootstrap = messaging::Bootstrap::File(self.bootstrap());
        let publisher = Publisher::new(messaging::Config::new(bootstrap)).unwrap();
        let genesis: String = GENESIS.iter().map(|byte| format!("{byte:02x}")).collect();
        let record = Outgoing {
            topic: topic.clone(),
            key: number.to_string().into_bytes(),
            headers: vec![("readmit-genesis".to_owned(), genesis.into_bytes())],
            payload: payload.to_vec(),
        };
        publisher.publish(&record).await.unwrap();
    }

    fn bootstrap(&self) -> PathBuf {
        self.folder.path().join("bootstrap")
    }
}

pub(crate) fn dispatches(author: State, recipient: State) -> Topic {
    topic::dispatch(author.code(), recipient.code()).unwrap()
}

/// One State: its ledger, and its exchange while it runs.
pub(crate) struct Side {
    pub(crate) ledger: FakeLedger,
    running: Option<Running>,
}

pub(crate) struct Running {
    pub(crate) handle: Handle,
    shutdown: Shutdown,
}

impl Side {
    pub(crate) fn new(own: State) -> Self {
        Self { ledger: FakeLedger::new(own), running: None }
    }

    /// Starts the exchange; short intervals where nothing else tells.
    pub(crate) async fn start(&mut self, partner: Partner, broker: Option<Broker>, poll_ms: u64) {
        let config = Config {
            broker,
            partners: vec![partner],
            poll_interval: Duration::from_millis(poll_ms),
            recheck_interval: Duration::from_millis(300),
            ..Config::new(self.ledger.own)
        };
        let shutdown = Shutdown::new();
        let handle = exchange::start(&config, self.ledger.client().await, &shutdown).unwrap();
        self.running = Some(Running { handle, shutdown });
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    /// Ends the exchange; the ledger stays.
    pub(crate) async fn stop(&mut self) {
        let Running { handle, shutdown } = self.running.take().unwrap();
        shutdown.begin();
        tokio::time::timeout(LIMIT, handle.ended()).await.unwrap();
    }

    /// Waits until these texts, and no others, have arrived from the partner.
    pub(crate) async fn has_heard(&self, texts: &[&str]) {
        wait_until(|| self.ledger.heard() == texts, || format!("{:?}", self.ledger.heard())).await;
    }

    /// Waits until the partner is known to have heard so many own dispatches at least.
    pub(crate) async fn is_confirmed(&self, count: usize) {
        let found = || self.ledger.confirmed();
        wait_until(|| found() >= count, || format!("{} of {count}", found())).await;
    }

    /// Waits until the status of the partner is as wanted.
    pub(crate) async fn status(&self, wanted: impl Fn(&PartnerStatus) -> bool) -> Status {
        self.whole_status(|status| status.partners.values().all(&wanted)).await
    }

    /// Waits until the own courier is as wanted.
    pub(crate) async fn courier(&self, wanted: impl Fn(&Reach) -> bool) -> Status {
        self.whole_status(|status| wanted(&status.courier)).await
    }

    async fn whole_status(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        let mut status = self.running().handle.status();
        let found = status.wait_for(wanted);
        let found = tokio::time::timeout(LIMIT, found).await;
        found.unwrap_or_else(|_| panic!("{:?}", self.running().handle.status().now())).unwrap()
    }
}

pub(crate) async fn wait_until(done: impl Fn() -> bool, found: impl Fn() -> String) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    let in_time = tokio::time::timeout(LIMIT, waiting).await;
    in_time.unwrap_or_else(|_| panic!("not in time: {}", found()));
}

/// A partner that is reached by the courier alone.
pub(crate) fn by_courier(state: State) -> Partner {
    Partner { state, door: None, broker: None }
}

/// The door of a State, for the nodes of both.
pub(crate) struct OpenDoor {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) ended: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// Opens the door of a side.
pub(crate) async fn open(side: &Side, own: &Authority, partner: &Authority) -> OpenDoor {
    open_at("127.0.0.1:0".parse().unwrap(), side, own, partner).await
}

/// Opens the door of a side at an address.
pub(crate) async fn open_at(
    address: SocketAddr,
    side: &Side,
    own: &Authority,
    partner: &Authority,
) -> OpenDoor {
    let limits = server::Config {
        message_bytes_max: 1 << 20,
        calls_per_connection_max: 16,
        call_timeout: Duration::from_secs(30),
    };
    let pems = [own, partner].map(|it| (it.state, it.pem()));
    let listener =
        Listener { address, credentials: own.issue("node"), trust: Trust::new(&pems).unwrap() };
    let services = side.running().handle.add_to(Services::new());
    let shutdown = Shutdown::new();
    let running = serve_tls(services, limits, listener, &shutdown).await.unwrap();
    OpenDoor { address: running.address, shutdown, ended: running.ended }
}

/// A partner that is reached at its door.
pub(crate) fn at_door(address: SocketAddr, partner: &Authority, own: &Authority) -> Partner {
    Partner { door: Some(target(address, partner, own.issue("node"))), ..by_courier(partner.state) }
}

pub(crate) fn target(address: SocketAddr, of: &Authority, credentials: Credentials) -> Target {
    Target {
        address: address.to_string(),
        server_name: Some("localhost".to_owned()),
        authorities: of.pem(),
        credentials: Some(credentials),
    }
}
