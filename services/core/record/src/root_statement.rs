//! What a root key states about its State's own log: today, a key that the State will use.

use domain::identifier::{Digest, State};
use proto::record::v1;

use crate::canonical;
use crate::cose::{self, Payload, Signed};
use crate::digest::ROOT_STATEMENT;
use crate::key::{PublicKey, SignError, Signer};

/// A key that a State announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnouncedKey {
    /// Signs dispatch headers.
    Log(PublicKey),
    /// Opens wrapped case keys: an X25519 public key.
    Hpke([u8; 32]),
}

/// A statement of a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootStatement {
    /// Rises with every statement of this root key in this corridor; from 1.
    pub serial: u64,
    /// The key that is announced.
    pub key: AnnouncedKey,
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
    /// The key that it announces cannot be used.
    #[error("the announced key is unusable or of no known purpose")]
    UnusableKey,
}

impl RootStatement {
    /// Signs the statement: the bytes of `KeyAnnounced.root_statement`.
    ///
    /// # Errors
    /// The signer fails.
    pub fn sign(
        &self,
        genesis: &Digest,
        author: State,
        root: &dyn Signer,
    ) -> Result<Vec<u8>, SignError> {
        let (purpose, public_key) = match &self.key {
            AnnouncedKey::Log(key) => (v1::KeyPurpose::Log, key.as_bytes()),
            AnnouncedKey::Hpke(key) => (v1::KeyPurpose::Hpke, key),
        };
        let announcement =
            v1::KeyAnnouncement { purpose: purpose.into(), public_key: public_key.to_vec() };
        let bytes = canonical::encode(&v1::RootStatement {
            genesis: genesis.as_bytes().to_vec(),
            author: author.to_string(),
            serial: self.serial,
            statement: Some(v1::root_statement::Statement::KeyAnnouncement(announcement)),
        });
        cose::sign(&bytes, Payload::Attached, &context(genesis), root)
    }

    /// Reads and verifies a statement. Whether its serial rises is for the
    /// [`KeyDirectory`](crate::key_directory::KeyDirectory) to say.
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
        let Some(v1::root_statement::Statement::KeyAnnouncement(announcement)) = message.statement
        else {
            return Err(RootStatementError::NotCanonical);
        };
        Ok(Self { serial: message.serial, key: announced(&announcement)? })
    }
}

fn announced(it: &v1::KeyAnnouncement) -> Result<AnnouncedKey, RootStatementError> {
    let unusable = RootStatementError::UnusableKey;
    match v1::KeyPurpose::try_from(it.purpose) {
        Ok(v1::KeyPurpose::Log) => {
            PublicKey::from_slice(&it.public_key).map(AnnouncedKey::Log).map_err(|_| unusable)
        }
        Ok(v1::KeyPurpose::Hpke) => {
            it.public_key.as_slice().try_into().map(AnnouncedKey::Hpke).map_err(|_| unusable)
        }
        Ok(v1::KeyPurpose::Unspecified) | Err(_) => Err(unusable),
    }
}

fn context(genesis: &Digest) -> Vec<u8> {
    [ROOT_STATEMENT, genesis.as_bytes()].concat()
}
