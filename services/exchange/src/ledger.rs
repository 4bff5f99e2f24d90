//! What the exchange asks of the ledger, in the name of this service.

use domain::identifier::{CaseId, Digest, Malformed, Office, State};
use proto::command::v1::{Purpose, Receipt};
use proto::ledger::v1::supply_service_client::SupplyServiceClient;
use proto::ledger::v1::{
    CallerContext, Cursor, FollowDispatchesRequest, FollowDispatchesResponse, GetHeadsRequest,
    GetHeadsResponse, HearWitnessRequest, HearWitnessResponse, ImportDispatchRequest,
    ImportDispatchResponse, Label, ListLabelsRequest, ListMissingRequest, ListMissingResponse,
    ReadBodyRequest, ReadChunksRequest, ReadChunksResponse, ReadCursorRequest,
    ReadDispatchesRequest, ReadDispatchesResponse, SuppliedAttachment, SupplyAttachmentRequest,
    SupplyBodyRequest, SupplyCaseKeyRequest, TakeBackDispatchRequest, TakeBackDispatchResponse,
    Witness, WrapCaseKeyRequest,
};
use runtime::caller::Caller;
use runtime::command::{self, Command, Decision, Effort, Kind, Ordered, Reading, RequestId};
use runtime::failure::Failure;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Pieces of one page that are lacking.
const PAGE_PIECES: u32 = 256;

/// The services of the ledger that the exchange calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Logs and dispatches.
    pub ledger: runtime::command::Ledger,
    /// What did not come with its dispatch.
    pub supply: SupplyServiceClient<Channel>,
}

/// The ledger, as the exchange sees it; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    client: runtime::command::Ledger,
    supply: SupplyServiceClient<Channel>,
    service: Caller,
    caller: CallerContext,
}

impl Ledger {
    pub(crate) fn new(clients: Clients, own: State) -> Result<Self, Malformed> {
        let service = Caller::service(own, Office::new("exchange")?);
        let caller = service.context(Purpose::Unspecified);
        let Clients { ledger: client, supply } = clients;
        Ok(Self { client, supply, service, caller })
    }

    /// Where both logs stand.
    pub(crate) async fn heads(&self, partner: State) -> Result<GetHeadsResponse, Status> {
        let request =
            GetHeadsRequest { caller: self.caller(), partner_state: partner.code().to_owned() };
        Ok(self.client.clone().get_heads(request).await?.into_inner())
    }

    /// Own dispatches, from a number on, as they are made.
    pub(crate) async fn follow(
        &self,
        partner: State,
        from_number: u64,
    ) -> Result<Streaming<FollowDispatchesResponse>, Status> {
        let request = FollowDispatchesRequest {
            caller: self.caller(),
            partner_state: partner.code().to_owned(),
            from_number,
        };
        Ok(self.client.clone().follow_dispatches(request).await?.into_inner())
    }

    /// A range of either log.
    pub(crate) async fn range(
        &self,
        range: ReadDispatchesRequest,
    ) -> Result<Streaming<ReadDispatchesResponse>, Status> {
        let request = ReadDispatchesRequest { caller: self.caller(), ..range };
        Ok(self.client.clone().read_dispatches(request).await?.into_inner())
    }

    /// Hands over a partner's dispatch, and the courier's cursor to be stored with it.
    pub(crate) async fn import(
        &self,
        partner: State,
        dispatch: Vec<u8>,
        cursor: Option<Cursor>,
    ) -> Result<ImportDispatchResponse, Status> {
        let request = ImportDispatchRequest {
            caller: self.caller(),
            partner_state: partner.code().to_owned(),
            dispatch,
            cursor,
        };
        Ok(self.client.clone().import_dispatch(request).await?.into_inner())
    }

