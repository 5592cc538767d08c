//! A client that is a command: runs it once, within a time limit.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, copy, sink},
    process::{Child, Command},
    time::timeout,
};
use wechatpay_protocol::Credentials;

use super::subject::{Outcome, Said};

/// The most bytes that are kept of what a command writes to stdout, and to stderr.
const KEPT: u64 = 64 << 10;

/// How long output is waited for once the command has ended. What it left behind may still hold the pipe.
const OUTPUT_WAIT: Duration = Duration::from_secs(1);

/// A command that can't be run.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {command:?}; give a path, or a name that PATH has")]
pub struct NotRun {
    command: OsString,
    source: io::Error,
}

/// Runs a command with these variables, and with none of another merchant's.
pub(super) async fn run(
    command: &[OsString],
    variables: &[(String, OsString)],
    limit: Duration,
) -> Result<Said, NotRun> {
    let (name, arguments) = command.split_first().ok_or_else(|| NotRun {
        command: OsString::new(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "expected a command, found none"),
    })?;
    let mut process = Command::new(name);
    process.args(arguments);
    for (name, _) in Credentials::development().to_file().to_env() {
        process.env_remove(name);
    }
    process.envs(variables.iter().map(|(name, value)| (name, value)));
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    process.process_group(0);
    let child = process.spawn().map_err(|source| NotRun { command: name.clone(), source })?;
    Ok(watch(child, limit).await)
}

async fn watch(mut child: Child, limit: Duration) -> Said {
    let group = Group::of(&child);
    let stdout = tokio::spawn(kept(child.stdout.take()));
    let stderr = tokio::spawn(kept(child.stderr.take()));
    let ended = timeout(limit, child.wait()).await;
    drop(group);
    let mut output = String::new();
    for pipe in [stdout, stderr] {
        let text = timeout(OUTPUT_WAIT, pipe).await.ok().and_then(Result::ok).unwrap_or_default();
        output += &String::from_utf8_lossy(&text);
    }
    let (outcome, how) = match ended {
        Ok(Ok(status)) if status.success() => (Outcome::Accepted, "exit code 0".into()),
        Ok(Ok(status)) => (Outcome::Refused, shown(status)),
        Ok(Err(error)) => (Outcome::Gone { reason: error.to_string() }, "lost sight of it".into()),
        Err(_) => (Outcome::Hung, format!("was ended after {} s", limit.as_secs_f64())),
    };
    Said { outcome, how, output: Some(output) }
}

fn shown(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// Everything that is written to a pipe, of which the beginning is kept.
async fn kept(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What came before an error is all there is.
        let _ = (&mut pipe).take(KEPT).read_to_end(&mut bytes).await;
        let _ = copy(&mut pipe, &mut sink()).await;
    }
    bytes
}

/// A command and all that it started; ended when this is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Usually there is nobody left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self {}
    }
}
