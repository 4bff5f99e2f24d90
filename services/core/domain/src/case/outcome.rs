//! The outcome of a request: answer, silence and withdrawal; provisional or confirmed.

use super::dispute;
use super::knowledge::View;
use super::said::{Answer, At, Side};
use crate::clock::{self, Began, Deadline, NotComputable};
use crate::mutant;
use crate::rules::{Length, Limit, Rules, SilenceEffect, Start};
use crate::time::{Date, Instant, Span};

/// What has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Neither answered nor withdrawn, and no silence proved.
    Open,
    /// Settled by an answer or by proved silence.
    Settled(Settlement),
    /// Withdrawn before the requesting State had heard an answer or proved the silence.
    Withdrawn(At),
    /// Withdrawn afterwards.
    CancelledAfter(Settlement, At),
}

/// How a request was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Accepted.
    Accepted(Ground),
    /// Refused.
    Refused(Ground),
    /// Sent back unconsidered.
    Returned(At),
}

/// What settled a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// An answer of the requested State.
    Answer(At),
    /// A silence that the requesting State proved.
    Silence(At),
}

/// Whether the other State has been heard to have heard the deciding entry, and nothing casts a
/// doubt on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Not yet: what it says, it may say not knowing.
    Provisional,
    /// It has: whatever it says later, it says knowing.
    Confirmed,
    /// A proven fault or a revoked key casts a doubt on it that not both States have settled.
    Disputed,
}

/// Whether an answer came within the limit to reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timeliness {
    /// Within the limit.
    Timely,
    /// After the limit.
    Late,
    /// The limit is not computable.
    NotComputable,
}

impl Outcome {
    /// The outcome in a view: `base`, and what a withdrawal makes of it.
    #[must_use]
    pub fn of(view: &View<'_>) -> Self {
        let base = base(view);
        let Some(withdrawn) = view.said.requesting.withdrawn else {
            return base.map_or(Self::Open, Self::Settled);
        };
        match base {
            None => Self::Withdrawn(withdrawn),
            Some(settlement) => {
                let (side, at) = settlement.deciding();
                let knew = match side {
                    // A claim is its own: valid only where it came before the withdrawal.
                    Side::Requesting => true,
                    Side::Requested => heard_by(view, Side::Requesting, withdrawn, at),
                };
                let knew = (knew || mutant::broken("a withdrawal cancels what it did not know"))
                    && !mutant::broken("a withdrawal withdraws from what it knew");
                if knew {
                    Self::CancelledAfter(settlement, withdrawn)
                } else {
                    Self::Withdrawn(withdrawn)
                }
            }
        }
    }

    /// Who decided, and by which entry.
    #[must_use]
    pub const fn deciding(&self) -> Option<(Side, At)> {
        match self {
            Self::Open => None,
            Self::Settled(settlement) => Some(settlement.deciding()),
            Self::Withdrawn(at) | Self::CancelledAfter(_, at) => Some((Side::Requesting, *at)),
        }
    }

    /// Whether the outcome is confirmed in a view; an open request is provisional.
    #[must_use]
    pub fn standing(&self, view: &View<'_>) -> Standing {
        if dispute::disputed(view) && !mutant::broken("a disputed result stands") {
            Standing::Disputed
        } else if self.is_heard(view) {
            Standing::Confirmed
        } else {
            Standing::Provisional
        }
    }

    /// Whether the other State is shown, in a view, to have heard the deciding entry.
    #[must_use]
    pub fn is_heard(&self, view: &View<'_>) -> bool {
        let heard = self.deciding().and_then(|(side, at)| view.receipt(side.other(), at.dispatch));
        (heard.is_some() || mutant::broken("a result need not be heard"))
            && !mutant::broken("a result is never confirmed")
    }

    /// The acceptance in force, if the request is accepted and not cancelled.
    #[must_use]
    pub const fn accepted(&self) -> Option<Ground> {
        match self {
            Self::Settled(Settlement::Accepted(ground)) => Some(*ground),
            Self::Open | Self::Settled(_) | Self::Withdrawn(_) | Self::CancelledAfter(..) => None,
        }
    }
}

