//! What the exchange does for a restored ledger, done by the test: it tells what witnesses hold,
//! and brings dispatches back.

use proto::command::v1::Purpose;
use proto::ledger::v1::{
    HearWitnessRequest, HearWitnessResponse, ReadDispatchesRequest, ResumeWritingRequest,
    TakeBackDispatchRequest, TakeBackDispatchResponse, TakeBackOutcome, Witness,
};
use tokio_stream::StreamExt as _;
use tonic::Status;

use crate::world::Running;

impl Running {
    /// The dispatches of either log, from a number on, as this ledger gives them out.
    pub(crate) async fn held(&self, author: &str, from_number: u64) -> Vec<Vec<u8>> {
        let request = ReadDispatchesRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            author: author.to_owned(),
            era: 0,
            from_number,
            to_number: None,
        };
        let stream = self.client.clone().read_dispatches(request).await.unwrap().into_inner();
        stream.map(|sent| sent.unwrap().dispatch).collect().await
    }

    pub(crate) async fn hear(
        &self,
        witness: Witness,
        signed_header: Vec<u8>,
    ) -> HearWitnessResponse {
        let request = HearWitnessRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            witness: witness.into(),
            signed_header,
            dispatch: Vec::new(),
        };
        self.client.clone().hear_witness(request).await.unwrap().into_inner()
    }

    /// Hears what a partner's ledger holds of the own log.
    pub(crate) async fn ask(&self, partner: &Self) -> HearWitnessResponse {
        let held = partner.heads().await.partner;
        let header = held.map(|head| head.signed_header).unwrap_or_default();
        self.hear(Witness::Partner, header).await
    }

    pub(crate) async fn take_back(&self, dispatch: &[u8]) -> TakeBackDispatchResponse {
        let request = TakeBackDispatchRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            dispatch: dispatch.to_vec(),
        };
        self.client.clone().take_back_dispatch(request).await.unwrap().into_inner()
    }

    pub(crate) async fn resume(
        &self,
        partner_holds: Option<u64>,
    ) -> Result<Option<proto::ledger::v1::Dispatch>, Status> {
        let request = self.resume_request(partner_holds);
        Ok(self.client.clone().resume_writing(request).await?.into_inner().dispatch)
    }

    /// Takes in what somebody else signed with this State's log key, up to a dispatch.
    pub(crate) async fn take_in_forged(&self, last: Option<u64>) -> Result<(), Status> {
        let request = ResumeWritingRequest { take_in_forged: true, ..self.resume_request(last) };
        self.client.clone().resume_writing(request).await.map(drop)
    }

    fn resume_request(&self, partner_holds: Option<u64>) -> ResumeWritingRequest {
        ResumeWritingRequest {
            caller: Some(self.operator().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            partner_holds,
            validate_only: false,
            take_in_forged: false,
        }
    }

    /// Waits until the node may write again: its first word is a dispatch with this number.
    pub(crate) async fn writes_again(&self, number: u64) {
        let request = proto::ledger::v1::FollowDispatchesRequest {
            caller: Some(self.service().context(Purpose::Unspecified)),
            partner_state: self.partner.to_string(),
            from_number: number,
        };
        let mut dispatches =
            self.client.clone().follow_dispatches(request).await.unwrap().into_inner();
        assert_eq!(dispatches.next().await.unwrap().unwrap().number, number);
        assert_eq!(self.status().await.waiting, None);
    }
}

/// Brings back what a partner holds of the own log, and what that had heard; returns how many
/// dispatches of the own log were stored.
pub(crate) async fn fetch_back(to: &Running, from: &Running) -> usize {
    let mut stored = 0;
    loop {
        let status = to.status().await;
        let next = status.own_head.map_or(0, |head| head.number + 1);
        let before = stored;
        for dispatch in from.held(to.state.code(), next).await {
            let outcome = to.take_back(&dispatch).await.outcome();
            if outcome == TakeBackOutcome::NeedsPartner {
                break;
            }
            assert_eq!(outcome, TakeBackOutcome::Stored);
            stored += 1;
        }
        if before == stored && carry_heard(from, to, status.next_wanted).await == 0 {
            return stored;
        }
    }
}

/// Carries the partner's dispatches as far as what they had heard is here; returns how many were
/// stored since there were `before` of them. Those that were parked come in by themselves.
async fn carry_heard(from: &Running, to: &Running, before: u64) -> usize {
    for dispatch in from.dispatches(before).await {
        to.import(&dispatch.dispatch).await;
    }
    usize::try_from(to.status().await.next_wanted - before).unwrap()
}
