//! A node as an operating-system process: started, waited for, ended by its id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long something that is waited for may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// Looks until `found` finds something, for at most [`PATIENCE`].
///
/// # Errors
/// Names what was waited for.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(thing) = found().with_context(|| what.to_owned())? {
            return Ok(thing);
        }
        if start.elapsed() > PATIENCE {
            bail!("waited {} s in vain: {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(GLANCE);
    }
}

/// The binary `readmit`, beside the running one.
///
/// # Errors
/// It has not been built.
pub fn readmit() -> Result<PathBuf> {
    let mut folder = std::env::current_exe().context("find the running binary")?;
    while folder.pop() {
        let binary = folder.join("readmit");
        if binary.is_file() {
            return Ok(binary);
        }
    }
    bail!("no binary `readmit` beside this one; build it first: cargo build -p node")
}

/// A process of `readmit` that runs until it is ended.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `readmit` with these arguments; what it says goes to the end of `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(arguments: &[&str], home: &Path, log: &Path) -> Result<Self> {
        Self::start_with(arguments, &[], home, log)
    }

    /// As [`Running::start`], with these variables in its environment.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_with(
        arguments: &[&str],
        environment: &[(&str, &str)],
        home: &Path,
        log: &Path,
    ) -> Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("write `{}`", log.display()))?;
        let child = Command::new(readmit()?)
            .arg("--home")
            .arg(home)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("start `readmit`")?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `file` appears, which the process writes when it is ready.
    ///
    /// # Errors
    /// The process ended first, or it took too long; the end of its log is shown.
    pub fn ready(&mut self, file: &Path) -> Result<String> {
        let log = self.log.clone();
        let tail = || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(10).collect();
            lines.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        until(&format!("`{}` to appear", file.display()), || {
            if let Some(status) = self.child.try_wait()? {
                bail!("the process ended with {status}:\n{}", tail());
            }
            let text = std::fs::read_to_string(file).unwrap_or_default();
            Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
        })
    }

    /// Ends it with SIGKILL: it cannot tidy up.
    ///
    /// # Errors
    /// It cannot be ended.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("kill the process")?;
        self.child.wait().context("wait for the process")?;
        Ok(())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// It cannot be asked, does not end in time, ends with a failure, or a part of it has panicked
    /// since it or an earlier one with its log was started.
    pub fn stop(mut self) -> Result<()> {
        self.ask_to_end()?;
        let status = until("the process to end", || Ok(self.child.try_wait()?))?;
        let said = std::fs::read_to_string(&self.log).context("read the log of the process")?;
        if let Some(line) = said.lines().find(|line| line.contains("panicked at")) {
            bail!("a part of the process panicked: {line}");
        }
        if status.success() { Ok(()) } else { bail!("the process ended with {status}") }
    }

    fn ask_to_end(&self) -> Result<()> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().context("run `kill`")?;
        if asked.success() { Ok(()) } else { bail!("`kill -TERM {id}` failed") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Nothing is left to do where this fails: the process has ended by itself.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
