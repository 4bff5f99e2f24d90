//! What an overseer reads, and that nobody else does.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::event::{
    AgreementReference, RefusalReason, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{AgreementId, CaseId, EvidenceItem, Office};
use domain::rules::Category;
use proto::command::v1::{EventKind, Result, Standing};
use proto::oversight::v1::audit_service_client::AuditServiceClient;
use proto::oversight::v1::statistics_service_client::StatisticsServiceClient;
use proto::oversight::v1::*;
use record::digest::sha256;
use runtime::server::Services;
use tonic::transport::Channel;

use crate::world::{
    AGENCY, AUTHORITY, LIMITS, OVERSEER, RETURN_OFFICE, World, as_caller, rules, state,
};

const CASE: CaseId = CaseId::new([0x11; 16]);
const OTHER: CaseId = CaseId::new([0x12; 16]);

struct Desk {
    audit: AuditServiceClient<Channel>,
    statistics: StatisticsServiceClient<Channel>,
}

async fn desk(world: &World, identity: &str) -> Desk {
    let bytes_max = LIMITS.message_bytes_max;
    let config = oversight::Config { state: state("NL"), message_bytes_max: bytes_max };
    let services = oversight::add_to(Services::new(), config, world.ledger("NL").await);
    let channel = as_caller(services, identity).await;
    Desk {
        audit: AuditServiceClient::new(channel.clone()),
        statistics: StatisticsServiceClient::new(channel),
    }
}

fn file(world: &World, case: CaseId, serial: u32) -> Vec<u8> {
    let filed = RequestFiled {
        under: AgreementReference {
            agreement: AgreementId::new("benelux_kosovo_2011").unwrap(),
            version: 1,
            digest: record::rules::digest(&rules()),
        },
        category: Category::OwnNational,
        evidence: vec![EvidenceItem::new("own_statement").unwrap()],
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("return-office").unwrap(),
        addressed_to: Office::new("authority").unwrap(),
        year: 2026,
        serial,
        irregular_stay_known_on: None,
    };
    let statement = Statement::RequestFiled(filed);
    let facts = record::facts::encode(Some(case), &statement);
    world.says("NL", Some(case), statement);
    facts
}

/// NL has filed twice; one request is refused, and a second answer to it has no effect.
fn refused() -> (World, Vec<u8>) {
    let world = World::new();
    let facts = file(&world, CASE, 1);
    file(&world, OTHER, 2);
    let reasons = vec![RefusalReason::NotANational];
    world.says("XK", Some(CASE), Statement::RequestRefused(reasons));
    world.says("XK", Some(CASE), Statement::RequestAccepted);
    (world, facts)
}

#[tokio::test]
async fn an_audit_trail_has_every_entry_with_its_verdict_and_digests() {
    let (world, facts) = refused();
    world.says_unknown("XK", CASE);
    let mut overseer = desk(&world, OVERSEER).await;
    let request = GetAuditTrailRequest { case: "NL-XK-2026-000001".into() };
    let trail = overseer.audit.get_audit_trail(request).await.unwrap().into_inner();
    assert_eq!((trail.result(), trail.standing()), (Result::Refused, Standing::Confirmed));
    let judged: Vec<(EventKind, bool, &str)> =
        trail.entries.iter().map(|it| (it.kind(), it.effective, it.rule.as_str())).collect();
    let wanted = [
        (EventKind::RequestFiled, true, ""),
        (EventKind::RequestRefused, true, ""),
        (EventKind::RequestAccepted, false, "RequestMustBeOpen"),
        (EventKind::Unspecified, false, "FactsMustBeCanonical"),
    ];
    assert_eq!(judged, wanted);
    let opening = trail.entries.first().unwrap();
    assert_eq!(opening.facts_digest, sha256(&[&facts]).as_bytes());
    assert_eq!(opening.dispatch_digest.len(), 32);
    assert!(opening.heard_in.is_some() && opening.author_had_heard.is_some());
    let unknown = trail.entries.last().unwrap();
    let bytes = [&[0x0a, 0x10], CASE.as_bytes().as_slice(), &[0xff]].concat();
    assert_eq!(unknown.facts_digest, sha256(&[&bytes]).as_bytes());
}

