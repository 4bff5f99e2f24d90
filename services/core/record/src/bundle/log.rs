//! One log of a bundle: read, verified by itself, then against the other one.

use std::collections::BTreeMap;

use domain::case::event::Statement;
use domain::chain::{Chain, Content};
use domain::identifier::{CaseId, Digest, State};
use proto::record::v1::{DispatchEvidence, EntryEvidence, LogEvidence};

use super::invalid::{Invalid, Location, Reason, at};
use super::{Extent, SealedBody, concerned};
use crate::arrival::Known;
use crate::breach::Breach;
use crate::chain;
use crate::counting::{self, Standing};
use crate::digest::sha256;
use crate::dispatch::SignedHeader;
use crate::entry::{self, Head};
use crate::era::Frozen;
use crate::fault::{self, Accused};
use crate::genesis::SignedGenesis;
use crate::key_directory::KeyDirectory;
use crate::log::{LogState, Stamp};
use crate::seal::Place;

/// A log of a bundle whose headers were read, and not yet verified.
pub(super) struct Log {
    author: State,
    dispatches: Vec<(SignedHeader, Vec<EntryEvidence>)>,
}

/// A log that was verified by itself.
pub(super) struct Sound {
    pub(super) chain: Chain,
    pub(super) state: LogState,
    /// The sealed bodies of the case that are shown.
    pub(super) bodies: Vec<SealedBody>,
    /// The first opening of the case in this log, with its commitment to the case key.
    pub(super) opening: Option<(Place, Digest)>,
    /// Digests of the bodies of the case's entries, by position.
    body_digests: BTreeMap<u64, Digest>,
    stamps: Vec<Stamp>,
}

impl Log {
    pub(super) fn read(author: State, evidence: LogEvidence) -> Result<Self, Invalid> {
        let numbered = (0..).zip(evidence.dispatches);
        let dispatch = |(number, it): (u64, DispatchEvidence)| {
            let fault = Location::Dispatch { author, number }.fault(Reason::NoHeader);
            let signed = SignedHeader::parse(&it.signed_header).filter(|signed| {
                let header = signed.header();
                (header.author, header.number) == (author, number)
            });
            Ok((signed.ok_or(fault)?, it.entries))
        };
        let dispatches = numbered.map(dispatch).collect::<Result<_, _>>()?;
        Ok(Self { author, dispatches })
    }

    /// Verifies the log by itself, from its start.
    pub(super) fn verify(&self, genesis: &SignedGenesis, case: CaseId) -> Result<Sound, Invalid> {
        let no_party = || Location::Genesis.fault(Reason::Genesis("no such State".into()));
        let state = LogState::new(genesis, self.author).ok_or_else(no_party)?;
        let mut sound = Sound {
            chain: Chain::new(self.author),
            state,
            bodies: Vec::new(),
            opening: None,
            body_digests: BTreeMap::new(),
            stamps: Vec::with_capacity(self.dispatches.len()),
        };
        for (signed, entries) in &self.dispatches {
            sound.take(signed, entries, case)?;
        }
        Ok(sound)
    }

    /// Verifies that whatever this log has heard, the other one said. Comes after both are
    /// verified by themselves, so that a changed header is found where it stands.
    pub(super) fn listens(&self, sound: &Sound, other: &Sound) -> Result<(), Invalid> {
        for (signed, _) in &self.dispatches {
            let here = Location::Dispatch { author: self.author, number: signed.header().number };
            sound.state.hearing(signed.header(), other).map_err(|it| at(here, it))?;
        }
        Ok(())
    }

    pub(super) fn extent(&self) -> Extent {
        let entries = self.dispatches.iter().map(|(_, entries)| entries.len() as u64).sum();
        Extent { dispatches: self.dispatches.len() as u64, entries }
    }
}

impl Sound {
    /// Verifies the next dispatch, and takes it in.
    fn take(
        &mut self,
        signed: &SignedHeader,
        entries: &[EntryEvidence],
        case: CaseId,
    ) -> Result<(), Invalid> {
        let header = signed.header();
        let number = header.number;
        let here = Location::Dispatch { author: header.author, number };
        let broken = |breach| here.fault(Reason::Breach(breach));
        self.state.chain(header).map_err(broken)?;
        let heads = entries.iter().map(|entry| entry.head.as_slice());
        let (mut next, heads) =
            self.state.take_in_heads(signed, heads).map_err(|it| at(here, it))?;
        for (index, (head, evidence)) in heads.iter().zip(entries).enumerate() {
            let Some(mut entry) = self.shown(&next, case, head, evidence)? else {
                continue;
            };
            next.take_statement(header, index, head.position, &entry.content);
            entry.dispatch = number;
            if let (Some(commitment), None) = (head.case_key_commitment, &self.opening)
                && entry.case == Some(case)
            {
                let place = Place { log: *next.log(), position: head.position, case };
                self.opening = Some((place, commitment));
            }
            self.chain.entries.push(entry);
        }
        let key = next.keys.signed_in_its_turn(number, signed.key_id());
        if !key.is_some_and(|key| signed.verifies(&next.genesis, &key)) {
            return Err(here.fault(Reason::NotSigned));
        }
        next.complete(header).map_err(broken)?;
        self.chain.dispatches.insert(number, chain::dispatch(signed));
        self.stamps.push(Stamp { era: header.era, digest: *signed.digest(), time: header.time });
        self.state = next;
        Ok(())
    }

