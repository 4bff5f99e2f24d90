//! No decoder holds more memory than is stated, whatever it is given. A process of its own, on one
//! thread, so that nothing else is counted.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "what was found is the result")]

#[path = "../it/input.rs"]
mod input;

use std::process::ExitCode;

use fuzz::allocation::{BYTES_PER_BYTE, bytes_max};
use fuzz::target::Target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Tags of an outer message: all of one with few fields, and the statements that have lists.
const OUTER: &[u8] =
    &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 40, 42, 111, 112];
/// Tags of an inner one.
const INNER: &[u8] = &[1, 2, 3, 4, 7, 8];
/// How long the lists are: just after a list that doubles has doubled.
const LENGTH: usize = 1_030;

fn main() -> ExitCode {
    let mut sound = true;
    let everywhere: Vec<Vec<u8>> = input::vectors().into_iter().chain(made()).collect();
    for target in Target::ALL {
        // Whatever is made once is not counted.
        target.decode(&[]);
        let mut worst = Held::default();
        for bytes in kept(target).iter().chain(&everywhere) {
            let held = Held { length: bytes.len(), bytes: held(target, bytes) };
            if held.bytes > bytes_max(held.length) {
                println!("{}: {held:?} of {}", target.name(), hex::encode(bytes));
                sound = false;
            }
            if held.per_byte() > worst.per_byte() {
                worst = held;
            }
        }
        println!("{}: at most {} for each byte", target.name(), worst.per_byte());
    }
    if sound {
        return ExitCode::SUCCESS;
    }
    println!("more than {BYTES_PER_BYTE} bytes for each byte, and a little");
    ExitCode::FAILURE
}

/// What a decoder held at once, and what it was given.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    length: usize,
    bytes: usize,
}

impl Held {
    /// How often its input it held, where there was an input worth counting.
    const fn per_byte(self) -> usize {
        if self.length < 1_000 { 0 } else { self.bytes / self.length }
    }
}

/// The most that a target holds at once while it decodes.
fn held(target: Target, bytes: &[u8]) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    target.decode(bytes);
    MEMORY.peak_usage().saturating_sub(before)
}

fn kept(target: Target) -> Vec<Vec<u8>> {
    let folders = ["corpus", "regressions"].map(|kind| input::home().join(kind));
    let files = folders.iter().flat_map(|folder| input::files(&folder.join(target.name())));
    files.map(|file| std::fs::read(file).unwrap()).collect()
}

/// Inputs that say little and claim much: lists of empty messages and of single numbers at every
/// field, alone and one and two messages deep; nested and long CBOR.
fn made() -> Vec<Vec<u8>> {
    let empties = |tag| field(tag, &[]).repeat(LENGTH);
    let numbers = |tag| field(tag, &[1; LENGTH]);
    let mut made: Vec<Vec<u8>> =
        OUTER.iter().flat_map(|tag| [empties(*tag), numbers(*tag)]).collect();
    for inner in INNER {
        for list in [empties(*inner), numbers(*inner)] {
            made.extend(OUTER.iter().map(|tag| field(*tag, &list)));
            let middle = (1..=5).map(|tag| field(tag, &list));
            made.extend(middle.flat_map(|it| (1..=5).map(move |tag| field(tag, &it))));
        }
    }
    for element in [&[0x80_u8][..], &[0x81], &[0x60], &[0xa0], &[0xf6], &[0x9f], &[0x5f, 0xff]] {
        let list = element.repeat(LENGTH);
        made.push(list.clone());
        made.push([&[0x84, 0x40, 0xa0, 0x99, 0x04, 0x06][..], &list].concat());
        made.push([&[0x9f][..], &list].concat());
    }
    made.push([&[0x9b, 0x7f][..], &[0xff; 7]].concat());
    made.push([&[0x5b, 0x7f][..], &[0xff; 7]].concat());
    made
}

/// A length-delimited field.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let key = u16::from(tag) << 3 | 2;
    let mut field = varint(usize::from(key));
    field.extend(varint(bytes.len()));
    field.extend(bytes);
    field
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
