//! Portable evidence of a fault: two signed headers, and the words of the root keys by which they
//! are somebody's. Nothing else is needed, and no log.
//!
//! What it proves: that the accused State's announced keys signed both headers, and that these
//! cannot both stand. What it cannot prove without the logs: that a key was not revoked before,
//! and, of a dispatch that has heard what was never said, which of the two States is wrong. A
//! fault that two headers do not show (a head under its root, a correction that is missing) needs
//! the whole log.

use domain::chain::Heard;
use domain::identifier::State;
use proto::record::v1::FaultEvidence;

use crate::canonical::{self, NotCanonical};
use crate::digest::sha256;
use crate::dispatch::{Dispatch, Header, SignedHeader};
use crate::entry::Head;
use crate::fault::{self, Shown};
use crate::genesis::SignedGenesis;
use crate::key::{KeyId, PublicKey};
use crate::root_statement::{AnnouncedKey, Root, RootStatement};

/// Tells this evidence from a bundle.
const VERSION: u32 = 2;
/// Words of root keys that evidence may hold.
const ROOT_STATEMENTS_MAX: usize = 64;

/// What evidence of a fault is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The signed genesis.
    pub genesis: &'a SignedGenesis,
    /// The State whose log is at fault.
    pub accused: State,
    /// Words of both root keys that announce the keys which signed.
    pub root_statements: &'a [Vec<u8>],
    /// The accused State's header in the chain; where it has heard what was never said, the other
    /// State's header under that number.
    pub stored: &'a SignedHeader,
    /// The header that contradicts it.
    pub rival: &'a SignedHeader,
    /// The dispatch of the rival, where it is at hand.
    pub dispatch: Option<&'a Dispatch>,
}

/// Makes the evidence.
#[must_use]
pub fn export(material: &Material<'_>) -> Vec<u8> {
    let dispatch = material.dispatch.map(|dispatch| {
        // Wrapped keys prove nothing.
        Dispatch { case_keys: Vec::new(), ..dispatch.clone() }.encode()
    });
    canonical::encode(&FaultEvidence {
        version: VERSION,
        genesis: Some(material.genesis.to_message()),
        accused: material.accused.to_string(),
        root_statements: material.root_statements.to_vec(),
        stored: material.stored.bytes().to_vec(),
        rival: material.rival.bytes().to_vec(),
        dispatch: dispatch.unwrap_or_default(),
    })
}

/// What the evidence shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The accused State's log contradicts itself.
    Contradicts(Shown),
    /// The accused State claims to have heard a dispatch that is not the one which the other State
    /// signed under that number. Either it was never said, or the other State signed two.
    HeardAnother {
        /// What the accused claims.
        claimed: Heard,
        /// What the other State signed.
        signed: Heard,
    },
}

/// Evidence that holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The signed genesis.
    pub genesis: SignedGenesis,
    /// The State whose log is at fault.
    pub accused: State,
    /// What is shown.
    pub finding: Finding,
    /// The header that is contradicted, and who signed it.
    pub stored: Signing,
    /// The header that contradicts it, and who signed it.
    pub rival: Signing,
    /// How many entries of the rival's dispatch are shown; `None` where it is not at hand.
    pub entries: Option<usize>,
}

/// A header, and the announced key that signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The header.
    pub header: Header,
    /// Its dispatch, by name.
    pub dispatch: Heard,
    /// The key.
    pub key_id: KeyId,
    /// Serial of the root key's word that announces it.
    pub serial: u64,
}

/// Why evidence of a fault proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The bytes are no evidence of a fault.
    #[error("the bytes are no evidence of a fault")]
    Unreadable,
    /// Evidence, but not in the one encoding, of an unknown version, or without a part.
    #[error("the evidence is not in the canonical form of version 2")]
    NotCanonical,
    /// The genesis does not hold.
    #[error("genesis: it is not in range, or not signed by both root keys ({0})")]
    Genesis(String),
    /// The accused is no party to the corridor.
    #[error("accused: it is no State of this corridor")]
    Stranger,
    /// A word of a root key announces no log key of this corridor.
    #[error("root statement {index}: it announces no log key of this corridor")]
    RootStatement {
        /// Its place in the evidence.
        index: usize,
    },
    /// A header cannot be read, or is not by whom it must be.
    #[error("{which} header: it cannot be read here")]
    NoHeader {
        /// Which of the two.
        which: Which,
    },
    /// A header is not signed by a key that the evidence announces.
    #[error("{which} header: it is not signed by a key that the evidence announces")]
    NotSigned {
        /// Which of the two.
        which: Which,
    },
    /// The dispatch is not the one of the rival header.
    #[error("dispatch: it is not the one of the second header")]
    OtherDispatch,
    /// Both headers may stand.
    #[error("the two headers do not contradict each other")]
    NoFault,
}

