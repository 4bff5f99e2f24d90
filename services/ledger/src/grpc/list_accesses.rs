//! `ListAccesses`: who had access to what.

use domain::identifier::CaseId;
use event_store::{Position, Revision, Store, StoredRecord};
use proto::ledger::v1::{AccessKind, ListAccessesRequest, ListAccessesResponse};
use runtime::caller::Role;
use runtime::failure::Failure;

use super::{Service, ambiguous, asking};
use crate::access;
use crate::failure;
use crate::layout;

/// Most accesses of a page.
const LIMIT_MAX: u32 = 1000;
/// Records of a stream that are read at once.
const PAGE_RECORDS: usize = 1024;

pub(super) async fn execute(
    service: &Service,
    request: &ListAccessesRequest,
) -> Result<ListAccessesResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    match &asking.caller.role {
        Role::Overseer(_) | Role::Operator | Role::Service(_)
            if asking.caller.state == service.reader().own => {}
        Role::Overseer(_)
        | Role::Operator
        | Role::Service(_)
        | Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Node => {
            return Err(Failure::not_allowed("only a body of oversight may do this"));
        }
    }
    if !(1..=LIMIT_MAX).contains(&request.limit) {
        return Err(Failure::field("limit", "must be 1 to 1,000"));
    }
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let noted = match request.case.as_str() {
        "" => None,
        name => match service.find(name).await?.as_slice() {
            [] => return Err(Failure::not_found("case")),
            [case] => Some(*case),
            [..] => return Err(ambiguous()),
        },
    };
    let (from, end) = (request.from_position, service.snapshot().next);
    let (records, more) = page(&service.reader().store, noted, from, limit, end)?;
    let accesses = records.iter().map(access::shown).collect::<Result<_, _>>()?;
    service.note(&asking, noted, AccessKind::Read).await?;
    Ok(ListAccessesResponse { accesses, more })
}

/// Accesses, to one case or to all, from a position of the access log on, and whether there are
/// more. What is stored at `end` or behind it is not released yet.
fn page(
    store: &Store,
    case: Option<CaseId>,
    from_position: u64,
    limit: usize,
    end: Position,
) -> Result<(Vec<StoredRecord>, bool), Failure> {
    let mut records = Vec::new();
    if let Some(case) = case {
        let stream = layout::accesses_stream(&case);
        let mut from = 0;
        while records.len() <= limit {
            let page =
                store.read_stream(&stream, Revision(from), PAGE_RECORDS).map_err(failure::read)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            records.extend(page.into_iter().filter(|it| it.log_index >= from_position));
        }
    } else {
        let log = layout::access_log();
        records = store.read_log(&log, from_position, limit + 1).map_err(failure::read)?;
    }
    records.retain(|record| record.position < end);
    let more = records.len() > limit;
    records.truncate(limit);
    Ok((records, more))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::access::{Asking, NewAccess};
    use domain::identifier::{Office, State};
    use domain::time::Instant;
    use event_store::{Batch, Options};
    use proto::command::v1::Purpose;
    use runtime::caller::Caller;

    const CASE: CaseId = CaseId::new([1; 16]);

    /// A store with six accesses, every other one to the case.
    fn stored() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let office = Office::new("fictional").unwrap();
        let caller = Caller::service(State::new("NL").unwrap(), office);
        let record = |index: u64| {
            let asking = Asking { caller: caller.clone(), purpose: Purpose::Oversight };
            let case = index.is_multiple_of(2).then_some(CASE);
            NewAccess { asking, case, kind: AccessKind::Read, vouched: Vec::new() }
                .record(Instant::from_ms(index))
        };
        let records = (0..6).map(record).collect();
        let batch = Batch { records, expected: Vec::new(), cursors: Vec::new() };
        store.append_blocking(batch).unwrap();
        (store, folder)
    }

    #[test]
    fn the_list_ends_where_everybody_elses_view_does() {
        // Symptom: it showed the access of a word that was stored and not yet released.
        let (store, _folder) = stored();
        let (all, case) = (None, Some(CASE));
        for (of, from, limit, end, shown, has_more) in [
            (all, 0, 9, 6, &[0, 1, 2, 3, 4, 5][..], false),
            (all, 0, 9, 4, &[0, 1, 2, 3], false),
            (all, 0, 3, 4, &[0, 1, 2], true),
            // What is not shown yet is not announced either.
            (all, 0, 4, 4, &[0, 1, 2, 3], false),
            (all, 2, 9, 4, &[2, 3], false),
            (all, 4, 9, 4, &[], false),
            (case, 0, 9, 6, &[0, 2, 4], false),
            (case, 0, 9, 4, &[0, 2], false),
            (case, 0, 2, 4, &[0, 2], false),
            (case, 0, 1, 4, &[0], true),
            (case, 1, 9, 2, &[], false),
        ] {
            let (records, more) = page(&store, of, from, limit, Position(end)).unwrap();
            let listed: Vec<u64> = records.iter().map(|it| it.log_index).collect();
            let which = format!("of {of:?}, from {from}, at most {limit}, before {end}");
            assert_eq!((listed.as_slice(), more), (shown, has_more), "{which}");
        }
    }
}
