//! Shared by the tests: the command, mocks that stop with the test, and requests to them.

use std::{
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::SystemTime,
};

use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey, Timestamp};

/// The command, without the variables that would change what it does.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wechatpay-mock"));
    let is_read = |name: &str| {
        let name = name.to_uppercase();
        name.starts_with("WECHATPAY_") || name.ends_with("_PROXY") || name == "RUST_LOG"
    };
    for (name, _) in std::env::vars().filter(|(name, _)| is_read(name)) {
        command.env_remove(name);
    }
    command
}

/// Lets another command find `wechatpay-mock`.
pub(crate) fn on_path(other: &mut Command) {
    let folder = Path::new(env!("CARGO_BIN_EXE_wechatpay-mock")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    other.env("PATH", format!("{}:{path}", folder.display()));
}

/// How a run of the command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    ended(command().args(arguments).output().unwrap())
}

pub(crate) fn ended(output: Output) -> Ended {
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs the command to its end while a mock runs in the test.
pub(crate) async fn run_beside(mut command: Command) -> Ended {
    ended(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap())
}

/// Whether the tests were started by `nohup` or the like, which commands respect.
#[cfg(unix)]
pub(crate) fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1)
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// A mock on a free port, with its log.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// The log's lines. Dropping it closes the mock's stderr.
    pub(crate) log: Option<Lines<BufReader<ChildStderr>>>,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(["--listen", "127.0.0.1:0"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        let log = child.stderr.take().map(|log| BufReader::new(log).lines());
        Self { child, address, log }
    }

    /// The next line of the log.
    pub(crate) fn line(&mut self) -> String {
        self.log.as_mut().unwrap().next().expect("the log has another line").unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A request that changes a member's rights, signed now; the connection is closed after it.
pub(crate) fn signed(body: &str) -> Vec<u8> {
    let target = "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";
    let merchant = Credentials::development();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let timestamp = Timestamp::from_unix(now.as_secs());
    let nonce: Nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".parse().unwrap();
    let nonce_str = nonce.as_str();
    let message = RequestMessage { method: "PATCH", target, timestamp, nonce_str, body: body.as_bytes() };
    let signature = SigningKey::from_pem(&merchant.merchant_key).unwrap().sign(&message.to_bytes());
    let (mchid, serial) = (&merchant.mchid, &merchant.merchant_serial);
    let authorization = Authorization::new(mchid, serial, timestamp, &nonce, &signature);
    let length = body.len();
    format!(
        "PATCH {target} HTTP/1.1\r\nHost: mock\r\nAccept: application/json\r\nUser-Agent: peer\r\n\
         Connection: close\r\nContent-Length: {length}\r\nAuthorization: {authorization}\r\n\r\n{body}"
    )
    .into()
}
