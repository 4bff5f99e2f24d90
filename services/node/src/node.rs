//! `readmit node` and `readmit serve`: all services in one process, or one of them alone.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use runtime::config::Config;
use runtime::server::{Credentials, Running, Services};
use runtime::shutdown::Shutdown;
use runtime::telemetry;

use crate::exit::Exit;
use crate::home;
use crate::wiring;

/// Runs the node until it is asked to end (SIGTERM, SIGINT).
#[derive(Args)]
pub(crate) struct Node {}

/// Runs one service until it is asked to end (SIGTERM, SIGINT). It shows the certificate
/// `tls/service-NAME.crt` of HOME, and reaches the ledger at `ledger.address`.
#[derive(Args)]
pub(crate) struct Serve {
    /// Which service
    service: Service,
}

/// A service that can run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Service {
    /// The State's logs; the only holder of private keys
    Ledger,
    /// Return offices and the authorities that answer them
    Requests,
    /// Consulates
    Identity,
    /// Agencies
    Reintegration,
    /// Between the States
    Exchange,
    /// Overseers
    Oversight,
    /// The operator: status, agreements, safeguards
    Operator,
}

impl Node {
    /// Runs it.
    pub(crate) async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let config = load(home)?;
        telemetry::start(&config.log)?;
        let shutdown = Shutdown::new();
        shutdown.begin_when_asked().context("listen for signals")?;
        // The ledger goes on until everybody who calls it has ended.
        let last = Shutdown::new();
        let ledger = wiring::ledger(&config, &last).await?;
        let exchange = wiring::exchange(&config, ledger.clients.clone(), &shutdown)?;
        let services =
            wiring::public_services(&config, &ledger.clients, Some(exchange.status()), &shutdown)?;
        let door = exchange.add_to(Services::new());
        let partners = wiring::serve_partners(&config, door, &shutdown).await?;
        let own = wiring::serve_own(&config, services, config.listen.api, &shutdown).await?;
        home::replace(&home.join(home::PARTNER_ADDRESS), partners.address.to_string().as_bytes())?;
        // Whoever waits for the node waits for this file: all else is there before it.
        home::replace(&home.join(home::API_ADDRESS), own.address.to_string().as_bytes())?;
        tracing::info!(
            state = config.state.code(),
            api = %own.address,
            partners = %partners.address,
            "the node serves"
        );
        let stopped = until_asked(&shutdown, &ledger.handle).await;
        // Nobody finds a node any more that is about to end.
        for file in [home::API_ADDRESS, home::PARTNER_ADDRESS] {
            std::fs::remove_file(home.join(file)).context("remove the address file")?;
        }
        shutdown.begin();
        own.ended.await??;
        partners.ended.await??;
        exchange.ended().await;
        last.begin();
        ledger.handle.shutdown().await;
        tracing::info!("the node has ended");
        stopped
    }
}

/// Waits for the signal to end, or for the ledger to give up: it writes nothing more after a
/// failed write, and the process must start anew.
async fn until_asked(shutdown: &Shutdown, ledger: &ledger::Handle) -> anyhow::Result<Exit> {
    tokio::select! {
        () = shutdown.wait() => Ok(Exit::Success),
        () = ledger.ended() => anyhow::bail!("the ledger has stopped (see above); start again"),
    }
}

impl Serve {
    /// Runs it.
    pub(crate) async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let config = self.config(home)?;
        telemetry::start(&config.log)?;
        let shutdown = Shutdown::new();
        shutdown.begin_when_asked().context("listen for signals")?;
        let name = self.name();
        let address = config.listen.internal;
        let services = Services::new();
        if self.service == Service::Ledger {
            let ledger = wiring::ledger(&config, &shutdown).await?;
            let services = services
                .add(ledger.handle.service())
                .add(ledger.handle.supply_service())
                .add(ledger.handle.attachment_service());
            let running = wiring::serve_own(&config, services, address, &shutdown).await?;
            ready(home, &name, &running)?;
            let stopped = until_asked(&shutdown, &ledger.handle).await;
            ending(home, &name)?;
            shutdown.begin();
            running.ended.await??;
            ledger.handle.shutdown().await;
            return stopped;
        }
        // The ledger answers services, and tells them by their own certificates.
        let shown = Credentials {
            certificate: home::read(&home.join(format!("tls/service-{name}.crt")))?,
            key: home::read(&home.join(format!("tls/service-{name}.key")))?,
        };
        let clients = wiring::ledger_elsewhere(&config, shown)?;
        if self.service == Service::Exchange {
            let exchange = wiring::exchange(&config, clients, &shutdown)?;
            let door = exchange.add_to(services);
            let running = wiring::serve_partners(&config, door, &shutdown).await?;
            ready(home, &name, &running)?;
            shutdown.wait().await;
            ending(home, &name)?;
            running.ended.await??;
            exchange.ended().await;
            return Ok(Exit::Success);
        }
        let ledger = clients.ledger.clone();
        let services = match self.service {
            Service::Requests => wiring::requests_service(&config, &clients, &shutdown, services),
            Service::Identity => wiring::identity_service(&config, &ledger, services),
            Service::Reintegration => {
                wiring::reintegration_service(&config, &ledger, &shutdown, services)?
            }
            // What the exchange sees of the courier is not known to another process.
            Service::Operator => wiring::operator_service(&config, &ledger, None, services),
            Service::Oversight | Service::Ledger | Service::Exchange => {
                wiring::oversight_service(&config, &ledger, services)
            }
        };
        let running = wiring::serve_own(&config, services, address, &shutdown).await?;
        ready(home, &name, &running)?;
        shutdown.wait().await;
        ending(home, &name)?;
        running.ended.await??;
        Ok(Exit::Success)
    }

    /// The configuration, with the certificate of this service.
    fn config(&self, home: &Path) -> anyhow::Result<Arc<Config>> {
        let mut config = Config::clone(&*load(home)?);
        // Partners know the node by its certificate: to them the exchange is the node.
        if self.service != Service::Exchange {
            config.tls.certificate = home.join(format!("tls/service-{}.crt", self.name()));
            config.tls.key = home.join(format!("tls/service-{}.key", self.name()));
        }
        Ok(Arc::new(config))
    }

    fn name(&self) -> String {
        let value = self.service.to_possible_value();
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Says where a service that runs alone listens.
fn ready(home: &Path, name: &str, running: &Running) -> anyhow::Result<()> {
    let file = home.join(format!("run/{name}.address"));
    home::replace(&file, running.address.to_string().as_bytes())?;
    tracing::info!(service = name, address = %running.address, "the service serves");
    Ok(())
}

/// Nobody finds a service any more that is about to end.
fn ending(home: &Path, name: &str) -> anyhow::Result<()> {
    let file = home.join(format!("run/{name}.address"));
    std::fs::remove_file(&file).with_context(|| format!("remove `{}`", file.display()))
}

/// The configuration of a node that has a corridor: without one it has nothing to do.
fn load(home: &Path) -> anyhow::Result<Arc<Config>> {
    let config = home::configuration(home)?;
    if config.partners.is_empty() {
        bail!(
            "`{}` names no partner: found a corridor first (`readmit genesis --help`)",
            home.join(home::CONFIGURATION).display()
        );
    }
    Ok(Arc::new(config))
}
