//! `readmit keys`: the keyring of this node, its backups, and keys that succeed others.
//!
//! What changes the keyring needs the node to be stopped; what states something needs it to run.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::identifier::{Digest, State};
use domain::time::Instant;
use ledger::{Aged, KeyUse};
use record::genesis::SignedGenesis;
use record::key::KeyId;
use runtime::config::Config;
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::home::{self, Readers};
use crate::wiring::passphrase;

/// How long a backup is good where nothing else is said, and the longest.
const GOOD_DAYS_DEFAULT: u16 = 30;
const GOOD_DAYS_MAX: i64 = 366;
const DAY_MS: u64 = 86_400_000;

/// The keyring of this node.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// List the keys that the keyring holds (`operator keys` lists those on the record)
    List,
    /// Write a backup of the keyring, good for a bounded time; the node may run
    Backup(Backup),
    /// Make the keyring of a backup, where there is none
    Restore(Restore),
    /// Make a key that is to succeed the present one; the node must be stopped
    Prepare(Prepare),
    /// Write what the root key is to sign: the announcement of the newest key to a partner
    Request(Request),
    /// Write what the root key is to sign: that a key must not be believed any more
    Revoke(Revoke),
    /// Write what the root key is to sign: that a frozen log goes on in its next era
    Succeed(Succeed),
    /// Write what the root key is to sign: that this State's clock was wrong
    CorrectClock(CorrectClock),
    /// Hand the running node what the root key has signed, to be stated
    Announce(Announce),
}

/// Backs it up.
#[derive(Args)]
pub(crate) struct Backup {
    /// Where to write it; a new file
    file: PathBuf,
    /// For how many days it is taken
    #[arg(
        long,
        default_value_t = GOOD_DAYS_DEFAULT,
        value_parser = clap::value_parser!(u16).range(1..=GOOD_DAYS_MAX)
    )]
    good_days: u16,
}

/// Brings it back.
#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Take it although its time has passed. It holds keys that should long have been destroyed:
    /// those of cases whose erasure stands in the log are destroyed when the node starts
    #[arg(long)]
    although_too_old: bool,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// Signing dispatches
    Log,
    /// Opening case keys that the partner sends
    Hpke,
}

/// Makes a key.
#[derive(Args)]
pub(crate) struct Prepare {
    /// What it is for
    purpose: Purpose,
}

