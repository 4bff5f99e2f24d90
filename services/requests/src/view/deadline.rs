//! The deadlines of a case, each with its unit, what started it, and where it stands in the
//! agreement.

use domain::case::outcome::{Ground, Outcome, Settlement, Timeliness};
use domain::case::query::{DeadlineKind, Due, Met};
use domain::case::said::{At, Side};
use domain::clock::{self, Began, Deadline as Period};
use domain::identifier::State;
use domain::rules::{Limit, Notice, Rules, Source, Start};
use domain::time::Instant;
use proto::requests::v1::{self as wire, Deadline, DeadlineSituation, Unit};
use runtime::command::Reading;

use super::{chain, words};

/// Every deadline, by kind: also those that have not started.
pub(crate) fn all(reading: &Reading) -> Vec<Deadline> {
    let case = &reading.case;
    let Some(rules) = &case.rules else { return Vec::new() };
    let due = case.deadlines();
    let of = |kind: DeadlineKind, limit: Option<&Limit>, acting: State| {
        let started = due.iter().find(|due| due.kind == kind);
        // What runs may be another limit than the usual one: for another document, above all.
        let running = started.and_then(|due| due.deadline.as_ref().ok());
        let limit = running.map(|period| &period.limit).or(limit)?;
        Some(limited(reading, kind, limit, acting, started))
    };
    let document = rules.travel_document.as_ref().and_then(|document| document.issue.as_ref());
    let filed = case.said.requesting.filed.as_ref();
    let transfer = filed.and_then(|(_, filed)| rules.transfer_of(filed.category));
    let requested = case.requested;
    let found = [
        application(reading, rules),
        of(DeadlineKind::Reply, Some(&rules.reply), requested),
        of(DeadlineKind::Silence, Some(&rules.silence.limit), requested),
        grace(reading, rules),
        of(DeadlineKind::RegisterCheck, rules.register_check.as_ref(), requested),
        of(DeadlineKind::TravelDocument, document, requested),
        of(DeadlineKind::Transfer, transfer, case.requesting),
        transfer_notice(reading, rules),
    ];
    found.into_iter().flatten().collect()
}

/// The next deadline that runs.
pub(crate) fn next(reading: &Reading) -> Option<Deadline> {
    all(reading)
        .into_iter()
        .filter(|it| it.situation == i32::from(DeadlineSituation::Running))
        .min_by_key(|it| it.ends_at_ms)
}

/// The deadline of one kind.
pub(crate) fn of_kind(reading: &Reading, kind: DeadlineKind) -> Option<Deadline> {
    let kind = i32::from(kind_word(kind));
    all(reading).into_iter().find(|it| it.kind == kind)
}

/// A deadline of the agreement, started or not.
fn limited(
    reading: &Reading,
    kind: DeadlineKind,
    limit: &Limit,
    acting: State,
    due: Option<&Due>,
) -> Deadline {
    let mut shown = Deadline {
        kind: kind_word(kind).into(),
        count: limit.length.count,
        unit: words::unit(limit.length.unit).into(),
        starts_on: start_word(limit.starts_on).into(),
        acting_state: acting.to_string(),
        ..sourced(&limit.source)
    };
    let Some(due) = due else {
        let open =
            reading.case.outcome == Outcome::Open || reading.case.outcome.accepted().is_some();
        let situation = if open { DeadlineSituation::NotStarted } else { DeadlineSituation::Moot };
        shown.situation = situation.into();
        return shown;
    };
    match &due.deadline {
        Ok(period) => {
            begun(&mut shown, period);
            if let Some((state, dispatch)) = starter(reading, kind, limit.starts_on) {
                shown.started_by = state.to_string();
                shown.started_in_dispatch = Some(dispatch);
            }
            shown.situation = situation(reading, due, period).into();
        }
        Err(why) => {
            shown.not_computable = why.to_string();
            shown.situation = DeadlineSituation::NotComputable.into();
        }
    }
    shown
}

fn begun(shown: &mut Deadline, period: &Period) {
    shown.started_at_ms = match period.began {
        Began::At(moment) => Some(moment.as_ms()),
        Began::On(_) => None,
    };
    shown.ends_at_ms = Some(period.at.as_ms());
    shown.last_day = period.last_day.to_string();
}

/// The limit for filing, which the filing has kept: the rules take no request after it.
fn application(reading: &Reading, rules: &Rules) -> Option<Deadline> {
    let (_, filed) = reading.case.said.requesting.filed.as_ref()?;
    let limit = rules.coverage(filed.category)?.application.as_ref()?;
    let mut shown = Deadline {
        kind: wire::DeadlineKind::Application.into(),
        count: limit.length.count,
        unit: words::unit(limit.length.unit).into(),
        starts_on: start_word(limit.starts_on).into(),
        acting_state: reading.case.requesting.to_string(),
        started_by: reading.case.requesting.to_string(),
        situation: DeadlineSituation::Met.into(),
        ..sourced(&limit.source)
    };
    let began = Began::On(filed.irregular_stay_known_on?);
    match clock::deadline(rules, began, limit, reading.case.requesting) {
        Ok(period) => begun(&mut shown, &period),
        Err(why) => shown.not_computable = why.to_string(),
    }
    Some(shown)
}

