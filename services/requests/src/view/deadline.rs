//! The deadlines of a case, each with its unit, what started it, and where it stands in the
//! agreement.

use std::ops::Range;

use domain::case::outcome::{Ground, Outcome, Settlement, Timeliness};
use domain::case::query::{DeadlineKind, Due, How, Met, Moved};
use domain::case::said::At;
use domain::clock::{self, Began, Deadline as Period, NotComputable};
use domain::identifier::State;
use domain::rules::{Length, Limit, Notice, Rules, Source, Start};
use domain::time::{Instant, Span};
use proto::requests::v1::{self as wire, Deadline, DeadlineSituation, LongerBy, Unit};
use runtime::command::Reading;

use super::{started, words};

/// Every deadline, by kind: also those that have not started.
pub(crate) fn all(reading: &Reading) -> Vec<Deadline> {
    let case = &reading.case;
    let Some(rules) = &case.rules else { return Vec::new() };
    let due = case.deadlines();
    let of = |kind: DeadlineKind, limit: Option<&Limit>, acting: State| {
        let started = due.iter().find(|due| due.kind == kind);
        // What runs may be another limit than the usual one: for another document, above all.
        let running = started.and_then(|due| match &due.deadline {
            Ok(period) => Some(&period.limit),
            Err(_) => due.began.as_ref().map(|(limit, _)| limit),
        });
        let limit = running.or(limit)?;
        Some(limited(reading, rules, kind, limit, (acting, started)))
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
    rules: &Rules,
    kind: DeadlineKind,
    limit: &Limit,
    (acting, due): (State, Option<&Due>),
) -> Deadline {
    let mut shown = Deadline {
        kind: kind_word(kind).into(),
        count: limit.length.count,
        unit: words::unit(limit.length.unit).into(),
        starts_on: start_word(limit.starts_on).into(),
        acting_state: acting.to_string(),
        clock_state: acting.to_string(),
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
            begun(&mut shown, rules, period);
            let longer_for = match kind {
                DeadlineKind::Transfer => rules.transfer_extension.as_ref(),
                DeadlineKind::Reply
                | DeadlineKind::Silence
                | DeadlineKind::RegisterCheck
                | DeadlineKind::TravelDocument => {
                    rules.reply_extension.as_ref().map(|extension| &extension.source)
                }
            };
            let lengths = period.extended_by.iter();
            shown.extended_by = lengths.map(|length| longer_by(*length, longer_for)).collect();
            if let Began::At(began) = period.began {
                caused(&mut shown, reading, kind, (period.limit.starts_on, began));
            }
            moved(&mut shown, reading, &due.moved);
            shown.situation = situation(reading, due, period).into();
        }
        Err(NotComputable::ObstacleLasts) => {
            started_only(&mut shown, reading, rules, due);
            shown.obstacle_position = due.moved.first().map(|moved| moved.at.position);
            shown.not_computable = NotComputable::ObstacleLasts.to_string();
            let obstructed = due.met == Met::Pending;
            let moot = DeadlineSituation::Moot;
            let situation = if obstructed { DeadlineSituation::Obstructed } else { moot };
            shown.situation = situation.into();
        }
        Err(why) => {
            started_only(&mut shown, reading, rules, due);
            shown.not_computable = why.to_string();
            shown.situation = DeadlineSituation::NotComputable.into();
        }
    }
    shown
}

/// What is known of a deadline that has started and whose end is not known.
fn started_only(shown: &mut Deadline, reading: &Reading, rules: &Rules, due: &Due) {
    let Some((limit, began)) = &due.began else { return };
    shown.started_at_ms = Some(began.as_ms());
    shown.day_zero = day(rules, *began, due.acting);
    caused(shown, reading, due.kind, (limit.starts_on, *began));
}

/// The entry or dispatch that dates a start.
fn caused(shown: &mut Deadline, reading: &Reading, kind: DeadlineKind, began: (Start, Instant)) {
    if let Some(cause) = started::by(reading, kind, began) {
        shown.started_by = cause.state.to_string();
        shown.started_in_dispatch = Some(cause.dispatch);
        shown.started_by_position = cause.position;
    }
}

/// The entries that moved the end: what made it longer, or started anew what is left.
fn moved(shown: &mut Deadline, reading: &Reading, entries: &[Moved]) {
    let longer = entries.iter().filter(|moved| moved.how == How::Longer);
    for (longer, moved) in shown.extended_by.iter_mut().zip(longer) {
        longer.stated_by = reading.case.state(moved.by).to_string();
        longer.stated_position = Some(moved.at.position);
    }
    if let Some(removed) = entries.iter().find(|moved| moved.how == How::StartsAnew) {
        shown.starts_on = wire::Start::ObstacleRemoved.into();
        from_entry(shown, reading.case.state(removed.by), removed.at);
    }
}

fn begun(shown: &mut Deadline, rules: &Rules, period: &Period) {
    let Period { limit: _, acting, began, last_day, at, skipped, extended_by: _ } = period;
    let day_zero = match began {
        Began::At(moment) => {
            shown.started_at_ms = Some(moment.as_ms());
            day(rules, *moment, *acting)
        }
        Began::On(day) => day.to_string(),
    };
    shown.day_zero = day_zero;
    shown.last_day = last_day.to_string();
    shown.skipped_days = skipped.iter().map(words::skipped_day).collect();
    over(shown, rules, *at, *acting);
}

