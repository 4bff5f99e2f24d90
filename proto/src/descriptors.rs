//! Descriptors of every service and message, for reflection and for JSON.

/// A `FileDescriptorSet` without comments.
pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptors.bin");
