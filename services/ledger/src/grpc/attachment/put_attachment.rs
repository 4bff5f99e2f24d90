//! `PutAttachment`: sealed chunk by chunk as it comes; kept once its content shows what it is.

use std::sync::Arc;
use std::time::Duration;

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
use tonic::{Response, Streaming};
use zeroize::Zeroizing;

use super::{
    DESCRIPTION, TOO_MANY_WAIT, TYPE_NOT_TAKEN, attachment_key, blocking, slowly_streamed,
};
use crate::access::Asking;
use crate::attachments::{Files, Kept};
use crate::corridor::Corridor;
use crate::failure::CASE_KEY_MISSING;
use crate::grpc::{Items, Service, access, asking, request_id};

/// How long an upload may take, whatever its size.
const TIME_MAX: Duration = Duration::from_secs(10 * 60);
/// Most uploads of one case that wait to be listed.
const WAITING_MAX: usize = 64;

/// Answers at once, with a stream: the one answer in it may take longer than a call may take to its
/// first.
pub(super) fn execute(
    service: &Service,
    parts: Streaming<PutAttachmentRequest>,
) -> Response<Items<PutAttachmentResponse>> {
    let service = service.clone();
    slowly_streamed(|sink| async move {
        let put = put(&service, parts).await;
        // Whoever no longer waits can put it again.
        let _ = sink.send(put.map_err(Into::into)).await;
    })
}

async fn put(
    service: &Service,
    mut parts: Streaming<PutAttachmentRequest>,
) -> Result<PutAttachmentResponse, Failure> {
    let first = in_time(next(&mut parts)).await?.unwrap_or_default();
    let new = first.attachment;
    let new = new.ok_or_else(|| Failure::field("attachment", "must stand in the first message"))?;
    let label = Text::optional(&new.label, LABEL_CHARS_MAX)
        .map_err(|error| InvalidField::new("attachment.label", error))?;
    if !(1..=ATTACHMENT_BYTES_MAX).contains(&new.size) {
        let reason = format!("must be 1 to {ATTACHMENT_BYTES_MAX} bytes");
        return Err(Failure::field("attachment.size", reason));
    }
    let asking = asking(new.caller.as_ref())?;
    let wanted = For::new(&new.case, &new.partner_state, &new.request_id);
    let target = target(service, &asking, wanted, Unopened::Mint).await?;
    let Target { case, corridor, key } = target.ok_or_else(key_missing)?;
    let sweep = service.0.sweep.clone();
    if blocking(move || sweep.waiting(case)).await? >= WAITING_MAX {
        let message = "too much was attached to this case that no statement lists";
        return Err(Failure::new(Class::Busy, TOO_MANY_WAIT, message));
    }
    let kept = Kept { case, author: corridor.own, id: fresh(&mut random::operating_system()) };
    let key = attachment_key(&key, &corridor, corridor.own, &kept);
    let key = Arc::new(key.ok_or_else(|| Failure::internal("the State has no log"))?);
    let upload = Upload::new(Arc::clone(&service.0.files), kept, key, new.size);
    let put = async {
        let message = upload.keep(service, first.content, &mut parts, label).await?;
        service.0.queue.access(access(&asking, Some(case), AccessKind::Write)).await?;
        // Its erasure may have been ordered meanwhile.
        let erased = service.reader().keys.is_erased(&case);
        if erased { Err(key_missing()) } else { Ok(message) }
    };
    let put: Result<wire::Attachment, Failure> = put.await;
    if put.is_err() {
        // What could not be put is not kept. A crash here leaves it to the sweep.
        let files = Arc::clone(&service.0.files);
        blocking(move || files.remove(&kept)).await?;
    }
    put.map(|attachment| PutAttachmentResponse { attachment: Some(attachment) })
}

async fn next(
    parts: &mut Streaming<PutAttachmentRequest>,
) -> Result<Option<PutAttachmentRequest>, Failure> {
    parts.message().await.map_err(Failure::from)
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let done = tokio::time::timeout(TIME_MAX, work).await;
    done.map_err(|_| Failure::field("content", "must be sent within ten minutes"))?
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

/// What becomes of a case that is not open yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// Its key is made, if there is none.
    Mint,
    /// It has none, and nothing was put for it.
    Leave,
}

