//! Proof of single entries: that they were said, under a signed header. It never proves that
//! nothing else was said, so no outcome follows from it.

use domain::case::event::Statement;
use domain::chain::{Content, Heard};
use domain::identifier::State;
use proto::record::v1::{self, EntryInclusion};

use crate::canonical::{self, NotCanonical};
use crate::digest::sha256;
use crate::dispatch::{ENTRIES_MAX, Header, SignedHeader};
use crate::entry::{self, Head, Owner, Reading};
use crate::genesis::SignedGenesis;
use crate::key::KeyId;
use crate::log_id::LogId;
use crate::root_statement::{AnnouncedKey, Root, RootStatement};

/// Tells this evidence from a bundle.
const VERSION: u32 = 3;
/// Words of the root key that a proof may hold.
const ROOT_STATEMENTS_MAX: usize = 64;

/// An entry that is to be proved.
#[derive(Clone, Debug)]
pub struct Proving {
    /// The era that it stands in.
    pub era: u32,
    /// The bytes of its head.
    pub head: Vec<u8>,
    /// The bytes of its facts.
    pub facts: Vec<u8>,
    /// The inclusion proof in the log as large as the signed header says.
    pub path: Vec<[u8; 32]>,
}

/// Makes the proof. `root_statements` announce the key that signed the header.
#[must_use]
pub fn export(
    genesis: &SignedGenesis,
    root_statements: Vec<Vec<u8>>,
    signed: &SignedHeader,
    entries: Vec<Proving>,
) -> Vec<u8> {
    let entries = entries.into_iter().map(|it| EntryInclusion {
        head: it.head,
        facts: it.facts,
        path: it.path.into_iter().map(Vec::from).collect(),
        era: it.era,
    });
    canonical::encode(&v1::EntryProof {
        version: VERSION,
        genesis: Some(genesis.to_message()),
        root_statements,
        signed_header: signed.bytes().to_vec(),
        entries: entries.collect(),
    })
}

/// What a proof of entries proves.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The signed genesis.
    pub genesis: SignedGenesis,
    /// The State that said the entries.
    pub author: State,
    /// The header whose root holds them.
    pub header: Header,
    /// Its dispatch, by name.
    pub dispatch: Heard,
    /// The key that signed it, announced by the root key.
    pub key_id: KeyId,
    /// The entries.
    pub entries: Vec<Proved>,
}

/// An entry that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Its position in the log.
    pub position: u64,
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it states. A statement of the corridor is shown as stated; whether it counts is for
    /// the whole log to say.
    pub content: Content,
}

impl Proved {
    /// What it states, where it is in the shared vocabulary.
    #[must_use]
    pub fn statement(&self) -> Option<&Statement> {
        match &self.content {
            Content::Stated(statement) => Some(statement),
            Content::NotUnderstood => None,
        }
    }
}

/// Why a proof of entries proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The bytes are no proof of entries.
    #[error("the bytes are no proof of entries")]
    Unreadable,
    /// A proof, but not in the one encoding, of an unknown version, or without a part.
    #[error("the proof is not in the canonical form of version 3")]
    NotCanonical,
    /// The genesis does not hold.
    #[error("genesis: it is not in range, or not signed by both root keys ({0})")]
    Genesis(String),
    /// The header cannot be read, or is of no State of the corridor.
    #[error("header: it cannot be read here")]
    NoHeader,
    /// A word of the root key announces no log key of the author.
    #[error("root statement {index}: it announces no log key of the author")]
    RootStatement {
        /// Its place in the proof.
        index: usize,
    },
    /// The header is not signed by a key that the proof announces.
    #[error("header: it is not signed by a key that the proof announces")]
    NotSigned,
    /// An entry is not under the root of the header.
    #[error("entry {index}: it is not under the signed root")]
    NotIncluded {
        /// Its place in the proof.
        index: usize,
    },
    /// The facts of an entry are not those that its head names.
    #[error("entry {index}: the facts are not those that the head names")]
    OtherFacts {
        /// Its place in the proof.
        index: usize,
    },
    /// An entry belongs to nobody in the era that the proof names.
    #[error("entry {index}: it belongs to nobody in the era that is named")]
    OtherEra {
        /// Its place in the proof.
        index: usize,
    },
}

/// Verifies a proof of entries, with nothing but its bytes.
///
/// # Errors
/// The first thing that is wrong, in the order of the fields.
pub fn verify(bytes: &[u8]) -> Result<Verified, Invalid> {
    let proof: v1::EntryProof = canonical::decode(bytes).map_err(|error| match error {
        NotCanonical::Unreadable => Invalid::Unreadable,
        NotCanonical::OtherForm => Invalid::NotCanonical,
    })?;
    let bounded = proof.root_statements.len() <= ROOT_STATEMENTS_MAX
        && (1..=ENTRIES_MAX).contains(&proof.entries.len());
    if proof.version != VERSION || !bounded {
        return Err(Invalid::NotCanonical);
    }
    let genesis = proof.genesis.ok_or(Invalid::NotCanonical)?;
    let genesis = SignedGenesis::from_message(genesis)
        .map_err(|error| Invalid::Genesis(error.to_string()))?;
    let signed = SignedHeader::parse(&proof.signed_header).ok_or(Invalid::NoHeader)?;
    let header = *signed.header();
    let party = genesis.genesis().party(header.author).ok_or(Invalid::NoHeader)?;
    let root = Root { genesis: *genesis.digest(), author: header.author, key: party.root_key };
    let mut is_signed = false;
    for (index, word) in proof.root_statements.iter().enumerate() {
        let stated = RootStatement::verify(word, &root).ok();
        let Some(AnnouncedKey::Log(key)) = stated.and_then(|it| it.announced()) else {
            return Err(Invalid::RootStatement { index });
        };
        is_signed |= signed.verifies(genesis.digest(), &key);
    }
    if !is_signed {
        return Err(Invalid::NotSigned);
    }
    let entries = proof.entries.iter().enumerate();
    let entries = entries.map(|(index, it)| proved(&genesis, &header, index, it));
    Ok(Verified {
        author: header.author,
        header,
        dispatch: signed.as_heard(),
        key_id: signed.key_id(),
        entries: entries.collect::<Result<_, _>>()?,
        genesis,
    })
}

fn proved(
    genesis: &SignedGenesis,
    header: &Header,
    index: usize,
    it: &EntryInclusion,
) -> Result<Proved, Invalid> {
    let not_included = Invalid::NotIncluded { index };
    let path = it.path.iter().map(|hash| <[u8; 32]>::try_from(hash.as_slice()));
    let path = path.collect::<Result<Vec<_>, _>>().map_err(|_| not_included.clone())?;
    let head = Head::decode(&it.head).ok_or(not_included.clone())?;
    let leaf = merkle::leaf_hash(&it.head);
    let root = header.log_root.as_bytes();
    merkle::verify_inclusion(&leaf, head.position, header.log_size, &path, root)
        .map_err(|_| not_included)?;
    if sha256(&[&it.facts]) != head.facts_digest {
        return Err(Invalid::OtherFacts { index });
    }
    let log = LogId::shared(genesis.digest(), header.author, it.era);
    let Reading { owner, content } = entry::read(&log, &head, &it.facts);
    if owner == Owner::Nobody || it.era > header.era {
        return Err(Invalid::OtherEra { index });
    }
    Ok(Proved { position: head.position, owner, content })
}
