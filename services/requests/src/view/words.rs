//! The domain's words in the words of the interface, one by one.

use agreements::Off;
use domain::case::event::{self, AgreementEnded, Kind};
use domain::case::outcome::{self, Ground, Outcome, Settlement};
use domain::clock::skipped::Skipped;
use domain::person::Text;
use domain::person::attachment::{Attachment, MediaType};
use domain::referral;
use domain::rules;
use proto::command::v1::{EventKind, Result, Standing};
use proto::requests::v1::{
    self as requests, Category, NonDeparture, RefusalReason, ReturnReason, Safeguard,
    TransportMode, Unit,
};

/// What an official sees of a file.
pub(crate) fn attachment(it: &Attachment) -> requests::Attachment {
    let media_type = match it.media_type {
        MediaType::Pdf => requests::MediaType::Pdf,
        MediaType::Jpeg => requests::MediaType::Jpeg,
        MediaType::Png => requests::MediaType::Png,
        MediaType::AnsiNist => requests::MediaType::AnsiNist,
    };
    requests::Attachment {
        id: it.id.to_string(),
        media_type: media_type.into(),
        size: it.bytes,
        sha256: it.digest.to_string(),
        label: it.label.as_ref().map(Text::reveal).unwrap_or_default().to_owned(),
    }
}

/// The result, and what it was before a withdrawal that came after it.
pub(crate) const fn result(outcome: Outcome) -> (Result, Result) {
    match outcome {
        Outcome::Open => (Result::Open, Result::Unspecified),
        Outcome::Settled(settlement) => (settled(settlement), Result::Unspecified),
        Outcome::Withdrawn(_) => (Result::Withdrawn, Result::Unspecified),
        Outcome::CancelledAfter(settlement, _) => (Result::Cancelled, settled(settlement)),
    }
}

const fn settled(settlement: Settlement) -> Result {
    match settlement {
        Settlement::Accepted(Ground::Answer(_)) => Result::Accepted,
        Settlement::Accepted(Ground::Silence(_)) => Result::AcceptedBySilence,
        Settlement::Refused(Ground::Answer(_)) => Result::Refused,
        Settlement::Refused(Ground::Silence(_)) => Result::RefusedBySilence,
        Settlement::Returned(_) => Result::ReturnedUnconsidered,
    }
}

/// The rule that makes the deciding entry decide, by name.
pub(crate) const fn deciding_rule(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "RequestStaysOpen",
        Outcome::Settled(settlement) => match settlement {
            Settlement::Accepted(Ground::Silence(_)) | Settlement::Refused(Ground::Silence(_)) => {
                "ProvedSilenceDecides"
            }
            Settlement::Accepted(Ground::Answer(_))
            | Settlement::Refused(Ground::Answer(_))
            | Settlement::Returned(_) => "FirstAnswerDecides",
        },
        Outcome::Withdrawn(_) => "WithdrawalBeforeAnswerDecides",
        Outcome::CancelledAfter(..) => "WithdrawalAfterAnswerCancels",
    }
}

pub(crate) const fn standing(standing: outcome::Standing) -> Standing {
    match standing {
        outcome::Standing::Provisional => Standing::Provisional,
        outcome::Standing::Confirmed => Standing::Confirmed,
        outcome::Standing::Disputed => Standing::Disputed,
    }
}

/// The kind of an entry; one that is not understood is unspecified. Both tables are numbered as
/// the record's field, so a kind without a word here is a word that was forgotten.
pub(crate) fn kind(kind: Option<Kind>) -> EventKind {
    kind.and_then(|kind| i32::try_from(kind.number()).ok())
        .and_then(|number| EventKind::try_from(number).ok())
        .unwrap_or_default()
}

pub(crate) fn category(category: rules::Category) -> i32 {
    match category {
        rules::Category::OwnNational => Category::OwnNational,
        rules::Category::FormerNational => Category::FormerNational,
        rules::Category::ThirdCountryNational => Category::ThirdCountryNational,
        rules::Category::Stateless => Category::Stateless,
    }
    .into()
}

