//! Backups of attachments: what is copied, what stays, what goes, and what a power cut leaves.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use event_store::disk::Simulated;

use super::*;
use crate::attachments::power_cut::choices;

const NOW: Instant = Instant::from_ms(1_000);

fn files() -> (Simulated, Files) {
    let disk = Simulated::new();
    (disk.clone(), Files::new(Arc::new(disk)))
}

/// An attachment of NL (no partner's has a mark), or of XK.
fn kept(case: u8, author: &str) -> Kept {
    let author = State::new(author).unwrap();
    Kept { case: CaseId::new([case; 16]), author, id: AttachmentId::new([case; 16]) }
}

/// An attachment of NL with two pieces.
fn uploaded(files: &Files, case: u8) -> Kept {
    let kept = kept(case, "NL");
    files.begin(&kept, NOW).unwrap();
    for index in 0..2 {
        files.put(&kept, &piece_of(case, index)).unwrap();
    }
    files.end(&kept, NOW, b"described").unwrap();
    kept
}

fn listed(files: &Files, case: u8) -> Kept {
    let kept = uploaded(files, case);
    files.listed(&kept).unwrap();
    kept
}

fn piece_of(case: u8, index: u8) -> Vec<u8> {
    [vec![case; 1300], vec![index]].concat()
}

fn path(kept: &Kept, index: u8) -> String {
    let name = sha256(&[&piece_of(kept.case.as_bytes()[0], index)]);
    format!("{}/{name}", kept.folder())
}

fn holds(files: &Files, kept: &Kept) -> bool {
    let digest = |index| sha256(&[&piece_of(kept.case.as_bytes()[0], index)]);
    (0..2).all(|index| files.read(kept, &digest(index)).unwrap().is_some())
}

fn damage(disk: &Simulated, kept: &Kept) -> String {
    let path = path(kept, 1);
    disk.open(&path).unwrap().unwrap().write_at(b"something else", 0).unwrap();
    path
}

fn none_erased() -> Result<BTreeSet<CaseId>, CopyError> {
    Ok(BTreeSet::new())
}

fn backed_up(from: &Files, to: &Files, now: Instant) -> Copied {
    back_up(from, to, (7, now), &mut none_erased, &mut |_| ()).unwrap()
}

fn came_back(from: &Files, to: &Files) -> Copied {
    put_back(from, to, &mut none_erased, &mut |_| ()).unwrap()
}

#[test]
fn each_piece_is_copied_once_and_the_marks_follow() {
    let ((_, node), (_, backup), (_, anew)) = (files(), files(), files());
    let (own, of_partner) = (uploaded(&node, 1), kept(2, "XK"));
    node.prepare(&of_partner).unwrap();
    node.put(&of_partner, &piece_of(2, 0)).unwrap();
    let under_way = kept(3, "NL");
    node.begin(&under_way, NOW).unwrap();
    node.put(&under_way, &piece_of(3, 0)).unwrap();
    let mut seen = Vec::new();
    let mut watch = |now: CopyProgress| seen.push((now.attachments, now.attachments_total));
    let first = back_up(&node, &backup, (7, NOW), &mut none_erased, &mut watch).unwrap();
    assert_eq!((first.attachments, first.pieces_copied, first.bytes_copied), (3, 3, 3 * 1301));
    assert_eq!(seen, [(1, 3), (2, 3), (3, 3)]);
    // Nothing that was copied lists what goes on.
    assert_eq!(all(&backup).unwrap(), [own, of_partner]);
    assert_eq!(mark(&backup, &own).unwrap().unwrap().0, UPLOAD);

    node.listed(&own).unwrap();
    node.put(&of_partner, &piece_of(2, 1)).unwrap();
    let second = backed_up(&node, &backup, NOW);
    assert_eq!((second.pieces_copied, second.pieces_kept), (1, 3));
    assert_eq!(mark(&backup, &own).unwrap().unwrap().0, LISTED);
    assert_eq!(backup.uploads(own.case, own.author).unwrap(), []);
    assert_eq!(backed_up(&node, &backup, NOW).pieces_copied, 0);

    let back = came_back(&backup, &anew);
    assert_eq!((back.attachments, back.pieces_copied, back.upto), (2, 4, Some(7)));
    assert!(holds(&anew, &own) && holds(&anew, &of_partner));
    assert_eq!(anew.upload(&own, NOW).unwrap().unwrap(), b"described");
    assert_eq!(anew.uploads(own.case, own.author).unwrap(), []);
}

#[test]
fn what_is_listed_is_never_an_upload_again() {
    let ((_, node), (_, backup)) = (files(), files());
    let own = uploaded(&node, 1);
    backed_up(&node, &backup, NOW);
    node.listed(&own).unwrap();
    came_back(&backup, &node);
    assert_eq!(mark(&node, &own).unwrap().unwrap().0, LISTED);
    assert_eq!(node.uploads(own.case, own.author).unwrap(), []);
}

