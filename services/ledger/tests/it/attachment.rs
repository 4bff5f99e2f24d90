//! Attachments: put, listed, fetched in pieces, read back; and what must not be taken.

use std::path::PathBuf;

use proto::command::v1::Purpose;
use proto::ledger::v1::missing::What;
use proto::ledger::v1::{
    MissingAttachment, NewAttachment, PutAttachmentRequest, ReadAttachmentRequest,
    ReadChunksRequest, SuppliedAttachment, SupplyAttachmentRequest,
};
use proto::record::v1::Attachment;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use crate::supply::{missing, node, service};
use crate::world::{Running, Site, attached, corridor, evidence, exchange};

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
        ..Default::default()
    };
    let first = PutAttachmentRequest { attachment: Some(new), content: Vec::new() };
    let rest = content
        .chunks(100_000)
        .map(|content| PutAttachmentRequest { attachment: None, content: content.to_vec() });
    let parts: Vec<_> = std::iter::once(first).chain(rest).collect();
    let put = of.attachments.clone().put_attachment(tokio_stream::iter(parts)).await?;
    Ok(put.into_inner().attachment.unwrap())
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
    let (_nl_site, xk_site, nl, xk) = corridor().await;
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
    let xk = xk_site.start().await;
    assert_eq!(lacking(&xk).await.unwrap().1.from_index, 1);
    // More than is listed is not taken; what is listed stays.
    let more = [&sealed[1..], &sealed[..1]].concat();
    assert!(supply(&xk, position, &put.id, more).await.is_err());
    assert!(supply(&xk, position, &put.id, Vec::new()).await.unwrap());
    assert_eq!(lacking(&xk).await, None);
    assert_eq!(read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap(), content);

    // A chunk that is damaged on the disk is not shown.
    let damaged = files(&xk_site).remove(0);
    std::fs::write(&damaged, b"something else").unwrap();
    let refused = read(&xk, "ministry", &filed.case_id, &put.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
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
