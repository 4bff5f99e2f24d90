//! `ListPartners`: partners, their doors and their offices, as configured.

use std::collections::BTreeMap;

use proto::node::v1::{Duty, ListPartnersRequest, ListPartnersResponse, Office, Partner};
use record::genesis::SignedGenesis;
use runtime::caller::Caller;
use runtime::config::{self, Organisations};
use runtime::failure::Failure;

use super::Operator;

#[expect(clippy::unused_async, reason = "every method of the service has this shape")]
pub(super) async fn list_partners(
    operator: &Operator,
    _caller: &Caller,
    _request: ListPartnersRequest,
) -> Result<ListPartnersResponse, Failure> {
    let mut partners = Vec::new();
    for (state, partner) in &operator.config.partners {
        let bytes = std::fs::read(&partner.genesis).map_err(|error| {
            Failure::unavailable("the genesis cannot be read").with_source(error)
        })?;
        let signed = SignedGenesis::decode(&bytes)
            .map_err(|error| Failure::corrupt("the genesis does not hold").with_source(error))?;
        partners.push(Partner {
            state: state.code().to_owned(),
            address: partner.door.as_ref().map(|door| door.address.clone()).unwrap_or_default(),
            genesis: signed.digest().as_bytes().to_vec(),
            environment: signed.genesis().environment().to_owned(),
            offices: offices(&partner.organisations),
        });
    }
    Ok(ListPartnersResponse { partners })
}

/// Offices and consulates with their duties.
fn offices(organisations: &Organisations) -> Vec<Office> {
    let mut found: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (name, entry) in &organisations.offices {
        let duties = entry.duties.iter().map(|duty| match duty {
            config::Duty::Returns => i32::from(Duty::Returns),
            config::Duty::Answers => i32::from(Duty::Answers),
        });
        found.entry(name.to_string()).or_default().extend(duties);
    }
    for name in organisations.consulates.keys() {
        found.entry(name.to_string()).or_default().push(Duty::Consular.into());
    }
    found.into_iter().map(|(name, duties)| Office { name, duties }).collect()
}
