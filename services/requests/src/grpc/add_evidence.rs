//! `RequestService.AddEvidence`: further evidence for an open request.

use domain::case::decide::add_evidence;
use proto::command::v1::Receipt;
use proto::requests::v1::AddEvidenceRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::{attached, evidence};

pub(super) async fn add_evidence(
    desk: &Desk,
    request: Request<AddEvidenceRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "RequestService/AddEvidence");
    let (order, (items, files)) = Order::read(official, head, |fields| {
        if it.evidence.is_empty() {
            return fields.required("evidence", None);
        }
        evidence::read(fields, &it.evidence).zip(attached::read(fields, &it.attachments))
    })?;
    let order = desk.attach(order, &files).await?;
    desk.run_checked(order, |reading, ordered| {
        let rules = reading.case.rules.as_ref();
        if let Some(rules) = rules {
            evidence::known(&items, rules)?;
        }
        let command = add_evidence::AddEvidence { ordered, evidence: items.clone() };
        add_evidence::add_evidence(&reading.case, command)
            .map_err(|broken| Failure::rejected(broken, rules))
    })
    .await
}
