//! A case, derived from two logs whose authors may say anything that is well formed.
//!
//! The bytes are a bundle. No signature is asked for; instead the logs are put right where a
//! signed log is always right (numbers, times, what was heard, digests and tags), and left as
//! they are in all that their authors may choose.

use std::collections::BTreeMap;

use domain::case::Case;
use domain::chain::{Chain, Content, Dispatch, Entry, Heard};
use domain::identifier::{CaseId, Digest, State};
use domain::invariant;
use domain::time::Instant;
use prost::Message as _;
use proto::record::v1::facts::Statement as Wire;
use proto::record::v1::{
    AgreementAdopted, AgreementReference, DispatchEvidence, EvidenceBundle, Facts, Header,
    LogEvidence,
};
use record::digest::sha256;
use record::dispatch::{ENTRIES_MAX, SignedHeader};
use record::facts;

use crate::fixed::fixed;
use crate::form;

/// Most dispatches that are read of each log: what is quadratic stays quick.
const DISPATCHES_MAX: usize = 64;

pub(crate) fn decode(bytes: &[u8]) {
    if let Ok(bundle) = record::canonical::decode::<EvidenceBundle>(bytes) {
        let _ = derived(bundle);
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let Some((case, first, second)) = form::almost::<EvidenceBundle>(bytes).map(derived) else {
        return;
    };
    for (one, other) in [(&first, &second), (&second, &first)] {
        if let Err(broken) = invariant::log_is_sound(one, other, fixed().corridor.skew) {
            panic!("the logs that were put right are not: {broken}");
        }
    }
    if let Some(case) = case {
        holds(&case, &first, &second);
    }
}

/// What holds of every case that was derived.
pub(crate) fn holds(case: &Case, first: &Chain, second: &Chain) {
    let same = invariant::same_case(case, first, second);
    if let Err(broken) = same.and_then(|()| invariant::silence_is_proved(case)) {
        panic!("{broken}");
    }
    for state in [case.requesting, case.requested] {
        let _ = case.labels(state);
        let _ = case.offices(state);
    }
    let _ = case.deadlines();
    let _ = case.explain();
}

fn derived(bundle: EvidenceBundle) -> (Option<Case>, Chain, Chain) {
    let corridor = &fixed().corridor;
    let case = CaseId::from_slice(&bundle.case_id).unwrap_or(fixed().opening.case);
    let logs = [bundle.first, bundle.second].map(|log| read(log.unwrap_or_default()));
    let adopted = logs.iter().flatten().flat_map(|it| &it.1).find_map(|facts| adoption(facts));
    let [first, second] = logs;
    let mut first = Log::new(corridor.first, first, adopted.as_ref());
    let mut second = Log::new(corridor.second, second, adopted.as_ref());
    // Each says what it can say with what it has heard, in turn, so that none has heard what has
    // heard itself.
    while first.more() || second.more() {
        let firsts = first.says(&second, Patience::Waits);
        let seconds = second.says(&first, Patience::Waits);
        if firsts || seconds {
            continue;
        }
        if !first.says(&second, Patience::Clamps) {
            second.says(&first, Patience::Clamps);
        }
    }
    (Case::of(corridor, case, &first.chain, &second.chain), first.chain, second.chain)
}

/// A dispatch of a bundle: its header, and the facts of its entries.
type Unsigned = (Header, Vec<Vec<u8>>);

fn read(log: LogEvidence) -> Vec<Unsigned> {
    let unsigned = |it: DispatchEvidence| {
        let signed = SignedHeader::parse(&it.signed_header).map(|it| it.header().encode());
        let header = form::almost(&signed.unwrap_or(it.signed_header)).unwrap_or_default();
        let facts = it.entries.into_iter().take(ENTRIES_MAX).map(|entry| entry.facts);
        (header, facts.collect())
    };
    log.dispatches.into_iter().take(DISPATCHES_MAX).map(unsigned).collect()
}

fn adoption(facts: &[u8]) -> Option<AgreementAdopted> {
    match form::almost::<Facts>(facts)?.statement {
        Some(Wire::AgreementAdopted(it)) => {
            Some(AgreementAdopted { digest: sha256(&[&it.rules]).as_bytes().to_vec(), ..it })
        }
        _ => None,
    }
}

/// Whether a dispatch waits for what it says that it has heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// Until the other log has said it.
    Waits,
    /// No longer: it has heard the last that there is.
    Clamps,
}

