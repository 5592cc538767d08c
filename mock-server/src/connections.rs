//! The socket: takes connections, and hands each request to the gateway.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
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

/// Accepts until it is aborted or the mock shall end, as many at once as the limits allow; the others wait in the
/// system's queue. The connections are its own: they end with it.
pub(crate) async fn accept(listener: TcpListener, address: SocketAddr, gateway: Arc<Gateway>) {
    let mut connections = JoinSet::new();
    let mut door = gateway.door.watch();
    let mut listener = listener;
    let mut fails = false;
    loop {
        let has_room = connections.len() < gateway.limits.connections;
        tokio::select! {
            // Who was let in comes before who is to be: what they asked for holds for the next.
            biased;
            _ = door.changed() => {
                let state = *door.borrow_and_update();
                match state {
                    State::Open => {}
                    State::ClosedUntil(until) => listener = refuse(listener, address, until, &mut door).await,
                    State::Ending => break,
                }
            }
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, peer)) => {
                    fails = false;
                    set_nodelay(&stream);
                    connections.spawn(serve(stream, Some(peer), reset_when_closed, Arc::clone(&gateway)));
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
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Refuses connections until then, or until the door is opened.
async fn refuse(
    listener: TcpListener,
    address: SocketAddr,
    until: Instant,
    door: &mut watch::Receiver<State>,
) -> TcpListener {
    drop(listener);
    // Keeps the address, so that nobody else takes it.
    let mut socket = bind(address);
    let _ = timeout_at(until, door.wait_for(|state| !matches!(state, State::ClosedUntil(_)))).await;
    loop {
        match socket.and_then(|socket| socket.listen(BACKLOG)) {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!("cannot listen on {address} again yet: {error}"),
        }
        sleep(ACCEPT_AGAIN).await;
        socket = bind(address);
    }
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

/// Answers the requests of one connection, one after another.
pub(crate) async fn serve<S>(stream: S, peer: Option<SocketAddr>, reset: fn(&S), gateway: Arc<Gateway>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = gateway.limits;
    let line = Line::default();
    let stream = WriteTimeout::new(Steered::new(stream, line.clone(), reset), limits.write_timeout);
    let answer = service_fn(|request| {
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
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}
