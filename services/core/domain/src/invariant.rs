//! The numbered invariants of the bilateral record (DESIGN 5), as pure predicates: 1 to 7 and 13.
//!
//! Property tests and simulations ask them after every step. They look at what came out and
//! recompute what they can from the chains alone, so that they do not repeat the mistakes of what
//! they check. Invariants 8 to 12 are about bytes, stores and nodes, and are not here.

mod departure;

pub use departure::departure_met_every_condition;

use std::collections::BTreeSet;
use std::fmt;

use crate::case::Case;
use crate::case::correction;
use crate::case::dispute::{self, Doubt};
use crate::case::event::{Kind, Statement};
use crate::case::knowledge::{Judged, Verdict};
use crate::case::outcome::{Ground, Outcome, Settlement, Standing};
use crate::case::rejection::Rejection;
use crate::case::said::{At, Side};
use crate::chain::{Chain, Content, Heard, sparse};
use crate::clock;
use crate::rules::{ExtensionCounts, Length, ReplyExtension, Rules, SilenceEffect, Start, Unit};
use crate::time::{Instant, Span};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number in DESIGN 5.
    pub number: u8,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {}: {}", self.number, self.what)
    }
}

impl std::error::Error for Broken {}

/// The place of a fault that was found in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An entry, by its position: head, facts, body or key announcement.
    Entry(u64),
    /// A header, by the number of its dispatch.
    Header(u64),
}

/// Invariant 1: the same two chains are the same case, to the byte: what was derived from both is
/// what a third derives from no more than it needs of them, given in the other order. Case keys
/// play no part, because no body is read.
///
/// # Errors
/// The texts differ.
pub fn same_case(case: &Case, requesting: &Chain, requested: &Chain) -> Result<(), Broken> {
    let corridor = case.chains().corridor;
    let text = |case: &Case| format!("{}{}", case.text(), case.etag());
    let (few, fewer) = sparse::of_case(corridor, case.id, requesting, requested);
    let derived = Case::of(corridor, case.id, &fewer, &few);
    let (expected, found) = (Some(text(case)), derived.as_ref().map(text));
    holds(found == expected, 1, || {
        format!("cut down, in the other order, it is {found:?} and not {expected:?}")
    })
}

/// Invariant 2, of one log: what a partner holds of it is its beginning, whatever was lost,
/// repeated or brought in another order on the way.
///
/// # Errors
/// A dispatch or an entry of the replica is not that of the original.
pub fn replica_is_a_prefix(original: &Chain, replica: &Chain) -> Result<(), Broken> {
    holds(original.author == replica.author, 2, || {
        format!("a log of {} is kept as one of {}", original.author, replica.author)
    })?;
    let last = replica.head().map(|head| head.number);
    let dispatches =
        original.dispatches.values().take_while(|dispatch| Some(dispatch.number) <= last);
    holds(dispatches.eq(replica.dispatches.values()), 2, || {
        format!("dispatches of {} differ up to {last:?}", original.author)
    })?;
    let entries = original.entries.iter().take_while(|entry| Some(entry.dispatch) <= last);
    holds(entries.eq(replica.entries.iter()), 2, || {
        format!("entries of {} differ up to dispatch {last:?}", original.author)
    })
}

/// Invariant 2, of two nodes: when each holds all of the other's log, they hold the same case.
///
/// # Errors
/// They hold all, and the texts differ.
pub fn nodes_converge(here: &Case, there: &Case) -> Result<(), Broken> {
    let (ours, theirs) = (here.chains(), there.chains());
    let heads = |chains: &crate::case::knowledge::Chains<'_>| {
        [chains.requesting.head().copied(), chains.requested.head().copied()]
    };
    if heads(&ours) != heads(&theirs) {
        return Ok(());
    }
    holds(here.text() == there.text(), 2, || format!("{} and not {}", here.text(), there.text()))
}

