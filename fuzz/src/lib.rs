//! What the fuzz targets share: a mock in memory, and a check of its responses.
#![forbid(unsafe_code)]

use std::{sync::LazyLock, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
};
use wechatpay_mock::{Clock, MockServer};
use wechatpay_protocol::Timestamp;

/// The mock's time, and that of every signature.
pub const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
});

static MOCK: LazyLock<MockServer> = LazyLock::new(|| {
    let started = RUNTIME.block_on(MockServer::builder().clock(Clock::fixed(NOW)).start());
    started.expect("a mock can be started")
});

/// Sends the bytes on a connection of their own, closes this side, and returns what comes back.
///
/// # Panics
/// If the mock takes longer than ten seconds, or responds with a 5xx.
pub fn responses(bytes: &[u8]) -> Vec<u8> {
    // Start it before entering the runtime, since starting it enters the runtime as well.
    let mock = &*MOCK;
    let responses = RUNTIME.block_on(async {
        let (mut client, server) = tokio::io::duplex(4 * 1024 * 1024);
        let exchange = async {
            client.write_all(bytes).await.expect("the pipe takes the bytes");
            client.shutdown().await.expect("the pipe can be closed");
            let mut responses = Vec::new();
            client.read_to_end(&mut responses).await.expect("the pipe has the responses");
            responses
        };
        let both = async { tokio::join!(exchange, mock.serve_connection(server)).0 };
        tokio::time::timeout(Duration::from_secs(10), both).await.expect("a response within ten seconds")
    });
    for line in responses.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"HTTP/1.")) {
        assert!(!line[8..].starts_with(b" 5"), "{}", line.escape_ascii());
    }
    responses
}
