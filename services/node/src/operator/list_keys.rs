//! `ListKeys`: the keys that this State has announced, as they stand on the record.

use domain::chain::{Chain, Content};
use domain::identifier::State;
use proto::node::v1 as wire;
use record::key::KeyId;
use record::root_statement::{AnnouncedKey, Root, RootStatement, Statement as Stated};
use runtime::caller::Caller;
use runtime::command::read_corridor;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn list_keys(
    operator: &Operator,
    caller: &Caller,
    _request: wire::ListKeysRequest,
) -> Result<wire::ListKeysResponse, Failure> {
    let mut response = wire::ListKeysResponse::default();
    for partner in operator.config.partners.keys() {
        let reading = read_corridor(&operator.ledger, caller, *partner).await?;
        let heard = heard(&reading.partner_chain);
        let root = operator.root(*partner)?;
        let (keys, serial) = announced(*partner, &reading.own_chain, &root, heard);
        response.keys.extend(keys);
        let partner_state = partner.code().to_owned();
        response.next_serials.push(wire::NextSerial { partner_state, serial });
    }
    Ok(response)
}

/// The last own dispatch that the partner is shown to have heard.
fn heard(chain: &Chain) -> Option<u64> {
    let heard = chain.dispatches.values().filter_map(|dispatch| dispatch.heard);
    heard.map(|heard| heard.number).max()
}

/// Every announcement that counts, and the serial that the next statement needs.
fn announced(
    partner: State,
    own: &Chain,
    root: &Root,
    heard: Option<u64>,
) -> (Vec<wire::AnnouncedKey>, u64) {
    let mut keys: Vec<wire::AnnouncedKey> = Vec::new();
    let mut last = 0;
    for entry in &own.entries {
        let Content::Stated(statement) = &entry.content else { continue };
        let Some(bytes) = record::key_directory::root_statement(statement) else { continue };
        let Ok(signed) = RootStatement::verify(bytes, root) else { continue };
        if signed.serial <= last {
            continue;
        }
        last = signed.serial;
        let (purpose, public_key) = match signed.statement {
            Stated::KeyAnnounced(AnnouncedKey::Log(key)) => {
                (wire::KeyPurpose::Log, *key.as_bytes())
            }
            Stated::KeyAnnounced(AnnouncedKey::Hpke(key)) => (wire::KeyPurpose::Hpke, key),
            Stated::KeyRevoked(revoked) => {
                let of_key = keys.iter_mut().filter(|it| it.key_id == revoked.key_id.as_bytes());
                of_key.for_each(|key| key.revoked = true);
                continue;
            }
            Stated::ClockCorrected | Stated::LogSucceeded(_) => continue,
        };
        let before = keys.iter_mut().filter(|key| key.purpose() == purpose);
        before.for_each(|key| key.is_last = false);
        keys.push(wire::AnnouncedKey {
            partner_state: partner.code().to_owned(),
            purpose: purpose.into(),
            key_id: KeyId::of(&public_key).as_bytes().to_vec(),
            public_key: public_key.to_vec(),
            serial: signed.serial,
            dispatch: entry.dispatch,
            is_last: true,
            revoked: false,
            heard: heard.is_some_and(|heard| heard >= entry.dispatch),
        });
    }
    (keys, last.saturating_add(1))
}
