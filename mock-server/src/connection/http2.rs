//! A connection that speaks HTTP/2: requests side by side, each on a stream of its own.
//!
//! hyper has no limit of time for an idle connection here, nor for an answer that the peer does not take: [`Streams`]
//! has.

mod streams;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Method, Request};
use hyper::{body::Incoming, rt::Executor, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};

use super::Connection;
use crate::{faults::Line, proxy::ProxyRefusal};
use streams::Streams;

/// Requests at once on a connection. (own choice: as nginx has it)
const STREAMS: u32 = 128;

/// Bytes that a peer may send before they are read: for one request, and for a connection. (own choice)
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Answers requests until the peer has no more, or takes too long.
pub(super) async fn serve<S>(connection: &Connection, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.gateway.limits;
    let streams = Arc::new(Streams::default());
    let answer = service_fn(|request: Request<Incoming>| {
        let (connection, stream) = (connection.clone(), Streams::begin(&streams));
        async move {
            if request.method() == Method::CONNECT {
                return Ok(ProxyRefusal::Http2.answer().map(|body| stream.answered(body)));
            }
            let line = Line::default();
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
    let hyper = http2::Builder::new(Tasks::default())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(limits.head.try_into().unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(stream), answer);
    let ended = tokio::select! {
        ended = connection.run(hyper, http2::Connection::graceful_shutdown, || streams.have_begun()) => ended,
        () = streams.stand_still(&limits) => return,
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// Where the requests are worked on: tasks that end with the connection.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
