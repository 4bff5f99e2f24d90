//! `readmit init`: folders, commented configuration, keys, a development authority with
//! certificates and profiles for the roles.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use domain::identifier::State;
use record::key::{Signer, SigningKeyInMemory};

use crate::certificates::{Authority, Certified, server_name};
use crate::client::Profile;
use crate::exit::Exit;
use crate::home::{self, Readers};

/// Prepares the folder of a node.
#[derive(Args)]
pub(crate) struct Init {
    /// The State that runs this node: ISO 3166-1 alpha-2 in capitals, XK for Kosovo
    #[arg(long, value_parser = state)]
    state: State,
    /// Where people and systems of this State call
    #[arg(long, default_value = "127.0.0.1:7100")]
    api: String,
    /// Where the nodes of partners call
    #[arg(long, default_value = "127.0.0.1:7200")]
    partner_door: String,
    /// The courier where this State publishes, host:port; none without it
    #[arg(long, conflicts_with = "broker_file")]
    broker: Option<String>,
    /// A file that names the courier, read again whenever a connection is made
    #[arg(long)]
    broker_file: Option<PathBuf>,
    /// How long the courier may hold a question while there is nothing new, in milliseconds; 10
    /// for the development broker
    #[arg(long, default_value_t = 500)]
    fetch_wait_ms: u64,
    /// After how long without a word an empty dispatch is sent, in milliseconds
    #[arg(long, default_value_t = 3_600_000)]
    heartbeat_ms: u64,
    /// A return office (repeatable)
    #[arg(long, default_values_t = ["return-office".to_owned()])]
    return_office: Vec<String>,
    /// An authority that answers requests (repeatable)
    #[arg(long, default_values_t = ["readmission-authority".to_owned()])]
    authority: Vec<String>,
    /// A consulate (repeatable)
    #[arg(long)]
    consulate: Vec<String>,
    /// A reintegration agency (repeatable)
    #[arg(long)]
    agency: Vec<String>,
    /// A body of oversight (repeatable)
    #[arg(long, default_values_t = ["ombudsperson".to_owned()])]
    overseer: Vec<String>,
}

pub(crate) fn state(code: &str) -> Result<State, domain::identifier::Malformed> {
    State::new(code)
}

/// Services that may run alone, each with a certificate of its own.
pub(crate) const SERVICES: [&str; 7] =
    ["ledger", "requests", "identity", "reintegration", "exchange", "oversight", "operator"];

