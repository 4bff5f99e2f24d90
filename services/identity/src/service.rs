//! This service, added to the listener of whoever runs it.

use std::sync::Arc;

use proto::identity::v1::identity_service_server::IdentityServiceServer;
use proto::identity::v1::travel_document_service_server::TravelDocumentServiceServer;
use runtime::command::Ledger;
use runtime::server::Services;

use crate::Config;
use crate::desk::Desk;

/// Adds the two services of consulates. They keep nothing: everything is asked of the ledger.
#[must_use]
pub fn add_to(services: Services, config: Config, ledger: Ledger) -> Services {
    let bytes_max = config.message_bytes_max;
    let desk = Desk { config: Arc::new(config), ledger };
    let identity = IdentityServiceServer::new(desk.clone());
    let documents = TravelDocumentServiceServer::new(desk);
    services
        .add(identity.max_decoding_message_size(bytes_max))
        .add(documents.max_decoding_message_size(bytes_max))
}
