//! The evidence of one case, and the stand-alone verifier: nothing but the bytes is needed.
//!
//! Everything is computed again: both signatures of the genesis, every signature, digest, size,
//! root, time and `heard` of both logs, every head, and the facts of the corridor and the case.

mod export;
mod invalid;
mod log;

use domain::case::Case;
use domain::chain::{Chain, Content, Dispatch};
use domain::corridor::Corridor;
use domain::identifier::{CaseId, State};
use domain::person::Particulars;
use domain::time::Instant;
use proto::record::v1::EvidenceBundle;

pub use self::export::{StoredDispatch, StoredEntry, export, shows};
pub use self::invalid::{Invalid, Location, Reason};
use self::log::{Log, Sound};
use crate::body;
use crate::canonical;
use crate::entry::Head;
use crate::genesis::SignedGenesis;
use crate::log::FIRST_ERA;
use crate::log_id::LogId;
use crate::seal::{CaseKey, Place, Purpose};

/// The one version of the bundle.
const VERSION: u32 = 1;

/// Whom the tag of a head names, of the corridor and one case; `None` for anybody else, whose facts
/// are not shown.
fn concerned(log: &LogId, case: CaseId, head: &Head) -> Option<Option<CaseId>> {
    let owners = [Some(case), None];
    owners.into_iter().find(|owner| log.tag(owner.as_ref(), head.position) == head.tag)
}

/// A sealed body of the case, not yet opened.
struct SealedBody {
    log: LogId,
    position: u64,
    sealed: Vec<u8>,
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
    /// The bodies of the case that are shown, where the case key stands beside.
    pub bodies: Vec<Body>,
    /// How many bodies of the case are left out: their entries name them by digest alone.
    pub bodies_left_out: usize,
}

/// The body of an entry of the case, opened.
#[derive(Clone, Debug)]
pub struct Body {
    /// The State that said it.
    pub author: State,
    /// Position of its entry in that State's log.
    pub position: u64,
    /// What it holds; `None` where it does not open with the key of the case, or is no body: its
    /// author sealed something else under its own hash.
    pub said: Option<Particulars>,
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
    let (first_state, second_state) =
        (genesis.genesis().first().state, genesis.genesis().second().state);
    let first_log = Log::read(first_state, bundle.first.unwrap_or_default())?;
    let second_log = Log::read(second_state, bundle.second.unwrap_or_default())?;
    let first = first_log.verify(&genesis, case)?;
    let second = second_log.verify(&genesis, case)?;
    first_log.listens(&first, &second)?;
    second_log.listens(&second, &first)?;
    first.succeeds(&second)?;
    second.succeeds(&first)?;
    let corridor = genesis.genesis().corridor();
    let (first_chain, second_chain) = (first.counted(&second), second.counted(&first));
    let derived = derive(&corridor, case, &first_chain, &second_chain)
        .ok_or(Location::Bundle.fault(Reason::NoCase))?;
    let bodies = opened(&bundle.case_key, &corridor, case, [&first, &second])?;
    Ok(Verified {
        timeline: timeline(&first_chain, &second_chain),
        extent: first_log.extent().plus(second_log.extent()),
        genesis,
        corridor,
        case_id: case,
        first: first_chain,
        second: second_chain,
        case: derived,
        bodies,
        bodies_left_out: first.bodies_left_out().saturating_add(second.bodies_left_out()),
    })
}

/// Opens the bodies that are shown, once the case key is known to be the one of the case.
fn opened(
    case_key: &[u8],
    corridor: &Corridor,
    case: CaseId,
    logs: [&Sound; 2],
) -> Result<Vec<Body>, Invalid> {
    let sealed = || logs.into_iter().flat_map(|log| log.bodies.iter().map(move |it| (log, it)));
    if case_key.is_empty() {
        let stray = sealed().next().map(|(log, body)| {
            let place = Location::Entry { author: log.chain.author, position: body.position };
            place.fault(Reason::StrayBody)
        });
        return stray.map_or(Ok(Vec::new()), Err);
    }
    let founder = corridor.founder_of(&case);
    let key = CaseKey::from_slice(case_key);
    let opening = logs.into_iter().find(|log| log.chain.author == founder);
    let opening = opening.and_then(|log| log.opening.as_ref());
    let key = key
        .zip(opening)
        .filter(|(key, (place, commitment))| key.fits(place, commitment))
        .map(|(key, _)| key)
        .ok_or(Location::Bundle.fault(Reason::OtherKey))?;
    let open = |(log, body): (&Sound, &SealedBody)| {
        let place = Place { log: body.log, position: body.position, case };
        let read = key.open(&place, Purpose::Body, &body.sealed).ok();
        let said = read.and_then(|bytes| body::decode(&bytes).ok());
        Body { author: log.chain.author, position: body.position, said }
    };
    Ok(sealed().map(open).collect())
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
