//! The golden vectors of the specification: made here with fixed keys, never edited by hand.
//!
//! `UPDATE_VECTORS=1 cargo test -p record vectors` writes them. What the specification says of
//! signatures and seals is computed a second time here, from primitives alone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use domain::case::event::Statement;
use domain::chain::Content;
use ed25519_dalek::{Signature, SigningKey};
use hkdf::Hkdf;
use proto::record::v1;
use record::dispatch::{Dispatch, SignedHeader};
use record::entry::Head;
use record::key::{KeyId, Signer as _};
use record::log_id::LogId;
use record::seal::Place;
use record::{body, bundle, canonical, digest, facts, rules};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::canonical::{case_of, every_statement, not_understood};
use crate::world::{World, case_id, case_key, nl, said, signed_genesis, xk};

pub(crate) fn golden(name: &str, found: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/spec/vectors");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, format!("{found:#}\n")).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let wanted: Value = serde_json::from_str(&text).unwrap();
    assert!(&wanted == found, "`docs/spec/vectors/{name}` says something else");
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(bytes)
}

/// A CBOR byte string.
fn byte_string(bytes: &[u8]) -> Vec<u8> {
    let header = match bytes.len() {
        length @ 0..24 => vec![0x40 + u8::try_from(length).unwrap()],
        length @ 24..256 => vec![0x58, u8::try_from(length).unwrap()],
        length => [&[0x59][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [&header[..], bytes].concat()
}

/// What a signature of the record is over, as the specification says it.
fn signed_bytes(key_id: &[u8], context: &[u8], payload: &[u8]) -> Vec<u8> {
    let protected = [&[0xa2, 0x01, 0x27, 0x04, 0x50][..], key_id].concat();
    let parts = [byte_string(&protected), byte_string(context), byte_string(payload)];
    [&[0x84, 0x6a][..], b"Signature1", &parts.concat()].concat()
}

/// Takes a COSE_Sign1 apart by offsets alone, and verifies it by the specification's words.
fn check_signature(cose: &[u8], seed: u8, context: &[u8], detached: Option<&[u8]>) -> Vec<u8> {
    assert_eq!(cose[..7], [0x84, 0x55, 0xa2, 0x01, 0x27, 0x04, 0x50]);
    let (key_id, rest) = cose[7..].split_at(16);
    let (middle, signature) = rest.split_at(rest.len() - 64);
    assert_eq!(middle[0], 0xa0);
    assert_eq!(middle[middle.len() - 2..], [0x58, 0x40]);
    let payload = match (detached, &middle[1..middle.len() - 2]) {
        (Some(payload), [0xf6]) => payload.to_vec(),
        (None, [0x58, length, payload @ ..]) => {
            assert_eq!(payload.len(), usize::from(*length));
            payload.to_vec()
        }
        (None, [0x59, _, _, payload @ ..]) => payload.to_vec(),
        other => panic!("{other:?}"),
    };
    let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
    assert_eq!(key_id, KeyId::of(key.as_bytes()).as_bytes());
    let signature = Signature::from_slice(signature).unwrap();
    key.verify_strict(&signed_bytes(key_id, context, &payload), &signature).unwrap();
    payload
}

#[test]
fn vectors_of_keys_and_genesis() {
    let world = World::new();
    let keys: Vec<Value> = [("NL", 1, &world.nl), ("XK", 2, &world.xk)]
        .into_iter()
        .map(|(state, seed, node)| {
            json!({
                "state": state,
                "root_seed": hex([seed; 32]),
                "root_key": hex(node.root.public_key().as_bytes()),
                "root_key_id": node.root.key_id().to_string(),
                "log_seed": hex([seed + 2; 32]),
                "log_key": hex(node.log_key.public_key().as_bytes()),
                "log_key_id": node.log_key.key_id().to_string(),
                "hpke_private_key": hex(node.opening_key.expose()),
                "hpke_key": hex(node.opening_key.public_key()),
                "hpke_key_id": node.opening_key.id().to_string(),
            })
        })
        .collect();
    golden("keys.json", &json!(keys));

    let signed = signed_genesis();
    let genesis = signed.genesis().encode();
    let message: v1::SignedGenesis = canonical::decode(&signed.encode()).unwrap();
    let context = b"readmit/v1/genesis";
    check_signature(&message.first_signature, 1, context, Some(&genesis));
    check_signature(&message.second_signature, 2, context, Some(&genesis));
    let log = |id: LogId| hex(id.as_bytes());
    golden(
        "genesis.json",
        &json!({
            "genesis": hex(&genesis),
            "digest": signed.digest().to_string(),
            "first_signature": hex(message.first_signature),
            "second_signature": hex(message.second_signature),
            "signed_genesis": hex(signed.encode()),
            "log_of_nl_era_0": log(LogId::shared(signed.digest(), nl(), 0)),
            "log_of_xk_era_0": log(LogId::shared(signed.digest(), xk(), 0)),
            "log_of_nl_era_1": log(LogId::shared(signed.digest(), nl(), 1)),
            "local_log_of_nl": log(LogId::local(signed.digest(), nl())),
        }),
    );
}

#[test]
fn vectors_of_facts() {
    let understood: Vec<Value> = every_statement()
        .iter()
        .map(|statement| {
            json!({
                "kind": statement.kind().number(),
                "name": format!("{:?}", statement.kind()),
                "facts": hex(facts::encode(case_of(statement), statement)),
            })
        })
        .collect();
    // Facts that are too long are left out for their size.
    let short = not_understood().into_iter().filter(|(_, bytes)| bytes.len() < 1_000);
    let not_understood: Vec<Value> =
        short.map(|(why, bytes)| json!({ "why": why, "facts": hex(bytes) })).collect();
    let compiled = rules::encode(&crate::world::rules());
    golden(
        "facts.json",
        &json!({
            "case_id": hex(case_id().as_bytes()),
            "understood": understood,
            "not_understood": not_understood,
            "compiled_rules": hex(&compiled),
            "compiled_rules_digest": digest::sha256(&[&compiled]).to_string(),
        }),
    );
}

#[test]
fn vectors_of_seals() {
    let world = World::story();
    let dispatch = &world.nl.sent[1];
    let entry = &dispatch.entries[0];
    let head = Head::decode(&entry.head).unwrap();
    let place = Place { log: *world.nl.own.log(), position: head.position, case: case_id() };
    let plain = body::encode(&said());
    let sealed = entry.sealed_body.clone().unwrap();

    // The specification's words, from primitives alone.
    let era = 0_u32.to_be_bytes();
    let info = [b"readmit/v1/sub-key", &place.log.as_bytes()[..], &era, b"body"].concat();
    let mut sub_key = [0; 32];
    Hkdf::<Sha256>::new(None, case_key().expose()).expand(&info, &mut sub_key).unwrap();
    let aad =
        [&place.log.as_bytes()[..], &place.position.to_be_bytes(), case_id().as_bytes()].concat();
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&place.position.to_be_bytes());
    let cipher = Aes256GcmSiv::new_from_slice(&sub_key).unwrap();
    let payload = Payload { msg: &sealed, aad: &aad };
    let opened = cipher.decrypt(&Nonce::from(nonce), payload).unwrap();
    assert_eq!(opened, *plain);
    let commitment =
        digest::sha256(&[b"readmit/v1/case-key-commitment", &aad, case_key().expose()]);
    assert_eq!(head.case_key_commitment, Some(commitment));

    let wrapped = &dispatch.case_keys[0];
    let info = [b"readmit/v1/case-key", &world.genesis.digest().as_bytes()[..]].concat();
    golden(
        "seals.json",
        &json!({
            "case_key": hex(case_key().expose()),
            "log": hex(place.log.as_bytes()),
            "position": place.position,
            "case_id": hex(case_id().as_bytes()),
            "associated_data": hex(&aad),
            "sub_key": hex(sub_key),
            "nonce": hex(nonce),
            "body": hex(&*plain),
            "sealed_body": hex(&sealed),
            "commitment": commitment.to_string(),
            "facts": hex(&entry.facts),
            "head": hex(&entry.head),
            "leaf_hash": hex(merkle::leaf_hash(&entry.head)),
            "wrap": {
                "recipient_private_key": hex(world.xk.opening_key.expose()),
                "info": hex(&info),
                "key_id": hex(&wrapped.key_id),
                "encapsulated": hex(&wrapped.encapsulated),
                "sealed": hex(&wrapped.sealed),
            },
        }),
    );
}

#[test]
fn vectors_of_dispatches() {
    let world = World::story();
    let told = |seed: u8, sent: &[Dispatch]| -> Vec<Value> {
        sent.iter().map(|dispatch| told_dispatch(&world, seed, dispatch)).collect()
    };
    golden(
        "dispatches.json",
        &json!({ "NL": told(3, &world.nl.sent), "XK": told(4, &world.xk.sent) }),
    );
}

fn told_dispatch(world: &World, seed: u8, dispatch: &Dispatch) -> Value {
    let signed: &SignedHeader = &dispatch.signed_header;
    let context = [b"readmit/v1/dispatch", &world.genesis.digest().as_bytes()[..]].concat();
    let payload = check_signature(signed.bytes(), seed, &context, None);
    assert_eq!(payload, signed.header().encode());
    for entry in &dispatch.entries {
        let Content::Stated(statement) = facts::read(&entry.facts) else { panic!() };
        if let Statement::KeyAnnounced(announced) = Arc::unwrap_or_clone(statement) {
            let digest = world.genesis.digest().as_bytes();
            let context = [b"readmit/v1/root-statement", &digest[..]].concat();
            check_signature(&announced.root_statement, seed - 2, &context, None);
        }
    }
    json!({
        "number": signed.header().number,
        "time": signed.header().time.to_string(),
        "log_size": signed.header().log_size,
        "log_root": signed.header().log_root.to_string(),
        "header": hex(&payload),
        "digest": signed.digest().to_string(),
        "key_id": signed.key_id().to_string(),
        "signed_bytes": hex(signed_bytes(signed.key_id().as_bytes(), &context, &payload)),
        "signed_header": hex(signed.bytes()),
        "dispatch": hex(dispatch.encode()),
    })
}

#[test]
fn vectors_of_a_bundle() {
    let world = World::story();
    let [first, second] = world.stored();
    let bytes = bundle::export(&world.genesis, case_id(), [first, second], None);
    let verified = bundle::verify(&bytes).unwrap();
    assert!(verified.case.outcome.accepted().is_some());
    // One flipped bit in every ninety-seventh byte, with the place that must be named.
    let flipped: Vec<Value> = (0..bytes.len())
        .step_by(97)
        .map(|index| {
            let mut flipped = bytes.clone();
            flipped[index] ^= 0x04;
            let fault = bundle::verify(&flipped).unwrap_err();
            json!({ "byte": index, "xor": 4, "place": fault.place.to_string() })
        })
        .collect();
    golden(
        "bundle.json",
        &json!({
            "case_id": hex(case_id().as_bytes()),
            "bundle": hex(&bytes),
            "dispatches": verified.extent.dispatches,
            "entries": verified.extent.entries,
            "invalid": flipped,
        }),
    );
}
