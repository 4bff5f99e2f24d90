//! One encoding: everything else than the canonical bytes is not understood.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use domain::case::event::{
    AgreementEnded, AgreementReference, ClockCorrected, ErasureBasis, Fault, FaultProved,
    KeyPurpose, KeyRevoked, Kind, LogSucceeded, NonDeparture, Opaque, Rectified, RefusalReason,
    RegisterFinding, Restated, ResumeReason, ReturnReason, Statement, TransferNotified,
    TransportMode, TravelDocumentIssued, WritingResumed,
};
use domain::chain::{Content, Heard};
use domain::identifier::{Agency, AgreementId, Digest, EvidenceItem, Office};
use domain::referral::{LocalStatement, ReferralAnswer, Safeguard};
use domain::time::Date;
use proto::record::v1;
use record::canonical::{self, NotCanonical};
use record::facts;

use crate::world::{case_id, request, rules};

/// One statement of each kind.
pub(crate) fn every_statement() -> Vec<Statement> {
    let office = || Office::new("consulate-one").unwrap();
    let heard = || Heard { era: 0, number: 2, digest: Digest::new([8; 32]) };
    let day = |day| Date::constant(2026, 5, day);
    vec![
        Statement::KeyAnnounced(domain::case::event::KeyAnnounced { root_statement: vec![1, 2] }),
        Statement::CapabilitiesStated([10, 40, 41].into()),
        Statement::AgreementAdopted(record::rules::adoption(rules())),
        Statement::KeyRevoked(KeyRevoked {
            root_statement: Opaque(vec![1]),
            purpose: KeyPurpose::Log,
            key_id: [7; 16],
            last_good: Some(heard()),
        }),
        Statement::ClockCorrected(ClockCorrected { root_statement: Opaque(vec![2]) }),
        Statement::LogSucceeded(LogSucceeded {
            root_statement: Opaque(vec![3]),
            era: 1,
            last: heard(),
        }),
        Statement::FaultProved(FaultProved {
            fault: Fault::Equivocation,
            number: 3,
            stored: Opaque(vec![4]),
            rival: Opaque(vec![5]),
            announcement: None,
        }),
        Statement::WritingResumed(WritingResumed {
            reason: ResumeReason::MarkLost,
            partner_holds: None,
        }),
        Statement::AgreementEnded(AgreementEnded {
            ended: AgreementReference {
                agreement: AgreementId::new("benelux_kosovo_2011").unwrap(),
                version: 1,
                digest: Digest::new([6; 32]),
            },
            ended_from: day(1),
        }),
        request(),
        Statement::EvidenceAdded(vec![EvidenceItem::new("photograph").unwrap()]),
        Statement::ClarificationGiven(0),
        Statement::RegisterCheckRequested,
        Statement::InterviewRequested(office()),
        Statement::TravelDocumentRequested(office()),
        Statement::SilenceNoticed,
        Statement::SilenceClaimed(Heard { era: 0, number: 0, digest: Digest::new([9; 32]) }),
        Statement::RequestWithdrawn,
        Statement::TransferNotified(TransferNotified { on: day(4), mode: TransportMode::Air }),
        Statement::TransferCancelled(7),
        Statement::PersonDeparted(7),
        Statement::PersonNotDeparted(7, NonDeparture::Unfit),
        Statement::TakenBack,
        Statement::RequestAdmitted,
        Statement::ClarificationAsked,
        Statement::ExtensionTaken(60),
        Statement::RegisterChecked(RegisterFinding::NoHit),
        Statement::InterviewArranged,
        Statement::InterviewHeld,
        Statement::InterviewMissed,
        Statement::IdentityConfirmed,
        Statement::IdentityNotConfirmed,
        Statement::IdentityInconclusive,
        Statement::RequestAccepted,
        Statement::RequestRefused(vec![
            RefusalReason::NotANational,
            RefusalReason::OtherGroundOfAgreement,
        ]),
        Statement::ReturnedUnconsidered(vec![ReturnReason::Unreadable]),
        Statement::TravelDocumentIssued(TravelDocumentIssued {
            issued_on: day(1),
            valid_until: day(31),
        }),
        Statement::TravelDocumentRevoked(12),
        Statement::TransferObjected(u64::MAX),
        Statement::PersonArrived,
        Statement::HoldPlaced,
        Statement::HoldLifted,
        Statement::Rectified(Rectified::Person),
        Statement::EntryUnreadable(3),
        Statement::EntryContested(4),
        Statement::Restated(Restated {
            entry: 3,
            sealed_body: Opaque(vec![6; 16]),
            case_key: Opaque(canonical::encode(&v1::WrappedCaseKey {
                position: 3,
                key_id: vec![1; 16],
                encapsulated: vec![2; 32],
                sealed: vec![3; 48],
            })),
        }),
        Statement::DisputeSettled,
        Statement::ErasureOrdered(ErasureBasis::RetentionOver),
        Statement::CaseClosed,
        Statement::ErasureDone,
        Statement::ObstacleReported,
        Statement::ObstacleRemoved,
    ]
}

