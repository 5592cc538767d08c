//! Slow and hostile peers: every wait ends at its limit, other peers still get responses, and memory stays small.
//!
//! The mock runs in its own process, so that its memory can be measured.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")] // Memory and CPU time are read from /proc.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    fs,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{PoisonError, RwLock, RwLockReadGuard},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tempfile::TempDir;
use tokio::net::TcpSocket;
use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey, Timestamp};

const BINARY: &str = env!("CARGO_BIN_EXE_wechatpay-mock");
/// Limit on the mock's peak memory.
const MEMORY_KIB: u64 = 64 * 1024;
/// How much later than its limit a wait may end, on a busy machine.
const SLACK: Duration = Duration::from_secs(5);
/// How long a test waits for something that should happen much sooner.
const PATIENCE: Duration = Duration::from_secs(30);
/// One second for every wait on a peer.
const SHORT: &str = "head_timeout = 1\nkeep_alive = 1\nbody_timeout = 1\nwrite_timeout = 1";

/// Each test holds a read lock while it uses sockets; the test that needs a thousand of them holds the write lock. A
/// process can often open no more than 1,024 files.
static SOCKETS: RwLock<()> = RwLock::new(());

/// A mock that stops with the test.
struct Mock {
    child: Child,
    address: SocketAddr,
    _dir: TempDir,
    _sockets: Option<RwLockReadGuard<'static, ()>>,
}

impl Mock {
    /// Starts a mock with these limits and defaults for the others.
    fn start(limits: &str) -> Self {
        let sockets = SOCKETS.read().unwrap_or_else(PoisonError::into_inner);
        Self::start_by(&mut Command::new(BINARY), limits, Some(sockets))
    }

    fn start_by(command: &mut Command, limits: &str, sockets: Option<RwLockReadGuard<'static, ()>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("mock.toml");
        fs::write(&config, format!("listen = \"127.0.0.1:0\"\n[limits]\n{limits}\n")).unwrap();
        for name in ["LISTEN", "QUIET", "CONFIG", "SEED"] {
            command.env_remove(format!("WECHATPAY_MOCK_{name}"));
        }
        command.env_remove("RUST_LOG").arg("--config").arg(config);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { child, address, _dir: dir, _sockets: sockets }
    }

    fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).unwrap())
    }

    /// A peer with a small receive buffer.
    fn connect_narrow(&self) -> Peer {
        let connect = async {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(4096)?;
            socket.connect(self.address).await?.into_std()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let stream = runtime.block_on(connect).unwrap();
        stream.set_nonblocking(false).unwrap();
        Peer::new(stream)
    }

    /// Checks that another request gets its response soon, and that the mock's peak memory is within the limit.
    #[track_caller]
    fn is_healthy(&self) {
        let begun = Instant::now();
        let mut peer = self.connect();
        peer.send(&Request::sample().to_bytes()).unwrap();
        assert_eq!(peer.response().unwrap(), "204");
        let (waited, memory) = (begun.elapsed(), self.peak_memory_kib());
        println!("response after {} ms, {memory} KiB at most", waited.as_millis());
        assert!(waited < SLACK, "{waited:?}");
        assert!(memory <= MEMORY_KIB, "{memory} KiB");
    }

    fn peak_memory_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// The CPU time used by the mock; Linux counts it in hundredths of a second.
    fn work(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(") ").unwrap().1;
        let ticks = after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The other end of a connection.
struct Peer {
    stream: BufReader<TcpStream>,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_ref().write_all(bytes)
    }

    /// Closes the sending side.
    fn finish_sending(&self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads the next response completely, and returns its status.
    fn response(&mut self) -> io::Result<String> {
        let mut line = || {
            let mut line = String::new();
            match self.stream.read_line(&mut line)? {
                0 => Err(io::Error::from(ErrorKind::UnexpectedEof)),
                _ => Ok(line),
            }
        };
        let status = line()?.split(' ').nth(1).unwrap().to_owned();
        let mut length = 0;
        loop {
            let header = line()?;
            if header == "\r\n" {
                break;
            }
            length = header.strip_prefix("Content-Length: ").map_or(length, |n| n.trim().parse().unwrap());
        }
        io::copy(&mut self.stream.by_ref().take(length), &mut io::sink())?;
        Ok(status)
    }

    /// Everything received until the connection is closed.
    fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Whether the connection is open, with nothing to read.
    fn is_waiting(&self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends this ten times a second until the connection is closed; returns everything received.
    fn drip(&mut self, drop: &str) -> String {
        let stream = self.stream.get_mut();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let (begun, mut received) = (Instant::now(), Vec::new());
        let mut buffer = [0; 4096];
        while begun.elapsed() < PATIENCE {
            match stream.read(&mut buffer) {
                Ok(0) => return String::from_utf8(received).unwrap(),
                Ok(length) => received.extend(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return String::from_utf8(received).unwrap();
                }
                // This fails once the connection is closed; the next read reports it.
                Err(_) => {
                    let _ = stream.write_all(drop.as_bytes());
                }
            }
        }
        panic!("the connection is still open");
    }
}

/// A request, signed now.
#[derive(Clone)]
struct Request {
    method: &'static str,
    target: String,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    /// A request that gets a 204.
    fn sample() -> Self {
        let card = "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0";
        Self {
            method: "PATCH",
            target: format!("{card}/codes/478515832665/rights"),
            headers: "Accept: application/json\r\nUser-Agent: peer\r\n".into(),
            body: br#"{"out_request_no":"hostile"}"#.into(),
        }
    }

    /// Everything before the body, with this Content-Length.
    fn head(&self, length: usize) -> String {
        let merchant = Credentials::development();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let timestamp = Timestamp::from_unix(now.as_secs());
        let nonce: Nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".parse().unwrap();
        let (method, target) = (self.method, &self.target);
        let message =
            RequestMessage { method, target, timestamp, nonce_str: nonce.as_str(), body: &self.body };
        let signature = SigningKey::from_pem(&merchant.merchant_key).unwrap().sign(&message.to_bytes());
        let (mchid, serial) = (&merchant.mchid, &merchant.merchant_serial);
        let authorization = Authorization::new(mchid, serial, timestamp, &nonce, &signature);
        format!(
            "{method} {target} HTTP/1.1\r\nHost: mock\r\n{}Content-Length: {length}\r\n\
             Authorization: {authorization}\r\n\r\n",
            self.headers
        )
    }

    fn to_bytes(&self) -> Vec<u8> {
        [self.head(self.body.len()).into_bytes(), self.body.clone()].concat()
    }
}

/// A request that gets a 404 without a body.
const UNKNOWN: &str = "GET /v3/none HTTP/1.1\r\nHost: mock\r\n\r\n";

/// Checks that the wait ended at its limit in seconds: not earlier, and not much later.
#[track_caller]
fn assert_ended_by(limit: u64, begun: Instant) {
    let (limit, waited) = (Duration::from_secs(limit), begun.elapsed());
    println!("a wait of {limit:?} ended after {waited:?}");
    assert!(waited >= limit && waited < limit + SLACK, "a wait of {limit:?} ended after {waited:?}");
}

// Slow peers.

#[test]
fn a_thousand_idle_connections_time_out_while_others_work() {
    let _alone = SOCKETS.write().unwrap_or_else(PoisonError::into_inner);
    let mock = Mock::start_by(&mut Command::new(BINARY), "head_timeout = 2", None);
    let begun = Instant::now();
    let mut idle: Vec<_> = (0..1000).map(|_| mock.connect()).collect();
    // Connections are accepted in order: once this one is, all are.
    mock.is_healthy();
    assert!(idle[0].is_waiting(), "opening them took {:?}: they were not there at once", begun.elapsed());
    for peer in &mut idle {
        assert_eq!(peer.rest(), "");
    }
    assert_ended_by(2, begun);
    mock.is_healthy();
}

#[test]
fn between_requests_the_idle_limit_is_that_of_keep_alive() {
    let mock = Mock::start("keep_alive = 1");
    let mut peer = mock.connect();
    let mut begun = Instant::now();
    for _ in 0..3 {
        begun = Instant::now();
        peer.send(&Request::sample().to_bytes()).unwrap();
        assert_eq!(peer.response().unwrap(), "204");
    }
    assert_eq!(peer.rest(), "");
    assert_ended_by(1, begun);
}

#[test]
fn a_head_or_body_sent_byte_by_byte_has_the_same_timeout() {
    let mock = Mock::start(SHORT);
    let drips = [
        ("", "\r\n", ""),
        ("GET /v3/none HT", "T", ""),
        ("GET /v3/none HTTP/1.1\r\n", "X-Drop: 1\r\n", ""),
        ("POST /v3/none HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", "x", "HTTP/1.1 408 "),
        ("POST /v3/none HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "HTTP/1.1 408 "),
        ("POST /v3/none HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0", "HTTP/1.1 408 "),
    ];
    thread::scope(|scope| {
        for (begin, drop, response) in drips {
            let begun = Instant::now();
            let mut peer = mock.connect();
            scope.spawn(move || {
                peer.send(begin.as_bytes()).unwrap();
                let received = peer.drip(drop);
                assert!(
                    received.starts_with(response) && received.is_empty() == response.is_empty(),
                    "{received}"
                );
                assert_ended_by(1, begun);
            });
        }
        mock.is_healthy();
    });
    mock.is_healthy();
}

#[test]
fn a_body_that_never_arrives_is_a_408_and_the_connection_is_closed() {
    let mock = Mock::start(SHORT);
    let head = Request::sample().head(1024 * 1024);
    let begun = Instant::now();
    let mut peers: Vec<_> = (0..100).map(|_| mock.connect()).collect();
    for peer in &peers {
        peer.send(head.as_bytes()).unwrap();
    }
    mock.is_healthy();
    for peer in &mut peers {
        assert_eq!(peer.response().unwrap(), "408");
        assert_eq!(peer.rest(), "");
    }
    assert_ended_by(1, begun);
    mock.is_healthy();
}

#[test]
fn a_peer_that_never_reads_is_disconnected() {
    let mock = Mock::start(SHORT);
    // The responses echo the requests, so a few of them overflow the peer's receive buffer.
    let (serial, _) = Credentials::development().public_key.unwrap();
    let echo = Request {
        method: "POST",
        target: "/v3/security/echo".into(),
        headers: Request::sample().headers + &format!("Wechatpay-Serial: {serial}\r\n"),
        body: format!(r#"{{"echo_message":"{}"}}"#, "x".repeat(500_000)).into(),
    };
    let request = echo.to_bytes();
    thread::scope(|scope| {
        for _ in 0..4 {
            let (peer, request) = (mock.connect_narrow(), &request);
            scope.spawn(move || {
                let mut begun = Instant::now();
                let error = loop {
                    if let Err(error) = peer.send(request) {
                        break error;
                    }
                    begun = Instant::now();
                };
                let is_closed = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
                assert!(is_closed, "{error}");
                let waited = begun.elapsed();
                println!("the last request was not accepted for {waited:?}");
                assert!(waited < Duration::from_secs(1) + SLACK, "{waited:?}");
            });
        }
        mock.is_healthy();
    });
    mock.is_healthy();
}

// Peers that stop halfway.

#[test]
fn a_half_closed_connection_gets_a_response_to_a_complete_request_and_is_closed_at_once() {
    let mock = Mock::start("");
    let sample = Request::sample().to_bytes();
    let stops: [(&[u8], &str); 5] = [
        (b"", ""),
        (b"GET /v3/none HT", ""),
        (b"GET /v3/none HTTP/1.1\r\nHost: mock\r\n", ""),
        (&sample[..sample.len() - 1], "HTTP/1.1 400 "),
        (&sample, "HTTP/1.1 204 "),
    ];
    let begun = Instant::now();
    for _ in 0..20 {
        for (sent, response) in stops {
            let mut peer = mock.connect();
            peer.send(sent).unwrap();
            peer.finish_sending();
            let received = peer.rest();
            assert!(
                received.starts_with(response) && received.is_empty() == response.is_empty(),
                "{received}"
            );
        }
    }
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    mock.is_healthy();
}

// Peers that send too much.

#[test]
fn headers_of_any_size_over_64_kib_are_a_431_and_the_connection_is_closed() {
    let mock = Mock::start("");
    let begun = Instant::now();
    let headers = "X-Many: x\r\n".repeat(1000);
    for line in [&"x".repeat(10_000), &headers] {
        for _ in 0..10 {
            let mut peer = mock.connect();
            let begin = "GET /v3/none HTTP/1.1\r\nHost: mock\r\nX-Long: ";
            let mut sent = peer.send(begin.as_bytes());
            while sent.is_ok() {
                sent = peer.send(line.as_bytes());
            }
            let received = peer.rest();
            assert!(received.starts_with("HTTP/1.1 431 "), "{received}");
        }
    }
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    mock.is_healthy();
}

#[test]
fn ten_thousand_requests_on_one_connection_need_little_memory() {
    const REQUESTS: usize = 10_000;
    let mock = Mock::start("");
    let mut peer = mock.connect();
    let stream = peer.stream.get_ref().try_clone().unwrap();
    let request = Request::sample().to_bytes();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..REQUESTS {
                (&stream).write_all(&request).unwrap();
            }
        });
        for _ in 0..REQUESTS {
            assert_eq!(peer.response().unwrap(), "204");
        }
    });
    mock.is_healthy();
}

#[test]
fn journaled_requests_of_any_shape_need_little_memory() {
    let unknown = Request { target: "/v3/none".into(), ..Request::sample() };
    let shapes = [
        (2_000, Request { headers: (0..80).map(|n| format!("X-{n}: {n}\r\n")).collect(), ..unknown.clone() }),
        (400, Request { headers: format!("X-Long: {}\r\n", "x".repeat(60_000)), ..unknown.clone() }),
        (400, Request { target: format!("/v3/{}", "t".repeat(60_000)), ..unknown.clone() }),
        (40, Request { body: vec![b'x'; 1024 * 1024], ..unknown }),
    ];
    for (times, request) in shapes {
        let mock = Mock::start("");
        let mut peer = mock.connect();
        let request = request.to_bytes();
        for _ in 0..times {
            peer.send(&request).unwrap();
            assert_eq!(peer.response().unwrap(), "404");
        }
        mock.is_healthy();
    }
}

// Too many peers.

#[test]
fn connections_over_the_limit_wait_until_others_end() {
    let mock = Mock::start("connections = 2\nhead_timeout = 1");
    let begun = Instant::now();
    let _idle = [mock.connect(), mock.connect()];
    let mut third = mock.connect();
    third.send(UNKNOWN.as_bytes()).unwrap();
    assert_eq!(third.response().unwrap(), "404");
    assert_ended_by(1, begun);
}

#[test]
fn without_free_file_descriptors_the_mock_waits_until_connections_end() {
    let sockets = SOCKETS.read().unwrap_or_else(PoisonError::into_inner);
    let few_files = ["-c", "ulimit -n 24; exec \"$0\" \"$@\"", BINARY];
    let mock = Mock::start_by(Command::new("sh").args(few_files), "head_timeout = 1", Some(sockets));
    let (begun, work) = (Instant::now(), mock.work());
    let _idle: Vec<_> = (0..24).map(|_| mock.connect()).collect();
    let mut last = mock.connect();
    last.send(UNKNOWN.as_bytes()).unwrap();
    assert_eq!(last.response().unwrap(), "404");
    assert_ended_by(1, begun);
    let (waited, work) = (begun.elapsed(), mock.work() - work);
    println!("worked {work:?} of {waited:?}");
    assert!(work < waited / 4, "it worked for {work:?} of {waited:?}");
    mock.is_healthy();
}
