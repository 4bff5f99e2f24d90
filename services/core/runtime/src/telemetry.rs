//! Logs: one event a line, as text or as JSON, on standard error. Never personal data.

use tracing_subscriber::EnvFilter;

/// How a process logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The form of a line.
    pub format: Format,
    /// What is logged: a level, or directives as `info,readmit=debug`.
    pub level: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The level is not one.
    #[error("`log.level` is not a level or a list of directives")]
    Level(#[source] tracing_subscriber::filter::ParseError),
    /// There can be one for each process.
    #[error("logging has been started already")]
    Started(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Checks what is to be logged.
///
/// # Errors
/// [`StartError::Level`] when it is not a level or a list of directives.
pub fn filter(config: &Config) -> Result<EnvFilter, StartError> {
    EnvFilter::builder().parse(&config.level).map_err(StartError::Level)
}

/// Starts logging for this process.
///
/// # Errors
/// When the level is not one, or logging has been started already.
pub fn start(config: &Config) -> Result<(), StartError> {
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter(config)?).with_writer(std::io::stderr);
    match config.format {
        Format::Text => lines.with_ansi(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    }
    .map_err(StartError::Started)
}
