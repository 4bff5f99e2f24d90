//! Ports on loopback for processes that are told beforehand where to listen.
//!
//! A port that the system picks (`127.0.0.1:0`) is one that it also gives to outgoing connections:
//! between the pick and the start, and while a node is down, somebody else's connection can take
//! it. These lie below that range (32768 to 60999 on Linux).

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// The first port that is given out.
const FIRST: u16 = 12_000;

/// How many there are from there on.
const COUNT: u16 = 20_000;

/// Counts up from a place of its own in each process, so that no two tests get the same.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
    let bytes = RandomState::new().hash_one(std::process::id()).to_le_bytes();
    AtomicU16::new(u16::from_le_bytes([bytes[0], bytes[1]]))
});

/// A port on loopback that is free now, and that this process gives out once.
///
/// # Errors
/// All are taken.
pub fn free() -> Result<u16> {
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("every port from {FIRST} to {} is taken", FIRST + COUNT - 1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_port_is_free_and_given_out_once() {
        let one = free().unwrap();
        let held = TcpListener::bind(("127.0.0.1", one)).unwrap();
        let other = free().unwrap();
        assert_ne!(one, other);
        assert!((FIRST..FIRST + COUNT).contains(&one), "{one}");
        drop(held);
    }
}
