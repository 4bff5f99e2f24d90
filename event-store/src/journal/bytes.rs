//! Little-endian numbers in and out of byte slices, without panics on short input.

/// Takes fields off the front of a slice.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// Overwrites bytes at a place that the caller has made room for.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    let place = bytes.get_mut(at..at + value.len());
    place.expect("the field lies within the encoding").copy_from_slice(value);
}

/// A length in memory as a stored number. `usize` is at most 64 bits wherever this builds.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

/// A stored number as a length in memory, where it is known to be bounded.
pub(crate) fn narrow(length: u64) -> usize {
    usize::try_from(length).expect("a bounded length fits the memory")
}
