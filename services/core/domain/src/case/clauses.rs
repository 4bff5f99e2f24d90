//! What agreements say otherwise than the one of 2011: cases told under one changed rule each.
//!
//! The story begins on Monday, 2 March 2026. Both States are an hour east of UTC, and share no
//! holiday before December; 9 April (XK) and 27 April (NL) are not worked.

mod obstacles;

use super::decide::claim_silence::{ClaimSilence, claim_silence};
use super::decide::notice_silence::{NoticeSilence, notice_silence};
use super::decide::notify_transfer::{NotifyTransfer, notify_transfer};
use super::decide::report_departure::{ReportDeparture, report_departure};
use super::decide::request_travel_document::{RequestTravelDocument, request_travel_document};
use super::event::{Kind, RequestFiled, Statement as S};
use super::history::{item, office, request, rules};
use super::outcome::Timeliness;
use super::query::DeadlineKind;
use super::rejection::Rejection as R;
use super::story::{NL, Story, XK, day, document, filed_under, transfer};
use crate::invariant;
use crate::rules::{
    Category, Cited, ExtensionCounts, ExtensionNeeds, LateDocument, LateWhen, Length, Limit,
    Notice, ReplyExtension, Rules, SilenceEffect, Source, Start, ThirdCountryDocument,
    TravelDocument, Unit, WithEvidence,
};

/// Kosovo's log holds its adoption, the acceptance, then the issue.
const ISSUE: u64 = 2;

fn with(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    change(&mut rules);
    rules
}

fn filed(change: impl FnOnce(&mut Rules)) -> Story {
    filed_under(&with(change))
}

fn accepted(change: impl FnOnce(&mut Rules)) -> Story {
    filed(change).xk(S::RequestAccepted)
}

/// A request for somebody who came through Kosovo.
fn third_country(rules: &Rules) -> RequestFiled {
    RequestFiled {
        category: Category::ThirdCountryNational,
        evidence: vec![item("entry_exit_stamps")],
        irregular_stay_known_on: Some(day(-10)),
        ..request(rules)
    }
}

/// The same person, accepted.
fn third_country_accepted(change: impl FnOnce(&mut Rules)) -> Story {
    let rules = with(change);
    let filed = S::RequestFiled(third_country(&rules));
    Story::under(&rules).nl(filed).xk(S::RequestAccepted)
}

fn document_of(rules: &mut Rules) -> &mut TravelDocument {
    rules.travel_document.as_mut().unwrap()
}

fn source() -> Source {
    rules().reply.source
}

fn cited<T>(value: T) -> Cited<T> {
    Cited { value, source: source() }
}

fn limit(count: u32, unit: Unit, starts_on: Start) -> Limit {
    Limit { length: Length { count, unit }, starts_on, source: source() }
}

fn notice(count: u32) -> Notice {
    Notice { length: Length { count, unit: Unit::WorkingDays }, source: source() }
}

fn ask_for_document() -> S {
    S::TravelDocumentRequested(office("consulate-brussels"))
}

/// The last day of a limit, once it runs, as both nodes compute it.
#[track_caller]
fn last_day(story: &Story, kind: DeadlineKind) -> Option<String> {
    let story = story.clone().heard();
    let of = |side| {
        let case = story.clone().by(side).case();
        assert_eq!(invariant::silence_is_proved(&case), Ok(()));
        assert_eq!(invariant::departure_met_every_condition(&case), Ok(()));
        let due = case.deadlines().into_iter().find(|due| due.kind == kind)?;
        Some(due.deadline.unwrap().last_day.to_string())
    };
    assert_eq!(of(NL), of(XK));
    of(NL)
}

#[track_caller]
fn check(story: &Story, kind: DeadlineKind, expected: Option<&str>) {
    assert_eq!(last_day(story, kind).as_deref(), expected, "{kind:?}");
}