/// Invariant 3: a confirmed outcome never changes, except to an explicit "cancelled after". It may
/// become disputed by a new cause, with the outcome that it is; and comes out of it by both. While
/// it is disputed, and a State does not know yet which of its own entries the other had heard
/// before it revoked a key, what follows from these may change.
///
/// # Errors
/// It changed in another way, or is not confirmed any more.
pub fn confirmed_outcome_stays(before: &Case, after: &Case) -> Result<(), Broken> {
    if after.standing != Standing::Disputed {
        let settled = Side::BOTH.into_iter().all(|side| has_settled(after, side));
        holds(after.causes.is_empty() || settled, 3, || {
            format!("{:?} is not settled by both, and {:?}", after.causes, after.standing)
        })?;
    } else {
        let settled = Side::BOTH.into_iter().all(|side| has_settled(after, side));
        holds(!after.causes.is_empty() && !settled, 3, || {
            format!("{:?} is settled by both, and disputed", after.causes)
        })?;
    }
    if !is_firm(before) {
        return Ok(());
    }
    let stays = after.is_heard()
        && (before.standing == after.standing
            || before.standing == Standing::Disputed
            || (after.standing == Standing::Disputed && before.causes != after.causes));
    let changed = || {
        format!(
            "{:?} was confirmed and became {:?} {:?}",
            before.outcome, after.standing, after.outcome
        )
    };
    match (before.outcome, after.outcome) {
        (Outcome::Settled(settlement), Outcome::CancelledAfter(of, _)) => {
            holds(settlement == of, 3, changed)
        }
        (was, is) => holds(was == is && stays, 3, changed),
    }
}

/// Whether nothing that the other State may have said by now can change an outcome: the deciding
/// entry was heard, and so was every revocation, after which nothing more is struck or not.
fn is_firm(case: &Case) -> bool {
    let chains = case.chains();
    let heard = |side: Side| {
        let mut revocations = chains.of(side).entries.iter().filter(
            |entry| matches!(&entry.content, Content::Stated(it) if it.kind() == Kind::KeyRevoked),
        );
        revocations.all(|entry| chains.of(side.other()).receipt_of(entry.dispatch).is_some())
    };
    let disputed = case.standing == Standing::Disputed;
    case.is_heard() && (!disputed || Side::BOTH.into_iter().all(heard))
}

/// Whether a State has said that it takes the case as it stands, knowing every cause.
fn has_settled(case: &Case, side: Side) -> bool {
    let chain = case.chains().of(side);
    let settled = case.history.iter().filter(|judged| {
        judged.side == side
            && judged.verdict.stands()
            && judged.statement.as_deref() == Some(&Statement::DisputeSettled)
    });
    let mut settled = settled.map(|judged| judged.at);
    settled.any(|at| {
        case.causes.iter().all(|cause| {
            if cause.side == side {
                return cause.at.position < at.position;
            }
            let void =
                cause.doubt == Doubt::Fault && !dispute::goes_on(chain, cause.at, at.position);
            heard(chain, at.dispatch) >= Some(cause.at.dispatch) && !void
        })
    })
}

/// Invariant 4: what arrives later, whatever its date, changes no confirmed outcome, no judgement
/// of what the other State is shown to have heard, and no timeliness of an answer that was heard.
/// What cancels a confirmed outcome is dated at most the skew before what it cancels. What was
/// not heard yet may be struck with a revoked key, dated anew with a corrected clock, or void in
/// the next era; without these nothing else changes either.
///
/// # Errors
/// It did.
pub fn back_dating_gains_nothing(before: &Case, after: &Case) -> Result<(), Broken> {
    let chains = before.chains();
    let was_heard = |side: Side, at: At| chains.of(side.other()).receipt_of(at.dispatch).is_some();
    let bent = Side::BOTH.into_iter().any(|side| bends(after.chains().of(side)));
    for was in &before.history {
        if bent && !was_heard(was.side, was.at) {
            continue;
        }
        let is = after
            .history
            .iter()
            .find(|is| is.side == was.side && is.at.position == was.at.position);
        // An answer that a withdrawal overtook has its effect again where that is taken away.
        let freed = |is: &Judged| bent && !is_firm(before) && overtaken(is, was);
        let same = is.is_some_and(|is| is == was || overtaken(was, is) || freed(is));
        holds(same, 4, || format!("{was:?} became {is:?}"))?;
    }
    if !is_firm(before) {
        return Ok(());
    }
    let answer = before.said.requested.answer.as_ref().map(|(at, _)| *at);
    let known = answer.is_some_and(|at| was_heard(Side::Requested, at));
    let late = known && before.timeliness != after.timeliness;
    holds(!late, 4, || {
        format!("an answer in {:?} became {:?}", before.timeliness, after.timeliness)
    })?;
    let skew = before.chains().corridor.skew;
    let decided = |case: &Case| case.outcome.deciding().map(|(_, at)| at.time);
    let later = decided(before).is_none_or(|was| {
        before.outcome == after.outcome || decided(after).is_some_and(|is| is.plus(skew) >= was)
    });
    holds(later, 4, || format!("{:?} was dated back over {:?}", after.outcome, before.outcome))
}

