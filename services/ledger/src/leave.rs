//! Leave to write to a partner: what a restored store lacks before it may say a word, and what the
//! witnesses of the own log have said.
//!
//! A store that was restored from a copy has signed more than it knows. To sign those numbers again
//! would fork the log: so nothing is written to the partner until the store holds again everything
//! that was released, and every open case carries the safeguard `restored`, since the local log has
//! no other copy. Reading, and answering the partner, go on meanwhile.
//!
//! What the partner says is let in only as far as the next own word to come back had heard it
//! ([`Leave::holds_back`]): then each of its dispatches is judged with the own words that were
//! there when it was stored first, the one that froze its log among them, and no case arrives
//! between the safeguards and the first word. Where only the mark is lost nothing is held back:
//! nobody can tell whether a word is lacking, and an objection of the partner has to be seen.
//!
//! | Waits for | Ends when |
//! |---|---|
//! | dispatches | the own log has come back up to the mark, or an operator lets it go on |
//! | forged dispatches | what somebody else signed with the own log key has been taken in |
//! | the operator, as the mark is lost | an operator has compared with the partner, and says so |
//! | safeguards | every open case carries `restored` |
//!
//! Who acts: the writer ([`crate::writer`]) alone changes it; the exchange brings dispatches and
//! what witnesses say; [`crate::recover`] finds the open cases.

use domain::chain::Heard;
use domain::identifier::Digest;
use domain::time::Instant;

/// Whether anything may be written to a partner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It may.
    #[default]
    Granted,
    /// Not yet.
    Waiting(Box<Waiting>),
}

/// What is waited for, and what was heard meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) lack: Lack,
    pub(crate) since: Instant,
    /// The highest number that was signed, by the mark.
    pub(crate) signed: Option<u64>,
    /// The dispatch of the partner that the next own word to come back had heard; `None` while that
    /// is not known, or it needs no more than is there.
    pub(crate) needs: Option<u64>,
    /// What the partner said last, since the start.
    pub(crate) partner: Option<Testimony>,
    /// What the own topic held when it was last looked at, since the start.
    pub(crate) topic: Option<Testimony>,
}

/// What is lacking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Dispatches of the own log, up to this one.
    Dispatches { released: u64, digest: Digest },
    /// Dispatches that somebody else signed with the own log key, up to this one: an operator takes
    /// them in as they stand, to revoke that key behind them.
    Forged { last: u64, digest: Digest },
    /// The mark, and so anybody's knowledge of what was signed.
    Mark,
    /// The safeguard `restored` on open cases.
    Safeguards,
}

/// Who holds dispatches of the own log beside this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    Partner,
    Topic,
}

/// What a witness says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Testimony {
    pub(crate) at: Instant,
    /// The last dispatch that it holds.
    pub(crate) holds: Option<Heard>,
}

impl Leave {
    pub(crate) const fn waiting(&self) -> Option<&Waiting> {
        match self {
            Self::Granted => None,
            Self::Waiting(waiting) => Some(waiting),
        }
    }

    /// What is lacking; `None` where nothing is.
    pub(crate) fn lack(&self) -> Option<Lack> {
        self.waiting().map(|waiting| waiting.lack)
    }

    /// Whether dispatches of the own log are taken back.
    pub(crate) fn takes_back(&self) -> bool {
        match self.lack() {
            Some(Lack::Dispatches { .. } | Lack::Forged { .. } | Lack::Mark) => true,
            Some(Lack::Safeguards) | None => false,
        }
    }

    /// Whether a dispatch of the partner that is not stored yet has to wait for own words.
    pub(crate) fn holds_back(&self, number: u64) -> bool {
        self.waiting().is_some_and(|waiting| match waiting.lack {
            Lack::Dispatches { .. } | Lack::Forged { .. } => {
                waiting.needs.is_none_or(|needs| number > needs)
            }
            Lack::Safeguards => true,
            Lack::Mark => false,
        })
    }

    /// Notes which dispatch of the partner the next own word had heard.
    pub(crate) fn need(&mut self, number: u64) {
        if let Self::Waiting(waiting) = self {
            waiting.needs = Some(number);
        }
    }

    /// Notes what a witness said.
    pub(crate) fn hear(&mut self, witness: Witness, testimony: Testimony) {
        if let Self::Waiting(waiting) = self {
            match witness {
                Witness::Partner => waiting.partner = Some(testimony),
                Witness::Topic => waiting.topic = Some(testimony),
            }
        }
    }

    /// Notes where the own log ends now.
    pub(crate) fn follow(&mut self, head: Option<Heard>) {
        if let Self::Waiting(waiting) = self
            && let Lack::Dispatches { released: last, digest } | Lack::Forged { last, digest } =
                waiting.lack
            && head.is_some_and(|head| head.number == last && head.digest == digest)
        {
            waiting.lack = Lack::Safeguards;
        }
    }
}

impl Waiting {
    /// A node that begins to wait.
    pub(crate) fn begin(released: Option<(u64, Digest)>, lack: Lack, since: Instant) -> Self {
        let signed = released.map(|(number, _)| number);
        Self { lack, since, signed, needs: None, partner: None, topic: None }
    }

    /// One sentence for people: what is waited for, and what to do. `next` is the number that the
    /// own log has next.
    pub(crate) fn reason(&self, next: u64) -> String {
        match self.lack {
            Lack::Dispatches { released, .. } => format!(
                "the store was restored from an old copy and lacks own dispatches {next} to \
                 {released}, which were signed: they are asked of the partner and of the own \
                 topic; where neither has them, see `operator resume`"
            ),
            Lack::Forged { last, .. } => format!(
                "somebody else signed dispatches {next} to {last} with this State's log key: they \
                 are asked of the partner and of the own topic, and taken in as they stand"
            ),
            Lack::Mark => "the signer's mark is lost, so nobody can tell whether the store is an \
                           old copy: compare with the partner, then `operator resume`"
                .to_owned(),
            Lack::Safeguards => "the store was restored from a copy: every open case gets the \
                                 safeguard `restored`"
                .to_owned(),
        }
    }
}
