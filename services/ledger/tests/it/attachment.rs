//! Attachments: put, listed, fetched in pieces, read back; and what must not be taken.

use std::path::{Path, PathBuf};

use domain::case::event::{ErasureBasis, Statement};
use domain::time::Instant;
use ledger::{back_up_attachments, put_back_attachments};
use proto::command::v1::Purpose;
use proto::ledger::v1::missing::What;
use proto::ledger::v1::{
    AccessKind, DescribeAttachmentsRequest, ListAccessesRequest, MissingAttachment, NewAttachment,
    PutAttachmentRequest, ReadAttachmentRequest, ReadChunksRequest, SuppliedAttachment,
    SupplyAttachmentRequest,
};
use proto::record::v1::Attachment;
use runtime::caller::Caller;
use runtime::failure::Class;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use crate::supply::{missing, node, service};
use crate::world::{NOW_MS, Running, Site, attached, caller, corridor, evidence, exchange, later};

const OFFICE: &str = "return-office";

/// A PDF of a size, fictional and empty.
fn pdf(bytes: usize) -> Vec<u8> {
    let end = b"startxref\n9\n%%EOF\n";
    let mut content = b"%PDF-1.7\n".to_vec();
    content.resize(bytes - end.len(), b' ');
    content.extend(end);
    content
}

async fn put(of: &Running, case: &str, content: &[u8]) -> Result<Attachment, Status> {
    let new = NewAttachment {
        caller: Some(of.official(OFFICE).context(Purpose::Unspecified)),
        case: case.to_owned(),
        label: "A scan".to_owned(),
        size: content.len() as u64,
        ..Default::default()
    };
    put_as(of, new, content).await
}

async fn put_as(of: &Running, new: NewAttachment, content: &[u8]) -> Result<Attachment, Status> {
    let first = PutAttachmentRequest { attachment: Some(new), content: Vec::new() };
    let rest = content
        .chunks(100_000)
        .map(|content| PutAttachmentRequest { attachment: None, content: content.to_vec() });
    let parts: Vec<_> = std::iter::once(first).chain(rest).collect();
    let put = of.attachments.clone().put_attachment(tokio_stream::iter(parts)).await?;
    Ok(put.into_inner().message().await?.unwrap().attachment.unwrap())
}

