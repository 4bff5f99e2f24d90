//! The courier between States: publish records to topics, read them back, survive its loss.
//!
//! Knows bytes, topics and offsets; not States' records, cases or keys. Nothing here is trusted:
//! a broker may lose, repeat, reorder or replace what it was given, and callers verify all of it.

pub mod topic;
pub mod config;
pub mod connection;
pub mod publish;
pub mod incoming;
pub mod read;
pub mod cluster;
pub mod cloud_event;
pub mod development_broker;

pub use cloud_event::CloudEvent;
pub use cluster::Cluster;
pub use config::{Bootstrap, Config, ConfigError};
pub use connection::Connection;
pub use development_broker::DevelopmentBroker;
pub use incoming::{Incoming, Mark};
pub use publish::{Outgoing, Placed, PublishError, Publisher};
pub use read::{ReadError, Reader, Start};
pub use topic::{Topic, TopicSpec};