#[tokio::test]
async fn cases_are_counted_by_partner_result_and_standing() {
    let (world, _) = refused();
    let mut overseer = desk(&world, OVERSEER).await;
    for partner_state in ["", "XK"] {
        let request = GetIndicatorsRequest { partner_state: partner_state.into() };
        let counted = overseer.statistics.get_indicators(request).await.unwrap().into_inner();
        let indicator = |result: Result, standing: Standing| Indicator {
            partner_state: "XK".into(),
            result: result.into(),
            standing: standing.into(),
            cases: 1,
        };
        let wanted = [
            indicator(Result::Open, Standing::Provisional),
            indicator(Result::Refused, Standing::Confirmed),
        ];
        assert_eq!(counted.indicators, wanted);
    }
    let none = GetIndicatorsRequest { partner_state: "AL".into() };
    let counted = overseer.statistics.get_indicators(none).await.unwrap().into_inner();
    assert!(counted.indicators.is_empty());
    let wrong = GetIndicatorsRequest { partner_state: "Kosovo".into() };
    let status = overseer.statistics.get_indicators(wrong).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn proofs_evidence_and_accesses_come_as_the_ledger_has_them() {
    let (world, facts) = refused();
    let mut overseer = desk(&world, OVERSEER).await;
    let case = CASE.to_string();
    let proof = GetProofRequest { case: case.clone(), author: "NL".into(), position: 1 };
    let proof = overseer.audit.get_proof(proof).await.unwrap().into_inner();
    assert_eq!((proof.facts, proof.log_size), (facts, 3));
    let nobody = GetProofRequest { case: case.clone(), author: "nl".into(), position: 1 };
    let status = overseer.audit.get_proof(nobody).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);

    let export = ExportEvidenceRequest { case: case.clone(), ..Default::default() };
    let mut parts = overseer.audit.export_evidence(export).await.unwrap().into_inner();
    let mut bundle = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        assert_eq!(part.total_bytes, 3);
        bundle.extend(part.chunk);
    }
    assert_eq!(bundle, [1, 2, 3]);

    for _ in 0..3 {
        let request = GetAuditTrailRequest { case: case.clone() };
        overseer.audit.get_audit_trail(request).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListAccessesRequest { page_size: 2, page_token, ..Default::default() };
        let page = overseer.audit.list_accesses(request).await.unwrap().into_inner();
        seen.extend(page.accesses);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.iter().map(|it| it.position).collect::<Vec<_>>(), [0, 1, 2]);
    let first = seen.first().unwrap();
    assert_eq!((first.identity.as_str(), first.kind()), (OVERSEER, AccessKind::Read));
    assert_eq!(first.case_id, case);
    let wrong = ListAccessesRequest { page_token: "x".into(), ..Default::default() };
    let status = overseer.audit.list_accesses(wrong).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn only_an_overseer_of_the_own_state_reads_here() {
    let (world, _) = refused();
    let foreign = "spiffe://xk.readmit/overseer/ombuds/official/o.tester";
    for identity in [RETURN_OFFICE, AUTHORITY, AGENCY, foreign] {
        let mut desk = desk(&world, identity).await;
        let trail = GetAuditTrailRequest { case: CASE.to_string() };
        let trail = desk.audit.get_audit_trail(trail).await.unwrap_err();
        let counts = desk.statistics.get_indicators(GetIndicatorsRequest::default()).await;
        for status in [trail, counts.unwrap_err()] {
            assert_eq!(status.code(), tonic::Code::PermissionDenied, "{identity}");
        }
    }
}
