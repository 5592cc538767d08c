//! The socket: takes connections, and hands each request to the gateway.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    admin,
    door::State,
    exchange::exchange,
    faults::{Line, Steered},
    gateway::Gateway,
    write_timeout::WriteTimeout,
};

/// How many connections the system holds ready to be accepted. It leaves the first message of any more without an
/// answer, and their peers try again a second later. `TcpListener::bind` asks for 128, which a load test goes beyond.
const BACKLOG: u32 = 4096;

pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bind(address)?.listen(BACKLOG)
}

/// A socket that has the address, and refuses whoever connects, until it listens.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a mock can start again where one has just ended. On Windows it would let two listen at once.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// How long to wait before the next attempt when no connection can be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long the connections that wait in the system's queue have to be taken when the mock shall end.
const QUEUE: Duration = Duration::from_millis(10);

/// How long a peer that has just connected has, when the mock shall end, for its request to be read.
const NEWCOMER: Duration = Duration::from_millis(50);

/// How long connections have to end before it is worth a word that others are waited for.
const SHORTLY: Duration = Duration::from_millis(200);

/// Accepts until the mock shall end, and then waits for the exchanges that are on their way. Whether they ended within
/// the limit; the others were cut off.
///
/// The connections are its own: when it is aborted, they end with it.
pub(crate) async fn accept(listener: TcpListener, address: SocketAddr, gateway: Arc<Gateway>) -> bool {
    let mut connections = JoinSet::new();
    if let Some(listener) = take(listener, address, &gateway, &mut connections).await {
        take_waiting(&listener, &gateway, &mut connections).await;
    }
    end(connections, gateway.limits.shutdown).await
}

/// Accepts until the mock shall end, as many at once as the limits allow; the others wait in the system's queue.
/// Returns that queue, unless connections are being refused.
async fn take(
    mut listener: TcpListener,
    address: SocketAddr,
    gateway: &Arc<Gateway>,
    connections: &mut JoinSet<()>,
) -> Option<TcpListener> {
    let mut door = gateway.door.watch();
    let mut fails = false;
    loop {
        // Looked at each time: it may have changed while something else was waited for.
        let state = *door.borrow_and_update();
        match state {
            State::Open => {}
            State::Closing(_) | State::Closed(_) => {
                drop(listener);
                listener = refuse(address, gateway, &mut door).await?;
                continue;
            }
            State::Ending => return Some(listener),
        }
        let has_room = connections.len() < gateway.limits.connections;
        tokio::select! {
            // Who was let in comes before who is to be: what they asked for holds for the next.
            biased;
            _ = door.changed() => {}
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, peer)) => {
                    fails = false;
                    let_in(stream, peer, gateway, connections);
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
async fn take_waiting(listener: &TcpListener, gateway: &Arc<Gateway>, connections: &mut JoinSet<()>) {
    let until = Instant::now() + QUEUE;
    while connections.len() < gateway.limits.connections {
        match timeout_at(until, listener.accept()).await {
            Ok(Ok((stream, peer))) => let_in(stream, peer, gateway, connections),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

fn let_in(stream: TcpStream, peer: SocketAddr, gateway: &Arc<Gateway>, connections: &mut JoinSet<()>) {
    set_nodelay(&stream);
    connections.spawn(serve(stream, Some(peer), reset_when_closed, Arc::clone(gateway)));
}

/// Refuses connections for as long as the door says so. Then listens again, or not if the mock shall end.
async fn refuse(
    address: SocketAddr,
    gateway: &Gateway,
    door: &mut watch::Receiver<State>,
) -> Option<TcpListener> {
    // Keeps the address, so that nobody else takes it.
    let mut socket = bind(address);
    loop {
        let state = *door.borrow_and_update();
        match state {
            State::Ending => return None,
            State::Closing(_) => gateway.door.is_now_closed(),
            State::Closed(until) if until > Instant::now() => {
                let _ = timeout_at(until, door.changed()).await;
            }
            State::Closed(_) => gateway.door.open_in_time(),
            State::Open => {
                match socket.and_then(|socket| socket.listen(BACKLOG)) {
                    Ok(listener) => return Some(listener),
                    Err(error) => tracing::warn!("cannot listen on {address} again yet: {error}"),
                }
                let _ = timeout(ACCEPT_AGAIN, door.changed()).await;
                socket = bind(address);
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

/// Answers the requests of one connection, one after another, until its peer has no more, or the mock shall end.
pub(crate) async fn serve<S>(stream: S, peer: Option<SocketAddr>, reset: fn(&S), gateway: Arc<Gateway>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = gateway.limits;
    let line = Line::default();
    let has_asked = AtomicBool::new(false);
    let stream = WriteTimeout::new(Steered::new(stream, line.clone(), reset), limits.write_timeout);
    let answer = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let (gateway, line) = (Arc::clone(&gateway), line.clone());
        async move {
            Ok::<_, Infallible>(if admin::is_meant(&request) {
                admin::answer(&gateway, request, peer).await
            } else {
                exchange(&gateway, request, peer, &line).await
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head)
        // An official SDK looks headers up by their capitals.
        .title_case_headers(true)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = gateway.door.ending() => {
            let moment = if has_asked.load(Ordering::Relaxed) { Duration::ZERO } else { NEWCOMER };
            match timeout(moment, connection.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}
