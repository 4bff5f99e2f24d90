//! The evidence of one case, and the stand-alone verifier: nothing but the bytes is needed.
//!
//! Everything is computed again: both signatures of the genesis, every signature, digest, size,
//! root, time and `heard` of both logs, every head, and the facts of the corridor and the case.

use std::fmt;

use domain::case::Case;
use domain::chain::{Chain, Content, Dispatch};
use domain::corridor::Corridor;
use domain::identifier::{CaseId, Digest, State};
use domain::time::Instant;
use proto::record::v1::{DispatchEvidence, EntryEvidence, EvidenceBundle, LogEvidence};

use crate::arrival::{Fault, Known};
use crate::canonical;
use crate::chain;
use crate::digest::sha256;
use crate::dispatch::SignedHeader;
use crate::entry::{self, Head};
use crate::genesis::SignedGenesis;
use crate::log::{Breach, FIRST_ERA, LogState, Stamp};
use crate::log_id::LogId;

/// The one version of the bundle.
const VERSION: u32 = 1;

/// A stored dispatch, as a bundle is made of it.
#[derive(Clone, Debug)]
pub struct StoredDispatch {
    /// The bytes of the signed header.
    pub signed_header: Vec<u8>,
    /// Head and facts of every entry, by position.
    pub entries: Vec<StoredEntry>,
}

/// Head and facts of a stored entry.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// The bytes of the head.
    pub head: Vec<u8>,
    /// The bytes of the facts; left out of the bundle unless they are of the corridor or the case.
    pub facts: Vec<u8>,
}

/// Makes the evidence of a case from both logs, each whole from its first dispatch to its head.
#[must_use]
pub fn export(
    genesis: &SignedGenesis,
    case: CaseId,
    first: Vec<StoredDispatch>,
    second: Vec<StoredDispatch>,
) -> Vec<u8> {
    let log = |state: State, dispatches: Vec<StoredDispatch>| {
        let id = LogId::shared(genesis.digest(), state, FIRST_ERA);
        let dispatches = dispatches.into_iter().map(|stored| evidence(&id, case, stored));
        LogEvidence { era: FIRST_ERA, dispatches: dispatches.collect() }
    };
    canonical::encode(&EvidenceBundle {
        version: VERSION,
        genesis: Some(genesis.to_message()),
        case_id: case.as_bytes().to_vec(),
        first: Some(log(genesis.genesis().first().state, first)),
        second: Some(log(genesis.genesis().second().state, second)),
    })
}

fn evidence(log: &LogId, case: CaseId, stored: StoredDispatch) -> DispatchEvidence {
    let entries = stored.entries.into_iter().map(|StoredEntry { head, facts }| {
        let shown = shows(log, case, &head);
        EntryEvidence { head, facts: if shown { facts } else { Vec::new() } }
    });
    DispatchEvidence { signed_header: stored.signed_header, entries: entries.collect() }
}

/// Whether the evidence of a case shows the facts of the entry with these bytes of a head. Whoever
/// makes a bundle may leave all others out from the start.
#[must_use]
pub fn shows(log: &LogId, case: CaseId, head: &[u8]) -> bool {
    Head::decode(head).is_some_and(|head| concerns(log, case, &head))
}

/// Whether the tag of a head is the corridor's or the case's: then its facts must be shown.
fn concerns(log: &LogId, case: CaseId, head: &Head) -> bool {
    [None, Some(&case)].into_iter().any(|owner| log.tag(owner, head.position) == head.tag)
}

/// What a bundle proves.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The signed genesis.
    pub genesis: SignedGenesis,
    /// The corridor.
    pub corridor: Corridor,
    /// The case that the evidence is of.
    pub case_id: CaseId,
    /// The log of the genesis's first State, with the entries of the corridor and the case.
    pub first: Chain,
    /// The log of its second State, with the same.
    pub second: Chain,
    /// The case, derived from both.
    pub case: Case,
    /// Who said what, when, and when the partner had heard it.
    pub timeline: Vec<Said>,
    /// How much was verified.
    pub extent: Extent,
}

