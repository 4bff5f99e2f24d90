//! One case over two ledgers: filed, heard, answered, confirmed, and the same on both.

use domain::case::decide::accept_request::{AcceptRequest, accept_request};
use domain::case::event::Statement;
use domain::case::outcome::Standing;
use proto::command::v1::{Purpose, Standing as WireStanding};
use proto::ledger::v1::{
    AppendRequest, ExportEvidenceRequest, GetProofRequest, ListLabelsRequest, NewEntry,
};
use proto::record::v1::SignedGenesis;
use record::canonical;
use record::dispatch::SignedHeader;
use runtime::command::{self, Body, Command, Kind};
use runtime::failure::{Class, Failure, code};
use tokio_stream::StreamExt as _;

use crate::world::{Running, corridor, decided, evidence, exchange, ordered, particulars};

#[tokio::test]
async fn a_case_is_filed_heard_answered_and_the_same_on_both_sides() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file-1").await;
    assert_eq!(filed.case_number, "NL-XK-2026-000001");
    assert_eq!(filed.standing(), WireStanding::Provisional);
    exchange(&nl, &xk).await;

    let there = xk.read(&xk.official("ministry"), &filed.case_number).await.unwrap();
    assert_eq!(there.case.id.to_string(), filed.case_id);
    let body = there.bodies.get(&(nl.state, filed.positions[0])).unwrap();
    let Body::Open(opened) = body else { panic!("the body is {body:?}") };
    assert_eq!(**opened, particulars("Testperson, Arber"));

    let accept = Command {
        ordered: ordered(&xk.official("ministry"), "accept-1", b"accept"),
        case: filed.case_number.clone(),
        purpose: Purpose::Decision,
        kind: Kind::GivesAway { etag: there.case.etag().to_string() },
    };
    let accepted = command::run(&xk.client, &accept, |reading| {
        let command = AcceptRequest { ordered: decided(reading) };
        let events = accept_request(&reading.case, command);
        Ok(events.map_err(|error| Failure::internal(error.to_string()))?.into())
    });
    assert_eq!(accepted.await.unwrap().standing(), WireStanding::Provisional);
    let before = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    assert_eq!(before.case.standing, Standing::Provisional);
    exchange(&nl, &xk).await;

    let here = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    let there = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    assert_eq!(there.case.standing, Standing::Confirmed);
    assert_eq!(here.case.outcome_word(), "accepted");
    assert_eq!(here.case.text(), there.case.text());
    same_evidence(&nl, &xk, &filed.case_id).await;
    proof_holds(&xk, &filed.case_id).await;
}

/// Both export evidence that verifies, and tells the same case.
async fn same_evidence(nl: &Running, xk: &Running, case: &str) {
    let mut texts = Vec::new();
    for (side, office) in [(nl, "return-office"), (xk, "ministry")] {
        let request = ExportEvidenceRequest {
            caller: Some(side.official(office).context(Purpose::Oversight)),
            case: case.to_owned(),
            ..Default::default()
        };
        let stream = side.client.clone().export_evidence(request).await.unwrap().into_inner();
        let parts: Vec<_> = stream.map(Result::unwrap).collect().await;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.chunk.clone()).collect();
        assert_eq!(parts[0].total_bytes, bytes.len() as u64);
        texts.push(record::bundle::verify(&bytes).unwrap().case.text());
    }
    assert_eq!(texts[0], texts[1]);
}

