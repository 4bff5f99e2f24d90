//! Reading a keyring of version 1, to take it over: one file, sealed under the key of the
//! passphrase itself, in which no key could be destroyed.
//!
//! ```text
//! keyring = header frame*
//! header  = "readmit keyring 1\n" memory_kib:u32 passes:u32 lanes:u32 salt:16
//! frame   = length:u32 nonce:12 sealed          (length counts nonce and sealed)
//! sealed  = AES-256-GCM-SIV(key of the passphrase, nonce, content;
//!                           header ‖ number of the frame:u64)
//! content = secrets in frame 0, then (case id:16 ‖ case key:32)+
//! secrets = log key seed:32 ‖ HPKE private key:32 ‖ node secret:32 ‖ local secret:32
//! ```

use std::collections::HashMap;
use std::path::Path;

use domain::identifier::CaseId;
use record::key::SigningKeyInMemory;
use record::seal::CaseKey;
use record::wrap::OpeningKey;

use super::contents::{Contents, SECRET_LENGTH, Secret};
use super::error::{KeyringError, corrupt, wrong_passphrase};
use super::wrapping::{DERIVATION_LENGTH, PassphraseKey, frame_at, is_last};
use crate::config::Passphrase;

pub(super) const MAGIC: &[u8] = b"readmit keyring 1\n";
const HEADER_LENGTH: usize = MAGIC.len() + DERIVATION_LENGTH;
const CASE_LENGTH: usize = CaseId::LENGTH + 32;

/// Reads all of it. A last frame that a crash has torn is left out.
pub(super) fn read(
    path: &Path,
    bytes: &[u8],
    passphrase: &Passphrase,
) -> Result<(PassphraseKey, Contents), KeyringError> {
    let header = bytes.get(..HEADER_LENGTH).filter(|header| header.starts_with(MAGIC));
    let header = header.ok_or_else(|| corrupt(path, 0))?;
    let derivation = header.get(MAGIC.len()..).unwrap_or_default();
    let key =
        PassphraseKey::derive(derivation, passphrase).ok_or_else(|| corrupt(path, MAGIC.len()))?;
    let sealing = key.as_sealing();
    let first = frame_at(bytes, HEADER_LENGTH).ok_or_else(|| corrupt(path, HEADER_LENGTH))?;
    let secrets = sealing.open_frame(header, 0, first).ok_or_else(|| wrong_passphrase(path))?;
    let mut contents = read_secrets(&secrets).ok_or_else(|| corrupt(path, HEADER_LENGTH))?;
    let (mut end, mut frames) = (HEADER_LENGTH + 4 + first.len(), 1);
    while end < bytes.len() {
        let frame = frame_at(bytes, end);
        let content = frame.and_then(|frame| sealing.open_frame(header, frames, frame));
        let (Some(frame), Some(content)) = (frame, content) else {
            if is_last(bytes, end) {
                break;
            }
            return Err(corrupt(path, end));
        };
        read_case_keys(&content, &mut contents.cases).ok_or_else(|| corrupt(path, end))?;
        end += 4 + frame.len();
        frames += 1;
    }
    Ok((key, contents))
}

fn read_secrets(bytes: &[u8]) -> Option<Contents> {
    let (parts, rest) = bytes.as_chunks::<SECRET_LENGTH>();
    let [log, hpke, node, local] = parts else {
        return None;
    };
    rest.is_empty().then_some(())?;
    Some(Contents {
        node: Secret::from_bytes(node),
        local: Some(Secret::from_bytes(local)),
        log: vec![SigningKeyInMemory::from_seed(log)],
        hpke: vec![OpeningKey::from_slice(hpke)?],
        cases: HashMap::new(),
        locals: HashMap::new(),
    })
}

fn read_case_keys(content: &[u8], keys: &mut HashMap<CaseId, CaseKey>) -> Option<()> {
    let (pairs, rest) = content.as_chunks::<CASE_LENGTH>();
    for pair in pairs {
        let (case, key) = pair.split_at_checked(CaseId::LENGTH)?;
        keys.insert(CaseId::from_slice(case).ok()?, CaseKey::from_slice(key)?);
    }
    rest.is_empty().then_some(())
}
