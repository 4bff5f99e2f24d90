//! The model: a state is what each State has said, when, and what it had stored of the other.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::case::Case;
use domain::case::event::{Kind, Statement};
use domain::case::said::Side;
use domain::chain::{Chain, Content, Dispatch, Entry, Heard};
use domain::invariant::{self, Broken};
use domain::rules::Rules;
use domain::time::{Instant, Span};
use stateright::{Checker, Model, Property};

use crate::history::{History, MINUTE, digest, succession};
use crate::plays::{Act, Play};
use crate::step::{Guard, Led, Step, What, Word, decide};
use crate::tally::Tally;

/// How deep a play is explored where it has to be quick.
const QUICK_DEPTH_MAX: usize = 7;

/// One dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Said {
    what: Saying,
    /// How many dispatches of the partner, of this play, had been stored.
    heard: usize,
    clock: usize,
    era: u32,
}

/// What a dispatch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Saying {
    /// Nothing but what was heard.
    Heartbeat,
    /// The act of this index, with what it names.
    Act(usize, Option<u64>),
    /// The log goes on in its next era.
    Succession,
}

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    said: [Vec<Said>; 2],
    /// How many dispatches of the partner each has stored.
    stored: [usize; 2],
    clock: usize,
    /// The invariant that the last step broke; 0 for none.
    broken: u8,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Time passes.
    Tick,
    /// A State states an act, or nothing.
    Says(Side, Saying),
    /// A State stores the partner's next dispatch.
    Stores(Side),
    /// A State goes on in the next era.
    Succeeds(Side),
}

/// What both nodes hold in a state, and the cases that they derive from it.
struct Known {
    history: History,
    cases: [Option<Case>; 2],
}

thread_local! {
    /// The state that was looked at last: it is asked for its actions, and then for each of them.
    static LAST: RefCell<Option<(State, Rc<Known>)>> = const { RefCell::new(None) };
}

/// A play, ready to be explored.
struct Explored {
    play: &'static Play,
    rules: Rules,
    /// What was said before.
    base: History,
    /// Dispatches of each State before.
    before: [u64; 2],
    tally: Tally,
}

const fn slot(side: Side) -> usize {
    match side {
        Side::Requesting => 0,
        Side::Requested => 1,
    }
}

/// Explores a play for so long at most, and prints what was found. Whether every invariant held.
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "it says how long it took")]
pub(crate) fn explore(play: &'static Play, quick: bool, limit: Duration, tally: &Tally) -> bool {
    let began = std::time::Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = Explored::new(play, tally.clone()).checker().threads(threads).timeout(limit);
    let checker = if quick { checker.target_max_depth(QUICK_DEPTH_MAX) } else { checker };
    let checked = checker.spawn_bfs().join();
    let took = began.elapsed();
    let how = if took >= limit {
        "stopped by time"
    } else if quick {
        "to a bounded depth"
    } else {
        "all of them"
    };
    println!(
        "{}: {} states ({} reached), {} steps deep, {how}, {} s",
        play.name,
        checked.unique_state_count(),
        checked.state_count(),
        checked.max_depth(),
        took.as_secs(),
    );
    let mut sound = true;
    for (name, path) in checked.discoveries() {
        sound = false;
        let model = checked.model();
        println!("{name}: {}", model.first_broken(path.last_state()));
        for (_, action) in path.into_vec() {
            if let Some(action) = action {
                println!("  {}", model.told(action));
            }
        }
    }
    sound
}

impl Explored {
    fn new(play: &'static Play, tally: Tally) -> Self {
        let rules = play.world.rules();
        let mut base = play.world.begin();
        for line in play.before {
            let step = Step::parse(line);
            let led = crate::step::play(&step, &mut base, &rules);
            assert!(matches!(led, Led::On | Led::Stated(1)), "{line} led to {led:?}");
            base.exchange();
        }
        let before =
            Side::BOTH.map(|side| u64::try_from(base.node(side).own.dispatches.len()).unwrap());
        Self { play, rules, base, before, tally }
    }

