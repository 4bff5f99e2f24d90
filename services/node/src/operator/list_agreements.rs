//! `ListAgreements`: what either State has adopted on the record.

use domain::case::event::{AgreementAdopted, Statement};
use domain::chain::{Chain, Content};
use proto::node::v1::{Agreement, ListAgreementsRequest, ListAgreementsResponse};
use runtime::caller::Caller;
use runtime::command::read_corridor;
use runtime::failure::Failure;

use super::Operator;
use super::adopt_agreement::adopts;

pub(super) async fn list_agreements(
    operator: &Operator,
    caller: &Caller,
    _request: ListAgreementsRequest,
) -> Result<ListAgreementsResponse, Failure> {
    let mut agreements = Vec::new();
    for partner in operator.config.partners.keys() {
        let reading = read_corridor(&operator.ledger, caller, *partner).await?;
        let mut seen: Vec<&AgreementAdopted> = Vec::new();
        let both = [&reading.own_chain, &reading.partner_chain];
        for adoption in both.into_iter().flat_map(adoptions) {
            if seen.contains(&adoption) {
                continue;
            }
            seen.push(adoption);
            let rules = adoption.rules.as_deref();
            agreements.push(Agreement {
                partner_state: partner.code().to_owned(),
                agreement: adoption.agreement.to_string(),
                version: adoption.version,
                digest: adoption.digest.as_bytes().to_vec(),
                title: rules.map(|rules| rules.title.clone()).unwrap_or_default(),
                in_force_from: rules
                    .map(|rules| rules.in_force_from.to_string())
                    .unwrap_or_default(),
                adopted_by_own: adopts(&reading.own_chain, adoption),
                adopted_by_partner: adopts(&reading.partner_chain, adoption),
            });
        }
    }
    Ok(ListAgreementsResponse { agreements })
}

fn adoptions(chain: &Chain) -> impl Iterator<Item = &AgreementAdopted> {
    chain.entries.iter().filter_map(|entry| {
        let Content::Stated(statement) = &entry.content else { return None };
        let Statement::AgreementAdopted(adoption) = statement.as_ref() else { return None };
        Some(adoption)
    })
}