/// Writes a request to the root key.
#[derive(Args)]
pub(crate) struct Request {
    /// What the key is for
    purpose: Purpose,
    /// The partner to whom it is to be announced
    #[arg(long, value_parser = crate::init::state)]
    partner: State,
    /// Serial of the statement, higher than any before in this corridor (`operator keys` says it)
    #[arg(long)]
    serial: u64,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// Writes a request to the root key that takes a key back.
#[derive(Args)]
pub(crate) struct Revoke {
    /// What the key is for
    purpose: Purpose,
    /// Its id, in hexadecimal (`operator keys` lists them)
    #[arg(long, value_parser = key_id)]
    key_id: KeyId,
    /// The partner
    #[arg(long, value_parser = crate::init::state)]
    partner: State,
    /// Serial of the statement, higher than any before in this corridor (`operator keys` says it)
    #[arg(long)]
    serial: u64,
    /// The last good dispatch under a log key, as ERA:NUMBER:DIGEST (`operator dispatch` names
    /// it); without it, none is
    #[arg(long, value_parser = dispatch)]
    last_good: Option<Named>,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// Writes a request to the root key that begins the next era of a frozen log.
#[derive(Args)]
pub(crate) struct Succeed {
    /// The partner, who has proved a fault of this State's log
    #[arg(long, value_parser = crate::init::state)]
    partner: State,
    /// Serial of the statement, higher than that of the new key's announcement
    #[arg(long)]
    serial: u64,
    /// The last dispatch that the partner had heard when it stated the fault, as ERA:NUMBER:DIGEST
    /// (`operator status` says its number, `operator dispatch` names it)
    #[arg(long, value_parser = dispatch)]
    last: Named,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// Writes a request to the root key that takes back dates that were too late.
#[derive(Args)]
pub(crate) struct CorrectClock {
    /// The partner, who has parked what was dated in the future
    #[arg(long, value_parser = crate::init::state)]
    partner: State,
    /// Serial of the statement, higher than any before in this corridor (`operator keys` says it)
    #[arg(long)]
    serial: u64,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// States what was signed.
#[derive(Args)]
pub(crate) struct Announce {
    /// What `readmit root sign` wrote; several are stated together, in this order
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The partner
    #[arg(long, value_parser = crate::init::state)]
    partner: State,
    /// Names the command: the same again is carried out once
    #[arg(long)]
    request_id: String,
    /// Who calls: a profile below HOME/profiles
    #[arg(long = "as")]
    profile: String,
}

/// What the root key is asked to sign, as people can read it at a ceremony.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unsigned {
    /// Digest of the genesis, in hexadecimal.
    pub(crate) genesis: String,
    /// Whose root key signs.
    pub(crate) author: String,
    /// To whom it is said.
    pub(crate) partner: String,
    /// Serial of the statement.
    pub(crate) serial: u64,
    /// What is stated.
    pub(crate) statement: Asked,
}

/// What is to be stated.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Asked {
    /// A key that the State will use.
    AnnounceKey {
        /// What it is for.
        purpose: Purpose,
        /// The public key, in hexadecimal.
        public_key: String,
    },
    /// A key that the State must not be held to any more.
    RevokeKey {
        /// What it was for.
        purpose: Purpose,
        /// Its id, in hexadecimal.
        key_id: String,
        /// The last good dispatch under it.
        last_good: Option<Named>,
    },
    /// The next era of the log, which begins with the announcement of a new key.
    SucceedLog {
        /// The last dispatch of the era before.
        last: Named,
    },
    /// That the clock was wrong. Says nothing more.
    CorrectClock {},
}

/// A dispatch of the own log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// The era of the log.
    pub(crate) era: u32,
    /// Its number.
    pub(crate) number: u64,
    /// Its digest, in hexadecimal.
    pub(crate) digest: String,
}

fn dispatch(text: &str) -> Result<Named, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let wrong = || "must be ERA:NUMBER:DIGEST".to_owned();
    let [era, number, digest] = parts.as_slice() else {
        return Err(wrong());
    };
    let bytes = hex::decode(digest).ok().and_then(|bytes| Digest::from_slice(&bytes).ok());
    bytes.ok_or_else(|| "must have a digest of 32 bytes in hexadecimal".to_owned())?;
    Ok(Named {
        era: era.parse().map_err(|_| wrong())?,
        number: number.parse().map_err(|_| wrong())?,
        digest: (*digest).to_owned(),
    })
}

fn key_id(text: &str) -> Result<KeyId, String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| KeyId::from_slice(&bytes));
    bytes.ok_or_else(|| "must have 16 bytes in hexadecimal".to_owned())
}

impl Keys {
    /// Runs it.
    pub(crate) async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        match self {
            Self::List => list(home),
            Self::Backup(backup) => backup.run(home),
            Self::Restore(restore) => restore.run(home),
            Self::Prepare(prepare) => prepare.run(home),
            Self::Request(request) => request.run(home),
            Self::Revoke(revoke) => revoke.run(home),
            Self::Succeed(succeed) => succeed.run(home),
            Self::CorrectClock(correct) => correct.run(home),
            Self::Announce(announce) => return announce.run(home).await,
        }
        .map(|()| Exit::Success)
    }
}

fn list(home: &Path) -> anyhow::Result<()> {
    let config = home::configuration(home)?;
    let keys = ledger::list_keys(&config.keyring.file, &passphrase(&config)?)?;
    for key in &keys.log {
        eprintln!("log   {}  {}", key.id(), hex::encode(key.as_bytes()));
    }
    for key in &keys.hpke {
        eprintln!("hpke  {}  {}", KeyId::of(key), hex::encode(key));
    }
    eprintln!("keys of {} cases", keys.cases);
    Ok(())
}

impl Backup {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let not_after = now()?.as_ms().saturating_add(u64::from(self.good_days) * DAY_MS);
        let not_after = Instant::from_ms(not_after);
        let keyring = &config.keyring.file;
        ledger::back_up_keyring(keyring, &passphrase(&config)?, &self.file, not_after)?;
        eprintln!(
            "wrote {}, good until {not_after}; destroy it then, and keep it apart from the \
             backups of the logs",
            self.file.display()
        );
        Ok(())
    }
}