pub(crate) fn read_category(number: i32) -> Option<rules::Category> {
    match Category::try_from(number).ok()? {
        Category::Unspecified => None,
        Category::OwnNational => Some(rules::Category::OwnNational),
        Category::FormerNational => Some(rules::Category::FormerNational),
        Category::ThirdCountryNational => Some(rules::Category::ThirdCountryNational),
        Category::Stateless => Some(rules::Category::Stateless),
    }
}

pub(crate) fn mode(mode: event::TransportMode) -> i32 {
    match mode {
        event::TransportMode::Air => TransportMode::Air,
        event::TransportMode::Land => TransportMode::Land,
        event::TransportMode::Sea => TransportMode::Sea,
    }
    .into()
}

pub(crate) fn read_mode(number: i32) -> Option<event::TransportMode> {
    match TransportMode::try_from(number).ok()? {
        TransportMode::Unspecified => None,
        TransportMode::Air => Some(event::TransportMode::Air),
        TransportMode::Land => Some(event::TransportMode::Land),
        TransportMode::Sea => Some(event::TransportMode::Sea),
    }
}

pub(crate) fn read_non_departure(number: i32) -> Option<event::NonDeparture> {
    match NonDeparture::try_from(number).ok()? {
        NonDeparture::Unspecified => None,
        NonDeparture::Absconded => Some(event::NonDeparture::Absconded),
        NonDeparture::RefusedBoarding => Some(event::NonDeparture::RefusedBoarding),
        NonDeparture::Unfit => Some(event::NonDeparture::Unfit),
        NonDeparture::Other => Some(event::NonDeparture::Other),
    }
}

pub(crate) fn read_refusal(number: i32) -> Option<event::RefusalReason> {
    match RefusalReason::try_from(number).ok()? {
        RefusalReason::Unspecified => None,
        RefusalReason::IdentityNotEstablished => Some(event::RefusalReason::IdentityNotEstablished),
        RefusalReason::NotANational => Some(event::RefusalReason::NotANational),
        RefusalReason::EvidenceDisproved => Some(event::RefusalReason::EvidenceDisproved),
        RefusalReason::ConditionsNotMet => Some(event::RefusalReason::ConditionsNotMet),
        RefusalReason::FiledTooLate => Some(event::RefusalReason::FiledTooLate),
        RefusalReason::OtherGroundOfAgreement => Some(event::RefusalReason::OtherGroundOfAgreement),
    }
}

pub(crate) fn read_return(number: i32) -> Option<event::ReturnReason> {
    match ReturnReason::try_from(number).ok()? {
        ReturnReason::Unspecified => None,
        ReturnReason::Incomplete => Some(event::ReturnReason::Incomplete),
        ReturnReason::Unreadable => Some(event::ReturnReason::Unreadable),
        ReturnReason::WrongAuthority => Some(event::ReturnReason::WrongAuthority),
        ReturnReason::Duplicate => Some(event::ReturnReason::Duplicate),
    }
}

pub(crate) fn safeguard(safeguard: referral::Safeguard) -> i32 {
    match safeguard {
        referral::Safeguard::RightToStay => Safeguard::RightToStay,
        referral::Safeguard::FitnessToTravel => Safeguard::FitnessToTravel,
        referral::Safeguard::Child => Safeguard::Child,
        referral::Safeguard::Restored => Safeguard::Restored,
    }
    .into()
}

pub(crate) const fn unit(unit: rules::Unit) -> Unit {
    match unit {
        rules::Unit::Hours => Unit::Hours,
        rules::Unit::CalendarDays => Unit::CalendarDays,
        rules::Unit::DaysUnqualified => Unit::DaysUnqualified,
        rules::Unit::Weeks => Unit::Weeks,
        rules::Unit::CalendarMonths => Unit::CalendarMonths,
        rules::Unit::Years => Unit::Years,
        rules::Unit::WorkingDays => Unit::WorkingDays,
    }
}

