//! Starts commands, and runs a client that is one, once and within a time limit.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use futures_util::future::{Either, join, select};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    time::timeout,
};
use wechatpay_protocol::Credentials;
use wechatpay_texts::{Text, text};

use super::reaction::{Reaction, Verdict};
use crate::environment::executable;

/// The number of bytes kept of stdout, and of stderr.
const MAX_OUTPUT: u64 = 64 << 10;

/// How long to wait for the end of the output once the command has ended: a child of it may keep the pipe open.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// The command cannot be run.
#[derive(Debug, Text, thiserror::Error)]
#[text("cannot run {command:?}; give a path, or a name that PATH has")]
pub struct RunError {
    command: OsString,
    source: io::Error,
}

/// Runs a command with these variables, and without the credentials of any other merchant.
pub(super) async fn run(
    command: &[OsString],
    variables: &BTreeMap<String, String>,
    limit: Duration,
) -> Result<Reaction, RunError> {
    Ok(watch(start(command, variables)?, limit).await)
}

/// Starts a command in the same way, in a process group of its own, with its output piped.
pub(super) fn start(command: &[OsString], variables: &BTreeMap<String, String>) -> Result<Child, RunError> {
    let (name, arguments) = command.split_first().ok_or_else(|| RunError {
        command: OsString::new(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "expected a command, found none"),
    })?;
    let mut process = Command::new(executable(name));
    process.args(arguments);
    // Clients look at the folder first.
    process.env_remove("WECHATPAY_CREDENTIALS");
    for (name, _) in Credentials::development().to_file().to_env() {
        process.env_remove(name);
    }
    process.envs(variables);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    process.process_group(0);
    process.spawn().map_err(|source| RunError { command: name.clone(), source })
}

/// Reads the output until the command ends, or ends it at the time limit.
async fn watch(mut child: Child, limit: Duration) -> Reaction {
    let group = ProcessGroup::of(&child);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let reading = join(read(child.stdout.take(), &mut stdout), read(child.stderr.take(), &mut stderr));
    let ended = match select(Box::pin(timeout(limit, child.wait())), Box::pin(reading)).await {
        Either::Left((ended, reading)) => {
            drop(group);
            // The output so far is enough.
            let _ = timeout(OUTPUT_TIMEOUT, reading).await;
            ended
        }
        Either::Right((_, waiting)) => {
            let ended = waiting.await;
            drop(group);
            ended
        }
    };
    let (verdict, how) = match ended {
        Ok(Ok(status)) if status.success() => (Verdict::Accepted, text!("exit code 0")),
        Ok(Ok(status)) => (Verdict::Rejected, exit_code(status)),
        Ok(Err(error)) => {
            (Verdict::Unreachable { reason: error.to_string() }, text!("its exit status is unknown"))
        }
        Err(_) => (Verdict::TimedOut, text!("was ended after {seconds} s", seconds = limit.as_secs_f64())),
    };
    let output = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    Reaction { verdict, how, output: Some(output) }
}

/// Reads a pipe to its end, so that the command never blocks on it, and keeps the beginning.
async fn read(pipe: Option<impl AsyncRead + Unpin>, beginning: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    // After an error there is nothing more to read.
    let _ = (&mut pipe).take(MAX_OUTPUT).read_to_end(beginning).await;
    let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
}

pub(super) fn exit_code(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| text!("exit code {code}"))
}

/// A command and all processes that it started. Drop kills them.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl ProcessGroup {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }
}

#[cfg(unix)]
impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // It fails if all have ended, which is usual.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl ProcessGroup {
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }
}
