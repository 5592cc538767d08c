//! The bytes of an HTTP/1.1 connection, between hyper and the stream: they show what hyper does without asking.
//!
//! hyper refuses by itself what is not HTTP, has one timeout for an idle connection and for the head of a request, and
//! drops a request whose peer closes its side. The stream knows when hyper waits for a request. What hyper writes then is
//! a refusal of its own, which is replaced with the gateway's; and a peer that is idle for too long then looks as if it had
//! closed its side. While a request is answered, the stream withholds the end of what the peer sends: a half-closed
//! connection still gets its response. hyper's own `half_close` would not do: hyper does not notice then that a peer is
//! gone, and long work under `/__mock/` would go on for nobody.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

/// How much of a refused request is kept for the journal, in bytes. (own choice)
const KEPT: usize = 4096;

/// How long work goes on for a peer that has closed its side: it may be gone. (own choice)
const GRACE: Duration = Duration::from_secs(1);

/// Whose turn it is on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    /// The peer's: hyper waits for a request.
    #[default]
    Peer,
    /// The service's, which receives the body of a request.
    Receiving,
    /// The same, but the service has found no more of the body after so many frames.
    Starving { frames: u32 },
    /// The service's, which works on a request for long.
    Working,
    /// The service's, which answers a request, whatever the peer does.
    Answering,
    /// The response is complete. Once it is flushed, the peer has its turn.
    Answered,
    /// Nobody's: the bytes are those of a tunnel.
    Tunnel,
    /// The peer had it, and what it sent was refused.
    Refused,
    /// The peer had it, and sent the head of its request too slowly.
    Late,
}

/// The turn on a connection. Shared by the stream and hyper's service.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<(Turn, Option<Waker>)>>);

impl Turns {
    pub(super) fn now(&self) -> Turn {
        self.0.lock().0
    }

    pub(super) fn pass(&self, to: Turn) {
        let mut state = self.0.lock();
        state.0 = to;
        if let Some(waker) = mem::take(&mut state.1) {
            waker.wake();
        }
    }

    /// The turn. Wakes the task at the next one.
    fn watch(&self, context: &Context<'_>) -> Turn {
        let mut state = self.0.lock();
        state.1 = Some(context.waker().clone());
        state.0
    }
}

/// The body of a request. The turn passes on once it is received.
pub(super) struct Received<B> {
    body: B,
    frames: u32,
    turns: Turns,
    then: Turn,
}

impl<B> Received<B> {
    pub(super) fn new(body: B, turns: Turns, then: Turn) -> Self {
        turns.pass(Turn::Receiving);
        Self { body, frames: 0, turns, then }
    }
}

