//! Playing a history: two nodes, what is under way between them, and the true time. Every invariant
//! is asked after every step.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use domain::case::Case;
use domain::case::event::{Event, Kind, Speaker, Statement};
use domain::case::knowledge::Verdict;
use domain::case::outcome::Standing;
use domain::chain::Chain;
use domain::corridor::Corridor;
use domain::identifier::CaseId;
use domain::invariant as rules_invariant;
use domain::referral::{LocalStatement, Safeguard};
use domain::safeguard::Safeguards;
use domain::time::{Instant, Span};
use ledger::{About, Crossed, Log, Stated, Stepped};
use proto::ledger::v1::{BodyState, ImportOutcome, TakeBackOutcome, WitnessVerdict};
use record::dispatch::Dispatch;
use record::{body, facts};
use runtime::failure::{Class, Failure};

use super::chance::Chance;
use super::crossing;
use super::forger::{Ceremony, Forger, Manner};
use super::invariant;
use super::node::{Node, Up};
use super::peer::Peer;
use super::seen::Occurred;
use super::site::{BEGIN_MS, Base, Cast};
use super::step::{Moment, Party, Step, Treatment, Word};
use super::word::Speaking;

const MINUTE_MS: u64 = 60_000;
/// Cases of a history.
pub const CASES: usize = 3;
/// How often an act that only protects its author is decided again.
const DECIDED_MAX: usize = 3;
/// Rounds within which two nodes have told each other everything.
const ROUNDS_MAX: usize = 12;

/// Who files a case.
#[must_use]
pub const fn founder(case: usize) -> Party {
    if case == 1 { Party::Xk } else { Party::Nl }
}

/// A dispatch on its way.
#[derive(Clone, Debug)]
struct UnderWay {
    number: u64,
    bytes: Vec<u8>,
}

/// A history that is being played.
#[derive(Debug)]
pub struct History {
    base: Arc<Base>,
    corridor: Corridor,
    cast: Cast,
    now: Instant,
    peers: [Peer; 2],
    /// Own dispatches of each that were handed to the network.
    published: [u64; 2],
    /// What the own topic of each still has.
    topics: [BTreeMap<u64, Vec<u8>>; 2],
    /// What is under way to each.
    flight: [VecDeque<UnderWay>; 2],
    ids: [CaseId; CASES],
    cases: [[Option<Case>; CASES]; 2],
    last: [Option<Stated>; 2],
    steps: u64,
    /// How far ahead of the true time a clock has been.
    ahead_ms: u64,
    /// What has occurred.
    pub occurred: Occurred,
}

/// Whether something is decided again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

/// Whether what a step does is seen by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Yes,
    /// The power goes before.
    No,
}

impl History {
    /// Begins a history of a cast.
    ///
    /// # Errors
    /// The nodes do not start.
    pub fn begin(cast: Cast) -> Result<Self> {
        let base = Base::of(cast)?;
        let mut peers = [base.peer(Party::Nl)?, base.peer(Party::Xk)?];
        let corridor = base.genesis.genesis().corridor();
        let mut ids = [CaseId::new([0; CaseId::LENGTH]); CASES];
        for (case, id) in ids.iter_mut().enumerate() {
            let by = founder(case);
            let partner = by.other().state();
            *id = match peers[by.slot()].honest() {
                Some(node) => node.ledger()?.prepare(partner, &format!("case-{case}"))?.case,
                None => {
                    let number = u8::try_from(case)?;
                    let founder = corridor.founder(by.state()).context("not in the corridor")?;
                    CaseId::new([number + 1; CaseId::LENGTH]).founded_by(founder)
                }
            };
        }
        let published = [peers[0].own_next(), peers[1].own_next()];
        Ok(Self {
            base,
            corridor,
            cast,
            now: Instant::from_ms(BEGIN_MS),
            peers,
            published,
            topics: [BTreeMap::new(), BTreeMap::new()],
            flight: [VecDeque::new(), VecDeque::new()],
            ids,
            cases: [[const { None }; CASES], [const { None }; CASES]],
            last: [None, None],
            steps: 0,
            ahead_ms: 0,
            occurred: Occurred::new(),
        })
    }

    fn saw(&mut self, what: impl Into<String>) {
        self.occurred.insert(what.into());
    }

    fn peer(&mut self, party: Party) -> &mut Peer {
        &mut self.peers[party.slot()]
    }

    fn is_byzantine(&self, party: Party) -> bool {
        self.cast.byzantine == Some(party)
    }

    fn node(&mut self, party: Party) -> Result<&mut Node> {
        self.peers[party.slot()].honest().context("a byzantine partner has no node")
    }

    fn ledger(&mut self, party: Party) -> Result<&mut Stepped> {
        self.node(party)?.ledger()
    }

    fn has_stopped(&mut self, party: Party) -> Result<bool> {
        Ok(self.ledger(party)?.has_stopped())
    }

    /// What a State's clock shows.
    fn clock(&mut self, party: Party) -> Instant {
        let now = self.now;
        self.peer(party).honest().map_or(now, |node| node.site.clock.now())
    }

    /// Plays one step and asks every invariant.
    ///
    /// # Errors
    /// An invariant is broken, or the ledger has failed where it must not.
    pub fn play(&mut self, step: &Step) -> Result<()> {
        self.steps += 1;
        match step {
            Step::CrashesIn(moment, seed, inner) => self.crashes_in(*moment, *seed, inner)?,
            Step::Passes(_)
            | Step::Jumps(..)
            | Step::Tries(..)
            | Step::Crosses(..)
            | Step::Says(..)
            | Step::Holds(..)
            | Step::Floods(..)
            | Step::Repeats(_)
            | Step::Guards(..)
            | Step::Hears(_)
            | Step::Delivers(..)
            | Step::Loses(..)
            | Step::Republishes(..)
            | Step::Ticks(_)
            | Step::Crashes(..)
            | Step::Copies(_)
            | Step::Restores(_)
            | Step::LosesMark(_)
            | Step::Recovers(_)
            | Step::AnswersLow(_) => self.act(step)?,
        }
        self.look()
    }