/// One of the two headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that is contradicted.
    First,
    /// The one that contradicts it.
    Second,
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// Verifies evidence of a fault, with nothing but its bytes.
///
/// # Errors
/// The first thing that is wrong, in the order of the fields.
pub fn verify(bytes: &[u8]) -> Result<Verified, Invalid> {
    let evidence: FaultEvidence = canonical::decode(bytes).map_err(|error| match error {
        NotCanonical::Unreadable => Invalid::Unreadable,
        NotCanonical::OtherForm => Invalid::NotCanonical,
    })?;
    if evidence.version != VERSION || evidence.root_statements.len() > ROOT_STATEMENTS_MAX {
        return Err(Invalid::NotCanonical);
    }
    let genesis = evidence.genesis.ok_or(Invalid::NotCanonical)?;
    let genesis = SignedGenesis::from_message(genesis)
        .map_err(|error| Invalid::Genesis(error.to_string()))?;
    let accused = State::new(&evidence.accused).map_err(|_| Invalid::Stranger)?;
    let other = genesis.genesis().partner(accused).ok_or(Invalid::Stranger)?.state;
    let announced = announced(&genesis, &evidence.root_statements)?;
    let read = |bytes: &[u8], which: Which| {
        let signed = SignedHeader::parse(bytes).ok_or(Invalid::NoHeader { which })?;
        let signing = signing(&genesis, &signed, &announced);
        Ok((signing.ok_or(Invalid::NotSigned { which })?, signed))
    };
    let (stored_by, stored) = read(&evidence.stored, Which::First)?;
    let (rival_by, rival) = read(&evidence.rival, Which::Second)?;
    if rival.header().author != accused {
        return Err(Invalid::NoHeader { which: Which::Second });
    }
    let finding = match stored.header().author {
        author if author == accused => fault::shown(&stored, &rival).map(Finding::Contradicts),
        author if author == other => heard_another(&stored, &rival),
        _ => return Err(Invalid::NoHeader { which: Which::First }),
    };
    let entries = entries(&evidence.dispatch, &rival)?;
    let finding = finding.ok_or(Invalid::NoFault)?;
    Ok(Verified { genesis, accused, finding, stored: stored_by, rival: rival_by, entries })
}

/// A log key, and by which word of which State it is announced.
struct Announced {
    state: State,
    key: PublicKey,
    serial: u64,
}

fn announced(genesis: &SignedGenesis, words: &[Vec<u8>]) -> Result<Vec<Announced>, Invalid> {
    let parties = [genesis.genesis().first(), genesis.genesis().second()];
    let read = |(index, bytes): (usize, &Vec<u8>)| {
        let by = |party: &crate::genesis::Party| {
            let author = party.state;
            let root = Root { genesis: *genesis.digest(), author, key: party.root_key };
            let stated = RootStatement::verify(bytes, &root).ok()?;
            match stated.announced()? {
                AnnouncedKey::Log(key) => {
                    Some(Announced { state: author, key, serial: stated.serial })
                }
                AnnouncedKey::Hpke(_) => None,
            }
        };
        let found = parties.into_iter().find_map(by);
        found.ok_or(Invalid::RootStatement { index })
    };
    words.iter().enumerate().map(read).collect()
}

/// By which announced key a header is signed.
fn signing(
    genesis: &SignedGenesis,
    signed: &SignedHeader,
    announced: &[Announced],
) -> Option<Signing> {
    let header = *signed.header();
    let mut keys = announced.iter().filter(|it| it.state == header.author);
    let by = keys.find(|it| signed.verifies(genesis.digest(), &it.key))?;
    let (dispatch, serial) = (signed.as_heard(), by.serial);
    Some(Signing { header, dispatch, key_id: signed.key_id(), serial })
}

fn heard_another(own: &SignedHeader, rival: &SignedHeader) -> Option<Finding> {
    let claimed = rival.header().heard?;
    let signed = own.as_heard();
    let another = claimed.number == signed.number && claimed != signed;
    another.then_some(Finding::HeardAnother { claimed, signed })
}

/// How many entries the rival's dispatch has, where it is shown.
fn entries(bytes: &[u8], rival: &SignedHeader) -> Result<Option<usize>, Invalid> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let dispatch = Dispatch::decode(bytes).map_err(|_| Invalid::OtherDispatch)?;
    let named = dispatch.entries.iter().all(|entry| {
        Head::decode(&entry.head).is_some_and(|head| {
            let body = entry.sealed_body.as_ref().map(|body| sha256(&[body]));
            head.facts_digest == sha256(&[&entry.facts])
                && (body.is_none() || body == head.body_digest)
        })
    });
    let same = dispatch.signed_header == *rival && dispatch.case_keys.is_empty();
    if same && named { Ok(Some(dispatch.entries.len())) } else { Err(Invalid::OtherDispatch) }
}
