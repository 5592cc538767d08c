//! The bytes of an HTTP/1.1 connection, between hyper and the stream: they show what hyper does without asking.
//!
//! hyper refuses by itself what is not HTTP, and has one timeout for an idle connection and for the head of a request.
//! The stream knows when hyper waits for a request. What hyper writes then is a refusal of its own, which is replaced
//! with the gateway's; and a peer that is idle for too long then looks as if it had closed its side.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// How much of a refused request is kept for the journal, in bytes. (own choice)
const KEPT: usize = 4096;

/// Whose turn it is on a connection. Shared by the stream and hyper's service.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicU8>);

const PEER: u8 = 0;
const SERVICE: u8 = 1;
const RESPONSE: u8 = 2;
/// The peer had it, and what it sent was refused.
const REFUSED: u8 = 3;
/// The peer had it, and sent the head of its request too slowly.
const LATE: u8 = 4;

impl Turn {
    /// The service has a request.
    pub(super) fn begin(&self) {
        self.set(SERVICE);
    }

    /// The service has responded. Once the response is flushed, hyper waits for the next request. Not called for a
    /// response that begins a tunnel.
    pub(super) fn end(&self) {
        self.set(RESPONSE);
    }

    /// Whether what the peer sent was refused.
    pub(super) fn is_refused(&self) -> bool {
        self.is(REFUSED)
    }

    /// Whether the head of a request did not arrive in time.
    pub(super) fn is_late(&self) -> bool {
        self.is(LATE)
    }

    fn is(&self, turn: u8) -> bool {
        self.0.load(Relaxed) == turn
    }

    fn set(&self, turn: u8) {
        self.0.store(turn, Relaxed);
    }
}

/// The timeouts of a connection that waits for a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// From the first byte of a request to the end of its head, and for a new connection.
    pub(super) head: Duration,
    /// From a response to the first byte of the next request.
    pub(super) keep_alive: Duration,
}

/// A stream for hyper. `refuse` gets what hyper would send as its own refusal, and the request as far as it arrived, and
/// returns what is sent instead.
pub(super) struct Watched<S, R> {
    stream: S,
    turn: Turn,
    timeouts: Timeouts,
    refuse: R,
    /// The beginning of the request that hyper waits for.
    head: Vec<u8>,
    /// When waiting ends.
    deadline: Instant,
    /// Fires at the deadline or before.
    timer: Option<Pin<Box<Sleep>>>,
    /// The rest of the refusal that is being sent.
    refusal: Option<Bytes>,
}

impl<S, R> Watched<S, R> {
    pub(super) fn new(stream: S, turn: Turn, timeouts: Timeouts, refuse: R) -> Self {
        let deadline = Instant::now() + timeouts.head;
        Self { stream, turn, timeouts, refuse, head: Vec::new(), deadline, timer: None, refusal: None }
    }

    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.deadline() < deadline {
            ready!(timer.as_mut().poll(context));
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin, R: Unpin> AsyncRead for Watched<S, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if !self.turn.is(PEER) {
            return read;
        }
        if read.is_pending() {
            ready!(self.poll_deadline(context));
            if !self.head.is_empty() {
                self.turn.set(LATE);
            }
            // As if the peer had closed its side.
            return Poll::Ready(Ok(()));
        }
        let arrived = &buffer.filled()[before..];
        if self.head.is_empty() {
            self.deadline = Instant::now() + self.timeouts.head;
        }
        let room = KEPT.saturating_sub(self.head.len());
        self.head.extend_from_slice(&arrived[..arrived.len().min(room)]);
        read
    }
}

impl<S: AsyncWrite + Unpin, R: Fn(&[u8], &[u8]) -> Bytes + Unpin> AsyncWrite for Watched<S, R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.turn.is(PEER) {
            this.turn.set(REFUSED);
            this.refusal = Some((this.refuse)(bytes, &this.head));
        }
        let Some(left) = &mut this.refusal else {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        };
        while left.has_remaining() {
            match ready!(Pin::new(&mut this.stream).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => left.advance(written),
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.turn.is(RESPONSE) {
            self.turn.set(PEER);
            self.head = Vec::new();
            self.deadline = Instant::now() + self.timeouts.keep_alive;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::{sleep, timeout},
    };

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts { head: Duration::from_secs(15), keep_alive: Duration::from_secs(8) };

    type Refuse = fn(&[u8], &[u8]) -> Bytes;

    fn watched() -> (Watched<DuplexStream, Refuse>, Turn, DuplexStream) {
        let (server, peer) = duplex(1024);
        let turn = Turn::default();
        let refuse: Refuse = |by_hyper, head| [b"refused ", by_hyper, b" ", head].concat().into();
        (Watched::new(server, turn.clone(), TIMEOUTS, refuse), turn, peer)
    }

    /// How long the stream waits until it ends.
    async fn waited(stream: &mut Watched<DuplexStream, Refuse>) -> Duration {
        let begun = Instant::now();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
        begun.elapsed()
    }

    async fn respond(stream: &mut Watched<DuplexStream, Refuse>, turn: &Turn) {
        turn.begin();
        turn.end();
        stream.write_all(b"response").await.unwrap();
        stream.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_has_the_time_of_a_head_and_a_kept_one_that_of_keep_alive() {
        let (mut stream, turn, _peer) = watched();
        assert_eq!(waited(&mut stream).await.as_secs(), 15);
        for _ in 0..2 {
            respond(&mut stream, &turn).await;
            assert_eq!(waited(&mut stream).await.as_secs(), 8);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_head_begins_with_its_first_byte() {
        let (mut stream, turn, mut peer) = watched();
        respond(&mut stream, &turn).await;
        sleep(Duration::from_secs(7)).await;
        for _ in 0..2 {
            peer.write_all(b"GET").await.unwrap();
            stream.read_exact(&mut [0; 3]).await.unwrap();
            sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(waited(&mut stream).await.as_secs(), 5);
        assert!(turn.is_late());
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_service_has_the_turn_nothing_times_out() {
        let (mut stream, turn, _peer) = watched();
        turn.begin();
        assert!(timeout(Duration::from_secs(600), stream.read_u8()).await.is_err());
    }

    #[tokio::test]
    async fn only_what_is_written_without_a_request_is_replaced() {
        let (mut stream, turn, mut peer) = watched();
        respond(&mut stream, &turn).await;
        peer.write_all(b"not http").await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        stream.write_all(b"400").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "responserefused 400 not http");
    }
}
