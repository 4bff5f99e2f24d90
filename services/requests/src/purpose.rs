//! Why personal data is read, as a message says it.

use proto::command::v1::Purpose;
use runtime::failure::Failure;

/// Reads a purpose; unspecified is one: then nothing personal is shown.
pub(crate) fn read(number: i32) -> Result<Purpose, Failure> {
    Purpose::try_from(number)
        .map_err(|_| Failure::field("purpose", "must be one of the words that are known"))
}
