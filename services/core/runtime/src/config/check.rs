//! From the merged table to the checked configuration. The first key that does not hold what it
//! must ends it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::identifier::{Agency, Office, State};
use domain::sensitive::Sensitive;
use toml::{Table, Value};

use super::layer::Layers;
use super::{
    Address, Broker, Config, Duty, Exchange, Keyring, Listen, LoadError, OfficeEntry,
    Organisations, Origin, Partner, Servers, Tls,
};
use crate::{server, telemetry};

/// Longest title of an office in characters.
const TITLE_CHARACTERS_MAX: usize = 200;

pub(super) fn check(layers: &Layers, folder: &Path) -> Result<Config, LoadError> {
    let root = Section { layers, folder, table: Some(&layers.table), path: String::new() };
    let state = root.state("state")?;
    let keyring = root.section("keyring")?;
    let listen = root.section("listen")?;
    let tls = root.section("tls")?;
    let broker = root.section("broker")?;
    let limits = root.section("limits")?;
    let exchange = root.section("exchange")?;
    let mut partners = BTreeMap::new();
    for section in root.list("partners")? {
        let (partner, entry) = partner(&section, state)?;
        if partners.insert(partner, entry).is_some() {
            return Err(section.wrong("state", format_args!("names `{partner}` a second time")));
        }
    }
    let data_folder = root.path("data_folder")?;
    let signer = root.section("signer")?;
    let mark_folder = signer.path("mark_folder")?;
    if mark_folder.starts_with(&data_folder) {
        return Err(signer.wrong("mark_folder", "must be outside `data_folder`"));
    }
    let message_bytes = 64 * 1024..=16 * 1024 * 1024;
    Ok(Config {
        state,
        data_folder,
        keyring: Keyring {
            file: keyring.path("file")?,
            passphrase_env: keyring.optional("passphrase_env")?,
            passphrase_file: keyring.optional_path("passphrase_file")?,
        },
        signer_command: signer.words("command")?,
        mark_folder,
        listen: Listen {
            api: listen.socket("api")?,
            partner: listen.socket("partner")?,
            internal: listen.socket("internal")?,
        },
        tls: Tls {
            certificate: tls.path("certificate")?,
            key: tls.path("key")?,
            authorities: tls.path("authorities")?,
        },
        ledger: root.section("ledger")?.address()?,
        own: Organisations { agencies: root.agencies()?, ..root.organisations()? },
        partners,
        broker_message_bytes_max: broker.size("message_bytes_max", 576 * 1024..=16 << 20)?,
        broker: broker.broker()?,
        heartbeat_interval: root.section("heartbeat")?.millis("interval_ms", 100..=86_400_000)?,
        exchange: Exchange {
            poll_interval: exchange.millis("poll_interval_ms", 10..=86_400_000)?,
            recheck_interval: exchange.millis("recheck_interval_ms", 100..=86_400_000)?,
            fetch_wait_max: exchange.millis("fetch_wait_ms_max", 1..=5_000)?,
        },
        limits: server::Config {
            message_bytes_max: limits.size("message_bytes_max", message_bytes)?,
            calls_per_connection_max: limits.number("calls_per_connection_max", 1..=10_000)?,
            call_timeout: limits.millis("call_timeout_ms", 100..=600_000)?,
        },
        log: root.section("log")?.log()?,
    })
}

fn partner(section: &Section<'_>, own: State) -> Result<(State, Partner), LoadError> {
    let state = section.state("state")?;
    if state == own {
        return Err(section.wrong("state", "must be another State than the own"));
    }
    let broker = section.section("broker")?;
    let partner = Partner {
        door: section.address()?,
        authorities: section.path("authorities")?,
        genesis: section.path("genesis")?,
        organisations: section.organisations()?,
        broker: broker.broker()?,
    };
    Ok((state, partner))
}

