//! COSE_Sign1 in the one form that the record uses: EdDSA and key id protected, nothing
//! unprotected, untagged.

use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, SignatureContext, iana,
    sig_structure_data,
};

use crate::key::{KeyId, PublicKey, SignError, Signer};

/// A COSE_Sign1 that was read and not yet verified.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) key_id: KeyId,
    message: CoseSign1,
}

/// Whether the signed bytes stand inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Attached,
    Detached,
}

/// Signs `payload`; `context` is the external associated data.
pub(crate) fn sign(
    payload: &[u8],
    placed: Payload,
    context: &[u8],
    signer: &dyn Signer,
) -> Result<Vec<u8>, SignError> {
    let unsigned = frame(signer.key_id(), Vec::new(), None);
    let signature = signer.sign(&signed_bytes(&unsigned, context, payload))?;
    let payload = match placed {
        Payload::Attached => Some(payload.to_vec()),
        Payload::Detached => None,
    };
    Ok(bytes_of(frame(signer.key_id(), signature.to_vec(), payload)))
}

impl Signed {
    /// Reads the one form; `None` for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let message = CoseSign1::from_slice(bytes).ok()?;
        let key_id = KeyId::from_slice(&message.protected.header.key_id)?;
        let same = frame(key_id, message.signature.clone(), message.payload.clone());
        let one_form = message.signature.len() == 64 && bytes_of(same.clone()) == bytes;
        one_form.then_some(Self { key_id, message: same })
    }

    /// The bytes inside; `None` when detached.
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        self.message.payload.as_deref()
    }

    /// Whether `key` signed what stands inside.
    pub(crate) fn verifies(&self, context: &[u8], key: &PublicKey) -> bool {
        self.payload().is_some_and(|payload| self.verifies_payload(payload, context, key))
    }

    /// Whether `key` signed `payload`, which does not stand inside.
    pub(crate) fn verifies_detached(
        &self,
        payload: &[u8],
        context: &[u8],
        key: &PublicKey,
    ) -> bool {
        self.payload().is_none() && self.verifies_payload(payload, context, key)
    }

    fn verifies_payload(&self, payload: &[u8], context: &[u8], key: &PublicKey) -> bool {
        key.id() == self.key_id
            && key.verifies(&signed_bytes(&self.message, context, payload), &self.message.signature)
    }
}

/// The `Sig_structure` of RFC 9052, section 4.4.
fn signed_bytes(message: &CoseSign1, context: &[u8], payload: &[u8]) -> Vec<u8> {
    let protected = message.protected.clone();
    sig_structure_data(SignatureContext::CoseSign1, protected, None, context, payload)
}

fn frame(key_id: KeyId, signature: Vec<u8>, payload: Option<Vec<u8>>) -> CoseSign1 {
    let protected = HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .key_id(key_id.as_bytes().to_vec())
        .build();
    let builder = CoseSign1Builder::new().protected(protected).signature(signature);
    match payload {
        Some(payload) => builder.payload(payload).build(),
        None => builder.build(),
    }
}

fn bytes_of(message: CoseSign1) -> Vec<u8> {
    message.to_vec().expect("headers made here always have a CBOR form")
}
