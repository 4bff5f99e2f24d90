//! What a partner asks and answers over gRPC: read by prost, and what it carries by the record.

use prost::Message as _;
use proto::exchange::v1::{
    GetHeadRequest, GetHeadResponse, StreamDispatchesRequest, StreamDispatchesResponse,
};
use record::dispatch::SignedHeader;

use crate::{dispatch, form, header};

pub(crate) fn decode(bytes: &[u8]) {
    let _ = GetHeadRequest::decode(bytes);
    let _ = StreamDispatchesRequest::decode(bytes);
    if let Ok(response) = GetHeadResponse::decode(bytes) {
        for head in [response.own, response.held].into_iter().flatten() {
            let _ = SignedHeader::parse(&head.signed_header);
        }
    }
    if let Ok(response) = StreamDispatchesResponse::decode(bytes) {
        dispatch::decode(&response.dispatch);
    }
}

pub(crate) fn check(bytes: &[u8]) {
    decode(bytes);
    let _ = form::almost::<GetHeadRequest>(bytes);
    let _ = form::almost::<StreamDispatchesRequest>(bytes);
    if let Some(response) = form::almost::<GetHeadResponse>(bytes) {
        for head in [response.own, response.held].into_iter().flatten() {
            header::check(&head.signed_header);
        }
    }
    if let Some(response) = form::almost::<StreamDispatchesResponse>(bytes) {
        dispatch::check(&response.dispatch);
    }
}
