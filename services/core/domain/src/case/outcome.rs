//! The outcome of a request: answer, silence and withdrawal; provisional or confirmed.

use super::dispute;
use super::event::Kind;
use super::knowledge::View;
use super::limit::{self, Trigger};
use super::obstacle;
use super::rule;
use super::said::{Answer, At, Side};
use crate::clock::{self, Deadline, NotComputable};
use crate::mutant;
use crate::rules::{
    ExtensionCounts, LateDocument, LateWhen, Length, Purpose, Rules, SilenceEffect,
    ThirdCountryDocument, TravelDocument,
};
use crate::time::{Date, Instant};

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
    /// The limit is not computable, or may have been extended off the record.
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
    let on_record = |rules: &Rules| rules.silence.effect_on_record();
    let stated = view.rules.map_or(SilenceEffect::NotStated, on_record);
    let effect = if mutant::broken("silence accepts, whatever the agreement says") {
        SilenceEffect::DeemedAccepted
    } else {
        stated
    };
    let claim = view.said.requesting.claim;
    if let Some((at, _)) = claim.filter(|_| !mutant::broken("a proved silence has no effect")) {
        match effect {
            SilenceEffect::DeemedAccepted | SilenceEffect::DeemedAcceptedWithDocument => {
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

/// The deadline to reply, with the extension that was taken and the obstacles that were stated;
/// `None` as long as what starts it has not happened.
#[must_use]
pub(crate) fn reply(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    let due = limit::answering(view, rules, &rules.reply)?;
    let due = match taken(view, rules) {
        Some(length) => due.and_then(|due| clock::extended(rules, &due, length)),
        None => due,
    };
    Some(due.and_then(|due| obstacle::to_answer(view, rules, due)))
}

/// The deadline for silence; not always the deadline to reply. It waits for the extension that was
/// taken and the obstacle that was stated; where no entry could show that, for the longest that the
/// agreement allows. `None` also where that may last as long as an obstacle does.
#[must_use]
pub(crate) fn silence(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    let due = limit::answering(view, rules, &rules.silence.limit)?;
    match at_the_longest(view, rules, due) {
        Longest::Until(due) => Some(due),
        Longest::Open => None,
    }
}

/// When a limit to answer is over at the latest.
enum Longest {
    /// Then.
    Until(Result<Deadline, NotComputable>),
    /// No moment is the latest.
    Open,
}

fn at_the_longest(view: &View<'_>, rules: &Rules, due: Result<Deadline, NotComputable>) -> Longest {
    let extension = rules.reply_extension.as_ref();
    let Some(extension) = extension.filter(|_| !mutant::broken("no reply may take longer")) else {
        return Longest::Until(due);
    };
    let length = match (extension.counts, extension.longest) {
        (ExtensionCounts::WhenObstacleStated, _) if obstacle::may_be_stated(view) => {
            return Longest::Until(due.and_then(|due| obstacle::to_answer(view, rules, due)));
        }
        (_, None) => return Longest::Open,
        (ExtensionCounts::Always | ExtensionCounts::WhenObstacleStated, longest) => longest,
        (ExtensionCounts::WhenTaken, longest) => taken(view, rules).or_else(|| {
            let untaken = may_be_taken(view) && !mutant::broken("every reply takes the longest");
            longest.filter(|_| !untaken)
        }),
    };
    Longest::Until(match length {
        Some(length) => due.and_then(|due| clock::extended(rules, &due, length)),
        None => due,
    })
}

/// The extension that was taken.
fn taken(view: &View<'_>, rules: &Rules) -> Option<Length> {
    let longest = rules.reply_extension.as_ref()?.longest_taken()?;
    let (_, count) = view.said.requested.extension?;
    Some(Length { count, ..longest }).filter(|_| !mutant::broken("an extension extends nothing"))
}

/// Whether the requested State could have taken an extension: only where whoever heard the request
/// had heard that the requesting State understands one.
fn may_be_taken(view: &View<'_>) -> bool {
    let filed = view.said.requesting.filed.as_ref();
    filed.is_some_and(|(filed, _)| {
        let heard = Some(filed.dispatch);
        rule::understood(view.chains, Side::Requested, heard, Kind::ExtensionTaken).is_ok()
            || mutant::broken("what could not be taken was not taken")
    })
}

/// The deadline of the register check that was last asked for.
#[must_use]
pub(crate) fn register_check(
    view: &View<'_>,
    rules: &Rules,
) -> Option<Result<Deadline, NotComputable>> {
    let asked = view.said.requesting.register_check?;
    let limit = rules.register_check.as_ref()?;
    limit::period(view, rules, limit, Trigger::Step(asked), Side::Requested)
}

/// The deadline of the travel document that was last asked for; `None` also where the agreement
/// names no limit.
#[must_use]
pub(crate) fn travel_document(
    view: &View<'_>,
    rules: &Rules,
) -> Option<Result<Deadline, NotComputable>> {
    let (asked, _) = view.said.requesting.document_requests.last()?;
    let limit = limit::issue(view, rules.travel_document.as_ref()?, *asked)?;
    limit::period(view, rules, limit, Trigger::Step(*asked), Side::Requested)
}

/// Whether the travel document that was last asked for is late, and the agreement says what
/// stands in for it then.
#[must_use]
pub(crate) fn document_is_late(view: &View<'_>, rules: &Rules) -> bool {
    let Some(document) = &rules.travel_document else {
        return false;
    };
    let asked = view.said.requesting.document_requests.last();
    let (Some(late), Some((asked, _))) = (&document.late, asked) else {
        return false;
    };
    let after = document.late_after.as_ref();
    let period = match after.filter(|_| !mutant::broken("a document is late when it is due")) {
        Some(after) => limit::period(view, rules, after, Trigger::Step(*asked), Side::Requested),
        None => travel_document(view, rules),
    };
    let Some(Ok(period)) = period else {
        return false;
    };
    let stands_in = match late.value {
        LateDocument::RequestingPartyDocumentAccepted
        | LateDocument::CommonProvisionalDocumentAccepted
        | LateDocument::UnionStandardDocumentAccepted
        | LateDocument::ReturnOnUnderlyingEvidence => true,
        LateDocument::ExpiredDocumentAccepted => {
            view.said.requested.document().is_some()
                || mutant::broken("what was never issued has expired")
        }
    };
    let happened = document.late_when.as_ref().is_none_or(|when| match when.value {
        LateWhen::ReceiptNotAcknowledged => {
            let receipt = view.receipt(Side::Requested, asked.dispatch);
            receipt.is_none_or(|receipt| receipt.time >= period.at)
                || mutant::broken("a document is late although its request was acknowledged")
        }
    });
    view.time >= period.at && stands_in && happened
}

/// What the person travels on, where it is not a document of the requested State alone.
#[must_use]
pub(crate) fn third_country_document(
    view: &View<'_>,
    document: &TravelDocument,
) -> Option<ThirdCountryDocument> {
    let (_, filed) = view.said.requesting.filed.as_ref()?;
    match filed.category.purpose() {
        Purpose::Nationality => None,
        Purpose::ThirdCountryConditions => {
            document.third_country_nationals.as_ref().map(|cited| cited.value)
        }
    }
}

/// The limit for the transfer.
#[must_use]
pub(crate) fn transfer(view: &View<'_>, rules: &Rules) -> Option<Result<Deadline, NotComputable>> {
    let (_, filed) = view.said.requesting.filed.as_ref()?;
    let limit = if mutant::broken("everybody is transferred within the same limit") {
        rules.transfer.as_ref()?
    } else {
        rules.transfer_of(filed.category)?
    };
    let due = limit::period(view, rules, limit, Trigger::Request, Side::Requesting)?;
    Some(due.and_then(|due| obstacle::to_transfer(view, rules, due)))
}

/// Whether the answer came within the limit to reply, with the extension that was taken. Where no
/// entry could show whether a longer one was taken, it is not computable in between.
#[must_use]
pub(crate) fn timeliness(view: &View<'_>, rules: &Rules, answer: At) -> Timeliness {
    // An answer shows that the request was heard; a limit that has not started is not over.
    let Some(reply) = reply(view, rules) else {
        return Timeliness::Timely;
    };
    let timely = |due: &Deadline| answer.time < due.at || mutant::broken("no answer is late");
    // Whoever answers while its obstacle lasts has more time than that.
    let waits = reply.as_ref().err() == Some(&NotComputable::ObstacleLasts);
    if waits || reply.as_ref().is_ok_and(timely) {
        return Timeliness::Timely;
    }
    let ordinary = limit::answering(view, rules, &rules.reply).unwrap_or(reply);
    match at_the_longest(view, rules, ordinary) {
        Longest::Until(Ok(longest)) if answer.time >= longest.at => Timeliness::Late,
        Longest::Until(Ok(_) | Err(_)) | Longest::Open => Timeliness::NotComputable,
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
