//! `PutAttachment`: sealed chunk by chunk as it comes; kept once its content shows what it is.

use std::sync::Arc;

use domain::identifier::{CaseId, Digest};
use domain::person::Text;
use domain::person::attachment::{ATTACHMENT_BYTES_MAX, Attachment, AttachmentId, LABEL_CHARS_MAX};
use proto::InvalidField;
use proto::ledger::v1::{AccessKind, PutAttachmentRequest, PutAttachmentResponse};
use proto::record::v1 as wire;
use record::attachment::content::{Inspector, NotTaken};
use record::attachment::{AttachmentKey, CHUNK_LENGTH, End, Part};
use record::canonical;
use record::random::{self, CryptoRng};
use record::seal::CaseKey;
use runtime::caller::Role;
use runtime::failure::{Class, Failure};
use sha2::{Digest as _, Sha256};
use tonic::Streaming;
use zeroize::Zeroizing;

use super::{DESCRIPTION, TYPE_NOT_TAKEN, attachment_key, blocking, description};
use crate::access::Asking;
use crate::attachments::{Files, Kept};
use crate::corridor::Corridor;
use crate::failure::CASE_KEY_MISSING;
use crate::grpc::{Service, access, asking, request_id};

pub(super) async fn execute(
    service: &Service,
    mut parts: Streaming<PutAttachmentRequest>,
) -> Result<PutAttachmentResponse, Failure> {
    let first = parts.message().await.map_err(Failure::from)?.unwrap_or_default();
    let new = first.attachment;
    let new = new.ok_or_else(|| Failure::field("attachment", "must stand in the first message"))?;
    let label = Text::optional(&new.label, LABEL_CHARS_MAX)
        .map_err(|error| InvalidField::new("attachment.label", error))?;
    let asking = asking(new.caller.as_ref())?;
    let wanted = For::new(&new.case, &new.partner_state, &new.request_id);
    let Target { case, corridor, key } = target(service, &asking, wanted).await?;
    let id = fresh(&mut random::operating_system());
    let kept = Kept { case, author: corridor.own, id };
    let key = attachment_key(&key, &corridor, corridor.own, &kept);
    let key = Arc::new(key.ok_or_else(|| Failure::internal("the State has no log"))?);
    let files = Arc::clone(&service.0.files);
    let began = Arc::clone(&files);
    blocking(move || began.begin(&kept)).await?;
    let put = async {
        let upload = Upload::new(Arc::clone(&files), kept, Arc::clone(&key));
        let attachment = upload.take(first.content, &mut parts, label).await?;
        let message = wire::Attachment::from(&attachment);
        let sealed = key.seal(DESCRIPTION, &canonical::encode(&message));
        let files = Arc::clone(&files);
        blocking(move || files.end(&kept, &sealed)).await?;
        service.0.queue.access(access(&asking, Some(case), AccessKind::Write)).await?;
        Ok(PutAttachmentResponse { attachment: Some(message) })
    };
    let put: Result<_, Failure> = put.await;
    if put.is_err() {
        // What could not be put is not kept. A crash here leaves it to the sweep.
        let _ = blocking(move || files.remove(&kept)).await;
    }
    put
}

/// A name that nothing has.
fn fresh(random: &mut impl CryptoRng) -> AttachmentId {
    let mut id = [0; AttachmentId::LENGTH];
    random.fill_bytes(&mut id);
    AttachmentId::new(id)
}

/// For which case something is put.
pub(super) struct Target {
    pub(super) case: CaseId,
    pub(super) corridor: Arc<Corridor>,
    pub(super) key: CaseKey,
}

/// What a caller puts something for: a case of theirs, or one that a command of theirs will open.
#[derive(Clone, Copy, Debug)]
pub(super) enum For<'a> {
    Case(&'a str),
    Opening { partner_state: &'a str, request_id: &'a str },
}

impl<'a> For<'a> {
    pub(super) fn new(case: &'a str, partner_state: &'a str, request_id: &'a str) -> Self {
        if case.is_empty() { Self::Opening { partner_state, request_id } } else { Self::Case(case) }
    }
}

