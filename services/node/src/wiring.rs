//! Builds everything from the configuration: the one place where concrete parts are chosen.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use domain::identifier::{Office, State};
use ledger::Passphrase;
use proto::ledger::v1::attachment_service_client::AttachmentServiceClient;
use proto::ledger::v1::supply_service_client::SupplyServiceClient;
use record::genesis::SignedGenesis;
use record::key::Signer;
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::caller::{Caller, Trust};
use runtime::channel::{self, Target};
use runtime::command::Ledger;
use runtime::config::Config;
use runtime::server::{Credentials, Listener, Running, Services, serve_in_memory, serve_tls};
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::home;
use crate::operator::Operator;

/// Makes a new keyring.
pub(crate) fn create_keyring(file: &Path, state: State, passphrase: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let keys = ledger::create_keyring(file, &Passphrase::new(passphrase.to_owned()))?;
    tracing::debug!(state = state.code(), log_key = %keys.log.id(), "made a keyring");
    Ok(())
}

/// Announces the keys of the keyring by statements of the root key, for a corridor.
pub(crate) fn announce_keys(
    home: &Path,
    state: State,
    genesis: &SignedGenesis,
    root: &dyn Signer,
) -> anyhow::Result<()> {
    let config = home::configuration(home)?;
    let mut keys = ledger::keyring_public_keys(&config.keyring.file, &passphrase(&config)?)?;
    prefer_signer(&config, &mut keys)?;
    let sign = |serial: u64, key: AnnouncedKey| {
        RootStatement::announcing(serial, key).sign(genesis.digest(), state, root)
    };
    let announcements = ledger::Announcements {
        log: sign(1, AnnouncedKey::Log(keys.log))?,
        hpke: sign(2, AnnouncedKey::Hpke(keys.hpke))?,
    };
    ledger::found(&config.data_folder, state, genesis, &announcements, &keys)?;
    Ok(())
}

/// Where a process keeps a log key, that one is announced.
pub(crate) fn prefer_signer(config: &Config, keys: &mut ledger::PublicKeys) -> anyhow::Result<()> {
    if let Some(signer) = signer(config)? {
        keys.log = signer.public_key();
    }
    Ok(())
}

/// The process that keeps a log key, where one is configured, started.
fn signer(config: &Config) -> anyhow::Result<Option<Arc<ledger::ProcessSigner>>> {
    if config.signer_command.is_empty() {
        return Ok(None);
    }
    let signer =
        ledger::ProcessSigner::start(&config.signer_command).context("`signer.command`")?;
    tracing::info!(log_key = %signer.key_id(), "a log key is kept by a process of its own");
    Ok(Some(Arc::new(signer)))
}