pub(crate) fn case_of(statement: &Statement) -> Option<domain::identifier::CaseId> {
    let corridor = statement.kind().speaker() == domain::case::event::Speaker::Corridor;
    (!corridor).then(case_id)
}

#[test]
fn every_kind_is_written_and_read_back_under_its_own_number() {
    let statements = every_statement();
    let kinds: Vec<Kind> = statements.iter().map(Statement::kind).collect();
    assert_eq!(kinds, Kind::ALL);
    for statement in statements {
        let bytes = facts::encode(case_of(&statement), &statement);
        assert_eq!(facts::claimed_case(&bytes), case_of(&statement));
        assert_eq!(facts::read(&bytes), Content::Stated(Arc::new(statement.clone())));
        let after_case = if case_of(&statement).is_some() { &bytes[18..] } else { &bytes[..] };
        let (tag, _) = varint(after_case);
        assert_eq!(tag >> 3, u64::from(statement.kind().number()), "{statement:?}");
    }
}

#[test]
fn every_local_kind_is_written_and_read_back() {
    let agency = || Agency::new("homeward").unwrap();
    for statement in [
        LocalStatement::SafeguardOpened(Safeguard::Child),
        LocalStatement::SafeguardMet(Safeguard::Restored),
        LocalStatement::ConsentRecorded(agency()),
        LocalStatement::ConsentWithdrawn(agency()),
        LocalStatement::Referred(agency()),
        LocalStatement::ReferralAnswered(agency(), ReferralAnswer::Declined),
        LocalStatement::PlanAgreed(agency()),
        LocalStatement::AssistanceReported(agency()),
        LocalStatement::FollowUpReported(agency()),
        LocalStatement::ReferralClosed(agency()),
    ] {
        let bytes = facts::encode_local(case_id(), &statement);
        let (tag, _) = varint(&bytes[18..]);
        assert_eq!(tag >> 3, u64::from(statement.kind().number()), "{statement:?}");
        assert_eq!(facts::decode_local(&bytes), Ok((case_id(), statement)));
    }
}

