//! How long a filing takes until the partner has stored it, and until its author has stored the
//! receipt: as a client sees it that asks again and again over one connection.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use proto::command::v1::Standing;
use proto::requests::v1::case_service_client::CaseServiceClient;
use proto::requests::v1::request_service_client::RequestServiceClient;
use proto::requests::v1::{Category, FileRequestRequest, GetCaseRequest, Person, ReturnDecision};
use runtime::channel::{Target, tls};
use runtime::server::Credentials;
use tonic::transport::Channel;

use crate::corridor::{AGREEMENT, Corridor, Node};
use crate::process::PATIENCE;

/// Medians of several filings.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Filings measured.
    pub filings: usize,
    /// From sending the command to its reply: durable at its author.
    pub reply: Duration,
    /// From its reply to the partner's showing the case: stored by the partner.
    pub stored: Duration,
    /// From its reply to the author's showing it confirmed: the receipt is stored.
    pub receipt: Duration,
}

/// Measures it, after one filing that warms up.
///
/// # Errors
/// A node does not answer.
pub async fn measure(corridor: &Corridor, filings: usize) -> Result<Latency> {
    let office = channel(&corridor.nl, "return-office")?;
    let authority = channel(&corridor.xk, "readmission-authority")?;
    let mut rows = Vec::new();
    for index in 0..=filings {
        rows.push(one(&office, &authority, index).await?);
    }
    let rows = rows.get(1..).unwrap_or_default();
    let median = |of: fn(&[Duration; 3]) -> Duration| {
        let mut all: Vec<Duration> = rows.iter().map(of).collect();
        all.sort();
        all.get(all.len() / 2).copied().context("nothing was measured")
    };
    Ok(Latency {
        filings,
        reply: median(|[reply, ..]| *reply)?,
        stored: median(|[_, stored, _]| *stored)?,
        receipt: median(|[.., receipt]| *receipt)?,
    })
}

async fn one(office: &Channel, authority: &Channel, index: usize) -> Result<[Duration; 3]> {
    let sent = Instant::now();
    let mut requests = RequestServiceClient::new(office.clone());
    let reply = requests.file_request(request(index)).await?.into_inner();
    let replied = Instant::now();
    let case = reply.receipt.context("a receipt")?.case_number;
    let (stored, receipt) = tokio::join!(
        until(authority, &case, |_| true),
        until(office, &case, |standing| standing == Standing::Confirmed),
    );
    Ok([replied - sent, stored? - replied, receipt? - replied])
}

/// Asks until the first entry of a case is there and stands as wanted.
async fn until(channel: &Channel, case: &str, fits: impl Fn(Standing) -> bool) -> Result<Instant> {
    let mut cases = CaseServiceClient::new(channel.clone());
    let start = Instant::now();
    loop {
        let request = GetCaseRequest { case: case.to_owned(), ..GetCaseRequest::default() };
        if let Ok(reply) = cases.get_case(request).await {
            let case = reply.into_inner().case.unwrap_or_default();
            if case.timeline.first().is_some_and(|entry| fits(entry.standing())) {
                return Ok(Instant::now());
            }
        }
        ensure!(start.elapsed() < PATIENCE, "waited in vain for {case}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn request(index: usize) -> FileRequestRequest {
    FileRequestRequest {
        request_id: format!("latency-{index}"),
        partner_state: "XK".to_owned(),
        agreement: AGREEMENT.to_owned(),
        persons: vec![Person {
            family_name: "Testperson".to_owned(),
            given_names: format!("Number {index}"),
            birth_date: "1980".to_owned(),
            nationalities: vec!["XK".to_owned()],
            ..Person::default()
        }],
        return_decision: Some(ReturnDecision {
            reference: format!("TEST-DECISION-L{index}"),
            authority: "Example immigration authority".to_owned(),
            decided_on: "2026-01-15".to_owned(),
            enforceable: true,
        }),
        category: Category::OwnNational.into(),
        evidence: vec!["own_statement".to_owned()],
        addressed_to: "readmission-authority".to_owned(),
        ..FileRequestRequest::default()
    }
}

/// A connection with the certificate of a profile.
fn channel(node: &Node, profile: &str) -> Result<Channel> {
    let read = |file: String| {
        let path = node.home.join(file);
        std::fs::read(&path).with_context(|| format!("read `{}`", path.display()))
    };
    let address = String::from_utf8(read("run/api.address".to_owned())?)?;
    let target = Target {
        address: address.trim().to_owned(),
        server_name: Some(format!("node.{}.readmit", node.state.to_lowercase())),
        authorities: read("tls/ca.crt".to_owned())?,
        credentials: Some(Credentials {
            certificate: read(format!("tls/{profile}.crt"))?,
            key: read(format!("tls/{profile}.key"))?,
        }),
    };
    Ok(tls(&target)?)
}
