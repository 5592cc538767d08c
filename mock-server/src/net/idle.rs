//! Which connections are idle, so that the one that has been idle longest can make room for another.
//!
//! A connection is idle unless a request on it is being answered: before its first request, between two, and while the
//! head of one arrives.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

/// How long a connection must have been idle before it is closed in favour of another: a request may be on its way.
/// (own choice)
const LEAST: Duration = Duration::from_millis(100);

/// The idle connections, by when they became idle.
#[derive(Debug, Default)]
pub(crate) struct IdleConnections(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    given: u64,
    idle: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

/// A connection, idle or not. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Presence {
    /// `None` if its end would make no room, because it is no socket.
    among: Option<Arc<IdleConnections>>,
    state: Mutex<State>,
    chosen: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    requests: usize,
    /// Its place among the idle connections.
    place: Option<u64>,
}

/// A request that is being answered; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct InRequest(Arc<Presence>);

/// A body, and what ends with it.
pub(crate) struct During<B, G> {
    body: B,
    _ends: G,
}

impl IdleConnections {
    /// Closes the connection that has been idle longest. Returns whether there is one.
    pub(super) fn close_longest(&self) -> bool {
        let mut places = self.0.lock();
        match places.idle.first_entry() {
            Some(longest) if longest.get().0.elapsed() >= LEAST => {
                longest.remove().1.notify_one();
                true
            }
            _ => false,
        }
    }

    /// Like [`IdleConnections::close_longest`], but waits until there is one.
    pub(super) async fn close_next(&self) {
        while !self.close_longest() {
            sleep(LEAST / 4).await;
        }
    }

    fn enter(&self, chosen: &Arc<Notify>) -> u64 {
        let mut places = self.0.lock();
        places.given += 1;
        let place = places.given;
        places.idle.insert(place, (Instant::now(), Arc::clone(chosen)));
        place
    }

    fn leave(&self, place: u64) {
        self.0.lock().idle.remove(&place);
    }
}

impl Presence {
    /// A connection that is idle from now on.
    pub(crate) fn new(among: Option<Arc<IdleConnections>>) -> Arc<Self> {
        let presence = Self { among, state: Mutex::default(), chosen: Arc::default() };
        presence.enter(&mut presence.state.lock());
        Arc::new(presence)
    }

    /// Begins a request.
    pub(crate) fn request(self: &Arc<Self>) -> InRequest {
        let mut state = self.state.lock();
        state.requests += 1;
        self.leave(&mut state);
        InRequest(Arc::clone(self))
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().requests == 0
    }

    /// Waits until the connection must make room for another.
    pub(crate) async fn chosen(&self) {
        self.chosen.notified().await;
    }

    fn enter(&self, state: &mut State) {
        state.place = self.among.as_ref().map(|among| among.enter(&self.chosen));
    }

    fn leave(&self, state: &mut State) {
        if let Some((among, place)) = self.among.as_ref().zip(state.place.take()) {
            among.leave(place);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.leave(&mut self.state.lock());
    }
}

impl<B, G> During<B, G> {
    pub(crate) fn new(body: B, ends: G) -> Self {
        Self { body, _ends: ends }
    }
}

impl Drop for InRequest {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.requests -= 1;
        if state.requests == 0 {
            self.0.enter(&mut state);
        }
    }
}

impl<B: Body + Unpin, G: Unpin> Body for During<B, G> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
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
    use tokio::time::{advance, timeout};

    use super::*;

    async fn is_chosen(presence: &Presence) -> bool {
        timeout(Duration::ZERO, presence.chosen()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_that_has_been_idle_longest_is_closed_and_none_with_a_request() {
        let all = Arc::new(IdleConnections::default());
        let [busy, again, idle, gone] = [(); 4].map(|()| Presence::new(Some(Arc::clone(&all))));
        let _request = [busy.request(), busy.request()];
        drop(again.request());
        drop(gone);
        assert!(!all.close_longest(), "all of them became idle just now");
        advance(LEAST).await;
        assert!(all.close_longest());
        assert!(is_chosen(&idle).await && !is_chosen(&again).await);
        assert!(all.close_longest());
        assert!(is_chosen(&again).await);
        assert!(!all.close_longest() && busy.state.lock().requests == 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_again_once_all_its_requests_have_ended() {
        let all = Arc::new(IdleConnections::default());
        let presence = Presence::new(Some(Arc::clone(&all)));
        let (first, second) = (presence.request(), presence.request());
        drop(first);
        assert!(!presence.is_idle());
        drop(During::new(String::new(), second));
        assert!(presence.is_idle());
        let begun = Instant::now();
        all.close_next().await;
        assert!(begun.elapsed() >= LEAST && is_chosen(&presence).await);
    }
}
