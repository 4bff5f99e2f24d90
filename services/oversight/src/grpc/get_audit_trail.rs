//! `AuditService.GetAuditTrail`: who stated what and when, and how it is judged.

use domain::case::event::Statement;
use domain::case::knowledge::{Judged, Verdict};
use domain::identifier::State;
use proto::command::v1::Purpose;
use proto::ledger::v1::GetProofRequest;
use proto::oversight::v1::{AuditEntry, GetAuditTrailRequest, GetAuditTrailResponse};
use record::digest::sha256;
use runtime::caller::Caller;
use runtime::command::Reading;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::words;

pub(super) async fn get_audit_trail(
    desk: &Desk,
    request: Request<GetAuditTrailRequest>,
) -> Result<GetAuditTrailResponse, Failure> {
    let caller = desk.overseer(&request)?;
    let reading = desk.read(&caller, &request.get_ref().case).await?;
    let case = &reading.case;
    let mut entries = Vec::with_capacity(case.history.len());
    for judged in &case.history {
        let facts = facts(desk, &caller, &reading, judged).await?;
        entries.push(entry(&reading, judged, sha256(&[&facts]).as_bytes().to_vec())?);
    }
    Ok(GetAuditTrailResponse {
        case_id: case.id.to_string(),
        case_number: case.number.map(|number| number.to_string()).unwrap_or_default(),
        result: words::result(case.outcome).into(),
        standing: words::standing(case.standing).into(),
        entries,
    })
}

/// The bytes of an entry's facts. What is understood has one encoding; what is not is fetched.
async fn facts(
    desk: &Desk,
    caller: &Caller,
    reading: &Reading,
    judged: &Judged,
) -> Result<Vec<u8>, Failure> {
    if let Some(statement) = &judged.statement {
        return Ok(record::facts::encode(Some(reading.case.id), statement));
    }
    let request = GetProofRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        case: reading.case.id.to_string(),
        author: judged.author.to_string(),
        position: judged.at.position,
    };
    Ok(desk.ledger.clone().get_proof(request).await?.into_inner().facts)
}

fn entry(reading: &Reading, judged: &Judged, facts_digest: Vec<u8>) -> Result<AuditEntry, Failure> {
    let chain = |of: State| {
        if of == reading.own { &reading.own_chain } else { &reading.partner_chain }
    };
    let dispatch = chain(judged.author).dispatches.get(&judged.at.dispatch);
    let dispatch = dispatch
        .ok_or_else(|| Failure::corrupt("the ledger sent an entry without its dispatch"))?;
    let other = reading.case.state(judged.side.other());
    Ok(AuditEntry {
        author: judged.author.to_string(),
        kind: words::kind(judged.statement.as_deref().map(Statement::kind)).into(),
        position: judged.at.position,
        dispatch: judged.at.dispatch,
        dispatch_digest: dispatch.digest.as_bytes().to_vec(),
        time_ms: judged.at.time.as_ms(),
        author_had_heard: dispatch.heard.map(|heard| heard.number),
        heard_in: chain(other).receipt_of(judged.at.dispatch).map(|receipt| receipt.number),
        effective: judged.verdict.stands(),
        rule: match judged.verdict {
            Verdict::Effective => String::new(),
            Verdict::Ineffective(rule) | Verdict::Breach(rule) => rule.rule(),
        },
        facts_digest,
    })
}
