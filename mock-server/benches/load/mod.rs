//! A mock in a process of its own, and connections that call it with signed requests.

use std::{
    io,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey, Timestamp};

pub(crate) const TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// A mock that listens on a free port. It ends with this.
pub(crate) struct Mock {
    pub(crate) process: Child,
    pub(crate) address: String,
}

impl Mock {
    pub(crate) fn start(options: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wechatpay-mock"))
            .args(["--listen", "127.0.0.1:0", "--quiet"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut line)?;
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        Ok(Self { process, address })
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Signs as the development merchant, each time another request.
pub(crate) struct Signer {
    merchant: Credentials,
    key: SigningKey,
    signed: AtomicU64,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let merchant = Credentials::development();
        let key = SigningKey::from_pem(&merchant.merchant_key).expect("the development key is valid");
        Self { merchant, key, signed: AtomicU64::new(0) }
    }

    /// The next request, as bytes: the sample with a number of its own.
    pub(crate) fn next(&self) -> Vec<u8> {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            "{{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\"out_request_no\":\"load-{number:016}\"}}"
        );
        let mut random = [0; 16];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let nonce = Nonce::from_random(random);
        let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let timestamp = Timestamp::from_unix(since_1970.as_secs());
        let message = RequestMessage {
            method: "PATCH",
            target: TARGET,
            timestamp,
            nonce_str: nonce.as_str(),
            body: body.as_bytes(),
        };
        let signature = self.key.sign(&message.to_bytes());
        let Credentials { mchid, merchant_serial, public_key, .. } = &self.merchant;
        let authorization = Authorization::new(mchid, merchant_serial, timestamp, &nonce, &signature);
        let named = public_key.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default();
        format!(
            "PATCH {TARGET} HTTP/1.1\r\nHost: mock\r\nAccept: application/json\r\nUser-Agent: load\r\n\
             Content-Type: application/json\r\nWechatpay-Serial: {named}\r\nAuthorization: {authorization}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// A connection that is used again and again.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for its answer. Gives back the body.
    ///
    /// # Errors
    /// If the status is another than that.
    pub(crate) async fn call(&mut self, request: &[u8], status: &str) -> io::Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.receive().await?;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        if head.split(' ').nth(1) != Some(status) {
            return Err(io::Error::other(format!("expected {status}, found {head}")));
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.received.len() < end + length {
            self.receive().await?;
        }
        let body = self.received[end..end + length].to_vec();
        self.received.drain(..end + length);
        Ok(body)
    }

    async fn receive(&mut self) -> io::Result<()> {
        let length = self.stream.read_buf(&mut self.received).await?;
        if length == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