async fn proof_holds(xk: &Running, case: &str) {
    let request = GetProofRequest {
        caller: Some(xk.official("ministry").context(Purpose::Oversight)),
        case: case.to_owned(),
        author: "NL".into(),
        position: 3,
    };
    let proof = xk.client.clone().get_proof(request.clone()).await.unwrap().into_inner();
    let header = SignedHeader::parse(&proof.signed_header).unwrap();
    let path: Vec<[u8; 32]> =
        proof.path.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect();
    let leaf = event_store::merkle::leaf_hash(&proof.head);
    let root = header.header().log_root.as_bytes();
    event_store::merkle::verify_inclusion(&leaf, 3, proof.log_size, &path, root).unwrap();
    assert!(canonical::decode::<SignedGenesis>(&proof.signed_genesis).is_ok());
    let verified = record::entry_proof::verify(&proof.evidence).unwrap();
    assert_eq!(verified.entries.iter().map(|it| it.position).collect::<Vec<_>>(), [3]);
    // An adoption is no entry of the case.
    let other = GetProofRequest { position: 2, ..request };
    assert_eq!(xk.client.clone().get_proof(other).await.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn evidence_of_logs_that_are_too_long_is_refused() {
    // Symptom: evidence was made in memory however long the logs were.
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    nl.stop().await;
    let mut config = nl_site.config();
    config.limits.evidence_records_max = 5;
    let handle = ledger::start(config, nl_site.answering.subscribe()).await.unwrap();
    let nl = Running::serve(handle, nl_site.state, nl_site.partner).await;
    let request = ExportEvidenceRequest {
        caller: Some(nl.official("return-office").context(Purpose::Oversight)),
        case: filed.case_id,
        ..Default::default()
    };
    let refused = nl.client.clone().export_evidence(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert_eq!(Failure::from(refused).code().as_str(), "LEDGER-0005");
}

#[tokio::test]
async fn the_same_request_id_gets_the_first_reply_and_other_content_an_error() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let first = nl.file("return-office", "same").await;
    let again = nl.file("return-office", "same").await;
    assert!(again.replayed);
    assert_eq!((&again.case_id, &again.positions), (&first.case_id, &first.positions));
    let other = nl.try_file("return-office", "same", b"something else").await.unwrap_err();
    assert_eq!(other.code(), &code::REQUEST_ID_USED);
    // The same words of somebody else are another command.
    let stranger = nl.file("border-office", "same").await;
    assert_ne!(stranger.case_id, first.case_id);

    let stated = |payload: Statement| nl.state_on("return-office", "add", &first.case_id, payload);
    let one = stated(evidence()).await.unwrap();
    let two = stated(evidence()).await.unwrap();
    assert!(two.replayed && !one.replayed);
    assert_eq!(one.positions, two.positions);
}

#[tokio::test]
async fn an_append_on_a_case_that_moved_is_aborted_with_what_was_found() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let caller = nl.official("return-office");
    let statement = Statement::RequestWithdrawn;
    let case = domain::identifier::CaseId::parse(&filed.case_id).unwrap();
    let append = |expected: u64, request_id: &str| AppendRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        case_id: case.as_bytes().to_vec(),
        partner_state: "XK".into(),
        request_id: request_id.into(),
        payload_digest: vec![7; 32],
        expected_revision: expected,
        expected_corridor_revision: 7,
        entries: vec![NewEntry {
            facts: record::facts::encode(Some(case), &statement),
            body: Vec::new(),
        }],
        local_entries: Vec::new(),
    };
    // The opening and its command: two records.
    let moved = nl.client.clone().append(append(1, "a")).await.unwrap_err();
    let moved = Failure::from(moved);
    assert_eq!(moved.class(), Class::Conflict);
    let found = moved.moved().unwrap();
    assert_eq!((found.found_revision, found.found_corridor_revision), (2, 7));
    let written = nl.client.clone().append(append(2, "a")).await.unwrap().into_inner();
    assert_eq!(written.revision, 4);
    // Late, and already written: the first reply.
    let again = nl.client.clone().append(append(2, "a")).await.unwrap().into_inner();
    assert!(again.replayed);
    assert_eq!(again.written, written.written);
}

#[tokio::test]
async fn bad_entries_are_refused_by_field_and_nothing_is_written() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let before = nl.heads().await;
    let caller = nl.official("return-office");
    let case = domain::identifier::CaseId::parse(&filed.case_id).unwrap();
    let other = domain::identifier::CaseId::new([1; 16]);
    let good = record::facts::encode(Some(case), &evidence());
    let foreign = record::facts::encode(Some(other), &evidence());
    let opening = record::facts::encode(
        Some(case),
        &Statement::RequestFiled(crate::world::request("return-office", 1)),
    );
    let unknown = [good.as_slice(), &[0xf8, 0x7f, 1]].concat();
    let body = |bytes: usize| {
        let aliases = vec!["x".repeat(200); 16];
        let person = proto::record::v1::Person { aliases, ..Default::default() };
        let mut body = proto::record::v1::Body { note: "y".repeat(bytes), ..Default::default() };
        body.detail = Some(proto::record::v1::body::Detail::Person(person));
        canonical::encode(&body)
    };
    let table = [
        ("entries[0].facts", foreign, Vec::new()),
        ("entries[0].facts", opening, Vec::new()),
        ("entries[0].facts", unknown, Vec::new()),
        ("entries[0].body", good.clone(), body(40_000)),
        ("entries[0].body", good, vec![0xff]),
    ];
    for (field, facts, body) in table {
        let request = AppendRequest {
            caller: Some(caller.context(Purpose::Unspecified)),
            case_id: case.as_bytes().to_vec(),
            partner_state: "XK".into(),
            request_id: "bad".into(),
            payload_digest: vec![7; 32],
            expected_revision: 2,
            expected_corridor_revision: 7,
            entries: vec![NewEntry { facts, body }],
            local_entries: Vec::new(),
        };
        let failure = Failure::from(nl.client.clone().append(request).await.unwrap_err());
        assert_eq!(failure.class(), Class::Invalid);
        assert!(failure.message().contains(field), "{failure}");
    }
    assert_eq!(nl.heads().await, before);
}

#[tokio::test]
async fn labels_follow_what_is_written_and_heard() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let list = |side: &Running, office: &str, prefix: &str, wait: Option<u64>| {
        let request = ListLabelsRequest {
            caller: Some(side.official(office).context(Purpose::Unspecified)),
            prefix: prefix.to_owned(),
            after: None,
            limit: 10,
            wait_for_position: wait,
        };
        let mut client = side.client.clone();
        async move { client.list_labels(request).await.unwrap().into_inner().labels }
    };
    let case = domain::identifier::CaseId::parse(&filed.case_id).unwrap().as_bytes().to_vec();
    let written = Some(filed.store_position);
    let mine = list(&nl, "return-office", "office/return-office", written).await;
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].case_id, case);
    assert!(list(&nl, "border-office", "office/return-office", written).await.is_empty());
    let request = proto::ledger::v1::GetStatusRequest {
        caller: Some(xk.operator().context(Purpose::Unspecified)),
    };
    let last = xk.client.clone().get_status(request).await.unwrap().into_inner().store_position;
    let inbox = list(&xk, "ministry", "inbox/ministry", last).await;
    assert_eq!(inbox.len(), 1);
    // The limit starts with the receipt, which XK has signed itself.
    assert_eq!(list(&xk, "ministry", "due/ministry/", last).await.len(), 2);
}
