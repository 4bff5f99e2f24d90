//! A statement of a root key, as it arrives and with whatever the root key may have signed.

use prost::Message as _;
use proto::record::v1;
use record::key::Signer as _;
use record::root_statement::RootStatement;

use crate::fixed::fixed;
use crate::form;

pub(crate) fn decode(bytes: &[u8]) {
    let _ = RootStatement::verify(bytes, &fixed().root);
}

pub(crate) fn check(bytes: &[u8]) {
    look(bytes);
    let Some(message) = form::almost::<v1::RootStatement>(bytes) else {
        return;
    };
    // Signing takes longer than all else, so only what is of this corridor is signed.
    let root = &fixed().root;
    if message.statement.is_some() {
        let genesis = root.genesis.as_bytes().to_vec();
        let author = root.author.to_string();
        look(&signed(&v1::RootStatement { genesis, author, ..message }.encode_to_vec()));
    }
}

fn look(bytes: &[u8]) {
    let fixed = fixed();
    let Ok(statement) = RootStatement::verify(bytes, &fixed.root) else {
        return;
    };
    let again = statement
        .sign(&fixed.root.genesis, fixed.root.author, &fixed.signer)
        .expect("a key in memory signs");
    assert_eq!(again, bytes, "a statement is signed again as it was read");
}

/// The one form of a COSE_Sign1 by the root key, made here from its description alone.
fn signed(payload: &[u8]) -> Vec<u8> {
    let fixed = fixed();
    let protected = [&[0xa2, 0x01, 0x27, 0x04][..], &string(fixed.signer.key_id().as_bytes())];
    let protected = string(&protected.concat());
    let context = [&b"readmit/v1/root-statement"[..], fixed.root.genesis.as_bytes()].concat();
    let to_sign =
        [&[0x84, 0x6a][..], b"Signature1", &protected, &string(&context), &string(payload)];
    let signature = fixed.signer.sign(&to_sign.concat()).expect("a key in memory signs");
    [&[0x84][..], &protected, &[0xa0], &string(payload), &string(&signature)].concat()
}

/// A CBOR byte string.
fn string(bytes: &[u8]) -> Vec<u8> {
    let head = match u8::try_from(bytes.len()) {
        Ok(length @ 0..24) => vec![0x40 | length],
        Ok(length) => vec![0x58, length],
        Err(_) => {
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            match u16::try_from(length) {
                Ok(length) => [&[0x59][..], &length.to_be_bytes()].concat(),
                Err(_) => [&[0x5a][..], &length.to_be_bytes()].concat(),
            }
        }
    };
    [&head[..], bytes].concat()
}
