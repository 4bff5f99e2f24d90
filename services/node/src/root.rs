//! `readmit root`: what the root key signs at a ceremony, on a machine that is no node. Only files
//! go in and out.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use domain::case::event::KeyPurpose;
use domain::chain::Heard;
use domain::identifier::{Digest, State};
use record::key::{KeyId, PublicKey};
use record::root_statement::{AnnouncedKey, RevokedKey, RootStatement, Statement, Succession};

use crate::exit::Exit;
use crate::genesis::root_key_in;
use crate::home::{self, Readers};
use crate::keys::{Asked, Named, Purpose, Unsigned};

/// The root key's part.
#[derive(Subcommand)]
pub(crate) enum Root {
    /// Sign a request of `readmit keys request`, after showing what it states
    Sign(Sign),
}

/// Signs a request.
#[derive(Args)]
pub(crate) struct Sign {
    /// The request
    request: PathBuf,
    /// The seed of the root key
    #[arg(long)]
    root_key: PathBuf,
    /// Where to write the signed statement
    #[arg(long, short)]
    out: PathBuf,
}

impl Root {
    /// Runs it.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        match self {
            Self::Sign(sign) => sign.run(),
        }
    }
}

impl Sign {
    fn run(&self) -> anyhow::Result<Exit> {
        let unsigned = read(&self.request)?;
        let wrong = || format!("`{}` is no request", self.request.display());
        let author = State::new(&unsigned.author).with_context(wrong)?;
        let genesis = Digest::from_slice(&hex::decode(&unsigned.genesis).with_context(wrong)?)
            .with_context(wrong)?;
        let stated = stated(&unsigned.statement).with_context(wrong)?;
        let said = match &stated {
            Statement::KeyAnnounced(AnnouncedKey::Log(key)) => {
                format!("announces key {}, which signs dispatches", key.id())
            }
            Statement::KeyAnnounced(AnnouncedKey::Hpke(key)) => {
                format!("announces key {}, which opens case keys", KeyId::of(key))
            }
            Statement::KeyRevoked(RevokedKey { key_id, last_good: Some(last), .. }) => {
                format!("REVOKES key {key_id} after dispatch {} {}", last.number, last.digest)
            }
            Statement::KeyRevoked(RevokedKey { key_id, last_good: None, .. }) => {
                format!("REVOKES key {key_id} from the beginning")
            }
            Statement::ClockCorrected => "corrects its clock".to_owned(),
            Statement::LogSucceeded(Succession { era, last }) => {
                format!("GOES ON in era {era} after dispatch {} {}", last.number, last.digest)
            }
        };
        eprintln!(
            "to {}, as statement {} in the corridor {genesis}, {author} {said}",
            unsigned.partner, unsigned.serial
        );
        let statement = RootStatement { serial: unsigned.serial, statement: stated };
        let signed = statement.sign(&genesis, author, &root_key_in(&self.root_key)?)?;
        home::write_new(&self.out, &signed, Readers::All)?;
        eprintln!("next, on the node: readmit keys announce {}", self.out.display());
        Ok(Exit::Success)
    }
}

/// What a request asks to state.
fn stated(asked: &Asked) -> anyhow::Result<Statement> {
    let bytes = |text: &str| hex::decode(text).context("must be hexadecimal");
    Ok(match asked {
        Asked::AnnounceKey { purpose, public_key } => {
            let key = bytes(public_key)?;
            Statement::KeyAnnounced(match purpose {
                Purpose::Log => AnnouncedKey::Log(PublicKey::from_slice(&key)?),
                Purpose::Hpke => {
                    AnnouncedKey::Hpke(key.as_slice().try_into().context("must have 32 bytes")?)
                }
            })
        }
        Asked::RevokeKey { purpose, key_id, last_good } => {
            let last_good = last_good.as_ref().map(heard).transpose()?;
            let purpose = match purpose {
                Purpose::Log => KeyPurpose::Log,
                Purpose::Hpke => KeyPurpose::Hpke,
            };
            let key_id = KeyId::from_slice(&bytes(key_id)?).context("must have 16 bytes")?;
            Statement::KeyRevoked(RevokedKey { purpose, key_id, last_good })
        }
        Asked::SucceedLog { last } => {
            let era = last.era.checked_add(1).context("there is no further era")?;
            Statement::LogSucceeded(Succession { era, last: heard(last)? })
        }
        Asked::CorrectClock {} => Statement::ClockCorrected,
    })
}

fn heard(Named { era, number, digest }: &Named) -> anyhow::Result<Heard> {
    let digest = Digest::from_slice(&hex::decode(digest).context("must be hexadecimal")?)?;
    Ok(Heard { era: *era, number: *number, digest })
}

fn read(request: &Path) -> anyhow::Result<Unsigned> {
    toml::from_str(&home::read_text(request)?)
        .with_context(|| format!("`{}` is no request", request.display()))
}