    /// Tells what a witness holds of the own log: a signed header, or a dispatch, or nothing.
    pub(crate) async fn hear_witness(
        &self,
        partner: State,
        witness: Witness,
        signed_header: Vec<u8>,
        dispatch: Vec<u8>,
    ) -> Result<HearWitnessResponse, Status> {
        let request = HearWitnessRequest {
            caller: self.caller(),
            partner_state: partner.code().to_owned(),
            witness: witness.into(),
            signed_header,
            dispatch,
        };
        Ok(self.client.clone().hear_witness(request).await?.into_inner())
    }

    /// Hands over a dispatch of the own log that the store has lost.
    pub(crate) async fn take_back(
        &self,
        partner: State,
        dispatch: Vec<u8>,
    ) -> Result<TakeBackDispatchResponse, Status> {
        let request = TakeBackDispatchRequest {
            caller: self.caller(),
            partner_state: partner.code().to_owned(),
            dispatch,
        };
        Ok(self.client.clone().take_back_dispatch(request).await?.into_inner())
    }

    /// The cursor that was stored last.
    pub(crate) async fn cursor(&self, name: &str) -> Result<Option<Vec<u8>>, Status> {
        let request = ReadCursorRequest { caller: self.caller(), name: name.to_owned() };
        Ok(self.client.clone().read_cursor(request).await?.into_inner().value)
    }

    /// What is lacking of a partner's log, from a position on.
    pub(crate) async fn missing(
        &self,
        partner: State,
        from_position: u64,
    ) -> Result<ListMissingResponse, Status> {
        let request = ListMissingRequest {
            caller: self.caller(),
            partner_state: partner.code().to_owned(),
            from_position,
            limit: PAGE_PIECES,
        };
        Ok(self.supply.clone().list_missing(request).await?.into_inner())
    }

    /// Hands over the sealed body of an entry.
    pub(crate) async fn supply_body(
        &self,
        partner: State,
        position: u64,
        sealed_body: Vec<u8>,
    ) -> Result<(), Status> {
        let (caller, partner_state) = (self.caller(), partner.code().to_owned());
        let request = SupplyBodyRequest { caller, partner_state, position, sealed_body };
        self.supply.clone().supply_body(request).await.map(drop)
    }

    /// Hands over the wrapped key of a case.
    pub(crate) async fn supply_case_key(
        &self,
        partner: State,
        position: u64,
        wrapped: Vec<u8>,
    ) -> Result<(), Status> {
        let (caller, partner_state) = (self.caller(), partner.code().to_owned());
        let request = SupplyCaseKeyRequest { caller, partner_state, position, wrapped };
        self.supply.clone().supply_case_key(request).await.map(drop)
    }

    /// The sealed body of an entry, for a partner's node.
    pub(crate) async fn body(
        &self,
        node: &PartnerNode,
        author: State,
        position: u64,
    ) -> Result<Vec<u8>, Status> {
        let request = ReadBodyRequest {
            caller: Some(node.context.clone()),
            partner_state: node.state.code().to_owned(),
            author: author.code().to_owned(),
            position,
        };
        Ok(self.supply.clone().read_body(request).await?.into_inner().sealed_body)
    }

    /// Sealed chunks of an attachment, for a partner's node.
    pub(crate) async fn chunks(
        &self,
        node: &PartnerNode,
        wanted: ReadChunksRequest,
    ) -> Result<Streaming<ReadChunksResponse>, Status> {
        let request = ReadChunksRequest {
            caller: Some(node.context.clone()),
            partner_state: node.state.code().to_owned(),
            ..wanted
        };
        Ok(self.supply.clone().read_chunks(request).await?.into_inner())
    }

    /// Hands over an attachment, chunk by chunk as they come; whether all of it is there.
    pub(crate) async fn supply_attachment(
        &self,
        partner: State,
        position: u64,
        id: Vec<u8>,
        chunks: mpsc::Receiver<Vec<u8>>,
    ) -> Result<bool, Status> {
        let (caller, partner_state) = (self.caller(), partner.code().to_owned());
        let named = SuppliedAttachment { caller, partner_state, position, id };
        let first = SupplyAttachmentRequest { attachment: Some(named), sealed_chunk: Vec::new() };
        let chunks = ReceiverStream::new(chunks)
            .map(|sealed_chunk| SupplyAttachmentRequest { attachment: None, sealed_chunk });
        let parts = tokio_stream::once(first).chain(chunks);
        Ok(self.supply.clone().supply_attachment(parts).await?.into_inner().complete)
    }

