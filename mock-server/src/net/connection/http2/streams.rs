//! The requests that are on their way on one connection, how long they may be, and what has gone out of their answers.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::response::body::ResponseBody;

/// The streams of one connection.
pub(super) struct StreamTracker {
    state: watch::Sender<State>,
    /// How often the connection has got its turn to write.
    turns: watch::Sender<Turns>,
    /// The waker of the connection's task, from before its latest turn.
    next_turn: Mutex<Option<Waker>>,
}

struct State {
    /// How many there have been.
    begun: u64,
    /// Those that there are. Once a stream is answered, it is known since when.
    open: BTreeMap<u64, Option<Instant>>,
    /// Since when there is none.
    idle_since: Instant,
}

#[derive(Clone, Copy, Default)]
struct Turns {
    begun: u64,
    done: u64,
}

impl Default for StreamTracker {
    fn default() -> Self {
        let state = State { begun: 0, open: BTreeMap::new(), idle_since: Instant::now() };
        Self {
            state: watch::Sender::new(state),
            turns: watch::Sender::default(),
            next_turn: Mutex::default(),
        }
    }
}

impl StreamTracker {
    /// Another request.
    pub(super) fn begin(streams: &Arc<Self>) -> Stream {
        let mut number = 0;
        streams.state.send_modify(|state| {
            state.begun += 1;
            state.open.insert(state.begun, None);
            number = state.begun;
        });
        Stream { streams: Arc::clone(streams), number }
    }

    /// Whether there was a request.
    pub(super) fn have_begun(&self) -> bool {
        self.state.borrow().begun > 0
    }

    /// Waits until there was no request for so long.
    pub(super) async fn idle(&self, limit: Duration) {
        self.lasts(|state| state.open.is_empty().then_some(state.idle_since), limit).await;
    }

    /// Waits until the peer has not taken an answer for so long.
    pub(super) async fn not_taken(&self, limit: Duration) {
        self.lasts(|state| state.open.values().flatten().min().copied(), limit).await;
    }

    /// Waits until something is so for so long. `since` says when it began, if it is so.
    async fn lasts(&self, since: impl Fn(&State) -> Option<Instant>, limit: Duration) {
        let mut state = self.state.subscribe();
        loop {
            let since = since(&state.borrow_and_update());
            // The sender is these streams' own, so that there always is a change to wait for.
            match since {
                None => drop(state.changed().await),
                Some(since) => tokio::select! {
                    () = sleep_until(since + limit) => return,
                    _ = state.changed() => {}
                },
            }
        }
    }

    /// Waits until the connection, which is one with these streams, has written what it was given by now.
    async fn written(self: Arc<Self>) {
        let mut turns = self.turns.subscribe();
        let now = turns.borrow().begun;
        // The connection leaves its waker before it counts a turn as begun. So there is a turn to come: for this waker, or, if
        // somebody else has taken it, for theirs.
        let waker = self.next_turn.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
        let _ = turns.wait_for(|turns| turns.done > now).await;
    }
}

/// A connection that tells its streams when it has had its turn.
pub(super) struct PollCounter<C> {
    pub(super) connection: C,
    pub(super) streams: Arc<StreamTracker>,
}

impl<C: Future + Unpin> Future for PollCounter<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Output> {
        *self.streams.next_turn.lock() = Some(context.waker().clone());
        self.streams.turns.send_modify(|turns| turns.begun += 1);
        let done = Pin::new(&mut self.connection).poll(context);
        self.streams.turns.send_modify(|turns| turns.done = turns.begun);
        done
    }
}

/// One stream. It ends with this.
pub(super) struct Stream {
    streams: Arc<StreamTracker>,
    number: u64,
}

impl Stream {
    /// The answer, which is on its way from now on.
    pub(super) fn answered(self, body: ResponseBody) -> StreamBody {
        self.streams.state.send_modify(|state| {
            state.open.insert(self.number, Some(Instant::now()));
        });
        StreamBody { body, last: None, broken: None, stream: self }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.state.send_modify(|state| {
            state.open.remove(&self.number);
            if state.open.is_empty() {
                state.idle_since = Instant::now();
            }
        });
    }
}

/// An answer on its stream.
///
/// Its last byte goes by itself. hyper hands a piece over as soon as the peer has room for any of it, and then is done
/// with the stream; so this lasts until the peer has room for all but that byte, however slow it is.
pub(super) struct StreamBody {
    body: ResponseBody,
    last: Option<Bytes>,
    broken: Option<Broken>,
    stream: Stream,
}

/// A body that breaks off, once what comes before that is written: a stream that is reset loses what is not.
struct Broken {
    error: Option<io::Error>,
    written: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(last) = self.last.take() {
            return Poll::Ready(Some(Ok(Frame::data(last))));
        }
        if self.broken.is_none() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Ok(frame)) => {
                    let is_whole = self.body.is_end_stream();
                    return Poll::Ready(Some(Ok(frame.map_data(|mut data| {
                        if is_whole && data.len() > 1 {
                            self.last = Some(data.split_off(data.len() - 1));
                        }
                        data
                    }))));
                }
                Some(Err(error)) => {
                    let written = Box::pin(Arc::clone(&self.stream.streams).written());
                    self.broken = Some(Broken { error: Some(error), written });
                }
            }
        }
        let Some(broken) = &mut self.broken else { return Poll::Ready(None) };
        ready!(broken.written.as_mut().poll(context));
        Poll::Ready(broken.error.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let last = self.last.as_ref().map_or(0, |last| last.len() as u64);
        SizeHint::with_exact(last + self.body.size_hint().lower())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    fn body() -> ResponseBody {
        Bytes::from_static(b"{}").into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_its_last_request_on() {
        let begun = Instant::now();
        let streams = Arc::new(StreamTracker::default());
        let request = async {
            let stream = StreamTracker::begin(&streams);
            sleep(Duration::from_secs(100)).await;
            drop(stream.answered(body()));
        };
        tokio::join!(request, async {
            sleep(Duration::from_secs(1)).await;
            streams.idle(LIMIT).await;
        });
        assert_eq!(begun.elapsed(), Duration::from_secs(100) + LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_noticed_whatever_else_is_asked() {
        let begun = Instant::now();
        let streams = Arc::new(StreamTracker::default());
        let _never_taken = StreamTracker::begin(&streams).answered(body());
        let others = async {
            loop {
                drop(StreamTracker::begin(&streams).answered(body()));
                sleep(Duration::from_secs(1)).await;
            }
        };
        let noticed = async {
            tokio::select! { () = streams.not_taken(LIMIT) => {} () = others => {} }
        };
        assert!(timeout(LIMIT * 2, noticed).await.is_ok());
        assert_eq!(begun.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_waits_for_nothing_else_has_a_turn_when_somebody_waits_for_what_is_written() {
        let streams = Arc::new(StreamTracker::default());
        let connection = std::future::pending::<()>();
        let turning = tokio::spawn(PollCounter { connection, streams: Arc::clone(&streams) });
        let _ = streams.turns.subscribe().wait_for(|turns| turns.done > 0).await;
        for _ in 0..3 {
            assert!(timeout(LIMIT, Arc::clone(&streams).written()).await.is_ok());
        }
        turning.abort();
    }
}