#[test]
fn the_reply_starts_with_what_the_agreement_says() {
    let reply = |start| move |rules: &mut Rules| rules.reply.starts_on = start;
    // Filed on 2 Mar, and heard on 4 Mar.
    let late = |start| {
        let rules = with(reply(start));
        let filed = S::RequestFiled(request(&rules));
        Story::under(&rules).unheard(NL, filed).days(2).heard()
    };
    let confirmed = || filed(reply(Start::ConfirmedReceiptOfApplication)).days(3);
    for (story, expected) in [
        // 2 Mar + 28 = 30 Mar.
        (late(Start::DateOfRequest), Some("2026-03-30")),
        // 4 Mar + 28 = 32 - 31 (Mar) = 1 Apr: what has not arrived is not yet submitted.
        (late(Start::SubmissionOfApplication), Some("2026-04-01")),
        (late(Start::ReceiptOfApplication), Some("2026-04-01")),
        // A node's receipt is not the authority's word.
        (confirmed(), None),
        // Admitted on 5 Mar: 5 + 28 = 33 - 31 (Mar) = 2 Apr.
        (confirmed().xk(S::RequestAdmitted), Some("2026-04-02")),
        // What follows an answer starts no limit for it.
        (filed(reply(Start::ReceiptOfReply)).xk(S::RequestAccepted), None),
    ] {
        check(&story, DeadlineKind::Reply, expected);
    }
}

#[test]
fn an_interview_may_start_the_reply_otherwise() {
    let story = || {
        filed(|rules| {
            rules.reply_with_interview = Some(cited(Start::InterviewResult));
            rules.silence.limit = rules.reply.clone();
        })
    };
    let asked = || story().nl(S::InterviewRequested(office("consulate-brussels")));
    let held = || asked().xk(S::InterviewArranged).days(10).xk(S::InterviewHeld);
    for (story, expected) in [
        (story(), Some("2026-03-30")),
        // Its result is not there.
        (asked(), None),
        // Held on 12 Mar: 12 + 28 = 40 - 31 (Mar) = 9 Apr.
        (held(), Some("2026-04-09")),
        // Another interview moves nothing.
        (held().days(5).xk(S::InterviewArranged).xk(S::InterviewHeld), Some("2026-04-09")),
        // Whoever does not appear has given no result.
        (asked().xk(S::InterviewArranged).days(10).xk(S::InterviewMissed), None),
    ] {
        check(&story, DeadlineKind::Reply, expected);
        check(&story, DeadlineKind::Silence, expected);
    }
    let notices = |story: Story| {
        let story = story.by(NL);
        notice_silence(&story.case(), NoticeSilence { ordered: story.ordered() }).map(|it| it.len())
    };
    assert_eq!(notices(story().days(29).heartbeat()), Ok(1));
    assert_eq!(notices(asked().days(29).heartbeat()), Err(R::RequestMustHaveBeenReceived));
    assert_eq!(notices(held().days(28).hours(14).heartbeat()), Err(R::SilenceMustBeDue));
    assert_eq!(notices(held().days(28).hours(15).heartbeat()), Ok(1));
}

#[test]
fn silence_without_effect_on_the_record_is_never_claimed() {
    let claims = |change: fn(&mut Rules)| {
        let story = filed(change).days(29).heartbeat().nl(S::SilenceNoticed).hours(25).heartbeat();
        let story = story.by(NL);
        let command = ClaimSilence { ordered: story.ordered() };
        claim_silence(&story.case(), command).map(|stated| stated.len())
    };
    assert_eq!(claims(|_| {}), Ok(1));
    assert_eq!(
        claims(|rules| rules.silence.exception = Some(cited("unless it is hard".to_owned()))),
        Err(R::SilenceMustHaveAnEffect)
    );
}

#[test]
fn silence_waits_for_the_longest_reply_that_the_agreement_allows() {
    let longer = |longest: Option<u32>| {
        move |rules: &mut Rules| {
            rules.reply_extension = Some(ReplyExtension {
                longest: longest.map(|count| Length { count, unit: Unit::CalendarDays }),
                after_obstacle: None,
                needs: ExtensionNeeds::Reasons,
                counts: ExtensionCounts::Always,
                source: source(),
            });
        }
    };
    // Ten days more: the reply is due on 30 Mar, silence counts from the end of 9 Apr on.
    let ten_more = || filed(longer(Some(10)));
    check(&ten_more(), DeadlineKind::Reply, Some("2026-03-30"));
    check(&ten_more(), DeadlineKind::Silence, Some("2026-04-09"));
    check(&filed(longer(None)), DeadlineKind::Reply, Some("2026-03-30"));
    check(&filed(longer(None)), DeadlineKind::Silence, None);
    let notices = |story: Story| {
        let story = story.by(NL);
        notice_silence(&story.case(), NoticeSilence { ordered: story.ordered() }).map(|it| it.len())
    };
    assert_eq!(notices(ten_more().days(38).hours(14).heartbeat()), Err(R::SilenceMustBeDue));
    assert_eq!(notices(ten_more().days(38).hours(15).heartbeat()), Ok(1));
    let open = filed(longer(None)).days(300).heartbeat();
    assert_eq!(notices(open), Err(R::RequestMustHaveBeenReceived));
    // The last day ends 15 hours after the hour of the request.
    let answered = |story: Story, days| {
        story.days(days).hours(15).xk(S::RequestAccepted).by(NL).case().timeliness
    };
    assert_eq!(answered(ten_more(), 27), Some(Timeliness::Timely));
    assert_eq!(answered(ten_more(), 28), Some(Timeliness::NotComputable));
    assert_eq!(answered(ten_more(), 37), Some(Timeliness::NotComputable));
    assert_eq!(answered(ten_more(), 38), Some(Timeliness::Late));
    assert_eq!(answered(filed(longer(None)), 28), Some(Timeliness::NotComputable));
    assert_eq!(answered(filed(|_| {}), 28), Some(Timeliness::Late));
}

