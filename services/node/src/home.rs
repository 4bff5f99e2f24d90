//! The folder of a node: what lies where, and writing files there so that nobody else reads keys.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use runtime::config::Config;

/// The node's configuration.
pub(crate) const CONFIGURATION: &str = "readmit.toml";
/// What the partner is given: root key, authority, directory.
pub(crate) const HANDOVER: &str = "handover";
/// Seed of the root key: for ceremonies, away from the node in production.
pub(crate) const ROOT_KEY: &str = "ceremony/root.key";
/// Where the running node writes the address that its people call.
pub(crate) const API_ADDRESS: &str = "run/api.address";
/// Where the running node writes the address that partners call.
pub(crate) const PARTNER_ADDRESS: &str = "run/partner.address";

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Everybody.
    All,
    /// The owner alone.
    Owner,
}

/// Reads the node's configuration.
pub(crate) fn configuration(home: &Path) -> anyhow::Result<Config> {
    let file = home.join(CONFIGURATION);
    if !file.exists() {
        bail!(
            "`{}` is no folder of a node: there is no `{CONFIGURATION}`; name another by `--home` \
             or READMIT_HOME, or prepare it with `readmit --home {} init --state …`",
            home.display(),
            home.display()
        );
    }
    Ok(Config::load(Some(&file), std::env::vars())?)
}

/// Writes a new file and the folders above it; refuses to replace one.
pub(crate) fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> anyhow::Result<()> {
    folders_above(path)?;
    let mode = if readers == Readers::Owner { 0o600 } else { 0o644 };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("create `{}`", path.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write `{}`", path.display()))
}

/// Writes a new file, or finds the same bytes there, from an attempt that was cut short.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => Ok(()),
        Ok(_) => bail!("`{}` is there already, and holds something else", path.display()),
        Err(_) => write_new(path, bytes, Readers::All),
    }
}

/// Writes a file whole: to a new name first, so that a reader sees the old or the new.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    folders_above(path)?;
    let new = path.with_extension("new");
    std::fs::write(&new, bytes)
        .and_then(|()| std::fs::File::open(&new)?.sync_all())
        .and_then(|()| std::fs::rename(&new, path))
        .with_context(|| format!("write `{}`", path.display()))
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("read `{}`", path.display()))
}

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
}

fn folders_above(path: &Path) -> anyhow::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))
}
