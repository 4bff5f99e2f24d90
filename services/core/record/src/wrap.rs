//! Case keys on their way to the partner: HPKE (RFC 9180), base mode, made when sent and stored
//! by nobody.

use std::fmt;

use domain::identifier::Digest;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use proto::record::v1::WrappedCaseKey;
use zeroize::Zeroizing;

use crate::digest::CASE_KEY;
use crate::key::KeyId;
use crate::random::CryptoRng;
use crate::seal::{CaseKey, Place};

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// The private half of a State's HPKE key; wiped when dropped, never printed.
pub struct OpeningKey(PrivateKey);

/// The public half cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recipient's HPKE key is unusable")]
pub struct WrapError;

/// Why a wrapped case key does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// Sealed to another key.
    #[error("the case key is sealed to another key")]
    OtherRecipient,
    /// Changed on the way, or made for another place.
    #[error("the wrapped case key does not open at this place")]
    DoesNotOpen,
    /// It opens, and is not the key that the opening entry committed to.
    #[error("the case key is not the one that the opening entry committed to")]
    OtherKey,
}

impl OpeningKey {
    /// A new key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut material = Zeroizing::new([0; 32]);
        random.fill_bytes(material.as_mut());
        let (private, _) = X25519HkdfSha256::derive_keypair(material.as_ref());
        Self(private)
    }

    /// Takes the 32 bytes of a private key; `None` for any other number.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        PrivateKey::from_bytes(bytes).ok().map(Self)
    }

    /// The bytes, for a keyring that keeps them sealed.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public half, to be announced.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        X25519HkdfSha256::sk_to_pk(&self.0).to_bytes().into()
    }

    /// The id of the public half.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.public_key())
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpeningKey({})", self.id())
    }
}

/// Seals a case key to the recipient's announced HPKE key. `opening` is the place of the opening
/// entry that minted it.
///
/// # Errors
/// The recipient's key is unusable.
pub fn wrap(
    key: &CaseKey,
    genesis: &Digest,
    opening: &Place,
    recipient: &[u8; 32],
    random: &mut impl CryptoRng,
) -> Result<WrappedCaseKey, WrapError> {
    let public = PublicKey::from_bytes(recipient).map_err(|_| WrapError)?;
    let (encapsulated, sealed) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            &info(genesis),
            key.expose(),
            &opening.bytes(),
            random,
        )
        .map_err(|_| WrapError)?;
    Ok(WrappedCaseKey {
        position: opening.position,
        key_id: KeyId::of(recipient).as_bytes().to_vec(),
        encapsulated: encapsulated.to_bytes().to_vec(),
        sealed,
    })
}

/// Opens a wrapped case key and holds it to the commitment of the opening entry.
///
/// # Errors
/// Sealed to another key, changed, or another key than the one committed to.
pub fn unwrap(
    wrapped: &WrappedCaseKey,
    genesis: &Digest,
    opening: &Place,
    commitment: &Digest,
    recipient: &OpeningKey,
) -> Result<CaseKey, UnwrapError> {
    if wrapped.key_id != recipient.id().as_bytes() {
        return Err(UnwrapError::OtherRecipient);
    }
    if wrapped.position != opening.position {
        return Err(UnwrapError::DoesNotOpen);
    }
    let opened = Encapsulated::from_bytes(&wrapped.encapsulated).and_then(|encapsulated| {
        hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &recipient.0,
            &encapsulated,
            &info(genesis),
            &wrapped.sealed,
            &opening.bytes(),
        )
    });
    let opened = Zeroizing::new(opened.map_err(|_| UnwrapError::DoesNotOpen)?);
    CaseKey::from_slice(&opened)
        .filter(|key| key.fits(opening, commitment))
        .ok_or(UnwrapError::OtherKey)
}

fn info(genesis: &Digest) -> Vec<u8> {
    [CASE_KEY, genesis.as_bytes()].concat()
}
