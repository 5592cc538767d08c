//! The requests that are on their way on one connection, and how long they may be.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::{answer_body::AnswerBody, limits::Limits};

/// The streams of one connection.
pub(super) struct Streams {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// How many there have been.
    begun: u64,
    /// Those that there are. Once a stream is answered, it is known since when.
    open: BTreeMap<u64, Option<Instant>>,
    /// Since when there is none.
    idle_since: Instant,
}

/// One stream. It ends with this.
pub(super) struct Stream {
    streams: Arc<Streams>,
    number: u64,
}

/// An answer on its stream.
pub(super) struct StreamBody {
    body: AnswerBody,
    _stream: Stream,
}

impl Default for Streams {
    fn default() -> Self {
        let state = State { begun: 0, open: BTreeMap::new(), idle_since: Instant::now() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl Streams {
    /// Another request.
    pub(super) fn begin(streams: &Arc<Self>) -> Stream {
        let number = streams.change(|state| {
            state.begun += 1;
            state.open.insert(state.begun, None);
            state.begun
        });
        Stream { streams: Arc::clone(streams), number }
    }

    /// Whether there was a request.
    pub(super) fn have_begun(&self) -> bool {
        self.state().begun > 0
    }

    /// Waits until there was no request for as long as a connection may be idle, or the peer has not taken an answer for
    /// as long as that may take.
    pub(super) async fn stand_still(&self, limits: &Limits) {
        loop {
            let changed = self.changed.notified();
            let until = {
                let state = self.state();
                let idle_until = state.open.is_empty().then(|| state.idle_since + limits.head_timeout);
                let oldest_answer = state.open.values().flatten().min();
                idle_until.or(oldest_answer.map(|since| *since + limits.write_timeout))
            };
            match until {
                None => changed.await,
                Some(until) => tokio::select! {
                    () = sleep_until(until) => return,
                    () = changed => {}
                },
            }
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_one();
        changed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// The answer, which is on its way from now on.
    pub(super) fn answered(self, body: AnswerBody) -> StreamBody {
        self.streams.change(|state| state.open.insert(self.number, Some(Instant::now())));
        StreamBody { body, _stream: self }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.change(|state| {
            state.open.remove(&self.number);
            if state.open.is_empty() {
                state.idle_since = Instant::now();
            }
        });
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::*;

    fn body() -> AnswerBody {
        Bytes::from_static(b"{}").into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_stands_still_after_the_time_of_a_head() {
        let (limits, begun) = (Limits::default(), Instant::now());
        let streams = Arc::new(Streams::default());
        let request = async {
            let stream = Streams::begin(&streams);
            sleep(Duration::from_secs(100)).await;
            drop(stream.answered(body()));
        };
        tokio::join!(request, async {
            sleep(Duration::from_secs(1)).await;
            streams.stand_still(&limits).await;
        });
        assert_eq!(begun.elapsed(), Duration::from_secs(100) + limits.head_timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_makes_it_stand_still_whatever_else_is_asked() {
        let (limits, begun) = (Limits::default(), Instant::now());
        let streams = Arc::new(Streams::default());
        let _never_taken = Streams::begin(&streams).answered(body());
        let others = async {
            loop {
                drop(Streams::begin(&streams).answered(body()));
                sleep(Duration::from_secs(1)).await;
            }
        };
        assert!(
            timeout(limits.write_timeout * 2, async {
                tokio::select! { () = streams.stand_still(&limits) => {} () = others => {} }
            })
            .await
            .is_ok()
        );
        assert_eq!(begun.elapsed(), limits.write_timeout);
    }
}
