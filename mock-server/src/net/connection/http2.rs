//! A connection that speaks HTTP/2: requests side by side, each on a stream of its own.
//!
//! hyper has no limit of time for an idle connection here, nor for an answer that the peer does not take: [`StreamTracker`]
//! has.

mod streams;

use std::{io, pin::Pin, sync::Arc, time::Duration};

use http::{Method, Request};
use hyper::{body::Incoming, rt::Executor, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, watch},
    time::sleep,
};

use crate::{
    faults::ConnectionControl,
    net::{
        connection::{
            Connection,
            http2::streams::{PollCounter, StreamTracker},
            run,
        },
        proxy::ProxyRefusal,
    },
};

/// Requests at once on a connection. (own choice: as nginx has it)
const STREAMS: u32 = 128;

/// Bytes that a peer may send before they are read: for one request, and for a connection. (own choice)
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// How long a peer without requests has to take note that the connection ends. Many do not read until they want
/// something. (own choice)
const PARTING: Duration = Duration::from_millis(100);

/// Answers requests until the peer has no more, or takes too long.
pub(super) async fn serve<S>(connection: &Connection, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.front.limits();
    let streams = Arc::new(StreamTracker::default());
    let answer = service_fn(|request: Request<Incoming>| {
        let (connection, stream) = (connection.clone(), StreamTracker::begin(&streams));
        async move {
            if request.method() == Method::CONNECT {
                connection.front.reject("proxy", ProxyRefusal::Http2);
                return Ok(ProxyRefusal::Http2.answer().map(|body| stream.answered(body)));
            }
            let line = ConnectionControl::default();
            let answer = connection.answer(request, &line).await;
            match line.ending().map(|ending| (ending, ending.body_sent)) {
                None => Ok(answer.map(|body| stream.answered(body))),
                // Only this stream breaks off.
                Some((_, Some(sent))) => Ok(answer.map(|body| stream.answered(body.broken_after(sent)))),
                // Without any answer, it is the connection that ends, as that of HTTP/1.1 does.
                Some((ending, None)) => {
                    connection.line.end(ending.without_answer());
                    Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault ended it"))
                }
            }
        }
    });
    // Dropped with the connection.
    let (_tasks_end_with, ended) = watch::channel(());
    let hyper = http2::Builder::new(Tasks { ended })
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(limits.head.try_into().unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(stream), answer);
    let hyper = PollCounter { connection: hyper, streams: Arc::clone(&streams) };

    let until = async {
        tokio::select! {
            () = connection.front.gateway().gate.ending() => {}
            () = streams.idle(limits.head_timeout) => {}
        }
    };
    let is_told = Notify::new();
    let tell = |hyper: Pin<&mut PollCounter<_>>| {
        http2::Connection::graceful_shutdown(Pin::new(&mut hyper.get_mut().connection));
        is_told.notify_one();
    };
    let has_parted = async {
        is_told.notified().await;
        sleep(PARTING).await;
        streams.idle(PARTING).await;
    };
    tokio::select! {
        ended = run(hyper, until, tell, || streams.have_begun()) => if let Err(error) = ended {
            tracing::debug!("a connection ended: {error}");
        },
        () = streams.not_taken(limits.write_timeout) => {
            tracing::debug!("a peer did not take an answer within {} s", limits.write_timeout.as_secs());
        }
        () = has_parted => {}
    }
}

/// Where the requests are worked on: tasks that end with the connection.
#[derive(Clone)]
struct Tasks {
    /// Has no more to say once the connection has ended.
    ended: watch::Receiver<()>,
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut ended = self.ended.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                _ = ended.changed() => {}
            }
        });
    }
}