impl Settlement {
    /// Who settled it, and by which entry.
    #[must_use]
    pub const fn deciding(&self) -> (Side, At) {
        match self {
            Self::Accepted(Ground::Answer(at))
            | Self::Refused(Ground::Answer(at))
            | Self::Returned(at) => (Side::Requested, *at),
            Self::Accepted(Ground::Silence(at)) | Self::Refused(Ground::Silence(at)) => {
                (Side::Requesting, *at)
            }
        }
    }
}

/// `silence`, if valid and of effect; else `answer`; else nothing.
///
/// A valid claim excludes any answer up to the dispatch that it cites, so a timely answer always
/// wins; a late one wins unless the silence had been proved by then.
fn base(view: &View<'_>) -> Option<Settlement> {
    let stated = view.rules.map_or(SilenceEffect::NotStated, |rules| rules.silence.effect);
    let effect = if mutant::broken("silence accepts, whatever the agreement says") {
        SilenceEffect::DeemedAccepted
    } else {
        stated
    };
    let claim = view.said.requesting.claim;
    if let Some((at, _)) = claim.filter(|_| !mutant::broken("a proved silence has no effect")) {
        match effect {
            SilenceEffect::DeemedAccepted => {
                return Some(Settlement::Accepted(Ground::Silence(at)));
            }
            SilenceEffect::DeemedRefused => return Some(Settlement::Refused(Ground::Silence(at))),
            SilenceEffect::NotStated => {}
        }
    }
    let (at, answer) = view.said.requested.answer.as_ref()?;
    Some(match answer {
        Answer::Accepted => Settlement::Accepted(Ground::Answer(*at)),
        Answer::Refused(_) => Settlement::Refused(Ground::Answer(*at)),
        Answer::Returned(_) => Settlement::Returned(*at),
    })
}

/// Whether the author of the entry `by` (of `side`) had heard the other side's entry `of`.
#[must_use]
pub(crate) fn heard_by(view: &View<'_>, side: Side, by: At, of: At) -> bool {
    let dispatch = view.chains.of(side).dispatches.get(&by.dispatch);
    dispatch.and_then(|dispatch| dispatch.heard).is_some_and(|heard| heard.number >= of.dispatch)
}

/// What a clock may start from, beside what the view holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The request itself.
    Request,
    /// The request for this step.
    Step(At),
}

/// The start of a limit in a view; `None` as long as its event has not been heard of.
#[must_use]
pub(crate) fn start(view: &View<'_>, limit: &Limit, trigger: Trigger) -> Option<Instant> {
    let (filed, _) = view.said.requesting.filed.as_ref()?;
    let asked = match trigger {
        Trigger::Request => *filed,
        Trigger::Step(at) => at,
    };
    match limit.starts_on {
        Start::DateOfRequest => Some(asked.time),
        Start::ReceiptOfApplication => {
            view.receipt(Side::Requested, filed.dispatch).map(|receipt| receipt.time)
        }
        Start::ReceiptOfTravelDocumentRequest => {
            view.receipt(Side::Requested, asked.dispatch).map(|receipt| receipt.time)
        }
        Start::ApprovalOrExpiryOfReplyLimit => match Outcome::of(view).accepted()? {
            Ground::Answer(at) => Some(at.time),
            // The limit expires on its last day, which is then day zero: the moment before 24:00.
            Ground::Silence(_) => {
                let expired = reply(view, view.rules?)?.ok()?;
                Some(expired.at.less(Span::from_ms(1)))
            }
        },
        Start::KnowledgeOfIrregularStay => None,
    }
}

/// The period of a limit that the requested State must keep.
fn period(
    view: &View<'_>,
    rules: &Rules,
    limit: &Limit,
    trigger: Trigger,
    acting: Side,
) -> Option<Result<Deadline, NotComputable>> {
    let start = start(view, limit, trigger)?;
    let state = view.chains.of(acting).author;
    Some(clock::deadline(rules, Began::At(start), limit, state))
}

/// The deadline to reply; `None` as long as the requested State has not heard the request.
#[must_use]
pub(crate) fn reply(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    period(view, rules, &rules.reply, Trigger::Request, Side::Requested)
}

/// The deadline for silence; not always the deadline to reply.
#[must_use]
pub(crate) fn silence(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    period(view, rules, &rules.silence.limit, Trigger::Request, Side::Requested)
}

