//! What the fake ledger lacks and what it has for others: a piece is the right one when its bytes
//! are those that the test says.
#![expect(clippy::unwrap_used, reason = "tests")]

use proto::ledger::v1::missing::What;
use proto::ledger::v1::supply_service_server::SupplyService;
use proto::ledger::v1::*;
use tonic::{Request, Response, Status, Streaming};

use crate::fake_ledger::{Answers, FakeLedger};

/// Something that is lacking, and the bytes that it is known by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) position: u64,
    pub(crate) what: What,
    pub(crate) right: Vec<u8>,
}

impl Wanted {
    pub(crate) fn body(position: u64, right: &[u8]) -> Self {
        let what = What::Body(MissingBody { digest: vec![1; 32] });
        Self { position, what, right: right.to_vec() }
    }

    /// An attachment whose chunks are these, all in a row.
    pub(crate) fn attachment(position: u64, chunks: &[&[u8]], from_index: u32) -> Self {
        let digests = chunks.iter().map(|chunk| chunk.to_vec()).collect();
        let it = MissingAttachment { id: vec![5; 16], chunks: digests, from_index };
        Self { position, what: What::Attachment(it), right: Vec::new() }
    }

    pub(crate) fn case_key(position: u64, right: &[u8]) -> Self {
        Self { position, what: What::CaseKey(MissingCaseKey {}), right: right.to_vec() }
    }
}

/// What the pieces of the door are known by.
fn short_id(position: u64) -> Vec<u8> {
    position.to_be_bytes().to_vec()
}

/// The case of an entry.
pub(crate) fn case_id(position: u64) -> Vec<u8> {
    u128::from(position).to_be_bytes().to_vec()
}

impl FakeLedger {
    fn take(&self, position: u64, given: &[u8], is: fn(&What) -> bool) -> Result<(), Status> {
        let mut store = self.store();
        let at = |it: &Wanted| it.position == position && is(&it.what);
        let Some(index) = store.wanted.iter().position(at) else { return Ok(()) };
        if store.wanted.get(index).is_some_and(|it| it.right != given) {
            store.lies += 1;
            return Err(Status::invalid_argument("not the one that the entry names"));
        }
        store.wanted.remove(index);
        Ok(())
    }

    fn give(&self, position: u64) -> Result<Vec<u8>, Status> {
        let piece = self.store().pieces.get(&position).cloned();
        piece.ok_or_else(|| Status::not_found("piece"))
    }
}

#[tonic::async_trait]
impl SupplyService for FakeLedger {
    type ReadChunksStream = Answers<ReadChunksResponse>;

    /// A chunk is its own digest here: it is the right one where it is the one that is listed next.
    async fn supply_attachment(
        &self,
        request: Request<Streaming<SupplyAttachmentRequest>>,
    ) -> Result<Response<SupplyAttachmentResponse>, Status> {
        let mut parts = request.into_inner();
        let named = parts.message().await?.unwrap().attachment.unwrap();
        while let Some(part) = parts.message().await? {
            let mut store = self.store();
            let wanted = store.wanted.iter_mut().find(|it| it.position == named.position);
            let Some(What::Attachment(it)) = wanted.map(|it| &mut it.what) else {
                return Err(Status::invalid_argument("no attachment"));
            };
            if it.chunks.get(usize::try_from(it.from_index).unwrap()) != Some(&part.sealed_chunk) {
                store.lies += 1;
                return Err(Status::invalid_argument("not the one that is listed next"));
            }
            it.from_index += 1;
        }
        let mut store = self.store();
        let complete = |it: &Wanted| match &it.what {
            What::Attachment(list) => {
                it.position == named.position
                    && list.chunks.len() == usize::try_from(list.from_index).unwrap()
            }
            What::Body(_) | What::CaseKey(_) => false,
        };
        let before = store.wanted.len();
        store.wanted.retain(|it| !complete(it));
        let complete = store.wanted.len() < before;
        Ok(Response::new(SupplyAttachmentResponse { complete }))
    }

    /// Has every chunk that it is asked for, but those that begin so.
    async fn read_chunks(
        &self,
        request: Request<ReadChunksRequest>,
    ) -> Result<Response<Self::ReadChunksStream>, Status> {
        assert_eq!(request.get_ref().caller.as_ref().unwrap().role(), Role::Node);
        let chunks = request.into_inner().chunks.into_iter().map(|sealed_chunk| {
            if sealed_chunk.starts_with(b"withheld") {
                Err(Status::not_found("chunk"))
            } else {
                Ok(ReadChunksResponse { sealed_chunk })
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(chunks.collect::<Vec<_>>()))))
    }

    async fn list_missing(
        &self,
        request: Request<ListMissingRequest>,
    ) -> Result<Response<ListMissingResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let from = request.get_ref().from_position;
        let mut store = self.store();
        store.rounds += u32::from(from == 0);
        // One a page, so that pages are turned.
        let mut rest = store.wanted.iter().filter(|it| it.position >= from);
        let missing = rest.next().map(|it| Missing {
            since_ms: 0,
            position: it.position,
            case_id: if store.hour_is_over { case_id(it.position) } else { short_id(it.position) },
            unreported: store.hour_is_over,
            what: Some(it.what.clone()),
        });
        let more = rest.next().is_some();
        let now_ms = if store.hour_is_over { 3_600_000 } else { 0 };
        let missing = missing.into_iter().collect();
        Ok(Response::new(ListMissingResponse { missing, more, now_ms }))
    }

    async fn supply_body(
        &self,
        request: Request<SupplyBodyRequest>,
    ) -> Result<Response<SupplyBodyResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let it = request.into_inner();
        self.take(it.position, &it.sealed_body, |what| matches!(what, What::Body(_)))?;
        Ok(Response::new(SupplyBodyResponse {}))
    }

    async fn supply_case_key(
        &self,
        request: Request<SupplyCaseKeyRequest>,
    ) -> Result<Response<SupplyCaseKeyResponse>, Status> {
        self.check(&request, request.get_ref().caller.as_ref())?;
        let it = request.into_inner();
        self.take(it.position, &it.wrapped, |what| matches!(what, What::CaseKey(_)))?;
        Ok(Response::new(SupplyCaseKeyResponse {}))
    }

    async fn read_body(
        &self,
        request: Request<ReadBodyRequest>,
    ) -> Result<Response<ReadBodyResponse>, Status> {
        assert_eq!(request.get_ref().caller.as_ref().unwrap().role(), Role::Node);
        let sealed_body = self.give(request.get_ref().position)?;
        Ok(Response::new(ReadBodyResponse { sealed_body }))
    }

    async fn wrap_case_key(
        &self,
        request: Request<WrapCaseKeyRequest>,
    ) -> Result<Response<WrapCaseKeyResponse>, Status> {
        assert_eq!(request.get_ref().caller.as_ref().unwrap().role(), Role::Node);
        let case = request.get_ref().case_id.as_slice().try_into();
        let case = case.map_err(|_| Status::invalid_argument("case_id"))?;
        Ok(Response::new(WrapCaseKeyResponse { wrapped: self.give(u64::from_be_bytes(case))? }))
    }
}
