//! A scan: put by the return office, listed in its request, read by the other State, bit for bit.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Stage, data};
use crate::corridor::number;
use crate::person::Person;
use crate::process::until;

/// Plays it.
///
/// # Errors
/// A step that did not go as the story goes.
pub fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("A scan goes to the other State and is read there, bit for bit");
    let office = stage.return_office();
    let files = stage.corridor.nl.home.join("scans");
    std::fs::create_dir_all(&files)?;
    what_is_not_taken(stage, &office, &files)?;

    // The name says nothing: the content does.
    let (card, photograph) = (files.join("card.txt"), files.join("photograph"));
    std::fs::write(&card, pdf(700_000))?;
    std::fs::write(&photograph, png())?;
    let filing = ["--partner-state", "XK", "--filing", "scan-1", "--label", "Identity card"];
    let put = put(stage, &office, &card, &filing)?;
    let id = text(&put["id"])?;
    let request = data("accepted").display().to_string();
    let listed = ["--request-id", "scan-1", "--attachments", &id];
    let filed = stage.act(&office, &[&["request", "file", &request][..], &listed[..]].concat())?;
    let case = text(&filed["case_number"])?;
    stage.both_see(&case, 1)?;
    let authority = stage.authority();
    is_read(stage, &authority, &case, &put, &card)?;

    let second = self::put(stage, &office, &photograph, &[&case])?;
    let photograph_id = text(&second["id"])?;
    let added = ["--evidence", "own_statement", "--attachments", &photograph_id];
    stage.act(&office, &[&["request", "add-evidence", &case][..], &added[..]].concat())?;
    stage.act(&authority, &["answer", "admit", &case])?;
    let addressed = ["--addressed-to", "consulate-brussels"];
    stage
        .act(&office, &[&["identity", "request-interview", &case][..], &addressed[..]].concat())?;
    stage.both_see(&case, 4)?;
    let consulate = stage.consulate();
    for (put, file) in [(&put, &card), (&second, &photograph)] {
        is_read(stage, &consulate, &case, put, file)?;
        is_read(stage, &office, &case, put, file)?;
    }
    who_may(stage, &case, &id)
}

/// Nothing is kept of what is of no type that is taken, of what is damaged, and of what was put for
/// another case.
fn what_is_not_taken(stage: &mut Stage<'_>, office: &Person, files: &Path) -> Result<()> {
    let cut = pdf(300_000).into_iter().take(290_000).collect();
    for (name, content) in [("program.pdf", b"MZ fictional".to_vec()), ("cut.pdf", cut)] {
        let file = files.join(name);
        std::fs::write(&file, content)?;
        let file = file.display().to_string();
        let filing = ["--partner-state", "XK", "--filing", "refused"];
        let refused =
            office.refused(&[&["attachment", "put", "--file", &file][..], &filing[..]].concat())?;
        stage.telling.check(
            &format!("`{name}` is not taken, whatever its name ({})", refused.code()),
            refused.exit == 3 && refused.code() == "ATT-0002",
        );
    }
    let large = files.join("large.pdf");
    std::fs::write(&large, vec![b' '; (16 << 20) + 1])?;
    let large = large.display().to_string();
    let put = ["attachment", "put", "--file", &large, "--partner-state", "XK", "--filing", "big"];
    let refused = office.refused(&put)?;
    stage.telling.check("one that is too large is not sent", refused.exit == 2);
    let unknown = format!("att_{}", "0".repeat(32));
    let request = data("accepted").display().to_string();
    let refused = office.refused(&["request", "file", &request, "--attachments", &unknown])?;
    stage.telling.check(
        "a request lists nothing that was not put for it",
        refused.exit == 3 && refused.fields() == ["attachments[0]"],
    );
    Ok(())
}

fn put(stage: &mut Stage<'_>, who: &Person, file: &Path, words: &[&str]) -> Result<Value> {
    let file = file.display().to_string();
    let put = who.call(&[&["attachment", "put", "--file", &file][..], words].concat())?;
    let put = put["attachment"].clone();
    stage.telling.line(
        &format!("{} {}", who.state, who.profile),
        format_args!("attachment put, {} bytes", number(&put["size"]).unwrap_or_default()),
    );
    Ok(put)
}

/// Waits until the file is here, and holds it to what was put.
fn is_read(
    stage: &mut Stage<'_>,
    who: &Person,
    case: &str,
    put: &Value,
    file: &Path,
) -> Result<()> {
    let id = text(&put["id"])?;
    let out = who.home.join("fetched");
    let got = until(&format!("{} {} to have {id}", who.state, who.profile), || {
        get(who, case, &id, &out)
    })?;
    let show = who.call(&["case", "show", case, "--purpose", "decision"])?;
    let listed = show["case"]["timeline"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut listed =
        listed.iter().flat_map(|entry| entry["attachments"].as_array().into_iter().flatten());
    stage.telling.check(
        &format!("{} {} reads the same {} bytes", who.state, who.profile, got),
        std::fs::read(&out)? == std::fs::read(file)? && listed.any(|it| it == put),
    );
    std::fs::remove_file(&out)?;
    Ok(())
}

/// How many bytes came; `None` as long as they have not.
fn get(who: &Person, case: &str, id: &str, out: &Path) -> Result<Option<u64>> {
    let out = out.display().to_string();
    let words =
        ["attachment", "get", case, "--attachment", id, "--purpose", "decision", "--out", &out];
    Ok(match who.attempt(&words)? {
        Ok(replies) => replies.last().and_then(|reply| number(&reply["bytes"])),
        Err(refusal) if refusal.code() == "ATT-0001" => None,
        Err(refusal) => anyhow::bail!("{}: {}", words.join(" "), refusal.error),
    })
}

/// A file is personal data: for a purpose, for those whose case it is, and on the access log.
fn who_may(stage: &mut Stage<'_>, case: &str, id: &str) -> Result<()> {
    let out: PathBuf = stage.corridor.nl.home.join("not-fetched");
    let out = out.display().to_string();
    let get = ["attachment", "get", case, "--attachment", id, "--out", &out];
    let refused = stage.return_office().refused(&get)?;
    stage.telling.check("without a purpose nothing is sent", refused.exit == 3);
    let with_purpose = [&get[..], &["--purpose", "decision"]].concat();
    let refused = stage.agency().refused(&with_purpose)?;
    stage.telling.check("an agency is sent nothing", refused.exit == 4);
    stage.telling.check("and nothing is written", !Path::new(&out).exists());
    Ok(())
}

/// A PDF of a size: fictional, and no two parts alike.
fn pdf(bytes: usize) -> Vec<u8> {
    let end = b"startxref\n9\n%%EOF\n";
    let mut content = b"%PDF-1.7\n% fictional\n".to_vec();
    let mut state = 1_u32;
    while content.len() + end.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend(state.to_be_bytes());
    }
    content.truncate(bytes - end.len());
    content.extend(end);
    content
}

/// The smallest picture: its chunks, and no more.
fn png() -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap_or_default().to_be_bytes();
        [&length[..], name, data, &[0; 4]].concat()
    };
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    let signature = b"\x89PNG\r\n\x1a\n";
    [&signature[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &[0; 9]), &chunk(b"IEND", &[])]
        .concat()
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("a text")
}