#[test]
fn damage_is_named_and_not_copied_and_is_put_right_from_a_backup() {
    let ((disk, node), (backup_disk, backup)) = (files(), files());
    let (before, after) = (listed(&node, 1), listed(&node, 2));
    let damaged = damage(&disk, &after);
    let first = backed_up(&node, &backup, NOW);
    assert_eq!((first.pieces_copied, &first.damaged), (3, &vec![damaged.clone()]));
    assert!(holds(&backup, &before) && backup_disk.open(&damaged).unwrap().is_none());

    // The backup's piece stays what it was, and comes back.
    damage(&disk, &before);
    assert_eq!(backed_up(&node, &backup, NOW).damaged, [damaged]);
    assert!(!holds(&node, &before));
    let back = came_back(&backup, &node);
    assert_eq!((back.pieces_copied, back.pieces_kept, back.damaged), (1, 2, Vec::new()));
    assert!(holds(&node, &before));

    // A damaged backup puts nothing in the place of what is whole, or of nothing.
    let (_, anew) = files();
    let damaged = damage(&backup_disk, &before);
    assert_eq!(came_back(&backup, &node).damaged, Vec::<String>::new());
    assert_eq!(came_back(&backup, &anew).damaged, std::slice::from_ref(&damaged));
    let long = backup_disk.open(&damaged).unwrap().unwrap();
    long.write_at(b"!", SEALED_CHUNK_BYTES_MAX as u64).unwrap();
    assert_eq!(came_back(&backup, &anew).damaged, [damaged]);
    assert!(!holds(&anew, &before));
}

#[test]
fn what_was_lost_stays_in_the_backup_and_what_was_erased_or_never_listed_goes() {
    let ((_, node), (_, backup), (_, anew)) = (files(), files(), files());
    let (lost, erased, unlisted) = (listed(&node, 1), listed(&node, 2), uploaded(&node, 3));
    let there = listed(&node, 4);
    backed_up(&node, &backup, NOW);
    for gone in [lost, erased] {
        node.erase(&gone.case).unwrap();
    }
    node.remove(&unlisted).unwrap();
    let orders = BTreeSet::from([erased.case, there.case]);
    let mut order = || Ok(orders.clone());
    // A statement could list it still.
    let swept = NOW.plus(UPLOAD_KEPT).plus(UPLOAD_KEPT);
    let early = Instant::from_ms(swept.as_ms() - 1);
    let run = back_up(&node, &backup, (8, early), &mut order, &mut |_| ()).unwrap();
    assert_eq!(run.removed, 1);
    assert_eq!(all(&backup).unwrap(), [lost, unlisted, there]);
    let run = back_up(&node, &backup, (8, swept), &mut order, &mut |_| ()).unwrap();
    assert_eq!(run.removed, 1);
    assert_eq!(all(&backup).unwrap(), [lost, there]);

    // What the journal says is erased does not come back from a backup of before.
    let back = put_back(&backup, &anew, &mut order, &mut |_| ()).unwrap();
    assert_eq!((back.attachments, all(&anew).unwrap()), (1, vec![lost]));
}

#[test]
fn two_backups_into_one_folder_and_a_full_disk_are_told() {
    let ((_, node), (disk, backup)) = (files(), files());
    listed(&node, 1);
    let lock = disk.lock(LOCK).unwrap();
    let both = back_up(&node, &backup, (7, NOW), &mut none_erased, &mut |_| ());
    assert!(matches!(both, Err(CopyError::InUse)), "{both:?}");
    drop(lock);
    disk.limit_space(2_000);
    let full = back_up(&node, &backup, (7, NOW), &mut none_erased, &mut |_| ());
    assert!(matches!(&full, Err(CopyError::Io { doing: "write", .. })), "{full:?}");
    disk.go_on();
    assert_eq!(backed_up(&node, &backup, NOW).pieces_copied, 1);
}

#[test]
fn the_power_goes_at_every_change_of_a_backup() {
    let (_, node) = files();
    let all = [listed(&node, 1), uploaded(&node, 2)];
    let (whole, backup) = files();
    backed_up(&node, &backup, NOW);
    let mut cuts = [0; 2];
    for after in 0..=whole.steps() {
        for seed in 0..40 {
            let (disk, backup) = files();
            disk.stop_after(after);
            // It fails, where the disk does.
            let done = back_up(&node, &backup, (7, NOW), &mut none_erased, &mut |_| ()).is_ok();
            let found = Files::new(Arc::new(disk.cut(&mut choices(seed))));
            let (_, anew) = files();
            let back = came_back(&found, &anew);
            let at = format!("change {after}, seed {seed}");
            assert_eq!(back.damaged, Vec::<String>::new(), "{at}: what has a name is whole");
            let has_all = all.iter().all(|kept| holds(&anew, kept));
            assert!(has_all || back.upto.is_none(), "{at}: it says that it has all");
            assert!(back.upto == Some(7) || !done, "{at}: a backup that was made is lost");
            // What is left is taken up.
            backed_up(&node, &found, NOW);
            assert!(all.iter().all(|kept| holds(&found, kept)), "{at}");
            cuts[usize::from(done)] += 1;
        }
    }
    assert!(cuts.iter().all(|count| *count > 0), "{cuts:?}");
}