    fn act(&mut self, step: &Step) -> Result<()> {
        if let Some(party) = step.party().filter(|party| self.is_byzantine(*party)) {
            return self.act_as_it_likes(party, step);
        }
        match step {
            // An honest State does nothing of the kind.
            Step::Says(..) | Step::Holds(..) | Step::Floods(..) | Step::AnswersLow(_) => {}
            Step::Passes(minutes) => self.passes(*minutes),
            Step::Jumps(party, minutes) => self.jumps(*party, *minutes)?,
            Step::Tries(party, word) => self.tries(*party, *word, Told::Yes, None)?,
            Step::Crosses(party, word) => {
                let arrives = self.flight[party.slot()].pop_front();
                self.tries(*party, *word, Told::Yes, arrives)?;
            }
            Step::Repeats(party) => self.repeats(*party)?,
            Step::Guards(party, open, case) => self.guards(*party, *open, *case)?,
            Step::Hears(party) => self.hears(*party)?,
            Step::Delivers(party, index, treatment) => {
                self.delivers(*party, *index, *treatment)?;
            }
            Step::Loses(party, index) => {
                if let Some(at) = self.pick(*party, *index) {
                    self.flight[party.slot()].remove(at);
                    self.saw("network: lost");
                }
            }
            Step::Republishes(party, from) => self.republishes(*party, *from)?,
            Step::Ticks(party) => self.ledger(*party)?.tick(),
            Step::Crashes(party, seed) => {
                self.node(*party)?.lose_power(&mut Chance::new(*seed), None)?;
                self.saw("power: cut between two steps");
            }
            Step::CrashesIn(_, _, inner) => self.act(inner)?,
            Step::Copies(party) => self.node(*party)?.copy_folder(),
            Step::Restores(party) => self.restores(*party)?,
            Step::LosesMark(party) => {
                if self.node(*party)?.lose_mark()? {
                    self.saw("mark: lost");
                }
            }
            Step::Recovers(party) => self.recovers(*party)?,
        }
        Ok(())
    }

    fn restores(&mut self, party: Party) -> Result<()> {
        let Some(up) = self.node(party)?.restore()? else {
            return Ok(());
        };
        // It may know less than before, and its memory of commands is an old one.
        self.cases[party.slot()] = [const { None }; CASES];
        self.last[party.slot()] = None;
        self.saw(match up {
            Up::Running => "copy: restored, and it lacks no word of its own",
            Up::Waits => "copy: restored, and it waits for its own words",
        });
        Ok(())
    }

    /// A node that was restored takes its own words back, from the partner or from its own topic,
    /// and hears the partner again where one of them had heard more than the copy holds.
    fn recovers(&mut self, party: Party) -> Result<()> {
        match self.takes_back(party) {
            // Whoever has stopped takes nothing back.
            Err(_) if self.has_stopped(party)? => Ok(()),
            done => done,
        }
    }

    fn takes_back(&mut self, party: Party) -> Result<()> {
        let other = party.other();
        if !self.ledger(party)?.standing(other.state()).waits {
            return Ok(());
        }
        let mut last = None;
        for number in 0.. {
            let Some(bytes) = self.peer(other).holds(number)? else { break };
            last = Some(bytes);
        }
        let verdict = self.ledger(party)?.hear_partner(other.state(), last.as_deref())?;
        self.saw(match verdict {
            WitnessVerdict::Unspecified => "witness: unspecified",
            WitnessVerdict::Known => "witness: holds no more than is known",
            WitnessVerdict::Newer => "witness: holds more than the copy",
            WitnessVerdict::Low => "witness: answers low",
            WitnessVerdict::Forged => "witness: holds what was forged",
            WitnessVerdict::NotSigned => "witness: holds what was not signed",
        });
        let published = self.topics[party.slot()].values().next_back().cloned();
        self.ledger(party)?.hear_topic(other.state(), published.as_deref())?;
        while self.ledger(party)?.standing(other.state()).waits {
            let number = self.peer(party).own_next();
            let held = self.peer(other).holds(number)?;
            let bytes = held.or_else(|| self.topics[party.slot()].get(&number).cloned());
            let Some(bytes) = bytes else { break };
            let (outcome, reason) = self.ledger(party)?.take_back(other.state(), bytes)?;
            self.node(party)?.look()?;
            match outcome {
                TakeBackOutcome::Stored => self.saw("copy: a word was taken back"),
                TakeBackOutcome::NeedsPartner => {
                    let wanted = self.peer(party).partner_next();
                    if wanted >= self.peer(other).own_next() {
                        break;
                    }
                    let bytes = self.peer(other).sent(wanted)?;
                    self.import(party, wanted, bytes)?;
                    self.node(party)?.look()?;
                    if self.peer(party).partner_next() == wanted {
                        break;
                    }
                }
                // It has signed two dispatches of one number: the one that was heard before the
                // restore, and the one that it has given since. What was heard is nowhere else.
                TakeBackOutcome::NotTaken
                    if self.is_byzantine(other) && reason.contains("signed two") =>
                {
                    self.saw("copy: a word has heard what the partner no longer gives");
                    break;
                }
                TakeBackOutcome::Unspecified
                | TakeBackOutcome::Duplicate
                | TakeBackOutcome::Gap
                | TakeBackOutcome::Forged
                | TakeBackOutcome::NotTaken
                | TakeBackOutcome::NotWanted => {
                    bail!("{party} does not take back its dispatch {number}: {outcome:?} {reason}")
                }
            }
        }
        if self.ledger(party)?.standing(other.state()).waits_for_operator {
            return self.resumes(party, last.as_deref());
        }
        if !self.ledger(party)?.standing(other.state()).waits {
            self.saw("copy: whole again");
            self.restored_everywhere(party)?;
        }
        Ok(())
    }

