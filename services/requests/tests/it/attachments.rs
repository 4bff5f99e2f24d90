//! Files: put part by part, listed by a command, shown with a purpose, fetched by an official.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proto::command::v1::Purpose;
use proto::requests::v1::*;
use tonic::{Code, Status};

use crate::office::{Desk, fields, filing};
use crate::world::{AGENCY, AUTHORITY, RETURN_OFFICE, World};

/// Puts content in parts of 10 bytes.
async fn put(
    desk: &mut Desk,
    first: PutAttachmentRequest,
    content: &[u8],
) -> Result<Attachment, Status> {
    let rest = content.chunks(10).map(|part| PutAttachmentRequest {
        content: part.to_vec(),
        ..PutAttachmentRequest::default()
    });
    let parts: Vec<_> = std::iter::once(first).chain(rest).collect();
    let mut answers =
        desk.attachments.put_attachment(tokio_stream::iter(parts)).await?.into_inner();
    let answer = answers.message().await?.unwrap();
    assert_eq!(answers.message().await?, None);
    Ok(answer.attachment.unwrap())
}

const CONTENT: &[u8] = b"a scan that is fictional, in full";

fn for_filing(request_id: &str) -> PutAttachmentRequest {
    PutAttachmentRequest {
        partner_state: "XK".into(),
        filing: request_id.into(),
        label: "Identity card".into(),
        size: CONTENT.len() as u64,
        ..Default::default()
    }
}

fn for_case(case: &str) -> PutAttachmentRequest {
    PutAttachmentRequest { case: case.into(), size: CONTENT.len() as u64, ..Default::default() }
}

/// What the entries of a case list.
async fn listed(desk: &mut Desk, case: &str, purpose: Purpose) -> Vec<Attachment> {
    let case = desk.get(case, purpose).await;
    case.timeline.into_iter().flat_map(|entry| entry.attachments).collect()
}

#[tokio::test]
async fn files_are_put_listed_by_commands_and_shown_with_a_purpose() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let first = put(&mut nl, for_filing("f1"), CONTENT).await.unwrap();
    assert_eq!((first.id.len(), first.media_type()), (36, MediaType::Pdf));
    assert_eq!((first.size, first.label.as_str()), (CONTENT.len() as u64, "Identity card"));
    {
        let all = nl.files.all();
        let new = &all[0].new;
        assert_eq!(all[0].content, CONTENT);
        assert_eq!((new.request_id.as_str(), new.partner_state.as_str()), ("f1", "XK"));
        let identity = new.caller.as_ref().map(|caller| caller.identity.as_str());
        assert_eq!(identity, Some(RETURN_OFFICE));
    }
    let request = FileRequestRequest { attachments: vec![first.id.clone()], ..filing("f1") };
    let filed = nl.requests.file_request(request).await.unwrap().into_inner().receipt.unwrap();
    let case = filed.case_number;

    let second = put(&mut nl, for_case(&case), CONTENT).await.unwrap();
    let evidence = AddEvidenceRequest {
        request_id: "evidence".into(),
        case: case.clone(),
        evidence: vec!["own_statement".into()],
        attachments: vec![second.id.clone()],
        ..Default::default()
    };
    nl.requests.add_evidence(evidence).await.unwrap();
    let ask = AskClarificationRequest {
        request_id: "ask".into(),
        case: case.clone(),
        note: "Is there a better scan?".into(),
        ..Default::default()
    };
    xk.answers.ask_clarification(ask).await.unwrap();
    let third = put(&mut nl, for_case(&case), CONTENT).await.unwrap();
    let clarification = GiveClarificationRequest {
        request_id: "clarify".into(),
        case: case.clone(),
        note: "Here it is.".into(),
        attachments: vec![third.id.clone()],
        ..Default::default()
    };
    nl.requests.give_clarification(clarification).await.unwrap();

    let all = [first, second, third];
    for desk in [&mut nl, &mut xk] {
        assert_eq!(listed(desk, &case, Purpose::Decision).await, all);
        assert_eq!(listed(desk, &case, Purpose::Unspecified).await, []);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_not_taken_for_a_whole_file() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let cut = put(&mut nl, for_filing("f1"), &CONTENT[..20]).await.unwrap_err();
    assert_eq!(cut.code(), Code::InvalidArgument);
    // Nor is one that says on the way that it is something else.
    let again = PutAttachmentRequest { content: CONTENT.to_vec(), ..for_filing("f1") };
    let parts = tokio_stream::iter([for_filing("f1"), again]);
    let put = nl.attachments.put_attachment(parts).await;
    let refused = match put {
        Ok(answers) => answers.into_inner().message().await.unwrap_err(),
        Err(refused) => refused,
    };
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(nl.files.all().len(), 0);
}

/// Fields, each with how its rule begins.
type Named = &'static [(&'static str, &'static str)];
const PUT_FOR: &str = "must be an attachment that was put for this case";

#[tokio::test]
async fn a_command_lists_only_what_was_put_for_its_case() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let one = put(&mut nl, for_filing("f1"), CONTENT).await.unwrap().id;
    let other = put(&mut nl, for_filing("f2"), CONTENT).await.unwrap().id;
    let unknown = "att_000000000000000000000000000000ff".to_owned();
    let before = world.stored("NL");
    let table: [(Vec<String>, Named); 5] = [
        (vec!["scan.pdf".into()], &[("attachments[0]", "must be the id of an attachment")]),
        (vec![one.clone(), one.clone()], &[("attachments[1]", "must not be there twice")]),
        (vec![unknown.clone(); 33], &[("attachments", "must be at most 32 in number")]),
        (vec![unknown.clone()], &[("attachments[0]", PUT_FOR)]),
        (vec![one, other, unknown], &[("attachments[1]", PUT_FOR), ("attachments[2]", PUT_FOR)]),
    ];
    for (attachments, expected) in table {
        let request = FileRequestRequest { attachments, ..filing("f1") };
        let found = fields(nl.requests.file_request(request).await.unwrap_err());
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, (field, rule)) in found.iter().zip(expected) {
            assert!(found.starts_with(&format!("`{field}` {rule}")), "{found}");
        }
    }
    assert_eq!(world.stored("NL"), before);
}

#[tokio::test]
async fn a_file_is_sent_for_a_purpose_to_an_office_or_consulate() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let it = put(&mut nl, for_filing("f1"), CONTENT).await.unwrap();
    let request = |purpose: Purpose| GetAttachmentRequest {
        case: "NL-XK-2026-000001".into(),
        attachment: it.id.clone(),
        purpose: purpose.into(),
    };
    let mut parts = nl.attachments.get_attachment(request(Purpose::Decision)).await.unwrap();
    let first = parts.get_mut().message().await.unwrap().unwrap();
    assert_eq!(first.attachment, Some(it.clone()));
    let second = parts.get_mut().message().await.unwrap().unwrap();
    assert_eq!((second.attachment, parts.get_mut().message().await.unwrap()), (None, None));
    assert_eq!([first.content, second.content].concat(), CONTENT);

    let refused = nl.attachments.get_attachment(request(Purpose::Unspecified)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong =
        GetAttachmentRequest { attachment: "scan.pdf".into(), ..request(Purpose::Decision) };
    let refused = fields(nl.attachments.get_attachment(wrong).await.unwrap_err());
    assert!(refused[0].starts_with("`attachment` must be the id"), "{refused:?}");
    let mut agency = Desk::new(&world, AGENCY).await;
    let refused = agency.attachments.get_attachment(request(Purpose::Decision)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = put(&mut agency, for_filing("f1"), CONTENT).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
