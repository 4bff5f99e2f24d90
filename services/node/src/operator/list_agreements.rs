//! `ListAgreements`: what either State has adopted on the record.

use domain::case::event::AgreementAdopted;
use proto::node::v1::{Agreement, ListAgreementsRequest, ListAgreementsResponse, NotCounted};
use runtime::caller::Caller;
use runtime::command::read_corridor;
use runtime::failure::Failure;

use super::Operator;
use super::adopted::{adoptions, adopts, differences, not_counted_because, of_the_same_version};

pub(super) async fn list_agreements(
    operator: &Operator,
    caller: &Caller,
    _request: ListAgreementsRequest,
) -> Result<ListAgreementsResponse, Failure> {
    let mut agreements = Vec::new();
    for partner in operator.config.partners.keys() {
        let reading = read_corridor(&operator.ledger, caller, *partner).await?;
        let agreed = reading.agreed()?;
        let mut seen: Vec<&AgreementAdopted> = Vec::new();
        let both = [&reading.own_chain, &reading.partner_chain];
        for adoption in both.into_iter().flat_map(adoptions) {
            if seen.contains(&adoption) {
                continue;
            }
            seen.push(adoption);
            let rules = adoption.rules.as_deref();
            let by_own = adopts(&agreed, reading.own, adoption);
            let by_partner = adopts(&agreed, *partner, adoption);
            let differences = match (by_own, by_partner) {
                (true, true) | (false, false) => Vec::new(),
                (true, false) => of_the_same_version(&reading.partner_chain, adoption)
                    .map(|rival| differences(adoption, rival))
                    .unwrap_or_default(),
                (false, true) => of_the_same_version(&reading.own_chain, adoption)
                    .map(|rival| differences(rival, adoption))
                    .unwrap_or_default(),
            };
            let not_counted = [&reading.own_chain, &reading.partner_chain];
            let not_counted = not_counted.into_iter().filter_map(|chain| {
                let reason = not_counted_because(&agreed, chain, adoption)?;
                Some(NotCounted { state: chain.author.to_string(), reason })
            });
            let ended = agreed.ended_from(&adoption.reference());
            agreements.push(Agreement {
                partner_state: partner.code().to_owned(),
                agreement: adoption.agreement.to_string(),
                version: adoption.version,
                digest: adoption.digest.as_bytes().to_vec(),
                title: rules.map(|rules| rules.title.clone()).unwrap_or_default(),
                in_force_from: rules
                    .map(|rules| rules.in_force_from.to_string())
                    .unwrap_or_default(),
                adopted_by_own: by_own,
                adopted_by_partner: by_partner,
                ended_from: ended.map(|day| day.to_string()).unwrap_or_default(),
                differences,
                rules: rules.map(record::rules::encode).unwrap_or_default(),
                not_counted: not_counted.collect(),
            });
        }
    }
    Ok(ListAgreementsResponse { agreements })
}
