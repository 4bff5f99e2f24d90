//! What a root key states about its State's own log: a key that it uses or revokes, a clock that
//! was wrong, an era in which the log goes on.

use domain::case::event::KeyPurpose;
use domain::chain::Heard;
use domain::identifier::{Digest, State};
use proto::record::v1;
use proto::record::v1::root_statement::Statement as Wire;

use crate::canonical;
use crate::cose::{self, Payload, Signed};
use crate::digest::ROOT_STATEMENT;
use crate::key::{KeyId, PublicKey, SignError, Signer};

/// A key that a State announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnouncedKey {
    /// Signs dispatch headers.
    Log(PublicKey),
    /// Opens wrapped case keys: an X25519 public key.
    Hpke([u8; 32]),
}

/// A key that a State revokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedKey {
    /// What it was for.
    pub purpose: KeyPurpose,
    /// Its id.
    pub key_id: KeyId,
    /// The last good dispatch under it; `None` where none is, and for an HPKE key.
    pub last_good: Option<Heard>,
}

/// The next era of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The new era, from 1.
    pub era: u32,
    /// The last dispatch of the era before.
    pub last: Heard,
}

/// What a root key states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A key that the State will use.
    KeyAnnounced(AnnouncedKey),
    /// A key that the State must not be held to any more.
    KeyRevoked(RevokedKey),
    /// The State's clock was wrong.
    ClockCorrected,
    /// The State's log goes on in another era.
    LogSucceeded(Succession),
}

/// A statement of a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootStatement {
    /// Rises with every statement of this root key in this corridor; from 1.
    pub serial: u64,
    /// What is stated.
    pub statement: Statement,
}

/// Whose statement it is, and in which corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Digest of the genesis.
    pub genesis: Digest,
    /// The State.
    pub author: State,
    /// Its root key.
    pub key: PublicKey,
}

/// Why a root statement is of no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootStatementError {
    /// Not a COSE_Sign1 in the one form, or not signed by the root key.
    #[error("the statement is not signed by the root key")]
    NotSigned,
    /// What was signed is no canonical statement.
    #[error("the signed bytes are no root statement")]
    NotCanonical,
    /// It was made for another corridor or by another State.
    #[error("the statement is of another corridor or State")]
    Elsewhere,
    /// The serial does not rise.
    #[error("the serial {found} does not rise above {last}")]
    SerialMustRise {
        /// The serial of the last statement that counts.
        last: u64,
        /// The serial of this one.
        found: u64,
    },
    /// The key that it names cannot be used.
    #[error("the key is unusable or of no known purpose")]
    UnusableKey,
    /// The facts beside it say something else.
    #[error("the facts say something else than the root key")]
    FactsDiffer,
    /// It revokes a key that was never announced in this log.
    #[error("the key was not announced in this log")]
    UnknownKey,
    /// It does not stand where it counts.
    #[error("it does not stand where it counts")]
    Misplaced,
}

impl RootStatement {
    /// The statement that announces a key.
    #[must_use]
    pub const fn announcing(serial: u64, key: AnnouncedKey) -> Self {
        Self { serial, statement: Statement::KeyAnnounced(key) }
    }

    /// The key that it announces; `None` where it states something else.
    #[must_use]
    pub const fn announced(&self) -> Option<AnnouncedKey> {
        match self.statement {
            Statement::KeyAnnounced(key) => Some(key),
            Statement::KeyRevoked(_) | Statement::ClockCorrected | Statement::LogSucceeded(_) => {
                None
            }
        }
    }

    /// Signs the statement: the bytes of a `root_statement` in the facts.
    ///
    /// # Errors
    /// The signer fails.
    pub fn sign(
        &self,
        genesis: &Digest,
        author: State,
        root: &dyn Signer,
    ) -> Result<Vec<u8>, SignError> {
        let bytes = canonical::encode(&v1::RootStatement {
            genesis: genesis.as_bytes().to_vec(),
            author: author.to_string(),
            serial: self.serial,
            statement: Some(wire(&self.statement)),
        });
        cose::sign(&bytes, Payload::Attached, &context(genesis), root)
    }

