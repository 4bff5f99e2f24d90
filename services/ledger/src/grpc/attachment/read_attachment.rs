//! `ReadAttachment`: noted before the first byte, and looked through whole before it is shown:
//! every chunk opens, the whole is the one that the statement says, and its content is of the type
//! that the statement says.

use std::sync::Arc;

use domain::identifier::Digest;
use domain::person::attachment::{Attachment, AttachmentId};
use proto::command::v1::Purpose;
use proto::ledger::v1::{ReadAttachmentRequest, ReadAttachmentResponse};
use record::attachment::content::Inspector;
use record::attachment::{AttachmentKey, Part};
use runtime::failure::{Class, Failure};
use sha2::{Digest as _, Sha256};
use tonic::Response;
use zeroize::Zeroizing;

use super::{
    LOST_HERE, NOT_AS_LISTED, NOT_HERE, attachment_key, blocking, listed_at, not_here,
    slowly_streamed,
};
use crate::attachments::{Files, Kept};
use crate::corridor::Corridor;
use crate::grpc::{Items, Seen, Service, asking};
use crate::scope;
use crate::writer::{Supply, SupplyJob};

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
        let (author, position) = (corridor.log(entry.side).author(), entry.position);
        Some((author, position, listed_at(reader, &records, author, position, &id)?))
    });
    let (author, position, attachment) = found.next().ok_or_else(absent)?;
    let kept = Kept { case: records.id, author, id };
    let key = reader.keys.get(&records.id).ok_or_else(absent)?;
    let key = Arc::new(attachment_key(&key, &corridor, author, &kept).ok_or_else(absent)?);
    service.disclose(&asking, records.id).await?;
    let opened = Opened { files: Arc::clone(&service.0.files), kept, key, attachment };
    let looked = opened.clone();
    if let Err(failure) = blocking(move || looked.look_through()).await {
        return Err(if *failure.code() == NOT_HERE {
            opened.lost(service, &corridor, position).await?
        } else {
            failure
        });
    }
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

impl Opened {
    /// What is not here had never come, or is lost: then what the partner attached is fetched
    /// again, and what the State attached itself must come from a backup. Says which.
    async fn lost(
        self,
        service: &Service,
        corridor: &Corridor,
        position: u64,
    ) -> Result<Failure, Failure> {
        let Self { files, kept, attachment, .. } = self;
        if kept.author == corridor.own {
            let message = "a file that this State attached is lost or damaged here";
            return Ok(Failure::new(Class::Corrupt, LOST_HERE, message));
        }
        blocking(move || {
            let damaged = |digest: &&Digest| matches!(files.read(&kept, digest), Ok(None));
            let mut damaged = attachment.chunks.iter().filter(damaged);
            damaged.try_for_each(|digest| files.discard(&kept, digest))
        })
        .await?;
        let supply = Supply::Lost(kept.case, kept.id);
        let job = SupplyJob { partner: corridor.partner, position, supply };
        service.0.queue.supply(job).await?;
        Ok(not_here())
    }
}

fn not_as_listed(why: &str) -> Failure {
    let message = format!("the attachment is not the one that the statement lists: {why}");
    Failure::new(Class::Corrupt, NOT_AS_LISTED, message)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use domain::identifier::{CaseId, State};
    use domain::person::attachment::MediaType;
    use record::attachment::{AttachmentPlace, CHUNK_LENGTH};
    use record::digest::sha256;
    use record::log_id::LogId;
    use record::seal::CaseKey;
    use runtime::failure::Code;

    use super::*;

    fn pdf() -> Vec<u8> {
        let mut content = b"%PDF-1.7\n".to_vec();
        content.resize(CHUNK_LENGTH + 500, b' ');
        content.extend(b"startxref\n9\n%%EOF\n");
        content
    }

    /// What a partner attaches: this content, sealed as it must be.
    fn attached(folder: &std::path::Path, content: &[u8]) -> Opened {
        let (case, author) = (CaseId::new([1; 16]), State::new("XK").unwrap());
        let kept = Kept { case, author, id: AttachmentId::new([2; 16]) };
        let log = LogId::shared(&sha256(&[b"genesis"]), author, 0);
        let key = AttachmentKey::new(
            &CaseKey::from_slice(&[7; 32]).unwrap(),
            &AttachmentPlace { log, case, id: kept.id },
        );
        let files = Files::in_folder(folder);
        files.prepare(&kept).unwrap();
        let parts: Vec<&[u8]> = content.chunks(CHUNK_LENGTH).collect();
        let sealed = |(index, part): (usize, &&[u8])| {
            let part_of = Part::of(index as u64, parts.len() as u64);
            files.put(&kept, &key.seal(part_of, part)).unwrap()
        };
        let attachment = Attachment {
            id: kept.id,
            media_type: MediaType::Pdf,
            bytes: content.len() as u64,
            digest: sha256(&[content]),
            chunks: parts.iter().enumerate().map(sealed).collect(),
            label: None,
        };
        Opened { files: Arc::new(files), kept, key: Arc::new(key), attachment }
    }

    fn refused(opened: &Opened) -> Option<Code> {
        opened.look_through().err().map(|failure| failure.code().clone())
    }

    #[test]
    fn an_attachment_that_is_not_what_its_author_says_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let right = attached(folder.path(), &pdf());
        assert_eq!(refused(&right), None);
        let lies: [fn(&mut Attachment); 6] = [
            |it| it.media_type = MediaType::Png,
            |it| it.digest = sha256(&[b"another"]),
            |it| it.bytes += 1,
            |it| it.chunks.reverse(),
            |it| it.chunks.truncate(1),
            |it| it.chunks.push(it.chunks.first().copied().unwrap()),
        ];
        for (index, lie) in lies.into_iter().enumerate() {
            let mut wrong = right.clone();
            lie(&mut wrong.attachment);
            assert_eq!(refused(&wrong), Some(NOT_AS_LISTED), "{index}");
        }
        let program = attached(folder.path(), b"MZ a program, fictional");
        assert_eq!(refused(&program), Some(NOT_AS_LISTED));
        let mut short = right;
        short.attachment.chunks.push(sha256(&[b"never sent"]));
        assert_ne!(refused(&short), None);
        let gone = Opened { kept: Kept { id: AttachmentId::new([3; 16]), ..short.kept }, ..short };
        assert_eq!(refused(&gone), Some(NOT_HERE));
    }
}
