//! A damaged store mended record by record, by somebody who knows what stood there: byte for byte,
//! or not at all.

use event_store::disk::Simulated;
use event_store::{
    Broken, Filler, MendError, Mended, NewRecord, Position, Seen, Slot, StoredRecord, mend_on,
    survey_on,
};

use crate::place::{OnDisk, Place};
use crate::sample::{Answers, answers, batch, fill, record};

pub(crate) const FIRST: &str = "journal/0000000000000000.seg";
/// A byte in the payload of its first record.
pub(crate) const PAYLOAD: u64 = 64 + 48 + 66;

/// Somebody who knows every record.
pub(crate) struct Knows<'a> {
    all: &'a [StoredRecord],
    /// What is offered before the truth.
    lies: Vec<Vec<NewRecord>>,
    seen: Vec<StoredRecord>,
}

impl<'a> Knows<'a> {
    pub(crate) fn new(all: &'a [StoredRecord]) -> Self {
        Self { all, lies: Vec::new(), seen: Vec::new() }
    }
}

fn new(record: &StoredRecord) -> NewRecord {
    let StoredRecord { log, stream, leaf, payload, .. } = record.clone();
    NewRecord { log, stream, leaf, payload }
}

fn lost(broken: &Broken) -> Vec<usize> {
    let lost = broken.slots.iter().filter_map(|slot| match slot {
        Slot::Intact(_) => None,
        Slot::Lost { position, .. } => usize::try_from(position.0).ok(),
    });
    lost.collect()
}

impl Filler for Knows<'_> {
    fn fill(&mut self, broken: &Broken) -> Result<Vec<Vec<NewRecord>>, String> {
        let truth = lost(broken).into_iter().map(|at| new(&self.all[at]));
        Ok(self.lies.drain(..).chain([truth.collect()]).collect())
    }

    fn record(&mut self, record: &StoredRecord) -> Result<(), String> {
        self.seen.push(record.clone());
        Ok(())
    }
}

/// Makes a closed store of several segments, and says what it answers.
pub(crate) async fn closed(place: &OnDisk) -> Answers {
    let store = place.open();
    fill(&store, 0..90).await;
    // A few without a cursor.
    for n in 0..6 {
        let records = (0..3).map(|part| record("local", Some("f"), &format!("{n} {part}")));
        store.append(batch(records.collect())).await.unwrap();
    }
    fill(&store, 90..120).await;
    let expected = answers(&store);
    store.close();
    expected
}

pub(crate) fn mend(place: &OnDisk, filler: &mut dyn Filler) -> Result<Mended, MendError> {
    mend_on(place.disk(), filler, &mut |_| ())
}

