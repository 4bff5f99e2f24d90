//! The store alone: how fast it makes records durable, gives them back, and is ready again after a
//! crash, beside a bare file and beside what people would pick instead.
//!
//! Everything in a round has the same durability: when a batch is done, it outlives the loss of
//! power. The others (`peers`) get less to do than the store: a value under a number, no second
//! order by case, no Merkle tree, no checksum of their own for each record.

mod material;
mod bare;
#[cfg(feature = "peers")]
mod peers;
mod append;
mod waiting;
pub(crate) mod process;
mod sizes;

use std::path::Path;

use anyhow::Result;

use crate::Amount;
use crate::report::Row;

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let folder = folder.join("store");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    eprintln!("  one batch after the other");
    let mut rows = append::measure(amount, &folder)?;
    eprintln!("  many who wait");
    rows.extend(waiting::measure(amount, &folder)?);
    eprintln!("  at each size");
    rows.extend(sizes::measure(amount, &folder)?);
    std::fs::remove_dir_all(&folder)?;
    Ok(rows)
}
