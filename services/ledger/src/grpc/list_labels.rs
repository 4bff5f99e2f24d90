//! `ListLabels`: the cases under a label, without those that are not the caller's.

use domain::identifier::CaseId;
use event_store::{Label as Name, Position, StreamId};
use proto::InvalidField;
use proto::ledger::v1::{Label, ListLabelsRequest, ListLabelsResponse};
use runtime::caller::Role;
use runtime::failure::Failure;

use super::{Service, asking};
use crate::access::Asking;
use crate::layout;

/// Most labels of a page.
const LIMIT_MAX: u32 = 1000;
/// Labels that are looked at before a page is sent as far as it is.
const LOOKED_AT_MAX: usize = 10_000;

pub(super) async fn execute(
    service: &Service,
    request: &ListLabelsRequest,
) -> Result<ListLabelsResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    if !(1..=LIMIT_MAX).contains(&request.limit) {
        return Err(Failure::field("limit", "must be 1 to 1,000"));
    }
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    if let Some(position) = request.wait_for_position {
        service.wait_for_views(Position(position.saturating_add(1))).await?;
    }
    // Taken before the list, which may then be newer and never older than it says.
    let upto = service.0.views.upto();
    let mark = mark(&asking, service)?;
    let store = &service.reader().store;
    let failed = |error| Failure::unavailable("the views cannot be read").with_source(error);
    let mut after = request.after.as_ref().map(place).transpose()?;
    let mut labels = Vec::new();
    let mut looked_at = 0;
    while labels.len() < limit && looked_at < LOOKED_AT_MAX {
        let page = store.list_labels(&request.prefix, after.as_ref(), limit).map_err(failed)?;
        if page.is_empty() {
            break;
        }
        looked_at += page.len();
        for (name, stream) in page {
            after = Some((name.clone(), stream));
            // Streams that are of no case hold what the ledger notes for itself.
            let Some(case) = layout::case_of(&stream) else {
                continue;
            };
            let seen = match &mark {
                None => true,
                Some(mark) => store.labels_of(&stream).map_err(failed)?.contains(mark),
            };
            if seen {
                labels.push(Label {
                    label: name.as_str().to_owned(),
                    case_id: case.as_bytes().to_vec(),
                });
            }
            if labels.len() == limit {
                break;
            }
        }
    }
    // Less, if labels were lost meanwhile.
    let upto = upto.min(service.0.views.upto());
    Ok(ListLabelsResponse { labels, upto_position: upto.0.saturating_sub(1) })
}

/// The label that a case must have for the caller to see it; `None` for who sees all of them.
fn mark(asking: &Asking, service: &Service) -> Result<Option<Name>, Failure> {
    let own = asking.caller.state == service.reader().own;
    let mark = match &asking.caller.role {
        Role::Office(office) | Role::Consulate(office) if own => format!("office/{office}"),
        Role::Agency(agency) if own => format!("agency/{agency}"),
        Role::Overseer(_) | Role::Operator | Role::Service(_) if own => return Ok(None),
        Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Overseer(_)
        | Role::Operator
        | Role::Service(_)
        | Role::Node => return Err(Failure::not_allowed("this caller has no cases here")),
    };
    let mark = Name::new(&mark);
    mark.map(Some).map_err(|error| Failure::internal("a label is malformed").with_source(error))
}

fn place(after: &Label) -> Result<(Name, StreamId), InvalidField> {
    let name = Name::new(&after.label).map_err(|error| InvalidField::new("after.label", error))?;
    let case = CaseId::from_slice(&after.case_id)
        .map_err(|error| InvalidField::new("after.case_id", error))?;
    Ok((name, layout::case_stream(&case)))
}
