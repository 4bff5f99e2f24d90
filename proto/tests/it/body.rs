//! Sealed bodies, to the domain and back. The people are fictional.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::person::Particulars;
use proto::InvalidField;
use proto::record::v1::body::Detail;
use proto::record::v1::{
    Acting, Attachment, Body, DocumentDetail, InterviewDetail, MediaType, Person, RequestDetail,
    ReturnDecisionDetail, Sex, TransferDetail, TravelDocumentDetail,
};

fn person() -> Person {
    Person {
        family_name: "Testperson".into(),
        given_names: "Arber".into(),
        birth_date: "1990-02".into(),
        birth_place: "Testtown".into(),
        sex: Sex::Male.into(),
        nationalities: vec!["XK".into()],
        aliases: vec!["Probeperson".into()],
        documents: vec![DocumentDetail {
            item: "expired_identity_card".into(),
            number: "T-000".into(),
            valid_until: "2019-12-31".into(),
        }],
    }
}

fn request() -> RequestDetail {
    RequestDetail {
        person: Some(person()),
        return_decision: Some(ReturnDecisionDetail {
            reference: "R-1".into(),
            authority: "Test authority".into(),
            decided_on: "2026-01-15".into(),
        }),
    }
}

fn body(detail: Option<Detail>) -> Body {
    Body {
        acting: Some(Acting { office: "return-office".into(), official: "Testofficial".into() }),
        note: "First line\nsecond".into(),
        reference: "our-7".into(),
        detail,
        attachments: vec![attachment(1, 300_000), attachment(2, 1)],
    }
}

/// An attachment of this size, with as many chunks as that needs.
fn attachment(id: u8, size: u64) -> Attachment {
    let chunks = size.div_ceil(262_144);
    Attachment {
        id: vec![id; 16],
        media_type: MediaType::Pdf.into(),
        size,
        digest: vec![3; 32],
        chunks: (0..chunks).map(|_| vec![4; 32]).collect(),
        label: "A scan".into(),
    }
}

#[test]
fn attachments_that_do_not_fit_are_named() {
    let with = |edit: fn(&mut Attachment)| {
        let mut last = attachment(2, 1);
        edit(&mut last);
        vec![attachment(1, 300_000), last]
    };
    let many = |count: u8, size| (0..count).map(|id| attachment(id, size)).collect();
    let table: [(Vec<Attachment>, &str); 13] = [
        (with(|it| it.id.clear()), "attachments[1].id"),
        (with(|it| it.id = vec![1; 16]), "attachments"),
        (with(|it| it.media_type = 0), "attachments[1].media_type"),
        (with(|it| it.media_type = 5), "attachments[1].media_type"),
        (with(|it| it.size = 0), "attachments"),
        (with(|it| it.size = 262_145), "attachments"),
        (with(|it| it.digest.truncate(31)), "attachments[1].digest"),
        (with(|it| it.chunks.clear()), "attachments"),
        (with(|it| it.chunks = vec![vec![4; 31]]), "attachments[1].chunks[0]"),
        (with(|it| it.label = "a".repeat(201)), "attachments[1].label"),
        (vec![attachment(1, (16 << 20) + 1)], "attachments"),
        (many(33, 1), "attachments"),
        (many(9, 16 << 20), "attachments"),
    ];
    for (attachments, field) in table {
        let body = Body { attachments, ..body(None) };
        let InvalidField { field: found, reason } = Particulars::try_from(body).unwrap_err();
        assert_eq!(found, field, "{reason}");
    }
    let most = Body { attachments: many(8, 16 << 20), ..body(None) };
    let read = Particulars::try_from(most).unwrap();
    assert!(prost_reflect::prost::Message::encoded_len(&Body::from(&read)) < 32 * 1024);
}

fn transfer() -> TransferDetail {
    TransferDetail {
        carriage: "TT 100".into(),
        border_point: "Test airport".into(),
        escorted: true,
        special_needs: "A wheelchair".into(),
    }
}

