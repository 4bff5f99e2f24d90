//! `SetClock`: moves the clock forward, where the environment allows it.

use domain::time::Instant;
use proto::ledger::v1::{SetClockRequest, SetClockResponse};
use runtime::failure::{Class, Failure};

use super::{Service, asking, runs_the_node};
use crate::clock::ClockError;
use crate::failure::CLOCK_NOT_SETTABLE;

pub(super) async fn execute(
    service: &Service,
    request: &SetClockRequest,
) -> Result<SetClockResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    runs_the_node(&asking, service.reader().own)?;
    let moved = service.0.clock.advance_to(Instant::from_ms(request.now_ms));
    moved.map_err(|error| match &error {
        ClockError::NotSettable => {
            Failure::new(Class::Refused, CLOCK_NOT_SETTABLE, error.to_string())
        }
        ClockError::Back { .. } => Failure::field("now_ms", "must not be before the present time"),
        ClockError::File { .. } | ClockError::NotANumber { .. } => {
            Failure::unavailable("the clock could not be set").with_source(error)
        }
    })?;
    // Parked dispatches may have come of age, and a heartbeat may be due.
    service.0.queue.tick().await?;
    Ok(SetClockResponse { now_ms: service.now_ms() })
}
