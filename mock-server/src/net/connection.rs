//! One connection, from its first byte, which tells TLS from plain HTTP, to its end.

mod http1;
mod http2;

use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use http_body::Body;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader},
    time::{sleep, timeout},
};

use crate::{
    admin,
    faults::connection::{ConnectionControl, ControlledStream, ResettableSocket},
    net::{
        Front,
        proxy::{Tunnel, pass_through},
        tls::Handshake,
        write_timeout::WriteTimeout,
    },
    request::receive::Peer,
    response::body::{ResponseBody, text_response},
};

/// The first byte of TLS: a record that is part of a handshake. No method of HTTP begins with it.
const TLS_HANDSHAKE: u8 = 22;

/// How long a peer that has just connected has, when the mock shall end, for its request to be read.
const NEWCOMER: Duration = Duration::from_millis(50);

/// What is said to whoever speaks plain HTTP where only TLS is spoken.
const PLAIN_TO_TLS: &str =
    "wechatpay-mock: expected TLS on this port, found plain HTTP; call it with https://\n";

/// What may be spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP as it is, or over TLS: the first byte tells.
    Either,
    /// Nothing but TLS.
    TlsAlone,
}

/// What is known about a connection.
#[derive(Clone)]
struct Connection {
    front: Arc<Front>,
    peer: Peer,
    line: ConnectionControl,
    speech: Protocol,
    /// Whether it is the inside of a tunnel that the peer has asked this mock for.
    is_tunnel: bool,
}

/// Answers the requests of one connection, and then those of the tunnel that it may become, until its peer has no more,
/// or the mock shall end.
pub(crate) async fn serve<S>(
    stream: S,
    peer: Option<SocketAddr>,
    speech: Protocol,
    reset: fn(&S),
    front: Arc<Front>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let line = ConnectionControl::default();
    let socket = ResettableSocket::new(stream, line.clone(), reset);
    let peer = Peer { address: peer, is_tls: false };
    let direct = Connection { front, peer, line, speech, is_tunnel: false };
    let Some(Tunnel { upgrade, destination }) = direct.serve(socket).await else { return };
    match (upgrade.await, destination) {
        (Ok(upgraded), None) => {
            let line = direct.line.within();
            let inside = Connection { line, speech: Protocol::Either, is_tunnel: true, ..direct };
            inside.serve(TokioIo::new(upgraded)).await;
        }
        (Ok(upgraded), Some(destination)) => {
            pass_through(TokioIo::new(upgraded), destination, &direct.front.gateway().gate).await;
        }
        (Err(error), _) => tracing::debug!("a tunnel did not begin: {error}"),
    }
}

impl Connection {
    /// Answers requests. Returns the tunnel that the peer asked for, if it did.
    async fn serve<S>(&self, stream: S) -> Option<Tunnel>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Holds one byte: after that, reads go past it.
        let mut stream = BufReader::with_capacity(1, stream);
        match self.first_byte(&mut stream).await? {
            TLS_HANDSHAKE => {
                let Handshake { stream, is_http2 } = self.handshake(stream).await?;
                let secret = Self { peer: Peer { is_tls: true, ..self.peer }, ..self.clone() };
                if is_http2 {
                    http2::serve(&secret, self.steered(stream)).await;
                    None
                } else {
                    http1::serve(&secret, self.steered(stream)).await
                }
            }
            _ => http1::serve(self, self.steered(stream)).await,
        }
    }

    /// The first byte, which stays to be read; none if there is none in time.
    async fn first_byte<S: AsyncRead + Unpin>(&self, stream: &mut BufReader<S>) -> Option<u8> {
        let ended = async {
            self.front.gateway().gate.ending().await;
            sleep(NEWCOMER).await;
        };
        tokio::select! {
            biased;
            read = timeout(self.front.limits().head_timeout, stream.fill_buf()) => read.ok()?.ok()?.first().copied(),
            () = ended => None,
        }
    }

    /// Agrees on keys, unless that fails or takes too long.
    async fn handshake<S>(&self, stream: S) -> Option<Handshake<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.front.limits().head_timeout;
        let peer = self.peer.address.map_or_else(|| "a peer in memory".into(), |peer| peer.to_string());
        let with = format!("TLS with {peer}");
        tokio::select! {
            done = timeout(limit, self.front.tls.handshake(stream)) => match done {
                Ok(Ok(handshake)) => return Some(handshake),
                Ok(Err(error)) => self.front.reject(with, error),
                Err(_) => {
                    let late = format!("expected a handshake within {} s", limit.as_secs());
                    self.front.reject(with, late);
                }
            },
            () = self.front.gateway().gate.ending() => {}
        }
        None
    }

    /// The stream with the mock's own ways: answers must be accepted in time, and faults may end it.
    fn steered<S>(&self, stream: S) -> WriteTimeout<ControlledStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        WriteTimeout::new(ControlledStream::new(stream, self.line.clone()), self.front.limits().write_timeout)
    }

    /// The answer to whoever speaks plain HTTP where only TLS is spoken.
    fn plain_to_tls(&self) -> Option<Response<ResponseBody>> {
        (self.speech == Protocol::TlsAlone && !self.peer.is_tls).then(|| {
            let mut answer = text_response(StatusCode::BAD_REQUEST, PLAIN_TO_TLS.into());
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            answer
        })
    }

    /// Answers one request that is for this mock.
    async fn answer<B>(&self, request: Request<B>, line: &ConnectionControl) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if admin::is_meant(&request) {
            self.front.admin.answer(request, self.peer).await
        } else {
            self.front.gateway().exchange(request, self.peer, line).await
        }
    }
}

/// Lets hyper work until the peer has no more requests, or `until`: hyper is then told by `end`, and goes on until what
/// is on its way has ended.
async fn run<C>(
    hyper: C,
    until: impl Future<Output = ()>,
    end: impl FnOnce(Pin<&mut C>),
    has_asked: impl Fn() -> bool,
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut hyper = pin!(hyper);
    tokio::select! {
        ended = hyper.as_mut() => ended,
        () = until => {
            let moment = if has_asked() { Duration::ZERO } else { NEWCOMER };
            match timeout(moment, hyper.as_mut()).await {
                Ok(ended) => ended,
                Err(_) => {
                    end(hyper.as_mut());
                    hyper.await
                }
            }
        }
    }
}