    /// An operator has compared with what the partner says that it holds, and lets the node write.
    fn resumes(&mut self, party: Party, holds: Option<&[u8]>) -> Result<()> {
        let partner = party.other().state();
        let holds = holds.map(Dispatch::decode).transpose()?;
        let holds = holds.map(|it| it.signed_header.header().number);
        match self.ledger(party)?.resume(partner, holds) {
            Ok(()) => self.saw("mark: lost, and an operator lets the node write again"),
            Err(failure) if failure.code().as_str() == "LEDGER-0007" => {
                self.saw("mark: lost, and the partner's word is not good enough");
                return Ok(());
            }
            Err(failure) => return Err(failure.into()),
        }
        self.node(party)?.look()?;
        self.restored_everywhere(party)
    }

    /// After a restore every open case carries the safeguard `restored`.
    fn restored_everywhere(&mut self, party: Party) -> Result<()> {
        for case in 0..CASES {
            let Some(is) = self.derive(party, case) else { continue };
            let side = is.side(party.state()).context("a case of two others")?;
            if is.said.either(side).closed.is_some() {
                continue;
            }
            let id = self.ids[case];
            let safeguards = self.node(party)?.safeguards(id)?;
            let carries = safeguards.open().any(|open| open == Safeguard::Restored);
            ensure!(carries, "an open case does not carry `restored` after a restore");
        }
        Ok(())
    }

    fn passes(&mut self, minutes: u64) {
        self.now = self.now.plus(Span::from_ms(minutes * MINUTE_MS));
        let now = self.now;
        for node in self.peers.iter_mut().filter_map(Peer::honest) {
            node.keep_time(now);
        }
    }

    fn jumps(&mut self, party: Party, minutes: i64) -> Result<()> {
        let now = self.now;
        let node = self.node(party)?;
        node.offset_ms = minutes.saturating_mul(60_000);
        node.keep_time(now);
        let ahead = u64::try_from(node.offset_ms).unwrap_or_default();
        self.ahead_ms = self.ahead_ms.max(ahead);
        match minutes {
            0 => {}
            1.. => self.saw("clock: ahead"),
            _ => self.saw("clock: behind"),
        }
        Ok(())
    }

    /// Decides and states, as a service does. A node that waits for its own words decides on what
    /// it holds, which nothing is compared with later.
    fn tries(
        &mut self,
        party: Party,
        word: Word,
        told: Told,
        arrives: Option<UnderWay>,
    ) -> Result<()> {
        let waits = self.ledger(party)?.standing(party.other().state()).waits;
        if waits {
            self.refresh(party, word.case);
        }
        let tried = self.tries_on_what_is_known(party, word, told, arrives);
        if waits {
            self.cases[party.slot()] = [const { None }; CASES];
        }
        tried
    }

    /// What has moved in between is decided again.
    fn tries_on_what_is_known(
        &mut self,
        party: Party,
        word: Word,
        told: Told,
        mut arrives: Option<UnderWay>,
    ) -> Result<()> {
        for turn in 0..DECIDED_MAX {
            let Some(stated) = self.decided(party, word)? else {
                if let Some(packet) = arrives {
                    self.import(party, packet.number, packet.bytes)?;
                }
                return Ok(());
            };
            self.last[party.slot()] = Some(stated.clone());
            let written = match arrives.take() {
                None => self.ledger(party)?.append(stated.clone()),
                Some(packet) => {
                    let Crossed { written, imported } =
                        self.ledger(party)?.cross(stated.clone(), vec![packet.bytes]);
                    for outcome in imported.into_iter().flatten() {
                        self.arrived(outcome);
                    }
                    written
                }
            };
            if told == Told::No {
                return Ok(());
            }
            match written {
                Ok(positions) => return self.was_effective(party, word.case, &positions),
                Err(failure) if self.not_written(party, turn, &failure)? == Again::No => {
                    return Ok(());
                }
                Err(_) => {}
            }
            self.node(party)?.look()?;
            self.refresh(party, word.case);
        }
        bail!("{party} tries {word}: decided {DECIDED_MAX} times in vain")
    }

    /// What follows from a refusal of the ledger: whether it is decided again.
    fn not_written(&mut self, party: Party, turn: usize, failure: &Failure) -> Result<Again> {
        match failure.code().as_str() {
            "LEDGER-0001" => self.saw("command: refused, nothing is written to this partner"),
            "LEDGER-0003" => self.saw("command: refused, the case key is not here"),
            "LEDGER-0006" => self.saw("command: refused, the node waits for its own words"),
            "LEDGER-0010" => self.saw("command: refused, the own log is frozen"),
            _ if failure.class() == Class::Conflict && turn + 1 < DECIDED_MAX => {
                self.saw("command: decided again, the case had moved");
                return Ok(Again::Yes);
            }
            _ if self.has_stopped(party)? => return Ok(Again::No),
            _ => return Err(anyhow::anyhow!("{failure}").context(format!("{party} cannot write"))),
        }
        self.last[party.slot()] = None;
        Ok(Again::No)
    }

