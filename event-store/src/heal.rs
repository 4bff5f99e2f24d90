//! Mending a damaged store from a backup of it: what the backup holds is put back byte for byte,
//! what is newer stays.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::backup::{self, Failed, Progress, RestoreError, failed, seals_of};
use crate::check::{self, Verified, VerifyError};
use crate::disk::{Disk, DiskFile, Files};
use crate::journal::seal::{self, Seal};
use crate::journal::segment;
use crate::mend::{MendError, head};
use crate::open::{self, OpenError};
use crate::record::Position;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healed {
    /// The numbers of the segments that were mended; none if the store was whole as far as the
    /// backup goes.
    pub segments: Vec<u64>,
    /// The numbers of segments beyond the backup whose heads were made anew from what is left
    /// ([`mend_heads`](crate::mend_heads)).
    pub heads: Vec<u64>,
    /// The backup holds every record before this position.
    pub upto: Position,
    /// The store as it is now.
    pub verified: Verified,
}

/// Why a store was not healed. Segments that were mended stay so; nothing else was changed.
#[derive(Debug, Error)]
pub enum HealError {
    /// The backup is damaged, or cannot be read, or the folder of the store cannot be written.
    #[error("could not use the backup")]
    Backup(#[source] RestoreError),
    /// The store is in use.
    #[error("the data folder is in use")]
    InUse,
    /// The backup is of another store.
    #[error("the backup is of another store: `{file}` does not fit")]
    Foreign {
        /// The file in the store.
        file: String,
    },
    /// Something is wrong that the backup does not reach: a newer record, or the index.
    #[error("the store is not sound beyond what the backup holds")]
    NotSound(#[source] VerifyError),
}

impl From<Failed> for HealError {
    fn from(failed: Failed) -> Self {
        Self::Backup(failed.into())
    }
}

/// Puts back what a backup has and a closed store has lost or has otherwise, and verifies all.
pub fn heal(
    dir: impl AsRef<Path>,
    from: impl AsRef<Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Healed, HealError> {
    let store = Arc::new(Files::new(dir.as_ref()));
    heal_on(store, &Files::new(from.as_ref()), progress)
}

/// As [`heal`], on disks.
pub fn heal_on(
    store: Arc<dyn Disk>,
    from: &dyn Disk,
    progress: &mut dyn FnMut(Progress),
) -> Result<Healed, HealError> {
    let seals = seals_of(from).map_err(HealError::Backup)?;
    let last = *seals.last().ok_or(HealError::Backup(RestoreError::NoBackup))?;
    let lock = open::lock(&*store).map_err(|error| match error {
        OpenError::Io { doing, file, source } => Failed(doing, file, source).into(),
        OpenError::InUse
        | OpenError::Corrupt { .. }
        | OpenError::Newer { .. }
        | OpenError::Index { .. } => HealError::InUse,
    })?;
    check_same(&*store, &seals)?;
    let mut segments = Vec::new();
    for seal in &seals {
        if !is_whole(&*store, seal)? {
            mend(&*store, from, seal)?;
            segments.push(seal.number);
        }
        progress(Progress { bytes: seal.end, bytes_total: last.end });
    }
    let heads = match head::mend(&store) {
        Ok(heads) => heads,
        Err(MendError::Io { doing, file, source }) => {
            return Err(Failed(doing, file, source).into());
        }
        // The verification says it.
        Err(
            MendError::InUse
            | MendError::NoStore
            | MendError::Newer { .. }
            | MendError::Beyond { .. }
            | MendError::Unfilled { .. }
            | MendError::Refused { .. }
            | MendError::NotSound(_),
        ) => Vec::new(),
    };
    drop(lock);
    let verified = check::verify_on(store).map_err(HealError::NotSound)?;
    Ok(Healed { segments, heads, upto: Position(last.next_position), verified })
}

/// No segment whose header can be read may be of another store.
fn check_same(store: &dyn Disk, seals: &[Seal]) -> Result<(), HealError> {
    for seal in seals {
        let path = segment::path(seal.number);
        let Some(file) = store.open(&path).map_err(failed("open", &path))? else {
            continue;
        };
        let mut bytes = [0; segment::HEADER_LENGTH];
        let read = file.read_at(&mut bytes, 0).map_err(failed("read", &path))?;
        let header = segment::Header::decode(bytes.get(..read).unwrap_or_default());
        let is_other = |header: segment::Header| {
            (header.store, header.number, header.base) != (seal.store, seal.number, seal.base)
        };
        if header.is_ok_and(is_other) {
            return Err(HealError::Foreign { file: path });
        }
    }
    Ok(())
}

fn is_whole(store: &dyn Disk, seal: &Seal) -> Result<bool, HealError> {
    let path = segment::path(seal.number);
    let Some(file) = store.open(&path).map_err(failed("open", &path))? else {
        return Ok(false);
    };
    let digest = seal::digest(&*file, seal.end - seal.base, |_, _| Ok(()));
    Ok(digest.map_err(failed("read", &path))? == seal.digest)
}

/// Makes the segment anew: the backup's bytes, then whatever the store's own had behind them. A
/// crash leaves the old one, or the new one; so does a read that lies.
fn mend(store: &dyn Disk, from: &dyn Disk, seal: &Seal) -> Result<(), HealError> {
    let path = segment::path(seal.number);
    let damaged = || HealError::Backup(RestoreError::Damaged { file: path.clone() });
    let good = from.open(&path).map_err(failed("open", &path))?.ok_or_else(damaged)?;
    let own = store.open(&path).map_err(failed("open", &path))?;
    let length = seal.end - seal.base;
    let mut is_good = false;
    let rest = |file: &dyn DiskFile| {
        let Some(own) = &own else {
            return Ok(());
        };
        let behind = own.length().map_err(failed("read", &path))?.saturating_sub(length);
        let read = |bytes: &mut [u8], at| own.read_at(bytes, length + at);
        seal::copy_and_compare(read, (file, length), behind).map_err(failed("copy", &path))
    };
    let made = backup::replace(store, &path, |file| {
        is_good = backup::copy((&*good, file, &path), length, &mut |_| ())? == seal.digest;
        match is_good {
            true => rest(file),
            false => Err(failed("copy", &path)(std::io::Error::other("the backup is damaged"))),
        }
    });
    match (made, is_good) {
        (Err(_), false) => Err(damaged()),
        (made, _) => Ok(made?),
    }
}
