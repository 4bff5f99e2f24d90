//! The two forms in which bytes are looked at: as they are, and in the one encoding.
//!
//! Almost every change of a byte breaks the one encoding. Written again from what prost could
//! read, the bytes come much further.

use prost::Message;
use record::canonical;

/// Looks at the bytes, and at the canonical form of the message `M` that they almost are.
pub(crate) fn both<M: Message + Default>(bytes: &[u8], look: impl Fn(&[u8])) {
    look(bytes);
    if let Some(form) = almost::<M>(bytes).map(|message| message.encode_to_vec())
        && form != bytes
    {
        look(&form);
    }
}

/// The message that bytes almost are. Written again, it is in the one encoding.
pub(crate) fn almost<M: Message + Default>(bytes: &[u8]) -> Option<M> {
    let message = M::decode(bytes).ok()?;
    let form = message.encode_to_vec();
    assert!(canonical::decode::<M>(&form).is_ok(), "a form that was just written is canonical");
    Some(message)
}
