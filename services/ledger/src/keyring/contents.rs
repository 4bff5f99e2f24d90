//! What a keyring holds: the node's secret, its log and HPKE keys, and the keys of cases.
//!
//! ```text
//! content = item+
//! item    = 1 node secret:32 | 2 local secret:32 | 3 log key seed:32 | 4 HPKE private key:32
//!         | 5 case id:16 case key:32 | 6 case id:16 local key:32
//! ```
//!
//! Log and HPKE keys stand in the order in which they were made: the last one is the newest. The
//! local secret is there only in a keyring that was just taken over from version 1, which derived
//! the local key of each case from it: a derived key cannot be destroyed alone.

use std::collections::HashMap;

use domain::identifier::{CaseId, Digest, Founder};
use event_store::StreamId;
use hmac::{Hmac, Mac};
use record::key::{PublicKey, Signer as _, SigningKeyInMemory};
use record::random::CryptoRng;
use record::seal::CaseKey;
use record::wrap::OpeningKey;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::PublicKeys;
use super::wrapping::FRAME_BYTES_MAX;

pub(super) const SECRET_LENGTH: usize = 32;

const NODE_SECRET: u8 = 1;
const LOCAL_SECRET: u8 = 2;
const LOG_KEY: u8 = 3;
const HPKE_KEY: u8 = 4;
const CASE_KEY: u8 = 5;
const LOCAL_KEY: u8 = 6;

/// Everything that a keyring holds.
pub(crate) struct Contents {
    pub(super) node: Secret,
    pub(super) local: Option<Secret>,
    pub(crate) log: Vec<SigningKeyInMemory>,
    pub(crate) hpke: Vec<OpeningKey>,
    /// Shared with the partner.
    pub(crate) cases: HashMap<CaseId, CaseKey>,
    /// Of what the State keeps to itself.
    pub(crate) locals: HashMap<CaseId, CaseKey>,
}

/// A key of a case that is to be kept.
#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    pub(crate) case: CaseId,
    pub(crate) key: CaseKey,
    pub(crate) reach: Reach,
}

/// Who else has a key of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The partner.
    Shared,
    /// Nobody: it is wrapped for no one.
    Local,
}

/// A secret that others are derived from; wiped when dropped, never printed.
pub(crate) struct Secret(Zeroizing<[u8; SECRET_LENGTH]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contents(withheld)")
    }
}

impl Secret {
    fn generate(random: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
        random.fill_bytes(secret.as_mut());
        Self(secret)
    }

