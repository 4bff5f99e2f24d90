//! What did not come with its dispatch: it is known to be missing, since when, also after a
//! restart; it is taken in once it is the right one, and given out to the partner alone.

use proto::command::v1::Purpose;
use proto::ledger::v1::missing::What;
use proto::ledger::v1::{
    BodyState, CallerContext, ImportOutcome, ListMissingRequest, Missing, ReadBodyRequest,
    ReadCaseRequest, SupplyBodyRequest, SupplyCaseKeyRequest, WrapCaseKeyRequest,
};
use proto::record::v1::{Dispatch, WrappedCaseKey};
use record::canonical;
use tonic::{Code, Status};

use crate::world::{NOW_MS, Running, caller, corridor, evidence, exchange, later};

/// The node of the partner, as the door names it.
pub(crate) fn node(of: &Running) -> Option<CallerContext> {
    let domain = of.partner.code().to_ascii_lowercase();
    Some(caller(&format!("{domain}.readmit/node")).context(Purpose::Unspecified))
}

pub(crate) fn service(of: &Running) -> Option<CallerContext> {
    Some(of.service().context(Purpose::Unspecified))
}

pub(crate) async fn missing(of: &Running) -> Vec<Missing> {
    let request = ListMissingRequest {
        caller: service(of),
        partner_state: of.partner.to_string(),
        from_position: 0,
        limit: 10,
    };
    of.supply.clone().list_missing(request).await.unwrap().into_inner().missing
}

/// The sealed body of an entry of NL's, as NL gives it to its partner.
pub(crate) async fn body(nl: &Running, position: u64) -> Result<Vec<u8>, Status> {
    let request = ReadBodyRequest {
        caller: node(nl),
        partner_state: nl.partner.to_string(),
        author: nl.state.to_string(),
        position,
    };
    Ok(nl.supply.clone().read_body(request).await?.into_inner().sealed_body)
}

pub(crate) async fn key(nl: &Running, case_id: &[u8]) -> Result<Vec<u8>, Status> {
    let request = WrapCaseKeyRequest {
        caller: node(nl),
        partner_state: nl.partner.to_string(),
        case_id: case_id.to_vec(),
    };
    Ok(nl.supply.clone().wrap_case_key(request).await?.into_inner().wrapped)
}

pub(crate) async fn supply_body(
    xk: &Running,
    position: u64,
    sealed_body: Vec<u8>,
) -> Result<(), Status> {
    let (caller, partner_state) = (service(xk), xk.partner.to_string());
    let request = SupplyBodyRequest { caller, partner_state, position, sealed_body };
    xk.supply.clone().supply_body(request).await.map(drop)
}

async fn supply_key(xk: &Running, position: u64, wrapped: Vec<u8>) -> Result<(), Status> {
    let (caller, partner_state) = (service(xk), xk.partner.to_string());
    let request = SupplyCaseKeyRequest { caller, partner_state, position, wrapped };
    xk.supply.clone().supply_case_key(request).await.map(drop)
}

/// Carries what `to` wants next, without bodies and keys.
pub(crate) async fn carry_stripped(from: &Running, to: &Running) {
    let wanted = to.status().await.next_wanted;
    for dispatch in from.dispatches(wanted).await {
        let mut whole: Dispatch = canonical::decode(&dispatch.dispatch).unwrap();
        whole.case_keys.clear();
        whole.entries.iter_mut().for_each(|entry| entry.sealed_body.clear());
        let answer = to.import(&canonical::encode(&whole)).await;
        assert_eq!(answer.outcome(), ImportOutcome::Stored);
    }
}

/// What is there of the bodies of NL's log, as an overseer of XK's reads them.
pub(crate) async fn states(xk: &Running, case: &str) -> Vec<BodyState> {
    let overseer = caller("xk.readmit/overseer/ombuds/official/x");
    let request = ReadCaseRequest {
        caller: Some(overseer.context(Purpose::Oversight)),
        case: case.to_owned(),
        request_id: String::new(),
    };
    let read = xk.client.clone().read_case(request).await.unwrap().into_inner();
    let entries = read.partner.unwrap().entries;
    entries.iter().map(|it| it.body_state()).filter(|it| *it != BodyState::None).collect()
}