    /// Reads and verifies a statement. Whether its serial rises, and whether it stands where it
    /// counts, is for the [`KeyDirectory`](crate::key_directory::KeyDirectory) to say.
    ///
    /// # Errors
    /// Not signed by the root key, not canonical, made elsewhere, or of an unusable key.
    pub fn verify(bytes: &[u8], root: &Root) -> Result<Self, RootStatementError> {
        let signed = Signed::parse(bytes)
            .filter(|signed| signed.verifies(&context(&root.genesis), &root.key))
            .ok_or(RootStatementError::NotSigned)?;
        let message: v1::RootStatement = signed
            .payload()
            .and_then(|payload| canonical::decode(payload).ok())
            .ok_or(RootStatementError::NotCanonical)?;
        if message.genesis != root.genesis.as_bytes() || message.author != root.author.code() {
            return Err(RootStatementError::Elsewhere);
        }
        let statement = message.statement.ok_or(RootStatementError::NotCanonical)?;
        Ok(Self { serial: message.serial, statement: stated(statement)? })
    }
}

fn wire(statement: &Statement) -> Wire {
    match statement {
        Statement::KeyAnnounced(key) => {
            let (purpose, public_key) = match key {
                AnnouncedKey::Log(key) => (v1::KeyPurpose::Log, key.as_bytes()),
                AnnouncedKey::Hpke(key) => (v1::KeyPurpose::Hpke, key),
            };
            let public_key = public_key.to_vec();
            Wire::KeyAnnouncement(v1::KeyAnnouncement { purpose: purpose.into(), public_key })
        }
        Statement::KeyRevoked(revoked) => {
            let purpose = match revoked.purpose {
                KeyPurpose::Log => v1::KeyPurpose::Log,
                KeyPurpose::Hpke => v1::KeyPurpose::Hpke,
            };
            Wire::KeyRevocation(v1::KeyRevocation {
                purpose: purpose.into(),
                key_id: revoked.key_id.as_bytes().to_vec(),
                last_good: revoked.last_good.map(Into::into),
            })
        }
        Statement::ClockCorrected => Wire::ClockCorrection(v1::ClockCorrection {}),
        Statement::LogSucceeded(Succession { era, last }) => {
            Wire::LogSuccession(v1::LogSuccession { era: *era, last: Some((*last).into()) })
        }
    }
}

fn stated(wire: Wire) -> Result<Statement, RootStatementError> {
    let heard = |it: v1::Heard| Heard::try_from(it).map_err(|_| RootStatementError::NotCanonical);
    Ok(match wire {
        Wire::KeyAnnouncement(it) => Statement::KeyAnnounced(announced(&it)?),
        Wire::KeyRevocation(it) => Statement::KeyRevoked(RevokedKey {
            purpose: purpose(it.purpose)?,
            key_id: KeyId::from_slice(&it.key_id).ok_or(RootStatementError::UnusableKey)?,
            last_good: it.last_good.map(heard).transpose()?,
        }),
        Wire::ClockCorrection(v1::ClockCorrection {}) => Statement::ClockCorrected,
        Wire::LogSuccession(it) => {
            let last = heard(it.last.ok_or(RootStatementError::NotCanonical)?)?;
            Statement::LogSucceeded(Succession { era: it.era, last })
        }
    })
}

fn announced(it: &v1::KeyAnnouncement) -> Result<AnnouncedKey, RootStatementError> {
    let unusable = RootStatementError::UnusableKey;
    match purpose(it.purpose)? {
        KeyPurpose::Log => {
            PublicKey::from_slice(&it.public_key).map(AnnouncedKey::Log).map_err(|_| unusable)
        }
        KeyPurpose::Hpke => {
            it.public_key.as_slice().try_into().map(AnnouncedKey::Hpke).map_err(|_| unusable)
        }
    }
}

fn purpose(number: i32) -> Result<KeyPurpose, RootStatementError> {
    match v1::KeyPurpose::try_from(number) {
        Ok(v1::KeyPurpose::Log) => Ok(KeyPurpose::Log),
        Ok(v1::KeyPurpose::Hpke) => Ok(KeyPurpose::Hpke),
        Ok(v1::KeyPurpose::Unspecified) | Err(_) => Err(RootStatementError::UnusableKey),
    }
}

fn context(genesis: &Digest) -> Vec<u8> {
    [ROOT_STATEMENT, genesis.as_bytes()].concat()
}
