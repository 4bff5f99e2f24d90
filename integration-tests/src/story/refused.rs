//! Refused, with coded reasons.

use anyhow::Result;

use super::Stage;

/// Plays it.
///
/// # Errors
/// A step that did not go as the story goes.
pub fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("Refused, with coded reasons");
    let case = stage.file("refused")?;
    let authority = stage.authority();
    stage.wait(&authority, &case, "arrived", |_| true)?;
    let silent = authority.refused(&["answer", "refuse", &case])?;
    stage.telling.check(
        &format!("a refusal without reasons is refused itself ({})", silent.code()),
        silent.exit == 3 || silent.rule() == "RefusalMustStateReasons",
    );
    let reasons = ["--reasons", "not-a-national,evidence-disproved"];
    stage.act(&authority, &[&["answer", "refuse", &case][..], &reasons[..]].concat())?;
    stage.both_hold(&case, "refused")?;
    let explained = stage.return_office().call(&["case", "explain", &case])?;
    let decided = super::word(&explained["deciding_entry"]["kind"], "EVENT_KIND_");
    stage.telling.check("the refusal is the deciding entry", decided == "request-refused");
    stage.prove(&case)?;
    Ok(())
}
