//! HTTP/2: concurrent requests, each on its own stream.
//!
//! hyper has no timeout for an idle connection, nor for a response whose flow-control window stays closed. Keep-alive
//! pings don't help: a peer can acknowledge them and do nothing else. So this module counts the requests in flight, and
//! times each response from when hyper gets it until the peer has made room for all of it.

use std::{
    error::Error,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use wechatpay_protocol::display::error_chain;
use wechatpay_texts::phrase;

use crate::{
    faults::{ConnectionControl, connection::Abort},
    net::{connection::Connection, idle::During, proxy::ProxyError},
    response::body::ResponseBody,
};

/// Concurrent requests on a connection. (own choice: like nginx)
const STREAMS: u32 = 128;

/// How many unread bytes a peer can send, per request and per connection. (own choice)
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// How long an idle peer has to acknowledge the end of the connection. Many don't read until they send a request. (own
/// choice)
const PARTING: Duration = Duration::from_millis(100);

/// What a stream tells its connection.
enum Event {
    /// A response is about to break off, and must know when the bytes sent so far have been written.
    BreaksOff(oneshot::Sender<()>),
    /// The peer does not make room for a response.
    Stalled,
}

/// Serves requests until the peer closes the connection, is idle, or stalls.
pub(super) async fn serve<S>(connection: &Connection, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.shared.limits();
    let in_flight = watch::Sender::new(0);
    let (events, mut happened) = mpsc::unbounded_channel();
    let service = service_fn(|request| {
        let stream = Stream::begin(&in_flight, &events, limits.write_timeout);
        let connection = connection.clone();
        let during = connection.presence.request();
        async move {
            let response = respond(&connection, request, stream).await?;
            Ok::<_, io::Error>(response.map(|body| During::new(body, during)))
        }
    });
    let hyper = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(limits.head.try_into().unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(stream), service);
    let mut hyper = pin!(hyper);
    let mut closing = pin!(async {
        tokio::select! {
            () = connection.shutdown() => {}
            () = connection.presence.chosen() => {}
            () = idle(&in_flight, limits.head_timeout) => {}
        }
    });
    let mut is_closing = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = hyper.as_mut() => break ended,
            Some(event) = happened.recv() => match event {
                Event::BreaksOff(written) => {
                    // Polled here, hyper writes what its streams have queued.
                    let polled = poll_fn(|context| Poll::Ready(hyper.as_mut().poll(context)));
                    if let Poll::Ready(ended) = polled.await {
                        break ended;
                    }
                    let _ = written.send(());
                }
                Event::Stalled => {
                    tracing::debug!("a peer made no room for a response within {} s", limits.write_timeout.as_secs());
                    return;
                }
            },
            () = closing.as_mut(), if !is_closing => {
                is_closing = true;
                hyper.as_mut().graceful_shutdown();
            }
            () = idle(&in_flight, PARTING), if is_closing => return,
        }
    };
    if let Err(error) = ended {
        let mut cause = error.source();
        while let Some(deeper) = cause.and_then(Error::source) {
            cause = Some(deeper);
        }
        let is_gone = cause.is_some_and(<dyn Error>::is::<io::Error>);
        if is_gone {
            tracing::debug!("a connection ended: {}", error_chain(&error));
        } else {
            connection.shared.reject(connection.with("HTTP/2"), error_chain(&error));
        }
    }
}

/// Returns once there has been no request for this long.
async fn idle(in_flight: &watch::Sender<usize>, limit: Duration) {
    let mut in_flight = in_flight.subscribe();
    while in_flight.wait_for(|count| *count == 0).await.is_ok() {
        if timeout(limit, in_flight.changed()).await.is_err() {
            return;
        }
    }
}

async fn respond(
    connection: &Connection,
    request: Request<Incoming>,
    stream: Stream,
) -> io::Result<Response<StreamBody>> {
    if request.method() == Method::CONNECT {
        connection.shared.reject(phrase!("proxy"), ProxyError::Http2);
        return Ok(ProxyError::Http2.response().map(|body| stream.send(body, None)));
    }
    let control = ConnectionControl::default();
    let response = connection.respond(request, &control).await;
    match control.aborted() {
        // If nothing of the response is sent, the whole connection ends, as with HTTP/1.1.
        Some(Abort { body_sent: None, closing, .. }) => {
            connection.control.abort(Abort { bytes: Bytes::new(), body_sent: None, closing: *closing });
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "aborted by a fault"))
        }
        // If part of it is sent, only the stream ends.
        aborted => {
            let sent = aborted.and_then(|abort| abort.body_sent);
            Ok(response.map(|body| stream.send(body, sent)))
        }
    }
}

