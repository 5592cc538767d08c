//! Runs a command to its end: passes signals on, and returns its exit code.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
};

use tokio::process::{Child, Command};
use wechatpay_contract::environment::executable;
use wechatpay_texts::Text;

use crate::signals::{Signal, Signals};

/// Why a command did not run, or could not be waited for.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum RunError {
    #[text("cannot find the command {command:?}; give its path, or a name on the PATH")]
    NotFound { command: OsString },
    #[text("cannot run {command:?}")]
    NotStarted { command: OsString, source: io::Error },
    #[text("cannot wait for the command")]
    Lost(#[from] io::Error),
}

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit code; 128 plus the signal's number if a signal ended it, as in a shell.
    pub(crate) code: u8,
    /// Whether a signal to end arrived while it ran.
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

/// Runs the command with these variables and this process's input and output, and passes every signal on to it.
///
/// # Errors
/// [`RunError`] if it cannot be started or waited for.
pub(crate) async fn run_to_end(
    command: &[OsString],
    variables: BTreeMap<String, String>,
    mut signals: Signals,
) -> Result<Ended, RunError> {
    let (name, arguments) = command.split_first().ok_or_else(|| RunError::NotFound { command: "".into() })?;
    let started = Command::new(executable(name))
        .args(arguments)
        .envs(variables)
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RunError::NotFound { command: name.clone() },
        _ => RunError::NotStarted { command: name.clone(), source },
    })?;
    let mut is_interrupted = false;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(Ended { code: code(status?), is_interrupted }),
            signal = signals.next() => {
                let signal = signal?;
                is_interrupted |= signal.is_to_end();
                pass_on(&child, signal);
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
        Signal::Interrupt | Signal::Quit if io::stdin().is_terminal() => return,
        Signal::Interrupt => rustix::process::Signal::INT,
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Hangup => rustix::process::Signal::HUP,
        Signal::Quit => rustix::process::Signal::QUIT,
        Signal::User1 => rustix::process::Signal::USR1,
        Signal::User2 => rustix::process::Signal::USR2,
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