impl Restore {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let aged = if self.although_too_old { Aged::Taken } else { Aged::Refused };
        let keyring = &config.keyring.file;
        ledger::restore_keyring(&self.file, &passphrase(&config)?, keyring, now()?, aged)?;
        eprintln!(
            "made {} of the backup; what was erased since is destroyed again when the node starts",
            keyring.display()
        );
        Ok(())
    }
}

impl Prepare {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let of = self.purpose.into();
        let key = ledger::prepare_key(&config.keyring.file, &passphrase(&config)?, of)?;
        eprintln!("made key {}; it is used once it is announced", KeyId::of(&key));
        eprintln!("next: readmit keys request --help, for each partner; back up the keyring");
        Ok(())
    }
}

impl Request {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let mut keys = ledger::keyring_public_keys(&config.keyring.file, &passphrase(&config)?)?;
        crate::wiring::prefer_signer(&config, &mut keys)?;
        let key = match self.purpose {
            Purpose::Log => *keys.log.as_bytes(),
            Purpose::Hpke => keys.hpke,
        };
        let public_key = hex::encode(key);
        let statement = Asked::AnnounceKey { purpose: self.purpose, public_key };
        ask(&config, self.partner, self.serial, statement, &self.out)?;
        eprintln!("it asks to announce key {}", KeyId::of(&key));
        Ok(())
    }
}

impl Revoke {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let (purpose, key_id) = (self.purpose, self.key_id.to_string());
        let statement = Asked::RevokeKey { purpose, key_id, last_good: self.last_good.clone() };
        ask(&config, self.partner, self.serial, statement, &self.out)
    }
}

impl Succeed {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        let statement = Asked::SucceedLog { last: self.last.clone() };
        ask(&config, self.partner, self.serial, statement, &self.out)?;
        eprintln!("it is stated behind the announcement of a new log key, in one request");
        Ok(())
    }
}

impl CorrectClock {
    fn run(&self, home: &Path) -> anyhow::Result<()> {
        let config = home::configuration(home)?;
        ask(&config, self.partner, self.serial, Asked::CorrectClock {}, &self.out)
    }
}

/// Writes what the root key is to sign.
fn ask(
    config: &Config,
    partner: State,
    serial: u64,
    statement: Asked,
    out: &Path,
) -> anyhow::Result<()> {
    let Some(known) = config.partners.get(&partner) else {
        bail!("{partner} is no partner of this node");
    };
    let signed = SignedGenesis::decode(&home::read(&known.genesis)?)?;
    let unsigned = Unsigned {
        genesis: hex::encode(signed.digest().as_bytes()),
        author: config.state.code().to_owned(),
        partner: partner.code().to_owned(),
        serial,
        statement,
    };
    let text = toml::to_string(&unsigned)?;
    home::write_new(out, text.as_bytes(), Readers::All)?;
    eprintln!("wrote {}", out.display());
    eprintln!("next, where the root key is: readmit root sign {} --help", out.display());
    Ok(())
}

impl Announce {
    async fn run(&self, home: &Path) -> anyhow::Result<Exit> {
        let mut root_statements = Vec::with_capacity(self.files.len());
        for file in &self.files {
            root_statements.push(home::read(file)?);
        }
        let request = proto::node::v1::StateByRootRequest {
            request_id: self.request_id.clone(),
            validate_only: false,
            partner_state: self.partner.code().to_owned(),
            root_statements,
        };
        let method = "readmit.node.v1.OperatorService/StateByRoot";
        crate::client::send(home, &self.profile, method, &request).await
    }
}

impl From<Purpose> for KeyUse {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Log => Self::Log,
            Purpose::Hpke => Self::Hpke,
        }
    }
}

/// The time that it is for commands which no node carries out.
pub(crate) fn now() -> anyhow::Result<Instant> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.context("the clock shows a time before 1970")?.as_millis();
    Ok(Instant::from_ms(u64::try_from(ms)?))
}
