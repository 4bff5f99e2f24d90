//! Silence: noticed, claimed on the partner's own later word, accepted; and the same with a
//! refusal that arrives after the notice.

use anyhow::Result;

use super::{DAY_MS, Stage};
use crate::process::until;

/// Plays both.
///
/// # Errors
/// A step that did not go as the story goes.
pub fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("Silence: deadline, notice, grace, claim");
    let case = stage.file("silence")?;
    let late = stage.file("late-refusal")?;
    let (office, authority) = (stage.return_office(), stage.authority());
    for case in [&case, &late] {
        stage.wait(&authority, case, "arrived", |_| true)?;
        stage.wait(&office, case, "heard by the partner", |shown| {
            let filed = shown["timeline"].as_array().and_then(|entries| entries.first());
            filed.is_some_and(|it| super::word(&it["standing"], "STANDING_") == "confirmed")
        })?;
    }
    let early = office.refused(&["request", "notice-silence", &case])?;
    stage.telling.check(
        &format!("silence is not noticed before the deadline: {}", early.rule()),
        early.exit == 6 && early.rule() == "SilenceMustBeDue",
    );
    let now = stage.corridor.now_ms()?;
    stage.corridor.move_clocks(now + 30 * DAY_MS)?;
    stage.telling.line("clock", "both States: 30 days later, the 28 days have passed");
    stage.act(&office, &["request", "notice-silence", &case])?;
    stage.act(&office, &["request", "notice-silence", &late])?;
    stage.both_see(&case, 2)?;
    stage.both_see(&late, 2)?;
    let early = office.refused(&["request", "claim-silence", &case])?;
    stage.telling.check(
        &format!("silence is not claimed before the grace: {}", early.rule()),
        early.exit == 6,
    );
    let reasons = ["--reasons", "identity-not-established"];
    stage.act(&authority, &[&["answer", "refuse", &late][..], &reasons[..]].concat())?;
    stage.both_hold(&late, "refused")?;
    stage.corridor.move_clocks(now + 32 * DAY_MS)?;
    stage.telling.line("clock", "both States: two days later, the grace has passed");
    until("the partner's own word after the grace", || {
        let ready = office.call(&["request", "claim-silence", &case, "--validate-only"]);
        Ok(ready.ok())
    })?;
    stage.act(&office, &["request", "claim-silence", &case])?;
    stage.both_hold(&case, "accepted-by-silence")?;
    let refused = office.refused(&["request", "claim-silence", &late])?;
    stage.telling.check(
        &format!("no claim against an answer that was heard: {}", refused.rule()),
        refused.exit == 6 && refused.rule() == "RequestMustBeOpen",
    );
    stage.prove(&case)?;
    stage.prove(&late)?;
    Ok(())
}
