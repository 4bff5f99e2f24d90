//! Handing a partner's dispatch to the ledger, and what its answer asks for.

use std::sync::Arc;

use domain::identifier::State;
use proto::ledger::v1::{Cursor, ImportDispatchResponse, ImportOutcome};
use runtime::shutdown::Shutdown;

use crate::carriage::DISPATCH_BYTES_MAX;
use crate::lacking::Lack;
use crate::ledger::Ledger;
use crate::retry::Backoff;
use crate::status::Place;

/// Imports the dispatches of one partner, from wherever they come.
#[derive(Clone)]
pub(crate) struct Importer {
    pub(crate) partner: State,
    pub(crate) ledger: Ledger,
    pub(crate) status: Place,
    /// Told how much is lacking.
    pub(crate) lack: Arc<Lack>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The following one.
    GoOn,
    /// Numbers before it, or bytes of it, are missing; this number is wanted.
    Fetch(u64),
    /// It waits until the ledger has own words back: nothing is missing of the partner's.
    Held,
    /// It was refused; the ledger has kept what proves it.
    Refused,
    /// The shutdown has begun.
    Stop,
}

impl Importer {
    /// Hands it over until the ledger answers.
    pub(crate) async fn import(
        &self,
        dispatch: &[u8],
        cursor: Option<Cursor>,
        shutdown: &Shutdown,
    ) -> Next {
        if dispatch.len() > DISPATCH_BYTES_MAX {
            return self.refused("longer than any dispatch");
        }
        let mut backoff = Backoff::new();
        loop {
            let asked = self.ledger.import(self.partner, dispatch.to_vec(), cursor.clone());
            let answer = tokio::select! {
                answer = asked => answer,
                () = shutdown.wait() => return Next::Stop,
            };
            match answer {
                Ok(response) => {
                    self.lack.note(response.missing);
                    return self.outcome(&response);
                }
                // What the ledger cannot even read must not stop what comes behind it.
                Err(status) if status.code() == tonic::Code::InvalidArgument => {
                    return self.refused(status.message());
                }
                Err(status) => {
                    tracing::warn!(partner = %self.partner, code = ?status.code(), "import waits");
                    self.status.error(format_args!("the ledger does not import: {status}"));
                    backoff.wait(shutdown).await;
                }
            }
        }
    }

    fn outcome(&self, response: &ImportDispatchResponse) -> Next {
        match response.outcome() {
            ImportOutcome::Stored => {
                self.status.change(|status| status.stored += 1);
                Next::GoOn
            }
            ImportOutcome::Duplicate | ImportOutcome::ParkedFuture => Next::GoOn,
            ImportOutcome::ParkedGap | ImportOutcome::Withheld => Next::Fetch(response.next_wanted),
            ImportOutcome::HeldBack => Next::Held,
            // Nothing more of this log is stored until it is succeeded; it is asked for then.
            ImportOutcome::Frozen => Next::GoOn,
            ImportOutcome::Unspecified
            | ImportOutcome::Quarantined
            | ImportOutcome::Rival
            | ImportOutcome::Broken
            | ImportOutcome::HeardUnknown
            | ImportOutcome::OwnForged => {
                self.refused(&format!("{}: {}", response.outcome().as_str_name(), response.reason))
            }
        }
    }

    fn refused(&self, reason: &str) -> Next {
        tracing::error!(partner = %self.partner, reason, "a dispatch was refused");
        self.status.change(|status| {
            status.refused += 1;
            status.last_error = Some(format!("a dispatch was refused: {reason}"));
        });
        Next::Refused
    }
}
