//! What the proxy refuses, and why.

use std::io;

use http::{Response, StatusCode};
use wechatpay_texts::Text;

use crate::response::body::{ResponseBody, text_response};

/// Why a proxy request fails.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum ProxyError {
    #[text(
        "expected a proxy request with a host and, for CONNECT, a port, found none; send CONNECT HOST:PORT or GET http://HOST/…"
    )]
    NoHost,
    #[text(
        "expected a host that this mock answers for, found {host}; this is not an open proxy: allow the host with --proxy-passthrough {host}, or bypass the proxy with NO_PROXY={host}"
    )]
    OtherHost { host: String },
    #[text("expected this mock's own address, found {authority}; call that without a proxy: NO_PROXY={host}")]
    OtherPort { host: String, authority: String },
    #[text(
        "expected a host other than this mock, to which this request would loop back; call the mock without a proxy: NO_PROXY=localhost,127.0.0.1,::1"
    )]
    Loop,
    #[text("expected a request to the gateway, found CONNECT within a tunnel to it; one tunnel is enough")]
    TunnelInTunnel,
    #[text("expected HTTP/1.1 for CONNECT, found HTTP/2; open the tunnel over HTTP/1.1")]
    Http2,
    #[text(
        "expected CONNECT for {host}, found a plain request; open a tunnel with CONNECT, or call the host without a proxy: NO_PROXY={host}"
    )]
    NoTunnel { host: String },
    #[text("cannot reach {host}, which --proxy-passthrough allows: {source}")]
    Unreachable { host: String, source: io::Error },
}

impl ProxyError {
    pub(crate) fn response(&self) -> Response<ResponseBody> {
        let status = match self {
            Self::NoHost | Self::Http2 | Self::NoTunnel { .. } => StatusCode::BAD_REQUEST,
            Self::OtherHost { .. } | Self::OtherPort { .. } | Self::Loop | Self::TunnelInTunnel => {
                StatusCode::FORBIDDEN
            }
            Self::Unreachable { .. } => StatusCode::BAD_GATEWAY,
        };
        text_response(status, format!("wechatpay-mock: {self}\n"))
    }
}