/// Ten days more, by the word of the requested State.
fn extensible(rules: &mut Rules) {
    rules.reply_extension = Some(ReplyExtension {
        longest: Some(Length { count: 10, unit: Unit::CalendarDays }),
        after_obstacle: None,
        needs: ExtensionNeeds::DulyMotivatedRequest,
        counts: ExtensionCounts::WhenTaken,
        source: source(),
    });
}

/// Ten days more, stated by Kosovo to whom does not say that it understands this.
fn unable(kinds: impl FnOnce(Story) -> Story) -> Story {
    let rules = with(extensible);
    let under = Story::under(&rules).not_understood(Kind::ExtensionTaken);
    kinds(under).nl(S::RequestFiled(request(&rules)))
}

fn capable() -> S {
    S::CapabilitiesStated([Kind::ExtensionTaken.number()].into())
}

#[test]
fn a_reply_is_due_later_once_its_extension_was_taken() {
    let filed = || filed(extensible);
    let taken = |count| filed().xk(S::ExtensionTaken(count));
    for (story, reply, silence) in [
        // Without the word of Kosovo, the 28 days: 30 Mar.
        (filed(), "2026-03-30", "2026-03-30"),
        (taken(10), "2026-04-09", "2026-04-09"),
        (taken(4), "2026-04-03", "2026-04-03"),
        // Only the first counts, and only one that is not too long.
        (taken(4).xk(S::ExtensionTaken(10)), "2026-04-03", "2026-04-03"),
        (taken(11), "2026-03-30", "2026-03-30"),
        // The limit has passed.
        (filed().days(29).xk(S::ExtensionTaken(10)), "2026-03-30", "2026-03-30"),
        // It could not be taken, so that silence waits for the longest.
        (unable(|story| story), "2026-03-30", "2026-04-09"),
        (unable(|story| story).nl(capable()), "2026-03-30", "2026-04-09"),
        (unable(|story| story.nl(capable())), "2026-03-30", "2026-03-30"),
        (unable(|story| story.xk(capable())), "2026-03-30", "2026-04-09"),
    ] {
        check(&story, DeadlineKind::Reply, Some(reply));
        check(&story, DeadlineKind::Silence, Some(silence));
    }
    let answered = |story: Story, days| {
        story.days(days).hours(15).xk(S::RequestAccepted).by(NL).case().timeliness
    };
    assert_eq!(answered(filed(), 27), Some(Timeliness::Timely));
    assert_eq!(answered(filed(), 28), Some(Timeliness::Late));
    assert_eq!(answered(taken(10), 37), Some(Timeliness::Timely));
    assert_eq!(answered(taken(10), 38), Some(Timeliness::Late));
    assert_eq!(answered(taken(4), 32), Some(Timeliness::Late));
    assert_eq!(answered(unable(|story| story), 28), Some(Timeliness::NotComputable));
    assert_eq!(answered(unable(|story| story), 38), Some(Timeliness::Late));
    // What follows from the end of the limit follows from its later end: 9 Apr + 3 months.
    let silent = taken(10).days(39).heartbeat().nl(S::SilenceNoticed).hours(25).heartbeat();
    let cited = silent.word_of_xk();
    check(&silent.nl(S::SilenceClaimed(cited)), DeadlineKind::Transfer, Some("2026-07-09"));
}

