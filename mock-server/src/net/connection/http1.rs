//! HTTP/1.1: one request after another, possibly followed by a tunnel.

use std::{convert::Infallible, pin::pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    admin::is_admin_request,
    net::{
        connection::Connection,
        half_close::{HalfClosed, Phase, Phases, Received, Then},
        idle::During,
        listener::Protocol,
        proxy::Tunnel,
    },
    response::body::{ResponseBody, text_response},
};

/// The response to plain HTTP on a TLS-only port.
const PLAIN_TO_TLS: &str =
    "wechatpay-mock: expected TLS on this port, found plain HTTP; call it with https://\n";

/// Serves requests. Returns the tunnel that the peer asked for, if any.
pub(super) async fn serve<S>(connection: &Connection, stream: S) -> Option<Tunnel>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.shared.limits();
    let tunnel = Arc::new(Mutex::new(None));
    let phases = Arc::new(Phases::default());
    let stream = HalfClosed::new(stream, Arc::clone(&phases));
    let service = service_fn(|request| {
        let (connection, tunnel, phases) = (connection.clone(), Arc::clone(&tunnel), Arc::clone(&phases));
        let during = connection.presence.request();
        async move {
            let next = if is_admin_request(&request) { Phase::Working } else { Phase::Answering };
            let request = request.map(|body| Received::new(body, Then(Arc::clone(&phases), next)));
            let response = respond(&connection, request, &tunnel).await;
            phases.enter(Phase::Answering);
            let ends = (during, Then(phases, Phase::Receiving));
            Ok::<_, Infallible>(response.map(|body| During::new(body, ends)))
        }
    });
    let hyper = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head)
        // An official SDK looks up headers with exactly this capitalization.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut hyper = pin!(hyper);
    let ended = tokio::select! {
        ended = hyper.as_mut() => ended,
        () = connection.shutdown() => {
            hyper.as_mut().graceful_shutdown();
            hyper.await
        }
        () = connection.presence.chosen() => {
            if connection.presence.is_idle() {
                tracing::debug!("an idle connection was closed in favour of another");
                return None;
            }
            hyper.as_mut().graceful_shutdown();
            hyper.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
    tunnel.lock().take()
}

async fn respond(
    connection: &Connection,
    mut request: Request<Received<Incoming>>,
    tunnel: &Mutex<Option<Tunnel>>,
) -> Response<ResponseBody> {
    if connection.protocol == Protocol::TlsOnly && !connection.peer.is_tls {
        let mut response = text_response(StatusCode::BAD_REQUEST, PLAIN_TO_TLS.into());
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    match connection.shared.proxy.tunnel(&mut request, connection.is_tunnel).await {
        Ok(None) => connection.respond(request, &connection.control).await,
        Ok(asked_for) => {
            *tunnel.lock() = asked_for;
            Response::new(Bytes::new().into())
        }
        Err(error) => {
            connection.shared.reject("proxy", &error);
            error.response()
        }
    }
}
