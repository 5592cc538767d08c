//! What the mock refuses to do as a proxy.

use std::io;

use http::{Response, StatusCode};

use crate::response::body::{ResponseBody, text_response};

/// Why a proxy request fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error(
        "expected a proxy's request to name a host and, for CONNECT, a port, found none; send CONNECT HOST:PORT or GET http://HOST/…"
    )]
    NoHost,
    #[error(
        "expected a host that this mock stands for, found {host}; this is no open proxy: --proxy-passthrough {host} lets it through, NO_PROXY={host} keeps clients from asking"
    )]
    OtherHost { host: String },
    #[error(
        "expected another host than this mock, which this request would come back to; call the mock without a proxy: NO_PROXY=localhost,127.0.0.1,::1"
    )]
    Loop,
    #[error("expected a request to the gateway, found CONNECT within a tunnel to it; one tunnel is enough")]
    TunnelInTunnel,
    #[error("expected HTTP/1.1 for CONNECT, found HTTP/2; ask for the tunnel over HTTP/1.1")]
    Http2,
    #[error(
        "expected CONNECT for {host}, found a request without a tunnel; ask for a tunnel with CONNECT, or call it without a proxy: NO_PROXY={host}"
    )]
    NoTunnel { host: String },
    #[error("cannot reach {host}, which --proxy-passthrough names: {source}")]
    Unreachable { host: String, source: io::Error },
}

impl ProxyError {
    pub(crate) fn response(&self) -> Response<ResponseBody> {
        let status = match self {
            Self::NoHost | Self::Http2 | Self::NoTunnel { .. } => StatusCode::BAD_REQUEST,
            Self::OtherHost { .. } | Self::Loop | Self::TunnelInTunnel => StatusCode::FORBIDDEN,
            Self::Unreachable { .. } => StatusCode::BAD_GATEWAY,
        };
        text_response(status, format!("wechatpay-mock: {self}\n"))
    }
}