/// From when silence can be claimed: the grace of the corridor after the notice.
fn grace(reading: &Reading, rules: &Rules) -> Option<Deadline> {
    let asks = &reading.case.said.requesting;
    let notice = asks.notice?;
    let grace = reading.corridor.grace;
    let ends = notice.time.plus(grace);
    let situation = if asks.claim.is_some() {
        DeadlineSituation::Passed
    } else if reading.case.outcome != Outcome::Open {
        DeadlineSituation::Moot
    } else {
        running(reading.now, ends)
    };
    Some(Deadline {
        kind: wire::DeadlineKind::Grace.into(),
        count: u32::try_from(grace.as_ms()).unwrap_or(u32::MAX),
        unit: Unit::Milliseconds.into(),
        starts_on: wire::Start::DateOfSilenceNotice.into(),
        started_at_ms: Some(notice.time.as_ms()),
        started_by: reading.case.requesting.to_string(),
        started_in_dispatch: Some(notice.dispatch),
        ends_at_ms: Some(ends.as_ms()),
        last_day: day(rules, ends, reading.case.requested),
        acting_state: reading.case.requested.to_string(),
        instrument: "genesis".to_owned(),
        situation: situation.into(),
        ..Deadline::default()
    })
}

/// From when the person may leave: the notice period of the agreement, at least the grace.
fn transfer_notice(reading: &Reading, rules: &Rules) -> Option<Deadline> {
    let case = &reading.case;
    let transfer = case.said.requesting.transfers.last()?;
    let notice = transfer.notice;
    let grace = notice.time.plus(reading.corridor.grace);
    // The last of the notices to be over is the one that counts.
    let over = |period: &Notice| clock::end(rules, notice.time, period.length, case.requested);
    let period = rules.transfer_notices().max_by_key(|period| over(period).ok());
    let ends = period.map_or(Ok(notice.time), over);
    let (count, unit) = match period {
        Some(period) => (period.length.count, words::unit(period.length.unit)),
        None => {
            let grace = reading.corridor.grace.as_ms();
            (u32::try_from(grace).unwrap_or(u32::MAX), Unit::Milliseconds)
        }
    };
    let source = period
        .map(|period| sourced(&period.source))
        .unwrap_or_else(|| Deadline { instrument: "genesis".to_owned(), ..Deadline::default() });
    let mut shown = Deadline {
        kind: wire::DeadlineKind::TransferNotice.into(),
        count,
        unit: unit.into(),
        starts_on: wire::Start::DateOfTransferNotice.into(),
        started_at_ms: Some(notice.time.as_ms()),
        started_by: case.requesting.to_string(),
        started_in_dispatch: Some(notice.dispatch),
        acting_state: case.requesting.to_string(),
        ..source
    };
    let pending = case.said.requesting.pending().is_some();
    match ends {
        Ok(ends) => {
            let ends = ends.max(grace);
            shown.ends_at_ms = Some(ends.as_ms());
            shown.last_day = day(rules, ends, case.requested);
            let situation = match case.said.requesting.departed {
                Some((departed, _)) if departed.time >= ends => DeadlineSituation::Met,
                Some(_) => DeadlineSituation::Passed,
                None if pending => running(reading.now, ends),
                None => DeadlineSituation::Moot,
            };
            shown.situation = situation.into();
        }
        Err(why) => {
            shown.not_computable = why.to_string();
            shown.situation = DeadlineSituation::NotComputable.into();
        }
    }
    Some(shown)
}

/// Where a deadline that has started stands at the moment of asking.
fn situation(reading: &Reading, due: &Due, period: &Period) -> DeadlineSituation {
    let case = &reading.case;
    let answered = &case.said.requested;
    let by = |at: Option<At>| match at {
        Some(at) if at.time < period.at => DeadlineSituation::Met,
        Some(_) => DeadlineSituation::Passed,
        None => DeadlineSituation::Moot,
    };
    if due.met == Met::Pending {
        return running(reading.now, period.at);
    }
    match due.kind {
        DeadlineKind::Reply => match (case.outcome, case.timeliness) {
            (
                Outcome::Settled(
                    Settlement::Accepted(Ground::Silence(_))
                    | Settlement::Refused(Ground::Silence(_)),
                ),
                _,
            )
            | (_, Some(Timeliness::Late)) => DeadlineSituation::Passed,
            (_, Some(Timeliness::Timely)) => DeadlineSituation::Met,
            (_, Some(Timeliness::NotComputable)) => DeadlineSituation::NotComputable,
            (_, None) => DeadlineSituation::Moot,
        },
        DeadlineKind::Silence => by(answered.answer.as_ref().map(|(at, _)| *at)),
        DeadlineKind::RegisterCheck => by(answered.register.map(|(at, _)| at)),
        DeadlineKind::TravelDocument => by(answered.documents.last().map(|it| it.at)),
        DeadlineKind::Transfer => by(case.said.requesting.departed.map(|(at, _)| at)),
    }
}