/// Whether a chain has an entry that may change what was not heard.
fn bends(chain: &Chain) -> bool {
    chain.entries.iter().any(|entry| match &entry.content {
        Content::Stated(statement) => {
            let kind = statement.kind();
            matches!(kind, Kind::KeyRevoked | Kind::ClockCorrected | Kind::LogSucceeded)
        }
        Content::NotUnderstood => false,
    })
}

/// Whether an answer that was effective has been left without effect by what it crossed.
fn overtaken(was: &Judged, is: &Judged) -> bool {
    let kind = was.statement.as_ref().map(|statement| statement.kind());
    let answer = matches!(
        kind,
        Some(Kind::RequestAccepted | Kind::RequestRefused | Kind::ReturnedUnconsidered)
    );
    let by_crossing = matches!(
        is.verdict,
        Verdict::Ineffective(Rejection::RequestMustNotBeWithdrawn | Rejection::RequestMustBeOpen)
    );
    answer && was.verdict == Verdict::Effective && by_crossing && was.at == is.at
}

/// Invariant 5: a claim of silence stands only if the partner had heard the notice, spoken after
/// the grace, and had not answered; and an outcome by silence rests on such a claim.
///
/// # Errors
/// A claim stands that should not, or an outcome without one.
pub fn silence_is_proved(case: &Case) -> Result<(), Broken> {
    let mut proved = Vec::new();
    for judged in &case.history {
        let Some(Statement::SilenceClaimed(cited)) = judged.statement.as_deref() else {
            continue;
        };
        if judged.verdict.stands() {
            claim_is_proved(case, judged.at, *cited)
                .map_err(|what| Broken { number: 5, what: format!("{judged:?}: {what}") })?;
            proved.push(judged.at);
        }
    }
    let settlement = match case.outcome {
        Outcome::Settled(settlement) | Outcome::CancelledAfter(settlement, _) => settlement,
        Outcome::Open | Outcome::Withdrawn(_) => {
            return holds(proved.is_empty() || case.outcome != Outcome::Open, 5, || {
                "a claim stands and the request is open".to_owned()
            });
        }
    };
    let silence = case.rules.as_ref().map(|rules| &rules.silence);
    let effect = silence.filter(|it| it.exception.is_none()).map(|it| it.effect);
    let sound = match settlement {
        Settlement::Accepted(Ground::Silence(at)) => {
            let accepts =
                [SilenceEffect::DeemedAccepted, SilenceEffect::DeemedAcceptedWithDocument];
            proved == [at] && effect.is_some_and(|effect| accepts.contains(&effect))
        }
        Settlement::Refused(Ground::Silence(at)) => {
            proved == [at] && effect == Some(SilenceEffect::DeemedRefused)
        }
        Settlement::Accepted(Ground::Answer(_))
        | Settlement::Refused(Ground::Answer(_))
        | Settlement::Returned(_) => proved.is_empty(),
    };
    holds(sound, 5, || format!("{settlement:?} with claims {proved:?}"))
}

