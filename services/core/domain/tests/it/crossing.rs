//! Concurrent statements: DESIGN 5's table as data, and every pair of kinds held against it.
//!
//! What is compared. At a stage of a case, the requesting State may state `a` and the requested
//! State `b`. Three cases follow: *crossed*, where both are stated and neither author had heard
//! the other; *a first*, where `b`'s author had heard `a`; and *b first*. Of each we look at what
//! the case holds ([`Holds`]): outcome, travel document, transfer, coverage; without positions
//! and times, which differ by construction.
//!
//! An order in which the later statement does not stand says nothing of crossing: its author knew
//! better and was refused. So a pair *differs* when the crossed case holds something else than an
//! order in which both stand; and where no order lets both stand, when it holds neither what the
//! one nor what the other order holds. A pair that differs must be a row of the table, and a row
//! must lead to what the table says.

use domain::case::Case;
use domain::case::Coverage;
use domain::case::crossing::{Crossed, DocumentSituation, Stop, TransferSituation};
use domain::case::event::Kind;
use domain::case::knowledge::Judged;
use domain::case::outcome::{Ground, Outcome, Settlement};
use domain::case::said::Side;

use crate::history::History;
use crate::step::{Led, Manner, Step, What, Word, play};
use crate::watch::World;

/// A row of the table of DESIGN 5, or the part of a row that concerns one pair of kinds.
pub(crate) struct Row {
    /// The words of the design.
    pub(crate) design: &'static str,
    /// What the requesting State states.
    asks: &'static [Kind],
    /// What the requested State states.
    answers: &'static [Kind],
    /// Whether the case holds what the table says.
    result: fn(&Case) -> bool,
}

const ANSWERS: &[Kind] = &[Kind::RequestAccepted, Kind::RequestRefused, Kind::ReturnedUnconsidered];

/// The table. What is not here and why: a transfer notice cannot cross its own cancellation, which
/// is of the same State, nor its objection, which names it and so has heard it.
pub(crate) const TABLE: &[Row] = &[
    Row {
        design: "answer × withdrawal: withdrawn; the answer is kept, shown, ineffective",
        asks: &[Kind::RequestWithdrawn],
        answers: ANSWERS,
        result: |case| {
            let shown = case
                .history
                .iter()
                .any(|it| kind(it).is_some_and(|it| ANSWERS.contains(&it)) && !it.verdict.stands());
            let withdrawn = matches!(case.outcome, Outcome::Withdrawn(_));
            withdrawn && shown && case.said.requested.answer.is_some()
        },
    },
    Row {
        design: "transfer notice × hold: the hold stands",
        asks: &[Kind::TransferNotified],
        answers: &[Kind::HoldPlaced],
        result: |case| matches!(case.transfer, TransferSituation::Stopped(_, Stop::Hold)),
    },
    Row {
        design: "travel document × withdrawal: to be revoked",
        asks: &[Kind::RequestWithdrawn],
        answers: &[Kind::TravelDocumentIssued],
        result: |case| matches!(case.document, DocumentSituation::ToBeRevoked(_)),
    },
    Row {
        design: "travel document × hold: suspended",
        asks: &[Kind::HoldPlaced],
        answers: &[Kind::TravelDocumentIssued],
        result: |case| matches!(case.document, DocumentSituation::Suspended(_)),
    },
    Row {
        design: "departure × hold: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::HoldPlaced],
        result: departed_across,
    },
    Row {
        design: "departure × objection: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::TransferObjected],
        result: departed_across,
    },
    Row {
        design: "departure × revocation: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::TravelDocumentRevoked],
        result: departed_across,
    },
    Row {
        design: "rectification of the person × acceptance by silence: not covered",
        asks: &[Kind::SilenceClaimed],
        answers: &[Kind::Rectified],
        result: |case| case.covers_person == Coverage::NotCovered,
    },
    Row {
        design: "rectification of the person × acceptance: not covered",
        asks: &[Kind::Rectified],
        answers: &[Kind::RequestAccepted],
        result: |case| case.covers_person == Coverage::NotCovered,
    },
];

const fn departed_across(case: &Case) -> bool {
    matches!(case.transfer, TransferSituation::Departed(_, Crossed::Yes))
}

fn kind(judged: &Judged) -> Option<Kind> {
    judged.statement.as_ref().map(|statement| statement.kind())
}

