//! Starts the programs that serve tools so that none of them outlives us.
//!
//! A program is started by way of this binary's own `__child` command: it asks the kernel to be killed when its parent
//! dies, however that happens, and then becomes the program. Where the kernel has no such thing (macOS), a program
//! still sees its input end.

use std::{
    io,
    path::Path,
    process::{ExitCode, Stdio},
};

use tokio::process::{Child, Command};

use crate::config::{env::Env, tenant::mcp::McpServer};

/// The hidden command that becomes another program.
pub const CHILD_COMMAND: &str = "__child";

/// The variables of ours that a program gets. None of them is a secret.
const PASSED_ON: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "TMPDIR", "SSL_CERT_FILE"];

/// Starts a server's program, with its input, output and errors as pipes and only the variables it was given.
///
/// # Errors
/// When the program cannot be started.
pub(super) fn start(launcher: &Path, command: &[String], server: &McpServer, env: &Env) -> io::Result<Child> {
    let mut starting = Command::new(launcher);
    starting
        .arg(CHILD_COMMAND)
        .arg(std::process::id().to_string())
        .args(command)
        .env_clear()
        .envs(PASSED_ON.iter().filter_map(|name| Some((*name, env.get(name)?))))
        .envs(server.env.iter().map(|(name, value)| (name, value.expose())))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // So that Ctrl-C at a terminal is ours, and what the program starts itself can be ended with it.
        .process_group(0)
        .kill_on_drop(true);
    starting.spawn()
}

/// Ends a program and everything it started.
pub(super) fn stop(child: &Child) {
    // Once it was waited for its number may be somebody else's, and there is none to be had any more.
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself just now.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
}

/// The whole life of `__child PARENT PROGRAM ARGUMENTS`: becomes the program. `main` calls this before anything else.
pub fn child_main() -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    let mut arguments = std::env::args_os().skip(2);
    let parent = arguments.next().and_then(|id| id.to_str()?.parse::<i32>().ok());
    let Some(program) = arguments.next() else { return ExitCode::FAILURE };
    die_with_parent();
    // It may have died before we asked to be told.
    let is_orphan =
        rustix::process::getppid().map(rustix::process::Pid::as_raw_nonzero).map(i32::from) != parent;
    if is_orphan {
        return ExitCode::FAILURE;
    }
    let error = std::process::Command::new(&program).args(arguments).exec();
    tell(&format!("cannot start {}: {error}", program.to_string_lossy()));
    ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
fn die_with_parent() {
    // Where it is refused the program still sees its input end.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).ok();
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}

fn tell(message: &str) {
    use std::io::Write as _;
    // Whoever started us reads it; if nobody does, nobody misses it.
    writeln!(io::stderr(), "{message}").ok();
}