/// What a claim at `claim` lacks, found from the chains alone.
fn claim_is_proved(case: &Case, claim: At, cited: Heard) -> Result<(), String> {
    let chains = case.chains();
    let (asks, answers) = (chains.requesting, chains.requested);
    let proof = answers.dispatches.get(&cited.number);
    let proof = proof.ok_or("cites a dispatch that is not there")?;
    let known = heard(asks, claim.dispatch).filter(|known| *known >= proof.number);
    let known = known.ok_or("cites what its author had not heard")?;
    let notice = case.history.iter().rfind(|judged| {
        judged.side == Side::Requesting
            && judged.at.position < claim.position
            && judged.verdict == Verdict::Effective
            && judged.statement.as_deref() == Some(&Statement::SilenceNoticed)
    });
    let notice = notice.ok_or("without a notice")?.at;
    let answer = case.said.requested.answer.as_ref().map(|(at, _)| *at);
    let withdrawn = case.said.requesting.withdrawn;
    let over = case.rules.as_ref().and_then(|rules| silence_ends(case, rules, known));
    let grace = chains.corridor.grace;
    for (holds, what) in [
        (proof.digest == cited.digest, "cites another digest"),
        (
            heard(answers, proof.number) >= Some(notice.dispatch),
            "the cited dispatch had not heard the notice",
        ),
        (proof.time >= notice.time.plus(grace), "before the grace was over"),
        (answer.is_none_or(|at| at.dispatch > known), "its author knew an answer"),
        (withdrawn.is_none_or(|at| at.position > claim.position), "after a withdrawal"),
        (over.is_some_and(|over| notice.time >= over), "noticed before it was due"),
        (was_readable(case, proof.number), "the partner could not read the request"),
    ] {
        if !holds {
            return Err(what.to_owned());
        }
    }
    Ok(())
}

/// Whether what the partner called unreadable, or contested, of the opening up to a dispatch had
/// been answered in a dispatch that this one had heard.
fn was_readable(case: &Case, proof: u64) -> bool {
    let chains = case.chains();
    let Some((filed, _)) = &case.said.requesting.filed else {
        return false;
    };
    let said = |side: Side, named: &Statement| {
        let said = case.history.iter().filter(|it| it.side == side && it.verdict.stands());
        said.filter(|it| it.statement.as_deref() == Some(named)).map(|it| it.at).next()
    };
    let answered = |doubt: At, kinds: &[Kind]| {
        case.history.iter().any(|it| {
            let named = match it.statement.as_deref() {
                Some(Statement::Restated(restated)) => restated.entry == filed.position,
                Some(_) | None => true,
            };
            let kind = it.statement.as_ref().map(|statement| statement.kind());
            it.side == Side::Requesting
                && it.verdict.stands()
                && named
                && kind.is_some_and(|kind| kinds.contains(&kind))
                && heard(chains.requesting, it.at.dispatch) >= Some(doubt.dispatch)
                && heard(chains.requested, proof) >= Some(it.at.dispatch)
        })
    };
    let doubts = [
        (Statement::EntryUnreadable(filed.position), &[Kind::Restated][..]),
        (Statement::EntryContested(filed.position), &[Kind::Restated, Kind::Rectified][..]),
    ];
    doubts.into_iter().all(|(doubt, kinds)| {
        let first = said(Side::Requested, &doubt).filter(|at| at.dispatch <= proof);
        first.is_none_or(|doubt| answered(doubt, kinds))
    })
}

