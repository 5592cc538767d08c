//! The connections of a mock: they are taken, refused for a while, and waited for in the end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    faults::accept_gate::State,
    net::{
        Front,
        connection::{Protocol, serve},
        listener::{Listeners, Refusing},
    },
};

pub(crate) use crate::net::listener::Addresses;

/// How long to wait before the next attempt when no connection can be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long the connections that wait in the system's queue have to be taken when the mock shall end.
const QUEUE: Duration = Duration::from_millis(10);

/// How long connections have to end before it is worth a word that others are waited for.
const SHORTLY: Duration = Duration::from_millis(200);

/// Accepts until the mock shall end, and then waits for the exchanges that are on their way. Whether they ended within
/// the limit; the others were cut off.
///
/// The connections are its own: when it is aborted, they end with it.
pub(crate) async fn accept(listeners: Listeners, addresses: Addresses, front: Arc<Front>) -> bool {
    let mut connections = JoinSet::new();
    if let Some(listeners) = take(listeners, addresses, &front, &mut connections).await {
        take_waiting(&listeners, &front, &mut connections).await;
    }
    end(connections, front.limits().shutdown).await
}

/// Accepts until the mock shall end, as many at once as the limits allow; the others wait in the system's queue.
/// Returns that queue, unless connections are being refused.
async fn take(
    mut listeners: Listeners,
    addresses: Addresses,
    front: &Arc<Front>,
    connections: &mut JoinSet<()>,
) -> Option<Listeners> {
    let mut door = front.gateway().gate.watch();
    let mut fails = false;
    loop {
        // Looked at each time: it may have changed while something else was waited for.
        let state = *door.borrow_and_update();
        match state {
            State::Open => {}
            State::Closing(_) | State::Closed(_) => {
                drop(listeners);
                listeners = refuse(addresses, front, &mut door).await?;
                continue;
            }
            State::Abort => return Some(listeners),
        }
        let has_room = connections.len() < front.limits().connections;
        tokio::select! {
            // Who was let in comes before who is to be: what they asked for holds for the next.
            biased;
            _ = door.changed() => {}
            Some(_) = connections.join_next() => {}
            accepted = listeners.accept(), if has_room => match accepted {
                Ok(newcomer) => {
                    fails = false;
                    let_in(newcomer, front, connections);
                }
                // Out of file descriptors, or the peer was gone at once: a later attempt may do better. The one that
                // fails may still wait in the queue, so that trying at once would go on without end; saying so each
                // time would as well.
                Err(error) => {
                    if !fails {
                        tracing::warn!("cannot accept a connection: {error}");
                    }
                    fails = true;
                    sleep(ACCEPT_AGAIN).await;
                }
            },
        }
    }
}

/// Takes those who wait in the system's queue, as they were told that they are connected.
async fn take_waiting(listeners: &Listeners, front: &Arc<Front>, connections: &mut JoinSet<()>) {
    let until = Instant::now() + QUEUE;
    while connections.len() < front.limits().connections {
        match timeout_at(until, listeners.accept()).await {
            Ok(Ok(newcomer)) => let_in(newcomer, front, connections),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn let_in(
    (stream, peer, speech): (TcpStream, SocketAddr, Protocol),
    front: &Arc<Front>,
    connections: &mut JoinSet<()>,
) {
    set_nodelay(&stream);
    connections.spawn(serve(stream, Some(peer), speech, reset_when_closed, Arc::clone(front)));
}

/// Refuses connections for as long as the door says so. Then listens again, or not if the mock shall end.
async fn refuse(addresses: Addresses, front: &Front, door: &mut watch::Receiver<State>) -> Option<Listeners> {
    let mut refusing = addresses.bind();
    loop {
        let state = *door.borrow_and_update();
        match state {
            State::Abort => return None,
            State::Closing(_) => front.gateway().gate.is_now_closed(),
            State::Closed(until) if until > Instant::now() => {
                let _ = timeout_at(until, door.changed()).await;
            }
            State::Closed(_) => front.gateway().gate.open_in_time(),
            State::Open => {
                match refusing.and_then(Refusing::listen) {
                    Ok(listeners) => return Some(listeners),
                    Err(error) => tracing::warn!("cannot listen on {} again yet: {error}", addresses.either),
                }
                let _ = timeout(ACCEPT_AGAIN, door.changed()).await;
                refusing = addresses.bind();
            }
        }
    }
}

/// Waits until every connection has ended, which each does with its exchange; cuts off those that take too long.
/// Whether there was no need for that.
async fn end(mut connections: JoinSet<()>, limit: Duration) -> bool {
    let begun = Instant::now();
    if all_end(&mut connections, begun + limit.min(SHORTLY)).await {
        return true;
    }
    if limit > SHORTLY {
        let count = connections.len();
        tracing::info!("ending: waiting up to {} s, open connections: {count}", limit.as_secs());
        if all_end(&mut connections, begun + limit).await {
            return true;
        }
    }
    tracing::warn!(
        "ending: not done within {} s, connections cut off: {}",
        limit.as_secs(),
        connections.len()
    );
    connections.shutdown().await;
    false
}

async fn all_end(connections: &mut JoinSet<()>, until: Instant) -> bool {
    timeout_at(until, async { while connections.join_next().await.is_some() {} }).await.is_ok()
}

fn set_nodelay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
}

/// Has the system reset the connection when the stream is dropped, in place of an orderly end.
fn reset_when_closed(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!("cannot set SO_LINGER: {error}");
    }
}