/// A day that is not counted, with the names of its holidays.
pub(crate) fn skipped_day(skipped: &Skipped) -> requests::SkippedDay {
    let named = agreements::named(skipped);
    let why = named.why.into_iter().map(|(state, off)| {
        let (reason, name) = match off {
            Off::Weekend => (requests::DayOffReason::Weekend, String::new()),
            Off::Holiday(name) => (requests::DayOffReason::Holiday, name.unwrap_or_default()),
        };
        requests::DayOff { state: state.to_string(), reason: reason.into(), name }
    });
    requests::SkippedDay { day: named.day.to_string(), why: why.collect() }
}

/// What an entry says in clear, as `name=word`, in the words of the record.
pub(crate) fn codes(statement: &event::Statement) -> Vec<String> {
    use event::Statement as S;
    let word = |name: &str, word: &dyn std::fmt::Display| format!("{name}={word}");
    match statement {
        S::KeyAnnounced(_)
        | S::CapabilitiesStated(_)
        | S::RegisterCheckRequested
        | S::SilenceNoticed
        | S::RequestWithdrawn
        | S::TakenBack
        | S::RequestAdmitted
        | S::ClarificationAsked
        | S::InterviewArranged
        | S::InterviewHeld
        | S::InterviewMissed
        | S::IdentityConfirmed
        | S::IdentityNotConfirmed
        | S::IdentityInconclusive
        | S::RequestAccepted
        | S::PersonArrived
        | S::HoldPlaced
        | S::HoldLifted
        | S::DisputeSettled
        | S::CaseClosed
        | S::ErasureDone
        | S::ObstacleReported
        | S::ObstacleRemoved
        | S::ClockCorrected(_) => Vec::new(),
        S::ExtensionTaken(count) => vec![word("longer_by", count)],
        S::KeyRevoked(it) => {
            vec![word("purpose", &purpose_word(it.purpose)), word("key", &key_word(it.key_id))]
        }
        S::LogSucceeded(it) => vec![word("era", &it.era), word("last", &it.last.number)],
        S::FaultProved(it) => {
            vec![word("fault", &fault_word(it.fault)), word("dispatch", &it.number)]
        }
        S::WritingResumed(it) => vec![word("reason", &resume_word(it.reason))],
        S::EntryUnreadable(entry) | S::EntryContested(entry) => vec![word("entry", entry)],
        S::Restated(it) => vec![word("entry", &it.entry)],
        S::ErasureOrdered(basis) => vec![word("basis", &basis_word(*basis))],
        S::AgreementAdopted(it) => {
            vec![word("agreement", &it.agreement), word("version", &it.version)]
        }
        S::AgreementEnded(AgreementEnded { ended, ended_from }) => vec![
            word("agreement", &ended.agreement),
            word("version", &ended.version),
            word("ended_from", ended_from),
        ],
        S::RequestFiled(it) => {
            let mut codes = vec![
                word("agreement", &it.under.agreement),
                word("category", &category_word(it.category)),
                word("filed_by", &it.filed_by),
                word("addressed_to", &it.addressed_to),
            ];
            codes.extend(it.evidence.iter().map(|item| word("evidence", item)));
            codes.extend(
                it.irregular_stay_known_on.map(|day| word("irregular_stay_known_on", &day)),
            );
            codes
        }
        S::EvidenceAdded(items) => items.iter().map(|item| word("evidence", item)).collect(),
        S::ClarificationGiven(question) => vec![word("question", question)],
        S::InterviewRequested(office) | S::TravelDocumentRequested(office) => {
            vec![word("addressed_to", office)]
        }
        S::SilenceClaimed(heard) => vec![word("dispatch", &heard.number)],
        S::TransferNotified(it) => vec![word("on", &it.on), word("mode", &mode_word(it.mode))],
        S::TransferCancelled(notice) | S::PersonDeparted(notice) | S::TransferObjected(notice) => {
            vec![word("notice", notice)]
        }
        S::PersonNotDeparted(notice, why) => {
            vec![word("notice", notice), word("reason", &non_departure_word(*why))]
        }
        S::RegisterChecked(finding) => vec![word("finding", &finding_word(*finding))],
        S::RequestRefused(why) => {
            why.iter().map(|why| word("reason", &refusal_word(*why))).collect()
        }
        S::ReturnedUnconsidered(why) => {
            why.iter().map(|why| word("reason", &return_word(*why))).collect()
        }
        S::TravelDocumentIssued(it) => {
            vec![word("issued_on", &it.issued_on), word("valid_until", &it.valid_until)]
        }
        S::TravelDocumentRevoked(issue) => vec![word("document", issue)],
        S::Rectified(what) => vec![word("scope", &scope_word(*what))],
    }
}

