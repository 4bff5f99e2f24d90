//! Up to which dispatch of each log a bundle is complete. Neither log may have heard what the
//! bundle does not hold, and the case must have been opened.

use domain::chain::{Chain, Content, Entry, Heard};
use domain::identifier::{CaseId, State};
use event_store::Store;
use runtime::failure::Failure;

use crate::corridor::{Corridor, Side};
use crate::layout::{self, LogNames};
use crate::read::{Chains, Reader};
use crate::snapshot::CorridorSnapshot;

/// What the request names for the own log, and for the partner's.
const FIELDS: [&str; 2] = ["own_up_to", "partner_up_to"];

/// A log as it is stored.
struct Log<'a> {
    store: &'a Store,
    names: &'a LogNames,
    author: State,
    /// How many dispatches it has.
    end: u64,
}

/// How many dispatches of the own log and of the partner's, where the last of one or both is named.
/// Of the other it is as many as have heard nothing beyond that.
pub(super) fn of(
    reader: &Reader,
    corridor: &Corridor,
    logs: &CorridorSnapshot,
    [own_up_to, partner_up_to]: [Option<u64>; 2],
) -> Result<[u64; 2], Failure> {
    let store = &reader.store;
    let (own_end, partner_end) = (logs.own.dispatches(), logs.partner.dispatches());
    let names = &corridor.names;
    let own = Log { store, names: &names.own, author: corridor.own, end: own_end };
    let partner = Log { store, names: &names.partner, author: corridor.partner, end: partner_end };
    let [own_field, partner_field] = FIELDS;
    let own_named = own.named(own_up_to, own_field)?;
    let partner_named = partner.named(partner_up_to, partner_field)?;
    let [own_count, partner_count] = match (own_named, partner_named) {
        (None, None) => [own_end, partner_end],
        (Some(count), None) => [count, partner.that_heard_within(count)?],
        (None, Some(count)) => [own.that_heard_within(count)?, count],
        (Some(own), Some(partner)) => [own, partner],
    };
    own.listens(own_count, partner_count, partner_field)?;
    partner.listens(partner_count, own_count, own_field)?;
    Ok([own_count, partner_count])
}

/// Refuses an extent in which the case is not opened yet.
pub(super) fn holds_opening(
    corridor: &Corridor,
    chains: &Chains,
    case: CaseId,
    dispatches: [u64; 2],
) -> Result<(), Failure> {
    let [own, partner] = dispatches;
    let [own_field, partner_field] = FIELDS;
    let founder = corridor.founded.founder_of(&case);
    let (chain, count, field): (&Chain, u64, &str) = match corridor.side(founder) {
        Some(Side::Own) => (&chains.own, own, own_field),
        Some(Side::Partner) | None => (&chains.partner, partner, partner_field),
    };
    let opens = |entry: &&Entry| match &entry.content {
        Content::Stated(statement) => entry.case == Some(case) && statement.kind().opens(),
        Content::NotUnderstood => false,
    };
    match chain.entries.iter().find(opens) {
        Some(opening) if opening.dispatch >= count => {
            let number = opening.dispatch;
            let reason = format!("must reach dispatch {number} of {founder}, which opens the case");
            Err(Failure::field(field, reason))
        }
        Some(_) | None => Ok(()),
    }
}

impl Log<'_> {
    /// How many dispatches there are up to the one that is named.
    fn named(&self, up_to: Option<u64>, field: &str) -> Result<Option<u64>, Failure> {
        match up_to {
            Some(number) if number >= self.end => {
                let reason = match self.end.checked_sub(1) {
                    Some(last) => format!("must be a dispatch that is here; the last is {last}"),
                    None => "must be a dispatch that is here; there is none yet".to_owned(),
                };
                Err(Failure::field(field, reason))
            }
            Some(number) => Ok(Some(number + 1)),
            None => Ok(None),
        }
    }

    fn heard(&self, number: u64) -> Result<Option<Heard>, Failure> {
        let dispatch = layout::dispatch_at(self.store, &self.names.headers, number)?;
        Ok(dispatch.and_then(|dispatch| dispatch.heard))
    }

    /// How many of its first dispatches have heard none but the first `count` of the other log:
    /// what is heard never falls.
    fn that_heard_within(&self, count: u64) -> Result<u64, Failure> {
        let (mut low, mut high) = (0, self.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.heard(middle)?.is_none_or(|heard| heard.number < count) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Refuses where its first `count` dispatches have heard more than `other` of the other log.
    fn listens(&self, count: u64, other: u64, field: &str) -> Result<(), Failure> {
        let Some(last) = count.checked_sub(1) else {
            return Ok(());
        };
        match self.heard(last)? {
            Some(heard) if heard.number >= other => {
                let (author, number) = (self.author, heard.number);
                let reason = format!(
                    "must be at least {number}, which dispatch {last} of {author} has heard"
                );
                Err(Failure::field(field, reason))
            }
            Some(_) | None => Ok(()),
        }
    }
}