/// What opens the keyring: from the environment, or the first line of a file.
pub(crate) fn passphrase(config: &Config) -> anyhow::Result<Passphrase> {
    let variable = config.keyring.passphrase_env.as_deref();
    if let Some(text) = variable.and_then(|name| std::env::var(name).ok()) {
        return Ok(Passphrase::new(text));
    }
    let Some(file) = &config.keyring.passphrase_file else {
        let variable = variable.unwrap_or("READMIT_PASSPHRASE");
        bail!("no passphrase for the keyring: set `{variable}`, or `keyring.passphrase_file`");
    };
    let text = home::read_text(file)?;
    Ok(Passphrase::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// The ledger, started, and a channel to it.
pub(crate) struct OwnLedger {
    /// The ledger itself.
    pub(crate) handle: ledger::Handle,
    /// How services reach it.
    pub(crate) clients: Clients,
}

/// The services of a ledger, wherever it runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) ledger: Ledger,
    pub(crate) supply: SupplyServiceClient<Channel>,
    pub(crate) attachments: AttachmentServiceClient<Channel>,
}

/// Starts the ledger of this node.
pub(crate) async fn ledger(config: &Config, shutdown: &Shutdown) -> anyhow::Result<OwnLedger> {
    let settable = settable_clock(config)?;
    let ledger_config = ledger::Config {
        state: config.state,
        data_folder: config.data_folder.clone(),
        keyring_file: config.keyring.file.clone(),
        passphrase: passphrase(config)?,
        signer: signer(config)?,
        signer_mark_folder: config.mark_folder.clone(),
        heartbeat_ms: u64::try_from(config.heartbeat_interval.as_millis())?,
        clock: if settable { ledger::ClockChoice::Settable } else { ledger::ClockChoice::System },
        limits: ledger::Limits {
            message_bytes_max: config.limits.message_bytes_max,
            ..ledger::Limits::DEFAULT
        },
    };
    // In one process the answering services are up whenever the ledger is. Where they run alone,
    // their health is not watched yet.
    let (_, answering) = tokio::sync::watch::channel(true);
    let started = ledger::start(ledger_config, answering).await;
    let handle = started.map_err(with_remedy).context("start the ledger")?;
    let services = Services::new()
        .add(handle.service())
        .add(handle.supply_service())
        .add(handle.attachment_service());
    let caller = Caller::service(config.state, Office::new("node")?);
    let connector = serve_in_memory(services, config.limits, caller, shutdown).await?;
    Ok(OwnLedger { handle, clients: clients(&channel::in_memory(&connector)) })
}

/// Names what helps, where a damaged store keeps the ledger from starting.
fn with_remedy(error: ledger::StartError) -> anyhow::Error {
    let is_damage = error.is_damage();
    let error = anyhow::Error::from(error);
    if !is_damage {
        return error;
    }
    anyhow::anyhow!(
        "{error:#}. `readmit store verify` says what is affected, `readmit store heal` puts it back"
    )
}

/// The services of the ledger behind a channel.
fn clients(channel: &Channel) -> Clients {
    let ledger = Ledger::new(channel.clone()).max_decoding_message_size(LEDGER_REPLY_BYTES_MAX);
    let supply = SupplyServiceClient::new(channel.clone());
    let attachments = AttachmentServiceClient::new(channel.clone());
    Clients { ledger, supply, attachments }
}

/// Largest reply that a service takes from the ledger, in bytes: a case with all its bodies.
const LEDGER_REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whether every corridor is of a demo or a test: only there does a clock exist that can be moved.
fn settable_clock(config: &Config) -> anyhow::Result<bool> {
    let mut all = !config.partners.is_empty();
    for partner in config.partners.values() {
        let genesis = SignedGenesis::decode(&home::read(&partner.genesis)?)?;
        all &= genesis.genesis().allows_settable_clock();
    }
    Ok(all)
}

/// A ledger that runs elsewhere, for a service that shows `shown`.
pub(crate) fn ledger_elsewhere(config: &Config, shown: Credentials) -> anyhow::Result<Clients> {
    let Some(address) = &config.ledger else {
        bail!(
            "`ledger.address` is empty: a service that runs alone must know where the ledger is \
             (in `readmit.toml`, or READMIT_LEDGER__ADDRESS)"
        );
    };
    let target = Target {
        address: address.address.clone(),
        server_name: address.server_name.clone(),
        authorities: home::read(&config.tls.authorities)?,
        credentials: Some(shown),
    };
    Ok(clients(&channel::tls(&target)?))
}

/// What this process shows.
fn credentials(config: &Config) -> anyhow::Result<Credentials> {
    Ok(Credentials {
        certificate: home::read(&config.tls.certificate)?,
        key: home::read(&config.tls.key)?,
    })
}

/// The exchange with all partners.
pub(crate) fn exchange(
    config: &Config,
    clients: Clients,
    shutdown: &Shutdown,
) -> anyhow::Result<exchange::Handle> {
    let mut partners = Vec::new();
    for (state, partner) in &config.partners {
        let door = match &partner.door {
            None => None,
            Some(door) => Some(Target {
                address: door.address.clone(),
                server_name: door.server_name.clone(),
                authorities: home::read(&partner.authorities)?,
                credentials: Some(credentials(config)?),
            }),
        };
        partners.push(exchange::Partner { state: *state, door, broker: partner.broker.clone() });
    }
    let exchange = exchange::Config {
        broker: config.broker.clone(),
        message_bytes_max: config.broker_message_bytes_max,
        partners,
        poll_interval: config.exchange.poll_interval,
        recheck_interval: config.exchange.recheck_interval,
        fetch_wait_max: config.exchange.fetch_wait_max,
        ..exchange::Config::new(config.state)
    };
    let Clients { ledger, supply, attachments: _ } = clients;
    Ok(exchange::start(&exchange, exchange::Clients { ledger, supply }, shutdown)?)
}

/// The door of a partner.
pub(crate) fn partner_door(config: &Config, partner: State) -> anyhow::Result<Channel> {
    let known = config.partners.get(&partner).context("no such partner")?;
    let door = known.door.as_ref().context("the configuration names no door of the partner")?;
    let target = Target {
        address: door.address.clone(),
        server_name: door.server_name.clone(),
        authorities: home::read(&known.authorities)?,
        credentials: Some(credentials(config)?),
    };
    Ok(channel::tls(&target)?)
}

/// Everything that people, systems and the operator of this State call.
pub(crate) fn public_services(
    config: &Arc<Config>,
    clients: &Clients,
    exchange: Option<exchange::StatusHandle>,
    shutdown: &Shutdown,
) -> anyhow::Result<Services> {
    let ledger = &clients.ledger;
    let services = Services::new();
    let services = requests_service(config, clients, shutdown, services);
    let services = identity_service(config, ledger, services);
    let services = reintegration_service(config, ledger, shutdown, services)?;
    let services = oversight_service(config, ledger, services);
    Ok(operator_service(config, ledger, exchange, services))
}

pub(crate) fn operator_service(
    config: &Arc<Config>,
    ledger: &Ledger,
    exchange: Option<exchange::StatusHandle>,
    services: Services,
) -> Services {
    services.add(Operator::server(Arc::clone(config), ledger.clone(), exchange))
}

pub(crate) fn requests_service(
    config: &Config,
    clients: &Clients,
    shutdown: &Shutdown,
    services: Services,
) -> Services {
    let Clients { ledger, attachments, supply: _ } = clients.clone();
    requests::add_to(services, config.into(), requests::Clients { ledger, attachments }, shutdown)
}

pub(crate) fn identity_service(config: &Config, ledger: &Ledger, services: Services) -> Services {
    identity::add_to(services, config.into(), ledger.clone())
}

pub(crate) fn oversight_service(config: &Config, ledger: &Ledger, services: Services) -> Services {
    oversight::add_to(services, config.into(), ledger.clone())
}

pub(crate) fn reintegration_service(
    config: &Config,
    ledger: &Ledger,
    shutdown: &Shutdown,
    services: Services,
) -> anyhow::Result<Services> {
    let handle = reintegration::start(config.into(), ledger.clone(), shutdown)?;
    Ok(handle.add_to(services))
}

/// The listener for people and systems of the own State.
pub(crate) async fn serve_own(
    config: &Config,
    services: Services,
    address: std::net::SocketAddr,
    shutdown: &Shutdown,
) -> anyhow::Result<Running> {
    let authorities = home::read(&config.tls.authorities)?;
    let trust = Trust::new(&[(config.state, authorities)])?;
    let listener = Listener { address, credentials: credentials(config)?, trust };
    Ok(serve_tls(services, config.limits, listener, shutdown).await?)
}

/// The door for the nodes of partners.
pub(crate) async fn serve_partners(
    config: &Config,
    services: Services,
    shutdown: &Shutdown,
) -> anyhow::Result<Running> {
    let mut authorities = Vec::new();
    for (state, partner) in &config.partners {
        authorities.push((*state, home::read(&partner.authorities)?));
    }
    let trust = Trust::new(&authorities)?;
    let address = config.listen.partner;
    let listener = Listener { address, credentials: credentials(config)?, trust };
    Ok(serve_tls(services, config.limits, listener, shutdown).await?)
}