async fn read(of: &Running, office: &str, case: &str, id: &[u8]) -> Result<Vec<u8>, Status> {
    let request = ReadAttachmentRequest {
        caller: Some(of.official(office).context(Purpose::Decision)),
        case: case.to_owned(),
        id: id.to_vec(),
    };
    let mut parts = of.attachments.clone().read_attachment(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(part) = parts.next().await {
        content.extend(part?.content);
    }
    Ok(content)
}

/// The only attachment that is missing.
async fn lacking(of: &Running) -> Option<(u64, MissingAttachment)> {
    let all = missing(of).await;
    let mut found = all.into_iter().filter_map(|item| match item.what {
        Some(What::Attachment(it)) => Some((item.position, it)),
        Some(What::Body(_) | What::CaseKey(_)) | None => None,
    });
    found.next()
}

/// Sealed chunks as their author gives them to its partner.
async fn chunks(of: &Running, case: &[u8], it: &Attachment) -> Vec<Vec<u8>> {
    let request = ReadChunksRequest {
        caller: node(of),
        partner_state: of.partner.to_string(),
        case_id: case.to_vec(),
        id: it.id.clone(),
        chunks: it.chunks.clone(),
    };
    let parts = of.supply.clone().read_chunks(request).await.unwrap().into_inner();
    parts.map(|part| part.unwrap().sealed_chunk).collect().await
}

async fn supply(
    of: &Running,
    position: u64,
    id: &[u8],
    chunks: Vec<Vec<u8>>,
) -> Result<bool, Status> {
    let named = SuppliedAttachment {
        caller: service(of),
        partner_state: of.partner.to_string(),
        position,
        id: id.to_vec(),
    };
    let first = SupplyAttachmentRequest { attachment: Some(named), sealed_chunk: Vec::new() };
    let rest = chunks
        .into_iter()
        .map(|sealed_chunk| SupplyAttachmentRequest { attachment: None, sealed_chunk });
    let parts: Vec<_> = std::iter::once(first).chain(rest).collect();
    let supplied = of.supply.clone().supply_attachment(tokio_stream::iter(parts)).await?;
    Ok(supplied.into_inner().complete)
}

/// Every file below the attachments of a site.
fn files(site: &Site) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![site.data().join("attachments")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[tokio::test]
async fn an_attachment_is_fetched_in_pieces_and_goes_on_after_a_restart() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let filed = nl.file(OFFICE, "file").await;
    let content = pdf(600_000);
    let put = put(&nl, &filed.case_id, &content).await.unwrap();
    assert_eq!((put.size, put.chunks.len()), (600_000, 3));
    nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached(&put)).await.unwrap();
    exchange(&nl, &xk).await;
    assert_eq!(read(&nl, OFFICE, &filed.case_id, &put.id).await.unwrap(), content);

    let (position, it) = lacking(&xk).await.unwrap();
    assert_eq!((&it.chunks, it.from_index), (&put.chunks, 0));
    let early = read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap_err();
    assert_eq!(early.code(), Code::Unavailable);
    // The case is whole without it, and says the same on both sides.
    let here = nl.read(&nl.official(OFFICE), &filed.case_id).await.unwrap();
    let there = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    assert_eq!((here.case.text(), here.bodies), (there.case.text(), there.bodies));
    assert_eq!(missing(&xk).await[0].since_ms, NOW_MS);
    let case = missing(&xk).await.remove(0).case_id;
    let sealed = chunks(&nl, &case, &put).await;
    // Another chunk, a changed one, one that is too long: nothing of them is kept.
    let mut changed = sealed[0].clone();
    changed[7] ^= 1;
    for wrong in [sealed[1].clone(), changed, vec![0; 262_161], Vec::new()] {
        let refused = supply(&xk, position, &put.id, vec![wrong]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert_eq!(files(&xk_site), Vec::<PathBuf>::new());

    assert!(!supply(&xk, position, &put.id, sealed[..1].to_vec()).await.unwrap());
    xk.stop().await;
    let mut xk = xk_site.start().await;
    assert_eq!(lacking(&xk).await.unwrap().1.from_index, 1);
    // More than is listed is not taken; what is listed stays.
    let more = [&sealed[1..], &sealed[..1]].concat();
    assert!(supply(&xk, position, &put.id, more).await.is_err());
    assert!(supply(&xk, position, &put.id, Vec::new()).await.unwrap());
    assert_eq!(lacking(&xk).await, None);
    assert_eq!(read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap(), content);

    // A chunk that is damaged on the disk is not shown, and is wanted again, also after a restart.
    for round in 0..2 {
        let damaged = files(&xk_site).remove(0);
        std::fs::write(&damaged, b"something else").unwrap();
        let refused = read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        xk.stop().await;
        xk = xk_site.start().await;
        let (position, it) = lacking(&xk).await.unwrap();
        let from = it.from_index as usize;
        assert!(from < 3, "round {round}");
        assert!(supply(&xk, position, &put.id, sealed[from..].to_vec()).await.unwrap());
        assert_eq!(read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap(), content);
        xk.stop().await;
        xk = xk_site.start().await;
        assert_eq!(lacking(&xk).await, None);
    }
    // What the State attached itself comes from its backup.
    std::fs::remove_file(files(&nl_site).iter().find(|path| is_chunk(path)).unwrap()).unwrap();
    let refused = read(&nl, OFFICE, &filed.case_id, &put.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::DataLoss);
}

fn is_chunk(path: &std::path::Path) -> bool {
    path.file_name().unwrap().len() == 64
}

/// A whole upload that nobody listed in time is removed; one that a statement lists stays, however
/// often its command is sent.
#[tokio::test]
async fn what_is_not_listed_in_time_is_removed_and_what_is_listed_stays() {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file(OFFICE, "file").await;
    let content = pdf(5_000);
    let listed = put(&nl, &filed.case_id, &content).await.unwrap();
    let unlisted = put(&nl, &filed.case_id, &content).await.unwrap();
    let attach =
        |it: &Attachment| nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached(it));
    attach(&listed).await.unwrap();
    later(&nl_site, 24 * 60 * 60 * 1000);
    assert!(attach(&listed).await.unwrap().replayed);
    let late = attached(&unlisted);
    let late = nl.state_with(OFFICE, "late", &filed.case_id, evidence(), late).await;
    assert_eq!(late.unwrap_err().class(), Class::NotFound);
    nl.stop().await;
    let nl = nl_site.start().await;
    assert_eq!(files(&nl_site).iter().filter(|path| is_chunk(path)).count(), 2);
    nl.stop().await;
    later(&nl_site, 24 * 60 * 60 * 1000);
    let nl = nl_site.start().await;
    assert_eq!(files(&nl_site).iter().filter(|path| is_chunk(path)).count(), 1);
    assert_eq!(read(&nl, OFFICE, &filed.case_id, &listed.id).await.unwrap(), content);
}

/// What is erased goes from the backup with the next one, and does not come back from an older one.
#[tokio::test]
async fn an_erased_case_goes_from_the_backup_and_does_not_come_back_from_one() {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let (backup, older) =
        (nl_site.folder.path().join("backup"), nl_site.folder.path().join("older"));
    let (erased, other) = (nl.file(OFFICE, "file").await, nl.file(OFFICE, "another").await);
    for filed in [&erased, &other] {
        let put = put(&nl, &filed.case_id, &pdf(5_000)).await.unwrap();
        let attached = attached(&put);
        nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached).await.unwrap();
    }
    let (data, now) = (nl_site.data(), Instant::from_ms(NOW_MS));
    let store = data.join("store");
    let back_up = |to: &Path| {
        let upto = event_store::backup(&store, to, &mut |_| ()).unwrap().upto.0;
        back_up_attachments(&data, to, (upto, now), &mut |_| ()).unwrap()
    };
    let cases = |of: &Path| {
        let folders = std::fs::read_dir(of.join("attachments")).unwrap();
        let names = folders.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("case_")).collect();
        names.sort();
        names
    };
    let mut both = vec![erased.case_id.clone(), other.case_id.clone()];
    both.sort();
    for to in [&backup, &older] {
        assert_eq!(back_up(to).pieces_copied, 2);
        assert_eq!(cases(to), both);
    }
    let order = Statement::ErasureOrdered(ErasureBasis::RetentionOver);
    nl.state_on(OFFICE, "order", &erased.case_id, order).await.unwrap();
    nl.stop().await;
    assert_eq!(back_up(&backup).removed, 1);
    assert_eq!(cases(&backup), [other.case_id.as_str()]);
    assert_eq!(back_up(&backup).removed, 0);

    let back = put_back_attachments(&older, &data, &mut |_| ()).unwrap();
    assert_eq!((back.pieces_copied, cases(&data)), (0, vec![other.case_id.clone()]));
    // A case that is lost is none that was erased.
    std::fs::remove_dir_all(data.join("attachments").join(&other.case_id)).unwrap();
    assert_eq!(back_up(&backup).removed, 0);
    let back = put_back_attachments(&backup, &data, &mut |_| ()).unwrap();
    assert_eq!((back.pieces_copied, cases(&data)), (1, vec![other.case_id]));
}

