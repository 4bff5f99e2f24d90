//! Sealed bodies, to the domain and back. The people are fictional.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::person::Particulars;
use proto::InvalidField;
use proto::record::v1::body::Detail;
use proto::record::v1::{
    Acting, Body, DocumentDetail, InterviewDetail, Person, RequestDetail, ReturnDecisionDetail,
    Sex, TransferDetail, TravelDocumentDetail,
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
    }
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
