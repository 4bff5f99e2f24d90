//! Healing a damaged store with what partners hold: which of their dispatches are needed, and
//! whether what they send is what stood here.
//!
//! Only the logs between States have another copy. What is of any other log (`local`, `access`,
//! `commands` …) is healed from a backup alone, and so is a frame whose borders cannot be told.
//! The bodies of entries are part of a dispatch, also those that came here after it: their records
//! are made of the dispatch and of when they came, as long as that can still be read beside the
//! damage. Attachments lie in files of their own, and are fetched again by the running node.
//!
//! Nothing that is sent is believed: each dispatch must continue the chain of its log as it stands
//! before and behind, under signed roots, be signed by a key of its author, and the records made
//! of it must be, byte for byte, what the checksums of the journal say stood there. Else nothing is
//! changed.

mod refill;
mod survey;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use domain::identifier::State;
use event_store::{LogName, MendError, Mended, Progress, mend, survey as read_through};
use record::dispatch::{Dispatch, DispatchError};

use crate::corridor::{Corridor, Side};
use crate::founding::{FoundError, read_founded};

use self::refill::Refill;
use self::survey::Survey;

/// Dispatches that a partner is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The partner.
    pub partner: State,
    /// The digest of the corridor's genesis.
    pub genesis: Vec<u8>,
    /// Whose log it is.
    pub author: State,
    /// Its era, as far as it is known.
    pub era: u32,
    /// The first number.
    pub from_number: u64,
    /// The last number. There may be none with it, nor with those before it.
    pub to_number: u64,
}

/// Records that have perished, all of them of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The log of the store.
    pub log: LogName,
    /// Their places in it: the first, and the one after the last.
    pub indexes: (u64, u64),
}

/// The damage of a store, and who may have what perished.
pub struct Damage {
    folder: PathBuf,
    corridors: Vec<Corridor>,
    survey: Survey,
}

/// Why a store is not healed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum HealError {
    /// The corridors could not be read.
    #[error("read the corridors")]
    Corridors(#[from] FoundError),
    /// The store could not be read, or what was sent is not what stood there.
    #[error(transparent)]
    Store(#[from] MendError),
    /// A partner has sent what is no dispatch.
    #[error("`{partner}` has sent what is no dispatch")]
    NoDispatch {
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: DispatchError,
    },
    /// A partner has sent what it was not asked for.
    #[error("`{partner}` has sent dispatch {number} of `{author}`, which is not asked for")]
    NotAsked {
        /// The partner.
        partner: State,
        /// Whose it says it is.
        author: State,
        /// Its number.
        number: u64,
    },
}

/// Reads a closed store past its damage; `None` where there is none.
///
/// # Errors
/// The corridors or the store cannot be read, or the damage is of a kind that only a backup heals.
pub fn find_damage(data_folder: &Path, state: State) -> Result<Option<Damage>, HealError> {
    let founded = read_founded(data_folder, state)?;
    let corridors: Vec<Corridor> = founded.into_iter().map(|it| it.corridor).collect();
    let folder = data_folder.join("store");
    let mut survey = Survey::new(&corridors);
    read_through(&folder, &mut |seen| survey.see(seen))?;
    survey.end();
    Ok(survey.is_damaged().then_some(Damage { folder, corridors, survey }))
}

impl Damage {
    /// Where it is, in words: file, offset, positions.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.survey.places
    }

    /// What is known to have perished and no partner has: only a backup helps.
    #[must_use]
    pub fn only_in_backups(&self) -> &[Lost] {
        &self.survey.foreign
    }

    /// Which dispatches are needed of whom.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (log, place) in &self.survey.logs {
            let Some(corridor) = self.corridors.get(log.corridor) else {
                continue;
            };
            for (from_number, to_number) in ranges(&place.wanted) {
                wanted.push(Wanted {
                    partner: corridor.partner,
                    genesis: corridor.genesis.digest().as_bytes().to_vec(),
                    author: corridor.log(log.side).author(),
                    era: place.era,
                    from_number,
                    to_number,
                });
            }
        }
        wanted
    }

    /// Makes the store whole with what partners have sent, and verifies all of it.
    ///
    /// # Errors
    /// Anything sent is not what stood here, or not all is there.
    pub fn heal(
        &self,
        sent: &[(Wanted, Vec<Vec<u8>>)],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Mended, HealError> {
        let mut dispatches: BTreeMap<LogAt, BTreeMap<u64, Dispatch>> = BTreeMap::new();
        for (wanted, sent) in sent {
            for bytes in sent {
                let partner = wanted.partner;
                let dispatch = Dispatch::decode(bytes)
                    .map_err(|source| HealError::NoDispatch { partner, source })?;
                let (log, number) = self.asked(wanted, &dispatch)?;
                dispatches.entry(log).or_default().insert(number, dispatch);
            }
        }
        let mut refill = Refill::new(&self.corridors, dispatches, &self.survey.bodiless);
        Ok(mend(&self.folder, &mut refill, progress)?)
    }

    fn asked(&self, wanted: &Wanted, dispatch: &Dispatch) -> Result<(LogAt, u64), HealError> {
        let header = dispatch.signed_header.header();
        let (partner, author, number) = (wanted.partner, header.author, header.number);
        let corridor = self.corridors.iter().position(|it| it.partner == partner);
        let side = corridor.and_then(|at| self.corridors.get(at)?.side(author));
        let is_asked =
            author == wanted.author && (wanted.from_number..=wanted.to_number).contains(&number);
        match (corridor, side) {
            (Some(corridor), Some(side)) if is_asked => Ok((LogAt { corridor, side }, number)),
            _ => Err(HealError::NotAsked { partner, author, number }),
        }
    }
}

/// One of the logs between States.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LogAt {
    /// Which of the corridors.
    corridor: usize,
    side: Side,
}

/// Numbers as ranges, each with its first and last.
fn ranges(numbers: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            Some(_) | None => ranges.push((*number, *number)),
        }
    }
    ranges
}

/// The two logs of the store that hold the logs between States, by name.
fn exchanged(corridors: &[Corridor]) -> BTreeMap<LogName, (LogAt, Part)> {
    let mut names = BTreeMap::new();
    for (corridor, it) in corridors.iter().enumerate() {
        for (side, of_side) in [(Side::Own, &it.names.own), (Side::Partner, &it.names.partner)] {
            let log = LogAt { corridor, side };
            names.insert(of_side.entries.clone(), (log, Part::Entries));
            names.insert(of_side.headers.clone(), (log, Part::Headers));
        }
    }
    names
}

/// The logs of what came after the dispatches of partners, by name.
fn supplied(corridors: &[Corridor]) -> BTreeMap<LogName, LogAt> {
    let log = |corridor| LogAt { corridor, side: Side::Partner };
    let names = corridors.iter().enumerate();
    names.map(|(at, it)| (it.names.supplied.clone(), log(at))).collect()
}

/// What of a log a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Entries,
    Headers,
}
