//! Where a damaged bundle stops being one: the byte from which its structure cannot be followed.
//!
//! Signatures and digests find what was changed inside a value. A changed length or field number
//! leaves nothing that they could look at; this says where it is.

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

/// What every signature of the record begins with (SPEC, 4); a bundle has many.
const SIGNATURE_START: [u8; 7] = [0x84, 0x55, 0xA2, 0x01, 0x27, 0x04, 0x50];

/// Whether the bytes were a bundle once: there is a signature of the record in them.
pub(super) fn was_a_bundle(bytes: &[u8]) -> bool {
    bytes.windows(SIGNATURE_START.len()).any(|window| window == SIGNATURE_START)
}

/// The first place that cannot be followed: the byte, and the field that it lies in.
pub(super) fn place(bytes: &[u8]) -> Option<String> {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).ok()?;
    let bundle = pool.get_message_by_name("readmit.record.v1.EvidenceBundle")?;
    let place = follow(&bundle, bytes, 0, "").err()?;
    let field = if place.field.is_empty() { "the bundle itself" } else { &place.field };
    Some(format!("from byte {} on, in {field}", place.byte))
}

struct Place {
    byte: usize,
    field: String,
}

/// Follows the fields of a message that starts at byte `start` of the file.
fn follow(
    message: &MessageDescriptor,
    bytes: &[u8],
    start: usize,
    path: &str,
) -> Result<(), Place> {
    let mut rest = bytes;
    let mut count = 0;
    let mut last = 0;
    while !rest.is_empty() {
        let byte = start + (bytes.len() - rest.len());
        let here = || Place { byte, field: path.to_owned() };
        let tag = varint(&mut rest).ok_or_else(here)?;
        let field = u32::try_from(tag >> 3).ok().and_then(|number| message.get_field(number));
        let field = field.ok_or_else(here)?;
        count = if field.number() == last { count + 1 } else { 0 };
        last = field.number();
        let name = match (path, field.is_list()) {
            ("", false) => field.name().to_owned(),
            ("", true) => format!("{}[{count}]", field.name()),
            (path, false) => format!("{path}.{}", field.name()),
            (path, true) => format!("{path}.{}[{count}]", field.name()),
        };
        match (field.kind(), tag & 7) {
            (Kind::Message(inner), 2) => {
                let inside = sized(&mut rest).ok_or_else(here)?;
                let inside_at = start + (bytes.len() - rest.len() - inside.len());
                follow(&inner, inside, inside_at, &name)?;
            }
            (Kind::Bytes | Kind::String, 2) => {
                sized(&mut rest).ok_or(Place { byte, field: name })?;
            }
            (Kind::Uint32 | Kind::Uint64, 0) => {
                varint(&mut rest).ok_or(Place { byte, field: name })?;
            }
            _ => return Err(here()),
        }
    }
    Ok(())
}

/// A number, and the rest moved behind it.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A length and as many bytes, and the rest moved behind them.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(rest)?).ok()?;
    let (inside, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(inside)
}
