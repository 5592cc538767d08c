//! A connection that speaks HTTP/1.1: one request after another, perhaps a tunnel at the end.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http_body_util::Either;
use hyper::{
    server::conn::http1::{self, UpgradeableConnection},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::net::{
    connection::{Connection, run},
    proxy::{Tunnel, answer as answer_proxied},
};

/// Answers requests. Returns the tunnel that the peer asked for, if it did.
pub(super) async fn serve<S>(connection: &Connection, stream: S) -> Option<Tunnel>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = connection.front.limits();
    let (has_asked, tunnel) = (AtomicBool::new(false), Arc::new(Mutex::new(None)));
    let answer = service_fn(|request| {
        has_asked.store(true, Ordering::Relaxed);
        let (connection, tunnel) = (connection.clone(), Arc::clone(&tunnel));
        async move {
            if let Some(answer) = connection.plain_to_tls() {
                return Ok::<_, Infallible>(answer.map(Either::Left));
            }
            let own = async |request| connection.answer(request, &connection.line).await;
            let (answer, asked_for) =
                answer_proxied(&connection.front, request, connection.is_tunnel, own).await;
            *tunnel.lock().unwrap_or_else(PoisonError::into_inner) = asked_for;
            Ok(answer)
        }
    });
    let hyper = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head)
        // An official SDK looks headers up by their capitals.
        .title_case_headers(true)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let until = connection.front.gateway().gate.ending();
    let has_asked = || has_asked.load(Ordering::Relaxed);
    if let Err(error) = run(hyper, until, UpgradeableConnection::graceful_shutdown, has_asked).await {
        tracing::debug!("a connection ended: {error}");
    }
    let mut tunnel = tunnel.lock().unwrap_or_else(PoisonError::into_inner);
    tunnel.take()
}