/// The rows of the table that occurred in a case, and led to what the table says.
pub(crate) fn occurred(case: &Case, history: &History) -> Vec<&'static str> {
    let had_heard = |by: &Judged, of: &Judged| {
        let dispatch = history.node(by.side).own.dispatches[&by.at.dispatch];
        dispatch.heard.is_some_and(|heard| heard.number >= of.at.dispatch)
    };
    let of = |side: Side, kinds: &'static [Kind]| {
        let said = case.history.iter().filter(move |it| it.side == side);
        said.filter(move |it| kind(it).is_some_and(|kind| kinds.contains(&kind)))
    };
    let occurred = TABLE.iter().filter(|row| {
        (row.result)(case)
            && of(Side::Requesting, row.asks).any(|a| {
                of(Side::Requested, row.answers).any(|b| !had_heard(a, b) && !had_heard(b, a))
            })
    });
    occurred.map(|row| row.design).collect()
}

/// What a case holds, without positions and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Holds {
    outcome: &'static str,
    after: &'static str,
    document: &'static str,
    transfer: &'static str,
    coverage: Coverage,
}

impl Holds {
    fn of(case: &Case) -> Self {
        let after = match case.outcome {
            Outcome::CancelledAfter(settlement, _) => match settlement {
                Settlement::Accepted(Ground::Answer(_)) => "an acceptance",
                Settlement::Accepted(Ground::Silence(_)) => "an acceptance by silence",
                Settlement::Refused(_) => "a refusal",
                Settlement::Returned(_) => "a return",
            },
            Outcome::Open | Outcome::Settled(_) | Outcome::Withdrawn(_) => "",
        };
        Self {
            outcome: case.outcome_word(),
            after,
            document: match case.document {
                DocumentSituation::None => "none",
                DocumentSituation::Requested(_) => "requested",
                DocumentSituation::Valid(_) => "valid",
                DocumentSituation::Suspended(_) => "suspended",
                DocumentSituation::ToBeRevoked(_) => "to be revoked",
                DocumentSituation::Revoked(_) => "revoked",
            },
            transfer: match case.transfer {
                TransferSituation::None => "none",
                TransferSituation::Notified(_) => "notified",
                TransferSituation::Stopped(_, Stop::Hold) => "stopped by a hold",
                TransferSituation::Stopped(_, Stop::Objection) => "stopped by an objection",
                TransferSituation::Stopped(_, Stop::Cancellation) => "cancelled",
                TransferSituation::Stopped(_, Stop::Withdrawal) => "stopped by a withdrawal",
                TransferSituation::NotDeparted(_) => "not departed",
                TransferSituation::Departed(_, Crossed::No) => "departed",
                TransferSituation::Departed(_, Crossed::Yes) => "departed, crossed",
                TransferSituation::Arrived(_, Crossed::No) => "arrived",
                TransferSituation::Arrived(_, Crossed::Yes) => "arrived, crossed",
                TransferSituation::TakenBack(_) => "taken back",
            },
            coverage: case.covers_person,
        }
    }
}

