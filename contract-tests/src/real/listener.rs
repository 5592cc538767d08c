//! A `notify_url` that takes one callback.

use std::{collections::BTreeMap, io};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The most headers of a callback.
const MAX_HEADERS: usize = 100;

pub(super) struct Listener(TcpListener);

/// A callback as it arrived.
pub(super) struct Received {
    /// The values by name, as spelled.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Listener {
    pub(super) async fn start() -> io::Result<Self> {
        TcpListener::bind("127.0.0.1:0").await.map(Self)
    }

    pub(super) fn url(&self) -> io::Result<String> {
        Ok(format!("http://{}/notify", self.0.local_addr()?))
    }

    /// The next callback, which it answers with 204.
    pub(super) async fn next(&self) -> io::Result<Received> {
        let (mut stream, _) = self.0.accept().await?;
        let mut bytes = Vec::new();
        let received = loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::Error::other("a callback that breaks off"));
            }
            if let Some(received) = parse(&bytes)? {
                break received;
            }
        };
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        Ok(received)
    }
}

/// The callback, if all of it has arrived.
fn parse(bytes: &[u8]) -> io::Result<Option<Received>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(start) = request.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let header = |header: &httparse::Header<'_>| {
        (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
    };
    let headers: BTreeMap<_, _> = request.headers.iter().map(header).collect();
    let length = headers.get("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let body = bytes.get(start..start + length).map(<[u8]>::to_vec);
    Ok(body.map(|body| Received { headers, body }))
}
