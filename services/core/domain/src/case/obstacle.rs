//! Obstacles: how the word of the State that must act moves the limit that it must keep.
//!
//! The requested State's obstacle delays its reply, the requesting State's the transfer. While one
//! lasts the end is not known; it counts from the day of the dispatch that states it to that of the
//! dispatch that states that it is removed. Which obstacles an agreement allows is for people: the
//! reasons are sealed, and no rule reads them.

use super::event::Kind;
use super::knowledge::View;
use super::query::{DeadlineKind, How, Moved};
use super::rule;
use super::said::{At, Side};
use crate::clock::{self, Began, Deadline, NotComputable};
use crate::identifier::State;
use crate::mutant;
use crate::rules::{Length, Limit, ReplyExtension, Rules, Unit};
use crate::time::Date;

/// Whether the requested State could have stated an obstacle: only where whoever heard the request
/// had heard that the requesting State understands that, and that it is removed; or where it has.
pub(crate) fn may_be_stated(view: &View<'_>) -> bool {
    let stated = !view.said.by_requested.obstacles.is_empty();
    let filed = view.said.requesting.filed.as_ref();
    stated
        || filed.is_some_and(|(filed, _)| {
            [Kind::ObstacleReported, Kind::ObstacleRemoved].into_iter().all(|kind| {
                rule::understood(view.chains, Side::Requested, Some(filed.dispatch), kind).is_ok()
                    || mutant::broken("what could not be stated was not stated")
            })
        })
}

/// A limit to answer the request, with the requested State's obstacles: at least so long after the
/// last was removed as the agreement says.
pub(crate) fn to_answer(
    view: &View<'_>,
    rules: &Rules,
    due: Deadline,
) -> Result<Deadline, NotComputable> {
    let Some(after) = after_the_last(view, rules)? else {
        return Ok(due);
    };
    let later = after.at > due.at || mutant::broken("a removed obstacle shortens a limit");
    Ok(if later { after } else { due })
}

/// What is left once the last obstacle to the reply was removed; `None` where none was stated.
fn after_the_last(view: &View<'_>, rules: &Rules) -> Result<Option<Deadline>, NotComputable> {
    let Some(extension) = &rules.reply_extension else {
        return Ok(None);
    };
    let after = extension.after_obstacle_stated();
    let last = view.said.by_requested.obstacles.last();
    let Some((length, (_, removed))) = after.zip(last) else {
        return Ok(None);
    };
    let lasts = NotComputable::ObstacleLasts;
    let removed = removed.ok_or(lasts)?;
    let source = extension.source.clone();
    let limit = Limit { length, starts_on: rules.reply.starts_on, source };
    let state = view.chains.requested.author;
    clock::deadline(rules, Began::At(removed.time), &limit, state).map(Some)
}

/// The limit for the transfer, with the requesting State's obstacles: longer by the days from the
/// statement of each to its removal, as far as the limit had begun.
pub(crate) fn to_transfer(
    view: &View<'_>,
    rules: &Rules,
    mut due: Deadline,
) -> Result<Deadline, NotComputable> {
    for (stated, removed) in of_transfer(view, rules) {
        let removed = removed.ok_or(NotComputable::ObstacleLasts)?;
        let count = days(rules, &due, stated, removed, view.chains.requesting.author)?;
        if count > 0 && !mutant::broken("an obstacle leaves the limit for the transfer as it is") {
            let longer = Length { count, unit: Unit::CalendarDays };
            due = clock::extended(rules, &due, longer)?;
        }
    }
    Ok(due)
}

/// The obstacles that count for the transfer.
fn of_transfer(view: &View<'_>, rules: &Rules) -> impl Iterator<Item = (At, Option<At>)> + use<> {
    let counts = rules.transfer_extension.is_some();
    let stated = view.said.by_requesting.obstacles.clone();
    stated.into_iter().filter(move |_| counts)
}

/// The days from the statement of an obstacle to its removal, by the clock of a State; those before
/// the limit began do not count.
fn days(
    rules: &Rules,
    due: &Deadline,
    stated: At,
    removed: At,
    state: State,
) -> Result<u32, NotComputable> {
    let began = match due.began {
        Began::At(moment) => clock::day_of(rules, moment, state)?,
        Began::On(day) => day,
    };
    let from: Date = clock::day_of(rules, stated.time, state)?.max(began);
    let to = clock::day_of(rules, removed.time, state)?;
    Ok(u32::try_from(to.duration_since(from).as_hours() / 24).unwrap_or_default())
}

/// The entries that moved the end of a deadline, in order.
pub(crate) fn moved(
    view: &View<'_>,
    rules: &Rules,
    kind: DeadlineKind,
    deadline: Result<&Deadline, &NotComputable>,
) -> Vec<Moved> {
    let by = match kind {
        DeadlineKind::Reply | DeadlineKind::Silence => Side::Requested,
        DeadlineKind::Transfer => Side::Requesting,
        DeadlineKind::RegisterCheck | DeadlineKind::TravelDocument => return Vec::new(),
    };
    let due = match deadline {
        Ok(due) => due,
        Err(NotComputable::ObstacleLasts) => {
            let lasts = view.said.either(by).obstacle();
            return lasts.map(|at| Moved { how: How::Waits, by, at }).into_iter().collect();
        }
        Err(_) => return Vec::new(),
    };
    match by {
        Side::Requested => {
            let extension = rules.reply_extension.as_ref();
            let after = extension.and_then(ReplyExtension::after_obstacle_stated);
            let removed = view.said.by_requested.obstacles.last().and_then(|(_, removed)| *removed);
            let removed = removed.filter(|removed| {
                due.began == Began::At(removed.time) && after == Some(due.limit.length)
            });
            let taken = view.said.requested.extension.filter(|_| !due.extended_by.is_empty());
            let taken = taken.map(|(at, _)| Moved { how: How::Longer, by, at });
            let removed = removed.map(|at| Moved { how: How::StartsAnew, by, at });
            removed.or(taken).into_iter().collect()
        }
        Side::Requesting => {
            let removed = of_transfer(view, rules).filter_map(|(stated, removed)| {
                let removed = removed?;
                let days = days(rules, due, stated, removed, due.acting).ok()?;
                (days > 0).then_some(removed)
            });
            removed.map(|at| Moved { how: How::Longer, by, at }).collect()
        }
    }
}
