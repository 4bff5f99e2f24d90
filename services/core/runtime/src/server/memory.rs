//! Connections inside the process.

use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes that one side may write before the other reads.
const BUFFER_BYTES: usize = 256 * 1024;

/// Connections that may wait to be taken.
const WAITING_MAX: usize = 16;

/// Opens connections to one listener of this process.
#[derive(Clone, Debug)]
pub struct Connector(mpsc::Sender<Incoming>);

type Incoming = Result<DuplexStream, std::io::Error>;

/// A connector and the connections that it will open.
pub(super) fn pair() -> (Connector, ReceiverStream<Incoming>) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Connector(sender), ReceiverStream::new(receiver))
}

impl Connector {
    /// Opens a connection.
    ///
    /// # Errors
    /// When the listener has ended.
    pub(crate) async fn connect(&self) -> std::io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(BUFFER_BYTES);
        let ended = |_| std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "it has ended");
        self.0.send(Ok(far)).await.map_err(ended)?;
        Ok(near)
    }
}
