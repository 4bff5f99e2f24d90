//! What is explored: where each play begins, and what the two States may state from there.

use domain::case::event::Kind;

use crate::watch::World;

/// A play.
#[derive(Debug)]
pub(crate) struct Play {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The agreement.
    pub(crate) world: World,
    /// What was said before, each heard by both.
    pub(crate) before: &'static [&'static str],
    /// What the requesting State may state.
    pub(crate) asks: &'static [Act],
    /// What the requested State may state.
    pub(crate) answers: &'static [Act],
    /// Dispatches of each State, at most.
    pub(crate) dispatches: [usize; 2],
    /// Minutes from each of the four times to the next.
    pub(crate) minutes: [u64; 3],
}

/// What a State may state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// What the rules let it.
    Tries(Kind),
    /// The same, with a number.
    TriesWith(Kind, u64),
    /// Whatever the rules say.
    Says(Kind),
    /// A fault of the partner's log, at the number after the last that was stored.
    ProvesFault,
    /// A rival for the partner's first dispatch, which both have long heard of.
    ProvesOldRival,
    /// The own log key was revoked, from here on back to the beginning of the play.
    RevokesKey,
}

use Act::{ProvesFault, ProvesOldRival, RevokesKey, Says, Tries, TriesWith};
use Kind::{
    DisputeSettled, EntryContested, EntryUnreadable, HoldPlaced, PersonDeparted, Rectified,
    RequestAccepted, RequestFiled, RequestRefused, RequestWithdrawn, Restated,
    ReturnedUnconsidered, SilenceClaimed, SilenceNoticed, TransferNotified, TransferObjected,
    TravelDocumentIssued, TravelDocumentRevoked,
};

/// The silence falls due, the grace is over, and days go by.
const SILENCE: [u64; 3] = [43_200, 1_500, 7_200];

/// A transfer's notice is over, and days go by.
const NOTICE: [u64; 3] = [7_200, 1_500, 7_200];

const FILED: &[&str] = &["NL tries RequestFiled"];

const NOTICED: &[&str] =
    &["NL tries RequestFiled", "43200 minutes pass", "NL tries SilenceNoticed"];

const ASKED_FOR_DOCUMENT: &[&str] =
    &["NL tries RequestFiled", "XK tries RequestAccepted", "NL tries TravelDocumentRequested"];

const NOTIFIED: &[&str] = &[
    "NL tries RequestFiled",
    "XK tries RequestAccepted",
    "NL tries TravelDocumentRequested",
    "XK tries TravelDocumentIssued",
    "NL tries TransferNotified",
];

const DOUBTED: &[&str] =
    &["NL tries RequestFiled", "XK tries RequestAccepted", "XK says KeyRevoked 1"];

const READY: &[&str] = &[
    "NL tries RequestFiled",
    "XK tries RequestAccepted",
    "NL tries TravelDocumentRequested",
    "XK tries TravelDocumentIssued",
    "NL tries TransferNotified",
    "7200 minutes pass",
    "XK says",
];

