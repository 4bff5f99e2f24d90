//! Inputs near an input: AFL++ hands one over, and the target looks at these as well.
//!
//! Handing an input from one process to another takes many times as long as decoding it. So a run
//! of AFL++ is spent on an input and on [`COUNT`] more that are made of it here: always the same
//! ones, so that whatever one of them reaches, its input stands for.

/// How many inputs are made of each.
pub const COUNT: u64 = 63;

/// Numbers at which decoders turn: signs, limits of varints and of lengths.
const TURNING: [u8; 16] = [
    0x00, 0x01, 0x02, 0x08, 0x0a, 0x10, 0x12, 0x1a, 0x20, 0x40, 0x52, 0x58, 0x7f, 0x80, 0xa0, 0xff,
];

/// The inputs near `bytes`.
pub fn near(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (1..=COUNT).map(|count| {
        let mut dice = Dice::of(bytes, count);
        let mut changed = bytes.to_vec();
        for _ in 0..=dice.below(3) {
            change(&mut changed, &mut dice);
        }
        changed
    })
}

/// One change: of a bit, of a byte, or of what stands where.
fn change(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    let turning = TURNING.get(dice.below(TURNING.len())).copied().unwrap_or_default();
    let Some(byte) = bytes.get_mut(at) else {
        bytes.push(turning);
        return;
    };
    match dice.below(8) {
        0 => *byte ^= 1 << dice.below(8),
        1 => *byte = turning,
        2 => *byte = byte.wrapping_add(1),
        3 => *byte = byte.wrapping_sub(1),
        4 => bytes.insert(at, turning),
        5 => {
            bytes.remove(at);
        }
        6 => bytes.truncate(at),
        _ => {
            let end = bytes.len().min(at + 1 + dice.below(32));
            let piece = bytes.get(at..end).unwrap_or_default().to_vec();
            let to = dice.below(bytes.len());
            bytes.splice(to..to, piece);
        }
    }
}

/// Numbers that depend on the input alone.
struct Dice(u64);

impl Dice {
    fn of(bytes: &[u8], count: u64) -> Self {
        // FNV-1a.
        let start = 0xcbf2_9ce4_8422_2325 ^ count;
        Self(
            bytes
                .iter()
                .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    /// A number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        // Splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or_default();
        number.checked_rem(end).unwrap_or_default()
    }
}