#[tokio::test]
async fn what_did_not_come_is_missing_until_it_is_supplied_also_after_a_restart() {
    let (_nl_site, xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_id;
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    carry_stripped(&nl, &xk).await;
    later(&xk_site, 1_000);
    xk.stop().await;
    let xk = xk_site.start().await;

    let lacking = missing(&xk).await;
    let needs: Vec<_> = lacking.iter().map(|it| (it.since_ms, it.what.clone().unwrap())).collect();
    let [(_, What::Body(_)), (_, What::CaseKey(_)), (_, What::Body(_))] = needs.as_slice() else {
        panic!("{needs:?}");
    };
    assert!(needs.iter().all(|(since, _)| *since == NOW_MS), "since the import, not the restart");
    let (opening, second) = (lacking[0].position, lacking[2].position);
    assert_eq!(lacking[1].position, opening);
    assert_eq!(states(&xk, &case).await, [BodyState::Unreadable, BodyState::Unreadable]);

    // Another body of the same case, a changed one, none at all: not the one that is named.
    let (first, other) = (body(&nl, opening).await.unwrap(), body(&nl, second).await.unwrap());
    let mut changed = first.clone();
    changed[0] ^= 1;
    for wrong in [other.clone(), changed, Vec::new()] {
        let refused = supply_body(&xk, opening, wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert_eq!(missing(&xk).await.len(), 3);

    supply_body(&xk, opening, first.clone()).await.unwrap();
    supply_body(&xk, second, other).await.unwrap();
    assert_eq!(states(&xk, &case).await, [BodyState::Unreadable, BodyState::Unreadable]);
    let wrapped = key(&nl, &lacking[0].case_id).await.unwrap();
    supply_key(&xk, opening, wrapped.clone()).await.unwrap();
    assert_eq!(states(&xk, &case).await, [BodyState::Open, BodyState::Open]);
    // Again: nothing is wanted, and nothing happens.
    supply_body(&xk, opening, first.clone()).await.unwrap();
    supply_key(&xk, opening, wrapped).await.unwrap();
    assert_eq!(missing(&xk).await, []);
    // What was supplied can be had here again.
    let request = ReadBodyRequest {
        caller: node(&xk),
        partner_state: "NL".to_owned(),
        author: "NL".to_owned(),
        position: opening,
    };
    assert_eq!(xk.supply.clone().read_body(request).await.unwrap().into_inner().sealed_body, first);

    xk.stop().await;
    let xk = xk_site.start().await;
    assert_eq!(missing(&xk).await, []);
    assert_eq!(states(&xk, &case).await, [BodyState::Open, BodyState::Open]);
    // The case can be answered, sealed with the key that came late.
    xk.state_on("ministry", "say", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
}

#[tokio::test]
async fn a_key_that_is_not_the_one_committed_to_is_not_taken() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_id;
    nl.file("return-office", "another").await;
    carry_stripped(&nl, &xk).await;
    let lacking = missing(&xk).await;
    let keys: Vec<_> =
        lacking.iter().filter(|it| matches!(it.what, Some(What::CaseKey(_)))).collect();
    let [one, another] = keys.as_slice() else { panic!("{keys:?}") };
    let right = key(&nl, &one.case_id).await.unwrap();
    let foreign = key(&nl, &another.case_id).await.unwrap();
    // A key of another case, also where it is said to be of this one; bytes that are changed, of
    // another form, too many or none.
    let edited = |edit: fn(&mut WrappedCaseKey)| {
        let mut wrapped: WrappedCaseKey = canonical::decode(&right).unwrap();
        edit(&mut wrapped);
        canonical::encode(&wrapped)
    };
    let mut posing: WrappedCaseKey = canonical::decode(&foreign).unwrap();
    posing.position = one.position;
    let wrong = [
        foreign,
        canonical::encode(&posing),
        edited(|it| it.sealed[0] ^= 1),
        edited(|it| it.key_id[0] ^= 1),
        edited(|it| it.encapsulated.push(0)),
        vec![0xff; 100],
        Vec::new(),
    ];
    for wrapped in wrong {
        let refused = supply_key(&xk, one.position, wrapped).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    assert_eq!(missing(&xk).await, lacking);
    // It is wrapped anew for each answer, and for the partner alone.
    assert_ne!(key(&nl, &one.case_id).await.unwrap(), right);
    supply_key(&xk, one.position, right).await.unwrap();
    assert_eq!(missing(&xk).await.len(), lacking.len() - 1);
    assert_eq!(states(&xk, &case).await, [BodyState::Unreadable]);
}

#[tokio::test]
async fn only_what_carries_dispatches_asks_and_only_of_its_own_corridor() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let position = 3;
    assert!(body(&nl, position).await.is_ok());
    // A corridor entry has no body; nothing stands beyond the end.
    for position in [0, 4] {
        assert_eq!(body(&nl, position).await.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(key(&nl, &[3; 16]).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(key(&nl, &[3; 15]).await.unwrap_err().code(), Code::InvalidArgument);
    for identity in ["al.readmit/node", "nl.readmit/office/return-office/official/t.tester"] {
        let request = ReadBodyRequest {
            caller: Some(caller(identity).context(Purpose::Unspecified)),
            partner_state: "XK".to_owned(),
            author: "NL".to_owned(),
            position,
        };
        let refused = nl.supply.clone().read_body(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{identity}");
    }
}

#[tokio::test]
async fn nothing_is_missing_of_what_came_whole() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    assert_eq!((missing(&nl).await, missing(&xk).await), (Vec::new(), Vec::new()));
}