/// A request in flight; it ends when this is dropped.
struct Stream {
    in_flight: watch::Sender<usize>,
    events: mpsc::UnboundedSender<Event>,
    limit: Duration,
}

impl Stream {
    fn begin(
        in_flight: &watch::Sender<usize>,
        events: &mpsc::UnboundedSender<Event>,
        limit: Duration,
    ) -> Self {
        in_flight.send_modify(|count| *count += 1);
        Self { in_flight: in_flight.clone(), events: events.clone(), limit }
    }

    /// The response's body, cut off after `sent` bytes if given. Starts its timeout.
    fn send(self, body: ResponseBody, sent: Option<usize>) -> StreamBody {
        let (unread, is_endless) = (Some(self.timed()), body.is_endless());
        let (mut left, rest) = match body.into_bytes() {
            Ok(bytes) => (bytes, None),
            Err(streamed) => (Bytes::new(), Some(streamed)),
        };
        let length = left.len();
        left.truncate(sent.unwrap_or(length));
        let missing = length - left.len();
        StreamBody { left, rest, missing, written: None, stream: self, unread, is_endless }
    }

    /// The time for a response begins, and ends when what is returned is dropped.
    fn timed(&self) -> oneshot::Sender<()> {
        let (dropped_with_body, is_dropped) = oneshot::channel::<()>();
        let (events, limit) = (self.events.clone(), self.limit);
        tokio::spawn(async move {
            if timeout(limit, is_dropped).await.is_err() {
                let _ = events.send(Event::Stalled);
            }
        });
        dropped_with_body
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.in_flight.send_modify(|count| *count -= 1);
    }
}

/// A response's body on its stream.
///
/// Its last byte is a chunk of its own. hyper hands a chunk to h2 as soon as the peer has room for any of it, and then
/// drops the body. With that split, the body lives until the peer has made room for everything but the last byte.
struct StreamBody {
    left: Bytes,
    /// The body, if it is made while it is sent.
    rest: Option<ResponseBody>,
    /// Bytes that the headers announce but the body does not send.
    missing: usize,
    written: Option<oneshot::Receiver<()>>,
    stream: Stream,
    /// Times the response, or of an endless one what the peer has not made room for.
    unread: Option<oneshot::Sender<()>>,
    is_endless: bool,
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if let Some(rest) = &mut this.rest {
            let frame = Pin::new(rest).poll_frame(context).map_err(io::Error::other);
            if this.is_endless {
                // hyper asks only once the peer has made room for what came before.
                let unread = this.unread.take();
                this.unread = frame.is_ready().then(|| unread.unwrap_or_else(|| this.stream.timed()));
            }
            return frame;
        }
        if !self.left.is_empty() {
            let chunk = (self.left.len() - 1).max(1);
            return Poll::Ready(Some(Ok(Frame::data(self.left.split_to(chunk)))));
        }
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        // h2 resets a stream at once, and drops whatever is not written yet.
        let mut written = self.written.take().unwrap_or_else(|| {
            let (sender, receiver) = oneshot::channel();
            let _ = self.stream.events.send(Event::BreaksOff(sender));
            receiver
        });
        if Pin::new(&mut written).poll(context).is_pending() {
            self.written = Some(written);
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.missing == 0 && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.rest {
            None => SizeHint::with_exact((self.left.len() + self.missing) as u64),
            Some(rest) => rest.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    #[tokio::test(start_paused = true)]
    async fn idle_time_is_counted_from_the_last_request() {
        let begun = Instant::now();
        let in_flight = watch::Sender::new(0);
        let (events, _happened) = mpsc::unbounded_channel();
        let request = async {
            let stream = Stream::begin(&in_flight, &events, LIMIT);
            sleep(Duration::from_secs(100)).await;
            drop(stream.send(Bytes::from_static(b"{}").into(), None));
        };
        tokio::join!(request, async {
            sleep(Duration::from_secs(1)).await;
            idle(&in_flight, LIMIT).await;
        });
        assert_eq!(begun.elapsed(), Duration::from_secs(100) + LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_response_is_noticed_despite_other_requests() {
        let begun = Instant::now();
        let in_flight = watch::Sender::new(0);
        let (events, mut happened) = mpsc::unbounded_channel();
        let send = || Stream::begin(&in_flight, &events, LIMIT).send(Bytes::from_static(b"{}").into(), None);
        let _stalled = send();
        let others = async {
            loop {
                drop(send());
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            event = happened.recv() => assert!(matches!(event, Some(Event::Stalled))),
            () = others => {}
        }
        assert_eq!(begun.elapsed(), LIMIT);
    }
}
