//! The rule of each kind: what must hold for one State to state it, on what it knows.
//!
//! One function serves both sides of time: `decide` asks it before something is stated, and
//! [`super::knowledge`] asks it of every entry on the record, with what its author had heard. So
//! what a node lets its officials state, and what both nodes hold of it, cannot differ.

use std::collections::BTreeSet;

use super::crossing::{self, DocumentSituation};
use super::dispute;
use super::event::{
    AgreementEnded, AgreementReference, Force, Kind, Position, RequestFiled, ReturnDecision,
    Speaker, Statement, TransferNotified, TravelDocumentIssued,
};
use super::knowledge::{Chains, Verdict, View, heard_of};
use super::outcome::{self, Ground, Outcome, Settlement, Standing};
use super::rejection::Rejection;
use super::said::{At, Course, Identity, Interview, Side};
use crate::chain::{Content, Dispatch, Entry, Heard};
use crate::clock;
use crate::mutant;
use crate::rules::{
    Direction, MEANING, ReplyExtension, Requirement, Rules, SilenceEffect, ThirdCountryDocument,
};
use crate::time::{Date, Instant};

/// What a broken rule means for an entry of this force; one that is not understood is treated
/// as an act.
pub(crate) fn consequence(rule: Rejection, force: Option<Force>) -> Verdict {
    match (rule, force) {
        // What was never understood, or never belonged to the case, tells nothing of it.
        (
            Rejection::FactsMustBeCanonical
            | Rejection::KindMustBeUnderstood
            | Rejection::OpeningMustBeTheFoundersFirst
            | Rejection::OpeningMustBeHeard
            | Rejection::OpeningMustBeEffective
            | Rejection::SpeakerMustBeRequestingState
            | Rejection::SpeakerMustBeRequestedState
            | Rejection::StatementMustBelongToACase
            | Rejection::KeyMustNotBeRevoked,
            _,
        )
        | (_, None | Some(Force::Act)) => Verdict::Ineffective(rule),
        (_, Some(Force::Report)) if mutant::broken("a report that breaks a rule is no report") => {
            Verdict::Ineffective(rule)
        }
        (_, Some(Force::Report)) => Verdict::Breach(rule),
    }
}

/// Whether the author of an entry had heard the recipient understand a kind.
pub(crate) fn understood(
    chains: Chains<'_>,
    side: Side,
    heard: Option<u64>,
    kind: Kind,
) -> Result<(), Rejection> {
    if chains.corridor.kinds.contains(&kind.number()) {
        return Ok(());
    }
    let revoked = dispute::revocations(chains, side.other());
    let stands = |entry: &Entry| !dispute::struck(chains, side.other(), entry, &revoked);
    require(stated_to(chains, side, heard, kind, stands), Rejection::KindMustBeUnderstood)
}

/// Whether the recipient had stated a kind, in an entry that `counts` and that was heard.
fn stated_to(
    chains: Chains<'_>,
    side: Side,
    heard: Option<u64>,
    kind: Kind,
    counts: impl Fn(&Entry) -> bool,
) -> bool {
    let number = kind.number();
    let recipient = chains.of(side.other());
    heard.into_iter().flat_map(|heard| recipient.entries_up_to(heard)).any(|entry| {
        let content = stated(&entry.content);
        matches!(content, Some(Statement::CapabilitiesStated(kinds)) if kinds.contains(&number))
            && counts(entry)
    })
}

/// Whether the author of a corridor entry of the root key, or of a proven fault, had heard the
/// recipient understand its kind. What a revocation strikes is asked of those that it does not
/// itself need, so that this ends.
pub(crate) fn corridor_understood(chains: Chains<'_>, side: Side, entry: &Entry) -> bool {
    let Some(statement) = stated(&entry.content) else {
        return false;
    };
    let kind = statement.kind();
    let heard = heard_of(chains.of(side), entry);
    chains.corridor.kinds.contains(&kind.number()) || stated_to(chains, side, heard, kind, |_| true)
}

/// The statement of an entry, if it is understood.
fn stated(content: &Content) -> Option<&Statement> {
    match content {
        Content::Stated(statement) => Some(statement),
        Content::NotUnderstood => None,
    }
}

/// Whether an entry adopts an agreement or ends one.
pub(crate) fn is_of_an_agreement(entry: &Entry) -> bool {
    matches!(
        stated(&entry.content),
        Some(Statement::AgreementAdopted(_) | Statement::AgreementEnded(_))
    )
}

/// What one side says of the corridor in entries that `known` lets pass. What the other did not
/// understand then, or what was signed by a key revoked before it was heard, is not said.
fn of_corridor<'a>(
    chains: Chains<'a>,
    side: Side,
    known: impl Fn(&Entry) -> bool,
) -> impl Iterator<Item = &'a Statement> {
    let chain = chains.of(side);
    let revoked = dispute::revocations(chains, side);
    chain.entries.iter().filter(move |entry| known(entry) && entry.case.is_none()).filter_map(
        move |entry| {
            let statement = stated(&entry.content).filter(|_| is_of_an_agreement(entry))?;
            unsaid(chains, side, entry, &revoked).is_none().then_some(statement)
        },
    )
}

