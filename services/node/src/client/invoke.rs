//! Calls a method by its descriptor, with messages as bytes.

use http::uri::PathAndQuery;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Request, Status, Streaming};

use super::profile::Loaded;

/// Largest reply that is taken, in bytes.
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The replies of one call.
pub(super) struct Replies {
    stream: Streaming<DynamicMessage>,
}

impl Replies {
    /// The next reply; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<DynamicMessage>, Status> {
        self.stream.message().await
    }
}

/// Starts a call. A method with one reply is a stream of one.
pub(super) async fn open(
    profile: &Loaded,
    method: &MethodDescriptor,
    request: &DynamicMessage,
) -> Result<Replies, Status> {
    let channel = profile.connect().await?;
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(REPLY_BYTES_MAX);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = PathAndQuery::try_from(path).map_err(|error| Status::internal(error.to_string()))?;
    let codec = Dynamic { output: method.output() };
    let request = Request::new(request.clone());
    let reply = client.server_streaming(request, path, codec).await.map_err(by_cause)?;
    Ok(Replies { stream: reply.into_inner() })
}

/// A connection that failed below the protocol, by its cause: a certificate that the node does
/// not accept, or a node that is not there.
fn by_cause(status: Status) -> Status {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(&status);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    if status.code() != Code::Unknown || causes.is_empty() {
        return status;
    }
    let said = causes.join(": ");
    if causes.iter().any(|cause| cause.contains("alert")) {
        Status::unauthenticated(format!("the node does not accept this certificate ({said})"))
    } else {
        Status::unavailable(said)
    }
}

/// Encodes and decodes messages by their descriptors.
struct Dynamic {
    output: MessageDescriptor,
}

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = DynamicEncoder;
    type Decoder = DynamicDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        DynamicEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        DynamicDecoder { output: self.output.clone() }
    }
}

struct DynamicEncoder;

impl Encoder for DynamicEncoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

struct DynamicDecoder {
    output: MessageDescriptor,
}

impl Decoder for DynamicDecoder {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.output.clone(), buffer)
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