/// The plays.
pub(crate) const PLAYS: &[Play] = &[
    Play {
        name: "request and answer",
        world: World::Plain,
        before: &[],
        asks: &[
            Tries(RequestFiled),
            Tries(SilenceNoticed),
            Tries(SilenceClaimed),
            Tries(RequestWithdrawn),
        ],
        answers: &[Tries(RequestAccepted), Tries(RequestRefused), Tries(ReturnedUnconsidered)],
        dispatches: [4, 3],
        minutes: SILENCE,
    },
    Play {
        name: "silence refuses",
        world: World::Refusing,
        before: FILED,
        asks: &[Tries(SilenceNoticed), Tries(SilenceClaimed), Tries(RequestWithdrawn)],
        answers: &[Tries(RequestAccepted), Tries(RequestRefused)],
        dispatches: [3, 3],
        minutes: SILENCE,
    },
    Play {
        name: "nobody asks the rules",
        world: World::Plain,
        before: FILED,
        asks: &[Says(SilenceNoticed), Says(SilenceClaimed), Says(RequestWithdrawn)],
        answers: &[Says(RequestRefused)],
        dispatches: [3, 3],
        minutes: SILENCE,
    },
    Play {
        name: "the request cannot be read",
        world: World::Plain,
        before: FILED,
        asks: &[
            Tries(SilenceNoticed),
            Tries(SilenceClaimed),
            Tries(Restated),
            TriesWith(Rectified, 1),
        ],
        answers: &[Tries(EntryUnreadable), Tries(EntryContested), Tries(RequestRefused)],
        dispatches: [3, 3],
        minutes: SILENCE,
    },
    Play {
        name: "the notice of what cannot be read",
        world: World::Plain,
        before: NOTICED,
        asks: &[Tries(SilenceClaimed), Tries(Restated), TriesWith(Rectified, 1)],
        answers: &[Tries(EntryUnreadable), Tries(EntryContested), Tries(RequestAccepted)],
        dispatches: [3, 4],
        minutes: [1_500, 60, 60],
    },
    Play {
        name: "the person is rectified",
        world: World::Plain,
        before: NOTICED,
        asks: &[Tries(SilenceClaimed), TriesWith(Rectified, 0), Tries(RequestWithdrawn)],
        answers: &[TriesWith(Rectified, 0), Tries(RequestAccepted)],
        dispatches: [3, 3],
        minutes: [1_500, 60, 60],
    },
    Play {
        name: "faults and revoked keys before the answer",
        world: World::Plain,
        before: FILED,
        asks: &[Tries(RequestWithdrawn), ProvesFault, RevokesKey, Tries(DisputeSettled)],
        answers: &[
            Tries(RequestAccepted),
            Tries(RequestRefused),
            ProvesFault,
            RevokesKey,
            Tries(DisputeSettled),
        ],
        dispatches: [3, 3],
        minutes: [60, 60, 60],
    },
    Play {
        name: "faults and revoked keys in a silence",
        world: World::Plain,
        before: NOTICED,
        asks: &[Says(SilenceClaimed), RevokesKey, ProvesOldRival, Tries(DisputeSettled)],
        answers: &[Says(RequestRefused), ProvesFault, Tries(DisputeSettled)],
        dispatches: [3, 3],
        minutes: [1_500, 60, 60],
    },
    Play {
        name: "travel document",
        world: World::Plain,
        before: ASKED_FOR_DOCUMENT,
        asks: &[Tries(RequestWithdrawn), Tries(HoldPlaced), Tries(TransferNotified)],
        answers: &[Tries(TravelDocumentIssued), Tries(HoldPlaced), Tries(TravelDocumentRevoked)],
        dispatches: [3, 3],
        minutes: NOTICE,
    },
    Play {
        name: "a dispute is settled",
        world: World::Plain,
        before: DOUBTED,
        asks: &[Tries(DisputeSettled), Tries(RequestWithdrawn), Tries(TransferNotified)],
        answers: &[Tries(DisputeSettled), Tries(RequestRefused), RevokesKey, ProvesFault],
        dispatches: [3, 3],
        minutes: [60, 60, 60],
    },
    Play {
        name: "notice and departure",
        world: World::Plain,
        before: NOTIFIED,
        asks: &[Tries(PersonDeparted), Tries(HoldPlaced)],
        answers: &[Tries(HoldPlaced), Tries(TransferObjected)],
        dispatches: [3, 3],
        minutes: NOTICE,
    },
    Play {
        name: "departure",
        world: World::Plain,
        before: READY,
        asks: &[Tries(PersonDeparted), Tries(HoldPlaced), TriesWith(Rectified, 0)],
        answers: &[
            Tries(HoldPlaced),
            Tries(TransferObjected),
            Tries(TravelDocumentRevoked),
            TriesWith(Rectified, 0),
        ],
        dispatches: [3, 3],
        minutes: NOTICE,
    },
    Play {
        name: "departure that nobody asks the rules about",
        world: World::Plain,
        before: READY,
        asks: &[Says(PersonDeparted), RevokesKey, Tries(DisputeSettled)],
        answers: &[Tries(HoldPlaced), RevokesKey, ProvesFault, Tries(DisputeSettled)],
        dispatches: [3, 3],
        minutes: [60, 60, 60],
    },
];
