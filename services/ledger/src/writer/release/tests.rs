//! Releasing a group: what is told and shown before the mark has moved, and after one that did not.

#![expect(clippy::unwrap_used, reason = "tests")]

use runtime::failure::Class;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::Job;
use super::super::group::Group;
use super::super::site::{Answer, Site, access, state};
use super::*;

fn waits<T>(answer: &mut Answer<T>) -> bool {
    matches!(answer.try_recv(), Err(TryRecvError::Empty))
}

#[test]
fn nothing_is_told_or_shown_before_the_mark_has_moved() {
    let mut site = Site::begun();
    let (before, stored) = site.seen_and_stored();
    assert_eq!(before, stored);
    let marks = Arc::clone(&site.writer.parts.marks);
    let held = marks.lock();
    let (job, mut first) = site.append(1);
    site.commit(vec![job]);
    // The next group is made and stored meanwhile. What it tells rests on the first: a command that
    // was carried out in it, and one that was decided before it.
    let (again, mut repeated) = site.append(1);
    let (Job::Append(mut stale, reply), mut moved) = site.append(2) else { panic!() };
    stale.expected_revision -= 1;
    let (promise, mut noted) = oneshot::channel();
    let jobs = vec![again, Job::Append(stale, reply), Job::Access(access(), Some(promise))];
    site.commit(jobs);
    let (seen, stored) = site.seen_and_stored();
    assert_eq!(seen, before);
    assert!(stored > before);
    assert!(waits(&mut first) && waits(&mut repeated) && waits(&mut moved) && waits(&mut noted));

    drop(held);
    assert_eq!(site.writer.all_released(), Ok(()));
    assert_eq!(site.seen_and_stored(), (stored, stored));
    let (first, repeated) =
        (first.try_recv().unwrap().unwrap(), repeated.try_recv().unwrap().unwrap());
    assert!(!first.replayed && repeated.replayed);
    assert_eq!(first.command, repeated.command);
    assert!(moved.try_recv().unwrap().unwrap_err().moved().is_some());
    noted.try_recv().unwrap().unwrap();
}

#[test]
fn after_a_mark_that_did_not_move_nothing_is_released_or_written() {
    let mut site = Site::begun();
    let (before, _) = site.seen_and_stored();
    // The number that comes next was released with other contents: somebody else has the mark.
    let number = site.writer.parts.corridors.values().next().unwrap().logs.own.next_number();
    let other = Digest::new([9; 32]);
    site.writer
        .parts
        .marks
        .lock()
        .get_mut(&state("XK"))
        .unwrap()
        .release(number, other, 0)
        .unwrap();
    let marks = Arc::clone(&site.writer.parts.marks);
    let held = marks.lock();
    let (job, mut first) = site.append(1);
    site.commit(vec![job]);
    let (job, second) = site.append(2);
    site.commit(vec![job]);
    drop(held);
    // What was carried out in the first, and is not released, is not told either.
    let (again, mut repeated) = site.append(1);
    site.commit(vec![again]);
    assert!(repeated.try_recv().unwrap().is_err());
    assert_eq!(site.writer.all_released(), Err(NotReleased));
    assert!(site.writer.has_stopped());
    assert!(first.try_recv().unwrap().is_err());
    // The one behind it is refused by the thread.
    assert!(second.blocking_recv().unwrap().is_err());
    assert_eq!(site.snapshots.borrow().next.0, before);
    let (_, stored) = site.seen_and_stored();
    let (job, _) = site.append(3);
    assert_eq!(site.writer.commit(vec![Job::Tick, job]).len(), 2, "given back, to be refused");
    assert_eq!(site.seen_and_stored().1, stored);
}

#[test]
fn after_a_panic_while_releasing_nothing_is_told_as_released_or_written() {
    let mut site = Site::begun();
    site.writer.releaser = Some(Releaser::start(|_| panic!("fictional")).unwrap());
    let (before, _) = site.seen_and_stored();
    let asking = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let queue = site.queue.clone();
    let stated = site.stated(1);
    let first = asking.spawn(async move { queue.append(stated).await });
    asking.block_on(tokio::task::yield_now());
    let (Some(tick), Some(job)) = (site.writer.next(), site.writer.next()) else { panic!() };
    site.queue.put(tick);
    site.commit(vec![job]);
    let thread = site.writer.releaser.as_mut().unwrap().thread.take().unwrap();
    thread.join().unwrap_err();
    let (_, stored) = site.seen_and_stored();
    assert!(stored > before);

    // Whoever waited is told, and so is who comes while nobody has noticed it yet.
    let first = asking.block_on(first).unwrap().unwrap_err();
    assert_eq!(first.class(), Class::Unavailable);
    // Symptom: it was told that the ledger is closed, as if nothing were stored for certain.
    assert_eq!(first.message(), crate::failure::stopped().message());
    let (job, second) = site.append(2);
    site.commit(vec![job]);
    assert_eq!(second.blocking_recv().unwrap().unwrap_err().class(), Class::Unavailable);
    assert!(site.writer.has_stopped());

    let (job, third) = site.append(3);
    site.queue.put(job);
    assert!(site.writer.work().is_none());
    assert_eq!(third.blocking_recv().unwrap().unwrap_err().class(), Class::Unavailable);
    asking.block_on(site.queue.ended());
    assert_eq!(site.seen_and_stored(), (before, stored));
}

#[test]
fn the_first_dispatch_of_a_log_is_released_before_the_next_is_stored() {
    // A mark that says nothing follows a store with one dispatch, and is lost beside one with two.
    let (mut site, first) = Site::found();
    let parts = &site.writer.parts;
    let mut group = Group::new(parts);
    let facts = first.announcements.get(&state("XK")).unwrap().clone();
    group.announce(parts, state("XK"), facts).unwrap();
    group.compose(parts).unwrap();
    assert!(!group.is_plain());

    site.writer.begin(first).unwrap();
    let mut group = Group::new(&site.writer.parts);
    let (Job::Append(job, reply), _answer) = site.append(1) else { panic!() };
    assert!(site.writer.append(&mut group, job, reply).is_none());
    group.compose(&site.writer.parts).unwrap();
    assert!(group.is_plain());
}

#[test]
fn what_comes_behind_the_end_is_told_that_the_ledger_is_closed() {
    // Nothing of it is stored. Were it only dropped, nobody could tell it from what a panic left.
    let mut site = Site::begun();
    let (before, _) = site.seen_and_stored();
    site.queue.put(Job::End(oneshot::channel().0));
    let (job, behind) = site.append(1);
    site.queue.put(job);
    assert!(site.writer.work().is_some());
    let refused = behind.blocking_recv().unwrap().unwrap_err();
    assert_eq!(refused.message(), crate::failure::writer_gone().message());
    assert_eq!(site.seen_and_stored(), (before, before));
}
