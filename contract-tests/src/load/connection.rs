//! One connection: sends ready bytes, and takes the whole answer.

use std::{
    io,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    answer::{self, Whole},
    asked::PATIENCE,
};
use crate::run::send::{self, Host};

/// How long a connection may stand still before it is looked at whether the server has closed it.
const IDLE: Duration = Duration::from_secs(1);

/// Room for most answers, so that one read takes them.
const USUAL_ANSWER: usize = 4 << 10;

/// A connection to the server, opened when it is needed.
pub(super) struct Connection<'a> {
    host: &'a Host,
    /// `None` before the first exchange, and after one that did not end as it should.
    stream: Option<Box<dyn send::Connection>>,
    received: Vec<u8>,
    used: Instant,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Connect(String),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("none within {} s", PATIENCE.as_secs())]
    Late,
    #[error("the connection ended before the answer did")]
    Ended,
    #[error("something else than HTTP: {0}")]
    NotHttp(httparse::Error),
    #[error("an answer that is longer than its end")]
    More,
    #[error("an answer whose length can't be read")]
    NoLength,
    #[error("an answer that is too large")]
    TooLarge,
}

impl<'a> Connection<'a> {
    pub(super) fn to(host: &'a Host) -> Self {
        Self { host, stream: None, received: Vec::with_capacity(USUAL_ANSWER), used: Instant::now() }
    }

    /// Opens it, unless it is open.
    pub(super) async fn open(&mut self) -> Result<(), Failure> {
        if self.stream.is_none() {
            self.stream = Some(self.host.connect().await.map_err(Failure::Connect)?);
            self.used = Instant::now();
        }
        Ok(())
    }

    /// Sends a whole request, and takes a whole answer, which is there until the next.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8]), Failure> {
        if self.used.elapsed() > IDLE && self.was_closed() {
            self.stream = None;
        }
        self.open().await?;
        // It is put back only after all went well, so a broken one is never used again.
        let mut stream = self.stream.take().ok_or(Failure::Ended)?;
        self.received.clear();
        stream.write_all(request).await?;
        // Over TLS, what is written may still be on this side.
        stream.flush().await?;
        let whole = receive(&mut *stream, &mut self.received).await?;
        if !whole.is_last {
            self.stream = Some(stream);
            self.used = Instant::now();
        }
        Ok((whole.status, &self.received[..whole.end]))
    }

    /// Whether the server has closed it. It has nothing to say before it is asked, so anything else is as bad.
    fn was_closed(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut nothing = [0];
        stream.read(&mut nothing).now_or_never().is_some()
    }
}

/// Waits for the whole answer, and drops those that only ask for patience.
async fn receive(stream: &mut dyn send::Connection, received: &mut Vec<u8>) -> Result<Whole, Failure> {
    let mut is_ended = false;
    loop {
        match answer::whole(received, is_ended)? {
            Some(whole) if (100..200).contains(&whole.status) => drop(received.drain(..whole.end)),
            Some(whole) if whole.end < received.len() => return Err(Failure::More),
            Some(whole) => return Ok(whole),
            None if is_ended => return Err(Failure::Ended),
            None => {
                received.reserve(USUAL_ANSWER);
                is_ended = stream.read_buf(received).await? == 0;
            }
        }
    }
}