/// Mends a damaged copy: whole again, or refused with nothing changed.
fn mended(copy: &OnDisk, expected: &Answers, what: &str) -> bool {
    let before = copy.journal();
    let mut knows = Knows::new(&expected.all);
    match mend(copy, &mut knows) {
        Ok(mended) => {
            assert_eq!(mended.verified.repairs, [], "{what}");
            assert_eq!(knows.seen, expected.all, "{what}");
            assert_eq!(answers(&copy.open()), *expected, "{what}");
            true
        }
        // With the truth offered, what has perished stood beside the records.
        Err(MendError::Beyond { file, .. } | MendError::Unfilled { file, .. }) => {
            assert!(what.contains(&file), "{what}");
            assert_eq!(copy.journal(), before, "{what}");
            false
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

async fn a_flipped_byte_is_mended_by_who_knows_the_records(place: OnDisk) {
    let expected = closed(&place).await;
    let (mut whole, mut beyond) = (0, 0);
    for path in [FIRST, "journal/0000000000000001.seg"] {
        for at in (0..place.length(path)).step_by(place.pick(7, 409)) {
            let copy = place.copy();
            copy.flip(path, at, 1 << (at % 8));
            // A footer is made anew by the next opening, and is nobody's loss.
            if copy.verify().is_ok() {
                continue;
            }
            match mended(&copy, &expected, &format!("{path} {at}")) {
                true => whole += 1,
                false => beyond += 1,
            }
        }
    }
    // What remains are headers of segments, and the cursor of each frame: it has no checksum of
    // its own, and nobody else has it.
    eprintln!("{whole} flipped bytes mended, {beyond} are beyond it");
    assert!(whole > place.pick(1500, 25) && beyond < whole / 4, "{whole} {beyond}");
}

async fn lost_sectors_are_mended_as_far_as_the_borders_of_frames_can_be_told(place: OnDisk) {
    let expected = closed(&place).await;
    let (mut whole, mut beyond) = (0, 0);
    for sector in 0..place.length(FIRST) / 128 {
        let copy = place.copy();
        copy.zero(FIRST, sector * 128..(sector + 1) * 128);
        match mended(&copy, &expected, &format!("{FIRST} {sector}")) {
            true => whole += 1,
            false => beyond += 1,
        }
    }
    eprintln!("{whole} lost ranges mended, {beyond} are beyond it");
    assert!(whole > 5 && beyond > 5, "{whole} {beyond}");
}

async fn what_did_not_stand_there_is_refused_and_nothing_is_changed(place: OnDisk) {
    let expected = closed(&place).await;
    place.flip(FIRST, PAYLOAD, 1);
    let damaged = place.journal();
    let mut positions = Vec::new();
    let survey = survey_on(place.disk(), &mut |seen| {
        if let Seen::Broken(broken) = seen {
            positions.extend(lost(broken));
        }
    });
    survey.unwrap();
    let [perished] = positions[..] else { panic!("{positions:?}") };
    let truth = new(&expected.all[perished]);
    let mut lies = Vec::new();
    for at in 0..truth.payload.len() {
        let mut lie = truth.clone();
        lie.payload[at] ^= 1;
        lies.push(vec![lie]);
    }
    lies.push(vec![NewRecord { leaf: Vec::new(), ..truth.clone() }]);
    lies.push(vec![NewRecord { stream: None, ..truth.clone() }]);
    lies.push(vec![new(&expected.all[perished + 1])]);
    lies.push(vec![truth.clone(), truth.clone()]);
    lies.push(Vec::new());

    struct Lies(Vec<Vec<NewRecord>>);
    impl Filler for Lies {
        fn fill(&mut self, _: &Broken) -> Result<Vec<Vec<NewRecord>>, String> {
            Ok(self.0.clone())
        }

        fn record(&mut self, _: &StoredRecord) -> Result<(), String> {
            Ok(())
        }
    }
    let refused = mend(&place, &mut Lies(lies.clone()));
    let Err(MendError::Unfilled { file, position, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((file.as_str(), position.0), (FIRST, perished as u64));
    assert_eq!(place.journal(), damaged);
    // The truth among the lies is found.
    let mut knows = Knows { lies, ..Knows::new(&expected.all) };
    let mended = mend(&place, &mut knows).unwrap();
    assert_eq!((mended.frames, mended.records), (1, 1));
    assert_eq!(answers(&place.open()), expected);
}

async fn where_nothing_is_left_that_vouches_for_a_frame_nothing_is_taken_for_it(place: OnDisk) {
    let expected = closed(&place).await;
    place.flip(FIRST, PAYLOAD, 1);
    // The header of the frame, with both checksums, and then one of them at a time.
    for (lost, is_vouched_for) in [(64..112, false), (64..72, true), (76..80, true)] {
        let copy = place.copy();
        copy.zero(FIRST, lost);
        let damaged = copy.journal();
        let truth = new(&expected.all[0]);
        let mut lie = truth.clone();
        *lie.payload.last_mut().unwrap() ^= 1;
        let mut knows = Knows { lies: vec![vec![lie]], ..Knows::new(&expected.all) };
        let result = mend(&copy, &mut knows);
        assert_eq!(result.is_ok(), is_vouched_for, "{result:?}");
        match is_vouched_for {
            true => assert_eq!(answers(&copy.open()), expected),
            false => assert_eq!(copy.journal(), damaged),
        }
    }
}

async fn a_segment_that_would_not_be_what_its_footer_says_is_left_alone(place: OnDisk) {
    const FOOTER: usize = 104;
    let expected = closed(&place).await;
    place.flip(FIRST, PAYLOAD, 1);
    // A footer of other bytes, with a checksum that fits: frames alone do not tell.
    let mut bytes = place.bytes(FIRST);
    let at = bytes.len() - FOOTER;
    let footer = &mut bytes[at..];
    assert_eq!(&footer[..8], b"RDMTSEAL");
    footer[80] ^= 1;
    footer[12..16].fill(0);
    let crc = crc32fast::hash(footer);
    footer[12..16].copy_from_slice(&crc.to_le_bytes());
    place.put(FIRST, at as u64, footer);
    let damaged = place.journal();
    let refused = mend(&place, &mut Knows::new(&expected.all));
    let Err(MendError::Beyond { what, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(what, "damage that no checksum shows, before a footer");
    assert_eq!(place.journal(), damaged);
}

async fn who_knows_the_records_may_refuse_them(place: OnDisk) {
    struct Refuses(u64);
    impl Filler for Refuses {
        fn fill(&mut self, broken: &Broken) -> Result<Vec<Vec<NewRecord>>, String> {
            Err(format!("nobody has {:?}", lost(broken)))
        }

        fn record(&mut self, record: &StoredRecord) -> Result<(), String> {
            match record.position.0 == self.0 {
                true => Err(format!("{} is not signed", self.0)),
                false => Ok(()),
            }
        }
    }
    closed(&place).await;
    let before = place.journal();
    let refused = mend(&place, &mut Refuses(5)).unwrap_err();
    assert_eq!(refused.to_string(), "5 is not signed");
    assert_eq!(place.journal(), before);
    place.flip(FIRST, PAYLOAD, 1);
    let refused = mend(&place, &mut Refuses(u64::MAX)).unwrap_err();
    assert!(refused.to_string().starts_with("nobody has ["), "{refused}");
    place.remove_dir("journal");
    assert!(matches!(mend(&place, &mut Refuses(0)), Err(MendError::NoStore)));
}

#[tokio::test]
async fn mending_cut_at_any_step_can_be_done_again() {
    let mut random = crate::sample::random();
    let disk = Simulated::new();
    let expected = closed(&disk.clone().into()).await;
    disk.flip(FIRST, PAYLOAD, 1);
    disk.flip("journal/0000000000000001.seg", PAYLOAD, 1);
    let mut choose = |count| rand::RngExt::random_range(&mut random, 0..count);
    for steps in 0.. {
        let copy = disk.cut(&mut |_| 0);
        copy.stop_after(steps);
        let done = mend(&copy.clone().into(), &mut Knows::new(&expected.all)).is_ok();
        let copy = OnDisk::from(copy.cut(&mut choose));
        mend(&copy, &mut Knows::new(&expected.all)).unwrap();
        assert_eq!(answers(&copy.open()), expected, "{steps}");
        if done {
            break;
        }
    }
}

async fn a_store_that_is_open_or_whole_is_left_alone(place: OnDisk) {
    let expected = closed(&place).await;
    let before = place.journal();
    let mended = mend(&place, &mut Knows::new(&expected.all)).unwrap();
    assert_eq!((mended.frames, mended.records), (0, 0));
    assert_eq!(place.journal(), before);
    let store = place.open();
    let refused = mend(&place, &mut Knows::new(&expected.all));
    assert!(matches!(refused, Err(MendError::InUse)), "{refused:?}");
    store.close();
}

async fn what_reads_as_a_lost_record_is_told_and_what_does_not_is_not(place: OnDisk) {
    let expected = closed(&place).await;
    // A byte of its payload; then of its length, so that nothing reads as one.
    for (at, is_told) in [(PAYLOAD, true), (64 + 48, false)] {
        let copy = place.copy();
        copy.flip(FIRST, at, 0x80);
        let mut told = Vec::new();
        let survey = survey_on(copy.disk(), &mut |seen| {
            if let Seen::Broken(broken) = seen {
                told.extend(broken.slots.clone());
            }
        });
        survey.unwrap();
        let Slot::Lost { position, reads } = told.remove(0) else { panic!("{told:?}") };
        assert_eq!((position, reads.is_some()), (Position(0), is_told));
        if let Some(reads) = reads {
            let whole = &expected.all[0];
            assert_ne!(reads.payload, whole.payload);
            assert_eq!(StoredRecord { payload: whole.payload.clone(), ..reads }, *whole);
        }
    }
}

crate::place::on_each_disk!(
    a_flipped_byte_is_mended_by_who_knows_the_records,
    lost_sectors_are_mended_as_far_as_the_borders_of_frames_can_be_told,
    what_did_not_stand_there_is_refused_and_nothing_is_changed,
    where_nothing_is_left_that_vouches_for_a_frame_nothing_is_taken_for_it,
    a_segment_that_would_not_be_what_its_footer_says_is_left_alone,
    who_knows_the_records_may_refuse_them,
    a_store_that_is_open_or_whole_is_left_alone,
    what_reads_as_a_lost_record_is_told_and_what_does_not_is_not
);
