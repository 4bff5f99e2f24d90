//! The founding of a corridor: proposed by one State, signed by both root keys, then fixed.

use std::collections::BTreeSet;

use domain::corridor::Corridor;
use domain::identifier::{Digest, State};
use domain::time::Span;
use proto::record::v1;

use crate::canonical::{self, NotCanonical};
use crate::cose::{self, Payload, Signed};
use crate::digest::{GENESIS, sha256};
use crate::key::{PublicKey, SignError, Signer};

/// The one version of the record.
pub(crate) const VERSION: u32 = 1;
/// Longest environment name, in characters.
pub const ENVIRONMENT_CHARS_MAX: usize = 64;
/// Largest permitted clock skew.
pub const SKEW_MS_MAX: u64 = 3_600_000;
/// Largest grace: 31 days.
pub const GRACE_MS_MAX: u64 = 31 * 24 * 3_600_000;
/// Clock skew where nothing else is agreed: 5 minutes.
pub const SKEW_MS_DEFAULT: u64 = 5 * 60_000;
/// Grace where nothing else is agreed: 24 hours.
pub const GRACE_MS_DEFAULT: u64 = 24 * 3_600_000;

/// A State and its root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The State.
    pub state: State,
    /// Its root key.
    pub root_key: PublicKey,
}

/// What a genesis fixes. Made by [`Genesis::found`] or [`Genesis::decode`], so always in range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    environment: String,
    first: Party,
    second: Party,
    skew: Span,
    grace: Span,
    kinds: BTreeSet<u32>,
}

/// Why a genesis is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// The bytes are not a genesis.
    #[error("the genesis cannot be read")]
    NotCanonical(#[source] NotCanonical),
    /// A field is out of range.
    #[error("`{field}` {reason}")]
    InvalidField {
        /// The field.
        field: &'static str,
        /// What it must be.
        reason: &'static str,
    },
    /// A signature is not the root key's.
    #[error("the signature of `{state}` is not its root key's over this genesis")]
    NotSigned {
        /// The State whose signature was checked.
        state: State,
    },
    /// The signer's key is none of the two root keys.
    #[error("the key that signs is not a root key of this genesis")]
    NotARootKey,
    /// The signer failed.
    #[error("signing the genesis")]
    Sign(#[from] SignError),
}

impl Genesis {
    /// Founds a corridor between two States, in whichever order they are named.
    ///
    /// # Errors
    /// A value is out of range.
    pub fn found(
        environment: &str,
        parties: [Party; 2],
        clocks: Clocks,
        kinds: BTreeSet<u32>,
    ) -> Result<Self, GenesisError> {
        let [one, other] = parties;
        let (first, second) = if one.state <= other.state { (one, other) } else { (other, one) };
        let Clocks { skew, grace } = clocks;
        Self { environment: environment.to_owned(), first, second, skew, grace, kinds }.in_range()
    }

    /// Reads a genesis from its canonical bytes.
    ///
    /// # Errors
    /// Not canonical, or a value is out of range.
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisError> {
        let message: v1::Genesis = canonical::decode(bytes).map_err(GenesisError::NotCanonical)?;
        if message.version != VERSION {
            return Err(invalid("version", "must be 1"));
        }
        let kinds_ascend = message.kinds.is_sorted_by(|earlier, later| earlier < later);
        if !kinds_ascend {
            return Err(invalid("kinds", "must be ascending, none twice"));
        }
        Self {
            environment: message.environment,
            first: party(message.first, "first")?,
            second: party(message.second, "second")?,
            skew: Span::from_ms(message.clock_skew_ms),
            grace: Span::from_ms(message.grace_ms),
            kinds: message.kinds.into_iter().collect(),
        }
        .in_range()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let party = |party: &Party| v1::Party {
            state: party.state.to_string(),
            root_key: party.root_key.as_bytes().to_vec(),
        };
        canonical::encode(&v1::Genesis {
            version: VERSION,
            environment: self.environment.clone(),
            first: Some(party(&self.first)),
            second: Some(party(&self.second)),
            clock_skew_ms: self.skew.as_ms(),
            grace_ms: self.grace.as_ms(),
            kinds: self.kinds.iter().copied().collect(),
        })
    }

    /// SHA-256 of the canonical bytes: the corridor's name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&[&self.encode()])
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The State whose code sorts first.
    #[must_use]
    pub const fn first(&self) -> &Party {
        &self.first
    }

    /// The other State.
    #[must_use]
    pub const fn second(&self) -> &Party {
        &self.second
    }

    /// The party of a State; `None` for a third one.
    #[must_use]
    pub fn party(&self, state: State) -> Option<&Party> {
        [&self.first, &self.second].into_iter().find(|party| party.state == state)
    }

    /// The partner of a State; `None` for a third one.
    #[must_use]
    pub fn partner(&self, state: State) -> Option<&Party> {
        match state {
            state if state == self.first.state => Some(&self.second),
            state if state == self.second.state => Some(&self.first),
            _ => None,
        }
    }

    /// How far apart the two clocks may be.
    #[must_use]
    pub const fn skew(&self) -> Span {
        self.skew
    }

    /// Whether clocks may be set by hand: only where the environment is a demo or a test.
    #[must_use]
    pub fn allows_settable_clock(&self) -> bool {
        self.environment.starts_with("demo") || self.environment.starts_with("test")
    }

    /// What the rules read of the genesis.
    #[must_use]
    pub fn corridor(&self) -> Corridor {
        Corridor {
            genesis: self.digest(),
            first: self.first.state,
            second: self.second.state,
            skew: self.skew,
            grace: self.grace,
            kinds: self.kinds.clone(),
        }
    }

    /// A detached signature of one root key over the canonical bytes.
    ///
    /// # Errors
    /// The signer is none of the root keys, or fails.
    pub fn sign(&self, root: &dyn Signer) -> Result<Vec<u8>, GenesisError> {
        let key = root.public_key();
        if ![self.first.root_key, self.second.root_key].contains(&key) {
            return Err(GenesisError::NotARootKey);
        }
        Ok(cose::sign(&self.encode(), Payload::Detached, GENESIS, root)?)
    }

    /// Whether a detached signature is the root key's of `party`.
    fn is_signed(&self, party: &Party, signature: &[u8]) -> Result<(), GenesisError> {
        Signed::parse(signature)
            .filter(|signed| signed.verifies_detached(&self.encode(), GENESIS, &party.root_key))
            .map(|_| ())
            .ok_or(GenesisError::NotSigned { state: party.state })
    }

    fn in_range(self) -> Result<Self, GenesisError> {
        let fits = (1..=ENVIRONMENT_CHARS_MAX).contains(&self.environment.len())
            && self
                .environment
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            return Err(invalid("environment", "must be 1 to 64 characters of `a-z0-9-`"));
        }
        if self.first.state >= self.second.state {
            return Err(invalid(
                "second.state",
                "must be another State that sorts after the first",
            ));
        }
        if self.first.root_key == self.second.root_key {
            return Err(invalid("second.root_key", "must be another key than the first State's"));
        }
        if !(1..=SKEW_MS_MAX).contains(&self.skew.as_ms()) {
            return Err(invalid("clock_skew_ms", "must be 1 to 3,600,000"));
        }
        if !(1..=GRACE_MS_MAX).contains(&self.grace.as_ms()) {
            return Err(invalid("grace_ms", "must be 1 to 2,678,400,000"));
        }
        if self.kinds.is_empty() {
            return Err(invalid("kinds", "must name at least one kind"));
        }
        Ok(self)
    }
}

