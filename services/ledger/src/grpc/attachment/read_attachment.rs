//! `ReadAttachment`: noted before the first byte, and looked through whole before it is shown:
//! every chunk opens, the whole is the one that the statement says, and its content is of the type
//! that the statement says.

use std::sync::Arc;

use domain::person::attachment::{Attachment, AttachmentId};
use proto::command::v1::Purpose;
use proto::ledger::v1::{ReadAttachmentRequest, ReadAttachmentResponse};
use record::attachment::content::Inspector;
use record::attachment::{AttachmentKey, Part};
use runtime::failure::{Class, Failure};
use sha2::{Digest as _, Sha256};
use tonic::Response;
use zeroize::Zeroizing;

use super::{NOT_AS_LISTED, attachment_key, blocking, listed_at, not_here, slowly_streamed};
use crate::attachments::{Files, Kept};
use crate::grpc::{Items, Seen, Service, asking};
use crate::scope;

pub(super) async fn execute(
    service: &Service,
    request: &ReadAttachmentRequest,
) -> Result<Response<Items<ReadAttachmentResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    if asking.purpose == Purpose::Unspecified {
        return Err(Failure::field("caller.purpose", "must be given: this is personal data"));
    }
    if !scope::may_see_bodies(&asking.caller) {
        return Err(Failure::not_allowed("this role is shown no personal data"));
    }
    let absent = || Failure::not_found("attachment");
    let id = AttachmentId::from_slice(&request.id).ok_or_else(absent)?;
    let Seen { records, .. } = service.see(&asking, &request.case).await?;
    let (reader, corridor) = (service.reader(), Arc::clone(&records.corridor));
    let mut found = records.entries.iter().filter_map(|entry| {
        let author = corridor.log(entry.side).author();
        Some((author, listed_at(reader, &records, author, entry.position, &id)?))
    });
    let (author, attachment) = found.next().ok_or_else(absent)?;
    let kept = Kept { case: records.id, author, id };
    let key = reader.keys.get(&records.id).ok_or_else(absent)?;
    let key = Arc::new(attachment_key(&key, &corridor, author, &kept).ok_or_else(absent)?);
    service.disclose(&asking, records.id).await?;
    let opened = Opened { files: Arc::clone(&service.0.files), kept, key, attachment };
    let looked = opened.clone();
    blocking(move || looked.look_through()).await?;
    Ok(slowly_streamed(|sink| async move {
        let mut attachment = Some((&opened.attachment).into());
        for index in 0..opened.attachment.chunks.len() {
            let one = opened.clone();
            let item = match blocking(move || one.chunk(index)).await {
                Ok(chunk) => Ok(ReadAttachmentResponse {
                    attachment: attachment.take(),
                    content: chunk.to_vec(),
                }),
                Err(failure) => Err(failure.into()),
            };
            let failed = item.is_err();
            if sink.send(item).await.is_err() || failed {
                return;
            }
        }
    }))
}

/// An attachment and the key that opens it.
#[derive(Clone)]
struct Opened {
    files: Arc<Files>,
    kept: Kept,
    key: Arc<AttachmentKey>,
    attachment: Attachment,
}

impl Opened {
    fn chunk(&self, index: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let digest = self.attachment.chunks.get(index);
        let digest = digest.ok_or_else(|| Failure::internal("a chunk beyond the last"))?;
        let sealed = self.files.read(&self.kept, digest)?.ok_or_else(not_here)?;
        let part = Part::of(index as u64, self.attachment.chunks.len() as u64);
        self.key.open(part, &sealed).map_err(|error| not_as_listed(&error.to_string()))
    }

    fn look_through(&self) -> Result<(), Failure> {
        let (mut inspector, mut hash, mut bytes) = (Inspector::default(), Sha256::new(), 0);
        for index in 0..self.attachment.chunks.len() {
            let chunk = self.chunk(index)?;
            bytes += chunk.len() as u64;
            hash.update(&*chunk);
            inspector.push(&chunk).map_err(|why| not_as_listed(&why.to_string()))?;
        }
        let digest: [u8; 32] = hash.finalize().into();
        let media_type = inspector.finish().map_err(|why| not_as_listed(&why.to_string()))?;
        let same = bytes == self.attachment.bytes
            && digest == *self.attachment.digest.as_bytes()
            && media_type == self.attachment.media_type;
        if same { Ok(()) } else { Err(not_as_listed("its size, digest or type is another")) }
    }
}

fn not_as_listed(why: &str) -> Failure {
    let message = format!("the attachment is not the one that the statement lists: {why}");
    Failure::new(Class::Corrupt, NOT_AS_LISTED, message)
}