/// The rule by which an entry about the corridor says nothing; `None` where it counts.
fn unsaid(
    chains: Chains<'_>,
    side: Side,
    entry: &Entry,
    revoked: &[dispute::Revocation],
) -> Option<Rejection> {
    let statement = stated(&entry.content)?;
    if dispute::struck(chains, side, entry, revoked) {
        return Some(Rejection::KeyMustNotBeRevoked);
    }
    let heard = heard_of(chains.of(side), entry);
    understood(chains, side, heard, statement.kind()).err()
}

/// The rule by which the last adoption of some rules by one side adopts nothing; `None` where it
/// counts, where it does not bring its rules, and where there is none.
pub(crate) fn unadopted(
    chains: Chains<'_>,
    side: Side,
    rules: &AgreementReference,
) -> Option<Rejection> {
    let revoked = dispute::revocations(chains, side);
    let adopts = |entry: &&Entry| {
        let adopted = stated(&entry.content).filter(|_| entry.case.is_none());
        matches!(adopted, Some(Statement::AgreementAdopted(it)) if it.reference() == *rules)
    };
    let last = chains.of(side).entries.iter().rfind(adopts)?;
    unsaid(chains, side, last, &revoked)
}

/// Adoptions by one side, of entries that `known` lets pass. One whose bytes do not hold what it
/// says adopts nothing.
pub(crate) fn adoptions<'a>(
    chains: Chains<'a>,
    side: Side,
    known: impl Fn(&Entry) -> bool,
) -> impl Iterator<Item = (AgreementReference, &'a Rules)> {
    of_corridor(chains, side, known).filter_map(|statement| {
        let Statement::AgreementAdopted(adopted) = statement else { return None };
        Some((adopted.reference(), adopted.rules.as_deref()?))
    })
}

/// From which day on no request may be filed under an agreement, as far as a view knows: the
/// earliest that either State has named for these rules or for a later version of them.
fn ended_from(view: &View<'_>, under: &AgreementReference) -> Option<Date> {
    let (before, heard) = (view.before, view.heard);
    let own = ended_by(view.chains, Side::Requesting, move |entry| entry.position < before, under);
    let by_partner =
        ended_by(view.chains, Side::Requested, move |it| Some(it.dispatch) <= heard, under);
    own.into_iter().chain(by_partner).min()
}

/// The same by the word of one side, of entries that `known` lets pass.
pub(crate) fn ended_by(
    chains: Chains<'_>,
    side: Side,
    known: impl Fn(&Entry) -> bool,
    under: &AgreementReference,
) -> Option<Date> {
    of_corridor(chains, side, known)
        .filter_map(|statement| {
            let Statement::AgreementEnded(AgreementEnded { ended, ended_from }) = statement else {
                return None;
            };
            ended.ends(under).then_some(*ended_from)
        })
        .min()
}

/// The rules that `under` names, if the founder knew them adopted by both when it opened a case
/// at `before`, having heard the partner up to `heard`.
pub(crate) fn adopted<'a>(
    chains: Chains<'a>,
    before: Position,
    heard: Option<u64>,
    under: &AgreementReference,
) -> Option<&'a Rules> {
    let by_partner = adoptions(chains, Side::Requested, move |entry| Some(entry.dispatch) <= heard);
    let by_partner: BTreeSet<AgreementReference> =
        by_partner.map(|(reference, _)| reference).collect();
    let own = adoptions(chains, Side::Requesting, move |entry| entry.position < before);
    own.filter(|(reference, _)| reference == under && by_partner.contains(reference))
        .map(|(_, rules)| rules)
        .find(|rules| rules.meaning == MEANING)
}

/// The agreements that both States have adopted, as far as a view knows.
pub(crate) fn adopted_by_both<'a>(
    chains: Chains<'a>,
    before: Position,
    heard: Option<u64>,
) -> Vec<(AgreementReference, &'a Rules)> {
    let own = adoptions(chains, Side::Requesting, move |entry| entry.position < before);
    own.filter_map(|(reference, _)| {
        let rules = adopted(chains, before, heard, &reference)?;
        Some((reference, rules))
    })
    .collect()
}

