//! A signer that is another process, spoken to over its standard input and output: a key that is
//! not in the keyring, and tomorrow one that is in a hardware module.
//!
//! ```text
//! message = length:u32 content          (big-endian; at most 64 KiB)
//! request = 1                           which key signs?
//!         | 2 bytes                     sign these bytes
//! reply   = 0 public key:32 | 0 signature:64
//!         | 1 reason                    UTF-8, for the operator
//! ```
//!
//! One reply to each request, in order. The process ends when its input ends. What it writes to its
//! standard error is the operator's to read.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use record::key::{PublicKey, SignError, Signer};

const ASK_KEY: u8 = 1;
const ASK_SIGNATURE: u8 = 2;
const DONE: u8 = 0;
const REFUSED: u8 = 1;
/// Longest message. What is signed is a header, of far less.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// How long an answer is waited for: the writer does nothing else meanwhile.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// Why a process is no signer.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// No program was named.
    #[error("the command of the signer is empty")]
    NoCommand,
    /// The program could not be started.
    #[error("starting the signer `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It does not answer, or not as it should.
    #[error("the signer `{program}` {reason}")]
    Answer {
        /// The program.
        program: String,
        /// What it did.
        reason: String,
    },
}

/// A signer in a process of its own. The process is ended when this is dropped.
#[derive(Debug)]
pub struct ProcessSigner {
    command: Vec<String>,
    key: PublicKey,
    /// `None` after it has failed: the next one who asks starts it anew. Holding the lock is
    /// speaking with it.
    process: Mutex<Option<Process>>,
}

impl ProcessSigner {
    /// Starts the process and asks which key signs.
    ///
    /// # Errors
    /// It does not start, or does not answer as a signer.
    pub fn start(command: &[String]) -> Result<Self, SignerError> {
        let (process, key) = Process::start(command)?;
        Ok(Self { command: command.to_vec(), key, process: Mutex::new(Some(process)) })
    }

    fn ask(&self, process: &mut Option<Process>, bytes: &[u8]) -> Result<[u8; 64], SignerError> {
        let answer = |reason: &str| SignerError::Answer {
            program: program(&self.command),
            reason: reason.to_owned(),
        };
        let mut speaking = match process.take() {
            Some(process) => process,
            None => {
                let (process, key) = Process::start(&self.command)?;
                if key != self.key {
                    return Err(answer("has another key than when the ledger started"));
                }
                process
            }
        };
        let signature = speaking.ask(ASK_SIGNATURE, bytes)?;
        let signature: [u8; 64] =
            signature.try_into().map_err(|_| answer("answered no signature"))?;
        if !self.key.verifies(bytes, &signature) {
            return Err(answer("signed with another key than the one it names"));
        }
        *process = Some(speaking);
        Ok(signature)
    }
}

impl Signer for ProcessSigner {
    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignError> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        self.ask(&mut process, bytes).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let reason = format!("{error}{}", cause.unwrap_or_default());
            SignError { key_id: self.key.id(), reason }
        })
    }
}

/// The process and the way to it.
#[derive(Debug)]
struct Process {
    program: String,
    child: Child,
    /// `None` once it is to end.
    input: Option<ChildStdin>,
    /// What a thread of its own reads from it, so that a silent one is not waited for for ever.
    answers: Receiver<io::Result<Vec<u8>>>,
}

impl Process {
    fn start(command: &[String]) -> Result<(Self, PublicKey), SignerError> {
        let (first, arguments) = command.split_first().ok_or(SignerError::NoCommand)?;
        let failed = |source| SignerError::Start { program: program(command), source };
        let mut child = Command::new(first)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (sender, answers) = mpsc::sync_channel(1);
        let mut process = Self { program: program(command), child, input, answers };
        if let Some(output) = output {
            std::thread::Builder::new()
                .name("signer-answers".to_owned())
                .spawn(move || read_all(output, &sender))
                .map_err(failed)?;
        }
        let key = process.ask(ASK_KEY, &[])?;
        let key = PublicKey::from_slice(&key)
            .map_err(|_| process.wrong("answered no usable public key".to_owned()))?;
        Ok((process, key))
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, request: u8, bytes: &[u8]) -> Result<Vec<u8>, SignerError> {
        let message = [&[request], bytes].concat();
        let sent = match &mut self.input {
            Some(input) => send(input, &message),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| self.wrong(format!("cannot be asked: {error}")))?;
        let answer = match self.answers.recv_timeout(ANSWER_WAIT_MAX) {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.wrong(format!("has ended: {error}"))),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                return Err(self.wrong("does not answer".to_owned()));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(self.wrong("has ended".to_owned()));
            }
        };
        match answer.split_first() {
            Some((&DONE, answer)) => Ok(answer.to_vec()),
            Some((&REFUSED, reason)) => {
                Err(self.wrong(format!("refuses: {}", String::from_utf8_lossy(reason))))
            }
            Some(_) | None => Err(self.wrong("answered what is no reply".to_owned())),
        }
    }

    fn wrong(&self, reason: String) -> SignerError {
        SignerError::Answer { program: self.program.clone(), reason }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // It keeps nothing that it would have to bring to an end. An error means that it has ended
        // already; either way nothing is left of it once it was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(command: &[String]) -> String {
    command.first().cloned().unwrap_or_default()
}

fn read_all(mut output: ChildStdout, answers: &mpsc::SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let answer = receive(&mut output)
            .and_then(|it| it.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof)));
        let ended = answer.is_err();
        if answers.send(answer).is_err() || ended {
            return;
        }
    }
}