    const fn acts(&self, side: Side) -> &'static [Act] {
        match side {
            Side::Requesting => self.play.asks,
            Side::Requested => self.play.answers,
        }
    }

    /// The word of an act; what it names is found when it is said.
    fn word(&self, side: Side, act: Act, number: Option<u64>) -> Word {
        let (kind, number) = match act {
            Act::Tries(kind) | Act::Says(kind) => (kind, number),
            Act::TriesWith(kind, with) => (kind, Some(with)),
            Act::ProvesFault => (Kind::FaultProved, number),
            Act::ProvesOldRival => (Kind::FaultProved, Some(0)),
            Act::RevokesKey => (Kind::KeyRevoked, Some(self.before[slot(side)] - 1)),
        };
        Word { what: What::Kind(kind), number }
    }

    fn time(&self, clock: usize) -> Instant {
        let minutes: u64 = self.play.minutes[..clock].iter().sum();
        self.base.now.plus(Span::from_ms(minutes * MINUTE))
    }

    /// The number of a State's dispatch of this play.
    fn number(&self, side: Side, index: usize) -> u64 {
        self.before[slot(side)] + u64::try_from(index).unwrap()
    }

    /// What both nodes hold in a state.
    fn history(&self, state: &State) -> History {
        let mut history = self.base.clone();
        for side in Side::BOTH {
            let partner = &state.said[slot(side.other())];
            for (index, said) in state.said[slot(side)].iter().enumerate() {
                let number = self.number(side, index);
                let known = self.number(side.other(), said.heard) - 1;
                let era = said.heard.checked_sub(1).map_or(0, |last| partner[last].era);
                let digest_of = digest(side.other(), era, known);
                history.node_mut(side).own.dispatches.insert(
                    number,
                    Dispatch {
                        number,
                        time: self.time(said.clock),
                        digest: digest(side, said.era, number),
                        heard: Some(Heard { era, number: known, digest: digest_of }),
                    },
                );
                history.node_mut(side).era = said.era;
            }
        }
        let [asks, answers] = Side::BOTH.map(|side| history.node(side).own.dispatches.clone());
        history.asks.replica.dispatches = answers;
        history.answers.replica.dispatches = asks;
        for side in Side::BOTH {
            for (index, said) in state.said[slot(side)].iter().enumerate() {
                self.states(&mut history, side, self.number(side, index), said);
            }
        }
        for side in Side::BOTH {
            let stored = self.number(side.other(), state.stored[slot(side)]);
            let entries = history.node(side.other()).own.entries.clone();
            let replica = &mut history.node_mut(side).replica;
            replica.entries = entries.into_iter().filter(|it| it.dispatch < stored).collect();
            replica.dispatches.retain(|number, _| *number < stored);
        }
        history.now = self.time(state.clock);
        history
    }

    /// Adds the entry of a dispatch.
    fn states(&self, history: &mut History, side: Side, number: u64, said: &Said) {
        let statement = match said.what {
            Saying::Heartbeat => return,
            Saying::Succession => {
                let last = history.node(side).own.dispatches[&(number - 1)];
                succession(said.era - 1, &last)
            }
            Saying::Act(index, named) => {
                history.now = self.time(said.clock);
                let word = self.word(side, self.acts(side)[index], named);
                let What::Kind(kind) = word.what else {
                    unreachable!("every act is a kind");
                };
                word.statement(kind, history, side, &self.rules)
            }
        };
        let corridor =
            matches!(statement.kind(), Kind::FaultProved | Kind::KeyRevoked | Kind::LogSucceeded);
        let case = (!corridor).then_some(history.case);
        let own = &mut history.node_mut(side).own;
        let position = u64::try_from(own.entries.len()).unwrap();
        let content = Content::Stated(Arc::new(statement));
        own.entries.push(Entry { position, dispatch: number, case, content });
    }

    /// What both nodes hold in a state, found once.
    fn known(&self, state: &State) -> Rc<Known> {
        LAST.with_borrow_mut(|last| {
            if let Some((_, known)) = last.as_ref().filter(|(it, _)| it == state) {
                return Rc::clone(known);
            }
            let history = self.history(state);
            let cases = Side::BOTH.map(|side| history.case(side));
            let known = Rc::new(Known { history, cases });
            *last = Some((state.clone(), Rc::clone(&known)));
            known
        })
    }

    /// What an act says in a state; `None` where nothing new is said.
    fn saying(&self, known: &Known, side: Side, index: usize) -> Option<Saying> {
        let history = &known.history;
        let act = self.acts(side)[index];
        let word = self.word(side, act, None);
        let What::Kind(kind) = word.what else {
            return None;
        };
        let statement = match act {
            Act::Tries(_) | Act::TriesWith(..) => {
                let case = known.cases[slot(side)].as_ref();
                let told = (side, Guard::Met, word);
                let events = decide(history, case, told, &self.rules)?.ok()?;
                events.into_iter().next()?.statement
            }
            Act::Says(_) | Act::ProvesFault | Act::ProvesOldRival | Act::RevokesKey => {
                word.statement(kind, history, side, &self.rules)
            }
        };
        Some(Saying::Act(index, named(&statement)))
    }

    /// The state after an action, without what it broke.
    fn after(&self, before: &State, history: &History, action: Action) -> Option<State> {
        let mut state = State { broken: 0, ..before.clone() };
        match action {
            Action::Tick => state.clock += 1,
            Action::Stores(side) => state.stored[slot(side)] += 1,
            Action::Says(side, what) => {
                let said = Said {
                    what,
                    heard: state.stored[slot(side)],
                    clock: state.clock,
                    era: history.node(side).era,
                };
                state.said[slot(side)].push(said);
            }
            Action::Succeeds(side) => {
                let last = history.to_be_succeeded(side)?;
                let kept = usize::try_from(last + 1 - self.before[slot(side)]).ok()?;
                let own = &mut state.said[slot(side)];
                own.truncate(kept);
                own.push(Said {
                    what: Saying::Succession,
                    heard: before.stored[slot(side)],
                    clock: before.clock,
                    era: history.node(side).era + 1,
                });
            }
        }
        Some(state)
    }

    /// The first invariant that does not hold in a state.
    fn first_broken(&self, state: &State) -> String {
        let found = if state.broken == 0 { unsound(&self.known(state), None) } else { None };
        found.map_or_else(|| format!("invariant {}", state.broken), |broken| broken.to_string())
    }

    /// An action in words.
    fn told(&self, action: Action) -> String {
        match action {
            Action::Says(side, Saying::Act(index, number)) => {
                format!("{side:?} {:?} {number:?}", self.acts(side)[index])
            }
            Action::Tick
            | Action::Says(_, Saying::Heartbeat | Saying::Succession)
            | Action::Stores(_)
            | Action::Succeeds(_) => format!("{action:?}"),
        }
    }
}

