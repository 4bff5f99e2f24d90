//! Attachments that a body of the partner's lists: what has to be fetched for its entry. A body
//! that does not open or cannot be read lists nothing; whoever reads the case contests it.

use domain::identifier::CaseId;
use domain::person::attachment::AttachmentId;
use event_store::Position;
use record::body;
use record::entry::Head;
use record::seal::{CaseKey, Place, Purpose};
use runtime::failure::Failure;

use super::Parts;
use super::state::CorridorState;
use crate::corridor::Side;
use crate::failure::corrupt;
use crate::layout::{self, case_stream};
use crate::missing;

/// The attachments that a sealed body lists.
pub(super) fn listed(key: &CaseKey, place: &Place, sealed: &[u8]) -> Vec<AttachmentId> {
    let Ok(opened) = key.open(place, Purpose::Body, sealed) else { return Vec::new() };
    let listed = body::decode(&opened).map(|it| it.attachments).unwrap_or_default();
    listed.into_iter().map(|it| it.id).collect()
}

/// The attachments that all bodies of the partner's list in a case whose key has come, with the
/// positions of their entries.
pub(super) fn listed_in(
    parts: &Parts,
    state: &CorridorState,
    case: CaseId,
    key: &CaseKey,
) -> Result<Vec<(u64, AttachmentId)>, Failure> {
    let corridor = &state.corridor;
    let names = &corridor.names;
    let mut found = Vec::new();
    let end = Position(u64::MAX);
    for record in layout::stream_records(&parts.store, &case_stream(&case), 0, end)? {
        let body = if record.log == names.partner.entries {
            let head = Head::decode(&record.leaf).ok_or_else(|| corrupt(&record))?;
            Some((head.position, layout::entry_of(&record)?.sealed_body))
        } else if record.log == names.supplied {
            missing::supplied_body(&record)?
        } else {
            None
        };
        if let Some((position, sealed)) = body {
            let place = corridor.place(Side::Partner, case, position);
            found.extend(listed(key, &place, &sealed).into_iter().map(|id| (position, id)));
        }
    }
    Ok(found)
}