#[test]
fn every_detail_is_read_and_written_back() {
    for detail in [
        None,
        Some(Detail::Request(request())),
        Some(Detail::Interview(InterviewDetail {
            at: "2026-03-10T09:30".into(),
            place: "Test consulate".into(),
        })),
        Some(Detail::TravelDocument(TravelDocumentDetail { number: "D-1".into() })),
        Some(Detail::Transfer(transfer())),
        Some(Detail::Person(person())),
        Some(Detail::Person(Person { sex: Sex::Unspecified.into(), ..person() })),
    ] {
        let read = Particulars::try_from(body(detail.clone())).unwrap();
        assert!(Body::from(&read) == body(detail));
    }
    assert_eq!(Particulars::try_from(Body::default()), Ok(Particulars::default()));
}

#[test]
fn a_field_that_does_not_fit_is_named_and_its_value_is_not() {
    let with =
        |person: Person| Some(Detail::Request(RequestDetail { person: Some(person), ..request() }));
    let decided = |text: &str| {
        let decision = request()
            .return_decision
            .map(|it| ReturnDecisionDetail { decided_on: text.into(), ..it });
        Some(Detail::Request(RequestDetail { return_decision: decision, ..request() }))
    };
    let alone = |detail: Detail| Some(detail);
    for (detail, field) in [
        (with(Person { family_name: String::new(), ..person() }), "request.person.family_name"),
        (with(Person { given_names: "a".repeat(201), ..person() }), "request.person.given_names"),
        (with(Person { birth_date: "1990-02-30".into(), ..person() }), "request.person.birth_date"),
        (with(Person { sex: 9, ..person() }), "request.person.sex"),
        (
            with(Person { nationalities: vec!["XK".into(), "x".into()], ..person() }),
            "request.person.nationalities[1]",
        ),
        (
            with(Person { aliases: vec!["a\u{202e}".into()], ..person() }),
            "request.person.aliases[0]",
        ),
        (
            with(Person { documents: vec![DocumentDetail::default()], ..person() }),
            "request.person.documents[0].item",
        ),
        (decided("2026-02-29"), "request.return_decision.decided_on"),
        (alone(Detail::Request(RequestDetail { person: None, ..request() })), "request.person"),
        (
            alone(Detail::Request(RequestDetail { return_decision: None, ..request() })),
            "request.return_decision",
        ),
        (
            alone(Detail::Interview(InterviewDetail {
                at: "2026-03-10".into(),
                place: "P".into(),
            })),
            "interview.at",
        ),
        (alone(Detail::TravelDocument(TravelDocumentDetail::default())), "travel_document.number"),
        (
            alone(Detail::Transfer(TransferDetail { border_point: String::new(), ..transfer() })),
            "transfer.border_point",
        ),
    ] {
        let InvalidField { field: found, reason } =
            Particulars::try_from(body(detail)).unwrap_err();
        assert_eq!(found, field);
        assert!(!reason.is_empty() && !reason.contains("1990"), "{reason}");
    }
    let long = Body { note: "a".repeat(4_001), ..body(None) };
    assert_eq!(Particulars::try_from(long).unwrap_err().field, "note");
}

/// A body with blanks around a text was read as if it had none, and so had two forms.
#[test]
fn a_text_has_no_blanks_around_it() {
    let transfer =
        |special_needs: &str| TransferDetail { special_needs: special_needs.into(), ..transfer() };
    for (body, field) in [
        (Body { note: " ".into(), ..body(None) }, "note"),
        (Body { note: "A note.\n".into(), ..body(None) }, "note"),
        (Body { reference: "\u{a0}our-7".into(), ..body(None) }, "reference"),
        (
            body(Some(Detail::Person(Person { birth_place: "\tT".into(), ..person() }))),
            "person.birth_place",
        ),
        (
            body(Some(Detail::Person(Person { family_name: "T ".into(), ..person() }))),
            "person.family_name",
        ),
        (body(Some(Detail::Transfer(transfer(" a")))), "transfer.special_needs"),
    ] {
        assert_eq!(Particulars::try_from(body).unwrap_err().field, field);
    }
}

#[test]
fn nothing_personal_is_printed() {
    let printed = format!("{:?}", body(Some(Detail::Request(request()))));
    assert_eq!(printed, "Body(withheld)");
    assert_eq!(format!("{:?}", person()), "Person(withheld)");
}
