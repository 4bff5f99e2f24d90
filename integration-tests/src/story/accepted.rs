//! Accepted: from the request to the reintegration follow-up.

use std::io::{BufRead, BufReader};
use std::process::Child;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{DAY_MS, Stage, day};

/// Plays it.
///
/// # Errors
/// A step that did not go as the story goes.
pub async fn play(stage: &mut Stage<'_>) -> Result<()> {
    stage.telling.chapter("Accepted: prima facie evidence, clarification, interview, return");
    let case = stage.file("accepted")?;
    identify(stage, &case)?;
    decide(stage, &case)?;
    transfer(stage, &case)?;
    reintegrate(stage, &case).await?;
    stage.prove(&case)?;
    Ok(())
}

/// From the request to a named official's verdict.
fn identify(stage: &mut Stage<'_>, case: &str) -> Result<()> {
    let (office, authority, consulate) =
        (stage.return_office(), stage.authority(), stage.consulate());
    stage.wait(&authority, case, "arrived", |_| true)?;
    stage.act(&authority, &["answer", "admit", case, "--reference", "TEST-XK-1"])?;
    let question = "Which municipality issued the identity card?";
    stage.act(&authority, &["answer", "ask", case, "--note", question])?;
    stage.both_see(case, 3)?;
    stage.act(&office, &["request", "clarify", case, "--note", "Exampleville, in 2014."])?;
    stage.act(&office, &["identity", "request-register-check", case])?;
    stage.both_see(case, 5)?;
    stage.act(&authority, &["identity", "check-register", case, "--finding", "no-hit"])?;
    let addressed = ["--addressed-to", "consulate-brussels"];
    let request = ["identity", "request-interview", case];
    stage.act(&office, &[&request[..], &addressed[..]].concat())?;
    stage.both_see(case, 7)?;
    let at = ["--at", "2026-12-01T10:00", "--place", "Consulate, room 1"];
    let arrange = ["identity", "arrange-interview", case];
    stage.act(&consulate, &[&arrange[..], &at[..]].concat())?;
    stage.act(&consulate, &["identity", "report-interview", case, "--outcome", "held"])?;
    let etag = stage.etag(&consulate, case)?;
    stage.act(&consulate, &["identity", "confirm", case, "--etag", &etag])?;
    Ok(())
}

/// Acceptance and travel document.
fn decide(stage: &mut Stage<'_>, case: &str) -> Result<()> {
    let (office, authority, consulate) =
        (stage.return_office(), stage.authority(), stage.consulate());
    let etag = stage.etag(&authority, case)?;
    stage.act(&authority, &["answer", "accept", case, "--etag", &etag])?;
    stage.both_hold(case, "accepted")?;
    let addressed = ["--addressed-to", "consulate-brussels"];
    stage.act(&office, &[&["document", "request", case][..], &addressed[..]].concat())?;
    stage.both_see(case, 12)?;
    let today = day(stage.corridor.now_ms()?)?;
    let until = today.checked_add(jiff::Span::new().months(6))?.to_string();
    let (today, etag) = (today.to_string(), stage.etag(&consulate, case)?);
    let document = ["--number", "TEST-LP-1", "--issued-on", &today, "--valid-until", &until];
    let issue = ["document", "issue", case, "--etag", &etag];
    stage.act(&consulate, &[&issue[..], &document[..]].concat())?;
    stage.both_see(case, 13)
}

