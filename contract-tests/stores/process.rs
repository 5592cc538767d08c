//! The processes: mocks and servers of Redis, which end with the test.

use std::{
    env,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A mock on a free port.
pub(crate) struct Mock {
    child: Child,
    pub(crate) url: String,
    log: PathBuf,
}

/// A Redis that keeps nothing on the disk.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    _directory: TempDir,
}

/// A cluster of three masters, each with a replica.
pub(crate) struct Cluster {
    child: Child,
    /// It ends when this is closed.
    _held: Option<ChildStdin>,
    /// What `--store` takes.
    pub(crate) url: String,
    pub(crate) ports: Vec<u16>,
    directory: PathBuf,
}

/// The command to test.
fn command() -> PathBuf {
    let named = env::var_os("WECHATPAY_MOCK").map(PathBuf::from);
    let built = || env::current_exe().unwrap().ancestors().nth(2).unwrap().join("wechatpay-mock");
    let command = named.unwrap_or_else(built);
    assert!(
        command.is_file(),
        "expected the mock at {}: build it, or name it in WECHATPAY_MOCK",
        command.display()
    );
    command
}

/// A command without the variables that would change what the mock does.
fn plain(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("WECHATPAY_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

impl Mock {
    /// Starts it, and waits until it listens. Its log goes to a file in this folder.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut mock = Self::begin(folder, arguments);
        let mut line = String::new();
        BufReader::new(mock.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ");
        mock.url = url.unwrap_or_else(|| panic!("the mock does not start: {}", mock.log())).to_owned();
        mock
    }

    /// Starts it, and does not wait.
    pub(crate) fn begin(folder: &Path, arguments: &[&str]) -> Self {
        let log = folder.join("mock.log");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        // The limit of a file's size is to be an error, not the end.
        let mut shell = plain("sh");
        shell.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"]).arg(command());
        shell.args(["--listen", "127.0.0.1:0", "--quiet"]).args(arguments);
        let child = shell.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        Self { child, url: String::new(), log }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end by itself.
    pub(crate) fn end(mut self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Redis {
    /// Starts it; `None` if there is none on this machine.
    pub(crate) fn start() -> Option<Self> {
        // Somebody else may take the port before it does.
        let started = (0..9).find_map(|_| match Self::try_start() {
            Ok(started) => started.map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(None),
            Err(error) => panic!("redis-server: {error}"),
        });
        started.expect("redis-server starts")
    }

    fn try_start() -> io::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let directory = TempDir::new()?;
        let mut command = plain("redis-server");
        command.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.arg("--dir").arg(directory.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next().transpose()? {
            if line.contains("Ready to accept connections") {
                // It says little more, but must be able to.
                thread::spawn(move || lines.for_each(drop));
                return Ok(Some(Self { child, port, _directory: directory }));
            }
        }
        child.wait()?;
        Ok(None)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Cluster {
    /// Starts it; `None` if there is no Redis on this machine.
    pub(crate) fn start() -> Option<Self> {
        const SKIPPED: i32 = 77;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("stores/redis-cluster");
        let mut command = plain(script);
        command.env("FIRST_PORT", six_free_ports().to_string());
        let inner = r#"echo "$REDIS_DIRECTORY"; echo "$REDIS_PORTS"; exec cat"#;
        command.args(["--", "sh", "-c", inner]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(io::Result::unwrap);
        let said: Vec<String> = lines.by_ref().take(3).collect();
        let [url, directory, ports] = said.as_slice() else {
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(SKIPPED), "{said:?}");
            return None;
        };
        let ports = ports.split(' ').map(|port| port.parse().unwrap()).collect();
        let held = child.stdin.take();
        Some(Self { child, _held: held, url: url.clone(), ports, directory: directory.into() })
    }

    /// The master that has the most keys.
    pub(crate) fn busiest(&self) -> u16 {
        let size = |port: &u16| -> usize { ask(*port, &["DBSIZE"]).trim().parse().unwrap() };
        self.ports.iter().copied().filter(|port| is_master(*port)).max_by_key(size).unwrap()
    }

    /// The masters, as a node other than this one sees them.
    pub(crate) fn masters_but(&self, gone: u16) -> usize {
        let other = self.ports.iter().find(|port| **port != gone).unwrap();
        let nodes = ask(*other, &["CLUSTER", "NODES"]);
        let is_master =
            |line: &&str| line.contains("master") && !line.contains("fail") && line.contains(" connected ");
        nodes.lines().filter(is_master).filter(|line| !line.contains(&format!(":{gone}@"))).count()
    }

    pub(crate) fn signal(&self, port: u16, signal: Signal) {
        let pid = fs::read_to_string(self.directory.join(format!("{port}.pid"))).unwrap();
        kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), signal).unwrap();
    }
}

pub(crate) fn is_master(port: u16) -> bool {
    ask(port, &["ROLE"]).starts_with("master")
}

/// Whether it is a replica that has everything and gets what follows.
pub(crate) fn is_replica(port: u16) -> bool {
    let role = ask(port, &["ROLE"]);
    role.starts_with("slave") && role.lines().any(|line| line == "connected")
}

/// The master of this replica.
pub(crate) fn master_of(port: u16) -> u16 {
    ask(port, &["ROLE"]).lines().nth(2).unwrap().parse().unwrap()
}

/// How often clients have waited for its replicas.
pub(crate) fn waits(port: u16) -> u64 {
    let stats = ask(port, &["INFO", "commandstats"]);
    let calls = stats.split_once("cmdstat_wait:calls=").and_then(|(_, rest)| rest.split(',').next());
    calls.map_or(0, |calls| calls.parse().unwrap())
}

fn ask(port: u16, command: &[&str]) -> String {
    let answer = Command::new("redis-cli").args(["-p", &port.to_string()]).args(command).output().unwrap();
    String::from_utf8(answer.stdout).unwrap()
}

/// The first of six ports that are free, as are those 10,000 above: each node takes two.
fn six_free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let are_free = |first: &u16| (*first..*first + 6).all(|port| is_free(port) && is_free(port + 10_000));
    let first = || 10_000 + u16::try_from(crate::chance(10_000)).unwrap();
    std::iter::repeat_with(first).take(99).find(are_free).expect("six free ports")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self._held.take());
        let _ = self.child.wait();
    }
}