/// How exactly two clocks run together, and how long a partner has after hearing a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// How far apart the two clocks may be.
    pub skew: Span,
    /// How long a partner has at least after hearing a notice.
    pub grace: Span,
}

impl Default for Clocks {
    fn default() -> Self {
        Self { skew: Span::from_ms(SKEW_MS_DEFAULT), grace: Span::from_ms(GRACE_MS_DEFAULT) }
    }
}

/// A genesis with both signatures, verified when made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedGenesis {
    genesis: Genesis,
    digest: Digest,
    first_signature: Vec<u8>,
    second_signature: Vec<u8>,
}

impl SignedGenesis {
    /// Puts a genesis and its two signatures together.
    ///
    /// # Errors
    /// A signature is not that State's root key's.
    pub fn new(
        genesis: Genesis,
        first_signature: Vec<u8>,
        second_signature: Vec<u8>,
    ) -> Result<Self, GenesisError> {
        genesis.is_signed(&genesis.first, &first_signature)?;
        genesis.is_signed(&genesis.second, &second_signature)?;
        let digest = genesis.digest();
        Ok(Self { genesis, digest, first_signature, second_signature })
    }

    /// Reads and verifies a signed genesis.
    ///
    /// # Errors
    /// Not canonical, out of range, or not signed by both root keys.
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisError> {
        canonical::decode(bytes).map_err(GenesisError::NotCanonical).and_then(Self::from_message)
    }

    pub(crate) fn from_message(message: v1::SignedGenesis) -> Result<Self, GenesisError> {
        let genesis = Genesis::decode(&message.genesis)?;
        Self::new(genesis, message.first_signature, message.second_signature)
    }

    pub(crate) fn to_message(&self) -> v1::SignedGenesis {
        v1::SignedGenesis {
            genesis: self.genesis.encode(),
            first_signature: self.first_signature.clone(),
            second_signature: self.second_signature.clone(),
        }
    }

    /// The canonical bytes of `SignedGenesis`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(&self.to_message())
    }

    /// What was signed.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The digest of the genesis: the corridor's name.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

fn party(message: Option<v1::Party>, field: &'static str) -> Result<Party, GenesisError> {
    let message = message.ok_or(invalid(field, "must be present"))?;
    Ok(Party {
        state: State::new(&message.state)
            .map_err(|_| invalid(field, "must name a State by two capitals"))?,
        root_key: PublicKey::from_slice(&message.root_key)
            .map_err(|_| invalid(field, "must have a usable Ed25519 root key"))?,
    })
}

const fn invalid(field: &'static str, reason: &'static str) -> GenesisError {
    GenesisError::InvalidField { field, reason }
}
