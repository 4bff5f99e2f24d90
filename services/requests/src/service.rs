//! This service, added to the listener of whoever runs it.

use std::sync::Arc;

use proto::ledger::v1::attachment_service_client::AttachmentServiceClient;
use proto::requests::v1::answer_service_server::AnswerServiceServer;
use proto::requests::v1::attachment_service_server::AttachmentServiceServer;
use proto::requests::v1::case_service_server::CaseServiceServer;
use proto::requests::v1::request_service_server::RequestServiceServer;
use proto::requests::v1::transfer_service_server::TransferServiceServer;
use runtime::command::Ledger;
use runtime::server::Services;
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::Config;
use crate::desk::Desk;

/// The services of the ledger, as this one reaches them.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The logs.
    pub ledger: Ledger,
    /// What is attached to what they say.
    pub attachments: AttachmentServiceClient<Channel>,
}

/// Adds the five services of return offices and authorities. They keep nothing: everything is
/// asked of the ledger. Streams end when the shutdown begins.
#[must_use]
pub fn add_to(
    services: Services,
    config: Config,
    clients: Clients,
    shutdown: &Shutdown,
) -> Services {
    let bytes_max = config.message_bytes_max;
    let Clients { ledger, attachments } = clients;
    let shutdown = shutdown.clone();
    let desk = Desk { config: Arc::new(config), ledger, attachments, shutdown };
    let requests = RequestServiceServer::new(desk.clone());
    let answers = AnswerServiceServer::new(desk.clone());
    let attachments = AttachmentServiceServer::new(desk.clone());
    let transfers = TransferServiceServer::new(desk.clone());
    services
        .add(requests.max_decoding_message_size(bytes_max))
        .add(answers.max_decoding_message_size(bytes_max))
        .add(attachments.max_decoding_message_size(bytes_max))
        .add(transfers.max_decoding_message_size(bytes_max))
        .add(CaseServiceServer::new(desk).max_decoding_message_size(bytes_max))
}
