//! What the fuzz targets share: a mock in memory, and what must hold of whatever it answers.
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

/// Sends the bytes on a connection of their own, closes this side, and returns whatever comes back.
///
/// # Panics
/// If the mock takes longer than ten seconds, or answers a 5xx.
pub fn answers(bytes: &[u8]) -> Vec<u8> {
    // Started before the runtime is entered, which starting it does too.
    let mock = &*MOCK;
    let answers = RUNTIME.block_on(async {
        let (mut client, server) = tokio::io::duplex(4 * 1024 * 1024);
        let exchange = async {
            client.write_all(bytes).await.expect("the pipe takes the bytes");
            client.shutdown().await.expect("the pipe can be closed");
            let mut answers = Vec::new();
            client.read_to_end(&mut answers).await.expect("the pipe gives the answers");
            answers
        };
        let both = async { tokio::join!(exchange, mock.serve_connection(server)).0 };
        tokio::time::timeout(Duration::from_secs(10), both).await.expect("an answer within ten seconds")
    });
    for line in answers.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"HTTP/1.")) {
        assert!(!line[8..].starts_with(b" 5"), "{}", line.escape_ascii());
    }
    answers
}
