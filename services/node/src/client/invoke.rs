//! Calls a method by its descriptor, with messages as bytes.

use http::uri::PathAndQuery;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status, Streaming};

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
    let reply = client.server_streaming(request, path, codec).await?;
    Ok(Replies { stream: reply.into_inner() })
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
