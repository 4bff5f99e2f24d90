//! Tells a story line by line, and counts what was checked.

use std::fmt::Display;
use std::io::Write;

use anyhow::Result;

/// The teller.
#[derive(Debug, Default)]
pub struct Telling {
    passed: usize,
    failed: usize,
}

impl Telling {
    /// A new chapter.
    pub fn chapter(&mut self, title: &str) {
        say(format_args!("\n== {title}"));
    }

    /// Somebody did something.
    pub fn line(&mut self, who: &str, what: impl Display) {
        say(format_args!("{who:<28} {what}"));
    }

    /// Something was checked.
    pub fn check(&mut self, what: &str, holds: bool) {
        if holds {
            self.passed += 1;
            say(format_args!("{:<28} ok      {what}", ""));
        } else {
            self.failed += 1;
            say(format_args!("{:<28} FAILED  {what}", ""));
        }
    }

    /// A whole story ended.
    pub fn story(&mut self, title: &str, ended: Result<()>) {
        if let Err(error) = &ended {
            say(format_args!("{error:#}"));
        }
        self.check(title, ended.is_ok());
    }

    /// Ends with one line, `N passed, N failed`, and says whether all passed.
    pub fn end(&self) -> bool {
        say(format_args!("\n{} passed, {} failed", self.passed, self.failed));
        self.failed == 0 && self.passed > 0
    }
}

fn say(words: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // Whoever closed the pipe does not want to read on.
    let _ = writeln!(out, "{words}").and_then(|()| out.flush());
}