    /// Reads the facts of an entry: shown exactly where the tag is the corridor's or the case's.
    fn shown(
        &mut self,
        state: &LogState,
        case: CaseId,
        head: &Head,
        evidence: &EntryEvidence,
    ) -> Result<Option<domain::chain::Entry>, Invalid> {
        let log = state.log();
        let here = Location::Entry { author: log.author(), position: head.position };
        let concerned = concerned(log, case, head);
        if !evidence.sealed_body.is_empty() {
            if concerned.flatten().is_none() {
                return Err(here.fault(Reason::StrayBody));
            }
            if head.body_digest != Some(sha256(&[&evidence.sealed_body])) {
                return Err(here.fault(Reason::OtherBody));
            }
            let sealed = evidence.sealed_body.clone();
            self.bodies.push(SealedBody { log: *log, position: head.position, sealed });
        }
        if concerned.flatten().is_some() {
            self.body_digests.extend(head.body_digest.map(|digest| (head.position, digest)));
        }
        let Some(owner) = concerned else {
            let shown = !evidence.facts.is_empty();
            return if shown { Err(here.fault(Reason::StrayFacts)) } else { Ok(None) };
        };
        if sha256(&[&evidence.facts]) != head.facts_digest {
            return Err(here.fault(Reason::OtherFacts));
        }
        let reading = entry::read_owned(owner, head, &evidence.facts);
        Ok(chain::entry_of(reading, 0, head))
    }

    /// How many bodies the heads of the case's entries name that are not shown.
    pub(super) fn bodies_left_out(&self) -> usize {
        self.body_digests.len().saturating_sub(self.bodies.len())
    }

    /// Verifies that each era after the first was the author's to begin: the other State had
    /// stated a fault that counts and freezes, and the era goes on with what it had then heard.
    pub(super) fn succeeds(&self, other: &Self) -> Result<(), Invalid> {
        for (number, pair) in (1_u64..).zip(self.stamps.windows(2)) {
            let [before, after] = pair else { continue };
            if before.era == after.era {
                continue;
            }
            let author = self.chain.author;
            let here = Location::Dispatch { author, number };
            let heard = self.chain.dispatches.get(&number).and_then(|dispatch| dispatch.heard);
            let last = number.checked_sub(1);
            let began = self.frozen_in(before.era, other).is_some_and(|frozen| {
                Some(frozen.last.number) == last
                    && frozen.last.digest == before.digest
                    && heard.is_some_and(|heard| heard.number >= frozen.stated_in)
            });
            if !began {
                return Err(here.fault(Reason::Breach(Breach::Era)));
            }
        }
        Ok(())
    }

    /// The first fault, as the other log states it, that freezes this one in an era.
    fn frozen_in(&self, era: u32, other: &Self) -> Option<Frozen> {
        let stated = other.chain.entries.iter().filter(|entry| entry.case.is_none());
        let mut frozen = stated.filter_map(|entry| {
            let Content::Stated(statement) = &entry.content else { return None };
            let Statement::FaultProved(proved) = statement.as_ref() else { return None };
            let stated_in = other.chain.dispatch_of(entry)?;
            let proven = fault::proven(proved, stated_in.heard, self)?;
            fault::freezes(&proven, stated_in, &self.chain, &other.chain)
        });
        frozen.find(|frozen| frozen.last.era == era)
    }

    /// The chain as the rules read it: what does not count is not understood.
    pub(super) fn counted(&self, other: &Self) -> Chain {
        let mut chain = self.chain.clone();
        for entry in &mut chain.entries {
            if entry.case.is_some() {
                if !self.restates(entry) {
                    entry.content = Content::NotUnderstood;
                }
                continue;
            }
            let heard = self.chain.dispatch_of(entry).and_then(|dispatch| dispatch.heard);
            let standing = Standing { position: entry.position, heard };
            if !counting::counts(&entry.content, standing, &self.state.keys, other) {
                entry.content = Content::NotUnderstood;
            }
        }
        chain
    }

    /// Whether an entry of the case restates what it names, if it restates anything.
    fn restates(&self, entry: &domain::chain::Entry) -> bool {
        let Content::Stated(statement) = &entry.content else { return true };
        let Statement::Restated(restated) = statement.as_ref() else { return true };
        let before = Some(restated.entry).filter(|named| *named < entry.position);
        let named = before.and_then(|named| self.body_digests.get(&named).copied());
        counting::restates(restated, named)
    }
}

impl Known for Sound {
    fn heard(&self, number: u64) -> Option<Stamp> {
        self.stamps.get(usize::try_from(number).ok()?).copied()
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        None
    }
}

impl Accused for Sound {
    fn keys(&self) -> &KeyDirectory {
        &self.state.keys
    }

    fn digest(&self, number: u64) -> Option<Digest> {
        Some(self.heard(number)?.digest)
    }
}
