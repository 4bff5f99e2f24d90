//! Histories from a seed: a plot, steered to where something happens, and the weather: what the
//! network, the power and the clocks do meanwhile.

use anyhow::Result;
use domain::case::event::{Kind, Speaker};

use super::chance::Chance;
use super::forger::Manner;
use super::play::{CASES, founder};
use super::rules::World;
use super::site::Cast;
use super::step::{Moment, Party, Step, Treatment, Word};

/// A history that is to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Where, and who plays.
    pub cast: Cast,
    /// What.
    pub steps: Vec<Step>,
}

const FILED: &str = "NL tries RequestFiled; XK hears; NL hears";
const ACCEPTED: &str = "XK tries RequestAccepted; NL hears; XK hears";
const SILENT: &str = "43200 minutes pass; NL tries SilenceNoticed; XK hears; 1500 minutes pass; \
                      XK ticks; NL hears";
const ISSUED: &str =
    "NL tries TravelDocumentRequested; XK hears; XK tries TravelDocumentIssued; NL hears";
const NOTIFIED: &str = "NL tries TransferNotified; XK hears; 7200 minutes pass; XK ticks; NL hears";

/// The plots, with their worlds. Parts in braces are the stages above.
const PLOTS: &[(&[World], &str)] = &[
    (
        &[World::Plain],
        "{filed}; XK tries RequestAdmitted; XK tries ClarificationAsked; NL hears; NL tries \
         ClarificationGiven; NL tries RegisterCheckRequested; NL tries InterviewRequested; \
         XK hears; XK tries RegisterChecked; XK tries InterviewArranged; XK tries \
         InterviewHeld; XK tries IdentityConfirmed; {accepted}; {issued}; {notified}; NL \
         tries PersonDeparted; XK hears; XK tries PersonArrived; NL hears; NL tries \
         CaseClosed; XK tries CaseClosed",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL tries PersonDeparted; XK hears; XK \
         tries PersonArrived; NL hears",
    ),
    (
        &[World::Bare],
        "{filed}; {accepted}; {notified}; NL tries PersonDeparted; XK hears; XK tries \
         PersonArrived; NL hears",
    ),
    (
        &[World::Plain, World::Bare],
        "{filed}; XK tries RequestRefused; NL hears; NL tries RequestWithdrawn; NL tries \
         CaseClosed; NL tries HoldPlaced",
    ),
    (&[World::Plain], "{filed}; XK tries ReturnedUnconsidered; NL hears; XK hears"),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries RequestWithdrawn; XK hears; NL tries \
         TravelDocumentRequested; XK tries RequestRefused",
    ),
    (
        &[World::Plain, World::Refusing, World::Mute],
        "{filed}; {silent}; NL tries SilenceClaimed; XK hears; NL hears",
    ),
    (
        &[World::Plain, World::Refusing],
        "{filed}; {silent}; NL tries SilenceClaimed; XK tries RequestRefused; XK hears; NL \
         hears; NL tries RequestWithdrawn; XK hears",
    ),
    (
        &[World::Plain, World::Refusing],
        "{filed}; {silent}; XK tries RequestRefused; NL tries SilenceClaimed; XK hears; NL \
         hears",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; NL tries SilenceClaimed; XK tries Rectified; NL hears; XK hears; \
         NL tries TransferNotified",
    ),
    (
        &[World::Plain],
        "{filed}; {silent}; NL tries SilenceClaimed; XK hears; NL hears; {issued}; {notified}; NL \
         tries PersonDeparted; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries RequestWithdrawn; XK tries RequestAccepted; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; XK tries RequestRefused; NL tries RequestWithdrawn; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; NL tries \
         RequestWithdrawn; XK tries TravelDocumentIssued; NL hears; XK hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; NL tries TravelDocumentRequested; XK hears; NL tries \
         HoldPlaced; XK tries TravelDocumentIssued; NL hears; XK hears; NL tries \
         TransferNotified",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; NL tries TransferNotified; XK tries HoldPlaced; NL \
         hears; XK hears; NL tries PersonDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL tries PersonDeparted; XK tries \
         HoldPlaced; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; XK tries TransferObjected; NL tries \
         PersonDeparted; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; XK tries TravelDocumentRevoked; NL \
         tries PersonDeparted; XK hears; NL hears",
    ),
    (
        &[World::Plain],
        "{filed}; NL tries Rectified; XK tries RequestAccepted; NL hears; XK hears; NL tries \
         TravelDocumentRequested; XK tries RequestAccepted; NL hears; NL tries \
         TravelDocumentRequested",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; NL tries TransferNotified; NL tries TransferCancelled; \
         NL tries TransferNotified 8; XK hears; NL tries PersonNotDeparted",
    ),
    (
        &[World::Plain],
        "{filed}; {accepted}; {issued}; {notified}; NL opens 0; NL tries PersonDeparted; NL \
         meets 0; NL tries PersonDeparted; XK hears; XK tries PersonArrived",
    ),
    // Closed, and erased on both sides.
    (
        &[World::Plain, World::Bare],
        "{filed}; NL tries EvidenceAdded; NL tries RequestWithdrawn; XK hears; NL hears; NL tries \
         CaseClosed; XK tries CaseClosed; XK hears; NL hears; NL tries ErasureOrdered; NL tries \
         ErasureDone; XK hears; XK tries ErasureOrdered; NL hears; XK tries ErasureDone; NL hears",
    ),
    // Three cases at a time, both ways.
    (
        &[World::Plain, World::Bare],
        "NL tries RequestFiled; XK tries RequestFiled on 1; NL tries RequestFiled on 2; XK hears; \
         NL hears; XK tries RequestAccepted; NL tries RequestRefused on 1; NL tries \
         RequestWithdrawn on 2; XK tries RequestAccepted on 2; XK hears; NL hears; XK hears",
    ),
    (
        &[World::Plain, World::Refusing],
        "XK tries RequestFiled on 1; NL tries RequestFiled; NL hears; XK hears; 43200 minutes \
         pass; XK tries SilenceNoticed on 1; NL tries SilenceNoticed; NL hears; XK hears; 1500 \
         minutes pass; NL ticks; XK ticks; XK hears; NL hears; XK tries SilenceClaimed on 1; NL \
         tries SilenceClaimed; NL hears; XK hears",
    ),
    // What arrives waits for the own word that was lost.
    (
        &[World::Plain],
        "{filed}; {accepted}; NL copies; NL tries TravelDocumentRequested; XK tries HoldPlaced; \
         XK hears; NL restores; NL receives 0; NL hears; XK hears; XK tries HoldLifted; {issued}",
    ),
    // Nothing but noise.
    (
        &[World::Plain, World::Bare],
        "{filed}; noise; noise; noise; noise; noise; noise; noise; noise; noise; noise; noise",
    ),
];