/// What a statement names: a position, a number of a dispatch.
#[expect(clippy::wildcard_enum_match_arm, reason = "most statements name nothing")]
fn named(statement: &Statement) -> Option<u64> {
    match statement {
        Statement::SilenceClaimed(cited) => Some(cited.number),
        Statement::FaultProved(fault) => Some(fault.number),
        Statement::Restated(restated) => Some(restated.entry),
        Statement::PersonDeparted(at)
        | Statement::TransferObjected(at)
        | Statement::TravelDocumentRevoked(at)
        | Statement::EntryUnreadable(at)
        | Statement::EntryContested(at) => Some(*at),
        _ => None,
    }
}

/// The first invariant that does not hold of what both nodes hold.
fn unsound(known: &Known, tally: Option<&Tally>) -> Option<Broken> {
    let Known { history, cases } = known;
    let skew = history.corridor.skew;
    let heads = |chain: &Chain| chain.head().copied();
    let same = heads(&history.asks.own) == heads(&history.answers.replica)
        && heads(&history.answers.own) == heads(&history.asks.replica);
    let look = || -> Result<(), Broken> {
        for (side, case) in Side::BOTH.into_iter().zip(cases) {
            let (here, there) = (history.node(side), history.node(side.other()));
            invariant::log_is_sound(&here.own, &here.replica, skew)?;
            invariant::replica_is_a_prefix(&here.own, &there.replica)?;
            let Some(case) = case else {
                continue;
            };
            if let Some(tally) = tally {
                tally.count(case, history);
            }
            invariant::silence_is_proved(case)?;
            invariant::departure_met_every_condition(case)?;
            // Where both hold the same, both tell the same, and one of them is enough.
            if same && side == Side::Requested {
                continue;
            }
            let (asks, answers) = match side {
                Side::Requesting => (&here.own, &here.replica),
                Side::Requested => (&here.replica, &here.own),
            };
            invariant::same_case(case, asks, answers)?;
        }
        if let [Some(here), Some(there)] = cases {
            invariant::nodes_converge(here, there)?;
        }
        Ok(())
    };
    look().err()
}

/// What a step broke between the case before and after it.
fn step_broke(before: Option<&Case>, after: Option<&Case>) -> u8 {
    let (Some(before), Some(after)) = (before, after) else {
        return 0;
    };
    let stays = invariant::confirmed_outcome_stays(before, after);
    let broken = stays.and_then(|()| invariant::back_dating_gains_nothing(before, after));
    broken.err().map_or(0, |broken| broken.number)
}

impl Model for Explored {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { said: [Vec::new(), Vec::new()], stored: [0, 0], clock: 0, broken: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let known = self.known(state);
        if state.clock < self.play.minutes.len() {
            actions.push(Action::Tick);
        }
        for side in Side::BOTH {
            let own = &state.said[slot(side)];
            let sent = state.said[slot(side.other())].len();
            if state.stored[slot(side)] < sent && known.history.frozen(side).is_none() {
                actions.push(Action::Stores(side));
            }
            if known.history.to_be_succeeded(side).is_some() {
                actions.push(Action::Succeeds(side));
            }
            if own.len() >= self.play.dispatches[slot(side)] {
                continue;
            }
            // A heartbeat that has heard nothing new, at no later time, says nothing.
            let (heard, clock) = own.last().map_or((0, 0), |last| (last.heard, last.clock));
            if state.stored[slot(side)] > heard || state.clock > clock {
                actions.push(Action::Says(side, Saying::Heartbeat));
            }
            let acts = (0..self.acts(side).len()).filter_map(|act| self.saying(&known, side, act));
            actions.extend(acts.map(|what| Action::Says(side, what)));
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let known = self.known(before);
        let mut after = self.after(before, &known.history, action)?;
        let side = match action {
            Action::Tick => return Some(after),
            Action::Says(side, _) | Action::Stores(side) | Action::Succeeds(side) => side,
        };
        let case = self.history(&after).case(side);
        after.broken = step_broke(known.cases[slot(side)].as_ref(), case.as_ref());
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("every invariant holds", |model: &Self, state: &State| {
            state.broken == 0 && unsound(&model.known(state), Some(&model.tally)).is_none()
        })]
    }
}