fn running(now: Instant, ends: Instant) -> DeadlineSituation {
    if now < ends { DeadlineSituation::Running } else { DeadlineSituation::Passed }
}

/// Whose dispatch started a clock.
fn starter(reading: &Reading, kind: DeadlineKind, start: Start) -> Option<(State, u64)> {
    let case = &reading.case;
    let asks = &case.said.requesting;
    let (filed, _) = asks.filed.as_ref()?;
    let asked = match kind {
        DeadlineKind::Reply | DeadlineKind::Silence | DeadlineKind::Transfer => *filed,
        DeadlineKind::RegisterCheck => asks.register_check?,
        DeadlineKind::TravelDocument => asks.document_requests.last()?.0,
    };
    let requested = |at: At| Some((case.requested, at.dispatch));
    let receipt = |at: At| {
        let receipt = chain(reading, case.requested).receipt_of(at.dispatch)?;
        Some((case.requested, receipt.number))
    };
    match start {
        Start::ReceiptOfApplication | Start::SubmissionOfApplication => receipt(*filed),
        Start::ReceiptOfTravelDocumentRequest | Start::TravelDocumentRequest => receipt(asked),
        Start::DateOfRequest => Some((case.requesting, asked.dispatch)),
        Start::ApprovalOrExpiryOfReplyLimit => match case.outcome.accepted()? {
            Ground::Answer(at) => Some((case.state(Side::Requested), at.dispatch)),
            // The end of a period starts it, no dispatch does.
            Ground::Silence(_) => None,
        },
        Start::ConfirmedReceiptOfApplication => requested(case.said.requested.admitted?),
        Start::InterviewResult => requested(case.said.requested.interview_result?),
        Start::IssueOfTravelDocument => requested(case.said.requested.document()?.at),
        Start::ReceiptOfPositiveReply | Start::ReceiptOfReply => {
            let (side, at) = case.outcome.deciding()?;
            let receipt = chain(reading, case.requesting).receipt_of(at.dispatch)?;
            (side == Side::Requested).then_some((case.requesting, receipt.number))
        }
        Start::KnowledgeOfIrregularStay
        | Start::DetectionOfIrregularStay
        | Start::IrregularStayAscertained
        | Start::EntryAndPresenceAscertained => None,
    }
}

fn day(rules: &Rules, at: Instant, state: State) -> String {
    clock::day_of(rules, at, state).map(|day| day.to_string()).unwrap_or_default()
}

fn sourced(source: &Source) -> Deadline {
    Deadline {
        instrument: source.instrument.clone(),
        article: source.article.clone().unwrap_or_default(),
        ..Deadline::default()
    }
}

const fn kind_word(kind: DeadlineKind) -> wire::DeadlineKind {
    match kind {
        DeadlineKind::Reply => wire::DeadlineKind::Reply,
        DeadlineKind::Silence => wire::DeadlineKind::Silence,
        DeadlineKind::RegisterCheck => wire::DeadlineKind::RegisterCheck,
        DeadlineKind::TravelDocument => wire::DeadlineKind::TravelDocument,
        DeadlineKind::Transfer => wire::DeadlineKind::Transfer,
    }
}

const fn start_word(start: Start) -> wire::Start {
    match start {
        Start::ReceiptOfApplication => wire::Start::ReceiptOfApplication,
        Start::DateOfRequest => wire::Start::DateOfRequest,
        Start::ReceiptOfTravelDocumentRequest => wire::Start::ReceiptOfTravelDocumentRequest,
        Start::ApprovalOrExpiryOfReplyLimit => wire::Start::ApprovalOrExpiryOfReplyLimit,
        Start::KnowledgeOfIrregularStay => wire::Start::KnowledgeOfIrregularStay,
        Start::ConfirmedReceiptOfApplication => wire::Start::ConfirmedReceiptOfApplication,
        Start::SubmissionOfApplication => wire::Start::SubmissionOfApplication,
        Start::InterviewResult => wire::Start::InterviewResult,
        Start::ReceiptOfPositiveReply => wire::Start::ReceiptOfPositiveReply,
        Start::ReceiptOfReply => wire::Start::ReceiptOfReply,
        Start::IssueOfTravelDocument => wire::Start::IssueOfTravelDocument,
        Start::TravelDocumentRequest => wire::Start::TravelDocumentRequest,
        Start::DetectionOfIrregularStay => wire::Start::DetectionOfIrregularStay,
        Start::IrregularStayAscertained => wire::Start::IrregularStayAscertained,
        Start::EntryAndPresenceAscertained => wire::Start::EntryAndPresenceAscertained,
    }
}