/// When a deadline is over, everywhere and by the clock of a State.
fn over(shown: &mut Deadline, rules: &Rules, at: Instant, clock: State) {
    shown.ends_at_ms = Some(at.as_ms());
    shown.ends_at_local = clock::local_time(rules, at, clock).unwrap_or_default();
}

fn longer_by(length: Length, source: Option<&Source>) -> LongerBy {
    let Deadline { instrument, article, .. } = source.map(sourced).unwrap_or_default();
    LongerBy {
        count: length.count,
        unit: words::unit(length.unit).into(),
        instrument,
        article,
        ..LongerBy::default()
    }
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
        clock_state: reading.case.requesting.to_string(),
        started_by: reading.case.requesting.to_string(),
        situation: DeadlineSituation::Met.into(),
        ..sourced(&limit.source)
    };
    let began = Began::On(filed.irregular_stay_known_on?);
    match clock::deadline(rules, began, limit, reading.case.requesting) {
        Ok(period) => begun(&mut shown, rules, &period),
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
    } else if reading.case.notice_of_silence().is_none() {
        DeadlineSituation::TooEarly
    } else {
        running(reading.now, ends)
    };
    let requested = reading.case.requested;
    let mut shown = Deadline {
        kind: wire::DeadlineKind::Grace.into(),
        starts_on: wire::Start::DateOfSilenceNotice.into(),
        acting_state: requested.to_string(),
        situation: situation.into(),
        ..of_genesis(grace)
    };
    from_entry(&mut shown, reading.case.requesting, notice);
    spanned(&mut shown, rules, notice.time..ends, requested);
    Some(shown)
}

/// From when the person may leave: the notice period of the agreement, at least the grace.
fn transfer_notice(reading: &Reading, rules: &Rules) -> Option<Deadline> {
    let case = &reading.case;
    let notice = case.said.requesting.transfers.last()?.notice;
    let grace = notice.time.plus(reading.corridor.grace);
    // The last of the notices to be over is the one that counts.
    let over =
        |it: &Notice| clock::period(rules, Began::At(notice.time), it.length, case.requested);
    let over = rules.transfer_notices().map(|it| (it, over(it)));
    // None is known to be the last while the end of one is not known.
    let period =
        over.max_by_key(|(_, period)| period.as_ref().map_or(u64::MAX, |it| it.at.as_ms()));
    let mut shown = match &period {
        Some((it, Err(_))) => noticed(it),
        Some((it, Ok(period))) if period.at >= grace => noticed(it),
        Some((_, Ok(_))) | None => of_genesis(reading.corridor.grace),
    };
    shown.kind = wire::DeadlineKind::TransferNotice.into();
    shown.starts_on = wire::Start::DateOfTransferNotice.into();
    shown.acting_state = case.requesting.to_string();
    from_entry(&mut shown, case.requesting, notice);
    let ends = match period {
        Some((_, Err(why))) => {
            shown.started_at_ms = Some(notice.time.as_ms());
            shown.clock_state = case.requested.to_string();
            shown.day_zero = day(rules, notice.time, case.requested);
            shown.not_computable = why.to_string();
            shown.situation = DeadlineSituation::NotComputable.into();
            return Some(shown);
        }
        Some((_, Ok(period))) if period.at >= grace => {
            spanned(&mut shown, rules, notice.time..period.at, case.requested);
            shown.skipped_days = period.skipped.iter().map(words::skipped_day).collect();
            period.at
        }
        Some((_, Ok(_))) | None => {
            spanned(&mut shown, rules, notice.time..grace, case.requested);
            grace
        }
    };
    let pending = case.said.requesting.pending().is_some();
    let situation = match case.said.requesting.departed {
        Some((departed, _)) if departed.time >= ends => DeadlineSituation::Met,
        Some(_) => DeadlineSituation::Passed,
        None if pending => running(reading.now, ends),
        None => DeadlineSituation::Moot,
    };
    shown.situation = situation.into();
    Some(shown)
}

/// A notice period of the agreement.
fn noticed(notice: &Notice) -> Deadline {
    let Length { count, unit } = notice.length;
    Deadline { count, unit: words::unit(unit).into(), ..sourced(&notice.source) }
}

/// The grace, which the genesis fixes.
fn of_genesis(grace: Span) -> Deadline {
    Deadline {
        count: u32::try_from(grace.as_ms()).unwrap_or(u32::MAX),
        unit: Unit::Milliseconds.into(),
        instrument: "genesis".to_owned(),
        ..Deadline::default()
    }
}

/// What an entry of a State starts at the time of its own dispatch.
fn from_entry(shown: &mut Deadline, state: State, entry: At) {
    shown.started_by = state.to_string();
    shown.started_in_dispatch = Some(entry.dispatch);
    shown.started_by_position = Some(entry.position);
}

/// What runs from one moment to another by the clock of a State: its last day is the one on which
/// it is over, or that ends then.
fn spanned(shown: &mut Deadline, rules: &Rules, span: Range<Instant>, clock: State) {
    shown.started_at_ms = Some(span.start.as_ms());
    shown.clock_state = clock.to_string();
    shown.day_zero = day(rules, span.start, clock);
    shown.last_day = day(rules, span.end.less(Span::from_ms(1)), clock);
    over(shown, rules, span.end, clock);
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