impl<B> Drop for Received<B> {
    fn drop(&mut self) {
        if matches!(self.turns.now(), Turn::Receiving | Turn::Starving { .. }) {
            self.turns.pass(self.then);
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Received<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() {
            self.turns.pass(Turn::Starving { frames: self.frames });
        } else {
            self.frames = self.frames.wrapping_add(1);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response is being sent. Once this is dropped, the turn passes on.
pub(super) struct Sending {
    pub(super) turns: Turns,
    pub(super) then: Turn,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.turns.pass(self.then);
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
    turns: Turns,
    timeouts: Timeouts,
    refuse: R,
    /// The beginning of the request that hyper waits for.
    head: Vec<u8>,
    /// When waiting for it ends.
    deadline: Instant,
    /// Fires at the deadline or before.
    timer: Option<Pin<Box<Sleep>>>,
    /// How the peer's side ended, if hyper does not know yet.
    end: Option<io::Result<()>>,
    /// When the service was last found starving after the peer's side had ended.
    starved: Option<Turn>,
    grace: Option<Pin<Box<Sleep>>>,
    /// The rest of the refusal that is being sent.
    refusal: Option<Bytes>,
}

impl<S, R> Watched<S, R> {
    pub(super) fn new(stream: S, turns: Turns, timeouts: Timeouts, refuse: R) -> Self {
        let deadline = Instant::now() + timeouts.head;
        Self {
            stream,
            turns,
            timeouts,
            refuse,
            head: Vec::new(),
            deadline,
            timer: None,
            end: None,
            starved: None,
            grace: None,
            refusal: None,
        }
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

    /// Keeps what arrived of a request.
    fn keep(&mut self, arrived: &[u8]) {
        if self.head.is_empty() {
            self.deadline = Instant::now() + self.timeouts.head;
        }
        let room = KEPT.saturating_sub(self.head.len());
        self.head.extend_from_slice(&arrived[..arrived.len().min(room)]);
    }

    /// Tells hyper that the peer's side has ended, unless its request is being answered.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.turns.watch(context) {
            Turn::Receiving | Turn::Answering | Turn::Answered => return Poll::Pending,
            // hyper may just have passed the rest of the body on: the service must have looked for it once more.
            starving @ Turn::Starving { .. } if self.starved != Some(starving) => {
                self.starved = Some(starving);
                self.turns.pass(Turn::Receiving);
                return Poll::Pending;
            }
            Turn::Working if matches!(self.end, Some(Ok(()))) => {
                let grace = self.grace.get_or_insert_with(|| Box::pin(sleep(GRACE)));
                ready!(grace.as_mut().poll(context));
            }
            _ => {}
        }
        Poll::Ready(self.end.take().unwrap_or(Ok(())))
    }
}

impl<S: AsyncRead + Unpin, R: Unpin> AsyncRead for Watched<S, R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.end.is_some() {
            return this.poll_end(context);
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            Poll::Pending if this.turns.now() == Turn::Peer => {
                ready!(this.poll_deadline(context));
                if !this.head.is_empty() {
                    this.turns.pass(Turn::Late);
                }
                // As if the peer had closed its side.
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                if this.turns.now() == Turn::Peer {
                    this.keep(&buffer.filled()[before..]);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(end) => {
                this.end = Some(end);
                this.poll_end(context)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin, R: Fn(&[u8], &[u8]) -> Bytes + Unpin> AsyncWrite for Watched<S, R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.turns.now() == Turn::Peer {
            this.turns.pass(Turn::Refused);
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
        if self.turns.now() == Turn::Answered {
            self.turns.pass(Turn::Peer);
            self.head = Vec::new();
            self.deadline = Instant::now() + self.timeouts.keep_alive;
            // hyper may have tried to read before, when there was no deadline yet.
            context.waker().wake_by_ref();
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

    fn watched() -> (Watched<DuplexStream, Refuse>, Turns, DuplexStream) {
        let (server, peer) = duplex(1024);
        let turns = Turns::default();
        let refuse: Refuse = |by_hyper, head| [b"refused ", by_hyper, b" ", head].concat().into();
        (Watched::new(server, turns.clone(), TIMEOUTS, refuse), turns, peer)
    }

    /// How long the stream waits until it ends.
    async fn waited(stream: &mut Watched<DuplexStream, Refuse>) -> Duration {
        let begun = Instant::now();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
        begun.elapsed()
    }

    async fn respond(stream: &mut Watched<DuplexStream, Refuse>, turns: &Turns) {
        turns.pass(Turn::Answered);
        stream.write_all(b"response").await.unwrap();
        stream.flush().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_has_the_time_of_a_head_and_a_kept_one_that_of_keep_alive() {
        let (mut stream, turns, _peer) = watched();
        assert_eq!(waited(&mut stream).await.as_secs(), 15);
        for _ in 0..2 {
            respond(&mut stream, &turns).await;
            assert_eq!(waited(&mut stream).await.as_secs(), 8);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_head_begins_with_its_first_byte() {
        let (mut stream, turns, mut peer) = watched();
        respond(&mut stream, &turns).await;
        sleep(Duration::from_secs(7)).await;
        for _ in 0..2 {
            peer.write_all(b"GET").await.unwrap();
            stream.read_exact(&mut [0; 3]).await.unwrap();
            sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(waited(&mut stream).await.as_secs(), 5);
        assert_eq!(turns.now(), Turn::Late);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_service_has_the_turn_nothing_times_out() {
        let (mut stream, turns, _peer) = watched();
        turns.pass(Turn::Working);
        assert!(timeout(Duration::from_secs(600), stream.read_u8()).await.is_err());
    }

    #[tokio::test]
    async fn only_what_is_written_without_a_request_is_replaced() {
        let (mut stream, turns, mut peer) = watched();
        respond(&mut stream, &turns).await;
        peer.write_all(b"not http").await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        stream.write_all(b"400").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut received = String::new();
        peer.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "responserefused 400 not http");
    }

    /// How long the end of a peer that is gone is withheld, in this turn, which passes to the peer after that time.
    async fn withheld(turn: Turn, passes_after: Duration) -> Duration {
        let (mut stream, turns, peer) = watched();
        drop(peer);
        turns.pass(turn);
        let passing = async {
            sleep(passes_after).await;
            turns.pass(Turn::Peer);
        };
        tokio::join!(waited(&mut stream), passing).0
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_peer_waits_for_its_response_but_not_for_long_work() {
        let (soon, late) = (Duration::from_millis(10), GRACE * 10);
        for turn in [Turn::Peer, Turn::Tunnel] {
            assert_eq!(withheld(turn, late).await, Duration::ZERO);
        }
        for turn in [Turn::Receiving, Turn::Answering, Turn::Answered] {
            assert_eq!(withheld(turn, late).await, late);
        }
        assert_eq!(withheld(Turn::Working, late).await, GRACE);
        assert_eq!(withheld(Turn::Working, soon).await, soon);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_peer_shows_once_the_service_has_looked_for_its_body_again() {
        let (mut stream, turns, peer) = watched();
        drop(peer);
        turns.pass(Turn::Receiving);
        let looks = async {
            for frames in [1, 2, 2] {
                turns.pass(Turn::Starving { frames });
                sleep(Duration::from_millis(1)).await;
            }
        };
        let (waited, ()) = tokio::join!(waited(&mut stream), looks);
        assert_eq!(waited.as_millis(), 2);
    }
}