impl Init {
    /// Prepares the folder.
    pub(crate) fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let configuration = home.join(home::CONFIGURATION);
        if configuration.exists() {
            bail!(
                "`{}` is there already: this is a node's folder; nothing was changed",
                configuration.display()
            );
        }
        let authority = Authority::new(self.state)?;
        self.certificates(home, &authority)?;
        self.keys(home)?;
        self.handover(home, &authority)?;
        // The configuration comes last: without it, none of this is a node yet.
        let text = self.configuration()?;
        home::write_new(&configuration, text.as_bytes(), Readers::All)?;
        eprintln!(
            "prepared a node of {} in {home}\n  configuration  {}\n  for partners   {}\n  \
             for ceremonies {} (keep it away from a node that is meant seriously)\n\
             next: give `{home}/{}` to the partner, take its own, and found the corridor:\n  \
             readmit --home {home} genesis propose --help",
            self.state,
            home::CONFIGURATION,
            home::HANDOVER,
            home::ROOT_KEY,
            home::HANDOVER,
            home = home.display(),
        );
        Ok(Exit::Success)
    }

    /// Certificates and profiles of everybody who calls.
    fn certificates(&self, home: &Path, authority: &Authority) -> anyhow::Result<()> {
        let write = |name: &str, certified: &Certified| -> anyhow::Result<()> {
            let certificate = home.join(format!("tls/{name}.crt"));
            home::write_new(&certificate, certified.certificate.as_bytes(), Readers::All)?;
            let key = home.join(format!("tls/{name}.key"));
            home::write_new(&key, certified.key.as_bytes(), Readers::Owner)
        };
        let own =
            Certified { certificate: authority.certificate.clone(), key: authority.key.clone() };
        write("ca", &own)?;
        write("node", &authority.node()?)?;
        for service in SERVICES {
            write(&format!("service-{service}"), &authority.service(service)?)?;
        }
        for (name, path) in self.people() {
            write(&name, &authority.caller(&path)?)?;
            let profile = Profile {
                address: self.api.clone(),
                address_file: home::API_ADDRESS.into(),
                authority: "tls/ca.crt".into(),
                certificate: format!("tls/{name}.crt").into(),
                key: format!("tls/{name}.key").into(),
                server_name: server_name(self.state),
            };
            let file = home.join(format!("profiles/{name}.toml"));
            home::write_new(&file, toml::to_string(&profile)?.as_bytes(), Readers::All)?;
        }
        Ok(())
    }

    /// A profile for each organisation, and its name in the certificate. The officials are
    /// fictional, and look it.
    fn people(&self) -> Vec<(String, String)> {
        let kinds = [
            ("office", self.return_office.iter().chain(&self.authority).collect::<Vec<_>>()),
            ("consulate", self.consulate.iter().collect()),
            ("agency", self.agency.iter().collect()),
            ("overseer", self.overseer.iter().collect()),
        ];
        let mut people = vec![("operator".to_owned(), "operator/testoperator".to_owned())];
        for (kind, names) in kinds {
            people.extend(
                names.into_iter().map(|name| {
                    (name.clone(), format!("{kind}/{name}/official/testofficial-{name}"))
                }),
            );
        }
        people
    }

    /// The root key for ceremonies, and the keyring of the node.
    fn keys(&self, home: &Path) -> anyhow::Result<()> {
        let root = SigningKeyInMemory::generate(&mut record::random::operating_system());
        let seed = hex::encode(root.seed().as_ref());
        home::write_new(&home.join(home::ROOT_KEY), seed.as_bytes(), Readers::Owner)?;
        let public = hex::encode(root.public_key().as_bytes());
        let handover = home.join(home::HANDOVER);
        home::write_new(&handover.join("root.pub"), public.as_bytes(), Readers::All)?;
        let passphrase = match std::env::var("READMIT_PASSPHRASE") {
            Ok(passphrase) => passphrase,
            Err(_) => {
                let passphrase = hex::encode(rand::random::<[u8; 24]>());
                let file = home.join(PASSPHRASE);
                home::write_new(&file, passphrase.as_bytes(), Readers::Owner)?;
                passphrase
            }
        };
        crate::wiring::create_keyring(&home.join("keys/keyring"), self.state, &passphrase)
            .context("create the keyring")
    }

    /// What partners are given: authority, directory of offices, door.
    fn handover(&self, home: &Path, authority: &Authority) -> anyhow::Result<()> {
        let folder = home.join(home::HANDOVER);
        let certificate = authority.certificate.as_bytes();
        home::write_new(&folder.join("ca.crt"), certificate, Readers::All)?;
        let mut directory = format!(
            "# What a partner of {} needs to know. `readmit genesis install` reads it.\n\
             state = \"{}\"\naddress = \"{}\"\nserver_name = \"{}\"\n",
            self.state,
            self.state,
            self.partner_door,
            server_name(self.state)
        );
        self.organisations(&mut directory, "")?;
        let file = folder.join("directory.toml");
        home::write_new(&file, directory.as_bytes(), Readers::All)
    }

    /// Offices and consulates as tables, below `prefix`.
    fn organisations(&self, text: &mut String, prefix: &str) -> anyhow::Result<()> {
        let duties = [("returns", &self.return_office), ("answers", &self.authority)];
        for (duty, names) in duties {
            for name in names {
                write!(text, "\n[[{prefix}offices]]\nname = \"{name}\"\n")?;
                write!(text, "title = \"{}\"\nduties = [\"{duty}\"]\n", title(name))?;
            }
        }
        for name in &self.consulate {
            write!(text, "\n[[{prefix}consulates]]\nname = \"{name}\"\n")?;
            writeln!(text, "title = \"{}\"", title(name))?;
        }
        Ok(())
    }

    /// The defaults with their comments, and what was given instead.
    fn configuration(&self) -> anyhow::Result<String> {
        let passphrase = match std::env::var_os("READMIT_PASSPHRASE") {
            Some(_) => "",
            None => PASSPHRASE,
        };
        let broker = self.broker.as_deref().unwrap_or_default();
        let file = self.broker_file.as_deref().map(Path::display);
        let file = file.map(|file| file.to_string()).unwrap_or_default();
        let given = [
            ("state = \"\"", format!("state = \"{}\"", self.state)),
            ("api = \"127.0.0.1:7100\"", format!("api = \"{}\"", self.api)),
            ("partner = \"127.0.0.1:7200\"", format!("partner = \"{}\"", self.partner_door)),
            ("passphrase_file = \"\"", format!("passphrase_file = \"{passphrase}\"")),
            ("servers = \"\"", format!("servers = \"{broker}\"")),
            ("servers_file = \"\"", format!("servers_file = \"{file}\"")),
            ("fetch_wait_ms_max = 500", format!("fetch_wait_ms_max = {}", self.fetch_wait_ms)),
            ("interval_ms = 3600000", format!("interval_ms = {}", self.heartbeat_ms)),
        ];
        let mut text = String::new();
        for line in runtime::config::DEFAULTS.lines() {
            let replaced = given.iter().find(|(default, _)| *default == line);
            writeln!(text, "{}", replaced.map_or(line, |(_, line)| line))?;
        }
        self.organisations(&mut text, "")?;
        for name in &self.agency {
            write!(text, "\n[[agencies]]\nname = \"{name}\"\ntitle = \"{}\"\n", title(name))?;
        }
        Ok(text)
    }
}

/// Where the passphrase lies when the environment holds none.
const PASSPHRASE: &str = "keys/passphrase";

/// A name for people, from the name in addresses.
fn title(name: &str) -> String {
    let mut title = name.replace(['-', '_'], " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}