/// How much a bundle holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Dispatches of both logs.
    pub dispatches: u64,
    /// Entries of both logs, of every case.
    pub entries: u64,
}

/// An entry of the corridor or the case, as the timeline shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The State that said it.
    pub author: State,
    /// Its position in that State's log.
    pub position: u64,
    /// The number of its dispatch.
    pub dispatch: u64,
    /// The time of its dispatch.
    pub time: Instant,
    /// Whether it is of the case; else of the corridor.
    pub case: Option<CaseId>,
    /// What was said.
    pub content: Content,
    /// The partner's first dispatch that had heard it.
    pub heard_by_partner: Option<Dispatch>,
}

/// Why a bundle proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Invalid {
    /// Where the first fault is.
    pub place: Location,
    /// What is wrong there.
    pub reason: Reason,
}

/// A place in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The bundle as a whole.
    Bundle,
    /// The genesis.
    Genesis,
    /// A dispatch: by the State whose log it is of, and its place in that log.
    Dispatch {
        /// The State that writes the log.
        author: State,
        /// Number of the dispatch.
        number: u64,
    },
    /// An entry.
    Entry {
        /// The State that writes the log.
        author: State,
        /// Position of the entry.
        position: u64,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundle => f.write_str("bundle"),
            Self::Genesis => f.write_str("genesis"),
            Self::Dispatch { author, number } => write!(f, "log of {author}, dispatch {number}"),
            Self::Entry { author, position } => write!(f, "log of {author}, entry {position}"),
        }
    }
}

/// What is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The bytes are no bundle at all.
    #[error("the bytes are no evidence bundle")]
    Unreadable,
    /// A bundle, but not in the one encoding, or of a version that is not known.
    #[error("it is not in the canonical form of version 1")]
    NotCanonical,
    /// The genesis does not hold.
    #[error("it is not in range, or not signed by both root keys ({0})")]
    Genesis(String),
    /// The signed header cannot be read, or is of another log or number.
    #[error("the signed header cannot be read here")]
    NoHeader,
    /// The signature is not by a key that may sign this dispatch.
    #[error("it is not signed by a key that was announced for it")]
    NotSigned,
    /// The dispatch does not continue its log.
    #[error("it does not continue its log: {0}")]
    Breach(Breach),
    /// It claims to have heard what the other log does not hold.
    #[error("it has heard a dispatch that the other log does not hold")]
    HeardUnknown,
    /// Its heads are not the signed ones.
    #[error("the heads are not those under the signed root")]
    OtherHeads,
    /// Its facts are not those that the head names, or are left out.
    #[error("the facts are not those that the head names")]
    OtherFacts,
    /// Facts of another case are shown.
    #[error("facts of another case do not belong here")]
    StrayFacts,
    /// No entry opens the case.
    #[error("neither log opens the case")]
    NoCase,
}

/// Verifies a bundle, with nothing but its bytes.
///
/// # Errors
/// The first fault, in the order: bundle, genesis, the headers' form and digests, then each log
/// from its start.
pub fn verify(bytes: &[u8]) -> Result<Verified, Invalid> {
    let bundle = read(bytes).map_err(|reason| Location::Bundle.fault(reason))?;
    let genesis = bundle
        .genesis
        .ok_or(String::from("absent"))
        .and_then(|it| SignedGenesis::from_message(it).map_err(|error| error.to_string()))
        .map_err(|error| Location::Genesis.fault(Reason::Genesis(error)))?;
    let case = CaseId::from_slice(&bundle.case_id)
        .map_err(|_| Location::Bundle.fault(Reason::NotCanonical))?;
    let states = [genesis.genesis().first().state, genesis.genesis().second().state];
    let [first_state, second_state] = states;
    let first = Log::read(first_state, bundle.first.unwrap_or_default())?;
    let second = Log::read(second_state, bundle.second.unwrap_or_default())?;
    let (first_chain, first_state) = first.verify(&genesis, case)?;
    let (second_chain, second_state) = second.verify(&genesis, case)?;
    first.listens(&first_state, &second)?;
    second.listens(&second_state, &first)?;
    let corridor = genesis.genesis().corridor();
    let derived = derive(&corridor, case, &first_chain, &second_chain)
        .ok_or(Location::Bundle.fault(Reason::NoCase))?;
    Ok(Verified {
        timeline: timeline(&first_chain, &second_chain),
        extent: first.extent().plus(second.extent()),
        genesis,
        corridor,
        case_id: case,
        first: first_chain,
        second: second_chain,
        case: derived,
    })
}

