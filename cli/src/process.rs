//! Runs a command to its end: passes signals on, and returns its exit code.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
};

use tokio::process::{Child, Command};

use crate::signals::{Signal, Signals};

/// Why a command did not run, or could not be waited for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("cannot find the command {command:?}; give its path, or a name on the PATH")]
    NotFound { command: OsString },
    #[error("cannot run {command:?}")]
    NotStarted { command: OsString, source: io::Error },
    #[error("cannot wait for the command")]
    Lost(#[from] io::Error),
}

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit code; 128 plus the signal's number if a signal ended it, as in a shell.
    pub(crate) code: u8,
    /// Whether Ctrl-C or SIGTERM arrived while it ran.
    pub(crate) is_interrupted: bool,
}

impl RunError {
    /// The exit code that a shell uses.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotStarted { .. } => 126,
            Self::Lost(_) => 1,
        }
    }
}

/// Runs the command with these variables and this process's input and output.
///
/// # Errors
/// [`RunError`] if it cannot be started or waited for.
pub(crate) async fn run_to_end(
    command: &[OsString],
    variables: Vec<(String, OsString)>,
) -> Result<Ended, RunError> {
    let (name, arguments) = command.split_first().ok_or_else(|| RunError::NotFound { command: "".into() })?;
    // From here on, signals are for the command.
    let mut signals = Signals::new()?;
    let started =
        Command::new(name).args(arguments).envs(variables).stdin(Stdio::inherit()).kill_on_drop(true).spawn();
    let mut child = started.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RunError::NotFound { command: name.clone() },
        _ => RunError::NotStarted { command: name.clone(), source },
    })?;
    let mut is_interrupted = false;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended { code: code(status?), is_interrupted }),
            signal = signals.next() => {
                is_interrupted = true;
                pass_on(&child, signal?);
            }
        }
    }
}

/// Sends the signal to the command, unless the terminal already has.
#[cfg(unix)]
fn pass_on(child: &Child, signal: Signal) {
    use rustix::process::{Pid, kill_process};
    use std::io::IsTerminal;

    let signal = match signal {
        Signal::Interrupt if io::stdin().is_terminal() => return,
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Terminate => rustix::process::Signal::TERM,
    };
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(pid) = pid {
        // The command may have just ended.
        let _ = kill_process(pid, signal);
    }
}

#[cfg(not(unix))]
fn pass_on(_: &Child, _: Signal) {}

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