/// Serves as the other side, until the input ends.
///
/// # Errors
/// The input or output fails, or a message is too long.
pub fn serve_signer(
    signer: &dyn Signer,
    mut input: impl Read,
    mut output: impl Write,
) -> io::Result<()> {
    while let Some(request) = receive(&mut input)? {
        let reply = match request.split_first() {
            Some((&ASK_KEY, [])) => [&[DONE], signer.public_key().as_bytes().as_slice()].concat(),
            Some((&ASK_SIGNATURE, bytes)) => match signer.sign(bytes) {
                Ok(signature) => [&[DONE], signature.as_slice()].concat(),
                Err(error) => [&[REFUSED], error.to_string().as_bytes()].concat(),
            },
            Some(_) | None => [&[REFUSED], b"no such request".as_slice()].concat(),
        };
        send(&mut output, &reply)?;
    }
    Ok(())
}

fn send(output: &mut impl Write, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    output.write_all(&[length.to_be_bytes().as_slice(), content].concat())?;
    output.flush()
}

/// A message; `None` where the other side has ended before one began.
fn receive(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let mut read = 0;
    while let Some(rest) = length.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match input.read(rest)? {
            0 if read == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => read += count,
        }
    }
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other("a message is too long"));
    }
    let mut content = vec![0; length];
    input.read_exact(&mut content)?;
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use record::key::SigningKeyInMemory;

    const SEED: &str = "READMIT_LEDGER_SIGNER_SEED";
    const MANNER: &str = "READMIT_LEDGER_SIGNER_MANNER";

    /// A command that runs this very test program as a signer; what the test harness prints goes
    /// elsewhere.
    fn command(seed: u8, manner: &str) -> Vec<String> {
        let run = format!(
            "exec 3>&1 1>/dev/null; {SEED}={seed} {MANNER}={manner} exec \"$0\" --exact \
             signer_process::tests::as_a_signer --nocapture"
        );
        let test = std::env::current_exe().unwrap().display().to_string();
        ["bash".to_owned(), "-c".to_owned(), run, test].to_vec()
    }

    fn key(seed: u8) -> SigningKeyInMemory {
        SigningKeyInMemory::from_seed(&[seed; 32])
    }

    /// The child. Does nothing when it is run as a test by itself.
    #[test]
    fn as_a_signer() {
        let Ok(seed) = std::env::var(SEED) else { return };
        let output = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/3").unwrap();
        let signer = key(seed.parse().unwrap());
        match std::env::var(MANNER).unwrap().as_str() {
            "good" => serve_signer(&signer, io::stdin(), output).unwrap(),
            // Names one key and signs with another.
            "false" => serve_signer(&False(signer), io::stdin(), output).unwrap(),
            // Answers which key it has, and is gone.
            "brief" => {
                let mut request = [0; 5];
                io::stdin().read_exact(&mut request).unwrap();
                serve_signer(&signer, request.as_slice(), output).unwrap();
            }
            _ => {}
        }
    }

    struct False(SigningKeyInMemory);

    impl Signer for False {
        fn public_key(&self) -> PublicKey {
            key(99).public_key()
        }

        fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignError> {
            self.0.sign(bytes)
        }
    }

    fn id(signer: &ProcessSigner) -> u32 {
        signer.process.lock().unwrap().as_ref().unwrap().child.id()
    }

    #[test]
    fn a_process_signs_and_ends_with_its_signer() {
        let signer = ProcessSigner::start(&command(1, "good")).unwrap();
        assert_eq!(signer.public_key(), key(1).public_key());
        for bytes in [b"one".as_slice(), b"", &[7; 4_000]] {
            assert_eq!(signer.sign(bytes).unwrap(), key(1).sign(bytes).unwrap());
        }
        let process = format!("/proc/{}", id(&signer));
        assert!(std::path::Path::new(&process).exists());
        drop(signer);
        assert!(!std::path::Path::new(&process).exists());
    }

    #[test]
    fn a_process_that_was_ended_is_started_anew_by_the_next_who_asks() {
        let signer = ProcessSigner::start(&command(1, "good")).unwrap();
        let before = id(&signer);
        signer.process.lock().unwrap().as_mut().unwrap().child.kill().unwrap();
        let error = signer.sign(b"one").unwrap_err();
        assert!(error.reason.contains("bash"), "{error}");
        signer.sign(b"two").unwrap();
        assert_ne!(id(&signer), before);
    }

    #[test]
    fn what_is_no_signer_or_has_another_key_is_told() {
        let error = |command: &[String]| ProcessSigner::start(command).unwrap_err().to_string();
        assert!(error(&[]).contains("empty"));
        let missing = ["/nowhere/signer".to_owned()];
        assert!(error(&missing).contains("starting the signer `/nowhere/signer`"));
        // It ends before it is asked, or while it is.
        let silent = error(&command(1, "silent"));
        assert!(silent.contains("ended") || silent.contains("cannot be asked"), "{silent}");
        let signer = ProcessSigner::start(&command(1, "false")).unwrap();
        let error = signer.sign(b"one").unwrap_err().to_string();
        assert!(error.contains("another key than the one it names"), "{error}");
        let signer = ProcessSigner::start(&command(1, "brief")).unwrap();
        let error = signer.sign(b"one").unwrap_err().to_string();
        assert!(error.contains("ended") || error.contains("cannot be asked"), "{error}");
    }
}
