//! Proven faults of a log: two signed headers that cannot both be right.
//!
//! A fault is proved by headers alone, so that a proof is small, can be stated on the record and
//! verified by anybody. A dispatch that is wrong in another way (a head under its root, a word of
//! the root key that is missing) is kept whole and proves itself; it freezes nothing.

use domain::case::event::{self, FaultProved, Opaque};
use domain::chain::sparse::Dispatches;
use domain::chain::{Dispatch, Heard};
use domain::identifier::Digest;

use crate::breach::{self, Before, Breach};
use crate::dispatch::{Header, SignedHeader};
use crate::era::Frozen;
use crate::key::PublicKey;
use crate::key_directory::KeyDirectory;

/// A fault that two headers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shown {
    /// Two dispatches under one number of one era.
    #[error("two dispatches under one number")]
    Equivocation,
    /// The second does not continue the first.
    #[error("a dispatch does not continue the one before it: {0}")]
    BrokenChain(Breach),
}

impl Shown {
    const fn kind(self) -> event::Fault {
        match self {
            Self::Equivocation => event::Fault::Equivocation,
            Self::BrokenChain(_) => event::Fault::BrokenChain,
        }
    }
}

/// The fault that two headers of one author and era show; `None` where both may stand.
#[must_use]
pub fn shown(stored: &SignedHeader, rival: &SignedHeader) -> Option<Shown> {
    let (first, second) = (stored.header(), rival.header());
    if (first.author, first.era) != (second.author, second.era) {
        return None;
    }
    if first.number == second.number {
        return (stored.digest() != rival.digest()).then_some(Shown::Equivocation);
    }
    if first.number.checked_add(1) != Some(second.number) {
        return None;
    }
    breach::between(&Before::from(stored), second).map(Shown::BrokenChain)
}

/// The statement that proves a fault; `None` where the two headers show none. `announcement` is
/// the word of the root key by which the rival's first entry announces the key that signed it,
/// where only that does.
#[must_use]
pub fn prove(
    stored: &SignedHeader,
    rival: &SignedHeader,
    announcement: Option<&[u8]>,
) -> Option<FaultProved> {
    let fault = shown(stored, rival)?.kind();
    Some(FaultProved {
        fault,
        number: rival.header().number,
        stored: Opaque(stored.bytes().to_vec()),
        rival: Opaque(rival.bytes().to_vec()),
        announcement: announcement.map(|it| Opaque(it.to_vec())),
    })
}

/// The log that is accused, as far as its part in a proof goes.
pub trait Accused {
    /// What its root key has stated.
    fn keys(&self) -> &KeyDirectory;

    /// Digest of its dispatch of a number, in the chain.
    fn digest(&self, number: u64) -> Option<Digest>;
}

/// What a statement of a fault proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The fault.
    pub fault: Shown,
    /// The header in the chain.
    pub stored: Header,
    /// The header that contradicts it.
    pub rival: Header,
}

/// What a `FaultProved` proves that stands in a dispatch which has `heard` this much of the
/// accused log; `None` where it does not count. Only what its author had heard is asked, so what
/// is revoked later takes nothing back.
#[must_use]
pub fn proven(
    proved: &FaultProved,
    heard: Option<Heard>,
    accused: &impl Accused,
) -> Option<Proven> {
    let stored = SignedHeader::parse(&proved.stored.0)?;
    let rival = SignedHeader::parse(&proved.rival.0)?;
    let known = heard?.number;
    let keys = accused.keys();
    let (first, second) = (stored.header(), rival.header());
    let fault = shown(&stored, &rival)?;
    let as_said = fault.kind() == proved.fault && second.number == proved.number;
    let in_chain = first.number <= known
        && accused.digest(first.number) == Some(*stored.digest())
        && first.author == keys.root().author;
    if !as_said || !in_chain {
        return None;
    }
    let first_key = keys.signed_in_its_turn(first.number, stored.key_id())?;
    let second_key = rival_key(keys, &rival, proved.announcement.as_ref(), known)?;
    let genesis = &keys.root().genesis;
    let signed = stored.verifies(genesis, &first_key) && rival.verifies(genesis, &second_key);
    signed.then_some(Proven { fault, stored: *first, rival: *second })
}

fn rival_key(
    keys: &KeyDirectory,
    rival: &SignedHeader,
    announcement: Option<&Opaque>,
    known: u64,
) -> Option<PublicKey> {
    let (number, id) = (rival.header().number, rival.key_id());
    match announcement {
        Some(bytes) => keys.announced_by_itself_knowing(&bytes.0, number, id, known),
        None => keys.may_sign_knowing(number, id, known),
    }
}

/// How a proven fault freezes the accused log; `None` where it does not: the rival is of a number
/// of which `accuser` shows that it was heard, and `accused` that it heard that. `stated_in` is
/// the accuser's dispatch that states it.
#[must_use]
pub fn freezes<A: Dispatches, B: Dispatches>(
    proven: &Proven,
    stated_in: &Dispatch,
    accused: &A,
    accuser: &B,
) -> Option<Frozen> {
    let last = stated_in.heard?;
    let number = proven.rival.number;
    let settled = accused
        .by_number(number)
        .and_then(|dispatch| accuser.first_to_hear(&dispatch))
        .zip(accused.by_number(last.number).and_then(|dispatch| dispatch.heard))
        .is_some_and(|(receipt, heard)| {
            receipt.number < stated_in.number && heard.number >= receipt.number
        });
    let of_era = proven.stored.era == last.era;
    (!settled && of_era).then_some(Frozen { stated_in: stated_in.number, last })
}