/// Notice, departure and arrival. The clocks of both States are moved to the day.
fn transfer(stage: &mut Stage<'_>, case: &str) -> Result<()> {
    let (office, authority) = (stage.return_office(), stage.authority());
    let early = office.refused(&["transfer", "depart", case])?;
    stage.telling.check(
        &format!("no departure without a notice: {}", early.rule()),
        early.exit == 6 && early.rule() == "TransferMustBePending",
    );
    let now = stage.corridor.now_ms()?;
    let on = day(now + 10 * DAY_MS)?.to_string();
    let etag = stage.etag(&office, case)?;
    let plan = ["--on", &on, "--mode", "air", "--carriage", "TEST 123"];
    let place = ["--border-point", "Example airport", "--special-needs", "None"];
    let notify = ["transfer", "notify", case, "--etag", &etag];
    stage.act(&office, &[&notify[..], &plan[..], &place[..]].concat())?;
    stage.both_see(case, 14)?;
    let early = office.refused(&["transfer", "depart", case])?;
    stage.telling.check(
        &format!("no departure before the notice period: {}", early.rule()),
        early.exit == 6 && early.rule() == "TransferNoticeMustBeHeardInTime",
    );
    stage.corridor.move_clocks(now + 10 * DAY_MS)?;
    stage.telling.line("clock", format_args!("both States: 10 days later, {on}"));
    // What is waited for is the partner's own word after the notice period: its heartbeat.
    crate::process::until("the partner's word after the notice period", || {
        let ready = office.call(&["transfer", "depart", case, "--validate-only"]);
        Ok(ready.ok())
    })?;
    stage.act(&office, &["transfer", "depart", case])?;
    stage.both_see(case, 15)?;
    stage.act(&authority, &["transfer", "arrive", case])?;
    stage.both_see(case, 16)
}

/// Consent, referral, plan and follow-up; the agency follows by subscription.
async fn reintegrate(stage: &mut Stage<'_>, case: &str) -> Result<()> {
    let (office, authority, agency) = (stage.return_office(), stage.authority(), stage.agency());
    let show = ["referral", "show", case, "--purpose", "reintegration"];
    let unknown = agency.refused(&show)?;
    stage.telling.check("the agency cannot see a case not referred to it", unknown.exit == 5);
    let named = ["--agency", "homeward"];
    let consent = ["referral", "consent", case, "--note", "Signed form TEST-1, in the file."];
    stage.act(&authority, &[&consent[..], &named[..]].concat())?;
    stage.act(&authority, &[&["referral", "refer", case][..], &named[..]].concat())?;
    let first = followed(agency.start(&["events", "subscribe", "--count", "1"])?, 1)?;
    let shown = agency.call(&show)?;
    let name = shown["person"]["given_names"].as_str().unwrap_or_default();
    stage.telling.check("the agency sees whom it is to help, under consent", name == "Arber");
    stage.act(&agency, &["referral", "answer", case, "--answer", "accepted"])?;
    stage
        .act(&agency, &["referral", "plan", case, "--note", "Housing and training; fictional."])?;
    stage.act(&agency, &["referral", "assist", case, "--note", "First month's rent."])?;
    stage.act(&agency, &["referral", "follow-up", case, "--note", "Settled; in training."])?;
    stage.act(&agency, &["referral", "close", case])?;
    let token = first.first().map(|event| event["event"]["token"].clone());
    let token = token.as_ref().and_then(Value::as_str).context("an event has a token")?.to_owned();
    let resume = ["events", "subscribe", "--after-token", &token, "--count", "5"];
    let rest = followed(agency.start(&resume)?, 5)?;
    let types: Vec<String> = first
        .iter()
        .chain(&rest)
        .map(|event| super::word(&event["event"]["type"], "CASE_EVENT_TYPE_"))
        .collect();
    let expected = [
        "referred",
        "referral-answered",
        "plan-agreed",
        "assistance-reported",
        "follow-up-reported",
        "referral-closed",
    ];
    stage.telling.line("XK homeward", format_args!("followed: {}", types.join(", ")));
    stage
        .telling
        .check("the subscription resumes from its token and loses nothing", types == expected);
    let told = stage.corridor.courier.agency_events(expected.len()).await?;
    let told: Vec<String> = told
        .iter()
        .filter_map(|event| event.event_type.rsplit('.').next())
        .map(|word| word.replace('_', "-"))
        .collect();
    stage.telling.check("the agency's topic holds the same, as CloudEvents", told == expected);
    stage.act(&office, &["case", "close", case])?;
    stage.act(&authority, &["case", "close", case])?;
    stage.both_see(case, 18)
}

/// The replies of a subscription that ends after `count`.
fn followed(mut child: Child, count: usize) -> Result<Vec<Value>> {
    let out = child.stdout.take().context("the subscription has no output")?;
    let lines = BufReader::new(out).lines().take(count);
    let events: Result<Vec<Value>> = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect();
    child.wait().context("wait for the subscription")?;
    events
}
