//! Reads hostile files where they cannot hurt: in a child process of our own binary with bounded memory and time.
//!
//! A parser that panics, recurses without end, hangs or eats all memory ends its own process, and the parent gets a
//! [`ReadError`]. The child inherits no environment, so there is no secret in it. One file takes one child: a start
//! costs a few milliseconds, and nothing of one file is left when the next is read.

use std::{
    io::{BufRead as _, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    document::Reading,
    error::{ReadError, ReadFileError},
    format::Format,
    limits::ReadLimits,
    load, read_bytes,
};

/// The hidden command that makes the binary a reader.
const CHILD_COMMAND: &str = "__read";
/// The longest order a parent may send, in bytes.
const LONGEST_ORDER: u64 = 4096;
/// JSON makes text longer, but not more than this many times on the average.
const ANSWER_PER_TEXT: u64 = 4;
/// What Rust ends with after a panic.
const PANICKED: i32 = 101;

/// Reads files for the ingest, risky formats in a child process.
#[derive(Debug, Clone)]
pub struct Reader {
    exe: PathBuf,
    limits: ReadLimits,
}

/// What the parent tells the child before the file's bytes, as one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    format: Format,
    limits: ReadLimits,
}

impl Reader {
    /// A reader whose children are `exe`, which must be this program: its `main` calls [`child_main`].
    pub fn new(exe: PathBuf, limits: ReadLimits) -> Self {
        Self { exe, limits }
    }

    /// The bounds in force.
    pub fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// Reads a file; the format comes from its extension. Blocks up to the deadline.
    ///
    /// # Errors
    /// As [`Reader::read_bytes`], with the path.
    pub fn read_file(&self, path: &Path) -> Result<Reading, ReadFileError> {
        let read = || {
            let format = Format::from_path(path)?;
            self.read_bytes(format, &load(path, &self.limits)?)
        };
        read().map_err(|error| ReadFileError { path: path.to_owned(), error })
    }

    /// Reads a file's bytes. Blocks up to the deadline.
    ///
    /// # Errors
    /// Any [`ReadError`]; [`ReadError::TimedOut`] and [`ReadError::Crashed`] come from here only.
    pub fn read_bytes(&self, format: Format, bytes: &[u8]) -> Result<Reading, ReadError> {
        if !format.is_risky(bytes) || bytes.len() as u64 > self.limits.max_file_bytes {
            return read_bytes(format, bytes, &self.limits);
        }
        let mut child = Command::new(&self.exe)
            .arg(CHILD_COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| ReadError::Io { what: format!("cannot start a reader: {error}") })?;
        let order = Order { format, limits: self.limits.clone() };
        let answer = self.talk(&mut child, &order, bytes);
        let status = child.wait().map_err(|error| ReadError::Io { what: error.to_string() })?;
        let after_s = self.limits.deadline.as_secs();
        let Some(answer) = answer else { return Err(ReadError::TimedOut { after_s }) };
        serde_json::from_slice::<Result<Reading, ReadError>>(&answer)
            .unwrap_or_else(|_| Err(ending(status, after_s)))
    }

    /// Sends the file and takes the answer; `None` when the deadline passed.
    fn talk(&self, child: &mut Child, order: &Order, bytes: &[u8]) -> Option<Vec<u8>> {
        let (stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
        let longest = self.limits.max_text_bytes.saturating_mul(ANSWER_PER_TEXT).saturating_add(1 << 20);
        let (sender, answer) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || send(stdin, order, bytes));
            scope.spawn(move || {
                let mut answer = Vec::new();
                // A read error means that the child is gone; what it had said is judged by the parent.
                stdout.take(longest).read_to_end(&mut answer).ok();
                sender.send(answer).ok();
            });
            let answer = answer.recv_timeout(self.limits.deadline).ok();
            if answer.is_none() {
                // Its pipes close, so both threads end. It may have ended at this very moment; then nothing is killed.
                child.kill().ok();
            }
            answer
        })
    }
}

/// A child that dies before it has read everything breaks the pipe; its end is judged by the parent.
fn send(mut stdin: impl Write, order: &Order, bytes: &[u8]) {
    let Ok(mut line) = serde_json::to_vec(order) else { return };
    line.push(b'\n');
    if stdin.write_all(&line).is_ok() {
        stdin.write_all(bytes).ok();
    }
}

/// What the end of a child without an answer means.
fn ending(status: ExitStatus, after_s: u64) -> ReadError {
    let how = match (status.code(), signal(status)) {
        (Some(PANICKED), _) => "a fault in the reader".to_owned(),
        (_, Some(signals::XCPU)) => return ReadError::TimedOut { after_s },
        (_, Some(signals::ABRT | signals::SEGV)) => "out of memory, or nested too deeply".to_owned(),
        _ => status.to_string(),
    };
    ReadError::Crashed { how }
}

/// The signals a reader may end by, the same on Linux and macOS.
mod signals {
    pub(super) const ABRT: i32 = 6;
    pub(super) const SEGV: i32 = 11;
    pub(super) const XCPU: i32 = 24;
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The whole life of a child: takes an order and a file from stdin, answers on stdout. `main` calls this before
/// anything else when the first argument is `__read`.
pub fn child_main() -> ExitCode {
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    let Ok(_) = (&mut stdin).take(LONGEST_ORDER).read_until(b'\n', &mut line) else {
        return ExitCode::FAILURE;
    };
    let Ok(Order { format, limits }) = serde_json::from_slice(&line) else { return ExitCode::FAILURE };
    confine(&limits);
    let mut bytes = Vec::new();
    if stdin.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let answer = read_bytes(format, &bytes, &limits);
    let mut stdout = std::io::stdout().lock();
    match serde_json::to_writer(&mut stdout, &answer).map(|()| stdout.flush()) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Gives up memory, processor time and core dumps beyond the limits, for good. Where the system refuses, the
/// parent's deadline still holds.
#[cfg(unix)]
fn confine(limits: &ReadLimits) {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let seconds = limits.deadline.saturating_add(Duration::from_secs(1)).as_secs();
    // At the soft limit of processor time the system says why it ends the process; at the hard one it only kills.
    let all =
        [(Resource::As, limits.max_memory_bytes, 0), (Resource::Cpu, seconds, 1), (Resource::Core, 0, 0)];
    for (resource, soft, more) in all {
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(soft.saturating_add(more)) }).ok();
    }
}

#[cfg(not(unix))]
fn confine(_: &ReadLimits) {}