/// What a byzantine State does, put into a plot: `{it}` is that State, `{other}` the other one.
const PLOYS: &[&str] = &[
    "{it} says HoldPlaced; {it} says-otherwise HoldLifted; {other} hears",
    "{it} says Rectified; {other} hears; {it} says-otherwise CaseClosed; {other} receives 0",
    "{it} says-otherwise RequestWithdrawn + RequestAccepted; {other} receives 0; {it} ticks",
    "{it} says-early RequestAccepted + RequestWithdrawn; {other} hears",
    "{it} says-early TransferObjected + HoldPlaced + SilenceNoticed; {other} hears",
    "{it} says-ahead HoldPlaced; {other} hears; 60 minutes pass; {other} hears",
    "{it} says-deaf SilenceClaimed + RequestWithdrawn + RequestRefused; {other} hears",
    "{it} says-deaf PersonDeparted + RequestAccepted; {other} hears",
    "{it} says-deaf; {it} says-deaf HoldPlaced; {other} hears",
    "{it} says-dated-back HoldPlaced; {other} receives 0",
    "{it} says-after-another HoldPlaced; {other} receives 0",
    "{it} says-shrunk HoldPlaced; {other} receives 0",
    "{it} says-rewritten; {other} receives 0",
    "{it} says-unheard HoldPlaced; {other} receives 0",
    "{it} says-misheard HoldPlaced; {other} receives 0; {other} tries HoldPlaced",
    "{it} says-without-bytes HoldPlaced; {other} receives 0",
    "{it} says-unsigned HoldPlaced; {other} receives 0",
    "{it} says RequestFiled; {other} hears",
    "{it} says RequestFiled on 1 + RequestFiled on 2; {other} hears; {other} tries RequestFiled \
     on 2",
    "{it} says RequestAccepted + RequestRefused + PersonArrived + TakenBack; {other} hears",
    "{it} says PersonDeparted + TransferNotified + TravelDocumentIssued; {other} hears",
    "{it} says SilenceClaimed 3 + SilenceClaimed 4 + SilenceClaimed 1001; {other} hears",
    "{it} floods 12 against HoldPlaced; {it} floods 12 against HoldLifted",
    "{it} floods 6 against RequestRefused; {it} floods 6 against RequestWithdrawn",
    "{it} says CapabilitiesStated; {other} hears",
    "{it} rotates; {other} hears",
    "{other} copies; {other} tries HoldPlaced; {it} hears; {it} answers-low; {other} restores; \
     {other} recovers; {other} tries HoldLifted; {other} hears",
    "{other} tries HoldPlaced; {other} copies; {other} tries HoldLifted; {other} restores; {other} \
     tries HoldLifted; {other} hears; {other} tries HoldLifted",
    "{other} copies; {it} says HoldPlaced; {it} says-otherwise HoldLifted; {other} hears; {it} \
     hears; {other} restores; {other} hears; {it} says CaseClosed; {other} hears",
    "{other} tries HoldPlaced; {it} hears; {it} answers-low; {other} loses-mark; {other} recovers; \
     {other} tries HoldLifted",
    "{other} loses-mark; {other} tries HoldPlaced; {other} hears; {other} tries HoldLifted",
    "{it} revokes 2; {other} hears; {it} hears; {other} hears",
    "{it} revokes 3; {other} hears; {other} tries DisputeSettled; {it} hears; {it} tries \
     DisputeSettled; {other} hears",
    "{it} says-deaf HoldPlaced; {it} revokes 1; {other} hears",
    "{it} says-ahead HoldPlaced; {other} hears; {it} corrects-clock; {other} hears",
    "{it} says-ahead RequestAccepted + RequestFiled; {it} says-deaf HoldPlaced; {other} hears; \
     {it} corrects-clock; {other} hears; {it} hears",
    "{it} says HoldPlaced; {it} says-otherwise HoldLifted; {other} hears; {it} hears; {it} \
     succeeds; {other} hears; {it} hears; {other} tries DisputeSettled; {it} hears; {it} tries \
     DisputeSettled; {other} hears",
    "{it} says-dated-back HoldPlaced; {other} receives 0; {it} says HoldPlaced; {other} hears; \
     {it} hears; {it} succeeds; {other} hears; {it} tries DisputeSettled; {other} tries \
     DisputeSettled",
];

