//! A server in a process of its own, from its start to its end.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    cores::{Cores, Side},
    failure::{During, Failure},
    process::{self, Memory},
    programs::{Peer, Programs},
};

/// How long a server may take to start, and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may take to end before it is killed.
const END: Duration = Duration::from_secs(5);

/// How often it is looked at whether a server has come as far as it shall.
const LOOK: Duration = Duration::from_millis(2);

/// How long memory must not change to be that of a server at rest.
const REST: Duration = Duration::from_millis(500);

/// A server, and how it is told to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The mock, with these options.
    Mock(&'static [&'static str]),
    Peer(Peer),
}

impl Kind {
    /// Whether its answers are signed.
    pub(crate) fn signs(self) -> bool {
        matches!(self, Self::Mock(options) if !options.contains(&"--no-signatures"))
    }
}

/// A server that listens. Ends with this.
pub(crate) struct Server {
    child: Child,
    address: String,
    begun: Instant,
    /// Where it says what it has to say, and nginx has its files.
    _folder: TempDir,
}

impl Server {
    /// Starts it, and waits for the line that says where it listens.
    ///
    /// # Errors
    /// If it can't be started, or ends or waits too long before that line.
    pub(crate) async fn start(programs: &Programs, kind: Kind, cores: Cores) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().during(|| "a folder for temporary files".into())?;
        let mut command = match kind {
            Kind::Mock(options) => {
                let mut command = cores.command(Side::Server, programs.mock()?);
                command.args(["--listen", "127.0.0.1:0", "--quiet"]).args(options);
                command
            }
            Kind::Peer(peer) => {
                let mut command = cores.command(Side::Server, programs.peer(peer)?);
                command.arg(folder.path());
                command
            }
        };
        let said = folder.path().join("stderr");
        let stderr = File::create(&said).during(|| format!("cannot write {}", said.display()))?;
        let begun = Instant::now();
        let mut child = spawn(&mut command, stderr)?;
        match timeout(PATIENCE, first_line(&mut child, &said)).await {
            Ok(Ok(address)) => Ok(Self { child, address, begun, _folder: folder }),
            Ok(Err(failure)) => Err(failure),
            Err(_) => {
                Err(Failure::unexpected("the server", "`listening on http://…`", "nothing within 30 s"))
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request, and gives the time since this server was started until its answer's head was there, and that head.
    ///
    /// # Errors
    /// If there is no such answer, or it is no 204.
    pub(crate) async fn first_answer(&self, request: &[u8]) -> Result<(Duration, String), Failure> {
        let what = "the first call";
        let head = timeout(PATIENCE, exchange(&self.address, request)).await;
        let head = head.unwrap_or_else(|late| Err(late.into())).during(|| what.into())?;
        let took = self.begun.elapsed();
        let is_good = head.split(' ').nth(1) == Some("204");
        if is_good { Ok((took, head)) } else { Err(Failure::unexpected(what, "204", head)) }
    }

    /// Waits until it has so many processes for its work.
    ///
    /// # Errors
    /// If it has fewer for too long.
    pub(crate) async fn has_workers(&self, count: usize) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let found = self.child.id().map_or(0, |pid| process::children(pid).len());
            if found >= count {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let expected = format!("{count} workers within 30 s");
                return Err(Failure::unexpected("the server", &expected, found.to_string()));
            }
            sleep(LOOK).await;
        }
    }

    /// Its memory, once that stands still.
    ///
    /// # Errors
    /// If it doesn't within 30 s.
    pub(crate) async fn memory_at_rest(&self) -> Result<Memory, Failure> {
        let begun = Instant::now();
        loop {
            let before = self.memory();
            sleep(REST).await;
            let now = self.memory();
            if now.now_kib == before.now_kib {
                return Ok(now);
            }
            if begun.elapsed() > PATIENCE {
                let expected = "memory that stands still within 30 s";
                return Err(Failure::unexpected("the server", expected, format!("{} KiB", now.now_kib)));
            }
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        self.child.id().map(process::memory).unwrap_or_default()
    }

    /// Time on cores so far.
    pub(crate) fn cpu(&self) -> Duration {
        self.child.id().map(process::cpu).unwrap_or_default()
    }
}

impl Drop for Server {
    /// nginx ends its workers when it is asked to end, not when it is killed.
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < END && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(LOOK);
        }
    }
}

fn spawn(command: &mut Command, stderr: File) -> Result<Child, Failure> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).kill_on_drop(true);
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.spawn().during(|| format!("cannot start {name}; is it installed?"))
}

/// The address of `listening on http://ADDRESS`.
async fn first_line(child: &mut Child, said: &Path) -> Result<String, Failure> {
    let what = "the server";
    let stdout = child.stdout.take().ok_or_else(|| Failure::unexpected(what, "its stdout", "none"))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await.during(|| what.into())?;
    if line.is_empty() {
        let status = child.wait().await.during(|| what.into())?;
        let output = fs::read_to_string(said).unwrap_or_default();
        return Err(Failure::Ended { what: what.into(), status, output });
    }
    let address = line.trim().strip_prefix("listening on http://");
    address
        .map(str::to_owned)
        .ok_or_else(|| Failure::unexpected(what, "`listening on http://…`", line.trim()))
}

/// Sends a request, and gives the head of its answer.
async fn exchange(address: &str, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut received = Vec::with_capacity(4096);
    while !received.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&received).into_owned())
}
