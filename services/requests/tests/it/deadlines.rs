//! What an explanation says of each clock: what started it, the days that it skips and why, and
//! its end in UTC and by the clock of the State that must act.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::event::Statement;
use domain::identifier::Office;
use proto::command::v1::Purpose;
use proto::requests::v1::*;

use crate::office::{accepted, id};
use crate::world::{DAY_MS, World};

/// 2027-03-31T22:00:00Z.
const END_OF_31_MARCH_2027_MS: u64 = 1_806_530_400_000;

fn of_kind(deadlines: &[Deadline], kind: DeadlineKind) -> Deadline {
    deadlines.iter().find(|it| it.kind() == kind).cloned().unwrap()
}

/// Every skipped day in a line: `2027-03-26 NL Holiday Good Friday`.
fn skipped(deadline: &Deadline) -> Vec<String> {
    let line = |day: &SkippedDay| {
        let why = day.why.iter().map(|off| {
            let words = format!("{} {:?} {}", off.state, off.reason(), off.name);
            words.trim_end().to_owned()
        });
        format!("{} {}", day.day, why.collect::<Vec<_>>().join(", "))
    };
    deadline.skipped_days.iter().map(line).collect()
}

#[tokio::test]
async fn a_clock_of_working_days_names_the_weekend_and_the_holidays_that_it_skips() {
    let world = World::new();
    let (mut nl, mut xk, filed) = accepted(&world).await;
    // Wed 24 Mar 2027, 09:00Z: Thu 25, (Fri 26 NL, Sat, Sun with summer time, Mon 29 both),
    // Tue 30, Wed 31.
    world.pass(387 * DAY_MS);
    let consulate = Office::new("consulate-brussels").unwrap();
    let asked = Statement::TravelDocumentRequested(consulate);
    world.says("NL", Some(id(&filed)), asked);
    let explained = [nl.explain(&filed.case_id).await, xk.explain(&filed.case_id).await];
    let [ours, theirs] = explained.map(|it| it.deadlines);
    assert_eq!(ours, theirs, "both nodes say the same");

    let document = of_kind(&ours, DeadlineKind::TravelDocument);
    assert_eq!((document.count, document.unit()), (3, Unit::WorkingDays));
    assert_eq!((document.acting_state.as_str(), document.clock_state.as_str()), ("XK", "XK"));
    assert!(document.instrument.starts_with("BWBV0005360"), "{}", document.instrument);
    assert_eq!(document.day_zero, "2027-03-24");
    assert_eq!(document.last_day, "2027-03-31");
    assert_eq!(document.ends_at_ms, Some(END_OF_31_MARCH_2027_MS));
    assert_eq!(document.ends_at_local, "2027-04-01T00:00:00+02:00");
    let expected = [
        "2027-03-26 NL Holiday Good Friday",
        "2027-03-27 NL Weekend, XK Weekend",
        "2027-03-28 NL Weekend, NL Holiday Easter Sunday, XK Weekend, XK Holiday Catholic Easter",
        "2027-03-29 NL Holiday Easter Monday, XK Holiday Catholic Easter (observed)",
    ];
    assert_eq!(skipped(&document), expected);
    // The receipt starts it: a dispatch of the requested State, and no entry.
    assert_eq!(document.started_by, "XK");
    assert!(document.started_in_dispatch.is_some());
    assert_eq!((document.started_by_position, document.extended_by.len()), (None, 0));

    // The acceptance starts the transfer, which runs by the clock of the requesting State.
    let transfer = of_kind(&ours, DeadlineKind::Transfer);
    let accepted = nl.explain(&filed.case_id).await.deciding_entry.unwrap();
    assert_eq!(transfer.started_by, accepted.author);
    assert_eq!(transfer.started_by_position, Some(accepted.position));
    assert_eq!(transfer.started_in_dispatch, Some(accepted.dispatch));
    assert_eq!((transfer.clock_state.as_str(), skipped(&transfer).len()), ("NL", 0));

    // The same words wherever a deadline is shown.
    let cases = nl.cases.list_cases(ListCasesRequest::default()).await.unwrap().into_inner().cases;
    assert_eq!(cases.into_iter().find_map(|case| case.next_deadline), Some(document));
}

#[tokio::test]
async fn a_notice_of_transfer_runs_by_the_clock_of_the_requested_state() {
    let world = World::new();
    let (mut nl, _xk, filed) = accepted(&world).await;
    let case = filed.case_id;
    let etag = nl.get(&case, Purpose::Unspecified).await.etag;
    let notice = NotifyTransferRequest {
        request_id: "notify".into(),
        case: case.clone(),
        etag,
        on: "2026-03-20".into(),
        mode: TransportMode::Air.into(),
        carriage: "TST 123".into(),
        border_point: "Test airport".into(),
        ..Default::default()
    };
    let receipt = nl.transfers.notify_transfer(notice).await.unwrap().into_inner().receipt.unwrap();
    let notice = of_kind(&nl.explain(&case).await.deadlines, DeadlineKind::TransferNotice);
    assert_eq!((notice.acting_state.as_str(), notice.clock_state.as_str()), ("NL", "XK"));
    assert_eq!(notice.started_by_position, receipt.positions.first().copied());
    assert_eq!(notice.day_zero, "2026-03-02");
    assert_eq!(
        (notice.count, notice.unit(), notice.last_day.as_str(), notice.ends_at_local.as_str()),
        (2, Unit::WorkingDays, "2026-03-04", "2026-03-05T00:00:00+01:00")
    );
    assert_eq!(notice.situation(), DeadlineSituation::Running);
}