fn read(bytes: &[u8]) -> Result<EvidenceBundle, Reason> {
    let bundle: EvidenceBundle = canonical::decode(bytes).map_err(|error| match error {
        canonical::NotCanonical::Unreadable => Reason::Unreadable,
        canonical::NotCanonical::OtherForm => Reason::NotCanonical,
    })?;
    let eras = [&bundle.first, &bundle.second].map(|log| log.as_ref().map(|log| log.era));
    let known = bundle.version == VERSION && eras == [Some(FIRST_ERA); 2];
    if known { Ok(bundle) } else { Err(Reason::NotCanonical) }
}

/// The one call into the rules.
fn derive(corridor: &Corridor, case: CaseId, first: &Chain, second: &Chain) -> Option<Case> {
    Case::of(corridor, case, first, second)
}

/// A log of a bundle whose headers were read, and not yet verified.
struct Log {
    author: State,
    dispatches: Vec<(SignedHeader, Vec<EntryEvidence>)>,
}

impl Log {
    fn read(author: State, evidence: LogEvidence) -> Result<Self, Invalid> {
        let numbered = (0..).zip(evidence.dispatches);
        let dispatch = |(number, it): (u64, DispatchEvidence)| {
            let fault = Location::Dispatch { author, number }.fault(Reason::NoHeader);
            let signed = SignedHeader::parse(&it.signed_header).filter(|signed| {
                let header = signed.header();
                (header.author, header.era, header.number) == (author, FIRST_ERA, number)
            });
            Ok((signed.ok_or(fault)?, it.entries))
        };
        let dispatches = numbered.map(dispatch).collect::<Result<_, _>>()?;
        Ok(Self { author, dispatches })
    }

    /// Verifies the log by itself, from its start.
    fn verify(&self, genesis: &SignedGenesis, case: CaseId) -> Result<(Chain, LogState), Invalid> {
        let no_party = || Location::Genesis.fault(Reason::Genesis("no such State".into()));
        let mut state = LogState::new(genesis, self.author).ok_or_else(no_party)?;
        let mut chain = Chain::new(self.author);
        for (signed, entries) in &self.dispatches {
            let number = signed.header().number;
            let here = Location::Dispatch { author: self.author, number };
            state.chain(signed.header()).map_err(|breach| here.fault(Reason::Breach(breach)))?;
            let heads = entries.iter().map(|entry| entry.head.as_slice());
            let (mut next, heads) =
                state.take_in_heads(signed, heads).map_err(|it| at(here, it))?;
            let mut unsigned = !state.verifies(signed);
            for (index, (head, evidence)) in heads.iter().zip(entries).enumerate() {
                let entry = facts_of(next.log(), case, head, evidence)?;
                next.announce(&entry.0, number, index);
                // Only the first entry may bring the key that signs its own dispatch.
                if index == 0 && unsigned {
                    unsigned = !next.verifies(signed);
                }
                chain
                    .entries
                    .extend(entry.1.map(|it| domain::chain::Entry { dispatch: number, ..it }));
            }
            if unsigned {
                return Err(here.fault(Reason::NotSigned));
            }
            chain.dispatches.insert(number, chain::dispatch(signed));
            state = next;
        }
        Ok((chain, state))
    }

