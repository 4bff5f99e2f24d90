//! Histories as text: kept in a file, read by people, played again.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::generate::Generated;
use super::site::Cast;

/// A history as text: comments, the world, who is byzantine, one step a line.
#[must_use]
pub fn write(history: &Generated, comment: &str) -> String {
    let mut text = String::new();
    for line in comment.lines() {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "world {:?}", history.cast.world);
    if let Some(party) = history.cast.byzantine {
        let _ = writeln!(text, "byzantine {party}");
    }
    for step in &history.steps {
        let _ = writeln!(text, "{step}");
    }
    text
}

/// Reads a history.
///
/// # Errors
/// A line is not one of a history.
pub fn read(text: &str) -> Result<Generated> {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    let world = lines.next().and_then(|line| line.strip_prefix("world "));
    let world = world.context("the first line names no world")?.parse()?;
    let byzantine = lines.next_if(|line| line.starts_with("byzantine "));
    let byzantine = byzantine.and_then(|line| line.strip_prefix("byzantine "));
    let byzantine = byzantine.map(str::parse).transpose()?;
    let steps = lines.map(str::parse).collect::<Result<_>>()?;
    Ok(Generated { cast: Cast { world, byzantine }, steps })
}