/// Kosovo extends on the last day; the Netherlands notice the silence before they hear of it.
#[test]
fn an_extension_under_way_makes_a_notice_of_silence_too_early() {
    let crossed = || {
        let story = filed(extensible).days(28).unheard(XK, S::ExtensionTaken(10)).days(1);
        story.unheard(NL, S::SilenceNoticed).heard()
    };
    let notices = |story: Story| {
        let story = story.by(NL);
        notice_silence(&story.case(), NoticeSilence { ordered: story.ordered() }).map(|it| it.len())
    };
    let claims = |story: Story| {
        let story = story.by(NL);
        claim_silence(&story.case(), ClaimSilence { ordered: story.ordered() }).map(|it| it.len())
    };
    let later = || crossed().hours(25).heartbeat();
    assert_eq!(claims(later()), Err(R::SilenceMustBeDue));
    assert_eq!(notices(later()), Err(R::SilenceMustBeDue));
    // Nor once the longer limit has passed: Kosovo had been told too early, and is told again.
    let over = || later().days(10).heartbeat();
    assert_eq!(claims(over()), Err(R::SilenceMustBeDue));
    assert_eq!(notices(over()), Ok(1));
    let again = || over().nl(S::SilenceNoticed);
    assert_eq!(notices(again()), Ok(0));
    assert_eq!(claims(again()), Err(R::ClaimMustWaitForGrace));
    let proved = again().hours(25).heartbeat();
    assert_eq!(claims(proved.clone()), Ok(1));
    let cited = proved.word_of_xk();
    let claimed = proved.nl(S::SilenceClaimed(cited));
    assert_eq!(claimed.clone().by(XK).case().outcome_word(), "accepted-by-silence");
    assert_eq!(invariant::silence_is_proved(&claimed.by(NL).case()), Ok(()));
    // An answer within the longer limit counts as ever.
    let answered = crossed().days(5).xk(S::RequestAccepted).by(NL).case();
    assert_eq!(answered.timeliness, Some(Timeliness::Timely));
}

fn accepted_by_silence(change: impl FnOnce(&mut Rules)) -> Story {
    let story = filed(change).days(29).heartbeat().nl(S::SilenceNoticed).hours(25).heartbeat();
    let cited = story.word_of_xk();
    story.nl(S::SilenceClaimed(cited))
}

#[test]
fn the_transfer_starts_with_what_the_agreement_says() {
    let starting = |start| {
        move |rules: &mut Rules| {
            rules.transfer.as_mut().unwrap().starts_on = start;
            rules.reply.length = Length { count: 10, unit: Unit::CalendarDays };
        }
    };
    // Accepted on 2 Mar, and heard on 5 Mar.
    let late = |start| filed(starting(start)).unheard(XK, S::RequestAccepted).days(3).heard();
    let issued = || {
        let story = accepted(starting(Start::IssueOfTravelDocument)).nl(ask_for_document());
        story.days(4).xk(S::TravelDocumentIssued(document(0, 100)))
    };
    for (story, expected) in [
        (late(Start::ApprovalOrExpiryOfReplyLimit), Some("2026-06-02")),
        (late(Start::ReceiptOfPositiveReply), Some("2026-06-05")),
        (late(Start::ReceiptOfReply), Some("2026-06-05")),
        (filed(starting(Start::ReceiptOfPositiveReply)), None),
        (filed(starting(Start::ReceiptOfReply)), None),
        // No reply was received: the limit for silence (28 days, 30 Mar) stands for it.
        (accepted_by_silence(starting(Start::ReceiptOfPositiveReply)), Some("2026-06-30")),
        (accepted_by_silence(starting(Start::ReceiptOfReply)), Some("2026-06-30")),
        // Issued on 6 Mar.
        (accepted(starting(Start::IssueOfTravelDocument)), None),
        (issued(), Some("2026-06-06")),
        (issued().xk(S::TravelDocumentRevoked(ISSUE)), None),
    ] {
        check(&story, DeadlineKind::Transfer, expected);
    }
    let thirty = |rules: &mut Rules| {
        let limit = limit(30, Unit::DaysUnqualified, Start::ApprovalOrExpiryOfReplyLimit);
        rules.transfer_of_third_country_nationals = Some(limit);
    };
    // 2 Mar + 30 = 32 - 31 (Mar) = 1 Apr; own nationals have the three months.
    check(&third_country_accepted(thirty), DeadlineKind::Transfer, Some("2026-04-01"));
    check(&accepted(thirty), DeadlineKind::Transfer, Some("2026-06-02"));
    check(&third_country_accepted(|_| {}), DeadlineKind::Transfer, Some("2026-06-02"));
}