/// How far a case has come when the two speak: what was said before, heard by both.
const STAGES: &[(&str, &[&str])] = &[
    ("filed", &[]),
    ("admitted, and asked", &["XK tries RequestAdmitted", "XK tries ClarificationAsked"]),
    (
        "interview arranged, and a hold on either side",
        &[
            "NL tries RegisterCheckRequested",
            "NL tries InterviewRequested",
            "XK tries InterviewArranged",
            "NL tries HoldPlaced",
            "XK tries HoldPlaced",
        ],
    ),
    ("silence due", &["43200 minutes pass", "XK says"]),
    (
        "silence noticed",
        &["43200 minutes pass", "NL tries SilenceNoticed", "2000 minutes pass", "XK says"],
    ),
    (
        "accepted by silence",
        &[
            "43200 minutes pass",
            "NL tries SilenceNoticed",
            "2000 minutes pass",
            "XK says",
            "NL tries SilenceClaimed",
        ],
    ),
    (
        "accepted by silence, and rectified",
        &[
            "43200 minutes pass",
            "NL tries SilenceNoticed",
            "2000 minutes pass",
            "XK says",
            "NL tries SilenceClaimed",
            "NL tries Rectified",
        ],
    ),
    ("refused", &["XK tries RequestRefused"]),
    ("withdrawn", &["NL tries RequestWithdrawn"]),
    ("accepted", &["XK tries RequestAccepted"]),
    ("accepted, and rectified", &["XK tries RequestAccepted", "NL tries Rectified"]),
    ("document requested", &["XK tries RequestAccepted", "NL tries TravelDocumentRequested"]),
    (
        "document issued",
        &[
            "XK tries RequestAccepted",
            "NL tries TravelDocumentRequested",
            "XK tries TravelDocumentIssued",
        ],
    ),
    (
        "document revoked",
        &[
            "XK tries RequestAccepted",
            "NL tries TravelDocumentRequested",
            "XK tries TravelDocumentIssued",
            "XK tries TravelDocumentRevoked",
        ],
    ),
    ("transfer notified", NOTIFIED),
    ("the log of the requesting State was faulty", &["XK says FaultProved", "NL succeeds"]),
    (
        "the log of the requested State was faulty",
        &["XK tries RequestAccepted", "NL says FaultProved 99", "XK succeeds"],
    ),
    (
        "a key was revoked, and one State has settled",
        &["XK tries RequestAccepted", "XK says KeyRevoked 1", "NL tries DisputeSettled"],
    ),
    ("unreadable", &["XK tries EntryUnreadable"]),
    (
        "silence noticed of what cannot be read",
        &[
            "XK tries EntryContested",
            "43200 minutes pass",
            "NL tries SilenceNoticed",
            "2000 minutes pass",
            "XK says",
        ],
    ),
    (
        "closed by both, and one erases",
        &[
            "XK tries RequestRefused",
            "NL tries CaseClosed",
            "XK tries CaseClosed",
            "NL tries ErasureOrdered",
        ],
    ),
    (
        "transfer notified, and rectified",
        &[
            "XK tries RequestAccepted",
            "NL tries TravelDocumentRequested",
            "XK tries TravelDocumentIssued",
            "NL tries TransferNotified",
            "XK tries Rectified",
        ],
    ),
    (
        "departed",
        &[
            "XK tries RequestAccepted",
            "NL tries TravelDocumentRequested",
            "XK tries TravelDocumentIssued",
            "NL tries TransferNotified",
            "7200 minutes pass",
            "XK says",
            "NL tries PersonDeparted",
        ],
    ),
    (
        "arrived",
        &[
            "XK tries RequestAccepted",
            "NL tries TravelDocumentRequested",
            "XK tries TravelDocumentIssued",
            "NL tries TransferNotified",
            "7200 minutes pass",
            "XK says",
            "NL tries PersonDeparted",
            "XK tries PersonArrived",
        ],
    ),
];

const NOTIFIED: &[&str] = &[
    "XK tries RequestAccepted",
    "NL tries TravelDocumentRequested",
    "XK tries TravelDocumentIssued",
    "NL tries TransferNotified",
    "7200 minutes pass",
    "XK says",
];

/// A case at a stage.
fn at(world: World, stage: &[&str]) -> History {
    let rules = world.rules();
    let mut history = world.begin();
    let opening = ["NL tries RequestFiled"];
    for line in opening.iter().chain(stage) {
        let step = Step::parse(line);
        let led = play(&step, &mut history, &rules);
        let fits = match step {
            Step::Tries(..) => matches!(led, Led::Stated(1)),
            Step::Passes(_)
            | Step::Says(..)
            | Step::Stores(..)
            | Step::Hears(_)
            | Step::Succeeds(_) => true,
        };
        assert!(fits, "{line} led to {led:?}");
        history.exchange();
    }
    history
}

/// One statement; whether it stands once everything was said.
fn says(history: &mut History, world: World, side: Side, kind: Kind) {
    let word = Word { what: What::Kind(kind), number: None };
    let step = Step::Says(side, Manner::Honest, vec![word]);
    play(&step, history, &world.rules());
}

/// The case after both spoke, and whether what each said stands; an answer that a crossing left
/// without effect stood on what its author knew.
fn after(mut history: History) -> (Case, [bool; 2]) {
    history.exchange();
    let case = history.case(Side::Requesting).unwrap();
    let stands = [Side::Requesting, Side::Requested].map(|side| {
        let last = case.history.iter().rfind(|it| it.side == side);
        last.is_some_and(|last| last.verdict.stands())
    });
    (case, stands)
}

/// Kinds that a State may state about a case.
fn kinds(side: Side) -> impl Iterator<Item = Kind> {
    use domain::case::event::Speaker;
    Kind::ALL.into_iter().filter(move |kind| match kind.speaker() {
        Speaker::Either => true,
        Speaker::Requesting => side == Side::Requesting && !kind.opens(),
        Speaker::Requested => side == Side::Requested,
        Speaker::Corridor => false,
    })
}

