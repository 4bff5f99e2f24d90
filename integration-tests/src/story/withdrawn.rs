//! Withdrawn while the answer crosses: neither State had heard the other; both show the same.

use anyhow::Result;

use super::Stage;

/// Plays it. The acceptance is made to cross by ending the other node for the moment: XK accepts
/// while NL is not running, and NL withdraws while XK is not.
///
/// # Errors
/// A step that did not go as the story goes.
pub async fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("Withdrawn while the answer crosses");
    let case = stage.file("withdrawn")?;
    let (office, authority) = (stage.return_office(), stage.authority());
    stage.wait(&authority, &case, "arrived", |_| true)?;
    stage.corridor.nl.stop()?;
    let etag = stage.etag(&authority, &case)?;
    stage.act(&authority, &["answer", "accept", &case, "--etag", &etag])?;
    stage.corridor.xk.stop()?;
    // The courier loses the acceptance, so NL cannot hear it before it speaks.
    stage.corridor.courier.lose_everything().await?;
    stage.corridor.nl.start()?;
    stage.act(&office, &["request", "withdraw", &case])?;
    stage.corridor.xk.start()?;
    stage.telling.line("both", "acceptance and withdrawal crossed; each now hears the other");
    stage.both_see(&case, 3)?;
    stage.both_hold(&case, "withdrawn")?;
    let expected = [
        ["NL", "request-filed", "effective"],
        ["NL", "request-withdrawn", "effective"],
        ["XK", "request-accepted", "ineffective"],
    ];
    let crossed =
        stage.entries(&office, &case)? == expected && stage.entries(&authority, &case)? == expected;
    stage.telling.check("the acceptance is kept and shown without effect on both", crossed);
    stage.prove(&case)?;
    Ok(())
}
