//! Seeds for AFL++, made from the golden vectors: `SEEDS=folder cargo test -p fuzz seeds`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::case::event::{KeyAnnounced, Statement};
use domain::identifier::{Digest, State};
use domain::time::Instant;
use fuzz::target::Target;
use merkle::Frontier;
use prost::encoding::decode_varint;
use record::dispatch::{Header, SignedHeader};
use record::entry::{Draft, Entry};
use record::entry_proof::{self, Proving};
use record::facts;
use record::fault_evidence::{self, Material};
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer as _, SigningKeyInMemory};
use record::log_id::LogId;
use record::root_statement::{AnnouncedKey, RootStatement};

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

/// The golden vectors, what is made here, and every message that stands inside one of them.
fn seeds() -> BTreeSet<Vec<u8>> {
    let mut seeds: BTreeSet<Vec<u8>> = vectors().into_iter().chain(evidence()).collect();
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

/// Evidence of an equivocation, and a proof of one entry: of the keys that sign the vectors.
fn evidence() -> [Vec<u8>; 2] {
    let signer = |seed| SigningKeyInMemory::from_seed(&[seed; 32]);
    let state = |code| State::new(code).unwrap();
    let (nl, xk) = (state("NL"), state("XK"));
    let party = |state, seed| Party { state, root_key: signer(seed).public_key() };
    let kinds = [10, 11, 12].into();
    let parties = [party(nl, 1), party(xk, 2)];
    let genesis = Genesis::found("test-fuzz", parties, Clocks::default(), kinds).unwrap();
    let signatures = [1, 2].map(|seed| genesis.sign(&signer(seed)).unwrap());
    let [first, second] = signatures;
    let genesis = SignedGenesis::new(genesis, first, second).unwrap();
    let announced = AnnouncedKey::Log(signer(3).public_key());
    let word =
        RootStatement::announcing(1, announced).sign(genesis.digest(), nl, &signer(1)).unwrap();
    let log = LogId::shared(genesis.digest(), nl, 0);
    let key = KeyAnnounced { root_statement: word.clone() };
    let draft = Draft {
        case: None,
        facts: facts::encode(None, &Statement::KeyAnnounced(key)),
        sealed_body: None,
        case_key_commitment: None,
    };
    let entry = Entry::new(&log, 0, draft).unwrap();
    let mut frontier = Frontier::default();
    frontier.push(merkle::leaf_hash(&entry.head));
    let header = |time| {
        let header = Header {
            author: nl,
            era: 0,
            number: 0,
            previous: None,
            time: Instant::from_ms(time),
            log_size: 1,
            log_root: Digest::new(frontier.root()),
            heard: None,
            corrects_clock: false,
        };
        SignedHeader::sign(&header, genesis.digest(), &signer(3)).unwrap()
    };
    let (stored, rival) = (header(1_772_438_400_000), header(1_772_438_460_000));
    let words = [word.clone()];
    let material = Material {
        genesis: &genesis,
        accused: nl,
        root_statements: &words,
        stored: &stored,
        rival: &rival,
        dispatch: None,
    };
    let proving = Proving { era: 0, head: entry.head, facts: entry.facts, path: Vec::new() };
    [
        fault_evidence::export(&material),
        entry_proof::export(&genesis, vec![word], &stored, vec![proving]),
    ]
}

#[test]
fn what_is_made_as_a_seed_holds() {
    let [fault, proof] = evidence();
    assert!(fault_evidence::verify(&fault).is_ok());
    assert!(entry_proof::verify(&proof).is_ok());
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