/// How bad it is, each in percent of the steps.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    network: u64,
    power: u64,
    clock: u64,
    copies: u64,
    noise: u64,
}

/// How many of a hundred histories have a byzantine State, and how many of its steps are ploys.
const BYZANTINE_PERCENT: u64 = 40;
const PLOY_PERCENT: u64 = 12;

/// The history of a seed.
///
/// # Errors
/// A plot is not well written.
pub fn history(seed: u64) -> Result<Generated> {
    let mut chance = Chance::new(seed);
    let (worlds, plot) = chance.one_of(PLOTS);
    let world = *chance.one_of(worlds);
    let plot = plot
        .replace("{filed}", FILED)
        .replace("{accepted}", ACCEPTED)
        .replace("{silent}", SILENT)
        .replace("{issued}", ISSUED)
        .replace("{notified}", NOTIFIED);
    let mut weather = Weather::default();
    for part in [
        &mut weather.network,
        &mut weather.power,
        &mut weather.clock,
        &mut weather.copies,
        &mut weather.noise,
    ] {
        *part = *chance.one_of(&[0, 0, 10, 25]);
    }
    let byzantine = chance.percent(BYZANTINE_PERCENT).then(|| *chance.one_of(&Party::BOTH));
    let mut steps = Vec::new();
    for line in plot.split(';').map(str::trim) {
        if line == "noise" || chance.percent(weather.noise) {
            steps.push(noise(&mut chance));
        }
        if let Some(it) = byzantine.filter(|_| chance.percent(PLOY_PERCENT)) {
            ploy(&mut steps, it, &mut chance)?;
        }
        if line != "noise" {
            let step = line.parse()?;
            around(&mut steps, step, weather, &mut chance);
        }
    }
    Ok(Generated { cast: Cast { world, byzantine }, steps })
}

