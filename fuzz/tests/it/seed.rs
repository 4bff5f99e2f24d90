//! Seeds for AFL++, made from the golden vectors: `SEEDS=folder cargo test -p fuzz seeds`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use fuzz::target::Target;
use prost::encoding::decode_varint;

use crate::input::vectors;

#[test]
fn seeds_are_written_where_they_are_asked_for() {
    let Some(folder) = std::env::var_os("SEEDS").map(PathBuf::from) else {
        return;
    };
    for target in Target::ALL {
        let folder = folder.join(target.name());
        std::fs::create_dir_all(&folder).unwrap();
        for (index, seed) in seeds().iter().enumerate() {
            std::fs::write(folder.join(format!("vector-{index:03}")), seed).unwrap();
        }
    }
}

/// The golden vectors, and every message that stands inside one.
fn seeds() -> BTreeSet<Vec<u8>> {
    let mut seeds: BTreeSet<Vec<u8>> = vectors().into_iter().collect();
    let mut unread: Vec<Vec<u8>> = seeds.iter().cloned().collect();
    while let Some(outer) = unread.pop() {
        let inner = fields(&outer).unwrap_or_default();
        let signed = outer.strip_prefix(SIGNED).and_then(|rest| rest.get(KEY_ID_AND_LENGTH..));
        let payload = signed.and_then(|rest| rest.get(..rest.len().checked_sub(SIGNATURE)?));
        for bytes in inner.into_iter().chain(payload.map(<[u8]>::to_vec)) {
            if bytes.len() > 4 && seeds.insert(bytes.clone()) {
                unread.push(bytes);
            }
        }
    }
    seeds
}

/// How a COSE_Sign1 begins, up to its key id.
const SIGNED: &[u8] = &[0x84, 0x55, 0xa2, 0x01, 0x27, 0x04, 0x50];
/// The key id, an empty map and the head of a payload of 24 to 255 bytes.
const KEY_ID_AND_LENGTH: usize = 16 + 1 + 2;
/// A signature with its head.
const SIGNATURE: usize = 2 + 64;

/// The length-delimited fields of a message; `None` for what is none.
fn fields(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = decode_varint(&mut bytes).ok()?;
        let number = decode_varint(&mut bytes).ok()?;
        match key & 7 {
            0 => {}
            2 => fields.push(bytes.split_off(..usize::try_from(number).ok()?)?.to_vec()),
            _ => return None,
        }
    }
    Some(fields)
}