/// Checks one statement against everything that its author knows.
pub(crate) fn check(view: &View<'_>, statement: &Statement) -> Result<(), Rejection> {
    speaker(view.side, statement.kind())?;
    if let Statement::RequestFiled(filed) = statement {
        return file(view, filed);
    }
    let rules = view.rules.ok_or(Rejection::OpeningMustBeEffective)?;
    let closed = view.said.either(view.side).closed.is_some();
    let may = !closed || said_of_a_closed_part(statement.kind());
    require(may, Rejection::PartMustNotBeClosed)?;
    let in_dispute = follows_for_the_person(statement.kind()) && dispute::disputed(view);
    require(!in_dispute, Rejection::DisputeMustBeSettled)?;
    let asks = &view.said.requesting;
    let answers = &view.said.requested;
    match statement {
        Statement::KeyAnnounced(_)
        | Statement::CapabilitiesStated(_)
        | Statement::AgreementAdopted(_)
        | Statement::KeyRevoked(_)
        | Statement::ClockCorrected(_)
        | Statement::LogSucceeded(_)
        | Statement::FaultProved(_)
        | Statement::WritingResumed(_)
        | Statement::AgreementEnded(_) => Err(Rejection::StatementMustBelongToACase),
        Statement::RequestFiled(_) => Err(Rejection::OpeningMustBeTheFoundersFirst),
        Statement::EvidenceAdded(items) => {
            open(view)?;
            listed(rules, items, view)
        }
        Statement::ClarificationGiven(question) => {
            let asked = answers.questions.iter().any(|at| at.position == *question);
            require(asked, Rejection::QuestionMustHaveBeenAsked)?;
            require(!asks.clarified.contains(question), Rejection::StatementMustNotRepeat)
        }
        Statement::RegisterCheckRequested => {
            open(view)?;
            require(rules.register_check.is_some(), Rejection::AgreementMustHaveRegisterCheck)?;
            require(asks.register_check.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::InterviewRequested(_) => {
            open(view)?;
            require(rules.interview.is_some(), Rejection::AgreementMustHaveInterview)?;
            require(!crossing::interview_waits(view), Rejection::StatementMustNotRepeat)
        }
        Statement::TravelDocumentRequested(_) => {
            accepted(view)?;
            let document = rules.travel_document.as_ref();
            let document = document.ok_or(Rejection::AgreementMustHaveTravelDocument)?;
            let paper = outcome::third_country_document(view, document);
            let issues = paper != Some(ThirdCountryDocument::OfRequestingParty);
            require(issues, Rejection::AgreementMustHaveTravelDocument)?;
            request_document(view)
        }
        Statement::SilenceNoticed => notice_silence(view, rules),
        Statement::SilenceClaimed(cited) => claim_silence(view, rules, *cited),
        Statement::RequestWithdrawn => {
            require(asks.withdrawn.is_none(), Rejection::StatementMustNotRepeat)?;
            require(asks.departed.is_none(), Rejection::PersonMustNotHaveDeparted)
        }
        Statement::TransferNotified(notified) => notify_transfer(view, rules, *notified),
        Statement::TransferCancelled(notice) => pending(view, *notice),
        Statement::PersonDeparted(notice) => depart(view, rules, *notice),
        Statement::PersonNotDeparted(notice, _) => pending(view, *notice),
        Statement::TakenBack => {
            require(asks.departed.is_some(), Rejection::DepartureMustBeReported)?;
            require(asks.taken_back.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::RequestAdmitted => {
            open(view)?;
            require(answers.admitted.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::ClarificationAsked => open(view),
        Statement::ExtensionTaken(count) => take_extension(view, rules, *count),
        Statement::RegisterChecked(_) => {
            require(asks.register_check.is_some(), Rejection::RegisterCheckMustBeRequested)?;
            require(answers.register.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::InterviewArranged => {
            open(view)?;
            require(!asks.interviews.is_empty(), Rejection::InterviewMustBeRequested)
        }
        Statement::InterviewHeld | Statement::InterviewMissed => {
            let arranged = matches!(answers.interview, Interview::Arranged(_));
            require(arranged, Rejection::InterviewMustBeArranged)
        }
        Statement::IdentityConfirmed
        | Statement::IdentityNotConfirmed
        | Statement::IdentityInconclusive => {
            open(view)?;
            let decided = matches!(answers.identity, Identity::Confirmed(_) | Identity::Denied(_));
            require(!decided, Rejection::IdentityMustBeDecidedOnce)
        }
        Statement::RequestAccepted => accept(view),
        Statement::RequestRefused(reasons) => {
            open(view)?;
            let needed = rules
                .refusal_reasons
                .as_ref()
                .is_none_or(|cited| cited.value == Requirement::Required);
            require(!needed || !reasons.is_empty(), Rejection::RefusalMustStateReasons)
        }
        Statement::ReturnedUnconsidered(reasons) => {
            open(view)?;
            require(!reasons.is_empty(), Rejection::ReturnMustStateReasons)
        }
        Statement::TravelDocumentIssued(issued) => issue_document(view, rules, *issued),
        Statement::TravelDocumentRevoked(issue) => {
            let valid = answers
                .documents
                .iter()
                .any(|document| document.at.position == *issue && document.revoked.is_none());
            require(valid, Rejection::TravelDocumentMustExist)
        }
        Statement::TransferObjected(notice) => {
            pending(view, *notice)?;
            let objected = answers.objections.iter().any(|(_, objected)| objected == notice);
            require(!objected, Rejection::StatementMustNotRepeat)
        }
        Statement::PersonArrived => {
            require(asks.departed.is_some(), Rejection::DepartureMustBeReported)?;
            require(answers.arrived.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::HoldPlaced => {
            require(!view.said.either(view.side).holds(), Rejection::StatementMustNotRepeat)
        }
        Statement::HoldLifted => {
            require(view.said.either(view.side).holds(), Rejection::HoldMustBeInPlace)
        }
        Statement::Rectified(_) => Ok(()),
        Statement::EntryUnreadable(entry) => {
            let said = &view.said.either(view.side).unreadable;
            doubt(view, *entry, said)
        }
        Statement::EntryContested(entry) => {
            let said = &view.said.either(view.side).contested;
            doubt(view, *entry, said)
        }
        Statement::Restated(it) => restate(view, it.entry),
        Statement::DisputeSettled => settle(view),
        Statement::ErasureOrdered(_) => order_erasure(view),
        Statement::CaseClosed => close(view),
        Statement::ErasureDone => {
            let either = view.said.either(view.side);
            require(either.erasure_ordered.is_some(), Rejection::ErasureMustBeOrdered)?;
            require(either.erasure_done.is_none(), Rejection::StatementMustNotRepeat)
        }
        Statement::ObstacleReported => report_obstacle(view, rules),
        Statement::ObstacleRemoved => {
            // An answer ends what delayed it.
            if view.side == Side::Requested {
                open(view)?;
            }
            let lasts = view.said.either(view.side).obstacle().is_some();
            require(lasts, Rejection::ObstacleMustBeInPlace)
        }
    }
}

/// Holds, or the rule that is broken.
#[track_caller]
fn require(holds: bool, rule: Rejection) -> Result<(), Rejection> {
    if holds || mutant::dropped() { Ok(()) } else { Err(rule) }
}

/// Only the State that a kind belongs to may state it.
pub(crate) fn speaker(side: Side, kind: Kind) -> Result<(), Rejection> {
    match (kind.speaker(), side) {
        (Speaker::Corridor, _) => Err(Rejection::StatementMustBelongToACase),
        (Speaker::Requesting, Side::Requested) => Err(Rejection::SpeakerMustBeRequestingState),
        (Speaker::Requested, Side::Requesting) => Err(Rejection::SpeakerMustBeRequestedState),
        (Speaker::Requesting, Side::Requesting)
        | (Speaker::Requested, Side::Requested)
        | (Speaker::Either, _) => Ok(()),
    }
}

/// The request must be open.
fn open(view: &View<'_>) -> Result<(), Rejection> {
    require(Outcome::of(view) == Outcome::Open, Rejection::RequestMustBeOpen)
}

/// The request must be accepted, confirmed, and for the person as last rectified.
fn accepted(view: &View<'_>) -> Result<Ground, Rejection> {
    let outcome = Outcome::of(view);
    let ground = outcome.accepted().ok_or(Rejection::RequestMustBeAccepted)?;
    let confirmed = outcome.standing(view) == Standing::Confirmed;
    require(confirmed, Rejection::AcceptanceMustBeConfirmed)?;
    require(crossing::covers_person(view), Rejection::AcceptanceMustCoverThePerson)?;
    Ok(ground)
}

/// The opening of a case.
fn file(view: &View<'_>, filed: &RequestFiled) -> Result<(), Rejection> {
    let known = adopted_by_both(view.chains, view.before, view.heard);
    let rules = known
        .iter()
        .find(|(reference, _)| *reference == filed.under)
        .map(|(_, rules)| *rules)
        .ok_or(Rejection::AgreementMustBeAdopted)?;
    let later = known.iter().any(|(reference, _)| {
        reference.agreement == filed.under.agreement && reference.version > filed.under.version
    });
    require(!later, Rejection::AgreementMustBeTheLatest)?;
    let direction = Direction {
        requesting: view.chains.requesting.author,
        requested: view.chains.requested.author,
    };
    require(rules.covers(direction), Rejection::AgreementMustCoverDirection)?;
    let today = clock::day_of(rules, view.time, direction.requesting)
        .map_err(Rejection::DeadlineMustBeComputable)?;
    require(today >= rules.in_force_from, Rejection::AgreementMustBeInForce)?;
    let ended = ended_from(view, &filed.under).is_some_and(|ended_from| today >= ended_from);
    require(!ended, Rejection::AgreementMustNotHaveEnded)?;
    let coverage = rules.coverage(filed.category).ok_or(Rejection::CategoryMustBeCovered)?;
    let enforceable = filed.return_decision == ReturnDecision::Enforceable;
    require(enforceable, Rejection::ReturnDecisionMustBeEnforceable)?;
    let purpose = filed.category.purpose();
    let of = direction.requested;
    let listed = filed.evidence.iter().all(|item| rules.evidence(item, purpose, of).is_some());
    require(listed, Rejection::EvidenceMustBeListed)?;
    let Some(limit) = &coverage.application else {
        return Ok(());
    };
    let from = filed.irregular_stay_known_on.ok_or(Rejection::IrregularStayMustBeDated)?;
    let in_time =
        outcome::filed_in_time(rules, limit.length, from, direction.requesting, view.time)
            .map_err(Rejection::DeadlineMustBeComputable)?;
    require(in_time, Rejection::ApplicationMustBeInTime)
}

/// Items must be on the lists for the category of the request.
fn listed(
    rules: &Rules,
    items: &[crate::identifier::EvidenceItem],
    view: &View<'_>,
) -> Result<(), Rejection> {
    let purpose = view.said.requesting.filed.as_ref().map(|(_, filed)| filed.category.purpose());
    let of = view.chains.requested.author;
    let listed = purpose.is_some_and(|purpose| {
        !items.is_empty() && items.iter().all(|item| rules.evidence(item, purpose, of).is_some())
    });
    require(listed, Rejection::EvidenceMustBeListed)
}

/// A travel document is asked for once, until it is issued, or was issued and is valid no more.
fn request_document(view: &View<'_>) -> Result<(), Rejection> {
    match crossing::document(view) {
        DocumentSituation::None => Ok(()),
        DocumentSituation::Requested(_) => Err(Rejection::StatementMustNotRepeat),
        DocumentSituation::Valid(document) | DocumentSituation::Suspended(document) => {
            let expired = crossing::expired(view, &document, view.time);
            require(expired, Rejection::TravelDocumentMustNotBeValidAlready)
        }
        DocumentSituation::ToBeRevoked(_) => Err(Rejection::RequestMustBeAccepted),
        DocumentSituation::Revoked(_) => Ok(()),
    }
}

/// The deadline for silence must have passed, as it stands on what is known.
fn notice_silence(view: &View<'_>, rules: &Rules) -> Result<(), Rejection> {
    open(view)?;
    let noticed = view.said.requesting.notice.is_some_and(|notice| counts(view, notice));
    require(!noticed, Rejection::StatementMustNotRepeat)?;
    due(view, rules, view.time)
}

/// Whether a notice of silence counts still: an extension or an obstacle that its author had not
/// heard of when it was stated may have made it early. Then it is stated again once silence is due.
pub(crate) fn counts(view: &View<'_>, notice: At) -> bool {
    let delayed = !view.said.by_requested.obstacles.is_empty();
    let extended = view.said.requested.extension.is_some() || delayed;
    let early = || view.rules.is_some_and(|rules| due(view, rules, notice.time).is_err());
    !extended || !early() || mutant::broken("a notice that came too early counts")
}

/// A longer reply is taken once, before the limit to reply has passed, and at most to the longest
/// that the agreement allows. A limit that has not started has not passed.
fn take_extension(view: &View<'_>, rules: &Rules, count: u32) -> Result<(), Rejection> {
    open(view)?;
    let longest = rules.reply_extension.as_ref().and_then(ReplyExtension::longest_taken);
    let longest = longest.ok_or(Rejection::AgreementMustHaveExtension)?;
    require(view.said.requested.extension.is_none(), Rejection::StatementMustNotRepeat)?;
    let fits = (1..=longest.count).contains(&count);
    require(fits, Rejection::ExtensionMustNotBeLonger)?;
    let Some(reply) = outcome::reply(view, rules) else {
        return Ok(());
    };
    let reply = reply.map_err(Rejection::DeadlineMustBeComputable)?;
    require(view.time < reply.at, Rejection::ReplyMustNotBeOverdue)
}

/// An obstacle is stated before the limit has passed that it moves: by the requested State for its
/// reply, by the requesting State for the transfer. A limit that has not started has not passed.
fn report_obstacle(view: &View<'_>, rules: &Rules) -> Result<(), Rejection> {
    let lasts = view.said.either(view.side).obstacle().is_some();
    let (moves, due, overdue) = match view.side {
        Side::Requested => {
            open(view)?;
            let extension = rules.reply_extension.as_ref();
            let moves = extension.and_then(ReplyExtension::after_obstacle_stated).is_some();
            (moves, outcome::reply(view, rules), Rejection::ReplyMustNotBeOverdue)
        }
        Side::Requesting => {
            let accepted = Outcome::of(view).accepted().is_some();
            require(accepted, Rejection::RequestMustBeAccepted)?;
            let departed = view.said.requesting.departed.is_some();
            require(!departed, Rejection::PersonMustNotHaveDeparted)?;
            let filed = view.said.requesting.filed.as_ref();
            let limit = filed.and_then(|(_, filed)| rules.transfer_of(filed.category));
            let moves = limit.is_some() && rules.transfer_extension.is_some();
            (moves, outcome::transfer(view, rules), Rejection::TransferMustNotBeOverdue)
        }
    };
    require(moves, Rejection::AgreementMustAllowObstacle)?;
    require(!lasts, Rejection::StatementMustNotRepeat)?;
    let Some(due) = due else {
        return Ok(());
    };
    let due = due.map_err(Rejection::DeadlineMustBeComputable)?;
    require(view.time < due.at, overdue)
}

/// Whether the deadline for silence had passed at a moment.
fn due(view: &View<'_>, rules: &Rules, at: Instant) -> Result<(), Rejection> {
    let period = outcome::silence(view, rules)
        .ok_or(Rejection::RequestMustHaveBeenReceived)?
        .map_err(Rejection::DeadlineMustBeComputable)?;
    require(at >= period.at, Rejection::SilenceMustBeDue)
}

/// Silence is proved by the partner's own later word. The author had heard no answer, so there
/// is none up to the cited dispatch either, which it had heard.
fn claim_silence(view: &View<'_>, rules: &Rules, cited: Heard) -> Result<(), Rejection> {
    open(view)?;
    let stated = rules.silence.effect_on_record() != SilenceEffect::NotStated;
    require(stated, Rejection::SilenceMustHaveAnEffect)?;
    let notice = view.said.requesting.notice.ok_or(Rejection::SilenceMustBeNoticed)?;
    let dispatch = view
        .chains
        .requested
        .dispatches
        .get(&cited.number)
        .filter(|dispatch| dispatch.digest == cited.digest)
        .filter(|dispatch| Some(dispatch.number) <= view.heard)
        .ok_or(Rejection::ClaimMustCiteHeardDispatch)?;
    let heard_notice = dispatch.heard.is_some_and(|heard| heard.number >= notice.dispatch);
    require(heard_notice, Rejection::ClaimMustCiteDispatchThatHeardNotice)?;
    let grace = notice.time.plus(view.chains.corridor.grace);
    require(dispatch.time >= grace, Rejection::ClaimMustWaitForGrace)?;
    opening_readable(view, dispatch)?;
    due(view, rules, notice.time)
}

/// A silence counts only of a State that could read what it is silent about: where it had said,
/// up to the dispatch that proves its silence, that it cannot read the opening or contests it,
/// that dispatch must have heard the answer. The first that it says of each counts.
pub(crate) fn opening_readable(view: &View<'_>, proof: &Dispatch) -> Result<(), Rejection> {
    let Some((filed, _)) = view.said.requesting.filed.as_ref() else {
        return Err(Rejection::OpeningMustBeEffective);
    };
    let (own, partner) = (&view.said.by_requesting, &view.said.by_requested);
    let first = |doubts: &[(At, Position)]| {
        let first = doubts.iter().find(|(_, entry)| *entry == filed.position);
        first.map(|(at, _)| *at).filter(|at| at.dispatch <= proof.number)
    };
    let heard = proof.heard.map(|heard| heard.number);
    // Who answers knows what is answered; and the proof must have heard the answer.
    let answers = |answer: At, doubt: At| {
        Some(answer.dispatch) <= heard && outcome::heard_by(view, Side::Requesting, answer, doubt)
    };
    let restated = |doubt: At| {
        own.restated.iter().any(|(at, entry)| *entry == filed.position && answers(*at, doubt))
    };
    let rectified = |doubt: At| own.rectified.iter().any(|(at, _)| answers(*at, doubt));
    let readable = first(&partner.unreadable).is_none_or(restated);
    let sound = first(&partner.contested).is_none_or(|doubt| restated(doubt) || rectified(doubt));
    require(readable && sound, Rejection::OpeningMustBeReadable)
}

/// A transfer may be notified for a day late enough after the notice and within the limit.
fn notify_transfer(
    view: &View<'_>,
    rules: &Rules,
    notified: TransferNotified,
) -> Result<(), Rejection> {
    accepted(view)?;
    require(view.said.requesting.departed.is_none(), Rejection::PersonMustNotHaveDeparted)?;
    require(view.said.requesting.pending().is_none(), Rejection::TransferMustNotBePendingAlready)?;
    require(!view.said.held(), Rejection::HoldMustBeLifted)?;
    no_obstacle(view)?;
    let requested = view.chains.requested.author;
    let arrives = clock::start_of_day(rules, notified.on, requested)
        .map_err(Rejection::DeadlineMustBeComputable)?;
    for notice in rules.transfer_notices() {
        let over = clock::is_over(rules, view.time, notice.length, requested, arrives)
            .map_err(Rejection::DeadlineMustBeComputable)?;
        require(over, Rejection::TransferNoticeMustBeLongEnough)?;
    }
    match outcome::transfer(view, rules) {
        Some(Ok(limit)) => require(arrives < limit.at, Rejection::TransferMustBeWithinLimit),
        Some(Err(why)) => Err(Rejection::DeadlineMustBeComputable(why)),
        None => Ok(()),
    }
}

/// The notice that is meant must be pending.
fn pending(view: &View<'_>, notice: Position) -> Result<(), Rejection> {
    let pending = view.said.requesting.pending().filter(|it| it.notice.position == notice);
    require(pending.is_some(), Rejection::TransferMustBePending)
}

/// Everything that a departure needs (DESIGN 5). What A keeps to itself, its safeguards, is
/// asked by `decide` and read by nobody else.
fn depart(view: &View<'_>, rules: &Rules, notice: Position) -> Result<(), Rejection> {
    let asks = &view.said.requesting;
    require(asks.departed.is_none(), Rejection::PersonMustNotHaveDeparted)?;
    accepted(view)?;
    let transfer = asks.transfer(notice).ok_or(Rejection::TransferMustBePending)?;
    require(transfer.course == Course::Pending, Rejection::TransferMustBePending)?;
    require(!view.said.held(), Rejection::HoldMustBeLifted)?;
    no_obstacle(view)?;
    let objected = view.said.requested.objections.iter().any(|(_, objected)| *objected == notice);
    require(!objected, Rejection::TransferMustNotBeObjectedTo)?;
    document_for_departure(view, rules)?;
    // The partner's last word must show that it heard the notice and had its full period.
    let last = view.last(Side::Requested).ok_or(Rejection::TransferNoticeMustBeHeardInTime)?;
    let heard = last.heard.is_some_and(|heard| heard.number >= transfer.notice.dispatch);
    require(heard, Rejection::TransferNoticeMustBeHeardInTime)?;
    let noticed = transfer.notice.time;
    let in_time = last.time >= noticed.plus(view.chains.corridor.grace);
    require(in_time, Rejection::TransferNoticeMustBeHeardInTime)?;
    for period in rules.transfer_notices() {
        let requested = view.chains.requested.author;
        let over = clock::is_over(rules, noticed, period.length, requested, last.time)
            .map_err(Rejection::DeadlineMustBeComputable)?;
        require(over, Rejection::TransferNoticeMustBeHeardInTime)?;
    }
    Ok(())
}

/// No obstacle may last that the requesting State has stated: while it says that it cannot transfer
/// the person, it does not.
fn no_obstacle(view: &View<'_>) -> Result<(), Rejection> {
    require(view.said.by_requesting.obstacle().is_none(), Rejection::ObstacleMustBeRemoved)
}

/// A document valid on the day, or what the agreement lets stand in for it: its fallback once the
/// document is late, and the requesting State's own where silence or the category says so. What
/// the requested State has revoked or stopped, nothing stands in for.
fn document_for_departure(view: &View<'_>, rules: &Rules) -> Result<(), Rejection> {
    let Some(document) = &rules.travel_document else {
        return Ok(());
    };
    let paper = outcome::third_country_document(view, document);
    if paper == Some(ThirdCountryDocument::OfRequestingParty) {
        return Ok(());
    }
    let by_silence = matches!(Outcome::of(view).accepted(), Some(Ground::Silence(_)));
    let effect = rules.silence.effect_on_record();
    let own = by_silence && effect == SilenceEffect::DeemedAcceptedWithDocument;
    let valid = match crossing::document(view) {
        DocumentSituation::Valid(issued) => !crossing::expired(view, &issued, view.time),
        DocumentSituation::Requested(_) => {
            paper.is_none() && (own || outcome::document_is_late(view, rules))
        }
        DocumentSituation::None => paper.is_none() && own,
        DocumentSituation::Suspended(_)
        | DocumentSituation::ToBeRevoked(_)
        | DocumentSituation::Revoked(_) => false,
    };
    require(valid, Rejection::TravelDocumentMustBeValid)
}

/// A request is accepted once, and again only for a person who was rectified since.
fn accept(view: &View<'_>) -> Result<(), Rejection> {
    let denied = matches!(view.said.requested.identity, Identity::Denied(_));
    match Outcome::of(view) {
        Outcome::Open => require(!denied, Rejection::IdentityMustNotBeDenied),
        Outcome::Settled(Settlement::Accepted(_)) => {
            require(!crossing::covers_person(view), Rejection::RequestMustBeOpen)
        }
        Outcome::Settled(_) | Outcome::Withdrawn(_) | Outcome::CancelledAfter(..) => {
            Err(Rejection::RequestMustBeOpen)
        }
    }
}

/// A travel document is issued when asked for, while nothing stops the case.
fn issue_document(
    view: &View<'_>,
    rules: &Rules,
    issued: TravelDocumentIssued,
) -> Result<(), Rejection> {
    let document =
        rules.travel_document.as_ref().ok_or(Rejection::AgreementMustHaveTravelDocument)?;
    require(view.said.requesting.withdrawn.is_none(), Rejection::RequestMustNotBeWithdrawn)?;
    let accepted = Outcome::of(view).accepted().is_some();
    require(accepted, Rejection::RequestMustBeAccepted)?;
    require(crossing::covers_person(view), Rejection::AcceptanceMustCoverThePerson)?;
    let asked = view.said.requesting.document_requests.last();
    let (asked, _) = asked.ok_or(Rejection::TravelDocumentMustBeRequested)?;
    require(!view.said.held(), Rejection::HoldMustBeLifted)?;
    // A document that the author had issued before it heard the last request does not answer it
    // unless that request had been made knowing the document: then it is a reissue.
    if let Some(last) = view.said.requested.document() {
        let asked_since = outcome::heard_by(view, Side::Requesting, *asked, last.at);
        require(asked_since, Rejection::TravelDocumentMustNotBeValidAlready)?;
    }
    let state = view.chains.requested.author;
    let computable = Rejection::DeadlineMustBeComputable;
    let today = clock::day_of(rules, view.time, state).map_err(computable)?;
    let over = clock::end_from_day(rules, issued.issued_on, document.validity.value, state)
        .map_err(computable)?;
    // Valid for at least the agreement's period: to the end of its last day or longer.
    let after = issued.valid_until.tomorrow();
    let after = after.map_err(|_| Rejection::TravelDocumentMustBeValidLongEnough)?;
    let valid_to = clock::start_of_day(rules, after, state).map_err(computable)?;
    let long_enough = valid_to >= over;
    let fits = issued.issued_on <= today && long_enough;
    require(fits, Rejection::TravelDocumentMustBeValidLongEnough)
}

/// A State closes its part once nothing is left to be said of the request or the person.
fn close(view: &View<'_>) -> Result<(), Rejection> {
    let returned =
        view.said.requested.arrived.is_some() || view.said.requesting.taken_back.is_some();
    let settled = match Outcome::of(view) {
        Outcome::Open => false,
        Outcome::Settled(Settlement::Accepted(_)) => returned,
        Outcome::Settled(_) | Outcome::Withdrawn(_) | Outcome::CancelledAfter(..) => true,
    };
    require(settled, Rejection::CaseMustBeSettled)
}

/// What a State may still state of a case whose part it has closed: reports, and what ends a
/// dispute or its own hold, or erases. A hold that could not be lifted would keep for ever what is
/// to be erased.
const fn said_of_a_closed_part(kind: Kind) -> bool {
    match kind.force() {
        Force::Report => true,
        Force::Act => {
            matches!(
                kind,
                Kind::DisputeSettled | Kind::HoldLifted | Kind::ErasureOrdered | Kind::ErasureDone
            )
        }
    }
}

/// An entry of the partner is called unreadable or contested once, by a State that had heard it.
fn doubt(view: &View<'_>, entry: Position, said: &[(At, Position)]) -> Result<(), Rejection> {
    let partner = view.chains.of(view.side.other());
    let known = partner
        .entry_at(entry)
        .is_some_and(|it| it.case == Some(view.chains.case) && Some(it.dispatch) <= view.heard);
    require(known, Rejection::EntryMustBeKnown)?;
    let repeats = said.iter().any(|(_, doubted)| *doubted == entry);
    require(!repeats, Rejection::StatementMustNotRepeat)
}

/// An own entry is said again once the partner could not read it.
fn restate(view: &View<'_>, entry: Position) -> Result<(), Rejection> {
    let partner = view.said.either(view.side.other());
    let mut doubted = partner.unreadable.iter().chain(&partner.contested);
    require(doubted.any(|(_, doubted)| *doubted == entry), Rejection::EntryMustBeInDoubt)?;
    let own = &view.said.either(view.side).restated;
    let repeats = own.iter().any(|(_, restated)| *restated == entry);
    require(!repeats, Rejection::StatementMustNotRepeat)
}

/// What has consequences for the person: nothing of it follows while a case is disputed. What
/// protects (refuse, return, object, hold, withdraw, revoke) stays open.
const fn follows_for_the_person(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RequestAccepted
            | Kind::SilenceNoticed
            | Kind::SilenceClaimed
            | Kind::TravelDocumentRequested
            | Kind::TravelDocumentIssued
            | Kind::TransferNotified
            | Kind::PersonDeparted
    )
}

/// There must be something in dispute that this State has not settled.
fn settle(view: &View<'_>) -> Result<(), Rejection> {
    let unsettled = !view.causes.is_empty() && !dispute::has_said(view, view.side);
    require(unsettled, Rejection::CaseMustBeDisputed)
}

/// Personal data is erased when nothing is left to be done with it.
fn order_erasure(view: &View<'_>) -> Result<(), Rejection> {
    let either = view.said.either(view.side);
    require(either.closed.is_some(), Rejection::PartMustBeClosed)?;
    require(!dispute::disputed(view), Rejection::DisputeMustBeSettled)?;
    require(!view.said.held(), Rejection::HoldMustBeLifted)?;
    require(either.erasure_ordered.is_none(), Rejection::StatementMustNotRepeat)
}