/// Finds the case, if it is the caller's, and its key. `None` for a case that is not open, if it is
/// to be left so.
pub(super) async fn target(
    service: &Service,
    asking: &Asking,
    it: For<'_>,
    unopened: Unopened,
) -> Result<Option<Target>, Failure> {
    writes(asking)?;
    let (case, corridor) = match it {
        For::Case(name) => {
            let seen = service.see(asking, name).await?;
            (seen.records.id, Arc::clone(&seen.records.corridor))
        }
        For::Opening { partner_state, request_id: id } => {
            let corridor = Arc::clone(service.corridor(partner_state)?);
            let founder = corridor.founded.founder(corridor.own);
            let founder =
                founder.ok_or_else(|| Failure::internal("the State is not in its corridor"))?;
            let identity = asking.caller.identity();
            let case = service.reader().secrets.case_id(&identity, request_id(id)?, founder);
            if service.reader().keys.get(&case).is_none() {
                match unopened {
                    Unopened::Mint => {
                        let access = access(asking, Some(case), AccessKind::Write);
                        service.0.queue.mint(case, access).await?;
                    }
                    Unopened::Leave => return Ok(None),
                }
            }
            (case, corridor)
        }
    };
    let key = service.reader().keys.get(&case).ok_or_else(key_missing)?;
    Ok(Some(Target { case, corridor, key }))
}

fn key_missing() -> Failure {
    let message = "the key of this case is not here: nothing can be sealed for it";
    Failure::new(Class::Refused, CASE_KEY_MISSING, message)
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

/// An attachment on its way in. Holds one chunk of it.
struct Upload {
    files: Arc<Files>,
    kept: Kept,
    key: Arc<AttachmentKey>,
    /// How many bytes were announced.
    size: u64,
    inspector: Inspector,
    hash: Sha256,
    bytes: u64,
    chunk: Zeroizing<Vec<u8>>,
    chunks: Vec<Digest>,
}

impl Upload {
    fn new(files: Arc<Files>, kept: Kept, key: Arc<AttachmentKey>, size: u64) -> Self {
        Self {
            files,
            kept,
            key,
            size,
            inspector: Inspector::default(),
            hash: Sha256::new(),
            bytes: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_LENGTH)),
            chunks: Vec::new(),
        }
    }

    /// Keeps all of it, and what a statement would list.
    async fn keep(
        self,
        service: &Service,
        first: Vec<u8>,
        parts: &mut Streaming<PutAttachmentRequest>,
        label: Option<Text>,
    ) -> Result<wire::Attachment, Failure> {
        let (files, kept, key) = (Arc::clone(&self.files), self.kept, Arc::clone(&self.key));
        let (began, now) = (Arc::clone(&files), service.0.clock.now());
        blocking(move || began.begin(&kept, now)).await?;
        let attachment = in_time(self.take(first, parts, label)).await?;
        let message = wire::Attachment::from(&attachment);
        let sealed = key.seal(DESCRIPTION, &canonical::encode(&message));
        let now = service.0.clock.now();
        blocking(move || files.end(&kept, now, &sealed)).await?;
        Ok(message)
    }

    /// Takes all of it; what it is shows at the end.
    async fn take(
        mut self,
        first: Vec<u8>,
        parts: &mut Streaming<PutAttachmentRequest>,
        label: Option<Text>,
    ) -> Result<Attachment, Failure> {
        self.push(Zeroizing::new(first)).await?;
        while let Some(part) = next(parts).await? {
            if part.attachment.is_some() {
                return Err(Failure::field("attachment", "must stand in the first message only"));
            }
            self.push(Zeroizing::new(part.content)).await?;
        }
        if self.bytes < self.size {
            return Err(self.other_size());
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
        if self.bytes > self.size {
            return Err(self.other_size());
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

    fn other_size(&self) -> Failure {
        Failure::field("content", format!("must have the {} bytes that `size` says", self.size))
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