#[test]
fn a_travel_document_is_due_when_the_agreement_says() {
    let starting = |start| {
        move |rules: &mut Rules| document_of(rules).issue.as_mut().unwrap().starts_on = start
    };
    let asked = |story: Story| story.nl(ask_for_document());
    let again = |rules: &mut Rules| {
        let start = Start::ReceiptOfTravelDocumentRequest;
        document_of(rules).reissue_limit = Some(limit(5, Unit::WorkingDays, start));
    };
    let evidence = |word: &'static str| {
        move |rules: &mut Rules| {
            let start = Start::ReceiptOfTravelDocumentRequest;
            document_of(rules).with_evidence = Some(WithEvidence {
                issue: limit(1, Unit::WorkingDays, start),
                items: vec![item(word)],
            });
        }
    };
    let revoked = || {
        let issued = S::TravelDocumentIssued(document(0, 100));
        asked(accepted(again)).xk(issued).xk(S::TravelDocumentRevoked(ISSUE))
    };
    let unheard = accepted(starting(Start::TravelDocumentRequest)).unheard(NL, ask_for_document());
    for (story, expected) in [
        // Mon 2 Mar: Tue 3, Wed 4, Thu 5.
        (asked(accepted(|_| {})), Some("2026-03-05")),
        // Heard on Tue 3 Mar: Wed 4, Thu 5, Fri 6.
        (unheard.days(1), Some("2026-03-06")),
        // The reply of 2 Mar came first, and whoever is not asked for a document owes none.
        (asked(accepted(starting(Start::ReceiptOfPositiveReply))), Some("2026-03-05")),
        (asked(accepted(starting(Start::ReceiptOfPositiveReply)).days(7)), Some("2026-03-12")),
        (asked(accepted(starting(Start::ReceiptOfReply)).days(7)), Some("2026-03-12")),
        // The first, and on Mon 9 Mar another: Tue 10 to Fri 13, Mon 16.
        (asked(accepted(again)), Some("2026-03-05")),
        (asked(revoked().days(7)), Some("2026-03-16")),
        // Tue 3 Mar, where the request names the evidence.
        (asked(accepted(evidence("own_statement"))), Some("2026-03-03")),
        (asked(accepted(evidence("expired_passport"))), Some("2026-03-05")),
        // No limit, no deadline.
        (asked(accepted(|rules| document_of(rules).issue = None)), None),
    ] {
        check(&story, DeadlineKind::TravelDocument, expected);
    }
}

/// Whether the person may leave, so many days after a transfer was notified.
pub(super) fn leaves(story: Story, days: u64) -> Result<usize, R> {
    let story = story.nl(S::TransferNotified(transfer(60))).days(days).heartbeat().by(NL);
    let command = ReportDeparture { ordered: story.ordered() };
    let stated = report_departure(&story.case(), &story.safeguards(), command)?;
    let statement = stated.first().unwrap().statement.clone();
    let case = story.nl(statement).by(NL).case();
    assert_eq!(invariant::departure_met_every_condition(&case), Ok(()));
    Ok(stated.len())
}

#[test]
fn a_late_document_has_what_the_agreement_lets_stand_in_for_it() {
    let after = |start| {
        move |rules: &mut Rules| {
            document_of(rules).late_after = Some(limit(14, Unit::CalendarDays, start));
        }
    };
    let asked = |story: Story| story.nl(ask_for_document());
    let unacknowledged = |rules: &mut Rules| {
        after(Start::DateOfRequest)(rules);
        document_of(rules).late_when = Some(cited(LateWhen::ReceiptNotAcknowledged));
    };
    let expired = |rules: &mut Rules| {
        let document = document_of(rules);
        document.late = Some(cited(LateDocument::ExpiredDocumentAccepted));
        document.validity.value = Length { count: 1, unit: Unit::CalendarDays };
    };
    let unheard = accepted(unacknowledged).unheard(NL, ask_for_document()).days(15).heard();
    // Valid to 5 Mar, and asked for again on 12 Mar.
    let again = asked(accepted(expired)).xk(S::TravelDocumentIssued(document(0, 3)));
    let refused = Err(R::TravelDocumentMustBeValid);
    for (story, days, expected) in [
        // Due on 5 Mar, and late from there.
        (asked(accepted(|_| {})), 7, Ok(1)),
        // Late from 17 Mar only, whenever it was due.
        (asked(accepted(after(Start::ReceiptOfTravelDocumentRequest))), 7, refused),
        (asked(accepted(after(Start::ReceiptOfTravelDocumentRequest))), 15, Ok(1)),
        // Acknowledged at once, or on 17 Mar, when the 14 days were over.
        (asked(accepted(unacknowledged)), 20, refused),
        (unheard, 5, Ok(1)),
        // What was never issued has not expired.
        (asked(accepted(expired)), 20, refused),
        (asked(again.days(10)), 7, Ok(1)),
        // Without a limit nothing is late.
        (asked(accepted(|rules| document_of(rules).issue = None)), 20, refused),
    ] {
        assert_eq!(leaves(story, days), expected, "{days} days");
    }
}

