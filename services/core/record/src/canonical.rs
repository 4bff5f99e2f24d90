//! The one encoding: decode, encode, compare.
//!
//! What this cannot see, the numbers of enumerations and the values of fields, is checked where a
//! message becomes a value of the domain; together they are the canonical form of the
//! specification.

use prost::Message;

/// Why bytes are not the canonical form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// Not a message of this kind at all.
    #[error("the bytes are not a message of this kind")]
    Unreadable,
    /// A message, in another encoding than the one that is allowed, or with an unknown field.
    #[error("the bytes are not in the canonical form")]
    OtherForm,
}

/// Reads a message from its canonical form.
///
/// # Errors
/// The bytes are anything else.
pub fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M, NotCanonical> {
    let message = M::decode(bytes).map_err(|_| NotCanonical::Unreadable)?;
    // Unknown fields, long varints, defaults, other orders and second members of a oneof are
    // lost or changed by writing the message again.
    if message.encoded_len() == bytes.len() && message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(NotCanonical::OtherForm)
    }
}

/// Writes a message in its canonical form.
#[must_use]
pub fn encode<M: Message>(message: &M) -> Vec<u8> {
    message.encode_to_vec()
}

/// The content of a field of bytes, if it stands next, in the one form; leaves what it reads from
/// alone where it does not. For messages that are read by hand; `number` is below 16.
pub(crate) fn field<'a>(rest: &mut &'a [u8], number: u8) -> Option<&'a [u8]> {
    let mut bytes = rest.strip_prefix(&[(number << 3) | 2])?;
    let length = length(&mut bytes)?;
    let (content, behind) = bytes.split_at_checked(length)?;
    *rest = behind;
    Some(content)
}

/// A varint in its fewest bytes, of which it has four at most: nothing here is longer.
fn length(bytes: &mut &[u8]) -> Option<usize> {
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let (byte, behind) = bytes.split_first()?;
        *bytes = behind;
        length |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            // A last byte of zero would be a longer form.
            return (*byte != 0 || shift == 0).then_some(length);
        }
    }
    None
}