/// Sixty-four files that no statement lists are enough.
#[tokio::test]
async fn what_waits_to_be_listed_is_bounded() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file(OFFICE, "file").await;
    for _ in 0..64 {
        put(&nl, &filed.case_id, &pdf(100)).await.unwrap();
    }
    let refused = put(&nl, &filed.case_id, &pdf(100)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
}

/// A file can be put before its case is filed, by whoever files it, and by nobody else.
#[tokio::test]
async fn a_file_is_put_for_a_case_that_is_yet_to_be_filed() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let content = pdf(5_000);
    let new = NewAttachment {
        caller: Some(nl.official(OFFICE).context(Purpose::Unspecified)),
        partner_state: "XK".to_owned(),
        request_id: "file".to_owned(),
        size: content.len() as u64,
        ..Default::default()
    };
    let describe = |request_id: &str, id: &[u8]| DescribeAttachmentsRequest {
        caller: new.caller.clone(),
        partner_state: "XK".to_owned(),
        request_id: request_id.to_owned(),
        ids: vec![id.to_vec()],
        ..Default::default()
    };
    let mut client = nl.attachments.clone();
    let nothing = client.describe_attachments(describe("file", &[1; 16])).await.unwrap();
    assert_eq!(nothing.into_inner().attachments, []);
    let put = put_as(&nl, new.clone(), &content).await.unwrap();
    let found = client.describe_attachments(describe("file", &put.id)).await.unwrap();
    assert_eq!(found.into_inner().attachments, std::slice::from_ref(&put));
    let other = client.describe_attachments(describe("another", &put.id)).await.unwrap();
    assert_eq!(other.into_inner().attachments, []);
    let filed = nl.file(OFFICE, "file").await;
    nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached(&put)).await.unwrap();
    assert_eq!(read(&nl, OFFICE, &filed.case_id, &put.id).await.unwrap(), content);
}

