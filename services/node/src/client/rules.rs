//! Adopted rules as files: what either State has adopted, byte for byte, for those who compare it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use proto::node::v1::{Agreement, ListAgreementsResponse};

use super::print;

/// Writes the rules of every adoption to a file of its own, or none where one of them is there
/// already.
///
/// # Errors
/// A file is there already, or cannot be written.
pub(super) fn write(reply: &DynamicMessage, folder: &Path, json: bool) -> anyhow::Result<()> {
    let reply = ListAgreementsResponse::decode(reply.encode_to_vec().as_slice())?;
    // An adoption whose bytes hold no rules has adopted nothing.
    let written = reply.agreements.iter().filter(|it| !it.rules.is_empty());
    let files = written.map(|it| Ok((folder.join(name(it)?), &it.rules)));
    let files: Vec<(PathBuf, &Vec<u8>)> = files.collect::<anyhow::Result<_>>()?;
    for (path, _) in &files {
        ensure!(!path.exists(), "`{}` is there already, and nothing was written", path.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
    for (path, rules) in files {
        let write = || OpenOptions::new().write(true).create_new(true).open(&path);
        write()
            .and_then(|mut file| file.write_all(rules))
            .with_context(|| format!("write `{}`", path.display()))?;
        print::saved(&path, rules.len(), json);
    }
    Ok(())
}

/// Which rules a file holds, and whose: `benelux_kosovo_2011.v2.XK.partner.0a1b2c3d4e5f.rules`.
fn name(of: &Agreement) -> anyhow::Result<String> {
    let by = match (of.adopted_by_own, of.adopted_by_partner) {
        (true, true) => "both",
        (true, false) => "own",
        (false, true) => "partner",
        (false, false) => "neither",
    };
    let Agreement { agreement, version, partner_state, digest, .. } = of;
    let digest: String = hex::encode(digest).chars().take(12).collect();
    let name = format!("{agreement}.v{version}.{partner_state}.{by}.{digest}.rules");
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    ensure!(name.chars().all(plain), "`{name}` cannot be the name of a file");
    Ok(name)
}