/// Finds the case, if it is the caller's, and its key.
pub(super) async fn target(
    service: &Service,
    asking: &Asking,
    it: For<'_>,
) -> Result<Target, Failure> {
    writes(asking)?;
    let (case, corridor) = match it {
        For::Case(name) => {
            let seen = service.see(asking, name).await?;
            (seen.records.id, seen.records.corridor)
        }
        For::Opening { partner_state, request_id: id } => {
            let corridor = Arc::clone(service.corridor(partner_state)?);
            let founder = corridor.founded.founder(corridor.own);
            let founder =
                founder.ok_or_else(|| Failure::internal("the State is not in its corridor"))?;
            let identity = asking.caller.identity();
            let case = service.reader().secrets.case_id(&identity, request_id(id)?, founder);
            if service.reader().keys.get(&case).is_none() {
                let access = access(asking, Some(case), AccessKind::Write);
                service.0.queue.mint(case, access).await?;
            }
            (case, corridor)
        }
    };
    let key = service.reader().keys.get(&case).ok_or_else(|| {
        let message = "the key of this case is not here: nothing can be sealed for it";
        Failure::new(Class::Refused, CASE_KEY_MISSING, message)
    })?;
    Ok(Target { case, corridor, key })
}

/// Passes for whoever may state something.
fn writes(asking: &Asking) -> Result<(), Failure> {
    match &asking.caller.role {
        Role::Office(_) | Role::Consulate(_) | Role::Service(_) => Ok(()),
        Role::Agency(_) | Role::Operator | Role::Overseer(_) | Role::Node => {
            Err(Failure::not_allowed("only an office or consulate attaches something"))
        }
    }
}

/// What was put under a name for a case, as a statement would list it.
pub(in crate::grpc) fn described(
    files: &Files,
    key: &CaseKey,
    corridor: &Corridor,
    case: CaseId,
    id: AttachmentId,
) -> Result<Option<Attachment>, Failure> {
    let kept = Kept { case, author: corridor.own, id };
    let Some(key) = attachment_key(key, corridor, corridor.own, &kept) else { return Ok(None) };
    description(files, &key, &kept)
}

/// An attachment on its way in. Holds one chunk of it.
struct Upload {
    files: Arc<Files>,
    kept: Kept,
    key: Arc<AttachmentKey>,
    inspector: Inspector,
    hash: Sha256,
    bytes: u64,
    chunk: Zeroizing<Vec<u8>>,
    chunks: Vec<Digest>,
}

impl Upload {
    fn new(files: Arc<Files>, kept: Kept, key: Arc<AttachmentKey>) -> Self {
        Self {
            files,
            kept,
            key,
            inspector: Inspector::default(),
            hash: Sha256::new(),
            bytes: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_LENGTH)),
            chunks: Vec::new(),
        }
    }

    /// Takes all of it; what it is shows at the end.
    async fn take(
        mut self,
        first: Vec<u8>,
        parts: &mut Streaming<PutAttachmentRequest>,
        label: Option<Text>,
    ) -> Result<Attachment, Failure> {
        self.push(Zeroizing::new(first)).await?;
        while let Some(part) = parts.message().await.map_err(Failure::from)? {
            if part.attachment.is_some() {
                return Err(Failure::field("attachment", "must stand in the first message only"));
            }
            self.push(Zeroizing::new(part.content)).await?;
        }
        if self.bytes == 0 {
            return Err(Failure::field("content", "must not be empty"));
        }
        self.seal(End::Last).await?;
        let media_type = self.inspector.finish().map_err(not_taken)?;
        Ok(Attachment {
            id: self.kept.id,
            media_type,
            bytes: self.bytes,
            digest: Digest::new(self.hash.finalize().into()),
            chunks: self.chunks,
            label,
        })
    }

    async fn push(&mut self, content: Zeroizing<Vec<u8>>) -> Result<(), Failure> {
        self.bytes += content.len() as u64;
        if self.bytes > ATTACHMENT_BYTES_MAX {
            let reason = format!("must have at most {ATTACHMENT_BYTES_MAX} bytes");
            return Err(Failure::field("content", reason));
        }
        self.inspector.push(&content).map_err(not_taken)?;
        self.hash.update(&*content);
        let mut rest = content.as_slice();
        while !rest.is_empty() {
            // Only what is followed by something is not the last.
            if self.chunk.len() == CHUNK_LENGTH {
                self.seal(End::More).await?;
            }
            let (taken, left) = rest.split_at(rest.len().min(CHUNK_LENGTH - self.chunk.len()));
            self.chunk.extend_from_slice(taken);
            rest = left;
        }
        Ok(())
    }

    async fn seal(&mut self, end: End) -> Result<(), Failure> {
        let index = self.chunks.len() as u64;
        let empty = Zeroizing::new(Vec::with_capacity(CHUNK_LENGTH));
        let chunk = std::mem::replace(&mut self.chunk, empty);
        let (files, kept, key) = (Arc::clone(&self.files), self.kept, Arc::clone(&self.key));
        let put = move || files.put(&kept, &key.seal(Part { index, end }, &chunk));
        self.chunks.push(blocking(put).await?);
        Ok(())
    }
}

fn not_taken(why: NotTaken) -> Failure {
    Failure::new(Class::Invalid, TYPE_NOT_TAKEN, why.to_string())
}
