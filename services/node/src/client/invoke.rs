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

/// How often a call is made again over a new connection when the last one broke.
const CONNECTIONS_MAX: u32 = 5;

/// Starts a call. A method with one request or reply is a stream of one.
///
/// A node that does not accept the certificate says so after the client has begun to send, and
/// the broken connection may hide what it said; so a call whose connection breaks is made again. A
/// command keeps its request id, so that it counts once however often it is sent.
pub(super) async fn open(
    profile: &Loaded,
    method: &MethodDescriptor,
    requests: &[DynamicMessage],
) -> Result<Replies, Status> {
    let mut attempt = 1;
    loop {
        match once(profile, method, requests).await {
            Err(broken) if is_broken(&broken) && attempt < CONNECTIONS_MAX => {
                if let Some(refused) = certificate_refused(&broken) {
                    return Err(refused);
                }
                attempt += 1;
            }
            Err(status) => return Err(certificate_refused(&status).unwrap_or_else(|| away(status))),
            Ok(replies) => return Ok(replies),
        }
    }
}

/// Starts a call over a connection of its own.
async fn once(
    profile: &Loaded,
    method: &MethodDescriptor,
    requests: &[DynamicMessage],
) -> Result<Replies, Status> {
    let channel = profile.connect().await?;
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(REPLY_BYTES_MAX);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = PathAndQuery::try_from(path).map_err(|error| Status::internal(error.to_string()))?;
    let codec = Dynamic { output: method.output() };
    let requests = Request::new(tokio_stream::iter(requests.to_vec()));
    let reply = client.streaming(requests, path, codec).await?;
    Ok(Replies { stream: reply.into_inner() })
}

/// Whether the connection broke: what the node itself answers has no cause on this side.
fn is_broken(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// What lies below a failure, from the outermost cause inwards.
fn causes(status: &Status) -> Vec<String> {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes
}

/// Whether the node ended the connection because of the client's certificate.
fn certificate_refused(status: &Status) -> Option<Status> {
    let causes = causes(status);
    causes.iter().any(|cause| cause.contains("alert")).then(|| {
        let said = causes.join(": ");
        Status::unauthenticated(format!("the node does not accept this certificate ({said})"))
    })
}

/// A connection that failed below the protocol: the node is not there, or has gone.
fn away(status: Status) -> Status {
    if !is_broken(&status) {
        return status;
    }
    Status::unavailable(format!(
        "the node ends the connection ({}); it may be ending, or not accept this certificate",
        causes(&status).join(": ")
    ))
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
