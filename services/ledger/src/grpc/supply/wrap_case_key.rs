//! `WrapCaseKey`: the key of a case for the partner's current HPKE key, made when asked for and
//! stored by nobody.

use std::sync::Arc;

use proto::InvalidField;
use proto::ledger::v1::{AccessKind, WrapCaseKeyRequest, WrapCaseKeyResponse};
use record::{canonical, random, wrap};
use runtime::failure::Failure;

use super::Service;
use domain::identifier::CaseId;

pub(super) async fn execute(
    service: &Service,
    request: &WrapCaseKeyRequest,
) -> Result<WrapCaseKeyResponse, Failure> {
    let (asking, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    let case = CaseId::from_slice(&request.case_id)
        .map_err(|error| InvalidField::new("case_id", error))?;
    let records = service.case_of(&corridor, case)?;
    let absent = || Failure::not_found("case key");
    if !records.keys_travel() {
        service.note(&asking, Some(case), AccessKind::Refusal).await?;
        return Err(absent());
    }
    let founder = corridor.side(corridor.founded.founder_of(&case));
    let opens = |it: &&Arc<crate::read::records::EntryRecord>| {
        Some(it.side) == founder && it.head.case_key_commitment.is_some()
    };
    let opening = records.entries.iter().find(opens).ok_or_else(absent)?;
    let key = service.reader().keys.get(&case).ok_or_else(absent)?;
    let snapshot = service.snapshot();
    let recipient = snapshot.corridors.get(&corridor.partner).and_then(|it| it.partner_hpke);
    let recipient = recipient.ok_or_else(absent)?;
    service.note(&asking, Some(case), AccessKind::Read).await?;
    let place = corridor.place(opening.side, case, opening.position);
    let mut random = random::operating_system();
    let wrapped = wrap::wrap(&key, corridor.genesis.digest(), &place, &recipient, &mut random);
    let wrapped = wrapped
        .map_err(|error| Failure::internal("a case key could not be wrapped").with_source(error))?;
    Ok(WrapCaseKeyResponse { wrapped: canonical::encode(&wrapped) })
}
