//! The command that is run: its signals and its exit code.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
};

use tokio::process::{Child, Command};

use crate::signals::Signals;

/// Why a command did not run, or was lost sight of.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRun {
    #[error("expected a command, found none called {command:?}; give a path, or a name that PATH has")]
    NotFound { command: OsString },
    #[error("cannot run {command:?}: {source}")]
    NotStarted { command: OsString, source: io::Error },
    #[error("cannot wait for the command: {0}")]
    Lost(#[from] io::Error),
}

impl NotRun {
    /// As a shell has it.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotStarted { .. } => 126,
            Self::Lost(_) => 1,
        }
    }
}

/// Runs the command with these variables and this process's input and output. Returns its exit code; 128 and the
/// signal's number, if one ended it, as a shell does.
pub(super) async fn run_to_end(
    command: &[OsString],
    variables: Vec<(String, OsString)>,
) -> Result<u8, NotRun> {
    let (name, arguments) = command.split_first().ok_or_else(|| NotRun::NotFound { command: "".into() })?;
    // From here on, a signal is for the command.
    let mut signals = Signals::new()?;
    let started =
        Command::new(name).args(arguments).envs(variables).stdin(Stdio::inherit()).kill_on_drop(true).spawn();
    let mut child = started.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => NotRun::NotFound { command: name.clone() },
        _ => NotRun::NotStarted { command: name.clone(), source },
    })?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(code(status?)),
            signal = signals.next() => pass_on(&child, signal?),
        }
    }
}

/// A terminal sends its signals to the command as well; what comes otherwise is passed on.
#[cfg(unix)]
fn pass_on(child: &Child, signal: &str) {
    use rustix::process::{Pid, Signal, kill_process};
    use std::io::IsTerminal;

    let signal = match signal {
        "SIGINT" if io::stdin().is_terminal() => return,
        "SIGINT" => Signal::INT,
        _ => Signal::TERM,
    };
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(pid) = pid {
        // It may have ended by itself just now.
        let _ = kill_process(pid, signal);
    }
}

#[cfg(not(unix))]
fn pass_on(_: &Child, _: &str) {}

#[cfg(unix)]
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> u8 {
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}