/// Symptom it is here against: keys are destroyed, and the sealed scan stays on the disk.
#[tokio::test]
async fn of_an_erased_case_no_chunk_remains_and_none_is_taken() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let erased = nl.file(OFFICE, "file").await;
    let other = nl.file(OFFICE, "another").await;
    let mut sealed = Vec::new();
    for filed in [&erased, &other] {
        let put = put(&nl, &filed.case_id, &pdf(300_000)).await.unwrap();
        let attached = attached(&put);
        nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached).await.unwrap();
        sealed.push(put);
    }
    let unlisted = put(&nl, &erased.case_id, &pdf(5_000)).await.unwrap();
    exchange(&nl, &xk).await;
    let mut positions = Vec::new();
    for item in missing(&xk).await {
        let Some(What::Attachment(it)) = item.what else { continue };
        let put = sealed.iter().find(|put| put.id == it.id).unwrap();
        let chunks = chunks(&nl, &item.case_id, put).await;
        let first = chunks[..1].to_vec();
        assert!(!supply(&xk, item.position, &it.id, first).await.unwrap());
        positions.push((it.id, item.position, chunks));
    }
    for (site, of, office) in [(&nl_site, &nl, OFFICE), (&xk_site, &xk, "ministry")] {
        let order = Statement::ErasureOrdered(ErasureBasis::RetentionOver);
        of.state_on(office, "order", &erased.case_id, order).await.unwrap();
        let folder = site.data().join("attachments");
        let kept: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        let kept: Vec<_> = kept.into_iter().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(kept, [other.case_id.as_str()]);
    }
    // Nothing is asked for any more, taken, put, or read.
    assert_eq!(lacking(&xk).await.unwrap().1.id, sealed[1].id);
    let (id, position, chunks) =
        positions.into_iter().find(|(id, ..)| *id == sealed[0].id).unwrap();
    let refused = supply(&xk, position, &id, chunks[1..].to_vec()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(put(&nl, &erased.case_id, &pdf(5_000)).await.is_err());
    for id in [&sealed[0].id, &unlisted.id] {
        assert!(read(&nl, OFFICE, &erased.case_id, id).await.is_err());
    }
    assert!(read(&nl, OFFICE, &other.case_id, &sealed[1].id).await.is_ok());
    // What a crash left, or somebody put back, is swept at the start.
    nl.stop().await;
    let back = nl_site.data().join("attachments").join(&erased.case_id).join("NL/att_00");
    std::fs::create_dir_all(&back).unwrap();
    std::fs::write(back.join("chunk"), b"sealed").unwrap();
    let _nl = nl_site.start().await;
    assert!(!back.exists());
}

