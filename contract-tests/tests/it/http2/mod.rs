//! HTTP/2 over real sockets: concurrent requests, limits, faults, and how a connection ends.

mod ending;
mod faults;
mod requests;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::task::JoinHandle;
use wechatpay_mock::MockServer;

use crate::support::{RawRequest, secure::connect, soon};

/// A client that speaks HTTP/2 with a mock.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

/// A complete response.
struct Complete {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    async fn of(mock: &MockServer) -> Self {
        // More than any response here needs.
        Self::with_window(mock, 1024 * 1024).await
    }

    /// A client with a receive window of this many bytes.
    async fn with_window(mock: &MockServer, window: u32) -> Self {
        let stream = soon(connect(mock, "localhost", &["h2"])).await.unwrap();
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(window)
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        Self { sender, connection: tokio::spawn(connection) }
    }

    /// Sends a request. The caller awaits the response.
    fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        self.sender.clone().send_request(request)
    }

    /// The complete response to a request.
    async fn call(&self, request: &RawRequest) -> hyper::Result<Complete> {
        let response = soon(self.send(request.to_http("https://localhost"))).await?;
        let (head, body) = response.into_parts();
        let body = soon(body.collect()).await?.to_bytes().into();
        Ok(Complete { status: head.status, headers: head.headers, body })
    }

    /// Waits until the connection has ended, and returns whether it ended without an error.
    async fn end(self) -> bool {
        drop(self.sender);
        soon(self.connection).await.unwrap().is_ok()
    }
}

/// A call whose response body has about this length.
fn echo(length: usize) -> RawRequest {
    let echo = RawRequest {
        method: "POST",
        target: "/v3/security/echo".into(),
        body: format!("{{\"echo_message\":\"{}\"}}", "x".repeat(length)).into_bytes(),
        ..RawRequest::sample()
    };
    echo.header("Wechatpay-Serial: PUB_KEY_ID_0119000000012026010100000000000001")
}

/// Far less than any default timeout, and far more than anything here takes.
const SHORTLY: Duration = Duration::from_secs(5);