/// A byzantine State does one of the things that it does.
fn ploy(steps: &mut Vec<Step>, it: Party, chance: &mut Chance) -> Result<()> {
    if chance.percent(20) {
        let manner = chance.one_of(&Manner::ALL).1;
        let words = (0..chance.below(3)).map(|_| word(chance, it)).collect();
        steps.push(Step::Says(it, manner, words));
        return Ok(());
    }
    let ploy = chance.one_of(PLOYS);
    let ploy = ploy.replace("{it}", &it.to_string()).replace("{other}", &it.other().to_string());
    for line in ploy.split(';') {
        steps.push(line.trim().parse()?);
    }
    Ok(())
}

/// A step of the plot, in its weather.
fn around(steps: &mut Vec<Step>, step: Step, weather: Weather, chance: &mut Chance) {
    let party = *chance.one_of(&Party::BOTH);
    if chance.percent(weather.clock) {
        let minutes = *chance.one_of(&[-20_000, -60, -7, -4, 0, 0, 4, 7, 60, 3_000]);
        steps.push(Step::Jumps(party, minutes));
    }
    if chance.percent(weather.copies) {
        steps.push(match chance.below(12) {
            0..5 => Step::Copies(party),
            5 | 6 => Step::Recovers(party),
            7 => Step::LosesMark(party),
            _ => Step::Restores(party),
        });
        if chance.percent(60) {
            steps.push(Step::Tries(party, word(chance, party)));
        }
    }
    while chance.percent(weather.network) {
        steps.push(network(chance));
    }
    let power = chance.percent(weather.power);
    let repeats = matches!(step, Step::Tries(..)) && chance.percent(weather.power);
    let by = step.party();
    match (power, step) {
        (true, step @ (Step::Tries(..) | Step::Hears(_))) => {
            let seed = chance.below(1_000_000);
            match (chance.below(4), step) {
                (0, step @ Step::Tries(..)) => {
                    steps.push(Step::CrashesIn(Moment::BeforeMark, seed, Box::new(step)));
                }
                (1, step) => {
                    steps.push(step);
                    steps.push(Step::Crashes(party, seed));
                }
                (_, step) => {
                    let changes = Moment::Changes(chance.below(6));
                    steps.push(Step::CrashesIn(changes, seed, Box::new(step)));
                }
            }
        }
        (false, Step::Tries(party, word)) if chance.percent(weather.network) => {
            steps.push(Step::Crosses(party, word));
        }
        (_, step) => steps.push(step),
    }
    if let (true, Some(by)) = (repeats, by) {
        steps.push(Step::Repeats(by));
    }
}

/// Something that the network does.
fn network(chance: &mut Chance) -> Step {
    let party = *chance.one_of(&Party::BOTH);
    let index = chance.below(6);
    match chance.below(10) {
        0 | 1 => Step::Loses(party, index),
        2 | 3 => Step::Delivers(party, index, Treatment::Again),
        4 => Step::Delivers(party, index, Treatment::Flips(chance.below(1 << 20))),
        5 => Step::Delivers(party, index, Treatment::Cuts(chance.below(1 << 16))),
        6 => Step::Republishes(party, chance.below(64)),
        _ => Step::Delivers(party, index, Treatment::Whole),
    }
}

/// One step that belongs to no plot.
fn noise(chance: &mut Chance) -> Step {
    let party = *chance.one_of(&Party::BOTH);
    match chance.below(12) {
        0 => Step::Passes(*chance.one_of(&[1, 60, 1_500, 4_320, 11_520, 43_200])),
        1 => Step::Hears(party),
        2 => Step::Ticks(party),
        3 => Step::Guards(party, chance.percent(60), 0),
        _ => Step::Tries(party, word(chance, party)),
    }
}

/// Anything that a State may put into words, mostly of its own side.
fn word(chance: &mut Chance, party: Party) -> Word {
    let case = if chance.percent(80) { 0 } else { usize_of(chance.below(CASES as u64)) };
    let asks = founder(case) == party;
    let kind = loop {
        let kind = *chance.one_of(&Kind::ALL);
        let own = match kind.speaker() {
            Speaker::Requesting => asks,
            Speaker::Requested => !asks,
            Speaker::Either => true,
            Speaker::Corridor => false,
        };
        if own || (chance.percent(5) && kind.speaker() != Speaker::Corridor) {
            break kind;
        }
    };
    let number = chance.percent(20).then(|| chance.below(12));
    Word { kind, number, case }
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
