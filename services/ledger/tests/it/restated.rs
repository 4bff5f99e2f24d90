//! What the partner states again in the hashed bytes makes readable what could not be read, if it
//! is what the entry named and committed to.

use domain::case::event::{ErasureBasis, Opaque, Restated, Statement};
use domain::person::Particulars;
use proto::ledger::v1::{BodyState, Missing};
use proto::record::v1::WrappedCaseKey;
use record::canonical;

use crate::supply::{body, carry_stripped, key, missing, states};
use crate::world::{Running, corridor, evidence, exchange};

/// What NL would state again of an entry.
async fn again(nl: &Running, entry: u64, case_id: &[u8]) -> Restated {
    let sealed_body = Opaque(body(nl, entry).await.unwrap());
    Restated { entry, sealed_body, case_key: Opaque(key(nl, case_id).await.unwrap()) }
}

async fn restates(nl: &Running, id: &str, case: &str, restated: Restated) {
    nl.state_on("return-office", id, case, Statement::Restated(restated)).await.unwrap();
}

/// XK has the entry of a case of NL's, without its body and without its key, and has said so.
async fn unreadable(nl: &Running, xk: &Running, id: &str) -> (String, Missing) {
    let before = missing(xk).await.len();
    let case = nl.file("return-office", id).await.case_id;
    carry_stripped(nl, xk).await;
    let lacking = missing(xk).await.split_off(before).remove(0);
    let said = Statement::EntryUnreadable(lacking.position);
    assert!(lacking.unreported);
    // Nothing can be sealed beside it without the key.
    xk.state_with("ministry", id, &case, said, Particulars::default()).await.unwrap();
    (case, lacking)
}

/// Carries everything, and waits until XK has taken in what was stated again: body and key, each
/// with one of the next two groups. A read with a purpose waits for the group that it joins.
async fn taken_in(nl: &Running, xk: &Running, case: &str) {
    exchange(nl, xk).await;
    for _ in 0..2 {
        states(xk, case).await;
    }
}

#[tokio::test]
async fn what_is_stated_again_is_taken_in_also_after_a_restart() {
    let (_nl_site, xk_site, nl, xk) = corridor().await;
    let (case, lacking) = unreadable(&nl, &xk, "file").await;
    let told: Vec<_> = missing(&xk).await.iter().map(|it| it.unreported).collect();
    assert_eq!(told, [false, false], "it was told already");
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    assert_eq!(states(&xk, &case).await, [BodyState::Unreadable, BodyState::Unreadable]);

    let restated = again(&nl, lacking.position, &lacking.case_id).await;
    restates(&nl, "again", &case, restated).await;
    taken_in(&nl, &xk, &case).await;
    assert_eq!(missing(&xk).await, []);
    let open = [BodyState::Open; 3];
    assert_eq!(states(&xk, &case).await, open, "with the evidence and what was stated beside it");
    xk.stop().await;
    let xk = xk_site.start().await;
    assert_eq!((missing(&xk).await, states(&xk, &case).await.as_slice()), (vec![], &open[..]));
}

#[tokio::test]
async fn a_body_or_key_that_is_another_is_not_taken() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let (case, lacking) = unreadable(&nl, &xk, "file").await;
    let (other_case, other) = unreadable(&nl, &xk, "another").await;
    let right = again(&nl, lacking.position, &lacking.case_id).await;
    let foreign = again(&nl, other.position, &other.case_id).await;
    let damaged = |sealed: &Opaque| {
        let mut wrapped: WrappedCaseKey = canonical::decode(&sealed.0).unwrap();
        wrapped.sealed[0] ^= 1;
        Opaque(canonical::encode(&wrapped))
    };
    let mut changed = right.clone();
    changed.sealed_body.0[0] ^= 1;
    changed.case_key = damaged(&right.case_key);
    let posing = Restated { entry: lacking.position, ..foreign.clone() };
    restates(&nl, "changed", &case, changed).await;
    restates(&nl, "posing", &case, posing).await;
    // In the case of another entry.
    restates(&nl, "elsewhere", &other_case, right.clone()).await;
    taken_in(&nl, &xk, &case).await;
    assert_eq!(missing(&xk).await.len(), 4);
    restates(&nl, "right", &case, right).await;
    taken_in(&nl, &xk, &case).await;
    assert_eq!(missing(&xk).await.len(), 2);
    assert_eq!(states(&xk, &case).await[0], BodyState::Open);
    assert_eq!(states(&xk, &other_case).await[0], BodyState::Unreadable);
}

#[tokio::test]
async fn nothing_of_a_case_that_is_to_be_erased_is_told_or_taken() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let (case, lacking) = unreadable(&nl, &xk, "file").await;
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    carry_stripped(&nl, &xk).await;
    assert_eq!(missing(&xk).await.iter().filter(|it| it.unreported).count(), 1);
    let restated = again(&nl, lacking.position, &lacking.case_id).await;
    let order = Statement::ErasureOrdered(ErasureBasis::RetentionOver);
    nl.state_on("return-office", "order", &case, order).await.unwrap();
    carry_stripped(&nl, &xk).await;
    assert!(missing(&xk).await.iter().all(|it| !it.unreported));
    // Sealed for nobody any more; its author says it all the same.
    let (said, bare) = (Statement::Restated(restated), Particulars::default());
    nl.state_with("return-office", "again", &case, said, bare).await.unwrap();
    taken_in(&nl, &xk, &case).await;
    assert_eq!(states(&xk, &case).await[0], BodyState::Unreadable);
}