/// Facts that are not the canonical form of an understood statement, with the reason.
pub(crate) fn not_understood() -> Vec<(&'static str, Vec<u8>)> {
    let id = [&[0x0a, 0x10][..], case_id().as_bytes()].concat();
    let with = |rest: &[u8]| [&id[..], rest].concat();
    vec![
        ("nothing", vec![]),
        ("no statement", id.clone()),
        ("not protobuf", vec![0xff; 20]),
        ("truncated", with(&[0xc2])),
        ("tag of the statement as a longer varint than needed", with(&[0xe2, 0x82, 0x00, 0x00])),
        ("length as a longer varint than needed", with(&[0xe2, 0x02, 0x80, 0x00])),
        ("unknown kind", with(&[0x9a, 0x01, 0x00])),
        ("unknown field inside a statement", with(&[0xe2, 0x02, 0x02, 0x08, 0x01])),
        ("unknown enumeration number", with(&[0xba, 0x06, 0x02, 0x08, 0x09])),
        ("enumeration number beyond 32 bits", {
            with(&[0xba, 0x06, 0x06, 0x08, 0x81, 0x80, 0x80, 0x80, 0x10])
        }),
        ("unspecified enumeration", with(&[0xba, 0x06, 0x00])),
        ("default value written out", with(&[0xba, 0x06, 0x02, 0x08, 0x00])),
        ("default position written out", with(&[0xda, 0x02, 0x02, 0x08, 0x00])),
        ("case id after the statement", [&[0xe2, 0x02, 0x00][..], &id].concat()),
        ("case id twice", [&id[..], &id, &[0xe2, 0x02, 0x00]].concat()),
        ("second member of the oneof", with(&[0xe2, 0x02, 0x00, 0x8a, 0x03, 0x00])),
        ("same member of the oneof twice", with(&[0xe2, 0x02, 0x00, 0xe2, 0x02, 0x00])),
        ("case id of fifteen bytes", {
            [&[0x0a, 0x0f][..], &case_id().as_bytes()[..15], &[0xe2, 0x02, 0x00]].concat()
        }),
        ("case entry without case id", vec![0xe2, 0x02, 0x00]),
        ("corridor entry with case id", with(&[0x5a, 0x02, 0x0a, 0x00])),
        ("list that must ascend and does not", vec![0x5a, 0x04, 0x0a, 0x02, 0x0b, 0x0a]),
        ("list with a repetition", vec![0x5a, 0x04, 0x0a, 0x02, 0x0a, 0x0a]),
        ("packed list written unpacked", vec![0x5a, 0x04, 0x08, 0x0a, 0x08, 0x0b]),
        ("date that does not exist", {
            let date = [0x08, 0xea, 0x0f, 0x10, 0x02, 0x18, 0x1e];
            let on = [&[0x0a, 0x07][..], &date, &[0x10, 0x01]].concat();
            with(&[&[0x92, 0x03, 0x0b][..], &on].concat())
        }),
        ("word with a capital", with(&[0xea, 0x02, 0x04, 0x0a, 0x02, b'a', b'B'])),
        ("text that is not UTF-8", with(&[0xea, 0x02, 0x03, 0x0a, 0x01, 0xff])),
        ("group", with(&[0xe3, 0x02, 0xe4, 0x02])),
        ("longer than 64 KiB", {
            let root_statement = vec![7; facts::FACTS_BYTES_MAX];
            let announced = domain::case::event::KeyAnnounced { root_statement };
            facts::encode(None, &Statement::KeyAnnounced(announced))
        }),
    ]
}

#[test]
fn what_is_not_canonical_is_not_understood() {
    for (why, bytes) in not_understood() {
        assert_eq!(facts::read(&bytes), Content::NotUnderstood, "{why}");
    }
    let withdrawn = [&[0x0a, 0x10][..], case_id().as_bytes(), &[0x8a, 0x03, 0x00]].concat();
    let understood = facts::read(&withdrawn);
    assert_eq!(understood, Content::Stated(Arc::new(Statement::RequestWithdrawn)));
}

#[test]
fn rules_of_another_digest_id_or_version_are_not_adopted() {
    let Statement::AgreementAdopted(adopted) =
        Statement::AgreementAdopted(record::rules::adoption(rules()))
    else {
        unreachable!()
    };
    let read = |message: v1::AgreementAdopted| {
        let statement = Some(v1::facts::Statement::AgreementAdopted(message));
        let bytes = canonical::encode(&v1::Facts { case_id: vec![], statement });
        let Content::Stated(statement) = facts::read(&bytes) else {
            return None;
        };
        let Statement::AgreementAdopted(adopted) = Arc::unwrap_or_clone(statement) else {
            return None;
        };
        Some(adopted.rules.is_some())
    };
    let message = || v1::AgreementAdopted::from(&adopted);
    let mut changed = message();
    changed.rules[20] ^= 1;
    assert_eq!(read(message()), Some(true));
    assert_eq!(read(v1::AgreementAdopted { version: 2, ..message() }), Some(false));
    assert_eq!(read(v1::AgreementAdopted { agreement: "x".into(), ..message() }), Some(false));
    assert_eq!(read(v1::AgreementAdopted { digest: vec![0; 32], ..message() }), Some(false));
    assert_eq!(read(changed), Some(false));
}

#[test]
fn rules_are_written_and_read_back() {
    let bytes = record::rules::encode(&rules());
    assert_eq!(record::rules::decode(&bytes), Ok(rules()));
}

#[test]
fn bytes_that_are_no_message_and_bytes_of_another_form_are_told_apart() {
    let unreadable = canonical::decode::<v1::Head>(&[0x0a]);
    assert_eq!(unreadable, Err(NotCanonical::Unreadable));
    assert_eq!(canonical::decode::<v1::Head>(&[0x08, 0x00]), Err(NotCanonical::OtherForm));
}

/// The first varint of bytes, and how long it is.
fn varint(bytes: &[u8]) -> (u64, usize) {
    let length = bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let value =
        bytes[..length].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    (value, length)
}
