//! Peers that close their side while their request is answered.
//!
//! A half-closed connection still gets its response, but on the wire it looks like one whose peer is gone. So a peer that
//! waits for long work under `/__mock/` counts as gone shortly after it has closed its side, and the work ends. hyper's
//! own `half_close` would not do: hyper does not notice then that a peer is gone.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long work goes on for a peer that has closed its side. (own choice)
const GRACE: Duration = Duration::from_secs(1);

/// What a connection does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// It receives a request. The end of what the peer sends is the end of the connection.
    #[default]
    Receiving,
    /// It works on a request that may take long.
    Working,
    /// It answers a request, whatever the peer does.
    Answering,
}

/// The phase of a connection.
#[derive(Debug, Default)]
pub(super) struct Phases(Mutex<(Phase, Option<Waker>)>);

impl Phases {
    pub(super) fn enter(&self, phase: Phase) {
        let mut state = self.0.lock();
        state.0 = phase;
        if let Some(waker) = mem::take(&mut state.1) {
            waker.wake();
        }
    }

    /// The phase. Wakes the task at the next one.
    fn watch(&self, context: &Context<'_>) -> Phase {
        let mut state = self.0.lock();
        state.1 = Some(context.waker().clone());
        state.0
    }
}

/// Enters a phase when it is dropped.
pub(super) struct Then(pub(super) Arc<Phases>, pub(super) Phase);

impl Drop for Then {
    fn drop(&mut self) {
        self.0.enter(self.1);
    }
}

/// The body of a request, and what follows once it is received.
pub(super) struct Received<B> {
    body: B,
    _then: Then,
}

impl<B> Received<B> {
    pub(super) fn new(body: B, then: Then) -> Self {
        Self { body, _then: then }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Received<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that withholds the end of what the peer sends while a request is answered.
pub(super) struct HalfClosed<S> {
    stream: S,
    phases: Arc<Phases>,
    /// How the peer's side ended.
    end: Option<io::Result<()>>,
    grace: Option<Pin<Box<Sleep>>>,
}

impl<S> HalfClosed<S> {
    pub(super) fn new(stream: S, phases: Arc<Phases>) -> Self {
        Self { stream, phases, end: None, grace: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HalfClosed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.is_none() {
            let before = buffer.filled().len();
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
            if read.is_ok() && buffer.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            self.end = Some(read);
        }
        match self.phases.watch(context) {
            Phase::Answering => return Poll::Pending,
            Phase::Working if matches!(self.end, Some(Ok(()))) => {
                let grace = self.grace.get_or_insert_with(|| Box::pin(sleep(GRACE)));
                ready!(grace.as_mut().poll(context));
            }
            Phase::Working | Phase::Receiving => {}
        }
        Poll::Ready(self.end.take().unwrap_or(Ok(())))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HalfClosed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, duplex},
        time::Instant,
    };

    use super::*;

    /// How long a read waits for the end of a peer that is gone, in this phase until another.
    async fn waits(phase: Phase, answered_after: Duration) -> Duration {
        let phases = Arc::new(Phases::default());
        phases.enter(phase);
        let (stream, peer) = duplex(8);
        drop(peer);
        let mut stream = HalfClosed::new(stream, Arc::clone(&phases));
        let begun = Instant::now();
        let answered = async {
            sleep(answered_after).await;
            drop(Then(phases, Phase::Receiving));
        };
        let mut buffer = [0];
        let (read, ()) = tokio::join!(
            async {
                let read = stream.read(&mut buffer).await.unwrap();
                (read, begun.elapsed())
            },
            answered
        );
        assert_eq!(read.0, 0);
        read.1
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_peer_waits_for_its_response_but_not_for_long_work() {
        let (soon, late) = (Duration::from_millis(10), GRACE * 10);
        assert_eq!(waits(Phase::Receiving, late).await, Duration::ZERO);
        assert_eq!(waits(Phase::Answering, late).await, late);
        assert_eq!(waits(Phase::Working, late).await, GRACE);
        assert_eq!(waits(Phase::Working, soon).await, soon);
    }
}