    pub(super) fn from_bytes(bytes: &[u8; SECRET_LENGTH]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// HMAC-SHA-256 over parts, each preceded by its length.
    fn derive(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.0.as_ref())
            .expect("a key of any length is taken");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl Contents {
    /// Fresh keys and secrets.
    pub(super) fn generate(random: &mut impl CryptoRng) -> Self {
        Self {
            node: Secret::generate(random),
            local: None,
            log: vec![SigningKeyInMemory::generate(random)],
            hpke: vec![OpeningKey::generate(random)],
            cases: HashMap::new(),
            locals: HashMap::new(),
        }
    }

    /// The newest log and HPKE key; `None` where there is none.
    pub(super) fn public_keys(&self) -> Option<PublicKeys> {
        let (log, hpke) = self.log.last().zip(self.hpke.last())?;
        Some(PublicKeys { log: log.public_key(), hpke: hpke.public_key() })
    }

    /// Gives each of these cases the local key that version 1 derived for it, if it has none yet,
    /// and forgets the secret.
    pub(crate) fn settle_locals(&mut self, cases: impl IntoIterator<Item = CaseId>) {
        let Some(secret) = self.local.take() else {
            return;
        };
        for case in cases {
            let derived = secret.derive(&[b"local case key", case.as_bytes()]);
            let key = CaseKey::from_slice(derived.as_ref()).expect("a derived key has 32 bytes");
            self.locals.entry(case).or_insert(key);
        }
    }

    /// Forgets both keys of a case; whether there was any.
    pub(crate) fn forget(&mut self, case: &CaseId) -> bool {
        let (shared, local) = (self.cases.remove(case), self.locals.remove(case));
        shared.is_some() || local.is_some()
    }

    /// The contents of the frames of a whole epoch: the node's own first, in a frame of its own.
    pub(super) fn encode(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let mut own = Zeroizing::new(Vec::new());
        let mut push = |tag: u8, bytes: &[u8]| {
            own.push(tag);
            own.extend_from_slice(bytes);
        };
        push(NODE_SECRET, self.node.0.as_ref());
        if let Some(local) = &self.local {
            push(LOCAL_SECRET, local.0.as_ref());
        }
        for key in &self.log {
            push(LOG_KEY, key.seed().as_ref());
        }
        for key in &self.hpke {
            push(HPKE_KEY, key.expose().as_ref());
        }
        let mut frames = vec![own];
        let of = |reach, keys: &HashMap<CaseId, CaseKey>| {
            let new =
                keys.iter().map(|(case, key)| NewKey { case: *case, key: key.clone(), reach });
            new.collect::<Vec<_>>()
        };
        frames.extend(encode_keys(&of(Reach::Shared, &self.cases)));
        frames.extend(encode_keys(&of(Reach::Local, &self.locals)));
        frames
    }
}

/// The contents of frames with keys of cases.
pub(super) fn encode_keys(keys: &[NewKey]) -> Vec<Zeroizing<Vec<u8>>> {
    const LENGTH: usize = 1 + CaseId::LENGTH + 32;
    let frame = |keys: &[NewKey]| {
        let mut content = Zeroizing::new(Vec::with_capacity(keys.len() * LENGTH));
        for NewKey { case, key, reach } in keys {
            content.push(match reach {
                Reach::Shared => CASE_KEY,
                Reach::Local => LOCAL_KEY,
            });
            content.extend_from_slice(case.as_bytes());
            content.extend_from_slice(key.expose());
        }
        content
    };
    keys.chunks(FRAME_BYTES_MAX / LENGTH / 2).map(frame).collect()
}

/// Contents in the reading: frame by frame.
#[derive(Default)]
pub(super) struct Collected {
    node: Option<Secret>,
    local: Option<Secret>,
    log: Vec<SigningKeyInMemory>,
    hpke: Vec<OpeningKey>,
    cases: HashMap<CaseId, CaseKey>,
    locals: HashMap<CaseId, CaseKey>,
}

impl Collected {
    /// Adds the content of a frame; `None` where it is no content.
    pub(super) fn read(&mut self, content: &[u8]) -> Option<()> {
        let mut rest = content;
        while let Some((tag, after)) = rest.split_first() {
            rest = match *tag {
                NODE_SECRET => {
                    let (secret, rest) = after.split_first_chunk()?;
                    self.node = Some(Secret::from_bytes(secret));
                    rest
                }
                LOCAL_SECRET => {
                    let (secret, rest) = after.split_first_chunk()?;
                    self.local = Some(Secret::from_bytes(secret));
                    rest
                }
                LOG_KEY => {
                    let (seed, rest) = after.split_first_chunk()?;
                    self.log.push(SigningKeyInMemory::from_seed(seed));
                    rest
                }
                HPKE_KEY => {
                    let (key, rest) = after.split_at_checked(32)?;
                    self.hpke.push(OpeningKey::from_slice(key)?);
                    rest
                }
                CASE_KEY | LOCAL_KEY => {
                    let (case, rest) = after.split_at_checked(CaseId::LENGTH)?;
                    let (key, rest) = rest.split_at_checked(32)?;
                    let keys = if *tag == CASE_KEY { &mut self.cases } else { &mut self.locals };
                    keys.insert(CaseId::from_slice(case).ok()?, CaseKey::from_slice(key)?);
                    rest
                }
                _ => return None,
            };
        }
        Some(())
    }

    /// Everything, once all frames are read; `None` where the node's own is not whole.
    pub(super) fn finish(self) -> Option<Contents> {
        let Self { node, local, log, hpke, cases, locals } = self;
        Some(Contents { node: node?, local, log, hpke, cases, locals })
    }
}

/// What the node names things by, in memory while it runs.
#[derive(Debug)]
pub(crate) struct Secrets {
    node: Secret,
}

impl Secrets {
    pub(super) const fn new(node: Secret) -> Self {
        Self { node }
    }

    /// The id of the case that a command opens: the same for the same caller and request id, and
    /// nothing that anybody else could guess.
    pub(crate) fn case_id(&self, identity: &str, request_id: &str, founder: Founder) -> CaseId {
        let parts: [&[u8]; 3] = [b"case id", identity.as_bytes(), request_id.as_bytes()];
        let derived = self.node.derive(&parts);
        let mut id = [0; CaseId::LENGTH];
        id.iter_mut().zip(derived.iter()).for_each(|(to, from)| *to = *from);
        CaseId::new(id).founded_by(founder)
    }

    /// Names a command of a caller: the same for the same caller and request id, and nothing that
    /// a guess could be held against without the node's secret.
    pub(crate) fn command(&self, identity: &str, request_id: &str) -> Digest {
        let parts: [&[u8]; 3] = [b"command", identity.as_bytes(), request_id.as_bytes()];
        Digest::new(*self.node.derive(&parts))
    }

    /// The digest of a command's payload as it is stored, and back: what it says is personal data,
    /// and a bare digest of it could be guessed at. `command` is carried out once in a stream, so
    /// no mask is used for two payloads.
    pub(crate) fn mask(&self, stream: &StreamId, command: &[u8], digest: &[u8]) -> Vec<u8> {
        let mask = self.node.derive(&[b"payload digest", stream.as_bytes(), command]);
        digest.iter().zip(mask.iter()).map(|(byte, mask)| byte ^ mask).collect()
    }
}

/// The keys by which the State speaks and is spoken to; the writer's alone.
#[derive(Debug, Default)]
pub(crate) struct NodeKeys {
    /// In the order in which they were made.
    pub(crate) log: Vec<SigningKeyInMemory>,
    /// In the order in which they were made.
    pub(crate) hpke: Vec<OpeningKey>,
}

impl NodeKeys {
    /// Whether a log key of it has this public half.
    pub(crate) fn has_log(&self, key: &PublicKey) -> bool {
        self.log.iter().any(|held| held.public_key() == *key)
    }

    /// Whether an HPKE key of it has this public half.
    pub(crate) fn has_hpke(&self, key: &[u8; 32]) -> bool {
        self.hpke.iter().any(|held| held.public_key() == *key)
    }
}
