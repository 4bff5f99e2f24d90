//! `make demo`: two States, one courier, the stories; ends with one line, `N passed, N failed`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use integration_tests::story::{Stage, accepted, outage, refused, scan, silence, withdrawn};
use integration_tests::telling::Telling;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool> {
    let courier = match std::env::var("BROKER").as_deref() {
        Err(_) | Ok("" | "embedded") => Kind::Development,
        Ok("kafka") => Kind::Apache,
        Ok(other) => bail!("`BROKER={other}` is neither `embedded` nor `kafka`"),
    };
    let keep = std::env::var("KEEP").is_ok_and(|keep| keep == "1");
    let folder = folder()?;
    let mut telling = Telling::default();
    telling.chapter("Two States, one corridor");
    telling.line("courier", format_args!("{courier:?}"));
    let mut corridor = Corridor::found(&folder, courier, "demo-benelux-kosovo").await?;
    for node in [&corridor.nl, &corridor.xk] {
        let id = node.process_id().unwrap_or_default();
        telling.line(node.state, format_args!("process {id}, folder {}", node.home.display()));
    }
    telling.line("both", "the corridor is founded, and both have adopted the agreement");
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let played = accepted::play(&mut stage).await;
    stage.telling.story("story: accepted", played);
    let played = refused::play(&mut stage);
    stage.telling.story("story: refused", played);
    let played = scan::play(&mut stage);
    stage.telling.story("story: a scan", played);
    let played = withdrawn::play(&mut stage).await;
    stage.telling.story("story: withdrawn while the answer crosses", played);
    let played = silence::play(&mut stage);
    stage.telling.story("story: silence, and a refusal after the notice", played);
    let played = outage::play(&mut stage).await;
    stage.telling.story("story: outage", played);
    let measured = latency(&corridor, &mut telling).await;
    telling.story("latencies are measured", measured);
    if keep {
        stay(&corridor, &mut telling);
        let passed = telling.end();
        tokio::signal::ctrl_c().await.context("wait for Ctrl-C")?;
        corridor.stop()?;
        return Ok(passed);
    }
    let stopped = corridor.stop();
    telling.story("both nodes end when asked", stopped);
    Ok(telling.end())
}

/// Measures and prints how long a filing takes.
async fn latency(corridor: &Corridor, telling: &mut Telling) -> Result<()> {
    telling.chapter("Latencies, as a client sees them (development build)");
    let latency = integration_tests::latency::measure(corridor, 20).await?;
    let line = format!(
        "medians of {} filings: reply {:.1?}, then stored by the partner after {:.1?}, receipt \
         stored after {:.1?}",
        latency.filings, latency.reply, latency.stored, latency.receipt
    );
    telling.line("NL to XK and back", line);
    Ok(())
}

/// A fresh folder for the demo, below the build folder.
fn folder() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let folder = target.join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("clear `{}`", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("create `{}`", folder.display()))?;
    folder.canonicalize().context("find the demo's folder")
}

/// Says what to try while the nodes go on.
fn stay(corridor: &Corridor, telling: &mut Telling) {
    telling.chapter("Both nodes go on until Ctrl-C; try");
    for (node, words) in [
        (&corridor.nl, "case list --as return-office"),
        (&corridor.xk, "inbox --as readmission-authority"),
        (&corridor.nl, "case show NL-XK-2026-000001 --as return-office --purpose decision"),
        (&corridor.nl, "case explain NL-XK-2026-000001 --as return-office"),
        (&corridor.xk, "events list --as homeward"),
        (&corridor.xk, "operator status --as operator"),
    ] {
        let home = node.home.display();
        telling.line(node.state, format_args!("target/debug/readmit --home {home} {words}"));
    }
}