    /// Verifies that whatever this log has heard, the other one said. Comes after both are
    /// verified by themselves, so that a changed header is found where it stands.
    fn listens(&self, state: &LogState, other: &Self) -> Result<(), Invalid> {
        for (signed, _) in &self.dispatches {
            let here = Location::Dispatch { author: self.author, number: signed.header().number };
            state.hearing(signed.header(), &Listened(other)).map_err(|it| at(here, it))?;
        }
        Ok(())
    }

    fn extent(&self) -> Extent {
        let entries = self.dispatches.iter().map(|(_, entries)| entries.len() as u64).sum();
        Extent { dispatches: self.dispatches.len() as u64, entries }
    }
}

/// Reads the facts of an entry: shown exactly where the tag is the corridor's or the case's.
fn facts_of(
    log: &LogId,
    case: CaseId,
    head: &Head,
    evidence: &EntryEvidence,
) -> Result<(entry::Reading, Option<domain::chain::Entry>), Invalid> {
    let here = Location::Entry { author: log.author(), position: head.position };
    if concerns(log, case, head) {
        if sha256(&[&evidence.facts]) != head.facts_digest {
            return Err(here.fault(Reason::OtherFacts));
        }
        let reading = entry::read(log, head, &evidence.facts);
        return Ok((reading, chain::entry(log, 0, head, &evidence.facts)));
    }
    if !evidence.facts.is_empty() {
        return Err(here.fault(Reason::StrayFacts));
    }
    let withheld = entry::Reading { owner: entry::Owner::Nobody, content: Content::NotUnderstood };
    Ok((withheld, None))
}

/// The other log, as `heard` looks into it.
struct Listened<'a>(&'a Log);

impl Known for Listened<'_> {
    fn heard(&self, number: u64) -> Option<Stamp> {
        let index = usize::try_from(number).ok()?;
        let (signed, _) = self.0.dispatches.get(index)?;
        Some(Stamp { digest: *signed.digest(), time: signed.header().time })
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        None
    }
}

/// A fault of a log, at its place in the bundle.
fn at(here: Location, fault: Fault) -> Invalid {
    match (fault, here) {
        (
            Fault::BrokenChain { breach: breach @ Breach::Head { position }, .. },
            Location::Dispatch { author, .. },
        ) => Location::Entry { author, position }.fault(Reason::Breach(breach)),
        (Fault::BrokenChain { breach, .. }, _) => here.fault(Reason::Breach(breach)),
        (Fault::HeardUnknown { .. }, _) => here.fault(Reason::HeardUnknown),
        (Fault::EntriesWithheld { .. }, _) => here.fault(Reason::OtherHeads),
        (
            Fault::NotAuthentic(_)
            | Fault::Gap { .. }
            | Fault::Future { .. }
            | Fault::Duplicate { .. }
            | Fault::Unjudged { .. }
            | Fault::Rival { .. },
            _,
        ) => here.fault(Reason::NotSigned),
    }
}

impl Location {
    const fn fault(self, reason: Reason) -> Invalid {
        Invalid { place: self, reason }
    }
}

impl Extent {
    const fn plus(self, other: Self) -> Self {
        Self {
            dispatches: self.dispatches.saturating_add(other.dispatches),
            entries: self.entries.saturating_add(other.entries),
        }
    }
}

/// Every shown entry of both logs, by time; at one time, the first State's before the second's.
fn timeline(first: &Chain, second: &Chain) -> Vec<Said> {
    let told = |chain: &Chain, partner: &Chain| -> Vec<Said> {
        let said = |entry: &domain::chain::Entry| {
            let dispatch = chain.dispatch_of(entry)?;
            Some(Said {
                author: chain.author,
                position: entry.position,
                dispatch: entry.dispatch,
                time: dispatch.time,
                case: entry.case,
                content: entry.content.clone(),
                heard_by_partner: partner.receipt_of(entry.dispatch).copied(),
            })
        };
        chain.entries.iter().filter_map(said).collect()
    };
    let mut timeline = told(first, second);
    timeline.extend(told(second, first));
    timeline.sort_by_key(|said| said.time);
    timeline
}