    /// What a word leads to on what a State knows; `None` where it leads to nothing.
    fn decided(&mut self, party: Party, word: Word) -> Result<Option<Stated>> {
        let case = self.ids[word.case % CASES];
        let partner = party.other().state();
        let opens = word.kind.opens() && founder(word.case) == party;
        let request_id = match opens {
            true => format!("case-{}", word.case),
            false => format!("step-{}", self.steps),
        };
        let serial = match opens {
            true => self.ledger(party)?.prepare(partner, &request_id)?.number,
            false => (2026, 1),
        };
        let safeguards = self.node(party)?.safeguards(case)?;
        let Some(events) = self.events(party, word, serial, &safeguards) else {
            return Ok(None);
        };
        let departs = events.iter().any(|it| it.statement.kind() == Kind::PersonDeparted);
        ensure!(!departs || safeguards.met(), "invariant 13: departed under an open safeguard");
        let about = match opens {
            true => About::Opening(case, serial.0, serial.1),
            false => About::Case(case),
        };
        let revisions = self.ledger(party)?.revisions(partner, about)?;
        let entry = |event: Event| {
            let sealed = body::encode(&event.particulars);
            (facts::encode(Some(case), &event.statement), sealed.to_vec())
        };
        let entries = events.into_iter().map(entry).collect();
        Ok(Some(Stated { partner, about, request_id, revisions, entries, local: Vec::new() }))
    }

    /// What the rules let a State say; `None` for nothing.
    fn events(
        &mut self,
        party: Party,
        word: Word,
        serial: (u32, u32),
        safeguards: &Safeguards,
    ) -> Option<Vec<Event>> {
        let now = self.clock(party);
        let known = self.cases[party.slot()][word.case % CASES].as_ref();
        let speaking = self.speaking(party, word, serial, now);
        match speaking.decide(known, safeguards, word)? {
            Ok(events) => Some(events).filter(|events| !events.is_empty()),
            Err(rejection) => {
                self.saw(format!("rejection: {rejection:?}"));
                None
            }
        }
    }

