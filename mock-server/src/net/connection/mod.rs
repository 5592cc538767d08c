//! One connection: its first byte distinguishes TLS from plain HTTP, and ALPN HTTP/2 from HTTP/1.1.
//!
//! It uses hyper's own builders. hyper-util's `auto` is no option: it also accepts HTTP/2 in plain text, where the
//! gateway speaks HTTP/1.1 only, and waits for the first bytes without a timeout. Its `GracefulShutdown` does not cover
//! everything that must end at shutdown either: peers that have sent nothing yet, handshakes, and tunnels. These watch
//! the accept gate instead.

mod http1;
mod http2;
mod watched;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body::Body;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader},
    time::{sleep, timeout},
};
use wechatpay_texts::text;

use crate::{
    admin,
    faults::connection::{ConnectionControl, ControlledStream, ResettableSocket},
    net::{
        Shared,
        idle::Presence,
        listener::Protocol,
        proxy::{Tunnel, relay},
        tls::Handshake,
        write_timeout::WriteTimeout,
    },
    payer,
    request::receive::Peer,
    response::body::ResponseBody,
};

/// The first byte of a TLS handshake record. No HTTP method begins with it.
const TLS_HANDSHAKE: u8 = 22;

/// How long peers can still send a request after shutdown begins. (own choice)
const SHUTDOWN_GRACE: Duration = Duration::from_millis(50);

#[derive(Clone)]
struct Connection {
    shared: Arc<Shared>,
    peer: Peer,
    control: ConnectionControl,
    presence: Arc<Presence>,
    protocol: Protocol,
    /// Whether it is inside a tunnel that the peer opened to this mock.
    is_tunnel: bool,
}

/// Serves one connection, and the tunnel it may become, until the peer closes it or the mock shuts down.
pub(crate) async fn serve<S>(
    stream: S,
    peer: Option<SocketAddr>,
    protocol: Protocol,
    reset: fn(&S),
    shared: Arc<Shared>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let control = ConnectionControl::default();
    let socket = ResettableSocket::new(stream, control.clone(), reset);
    let peer = Peer { address: peer, is_tls: false };
    // Only the end of a socket makes room for another.
    let presence = Presence::new(peer.address.map(|_| Arc::clone(&shared.idle)));
    let direct = Connection { shared, peer, control, presence, protocol, is_tunnel: false };
    let Some(Tunnel { upgrade, destination }) = direct.serve(socket).await else { return };
    match (upgrade.await, destination) {
        (Ok(upgraded), None) => {
            let control = direct.control.within();
            let inside = Connection { control, protocol: Protocol::Either, is_tunnel: true, ..direct };
            inside.serve(TokioIo::new(upgraded)).await;
        }
        (Ok(upgraded), Some(destination)) => {
            let _busy = direct.presence.request();
            relay(TokioIo::new(upgraded), destination, &direct.shared.gateway.gate).await;
        }
        (Err(error), _) => tracing::debug!("a tunnel did not begin: {error}"),
    }
}

impl Connection {
    /// Serves requests. Returns the tunnel that the peer asked for, if any.
    async fn serve<S>(&self, stream: S) -> Option<Tunnel>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Holds one byte; later reads bypass it.
        let mut stream = BufReader::with_capacity(1, stream);
        if self.first_byte(&mut stream).await? != TLS_HANDSHAKE {
            return http1::serve(self, self.controlled(stream)).await;
        }
        let Handshake { stream, is_http2 } = self.handshake(stream).await?;
        let secure = Self { peer: Peer { is_tls: true, ..self.peer }, ..self.clone() };
        if is_http2 {
            http2::serve(&secure, self.controlled(stream)).await;
            return None;
        }
        http1::serve(&secure, self.controlled(stream)).await
    }

    /// Peeks at the first byte; `None` if it does not arrive in time.
    async fn first_byte<S: AsyncRead + Unpin>(&self, stream: &mut BufReader<S>) -> Option<u8> {
        tokio::select! {
            biased;
            read = timeout(self.shared.limits().head_timeout, stream.fill_buf()) => read.ok()?.ok()?.first().copied(),
            () = self.shutdown() => None,
            () = self.presence.chosen() => None,
        }
    }

    async fn handshake<S>(&self, stream: S) -> Option<Handshake<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.shared.limits().head_timeout;
        let with = self.with("TLS");
        tokio::select! {
            done = timeout(limit, self.shared.tls.handshake(stream)) => match done {
                Ok(Ok(handshake)) => return Some(handshake),
                Ok(Err(error)) => self.shared.reject(with, error),
                Err(_) => {
                    let late = text!("expected a handshake within {seconds} s", seconds = limit.as_secs());
                    self.shared.reject(with, late);
                }
            },
            () = self.shutdown() => {}
            () = self.presence.chosen() => {}
        }
        None
    }

    /// `TLS with 127.0.0.1:50000`, for a protocol.
    fn with(&self, protocol: &str) -> String {
        let peer = self.peer.address.map_or_else(|| text!("a peer in memory"), |peer| peer.to_string());
        text!("{protocol} with {peer}")
    }

    /// Wraps the stream for hyper: faults can end it, and writes time out.
    fn controlled<S>(&self, stream: S) -> WriteTimeout<ControlledStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = ControlledStream::new(stream, self.control.clone());
        WriteTimeout::new(stream, self.shared.limits().write_timeout)
    }

    /// Waits until the mock shuts down, and a little longer, in case the peer has already sent a request.
    async fn shutdown(&self) {
        self.shared.gateway.gate.shutdown().await;
        sleep(SHUTDOWN_GRACE).await;
    }

    /// Responds to a request for this mock. `control` belongs to its connection, or to its HTTP/2 stream.
    async fn respond<B>(
        &self,
        request: Request<B>,
        control: &ConnectionControl,
    ) -> http::Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if admin::is_admin_request(&request) {
            self.shared.admin.answer(request, self.peer).await
        } else if payer::is_page_request(&request) {
            self.shared.payer.page(request, self.peer).await
        } else {
            self.shared.gateway.exchange(request, self.peer, control).await
        }
    }
}
