//! Who is asking, may they, and the way to the ledger.

use proto::command::v1::Purpose;
use runtime::caller::{self, Caller, Role};
use runtime::command::{self, Ledger, Reading};
use runtime::failure::Failure;

use crate::Config;

/// What the rpcs of this service share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
}

impl Desk {
    /// An overseer of the own State.
    pub(crate) fn overseer<T>(&self, request: &tonic::Request<T>) -> Result<Caller, Failure> {
        let caller = caller::of(request)?;
        caller.overseer()?;
        if caller.state == self.config.state {
            Ok(caller)
        } else {
            Err(Failure::not_allowed("only a body of oversight of this State may do this"))
        }
    }

    /// Who may take evidence of a case away: an overseer, or an office or consulate of the own
    /// State. Whose case it is, the ledger says.
    pub(crate) fn exporter<T>(&self, request: &tonic::Request<T>) -> Result<Caller, Failure> {
        let caller = caller::of(request)?;
        let may = match &caller.role {
            Role::Overseer(_) | Role::Office(_) | Role::Consulate(_) => true,
            Role::Agency(_) | Role::Operator | Role::Node | Role::Service(_) => false,
        };
        if may && caller.state == self.config.state {
            Ok(caller)
        } else {
            Err(Failure::not_allowed("only who oversees or handles the case may do this"))
        }
    }

    /// Reads a case, without personal data.
    pub(crate) async fn read(&self, caller: &Caller, case: &str) -> Result<Reading, Failure> {
        command::read(&self.ledger, caller, Purpose::Unspecified, case).await
    }
}
