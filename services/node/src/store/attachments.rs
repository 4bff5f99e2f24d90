//! The files of attachments beside the journal: checked, in a backup, and back again.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use ledger::{
    CheckProgress, Copied, CopyProgress, back_up_attachments, check_attachments,
    put_back_attachments,
};

use super::Said;
use crate::exit::Exit;
use crate::keys;

/// What may be done about attachments that are damaged or lost.
const WAYS: &str = "`readmit store heal --from BACKUP` puts back what a backup has of them; what \
                    the partner attached is fetched again when somebody asks for it";

/// Checks every piece.
pub(super) fn verify(data: &Path, said: &mut Said) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let mut progress = |now: CheckProgress| said.checked(now);
    let found = check_attachments(data, &mut progress).context("check the attachments")?;
    let (attachments, pieces, bytes) = (found.attachments, found.pieces, found.bytes);
    eprintln!(
        "whole: {pieces} pieces of {attachments} attachments, {bytes} bytes, {:.1?}",
        start.elapsed()
    );
    if found.is_sound() {
        return Ok(Exit::Success);
    }
    for path in &found.damaged {
        eprintln!("damaged: `{path}`");
    }
    for folder in &found.empty {
        eprintln!("lost: every piece of `{folder}`");
    }
    eprintln!(
        "readmit: {} pieces of attachments are damaged, and {} attachments are lost; nobody is \
         shown them\n{WAYS}",
        found.damaged.len(),
        found.empty.len()
    );
    Ok(Exit::Failure)
}

/// Refuses a folder in which a node lives: its attachments would be taken for the backup's.
pub(super) fn check_target(to: &Path) -> anyhow::Result<()> {
    if to.join("store").join("journal").exists() {
        bail!("`{}` is the data folder of a node, and no place for a backup", to.display());
    }
    Ok(())
}

/// Copies them behind a journal that was copied up to a position.
pub(super) fn back_up(data: &Path, to: &Path, upto: u64, said: &mut Said) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let mut progress = |now: CopyProgress| said.attachments(now);
    let made = back_up_attachments(data, to, (upto, keys::now()?), &mut progress);
    let made = made.context(
        "back up the attachments; the journal is backed up: give the command again, and it goes on",
    )?;
    eprintln!(
        "backed up: {} attachments; {} pieces copied, {} were there, {} bytes; {} erased cases \
         and unlisted uploads removed, {:.1?}",
        made.attachments,
        made.pieces_copied,
        made.pieces_kept,
        made.bytes_copied,
        made.removed,
        start.elapsed()
    );
    Ok(told(
        &made,
        "damaged in the data folder, and not copied; `readmit store heal --from BACKUP` puts back \
         what an earlier backup has, and what the partner attached is fetched again when somebody \
         asks for it",
    ))
}

/// Puts back what is missing or damaged. The journal of the backup ends at a position.
pub(super) fn put_back(
    from: &Path,
    data: &Path,
    journal_end: u64,
    said: &mut Said,
) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let mut progress = |now: CopyProgress| said.attachments(now);
    let made = put_back_attachments(from, data, &mut progress);
    let made = made.context(
        "put back the attachments; the store is whole: give `readmit store heal --from BACKUP`, \
         and it goes on",
    )?;
    match made.upto {
        None => eprintln!(
            "the backup was never finished with its attachments: what it has is put back; copy \
             what else there is into `attachments` of the data folder"
        ),
        Some(upto) if upto < journal_end => eprintln!(
            "the backup was interrupted before it had the attachments of records {upto} to {}: \
             some may be missing",
            journal_end.saturating_sub(1)
        ),
        Some(_) => {}
    }
    eprintln!(
        "put back: {} attachments; {} pieces copied, {} were there, {} bytes, each checked, {:.1?}",
        made.attachments,
        made.pieces_copied,
        made.pieces_kept,
        made.bytes_copied,
        start.elapsed()
    );
    Ok(told(&made, "damaged in the backup, and not put back"))
}

fn told(made: &Copied, what: &str) -> Exit {
    if made.damaged.is_empty() {
        return Exit::Success;
    }
    for path in &made.damaged {
        eprintln!("damaged: `{path}`");
    }
    eprintln!("readmit: {} pieces of attachments are {what}", made.damaged.len());
    Exit::Failure
}
