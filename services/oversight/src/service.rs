//! This service, added to the listener of whoever runs it.

use proto::oversight::v1::audit_service_server::AuditServiceServer;
use proto::oversight::v1::statistics_service_server::StatisticsServiceServer;
use runtime::command::Ledger;
use runtime::server::Services;

use crate::Config;
use crate::desk::Desk;

/// Adds the two services of overseers. They keep nothing: everything is asked of the ledger.
#[must_use]
pub fn add_to(services: Services, config: Config, ledger: Ledger) -> Services {
    let bytes_max = config.message_bytes_max;
    let desk = Desk { config, ledger };
    let audit = AuditServiceServer::new(desk.clone());
    let statistics = StatisticsServiceServer::new(desk);
    services
        .add(audit.max_decoding_message_size(bytes_max))
        .add(statistics.max_decoding_message_size(bytes_max))
}
