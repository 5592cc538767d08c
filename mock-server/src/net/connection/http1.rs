//! HTTP/1.1: one request after another, possibly followed by a tunnel.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    admin::is_admin_request,
    api::error::ApiError,
    net::{
        connection::{
            Connection,
            watched::{Received, Sending, Timeouts, Turn, Turns, Watched},
        },
        idle::During,
        listener::Protocol,
        proxy::Tunnel,
    },
    request::not_http,
    response::{
        body::{ResponseBody, text_response},
        respond::title_case,
    },
};

/// The response to plain HTTP on a TLS-only port.
const PLAIN_TO_TLS: Phrase =
    phrase!("wechatpay-mock: expected TLS on this port, found plain HTTP; call it with https://\n");

/// Serves requests. Returns the tunnel that the peer asked for, if any.
pub(super) async fn serve<S>(connection: &Connection, stream: S) -> Option<Tunnel>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.shared.limits();
    let tunnel = Arc::new(Mutex::new(None));
    let turns = Turns::default();
    let service = service_fn(|request: Request<Incoming>| {
        // Work under `/__mock/` may take long. Anything else is answered once it is received.
        let then = if is_admin_request(&request) { Turn::Working } else { Turn::Answering };
        let request = request.map(|body| Received::new(body, turns.clone(), then));
        let (connection, tunnel, turns) = (connection.clone(), Arc::clone(&tunnel), turns.clone());
        let during = connection.presence.request();
        async move {
            let response = respond(&connection, request, &tunnel).await;
            // The reader of an endless response may leave, which shows while the service works.
            if !response.body().is_endless() {
                turns.pass(Turn::Answering);
            }
            let then = if tunnel.lock().is_some() { Turn::Tunnel } else { Turn::Answered };
            let ends = (during, Sending { turns, then });
            Ok::<_, Infallible>(response.map(|body| During::new(body, ends)))
        }
    });
    let timeouts = Timeouts { head: limits.head_timeout, keep_alive: limits.keep_alive };
    let refusing = connection.clone();
    let refuse = move |by_hyper: &[u8], head: &[u8]| refusal(&refusing, by_hyper, head);
    let stream = Watched::new(stream, turns.clone(), timeouts, refuse);
    let hyper = http1::Builder::new()
        // The stream has its own timeouts.
        .header_read_timeout(None::<Duration>)
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
    let reject = |why: &str| connection.shared.reject(connection.with("HTTP"), why);
    match ended {
        _ if turns.now() == Turn::Late => {
            reject(&text!(
                "expected the head of a request within {seconds} s",
                seconds = timeouts.head.as_secs()
            ));
        }
        // hyper responds to everything else that it can't parse.
        Err(error) if error.is_parse() && turns.now() != Turn::Refused => {
            reject(phrase!("expected HTTP/1.1, found HTTP/2 without TLS").text());
        }
        Err(error) if error.is_incomplete_message() && turns.now() != Turn::Working => {
            reject(phrase!("expected the rest of a request's head, found the end of the connection").text());
        }
        Err(error) => tracing::debug!("a connection ended: {error}"),
        Ok(()) => {}
    }
    tunnel.lock().take()
}

/// What is sent instead of a refusal by hyper. It goes through the gateway, so that it is recorded.
fn refusal(connection: &Connection, by_hyper: &[u8], head: &[u8]) -> Bytes {
    let gateway = &connection.shared.gateway;
    let (received, reason) = not_http::read(head, connection.peer);
    let is_too_large = by_hyper.starts_with(b"HTTP/1.1 414") || by_hyper.starts_with(b"HTTP/1.1 431");
    let error = if is_too_large {
        ApiError::HeadTooLarge { limit: gateway.limits.head }
    } else {
        ApiError::NotHttp { reason }
    };
    let response = gateway.refuse(received, error);
    [&response.head(title_case)[..], response.sent_body()].concat().into()
}

async fn respond(
    connection: &Connection,
    mut request: Request<Received<Incoming>>,
    tunnel: &Mutex<Option<Tunnel>>,
) -> Response<ResponseBody> {
    if connection.protocol == Protocol::TlsOnly && !connection.peer.is_tls {
        let why = phrase!("expected TLS on this port, found plain HTTP");
        connection.shared.reject(connection.with("HTTP"), why);
        let mut response = text_response(StatusCode::BAD_REQUEST, PLAIN_TO_TLS.to_string());
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
            connection.shared.reject(phrase!("proxy"), &error);
            error.response()
        }
    }
}