#[test]
fn the_requesting_states_own_document_is_enough_where_the_agreement_says_so() {
    let consents = |rules: &mut Rules| {
        rules.silence.effect = SilenceEffect::DeemedAcceptedWithDocument;
    };
    let paper = |paper| {
        move |rules: &mut Rules| {
            document_of(rules).third_country_nationals = Some(cited(paper));
        }
    };
    let own = paper(ThirdCountryDocument::OfRequestingParty);
    let visa = paper(ThirdCountryDocument::OfRequestingPartyWithVisa);
    let issued =
        |story: Story| story.nl(ask_for_document()).xk(S::TravelDocumentIssued(document(0, 100)));
    let revoked = issued(accepted_by_silence(consents)).xk(S::TravelDocumentRevoked(1));
    let refused = Err(R::TravelDocumentMustBeValid);
    for (case, story, expected) in [
        (1, accepted_by_silence(consents), Ok(1)),
        (2, accepted_by_silence(|_| {}), refused),
        // An answer is no silence, and what was revoked stays so.
        (3, accepted(consents), refused),
        (4, revoked, refused),
        (5, third_country_accepted(own), Ok(1)),
        (6, accepted(own), refused),
        (7, third_country_accepted(visa), refused),
        // Nothing stands in for the visa, however late it is.
        (8, third_country_accepted(visa).nl(ask_for_document()), refused),
        (9, issued(third_country_accepted(visa)), Ok(1)),
    ] {
        assert_eq!(leaves(story, 20), expected, "case {case}");
    }
    let asks = |story: Story| {
        let story = story.by(NL);
        let addressed_to = office("consulate-brussels");
        let command = RequestTravelDocument { ordered: story.ordered(), addressed_to };
        request_travel_document(&story.case(), &story.safeguards(), command).map(|it| it.len())
    };
    let none = Err(R::AgreementMustHaveTravelDocument);
    assert_eq!(asks(third_country_accepted(own)), none);
    assert_eq!(asks(third_country_accepted(visa)), Ok(1));
    assert_eq!(asks(accepted(own)), Ok(1));
}

#[test]
fn the_longer_notice_counts_for_every_transfer() {
    let issued = |change: fn(&mut Rules)| {
        let story = accepted(change).nl(ask_for_document());
        story.xk(S::TravelDocumentIssued(document(0, 100)))
    };
    let escorted: fn(&mut Rules) = |rules| rules.escorted_transfer_notice = Some(notice(5));
    let notifies = |story: Story, days| {
        let story = story.by(NL);
        let command = NotifyTransfer { ordered: story.ordered(), transfer: transfer(days) };
        notify_transfer(&story.case(), &story.safeguards(), command).map(|it| it.len())
    };
    // Mon 2 Mar: two working days are over with Wed 4, five with Mon 9.
    assert_eq!(notifies(issued(|_| {}), 3), Ok(1));
    assert_eq!(notifies(issued(escorted), 7), Err(R::TransferNoticeMustBeLongEnough));
    assert_eq!(notifies(issued(escorted), 8), Ok(1));
    assert_eq!(leaves(issued(|_| {}), 3), Ok(1));
    assert_eq!(leaves(issued(escorted), 7), Err(R::TransferNoticeMustBeHeardInTime));
    assert_eq!(leaves(issued(escorted), 8), Ok(1));
}

#[test]
fn evidence_for_the_nationals_of_one_state_counts_in_requests_to_it() {
    let files = |of: super::said::Side| {
        let rules = with(|rules| {
            for listed in &mut rules.evidence {
                listed.nationals_of = Some(super::history::state(of));
            }
        });
        let filed = S::RequestFiled(request(&rules));
        Story::under(&rules).nl(filed).by(NL).case().rules.is_some()
    };
    assert_eq!((files(XK), files(NL)), (true, false));
}