const fn category_word(category: rules::Category) -> &'static str {
    match category {
        rules::Category::OwnNational => "own_national",
        rules::Category::FormerNational => "former_national",
        rules::Category::ThirdCountryNational => "third_country_national",
        rules::Category::Stateless => "stateless",
    }
}

const fn mode_word(mode: event::TransportMode) -> &'static str {
    match mode {
        event::TransportMode::Air => "air",
        event::TransportMode::Land => "land",
        event::TransportMode::Sea => "sea",
    }
}

const fn non_departure_word(why: event::NonDeparture) -> &'static str {
    match why {
        event::NonDeparture::Absconded => "absconded",
        event::NonDeparture::RefusedBoarding => "refused_boarding",
        event::NonDeparture::Unfit => "unfit",
        event::NonDeparture::Other => "other",
    }
}

const fn finding_word(finding: event::RegisterFinding) -> &'static str {
    match finding {
        event::RegisterFinding::Hit => "hit",
        event::RegisterFinding::NoHit => "no_hit",
        event::RegisterFinding::Ambiguous => "ambiguous",
    }
}

const fn refusal_word(why: event::RefusalReason) -> &'static str {
    match why {
        event::RefusalReason::IdentityNotEstablished => "identity_not_established",
        event::RefusalReason::NotANational => "not_a_national",
        event::RefusalReason::EvidenceDisproved => "evidence_disproved",
        event::RefusalReason::ConditionsNotMet => "conditions_not_met",
        event::RefusalReason::FiledTooLate => "filed_too_late",
        event::RefusalReason::OtherGroundOfAgreement => "other_ground_of_agreement",
    }
}

const fn return_word(why: event::ReturnReason) -> &'static str {
    match why {
        event::ReturnReason::Incomplete => "incomplete",
        event::ReturnReason::Unreadable => "unreadable",
        event::ReturnReason::WrongAuthority => "wrong_authority",
        event::ReturnReason::Duplicate => "duplicate",
    }
}

const fn purpose_word(purpose: event::KeyPurpose) -> &'static str {
    match purpose {
        event::KeyPurpose::Log => "log",
        event::KeyPurpose::Hpke => "hpke",
    }
}

fn key_word(key_id: [u8; 16]) -> String {
    key_id.iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn fault_word(fault: event::Fault) -> &'static str {
    match fault {
        event::Fault::Equivocation => "equivocation",
        event::Fault::BrokenChain => "broken_chain",
    }
}

const fn resume_word(reason: event::ResumeReason) -> &'static str {
    match reason {
        event::ResumeReason::MarkLost => "mark_lost",
        event::ResumeReason::NotRecovered => "not_recovered",
    }
}

const fn basis_word(basis: event::ErasureBasis) -> &'static str {
    match basis {
        event::ErasureBasis::RetentionOver => "retention_over",
        event::ErasureBasis::RequestOfThePerson => "request_of_the_person",
        event::ErasureBasis::Order => "order",
        event::ErasureBasis::RecordedInError => "recorded_in_error",
    }
}

const fn scope_word(what: event::Rectified) -> &'static str {
    match what {
        event::Rectified::Person => "person",
        event::Rectified::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word() {
        for one in Kind::ALL {
            assert_ne!(kind(Some(one)), EventKind::Unspecified, "{one:?}");
        }
        assert_eq!(kind(None), EventKind::Unspecified);
    }
}
