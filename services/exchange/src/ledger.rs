//! What the exchange asks of the ledger, in the name of this service.

use domain::identifier::{Malformed, Office, State};
use proto::command::v1::Purpose;
use proto::ledger::v1::{
    CallerContext, Cursor, FollowDispatchesRequest, FollowDispatchesResponse, GetHeadsRequest,
    GetHeadsResponse, HearWitnessRequest, HearWitnessResponse, ImportDispatchRequest,
    ImportDispatchResponse, ReadCursorRequest, ReadDispatchesRequest, ReadDispatchesResponse,
    TakeBackDispatchRequest, TakeBackDispatchResponse, Witness,
};
use runtime::caller::Caller;
use tonic::{Status, Streaming};

/// The ledger, as the exchange sees it; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    client: runtime::command::Ledger,
    caller: CallerContext,
}

impl Ledger {
    pub(crate) fn new(client: runtime::command::Ledger, own: State) -> Result<Self, Malformed> {
        let caller = Caller::service(own, Office::new("exchange")?);
        Ok(Self { client, caller: caller.context(Purpose::Unspecified) })
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

    fn caller(&self) -> Option<CallerContext> {
        Some(self.caller.clone())
    }
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
