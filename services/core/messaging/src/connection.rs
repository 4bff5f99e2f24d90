//! Whether the cluster answers, kept for whoever wants to show it; and the client library's voice.

use std::sync::Arc;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::watch;
use tokio::time::Instant;

/// Whether the cluster answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// No answer yet, no failure yet.
    Connecting,
    /// The last thing heard was an answer.
    Connected,
    /// It does not answer, or not as it should. It is tried for ever.
    Failing { since: Instant, last_error: String },
}

impl Connection {
    /// Notes an answer. Returns whether that is news.
    pub(crate) fn succeed(&mut self) -> bool {
        let news = *self != Self::Connected;
        if news {
            tracing::info!("broker answers");
            *self = Self::Connected;
        }
        news
    }

    /// Notes a failure; the first one of a row says since when. Returns whether that is news.
    pub(crate) fn fail(&mut self, error: String) -> bool {
        if let Self::Failing { last_error, .. } = self {
            let news = *last_error != error;
            *last_error = error;
            news
        } else {
            tracing::warn!(error, "broker does not answer");
            *self = Self::Failing { since: Instant::now(), last_error: error };
            true
        }
    }
}

/// Receives what the client library reports outside of calls.
#[derive(Clone)]
pub(crate) struct Context {
    /// Told when no broker is reachable; `None` where the caller learns it otherwise.
    pub(crate) watched: Option<Arc<watch::Sender<Connection>>>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // The library calls an unreachable broker an error every second; `Connection` says it once.
        tracing::debug!(?level, facility, message, "broker client");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "broker client error");
        let Some(watched) = &self.watched else { return };
        if error.rdkafka_error_code().is_some_and(is_cut_off) {
            watched.send_if_modified(|connection| connection.fail(reason.to_owned()));
        }
    }
}

impl ConsumerContext for Context {}

/// Whether an error says that nobody at all can be reached, rather than one broker of several.
pub(crate) fn is_cut_off(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::SSL
            | RDKafkaErrorCode::Fatal
    )
}

/// Whether an error says that the topic (or its partition) does not exist.
pub(crate) fn is_unknown_topic(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::UnknownTopicOrPartition
    )
}

/// Whether an error says that access control forbids it.
pub(crate) fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed
    )
}

/// Drops a client where waiting for its threads hurts nobody.
pub(crate) fn retire<T: Send + 'static>(client: T) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(move || drop(client))),
        Err(_) => drop(client),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_stays_while_failures_follow_one_another() {
        let mut connection = Connection::Connecting;
        assert!(connection.fail("a".to_owned()));
        let Connection::Failing { since, .. } = connection.clone() else { panic!() };
        assert!(!connection.fail("a".to_owned()));
        assert!(connection.fail("b".to_owned()));
        assert_eq!(connection, Connection::Failing { since, last_error: "b".to_owned() });
        assert!(connection.succeed());
        assert!(!connection.succeed());
    }
}