#[tokio::test]
async fn what_is_not_taken_leaves_nothing_behind() {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file(OFFICE, "file").await;
    let cut = pdf(300_000)[..280_000].to_vec();
    let too_large = pdf((16 << 20) + 1);
    for content in [b"MZ no document".to_vec(), cut, too_large, Vec::new()] {
        let refused = put(&nl, &filed.case_id, &content).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(files(&nl_site), Vec::<PathBuf>::new());
    }
    // A stream that is shorter or longer than was said, though its content is a whole file.
    for size in [4_999, 5_001, 0, (16 << 20) + 1] {
        let new = NewAttachment {
            caller: Some(nl.official(OFFICE).context(Purpose::Unspecified)),
            case: filed.case_id.clone(),
            size,
            ..Default::default()
        };
        let refused = put_as(&nl, new, &pdf(5_000)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(files(&nl_site), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn only_what_was_put_for_the_case_is_listed() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let one = nl.file(OFFICE, "file").await;
    let other = nl.file(OFFICE, "another").await;
    let put = put(&nl, &one.case_id, &pdf(5_000)).await.unwrap();
    let invented = Attachment { id: vec![1; 16], ..put.clone() };
    let relabelled = Attachment { label: "Something else".to_owned(), ..put.clone() };
    for (case, wrong) in [(&other, &put), (&one, &invented), (&one, &relabelled)] {
        let said = nl.state_with(OFFICE, "attach", &case.case_id, evidence(), attached(wrong));
        assert!(said.await.is_err());
    }
    nl.state_with(OFFICE, "attach", &one.case_id, evidence(), attached(&put)).await.unwrap();
}

#[tokio::test]
async fn a_file_is_read_for_a_purpose_and_every_reading_is_on_the_record() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file(OFFICE, "file").await;
    let put = put(&nl, &filed.case_id, &pdf(5_000)).await.unwrap();
    nl.state_with(OFFICE, "attach", &filed.case_id, evidence(), attached(&put)).await.unwrap();
    let overseer = caller("nl.readmit/overseer/ombuds/official/x");
    let list = ListAccessesRequest {
        caller: Some(overseer.context(Purpose::Oversight)),
        case: filed.case_number.clone(),
        from_position: 0,
        limit: 100,
    };
    let accesses = || async {
        let listed = nl.client.clone().list_accesses(list.clone()).await.unwrap();
        let accesses = listed.into_inner().accesses;
        accesses.into_iter().map(|it| (it.kind(), it.caller.unwrap())).collect::<Vec<_>>()
    };
    let before = accesses().await.len();
    let try_read = |caller: Caller, purpose: Purpose| {
        let request = ReadAttachmentRequest {
            caller: Some(caller.context(purpose)),
            case: filed.case_id.clone(),
            id: put.id.clone(),
        };
        let mut client = nl.attachments.clone();
        async move { client.read_attachment(request).await.map(drop).map_err(|it| it.code()) }
    };
    let official = nl.official(OFFICE);
    let unsaid = try_read(official.clone(), Purpose::Unspecified).await;
    assert_eq!(unsaid, Err(Code::InvalidArgument));
    let operator = try_read(nl.operator(), Purpose::Decision).await;
    assert_eq!(operator, Err(Code::PermissionDenied));
    let other = try_read(nl.official("border-office"), Purpose::Decision).await;
    assert_eq!(other, Err(Code::NotFound));
    assert_eq!(try_read(official.clone(), Purpose::Decision).await, Ok(()));
    let after = accesses().await;
    let added: Vec<_> = after[before..].iter().map(|(kind, _)| *kind).collect();
    // The overseer's own look comes first.
    assert_eq!(added, [AccessKind::Read, AccessKind::Refusal, AccessKind::Disclosure]);
    assert_eq!(after.last().unwrap().1, official.context(Purpose::Decision));
}
