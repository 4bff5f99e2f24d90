//! Attachments: every changed bit, order and end is found; what they are is told by their content.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::identifier::{CaseId, State};
use domain::person::attachment::{AttachmentId, MediaType};
use record::attachment::content::{Inspector, NotTaken};
use record::attachment::{AttachmentKey, AttachmentPlace, End, Part};
use record::digest::sha256;
use record::log_id::LogId;
use record::seal::CaseKey;

fn place() -> AttachmentPlace {
    let genesis = sha256(&[b"genesis"]);
    AttachmentPlace {
        log: LogId::shared(&genesis, State::new("NL").unwrap(), 0),
        case: CaseId::new([7; 16]),
        id: AttachmentId::new([9; 16]),
    }
}

fn case_key() -> CaseKey {
    CaseKey::from_slice(&[3; 32]).unwrap()
}

#[test]
fn every_flipped_bit_of_a_sealed_chunk_is_found() {
    let key = AttachmentKey::new(&case_key(), &place());
    let part = Part::of(0, 1);
    let sealed = key.seal(part, b"a scan of a fictional passport");
    assert_eq!(key.open(part, &sealed).unwrap().as_slice(), b"a scan of a fictional passport");
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(key.open(part, &changed).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(key.open(part, &sealed[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn a_chunk_opens_only_at_its_number_its_end_and_its_place() {
    let key = AttachmentKey::new(&case_key(), &place());
    let count = 3;
    let sealed: Vec<_> = (0..count).map(|it| key.seal(Part::of(it, count), b"chunk")).collect();
    for (index, chunk) in (0..).zip(&sealed) {
        for at in 0..count {
            for end in [End::More, End::Last] {
                let part = Part { index: at, end };
                let opens = key.open(part, chunk).is_ok();
                assert_eq!(opens, part == Part::of(index, count), "{index} as {part:?}");
            }
        }
    }
    // Cut off after two chunks, the second is not the last.
    assert!(key.open(Part::of(1, 2), &sealed[1]).is_err());

    let here = place();
    let genesis = sha256(&[b"genesis"]);
    let others = [
        AttachmentPlace { id: AttachmentId::new([8; 16]), ..here },
        AttachmentPlace { case: CaseId::new([8; 16]), ..here },
        AttachmentPlace { log: LogId::shared(&genesis, State::new("XK").unwrap(), 0), ..here },
        AttachmentPlace { log: LogId::shared(&genesis, State::new("NL").unwrap(), 1), ..here },
    ];
    for other in others {
        let other = AttachmentKey::new(&case_key(), &other);
        assert!(other.open(Part::of(0, count), &sealed[0]).is_err());
    }
    let foreign = AttachmentKey::new(&CaseKey::from_slice(&[4; 32]).unwrap(), &here);
    assert!(foreign.open(Part::of(0, count), &sealed[0]).is_err());
}

#[test]
fn the_sealed_bytes_are_those_of_the_specification() {
    let key = AttachmentKey::new(&case_key(), &place());
    let sealed = key.seal(Part::of(1, 2), b"golden");
    assert_eq!(sealed.len(), 6 + 16);
    assert_eq!(sha256(&[&sealed]).to_string(), GOLDEN);
}

/// Made with another implementation of the cipher and the derivation.
const GOLDEN: &str = "21aba11a212762e2d1979843326fb0227364263ede0a22ebb6477a5739c53e0d";

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [length.as_slice(), kind, content, &[1, 2, 3, 4]].concat()
}

fn png() -> Vec<u8> {
    let start = b"\x89PNG\r\n\x1a\n".to_vec();
    [start, chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", &[5; 300]), chunk(b"IEND", &[])].concat()
}

fn jpeg() -> Vec<u8> {
    let segment = [b"\xff\xe0\x00\x10".as_slice(), &[0; 14]].concat();
    let filled = b"\xff\xff\xdb\x00\x03\x00".to_vec();
    let picture = [b"\xff\xda\x00\x02".as_slice(), &[7; 400], b"\xff\xd9"].concat();
    [b"\xff\xd8".to_vec(), segment, filled, picture].concat()
}

fn pdf() -> Vec<u8> {
    [b"%PDF-1.7\n".as_slice(), &[b' '; 2000], b"startxref\n9\n%%EOF\n"].concat()
}

fn nist() -> Vec<u8> {
    let fields = b"\x1d1.002:0500\x1d1.003:1\x1f1\x1e2\x1f00\x1c";
    let length = b"1.001:00".len() + fields.len();
    let first = [format!("1.001:{length:02}").as_bytes(), fields].concat();
    [first, b"2.001:19\x1d2.002:00\x1c".to_vec()].concat()
}

/// What the content is, however it is cut into pieces.
fn check(content: &[u8], expected: Result<MediaType, NotTaken>, name: &str) {
    for piece in [1, 7, 8, 64, content.len().max(1)] {
        let mut inspector = Inspector::default();
        let pushed = content.chunks(piece).try_for_each(|piece| inspector.push(piece));
        let found = pushed.and_then(|()| inspector.finish());
        assert_eq!(found, expected, "{name}, in pieces of {piece}");
    }
}

#[test]
fn what_is_taken_is_told_by_its_content() {
    for (content, media_type) in [
        (pdf(), MediaType::Pdf),
        (jpeg(), MediaType::Jpeg),
        (png(), MediaType::Png),
        (nist(), MediaType::AnsiNist),
    ] {
        check(&content, Ok(media_type), "whole");
        // Cut off anywhere behind its beginning, it is none. (A PDF's last line may lack its end.)
        for length in 9..content.len() - 1 {
            if media_type == MediaType::AnsiNist && content[..length].ends_with(b"\x1c") {
                // Between two of its records.
                continue;
            }
            check(&content[..length], Err(NotTaken::Damaged), &format!("{media_type:?} {length}"));
        }
    }
}

#[test]
fn what_is_something_else_or_hides_something_is_not_taken() {
    let unknown: [&[u8]; 9] = [
        b"",
        b"%PD",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"PK\x03\x04\x14\x00\x06\x00",
        b"GIF89a\x01\x00\x01",
        b"<html><script>",
        b"passport.pdf",
        b"1.5 is a number",
    ];
    for content in unknown {
        check(content, Err(NotTaken::UnknownType), &format!("{content:?}"));
    }
    let behind = |mut content: Vec<u8>| {
        content.extend(b"PK\x03\x04 an archive behind it");
        content
    };
    let other_first = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IDAT", &[0; 13])].concat();
    let twice = [png(), chunk(b"IEND", &[])].concat();
    let short_segment = b"\xff\xd8\xff\xe0\x00\x01 and more of it".to_vec();
    let lying = b"1.001:99999\x1d1.002:0500\x1d1.003:1\x1c".to_vec();
    let endless = b"1.001:1234567890123456789".to_vec();
    let damaged =
        [behind(png()), behind(jpeg()), other_first, twice, short_segment, lying, endless];
    for (index, content) in damaged.into_iter().enumerate() {
        check(&content, Err(NotTaken::Damaged), &format!("{index}"));
    }
}

#[test]
fn a_file_of_nothing_but_small_elements_is_walked_in_one_go() {
    // Symptom: each element moved all the bytes behind it, so that a file of them held a core up
    // for minutes.
    let mut padded = jpeg();
    padded.splice(2..2, vec![0xff; 4 << 20]);
    let mut inspector = Inspector::default();
    inspector.push(&padded).unwrap();
    assert_eq!(inspector.finish(), Ok(MediaType::Jpeg));
}
