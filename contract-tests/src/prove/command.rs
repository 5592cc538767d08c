//! A client that is a command: runs it once, within a time limit.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinSet,
    time::timeout,
};
use wechatpay_protocol::Credentials;

use super::subject::{Outcome, Said};

/// The most bytes that are kept of what a command writes to stdout, and to stderr.
const KEPT: usize = 64 << 10;

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
    // The folder is what some clients, ours too, look at first.
    process.env_remove("WECHATPAY_CREDENTIALS");
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
    let mut reading = JoinSet::new();
    let (stdout, stderr) = (Kept::default(), Kept::default());
    reading.spawn(keep(child.stdout.take(), stdout.clone()));
    reading.spawn(keep(child.stderr.take(), stderr.clone()));
    let ended = timeout(limit, child.wait()).await;
    drop(group);
    // What still holds a pipe by then is waited for no longer; what it has written counts.
    let _ = timeout(OUTPUT_WAIT, async { while reading.join_next().await.is_some() {} }).await;
    drop(reading);
    let output = stdout.text() + &stderr.text();
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

/// The beginning of what is written to a pipe.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Reads a pipe to its end, so that whoever writes need not wait.
async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: Kept) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 8 << 10];
    // What came before an error is all there is.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        kept.add(&buffer[..length]);
    }
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
