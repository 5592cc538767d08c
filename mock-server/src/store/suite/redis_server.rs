//! A Redis for the tests of this process, if there is `redis-server` on this machine. Each store has a database of its own.

use std::{
    io::{self, BufRead, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc, Weak,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::store::RedisUrl;

/// As many stores as the tests open, also when a property fails and is made smaller.
const DATABASES: u16 = 8192;

/// The server, as long as a test uses it.
static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// An empty database.
pub(crate) struct Database {
    server: Arc<Server>,
    number: u16,
}

struct Server {
    process: Child,
    port: u16,
    used: AtomicU16,
    /// What it says, which goes nowhere.
    _output: BufReader<ChildStdout>,
    _directory: TempDir,
}

impl Database {
    /// A database on the server, which is started if it does not run; `None` if there is none on this machine.
    pub(crate) fn new() -> Option<Self> {
        let mut running = SERVER.lock();
        let server = match running.upgrade() {
            Some(server) => server,
            None => Arc::new(Server::start()?),
        };
        *running = Arc::downgrade(&server);
        Some(server.database())
    }

    pub(super) fn another(&self) -> Self {
        self.server.database()
    }

    pub(super) fn url(&self) -> RedisUrl {
        self.place().parse().unwrap()
    }

    /// Where it is, as `--store` has it.
    pub(crate) fn place(&self) -> String {
        format!("redis://127.0.0.1:{}/{}", self.server.port, self.number)
    }
}

impl Server {
    fn start() -> Option<Self> {
        // Somebody else may take the port before the server does.
        let tries = (0..9).find_map(|_| match Self::try_start() {
            Ok(None) => None,
            Ok(Some(server)) => Some(Some(server)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                println!("skipped: there is no redis-server on this machine");
                Some(None)
            }
            Err(error) => panic!("redis-server: {error}"),
        });
        tries.expect("redis-server does not start")
    }

    fn try_start() -> io::Result<Option<Self>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let directory = TempDir::new()?;
        let mut command = Command::new("redis-server");
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
        command.args(["--databases", &DATABASES.to_string()]);
        command.arg("--dir").arg(directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        while output.read_line(&mut line)? > 0 {
            if line.contains("Ready to accept connections") {
                let used = AtomicU16::new(0);
                return Ok(Some(Self { process, port, used, _output: output, _directory: directory }));
            }
            line.clear();
        }
        process.wait()?;
        Ok(None)
    }

    fn database(self: &Arc<Self>) -> Database {
        let number = self.used.fetch_add(1, Relaxed);
        assert!(number < DATABASES, "more databases than expected");
        Database { server: Arc::clone(self), number }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