    fn speaking(&self, party: Party, word: Word, serial: (u32, u32), now: Instant) -> Speaking<'_> {
        let peer = &self.peers[party.slot()];
        Speaking {
            party,
            now,
            corridor: &self.corridor,
            rules: &self.base.rules,
            own: peer.own(),
            partner: peer.replica(),
            case: self.ids[word.case % CASES],
            serial,
        }
    }

    /// A byzantine State acts: it follows the rules where it likes, and says what it likes.
    fn act_as_it_likes(&mut self, party: Party, step: &Step) -> Result<()> {
        let now = self.now;
        match step {
            Step::Tries(_, word) | Step::Crosses(_, word) => {
                let serial = (2026, u32::try_from(word.case)? + 1);
                let events = self.events(party, *word, serial, &Safeguards::default());
                let case = self.ids[word.case % CASES];
                let statements = events.into_iter().flatten();
                let statements: Vec<_> =
                    statements.map(|event| (Some(case), event.statement)).collect();
                if !statements.is_empty() {
                    self.forger(party)?.say(Manner::Honest, statements, now)?;
                }
            }
            Step::Says(_, manner, words) => {
                let statements = self.words(party, words)?;
                if let Manner::Ahead(minutes) = manner {
                    self.ahead_ms = self.ahead_ms.max(minutes * MINUTE_MS);
                }
                let number = self.peer(party).own_next();
                let bytes = self.forger(party)?.say(*manner, statements, now)?;
                self.saw(format!("byzantine: {}", manner.word()));
                // What goes on its chain is published from there.
                if self.peer(party).own_next() == number && !bytes.is_empty() {
                    self.flight[party.other().slot()].push_back(UnderWay { number, bytes });
                }
            }
            Step::Holds(_, ceremony) => {
                self.forger(party)?.hold(*ceremony, now)?;
                let end = self.peer(party).own_next();
                // A log that has turned back to an earlier dispatch is published from there.
                let published = &mut self.published[party.slot()];
                *published = (*published).min(end.saturating_sub(1));
                self.saw(match ceremony {
                    Ceremony::Rotates => "byzantine: a key takes over",
                    Ceremony::Revokes(_) => "byzantine: a key is revoked",
                    Ceremony::CorrectsClock => "byzantine: the clock is corrected",
                    Ceremony::Succeeds => "byzantine: the next era is begun",
                });
            }
            Step::Floods(_, count, word) => self.floods(party, *count, *word)?,
            Step::Hears(_) => self.forger_hears(party)?,
            Step::Delivers(_, index, _) => {
                if let Some(at) = self.pick(party, *index)
                    && let Some(packet) = self.flight[party.slot()].remove(at)
                {
                    self.forger(party)?.hear(&packet.bytes)?;
                }
            }
            Step::Loses(_, index) => {
                if let Some(at) = self.pick(party, *index) {
                    self.flight[party.slot()].remove(at);
                }
            }
            Step::Republishes(_, from) => self.republishes(party, *from)?,
            Step::Ticks(_) => {
                self.forger(party)?.say(Manner::Honest, Vec::new(), now)?;
            }
            Step::CrashesIn(_, _, inner) => self.act(inner)?,
            Step::AnswersLow(_) => {
                self.forger(party)?.answers_low = true;
                self.saw("byzantine: answers low");
            }
            Step::Passes(_)
            | Step::Jumps(..)
            | Step::Repeats(_)
            | Step::Guards(..)
            | Step::Crashes(..)
            | Step::Copies(_)
            | Step::Restores(_)
            | Step::LosesMark(_)
            | Step::Recovers(_) => {}
        }
        Ok(())
    }

    fn forger(&mut self, party: Party) -> Result<&mut Forger> {
        match &mut self.peers[party.slot()] {
            Peer::Forger(forger) => Ok(forger),
            Peer::Honest(_) => bail!("{party} is honest"),
        }
    }

    /// What words mean, said without asking the rules.
    fn words(&self, party: Party, words: &[Word]) -> Result<Vec<(Option<CaseId>, Statement)>> {
        let mut statements = Vec::new();
        for word in words {
            let serial = (2026, u32::try_from(word.case)? + 1);
            let statement = self.speaking(party, *word, serial, self.now).statement(*word);
            let case = match word.kind.speaker() {
                Speaker::Corridor => None,
                Speaker::Requesting | Speaker::Requested | Speaker::Either => {
                    Some(self.ids[word.case % CASES])
                }
            };
            statements.push((case, statement));
        }
        Ok(statements)
    }

    /// A byzantine State reads everything, and receipts it as an honest one does.
    fn forger_hears(&mut self, party: Party) -> Result<()> {
        let now = self.now;
        self.flight[party.slot()].clear();
        let known = self.peer(party).replica().entries.len();
        for number in self.peer(party).partner_next()..self.peer(party.other()).own_next() {
            let bytes = self.peer(party.other()).sent(number)?;
            self.forger(party)?.hear(&bytes)?;
        }
        if self.peer(party).replica().entries.len() > known {
            self.forger(party)?.say(Manner::Honest, Vec::new(), now)?;
        }
        Ok(())
    }

    /// A flood of a partner's entries keeps no State from its own protective act (invariant 10):
    /// however often what it knows has moved, it has said its word before it is asked once more.
    fn floods(&mut self, party: Party, count: u64, word: Word) -> Result<()> {
        let now = self.now;
        let honest = party.other();
        for turn in 0..DECIDED_MAX {
            let Some(stated) = self.decided(honest, word)? else {
                return Ok(());
            };
            let mut flood = Vec::new();
            for _ in 0..count {
                let noise = Word { kind: Kind::HoldPlaced, number: None, case: word.case };
                let statements = self.words(party, &[noise; 3])?;
                flood.push(self.forger(party)?.say(Manner::Honest, statements, now)?);
            }
            self.published[party.slot()] = self.peer(party).own_next();
            let Crossed { written, imported } = self.ledger(honest)?.cross(stated, flood);
            for outcome in imported.into_iter().flatten() {
                self.arrived(outcome);
            }
            self.saw("byzantine: floods a case");
            match written {
                Ok(positions) => return self.was_effective(honest, word.case, &positions),
                Err(failure) if self.not_written(honest, turn, &failure)? == Again::No => {
                    return Ok(());
                }
                Err(_) => {}
            }
            self.node(honest)?.look()?;
            self.refresh(honest, word.case);
        }
        bail!("invariant 10: a flood keeps {honest} from {word}")
    }

    /// What was decided is judged effective.
    fn was_effective(&mut self, party: Party, case: usize, positions: &[u64]) -> Result<()> {
        self.node(party)?.look()?;
        self.refresh(party, case);
        let known = self.cases[party.slot()][case % CASES].as_ref();
        let known = known.context("a case that was stated in is gone")?;
        for position in positions {
            let judged = known
                .history
                .iter()
                .find(|judged| judged.author == party.state() && judged.at.position == *position);
            let judged = judged.context("what was stated is not in the case")?;
            ensure!(
                judged.verdict == Verdict::Effective,
                "decided, and judged otherwise: {judged:?}"
            );
        }
        Ok(())
    }

    /// The last command again, as after a lost reply: it is carried out once.
    fn repeats(&mut self, party: Party) -> Result<()> {
        let Some(mut stated) = self.last[party.slot()].clone() else {
            return Ok(());
        };
        let partner = party.other().state();
        let node = self.node(party)?;
        // What the node states of the corridor by itself, as a fault, is nobody's command.
        let said = |node: &Node| node.own.entries.iter().filter(|it| it.case.is_some()).count();
        let (before, next) = (said(node), node.own.entries.len());
        stated.revisions = node.ledger()?.revisions(partner, stated.about)?;
        let count = stated.entries.len();
        let positions = match node.ledger()?.append(stated) {
            Ok(positions) => positions,
            // It was not carried out, and what it rested on has moved: it is decided again, or not.
            Err(failure) if failure.class() == Class::Conflict => return Ok(()),
            Err(failure) => {
                self.not_written(party, DECIDED_MAX, &failure)?;
                return Ok(());
            }
        };
        node.look()?;
        let after = said(node);
        ensure!(positions.len() == count, "a repeated command has another reply");
        let replayed = positions.iter().all(|position| *position < next as u64);
        ensure!(
            after == if replayed { before } else { before + count },
            "a repeated command was carried out twice"
        );
        self.saw("command: repeated, the same reply");
        Ok(())
    }

    fn guards(&mut self, party: Party, open: bool, case: usize) -> Result<()> {
        let case = self.ids[case % CASES];
        let (partner, about) = (party.other().state(), About::Case(case));
        let request_id = format!("step-{}", self.steps);
        let statement = match open {
            true => LocalStatement::SafeguardOpened(Safeguard::FitnessToTravel),
            false => LocalStatement::SafeguardMet(Safeguard::FitnessToTravel),
        };
        for turn in 0..DECIDED_MAX {
            let ledger = self.ledger(party)?;
            if ledger.case(case)?.is_none() {
                return Ok(());
            }
            let stated = Stated {
                partner,
                about,
                request_id: request_id.clone(),
                revisions: ledger.revisions(partner, about)?,
                entries: Vec::new(),
                local: vec![(facts::encode_local(case, &statement), Vec::new())],
            };
            match ledger.append(stated) {
                Ok(_) => {
                    self.saw("safeguard: opened or met");
                    return Ok(());
                }
                Err(failure) if self.not_written(party, turn, &failure)? == Again::No => {
                    return Ok(());
                }
                Err(_) => {}
            }
        }
        bail!("{party} cannot say what it keeps to itself")
    }

    /// Which of the dispatches under way a number means.
    fn pick(&self, party: Party, index: u64) -> Option<usize> {
        let count = self.flight[party.slot()].len() as u64;
        usize::try_from(index.checked_rem(count)?).ok()
    }

    fn delivers(&mut self, party: Party, index: u64, treatment: Treatment) -> Result<()> {
        let Some(at) = self.pick(party, index) else {
            return Ok(());
        };
        let flight = &mut self.flight[party.slot()];
        if at > 0 {
            self.occurred.insert("network: out of order".to_owned());
        }
        let packet = match treatment {
            Treatment::Again => flight.get(at).cloned(),
            Treatment::Whole | Treatment::Flips(_) | Treatment::Cuts(_) => flight.remove(at),
        };
        let Some(UnderWay { number, mut bytes }) = packet else {
            return Ok(());
        };
        match treatment {
            Treatment::Whole => {}
            Treatment::Again => self.saw("network: repeated"),
            Treatment::Flips(bit) => {
                let bit = bit % (bytes.len() as u64 * 8).max(1);
                if let Some(byte) = bytes.get_mut(usize::try_from(bit / 8)?) {
                    *byte ^= 1 << (bit % 8);
                }
                self.saw("network: flipped bits");
            }
            Treatment::Cuts(at) => {
                bytes.truncate(usize::try_from(at % (bytes.len() as u64).max(1))?);
                self.saw("network: cut off");
            }
        }
        self.import(party, number, bytes)
    }

    fn import(&mut self, party: Party, number: u64, bytes: Vec<u8>) -> Result<()> {
        let from = party.other().state();
        match self.ledger(party)?.import(from, bytes) {
            Ok(arrived) => {
                self.arrived(arrived.outcome);
                self.is_proved(party, arrived.outcome)?;
                Ok(())
            }
            Err(_) if self.has_stopped(party)? => Ok(()),
            Err(failure) => {
                Err(anyhow::anyhow!("{failure}").context(format!("{party} imports {number}")))
            }
        }
    }

    /// Where what arrived shows a fault, a third is convinced of it (invariant 8).
    fn is_proved(&mut self, party: Party, outcome: ImportOutcome) -> Result<()> {
        if !matches!(outcome, ImportOutcome::Rival | ImportOutcome::Broken) {
            return Ok(());
        }
        let accused = party.other().state();
        let kept = self.ledger(party)?.faults(accused)?;
        let last = kept.iter().rfind(|(of, _)| *of == outcome);
        let (_, evidence) = last.context("invariant 8: no proof of the fault is kept")?;
        invariant::fault_is_proved(evidence, accused)?;
        self.saw(if outcome == ImportOutcome::Rival {
            "proof: of two dispatches under one number"
        } else {
            "proof: of a chain that breaks"
        });
        Ok(())
    }

    fn arrived(&mut self, outcome: ImportOutcome) {
        self.saw(match outcome {
            ImportOutcome::Unspecified => "arrival: unspecified",
            ImportOutcome::Stored => "arrival: stored",
            ImportOutcome::Duplicate => "arrival: duplicate",
            ImportOutcome::ParkedGap => "arrival: parked, a gap",
            ImportOutcome::ParkedFuture => "arrival: parked, in the future",
            ImportOutcome::HeldBack => "arrival: held back after a restore",
            ImportOutcome::Rival => "arrival: a rival for its number",
            ImportOutcome::Broken => "arrival: breaks its own chain",
            ImportOutcome::HeardUnknown => "arrival: has heard what was never said",
            ImportOutcome::Withheld => "arrival: bytes withheld",
            ImportOutcome::Quarantined => "arrival: quarantined",
            ImportOutcome::Frozen => "arrival: of a frozen log",
            ImportOutcome::OwnForged => "arrival: never an answer to an import",
        });
    }

    /// Everything that is under way arrives, and what is missing is fetched from the partner.
    fn hears(&mut self, party: Party) -> Result<()> {
        self.recovers(party)?;
        while let Some(UnderWay { number, bytes }) = self.flight[party.slot()].pop_front() {
            self.import(party, number, bytes)?;
            if self.has_stopped(party)? {
                return Ok(());
            }
        }
        let from = party.other().state();
        let mut wanted = self.ledger(party)?.standing(from).partner;
        while wanted < self.peer(party.other()).own_next() {
            let bytes = self.peer(party.other()).sent(wanted)?;
            self.import(party, wanted, bytes)?;
            let next = self.ledger(party)?.standing(from).partner;
            if next == wanted {
                // It is parked, or the node cannot write.
                return Ok(());
            }
            wanted = next;
        }
        Ok(())
    }

    fn republishes(&mut self, party: Party, from: u64) -> Result<()> {
        let end = self.peer(party).own_next();
        for number in from % end.max(1)..end {
            let bytes = self.peer(party).sent(number)?;
            self.flight[party.other().slot()].push_back(UnderWay { number, bytes });
        }
        self.saw("network: published again");
        Ok(())
    }

    /// The power goes while a step is done.
    fn crashes_in(&mut self, moment: Moment, seed: u64, inner: &Step) -> Result<()> {
        let honest = inner.party().filter(|party| !self.is_byzantine(*party));
        let Some(party) = honest else {
            return self.act(inner);
        };
        let mut chance = Chance::new(seed);
        match moment {
            Moment::Changes(changes) => {
                let before = self.node(party)?.own_next();
                self.node(party)?.site.disk.stop_after(changes);
                self.act(inner)?;
                let stopped = self.has_stopped(party)?;
                self.node(party)?.look()?;
                let acknowledged = self.node(party)?.own_next();
                self.node(party)?.lose_power(&mut chance, None)?;
                let kept = self.node(party)?.own_next();
                if stopped {
                    match inner {
                        Step::Tries(..) | Step::Crosses(..) | Step::Guards(..) => {
                            self.saw(if kept > acknowledged.max(before) {
                                "power: cut within an append, stored"
                            } else {
                                "power: cut within an append, not stored"
                            });
                        }
                        Step::Hears(_) | Step::Delivers(..) => {
                            self.saw("power: cut within an import");
                        }
                        Step::Passes(_)
                        | Step::Jumps(..)
                        | Step::Says(..)
                        | Step::Holds(..)
                        | Step::Floods(..)
                        | Step::Repeats(_)
                        | Step::Loses(..)
                        | Step::Republishes(..)
                        | Step::Ticks(_)
                        | Step::Crashes(..)
                        | Step::CrashesIn(..)
                        | Step::Copies(_)
                        | Step::Restores(_)
                        | Step::LosesMark(_)
                        | Step::Recovers(_)
                        | Step::AnswersLow(_) => {}
                    }
                    self.repeats(party)?;
                }
            }
            Moment::BeforeMark => {
                let marks = self.node(party)?.site.marks()?;
                match inner {
                    Step::Tries(party, word) => self.tries(*party, *word, Told::No, None)?,
                    Step::Delivers(..) | Step::Ticks(_) => self.act(inner)?,
                    Step::Passes(_)
                    | Step::Jumps(..)
                    | Step::Says(..)
                    | Step::Holds(..)
                    | Step::Floods(..)
                    | Step::Crosses(..)
                    | Step::Repeats(_)
                    | Step::Guards(..)
                    | Step::Hears(_)
                    | Step::Loses(..)
                    | Step::Republishes(..)
                    | Step::Crashes(..)
                    | Step::CrashesIn(..)
                    | Step::Copies(_)
                    | Step::Restores(_)
                    | Step::LosesMark(_)
                    | Step::Recovers(_)
                    | Step::AnswersLow(_) => return self.act(inner),
                }
                self.node(party)?.lose_power(&mut chance, Some(&marks))?;
                self.saw("power: cut before the mark");
                self.repeats(party)?;
            }
        }
        Ok(())
    }

    /// Looks at both: what is new is published, and every invariant is asked of a node that has
    /// moved.
    fn look(&mut self) -> Result<()> {
        for party in Party::BOTH {
            if let Some(node) = self.peer(party).honest() {
                node.look()?;
            }
            let (from, end) = (self.published[party.slot()], self.peer(party).own_next());
            for number in from..end {
                let bytes = self.peer(party).sent(number)?;
                self.topics[party.slot()].insert(number, bytes.clone());
                self.flight[party.other().slot()].push_back(UnderWay { number, bytes });
            }
            self.published[party.slot()] = from.max(end);
        }
        for party in Party::BOTH {
            match self.peer(party) {
                Peer::Honest(node) => {
                    if std::mem::take(&mut node.moved) {
                        self.hold(party)?;
                    }
                }
                Peer::Forger(_) => (0..CASES).for_each(|case| self.refresh(party, case)),
            }
        }
        Ok(())
    }

    /// Derives a case again from what a node has shown.
    fn refresh(&mut self, party: Party, case: usize) {
        let derived = self.derive(party, case % CASES);
        self.cases[party.slot()][case % CASES] = derived;
    }

    fn derive(&self, party: Party, case: usize) -> Option<Case> {
        let peer = &self.peers[party.slot()];
        Case::of(&self.corridor, self.ids[case], peer.own(), peer.replica())
    }

    /// Asks every invariant of a node that has moved.
    fn hold(&mut self, party: Party) -> Result<()> {
        if let Some(node) = self.peer(party).honest()
            && !node.is_whole()
        {
            // What it holds is a beginning of what it held; it is looked at when it is whole again.
            return Ok(());
        }
        let (here, there) = (&self.peers[party.slot()], &self.peers[party.other().slot()]);
        let skew = self.corridor.skew;
        rules_invariant::log_is_sound(here.own(), here.replica(), skew)?;
        rules_invariant::log_is_sound(here.replica(), here.own(), skew)?;
        rules_invariant::replica_is_a_prefix(here.said(), there.replica())?;
        if self.cast.byzantine.is_none() {
            rules_invariant::replica_is_a_prefix(there.said(), here.replica())?;
        }
        for case in 0..CASES {
            let derived = self.derive(party, case);
            if let Some(is) = &derived {
                let was = self.cases[party.slot()][case].as_ref();
                let other = self.cases[party.other().slot()][case].as_ref();
                self.hold_case(party, is, was, other)?;
                self.erased(party, case, is)?;
                for judged in &is.history {
                    self.occurred.insert(match judged.verdict {
                        Verdict::Effective => "entry: effective".to_owned(),
                        Verdict::Ineffective(_) => "entry: an act without effect".to_owned(),
                        Verdict::Breach(_) => "entry: a report in breach".to_owned(),
                    });
                }
                self.occurred.insert(format!("result: {}", is.outcome_word()));
                self.occurred.insert(format!(
                    "standing: {}",
                    match is.standing {
                        Standing::Provisional => "provisional",
                        Standing::Confirmed => "confirmed",
                        Standing::Disputed => "disputed",
                    }
                ));
            } else {
                let gone = self.cases[party.slot()][case].is_some();
                ensure!(!gone, "a case that was there is gone");
            }
            self.cases[party.slot()][case] = derived;
        }
        if self.cases[party.slot()].iter().all(Option::is_some) {
            self.saw("case: three at a time");
        }
        Ok(())
    }

    /// What a State has ordered to be erased cannot be read on its node, and the case is as before
    /// (invariant 11).
    fn erased(&mut self, party: Party, case: usize, is: &Case) -> Result<()> {
        let id = self.ids[case];
        let state = party.state();
        let said = is.side(state).map(|side| is.said.either(side));
        if said.is_none_or(|said| said.erasure_ordered.is_none()) || self.has_stopped(party)? {
            return Ok(());
        }
        let ledger = self.ledger(party)?;
        let (holds_key, bodies) = (ledger.holds_key(id)?, ledger.bodies(id)?);
        invariant::erased_bodies_are_closed(holds_key, &bodies)?;
        self.saw("erasure: the bodies are closed");
        Ok(())
    }

    fn hold_case(
        &self,
        party: Party,
        is: &Case,
        was: Option<&Case>,
        other: Option<&Case>,
    ) -> Result<()> {
        let peer = &self.peers[party.slot()];
        let (requesting, requested) = sides(is, peer.own(), peer.replica());
        rules_invariant::silence_is_proved(is)?;
        rules_invariant::same_case(is, requesting, requested)?;
        if let Some(was) = was {
            rules_invariant::confirmed_outcome_stays(was, is)?;
            rules_invariant::back_dating_gains_nothing(was, is)?;
        }
        if let Some(other) = other {
            rules_invariant::nodes_converge(is, other)?;
        }
        rules_invariant::departure_met_every_condition(is)?;
        Ok(())
    }

    /// Ends the history: the network is good again, the clocks are right, and nobody does anything.
    /// Then both hold the same, whoever looks at it (invariants 1, 2, 12). Of a byzantine partner
    /// nothing is asked; what the honest node holds is still the same for a third.
    ///
    /// # Errors
    /// An invariant is broken.
    pub fn end(&mut self, thorough: bool) -> Result<()> {
        for node in self.peers.iter_mut().filter_map(Peer::honest) {
            node.offset_ms = 0;
        }
        self.passes(self.ahead_ms / MINUTE_MS + 1);
        self.converge()?;
        if self.cast.byzantine.is_none() {
            for party in Party::BOTH {
                let waits = self.ledger(party)?.standing(party.other().state()).waits;
                ensure!(!waits, "invariant 12: {party} waits for ever");
            }
        }
        for case in 0..CASES {
            self.ends(case, thorough)?;
        }
        self.nothing_happens_by_itself()
    }

    fn honest(&self) -> impl Iterator<Item = Party> + use<> {
        let byzantine = self.cast.byzantine;
        Party::BOTH.into_iter().filter(move |party| byzantine != Some(*party))
    }

    /// How one case ends.
    fn ends(&mut self, case: usize, thorough: bool) -> Result<()> {
        if self.cast.byzantine.is_none() {
            let texts = Party::BOTH.map(|party| self.derive(party, case).map(|it| it.text()));
            ensure!(texts[0] == texts[1], "invariant 12: the nodes hold other cases: {texts:?}");
        }
        for party in self.honest() {
            let Some(is) = self.derive(party, case) else { continue };
            let peer = &self.peers[party.slot()];
            let (requesting, requested) = sides(&is, peer.own(), peer.replica());
            let crossed: Vec<_> = crossing::occurred(&is, requesting, requested).collect();
            for design in crossed {
                self.saw(format!("crossing: {design}"));
            }
            if invariant::has_departed_soundly(&is) {
                self.saw("departure: met every condition");
            }
            let id = self.ids[case];
            let bodies = self.ledger(party)?.bodies(id)?;
            for log in [Log::Own, Log::Partner] {
                if bodies.iter().any(|it| it.0 == log && it.2 == BodyState::Open) {
                    self.saw(format!("body: read, of the {log:?} log"));
                }
            }
            let read = self.ledger(party)?.case(id)?.map(|read| read.text());
            let text = Some(is.text());
            ensure!(read == text, "invariant 1: {party} reads {read:?} and not {text:?}");
            if thorough {
                let evidence = self.ledger(party)?.evidence(party.other().state(), id)?;
                invariant::third_holds_the_same(&evidence, &is)?;
            }
        }
        Ok(())
    }

    /// All hear everything, until nobody has anything new to say (invariant 12).
    fn converge(&mut self) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let heads = self.heads();
            for party in Party::BOTH {
                if self.is_byzantine(party) {
                    self.forger_hears(party)?;
                } else {
                    self.ledger(party)?.tick();
                    self.hears(party)?;
                }
                self.look()?;
            }
            if self.heads() == heads {
                let agree = heads[0] == [heads[1][1], heads[1][0]];
                ensure!(
                    agree || self.cast.byzantine.is_some(),
                    "invariant 12: the nodes do not converge: {heads:?}"
                );
                return Ok(());
            }
        }
        bail!("invariant 12: the nodes answer each other for ever: {:?}", self.heads())
    }

    /// Of each, the numbers of the next own dispatch and of the partner's.
    fn heads(&self) -> [[u64; 2]; 2] {
        [&self.peers[0], &self.peers[1]].map(|peer| [peer.own_next(), peer.partner_next()])
    }

    /// A year passes and nobody acts: there are heartbeats, and nothing else (invariant 12).
    fn nothing_happens_by_itself(&mut self) -> Result<()> {
        let said = |history: &Self| {
            let peers = [&history.peers[0], &history.peers[1]];
            peers.map(|peer| [peer.own().entries.len(), peer.replica().entries.len()])
        };
        let texts = |history: &Self| {
            Party::BOTH.map(|party| {
                let text = |case| history.derive(party, case).map(|case| case.text());
                [0, 1, 2].map(text)
            })
        };
        let before = (said(self), texts(self));
        self.passes(400 * 24 * 60);
        self.converge()?;
        let after = (said(self), texts(self));
        ensure!(before == after, "invariant 12: something has happened by itself: {after:?}");
        Ok(())
    }
}

/// Both chains by side.
fn sides<'a>(case: &Case, one: &'a Chain, other: &'a Chain) -> (&'a Chain, &'a Chain) {
    if one.author == case.requesting { (one, other) } else { (other, one) }
}