/// The deadline of the register check that was last asked for.
#[must_use]
pub(crate) fn register_check(
    view: &View<'_>,
    rules: &Rules,
) -> Option<Result<Deadline, NotComputable>> {
    let asked = view.said.requesting.register_check?;
    let limit = rules.register_check.as_ref()?;
    period(view, rules, limit, Trigger::Step(asked), Side::Requested)
}

/// The deadline of the travel document that was last asked for.
#[must_use]
pub(crate) fn travel_document(
    view: &View<'_>,
    rules: &Rules,
) -> Option<Result<Deadline, NotComputable>> {
    let (asked, _) = view.said.requesting.document_requests.last()?;
    let limit = &rules.travel_document.as_ref()?.issue;
    period(view, rules, limit, Trigger::Step(*asked), Side::Requested)
}

/// The limit for the transfer.
#[must_use]
pub(crate) fn transfer(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    let limit = rules.transfer.as_ref()?;
    period(view, rules, limit, Trigger::Request, Side::Requesting)
}

/// Whether the answer came within the limit to reply.
#[must_use]
pub(crate) fn timeliness(view: &View<'_>, rules: &Rules, answer: At) -> Timeliness {
    match reply(view, rules) {
        Some(Ok(deadline)) if answer.time < deadline.at => Timeliness::Timely,
        Some(Ok(_)) if mutant::broken("no answer is late") => Timeliness::Timely,
        Some(Ok(_)) => Timeliness::Late,
        // An answer shows that the request was heard; a limit that has not started is not over.
        None => Timeliness::Timely,
        Some(Err(_)) => Timeliness::NotComputable,
    }
}

/// Whether a filing on `filed_at` keeps a limit that starts on a civil day.
pub(crate) fn filed_in_time(
    rules: &Rules,
    length: Length,
    from: Date,
    state: crate::identifier::State,
    filed_at: Instant,
) -> Result<bool, NotComputable> {
    clock::end_from_day(rules, from, length, state).map(|end| filed_at < end)
}

#[cfg(test)]
mod tests {
    use super::Timeliness::{Late, Timely};
    use super::*;
    use crate::case::event::Statement as S;
    use crate::case::story::{NL, Story, accepted_by_silence, filed, noticed, refusal, withdrawn};

    /// 28 days from 2 March are over when 30 March ends in Pristina: in 28 days and 15 hours.
    #[test]
    fn an_answer_is_late_from_the_end_of_the_last_day_on() {
        let answered = |story: Story| story.xk(refusal()).by(NL).case().timeliness;
        for (story, expected) in [
            (filed(), Some(Timely)),
            (filed().days(28).hours(14), Some(Timely)),
            (filed().days(28).hours(15), Some(Late)),
            (noticed(), Some(Late)),
        ] {
            assert_eq!(answered(story), expected);
        }
        assert_eq!(filed().by(NL).case().timeliness, None);
        assert_eq!(accepted_by_silence().by(NL).case().timeliness, None);
    }

    #[test]
    fn an_outcome_is_provisional_until_the_other_state_has_heard_what_decides() {
        for (story, word) in [
            (filed().unheard(NL.other(), S::RequestAccepted), "accepted"),
            (filed().unheard(NL, S::RequestWithdrawn), "withdrawn"),
        ] {
            let node = if word == "accepted" { NL.other() } else { NL };
            let case = story.clone().by(node).case();
            assert_eq!((case.outcome_word(), case.standing), (word, Standing::Provisional));
            let case = story.heard().by(node).case();
            assert_eq!((case.outcome_word(), case.standing), (word, Standing::Confirmed));
        }
    }

    #[test]
    fn a_withdrawal_cancels_what_its_author_knew_and_withdraws_from_what_it_did_not() {
        for (story, word) in [
            (withdrawn(), "withdrawn"),
            (filed().xk(refusal()).nl(S::RequestWithdrawn), "cancelled-after"),
            (filed().xk(S::RequestAccepted).nl(S::RequestWithdrawn), "cancelled-after"),
            (accepted_by_silence().nl(S::RequestWithdrawn), "cancelled-after"),
            (filed().unheard(NL, S::RequestWithdrawn).xk(S::RequestAccepted), "withdrawn"),
        ] {
            assert_eq!(story.by(NL).case().outcome_word(), word);
        }
    }
}
