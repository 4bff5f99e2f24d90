//! `StateByRoot`: states what the root key has signed at a ceremony.

use domain::case::event::{
    ClockCorrected, KeyAnnounced, KeyRevoked, LogSucceeded, Opaque, Statement,
};
use proto::node::v1::{StateByRootRequest, StateByRootResponse};
use record::root_statement::{RevokedKey, RootStatement, Statement as Stated, Succession};
use runtime::caller::Caller;
use runtime::command::{Effort, OnCorridor, Ordered, RequestId, payload_digest, run_on_corridor};
use runtime::failure::Failure;

use super::Operator;

/// Most statements in one request.
const STATEMENTS_MAX: usize = 8;

pub(super) async fn state_by_root(
    operator: &Operator,
    caller: &Caller,
    request: StateByRootRequest,
) -> Result<StateByRootResponse, Failure> {
    let partner = operator.partner(&request.partner_state)?;
    let digest = payload_digest("StateByRoot", &request);
    if !(1..=STATEMENTS_MAX).contains(&request.root_statements.len()) {
        return Err(Failure::field("root_statements", "must have 1 to 8 statements"));
    }
    let root = operator.root(partner)?;
    let mut statements = Vec::with_capacity(request.root_statements.len());
    for (index, bytes) in request.root_statements.into_iter().enumerate() {
        // Whether it counts in its place is the ledger's to say, which knows what came before.
        let field = format!("root_statements[{index}]");
        let signed = RootStatement::verify(&bytes, &root)
            .map_err(|error| Failure::field(field.clone(), error))?;
        statements.push(match signed.statement {
            Stated::KeyAnnounced(_) => {
                Statement::KeyAnnounced(KeyAnnounced { root_statement: bytes })
            }
            Stated::KeyRevoked(RevokedKey { purpose, key_id, last_good }) => {
                Statement::KeyRevoked(KeyRevoked {
                    root_statement: Opaque(bytes),
                    purpose,
                    key_id: *key_id.as_bytes(),
                    last_good,
                })
            }
            Stated::ClockCorrected => {
                Statement::ClockCorrected(ClockCorrected { root_statement: Opaque(bytes) })
            }
            Stated::LogSucceeded(Succession { era, last }) => {
                let root_statement = Opaque(bytes);
                Statement::LogSucceeded(LogSucceeded { root_statement, era, last })
            }
        });
    }
    let command = OnCorridor {
        ordered: Ordered {
            caller: caller.clone(),
            request_id: RequestId::new(&request.request_id)?,
            payload_digest: digest,
            effort: Effort::of(request.validate_only),
        },
        partner,
        vouched: Vec::new(),
    };
    let decide = |_: &_| Ok(statements.clone());
    let receipt = run_on_corridor(&operator.ledger, &command, decide).await?;
    Ok(StateByRootResponse { receipt: Some(receipt) })
}