/// The end of the limit for silence, as whoever had heard the requested State up to a dispatch knew
/// it; `None` while it has not begun.
fn silence_ends(case: &Case, rules: &Rules, known: u64) -> Option<Instant> {
    let chains = case.chains();
    let (filed, _) = case.said.requesting.filed.as_ref()?;
    let limit = &rules.silence.limit;
    let mut answers = chains.requested.dispatches.values();
    let receipt = answers
        .find(|dispatch| dispatch.heard.is_some_and(|heard| heard.number >= filed.dispatch))?;
    let stated = |side: Side, kind: Kind| {
        let said = case.history.iter().filter(move |it| it.side == side && it.verdict.stands());
        let mut said =
            said.filter(move |it| it.statement.as_ref().map(|it| it.kind()) == Some(kind));
        said.next().map(|it| it.at.time)
    };
    let interview = stated(Side::Requesting, Kind::InterviewRequested).is_some();
    let other = rules.reply_with_interview.as_ref().filter(|_| interview);
    let start = match other.map_or(limit.starts_on, |other| other.value) {
        Start::ReceiptOfApplication => receipt.time,
        Start::DateOfRequest => filed.time,
        Start::ConfirmedReceiptOfApplication => stated(Side::Requested, Kind::RequestAdmitted)?,
        Start::SubmissionOfApplication => receipt.time.max(filed.time),
        Start::InterviewResult => stated(Side::Requested, Kind::InterviewHeld)?,
        Start::ReceiptOfTravelDocumentRequest
        | Start::ApprovalOrExpiryOfReplyLimit
        | Start::KnowledgeOfIrregularStay
        | Start::ReceiptOfPositiveReply
        | Start::ReceiptOfReply
        | Start::IssueOfTravelDocument
        | Start::TravelDocumentRequest
        | Start::DetectionOfIrregularStay
        | Start::IrregularStayAscertained
        | Start::EntryAndPresenceAscertained => return None,
    };
    let end = clock::end(rules, start, limit.length, case.requested).ok()?;
    let Some(extension) = &rules.reply_extension else {
        return Some(end);
    };
    let longest = match (extension.counts, extension.longest) {
        (ExtensionCounts::WhenObstacleStated, _) => {
            return delayed(case, rules, extension, known, end);
        }
        (ExtensionCounts::Always | ExtensionCounts::WhenTaken, longest) => longest?,
    };
    let longest = match extension.counts {
        ExtensionCounts::Always | ExtensionCounts::WhenObstacleStated => longest,
        ExtensionCounts::WhenTaken => match extension_taken(case, known) {
            Some(count) => Length { count, ..longest },
            None if could_state(case, filed, Kind::ExtensionTaken) => return Some(end),
            None => longest,
        },
    };
    let last_moment = end.less(Span::from_ms(1));
    match longest.unit {
        Unit::Hours => clock::end(rules, end, longest, case.requested).ok(),
        Unit::CalendarDays
        | Unit::DaysUnqualified
        | Unit::Weeks
        | Unit::CalendarMonths
        | Unit::Years
        | Unit::WorkingDays => clock::end(rules, last_moment, longest, case.requested).ok(),
    }
}

/// By how much the requested State had extended its reply up to a dispatch.
fn extension_taken(case: &Case, known: u64) -> Option<u32> {
    case.history.iter().find_map(|it| match it.statement.as_deref() {
        Some(Statement::ExtensionTaken(count))
            if it.verdict == Verdict::Effective && it.at.dispatch <= known =>
        {
            Some(*count)
        }
        Some(_) | None => None,
    })
}

/// The end of a limit for silence that is delayed while an obstacle lasts, and for a time after it
/// was removed; `None` while it is not known.
fn delayed(
    case: &Case,
    rules: &Rules,
    extension: &ReplyExtension,
    known: u64,
    end: Instant,
) -> Option<Instant> {
    let mut said = case.history.iter().filter(|it| {
        it.side == Side::Requested && it.verdict == Verdict::Effective && it.at.dispatch <= known
    });
    let last = said.rfind(|it| {
        let kind = it.statement.as_ref().map(|statement| statement.kind());
        matches!(kind, Some(Kind::ObstacleReported | Kind::ObstacleRemoved))
    });
    let Some(last) = last else {
        let (filed, _) = case.said.requesting.filed.as_ref()?;
        let kinds = [Kind::ObstacleReported, Kind::ObstacleRemoved];
        let could = kinds.into_iter().all(|kind| could_state(case, filed, kind));
        return could.then_some(end);
    };
    if last.statement.as_deref() == Some(&Statement::ObstacleReported) {
        return None;
    }
    let after = clock::end(rules, last.at.time, extension.after_obstacle?, case.requested).ok()?;
    Some(after.max(end))
}