/// A log that is being put right.
struct Log<'a> {
    chain: Chain,
    unsaid: std::vec::IntoIter<Unsigned>,
    adopted: Option<&'a AgreementAdopted>,
}

impl<'a> Log<'a> {
    fn new(
        author: State,
        dispatches: Vec<Unsigned>,
        adopted: Option<&'a AgreementAdopted>,
    ) -> Self {
        Self { chain: Chain::new(author), unsaid: dispatches.into_iter(), adopted }
    }

    fn more(&self) -> bool {
        !self.unsaid.as_slice().is_empty()
    }

    /// Says the next dispatch; whether it did.
    fn says(&mut self, other: &Log<'_>, patience: Patience) -> bool {
        let Some((header, _)) = self.unsaid.as_slice().first() else {
            return false;
        };
        let there = other.chain.dispatches.len() as u64;
        let wanted = header.heard.as_ref().map(|heard| heard.number);
        if patience == Patience::Waits && wanted.is_some_and(|number| number >= there) {
            return false;
        }
        let Some((header, facts)) = self.unsaid.next() else {
            return false;
        };
        let before = self.chain.head().copied();
        let earlier = before.and_then(|it| it.heard).map(|heard| heard.number);
        let number = wanted.max(earlier).map(|number| number.min(there.saturating_sub(1)));
        let heard = number.and_then(|number| other.chain.dispatches.get(&number));
        let skew = fixed().corridor.skew;
        let time = Instant::from_ms(header.time_ms)
            .max(before.map_or(Instant::from_ms(0), |it| it.time))
            .max(heard.map_or(Instant::from_ms(0), |it| it.time.less(skew)));
        let number = self.chain.dispatches.len() as u64;
        let dispatch = Dispatch {
            number,
            time,
            digest: sha256(&[self.chain.author.code().as_bytes(), &number.to_be_bytes()]),
            heard: heard.map(|it| Heard { era: 0, number: it.number, digest: it.digest }),
        };
        self.chain.dispatches.insert(number, dispatch);
        for facts in facts {
            let entry = self.entry(number, &facts, other);
            self.chain.entries.push(entry);
        }
        true
    }

    fn entry(&self, dispatch: u64, bytes: &[u8], other: &Log<'_>) -> Entry {
        let position = self.chain.entries.len() as u64;
        let bytes = form::almost::<Facts>(bytes)
            .map(|facts| self.fitting(facts, &other.chain.dispatches).encode_to_vec())
            .unwrap_or_default();
        let content = facts::read(&bytes);
        let corridor = matches!(&content, Content::Stated(statement)
            if statement.kind().speaker() == domain::case::event::Speaker::Corridor);
        let case = facts::claimed_case(&bytes).filter(|_| !corridor);
        Entry { position, dispatch, case, content }
    }

    /// The same facts, naming digests that are there to be named.
    fn fitting(&self, facts: Facts, said: &BTreeMap<u64, Dispatch>) -> Facts {
        let Facts { case_id, mut statement } = facts;
        match (&mut statement, self.adopted) {
            (Some(Wire::AgreementAdopted(it)), Some(adopted)) if it.version == adopted.version => {
                it.clone_from(adopted);
            }
            (Some(Wire::RequestFiled(it)), Some(adopted)) => {
                it.under = Some(AgreementReference {
                    agreement: adopted.agreement.clone(),
                    version: adopted.version,
                    digest: adopted.digest.clone(),
                });
            }
            (Some(Wire::SilenceClaimed(it)), _) => {
                if let Some(cited) = &mut it.cited
                    && let Some(dispatch) = said.get(&cited.number)
                {
                    cited.digest = Digest::as_bytes(&dispatch.digest).to_vec();
                }
            }
            _ => {}
        }
        Facts { case_id, statement }
    }
}