    /// The key of a case, wrapped for a partner's node.
    pub(crate) async fn case_key(
        &self,
        node: &PartnerNode,
        case_id: Vec<u8>,
    ) -> Result<Vec<u8>, Status> {
        let request = WrapCaseKeyRequest {
            caller: Some(node.context.clone()),
            partner_state: node.state.code().to_owned(),
            case_id,
        };
        Ok(self.supply.clone().wrap_case_key(request).await?.into_inner().wrapped)
    }

    /// The sealed body of an own entry.
    pub(crate) async fn own_body(
        &self,
        partner: State,
        own: State,
        position: u64,
    ) -> Result<Vec<u8>, Status> {
        self.body(&self.for_partner(partner), own, position).await
    }

    /// The key of a case, wrapped for the partner.
    pub(crate) async fn wrap(&self, partner: State, case: CaseId) -> Result<Vec<u8>, Status> {
        self.case_key(&self.for_partner(partner), case.as_bytes().to_vec()).await
    }

    /// A case, without bodies.
    pub(crate) async fn case(&self, case: CaseId) -> Result<Reading, Failure> {
        let purpose = Purpose::Unspecified;
        command::read(&self.client, &self.service, purpose, &case.to_string()).await
    }

    /// Cases whose labels begin so, each with its label, after one of them.
    pub(crate) async fn labelled(
        &self,
        prefix: &str,
        after: Option<Label>,
    ) -> Result<Vec<Label>, Status> {
        let request = ListLabelsRequest {
            caller: self.caller(),
            prefix: prefix.to_owned(),
            after,
            limit: PAGE_PIECES,
            ..ListLabelsRequest::default()
        };
        Ok(self.client.clone().list_labels(request).await?.into_inner().labels)
    }

    /// Carries out a command of this service's own on a case, once for each request id.
    pub(crate) async fn command(
        &self,
        request_id: &str,
        payload_digest: Digest,
        case: CaseId,
        decide: impl Fn(&Reading) -> Result<Decision, Failure>,
    ) -> Result<Receipt, Failure> {
        let ordered = Ordered {
            caller: self.service.clone(),
            request_id: RequestId::new(request_id)?,
            payload_digest,
            effort: Effort::CarryOut,
        };
        let case = case.to_string();
        let (purpose, kind) = (Purpose::Unspecified, Kind::Protective);
        let command = Command { ordered, case, purpose, kind };
        command::run(&self.client, &command, decide).await
    }

    /// What is for a partner, asked for in the name of this service.
    fn for_partner(&self, state: State) -> PartnerNode {
        PartnerNode { state, context: self.caller.clone() }
    }

    fn caller(&self) -> Option<CallerContext> {
        Some(self.caller.clone())
    }
}

/// A partner's node that asks, for the ledger to note.
#[derive(Clone, Debug)]
pub(crate) struct PartnerNode {
    pub(crate) state: State,
    pub(crate) context: CallerContext,
}

/// The own dispatch that the partner's last stored dispatch says it had heard.
pub(crate) fn heard(heads: &GetHeadsResponse) -> Option<u64> {
    let partner = heads.partner.as_ref()?.dispatch.as_ref()?;
    partner.heard.as_ref().map(|heard| heard.number)
}

/// The own last dispatch.
pub(crate) fn own_head(heads: &GetHeadsResponse) -> Option<u64> {
    heads.own.as_ref()?.dispatch.as_ref().map(|dispatch| dispatch.number)
}

/// The number that is wanted next of the partner's log.
pub(crate) fn next_of_partner(heads: &GetHeadsResponse) -> u64 {
    let head = heads.partner.as_ref().and_then(|head| head.dispatch.as_ref());
    head.map_or(0, |dispatch| dispatch.number.saturating_add(1))
}
