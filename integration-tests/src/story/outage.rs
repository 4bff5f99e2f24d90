//! Outage: XK is killed in mid-case, everything on the courier is lost, XK comes back: nothing is
//! lost, both are equal, and no operator did anything.

use anyhow::Result;

use super::Stage;

/// Plays it.
///
/// # Errors
/// A step that did not go as the story goes.
pub async fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("Outage: a node is killed, the courier loses everything");
    let case = stage.file("outage")?;
    let (office, authority) = (stage.return_office(), stage.authority());
    stage.wait(&authority, &case, "arrived", |_| true)?;
    stage.act(&authority, &["answer", "admit", &case])?;
    stage.act(&authority, &["answer", "ask", &case, "--note", "Is there a birth certificate?"])?;
    stage.both_see(&case, 3)?;
    stage.corridor.xk.kill()?;
    stage.telling.line("XK", "killed with SIGKILL");
    stage.act(&office, &["request", "clarify", &case, "--note", "Yes; it follows."])?;
    let item = ["--evidence", "birth_certificate"];
    stage.act(&office, &[&["request", "add-evidence", &case][..], &item[..]].concat())?;
    stage.corridor.courier.lose_everything().await?;
    stage.telling.line("courier", "everything on it is lost");
    stage.act(&office, &["identity", "request-register-check", &case])?;
    stage.corridor.xk.start()?;
    stage.telling.line("XK", "back");
    stage.both_see(&case, 6)?;
    let item = ["--evidence", "company_card"];
    stage.act(&office, &[&["request", "add-evidence", &case][..], &item[..]].concat())?;
    stage.both_see(&case, 7)?;
    let etag = stage.etag(&authority, &case)?;
    stage.act(&authority, &["answer", "accept", &case, "--etag", &etag])?;
    stage.both_hold(&case, "accepted")?;
    let expected = [
        ["NL", "clarification-given", "effective"],
        ["NL", "evidence-added", "effective"],
        ["NL", "evidence-added", "effective"],
        ["NL", "register-check-requested", "effective"],
        ["NL", "request-filed", "effective"],
        ["XK", "clarification-asked", "effective"],
        ["XK", "request-accepted", "effective"],
        ["XK", "request-admitted", "effective"],
    ];
    let whole =
        stage.entries(&office, &case)? == expected && stage.entries(&authority, &case)? == expected;
    stage.telling.check("nothing was lost: both nodes hold all 8 entries", whole);
    stage.prove(&case)?;
    Ok(())
}
