//! The one source of randomness that this crate names; everything else is handed one.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

pub use rand::CryptoRng;

/// The operating system's generator. Panics where the system has no randomness to give: nothing
/// can be done safely then.
#[must_use]
pub const fn operating_system() -> impl CryptoRng {
    UnwrapErr(SysRng)
}