/// A kind that stands at this stage, said by itself.
fn possible(stage: &History, world: World, side: Side) -> Vec<Kind> {
    kinds(side)
        .filter(|kind| {
            let mut alone = stage.clone();
            says(&mut alone, world, side, *kind);
            let (_, stands) = after(alone);
            stands[match side {
                Side::Requesting => 0,
                Side::Requested => 1,
            }]
        })
        .collect()
}

#[test]
fn whatever_crosses_commutes_or_is_in_the_table() {
    let mut wrong = Vec::new();
    let mut pairs = 0;
    for world in [World::Plain, World::Refusing] {
        for (name, stage) in STAGES {
            let stage = at(world, stage);
            let answers = possible(&stage, world, Side::Requested);
            for a in possible(&stage, world, Side::Requesting) {
                for b in &answers {
                    pairs += 1;
                    wrong.extend(
                        compare(&stage, world, a, *b)
                            .map(|why| format!("{name}, {a:?} × {b:?}: {why}")),
                    );
                }
            }
        }
    }
    assert!(pairs > 500, "only {pairs} pairs are possible");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a pair; nothing where it commutes, or is a row and leads to its result.
fn compare(stage: &History, world: World, a: Kind, b: Kind) -> Option<String> {
    let spoken = |order: &[(Side, Kind)], heard: bool| {
        let mut history = stage.clone();
        for (side, kind) in order {
            says(&mut history, world, *side, *kind);
            if heard {
                history.exchange();
            }
        }
        after(history)
    };
    let (asks, answers) = ((Side::Requesting, a), (Side::Requested, b));
    let (crossed, _) = spoken(&[asks, answers], false);
    let (first_a, stand_a) = spoken(&[asks, answers], true);
    let (first_b, stand_b) = spoken(&[answers, asks], true);
    let holds = Holds::of(&crossed);
    let orders = [(Holds::of(&first_a), stand_a[1]), (Holds::of(&first_b), stand_b[0])];
    let compared: Vec<Holds> =
        orders.iter().filter(|(_, stands)| *stands).map(|(holds, _)| *holds).collect();
    let commutes = if compared.is_empty() {
        orders.iter().any(|(order, _)| *order == holds)
    } else {
        compared.iter().all(|order| *order == holds)
    };
    let row = TABLE.iter().find(|row| row.asks.contains(&a) && row.answers.contains(&b));
    match row {
        Some(row) if (row.result)(&crossed) => None,
        Some(_) if commutes => None,
        Some(row) => Some(format!("{} led to {holds:?}", row.design)),
        None if commutes => None,
        None => Some(format!("{holds:?}, but in order {orders:?}")),
    }
}

/// Every row of the table occurs at a stage where both may be stated, and leads to what it says.
#[test]
fn every_row_of_the_table_leads_to_what_it_says() {
    for row in TABLE {
        for a in row.asks {
            for b in row.answers {
                let found = STAGES.iter().any(|(_, stage)| {
                    let stage = at(World::Plain, stage);
                    let possible = possible(&stage, World::Plain, Side::Requesting).contains(a)
                        && possible(&stage, World::Plain, Side::Requested).contains(b);
                    possible && {
                        let mut history = stage;
                        says(&mut history, World::Plain, Side::Requesting, *a);
                        says(&mut history, World::Plain, Side::Requested, *b);
                        (row.result)(&after(history).0)
                    }
                });
                assert!(found, "{}: {a:?} × {b:?}", row.design);
            }
        }
    }
}

#[test]
fn what_was_said_knowing_of_the_other_did_not_cross() {
    let stage = at(World::Plain, NOTIFIED);
    let departure = (Side::Requesting, Kind::PersonDeparted);
    let hold = (Side::Requested, Kind::HoldPlaced);
    for (order, heard, expected) in [
        ([departure, hold], false, Crossed::Yes),
        ([departure, hold], true, Crossed::No),
        // A departure in breach of a hold that was heard is a breach, and crosses nothing.
        ([hold, departure], true, Crossed::No),
    ] {
        let mut history = stage.clone();
        for (side, kind) in order {
            says(&mut history, World::Plain, side, kind);
            if heard {
                history.exchange();
            }
        }
        let (case, _) = after(history);
        assert!(
            matches!(case.transfer, TransferSituation::Departed(_, crossed) if crossed == expected),
            "{:?}",
            case.transfer
        );
    }
}