/// A table of the configuration and the way to it.
struct Section<'a> {
    layers: &'a Layers,
    folder: &'a Path,
    /// `None` where it was not given.
    table: Option<&'a Table>,
    /// The key of the table; empty for the root.
    path: String,
}

impl<'a> Section<'a> {
    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong(&self, name: &str, reason: impl Display) -> LoadError {
        let key = self.key(name);
        let origin: Origin = self.layers.origin(&key);
        LoadError::Value { origin, key, reason: reason.to_string() }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.table.and_then(|table| table.get(name))
    }

    fn section(&self, name: &str) -> Result<Self, LoadError> {
        let table = match self.get(name) {
            None => None,
            Some(Value::Table(table)) => Some(table),
            Some(_) => return Err(self.wrong(name, "must be a table")),
        };
        let (layers, folder) = (self.layers, self.folder);
        Ok(Self { layers, folder, table, path: self.key(name) })
    }

    fn list(&self, name: &str) -> Result<Vec<Self>, LoadError> {
        let members = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(members)) => members,
            Some(_) => return Err(self.wrong(name, "must be a list of tables")),
        };
        let (layers, folder) = (self.layers, self.folder);
        members
            .iter()
            .enumerate()
            .map(|(at, member)| {
                let path = format!("{}.{at}", self.key(name));
                let table = Some(
                    member
                        .as_table()
                        .ok_or_else(|| self.wrong(&format!("{name}.{at}"), "must be a table"))?,
                );
                Ok(Self { layers, folder, table, path })
            })
            .collect()
    }

    /// A text; empty where it was not given.
    fn text(&self, name: &str) -> Result<&'a str, LoadError> {
        match self.get(name) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    fn required(&self, name: &str) -> Result<&'a str, LoadError> {
        let text = self.text(name)?;
        if text.is_empty() { Err(self.wrong(name, "must be given")) } else { Ok(text) }
    }

    fn optional(&self, name: &str) -> Result<Option<String>, LoadError> {
        let text = self.text(name)?;
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A list of texts; empty where it was not given.
    fn words(&self, name: &str) -> Result<Vec<String>, LoadError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let words = value.clone().try_into();
        words.map_err(|_| self.wrong(name, "must be a list of texts"))
    }

    fn path(&self, name: &str) -> Result<PathBuf, LoadError> {
        self.required(name).map(|text| self.folder.join(text))
    }

    fn optional_path(&self, name: &str) -> Result<Option<PathBuf>, LoadError> {
        Ok(self.optional(name)?.map(|text| self.folder.join(text)))
    }

    fn state(&self, name: &str) -> Result<State, LoadError> {
        State::new(self.required(name)?).map_err(|reason| self.wrong(name, reason))
    }

    fn number(&self, name: &str, range: RangeInclusive<u32>) -> Result<u32, LoadError> {
        let reason = || {
            let (least, most) = (range.start(), range.end());
            self.wrong(name, format_args!("must be a whole number from {least} to {most}"))
        };
        let number = self.get(name).and_then(Value::as_integer).ok_or_else(reason)?;
        let number = u32::try_from(number).map_err(|_| reason())?;
        if range.contains(&number) { Ok(number) } else { Err(reason()) }
    }

    fn size(&self, name: &str, range: RangeInclusive<u32>) -> Result<usize, LoadError> {
        let number = self.number(name, range)?;
        usize::try_from(number).map_err(|_| self.wrong(name, "is too large for this machine"))
    }

    fn millis(&self, name: &str, range: RangeInclusive<u32>) -> Result<Duration, LoadError> {
        self.number(name, range).map(|ms| Duration::from_millis(u64::from(ms)))
    }

    /// A place to listen; the host may be a name.
    fn socket(&self, name: &str) -> Result<SocketAddr, LoadError> {
        let text = self.required(name)?;
        let resolved = text.to_socket_addrs().ok().and_then(|mut found| found.next());
        resolved.ok_or_else(|| self.wrong(name, "must be `host:port`, with a host of this machine"))
    }

    fn address(&self) -> Result<Option<Address>, LoadError> {
        let Some(address) = self.optional("address")? else {
            return Ok(None);
        };
        let fits = address
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !fits {
            return Err(self.wrong("address", "must be `host:port`"));
        }
        Ok(Some(Address { address, server_name: self.optional("server_name")? }))
    }

    fn title(&self) -> Result<String, LoadError> {
        let title = self.text("title")?;
        if title.chars().count() > TITLE_CHARACTERS_MAX || title.chars().any(char::is_control) {
            let reason =
                format_args!("must be at most {TITLE_CHARACTERS_MAX} characters of one line")
                    .to_string();
            return Err(self.wrong("title", reason));
        }
        Ok(title.to_owned())
    }

    fn organisations(&self) -> Result<Organisations, LoadError> {
        let mut found = Organisations::default();
        for section in self.list("offices")? {
            let name = section.office()?;
            let entry = OfficeEntry { title: section.title()?, duties: section.duties()? };
            if found.offices.insert(name, entry).is_some() {
                return Err(section.wrong("name", "is used for two offices"));
            }
        }
        for section in self.list("consulates")? {
            let name = section.office()?;
            if found.offices.contains_key(&name)
                || found.consulates.insert(name, section.title()?).is_some()
            {
                return Err(section.wrong("name", "is used for two offices or consulates"));
            }
        }
        Ok(found)
    }

    fn agencies(&self) -> Result<BTreeMap<Agency, String>, LoadError> {
        let mut found = BTreeMap::new();
        for section in self.list("agencies")? {
            let name = Agency::new(section.required("name")?)
                .map_err(|reason| section.wrong("name", reason))?;
            // The name is part of a topic, where `_` and `.` would be taken for each other.
            if name.as_str().contains('_') {
                return Err(section.wrong("name", "must have no `_`: it is part of a topic"));
            }
            if found.insert(name, section.title()?).is_some() {
                return Err(section.wrong("name", "is used for two agencies"));
            }
        }
        Ok(found)
    }

    fn office(&self) -> Result<Office, LoadError> {
        Office::new(self.required("name")?).map_err(|reason| self.wrong("name", reason))
    }

    fn duties(&self) -> Result<Vec<Duty>, LoadError> {
        let wrong = || self.wrong("duties", "must be a list of `returns`, `answers` or both");
        let duties: Vec<Duty> =
            self.get("duties").ok_or_else(wrong)?.clone().try_into().map_err(|_| wrong())?;
        if duties.is_empty() { Err(wrong()) } else { Ok(duties) }
    }

    fn broker(&self) -> Result<Option<Broker>, LoadError> {
        let named = self.optional("servers")?;
        let file = self.optional_path("servers_file")?;
        let mut properties = BTreeMap::new();
        let given = self.section("properties")?;
        for (name, _) in given.table.into_iter().flatten() {
            properties.insert(name.clone(), Sensitive::new(given.text(name)?.to_owned()));
        }
        let servers = match (named, file) {
            (None, None) => return Ok(None),
            (Some(named), None) => Servers::Named(named),
            (None, Some(file)) => Servers::File(file),
            (Some(_), Some(_)) => {
                return Err(self.wrong("servers_file", "must be empty where `servers` is given"));
            }
        };
        Ok(Some(Broker { servers, properties }))
    }

    fn log(&self) -> Result<telemetry::Config, LoadError> {
        let format = match self.text("format")? {
            "text" => telemetry::Format::Text,
            "json" => telemetry::Format::Json,
            _ => return Err(self.wrong("format", "must be `text` or `json`")),
        };
        let config = telemetry::Config { format, level: self.required("level")?.to_owned() };
        telemetry::filter(&config)
            .map_err(|_| self.wrong("level", "must be a level or a list of directives"))?;
        Ok(config)
    }
}
