//! Checks the files of attachments: each piece is held to the digest that is its name.
//!
//! The keys are not asked for, so neither are the bodies that list the pieces. That a listed
//! attachment of this State has lost all its pieces is seen by its mark; that it has lost some of
//! them is seen by whoever reads it (`ATT-0005`). What the partner attached has no mark, and is
//! fetched again.

use std::path::Path;

use super::backup::{CopyError, DIGITS, Piece, all, failed, mark, piece};
use super::{Files, Kept, LISTED};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Attachments that were looked at.
    pub attachments: u64,
    /// Pieces that are whole.
    pub pieces: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Pieces that are not what they were when they got their name.
    pub damaged: Vec<String>,
    /// Folders of attachments that a statement lists, and that have no piece.
    pub empty: Vec<String>,
}

impl Checked {
    /// Whether nothing is wrong, as far as it can be told without the keys.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.empty.is_empty()
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckProgress {
    /// Attachments that were looked at.
    pub attachments: u64,
    /// Attachments in all.
    pub attachments_total: u64,
}

/// Reads every piece of every attachment in a data folder. Changes nothing. Blocks.
///
/// # Errors
/// The operating system does not let a file or a folder be read.
pub fn check_attachments(
    data_folder: &Path,
    progress: &mut dyn FnMut(CheckProgress),
) -> Result<Checked, CopyError> {
    check(&Files::in_folder(data_folder), progress)
}

fn check(files: &Files, progress: &mut dyn FnMut(CheckProgress)) -> Result<Checked, CopyError> {
    let all = all(files)?;
    let attachments_total = all.len() as u64;
    let mut checked = Checked::default();
    for kept in &all {
        attachment(files, kept, &mut checked)?;
        checked.attachments += 1;
        progress(CheckProgress { attachments: checked.attachments, attachments_total });
    }
    Ok(checked)
}

fn attachment(files: &Files, kept: &Kept, checked: &mut Checked) -> Result<(), CopyError> {
    let folder = kept.folder();
    let mut names = files.disk.list(&folder).map_err(failed("list", &folder))?;
    names.retain(|name| name.len() == DIGITS);
    names.sort_unstable();
    let is_listed = matches!(mark(files, kept)?, Some((LISTED, _)));
    if names.is_empty() && is_listed {
        checked.empty.push(folder);
        return Ok(());
    }
    for name in names {
        let path = format!("{folder}/{name}");
        match piece(files, &path, &name)? {
            Piece::Whole(bytes) => {
                checked.pieces += 1;
                checked.bytes += bytes.len() as u64;
            }
            Piece::Damaged => checked.damaged.push(path),
            Piece::Gone => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use domain::identifier::{CaseId, State};
    use domain::person::attachment::AttachmentId;
    use domain::time::Instant;

    const NOW: Instant = Instant::from_ms(1_000);

    fn kept(case: u8, author: &str) -> Kept {
        let author = State::new(author).unwrap();
        Kept { case: CaseId::new([case; 16]), author, id: AttachmentId::new([case; 16]) }
    }

    #[test]
    fn what_is_damaged_and_what_has_lost_everything_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::in_folder(folder.path());
        let found = || check_attachments(folder.path(), &mut |_| ()).unwrap();
        assert_eq!(found(), Checked::default());
        let (own, of_partner) = (kept(1, "NL"), kept(2, "XK"));
        files.begin(&own, NOW).unwrap();
        let first = files.put(&own, b"sealed one").unwrap();
        let second = files.put(&own, b"sealed two").unwrap();
        files.end(&own, NOW, b"described").unwrap();
        files.listed(&own).unwrap();
        files.prepare(&of_partner).unwrap();
        let third = files.put(&of_partner, b"sealed three").unwrap();
        // An upload that goes on, and one that is fetched, have no piece yet.
        files.begin(&kept(3, "NL"), NOW).unwrap();
        files.prepare(&kept(4, "XK")).unwrap();
        let sound = Checked { attachments: 4, pieces: 3, bytes: 32, ..Checked::default() };
        assert_eq!(found(), sound);
        assert!(found().is_sound());

        let at = |kept: &Kept, digest| format!("{}/{digest}", kept.folder());
        let mut damaged = vec![at(&own, first), at(&of_partner, third)];
        for path in &damaged {
            std::fs::write(folder.path().join(path), b"something else").unwrap();
        }
        damaged.sort_unstable();
        let mut told = Vec::new();
        let checked = check_attachments(folder.path(), &mut |now| told.push(now)).unwrap();
        assert_eq!((&checked.damaged, checked.pieces), (&damaged, 1));
        assert!(!checked.is_sound());
        let last = CheckProgress { attachments: 4, attachments_total: 4 };
        assert_eq!((told.len(), told.last()), (4, Some(&last)));

        for digest in [first, second] {
            std::fs::remove_file(folder.path().join(at(&own, digest))).unwrap();
        }
        assert_eq!(found().empty, [own.folder()]);
        std::fs::remove_file(folder.path().join(at(&of_partner, third))).unwrap();
        let lost = found();
        assert_eq!((lost.damaged.len(), lost.is_sound()), (0, false));
    }
}