/// Whether the requesting State had said that it understands a kind, by the dispatch that the
/// request travelled in.
fn could_state(case: &Case, filed: &At, kind: Kind) -> bool {
    let chains = case.chains();
    let number = kind.number();
    let said = chains.requesting.entries.iter().filter(|entry| entry.dispatch <= filed.dispatch);
    let mut said = said.filter_map(|entry| match &entry.content {
        Content::Stated(statement) => Some(statement),
        Content::NotUnderstood => None,
    });
    chains.corridor.kinds.contains(&number)
        || said.any(|statement| {
            matches!(&**statement, Statement::CapabilitiesStated(kinds) if kinds.contains(&number))
        })
}

/// The number of the partner's dispatch that a dispatch had heard.
fn heard(chain: &Chain, number: u64) -> Option<u64> {
    chain.dispatches.get(&number)?.heard.map(|heard| heard.number)
}

/// Invariant 6: one writer, no gap, nothing falls (numbers, times, `heard`), every `heard` resolves
/// to what the partner said and none comes back to itself, and nothing is dated earlier than the
/// skew before what it had heard. Of whole chains; `partner` reaches as far as `log` has heard.
///
/// # Errors
/// The first dispatch or entry that does not fit.
pub fn log_is_sound(log: &Chain, partner: &Chain, skew: Span) -> Result<(), Broken> {
    let author = log.author;
    let mut time = Instant::from_ms(0);
    let mut known: Option<Heard> = None;
    let corrections: BTreeSet<u64> = log
        .entries
        .iter()
        .filter(|entry| correction::corrects(entry))
        .map(|entry| entry.dispatch)
        .collect();
    for (number, (key, dispatch)) in (0_u64..).zip(&log.dispatches) {
        let at = |what: &str| format!("dispatch {number} of {author}: {what}");
        let numbered = *key == number && dispatch.number == number;
        holds(numbered, 6, || at("not numbered without a gap"))?;
        let corrects = corrections.contains(&number);
        let falls = dispatch.time < time && !corrects;
        holds(!falls, 6, || at("dated before the one before it"))?;
        let falls = known.map(|heard| heard.number) > dispatch.heard.map(|heard| heard.number);
        holds(!falls, 6, || at("has heard less than the one before it"))?;
        if let Some(heard) = dispatch.heard {
            let said = partner.dispatches.get(&heard.number);
            let said = said.filter(|said| said.digest == heard.digest);
            let said = said
                .ok_or_else(|| Broken { number: 6, what: at("has heard what was never said") })?;
            let before = said.heard.is_none_or(|back| back.number < number);
            holds(before, 6, || at("has heard a dispatch that had heard it"))?;
            let dated = dispatch.time >= said.time.less(skew);
            holds(dated, 6, || at("dated earlier than what it had heard allows"))?;
        }
        time = dispatch.time;
        known = dispatch.heard;
    }
    let mut last = 0;
    for (position, entry) in (0_u64..).zip(&log.entries) {
        let at = |what: &str| format!("entry {position} of {author}: {what}");
        holds(entry.position == position, 6, || at("not numbered without a gap"))?;
        holds(entry.dispatch >= last, 6, || at("in an earlier dispatch than the one before it"))?;
        let travelled = log.dispatches.contains_key(&entry.dispatch);
        holds(travelled, 6, || at("in a dispatch that is not there"))?;
        last = entry.dispatch;
    }
    Ok(())
}

/// Invariant 7, as far as the rules can see it: where a flipped bit was found is a place in the
/// log. That every flip is found is for whoever holds the bytes.
///
/// # Errors
/// No such entry or header.
pub fn fault_is_located(log: &Chain, place: Place) -> Result<(), Broken> {
    let there = match place {
        Place::Entry(position) => log.entry_at(position).is_some(),
        Place::Header(number) => log.dispatches.contains_key(&number),
    };
    holds(there, 7, || format!("{place:?} is no place in the log of {}", log.author))
}

/// Holds, or the invariant of this number is broken.
fn holds(holds: bool, number: u8, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { number, what: what() }) }
}
