//! The accept loop: accepts connections, refuses them while the gate is closed, and waits for them at shutdown.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};
use wechatpay_texts::text;

use crate::{
    faults::accept_gate::AcceptGate,
    net::{
        Shared,
        connection::serve,
        listener::{Addresses, Bound, Listeners, Protocol},
    },
};

/// The longest wait after an error on the listening socket.
const RETRY: Duration = Duration::from_millis(100);

/// How long connections are still accepted from the system's queue at shutdown.
const QUEUE: Duration = Duration::from_millis(10);

/// How long shutdown waits before it logs that it is waiting.
const SHORTLY: Duration = Duration::from_millis(200);

/// Accepts until the mock shuts down, then waits for the exchanges in flight. Returns false if some did not finish
/// within the limit and were cut off.
///
/// The connections are child tasks: aborting this one ends them.
pub(crate) async fn accept(listeners: Listeners, addresses: Addresses, shared: Arc<Shared>) -> bool {
    let mut connections = JoinSet::new();
    if let Some(listeners) = accept_until_shutdown(listeners, addresses, &shared, &mut connections).await {
        accept_queued(&listeners, &shared, &mut connections).await;
    }
    finish(connections, shared.limits().shutdown).await
}

/// Serves as many concurrent connections as the limits allow. The next one waits until another has ended, and the one
/// that has been idle longest is closed for it; any more wait in the system's queue. Returns the listeners at shutdown,
/// unless connections are being refused.
async fn accept_until_shutdown(
    mut listeners: Listeners,
    addresses: Addresses,
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
) -> Option<Listeners> {
    let gate = &shared.gateway.gate;
    let mut gate_state = gate.watch();
    let mut is_failing = false;
    let mut next = None;
    // Whether an idle connection was closed for the next one.
    let mut is_closing = false;
    loop {
        let state = *gate_state.borrow_and_update();
        if state.is_shutting_down {
            next.into_iter().for_each(|accepted| spawn(accepted, shared, connections));
            return Some(listeners);
        }
        if state.closed_until().is_some() {
            drop((listeners, next.take()));
            listeners = refuse(addresses, gate).await?;
            continue;
        }
        let has_room = connections.len() < shared.limits().connections;
        if let Some(accepted) = next.take_if(|_| has_room) {
            spawn(accepted, shared, connections);
        }
        tokio::select! {
            // The gate comes first: if one connection closed it, the next must not be accepted.
            biased;
            _ = gate_state.changed() => {}
            Some(_) = connections.join_next() => {}
            () = shared.idle.close_next(), if next.is_some() && !is_closing => is_closing = true,
            // It may have got a request in the meantime. Another is closed then.
            () = sleep(RETRY), if is_closing => is_closing = false,
            accepted = listeners.accept(), if next.is_none() => match accepted {
                Ok(accepted) => {
                    (is_failing, is_closing) = (false, false);
                    next = Some(accepted);
                }
                // Out of file descriptors, or the peer is already gone. The connection may still be queued, so without
                // a pause this would spin and flood the log.
                Err(error) => {
                    if !is_failing {
                        tracing::warn!("{}", text!("cannot accept a connection: {error}"));
                    }
                    is_failing = true;
                    if shared.idle.close_longest() {
                        let _ = timeout(RETRY, connections.join_next()).await;
                    } else {
                        sleep(RETRY).await;
                    }
                }
            },
        }
    }
}

/// Accepts the connections in the system's queue, whose peers already believe that they are connected.
async fn accept_queued(listeners: &Listeners, shared: &Arc<Shared>, connections: &mut JoinSet<()>) {
    let until = Instant::now() + QUEUE;
    while connections.len() < shared.limits().connections {
        match timeout_at(until, listeners.accept()).await {
            Ok(Ok(accepted)) => spawn(accepted, shared, connections),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn spawn(
    (stream, peer, protocol): (TcpStream, SocketAddr, Protocol),
    shared: &Arc<Shared>,
    connections: &mut JoinSet<()>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    connections.spawn(serve(stream, Some(peer), protocol, reset_when_closed, Arc::clone(shared)));
}

/// Refuses connections while the gate is closed, then listens again. Returns `None` if the mock shuts down.
async fn refuse(addresses: Addresses, gate: &AcceptGate) -> Option<Listeners> {
    let mut bound = addresses.bind();
    let mut gate_state = gate.watch();
    loop {
        gate.set_refusing();
        let state = *gate_state.borrow_and_update();
        if state.is_shutting_down {
            return None;
        }
        if let Some(until) = state.closed_until() {
            let _ = timeout_at(until, gate_state.changed()).await;
        } else if gate.stop_refusing() {
            match bound.and_then(Bound::listen) {
                Ok(listeners) => return Some(listeners),
                Err(error) => {
                    let address = addresses.either;
                    tracing::warn!("{}", text!("cannot listen on {address} again yet: {error}"));
                }
            }
            sleep(RETRY).await;
            bound = addresses.bind();
        }
    }
}

/// Waits until every connection has ended, which each does after its exchange. Returns false if that takes longer than
/// the limit; the remaining connections are cut off.
async fn finish(mut connections: JoinSet<()>, limit: Duration) -> bool {
    let begun = Instant::now();
    if all_end(&mut connections, begun + limit.min(SHORTLY)).await {
        return true;
    }
    if limit > SHORTLY {
        let count = connections.len();
        let seconds = limit.as_secs();
        tracing::info!("{}", text!("shutting down: waiting up to {seconds} s, open connections: {count}"));
        if all_end(&mut connections, begun + limit).await {
            return true;
        }
    }
    let (seconds, count) = (limit.as_secs(), connections.len());
    tracing::warn!(
        "{}",
        text!("shutting down: not finished within {seconds} s, connections cut off: {count}")
    );
    connections.shutdown().await;
    false
}

async fn all_end(connections: &mut JoinSet<()>, until: Instant) -> bool {
    timeout_at(until, async { while connections.join_next().await.is_some() {} }).await.is_ok()
}

/// Makes the system reset the connection when the stream is dropped.
fn reset_when_closed(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!("cannot set SO_LINGER: {error}");
    }
}
