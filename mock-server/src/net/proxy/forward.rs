//! A request for another host, sent on as RFC 9110 has it, and its answer brought back.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version,
    header::{
        CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
        VIA,
    },
    uri::Authority,
};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::net::proxy::{PSEUDONYM, ProxyRefusal, destination::connect};

/// How long an answer may take to begin. (own choice)
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a body may be without a byte, either way. (own choice)
const BODY_IDLE: Duration = Duration::from_secs(60);

/// Headers that are for the next hop alone, beside those that `Connection` names.
const OF_ONE_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Sends a request on to its host, and brings the answer back.
pub(super) async fn forward(
    request: Request<Incoming>,
    authority: &Authority,
    own: &[SocketAddr],
) -> Result<Response<ForwardedBody>, ProxyRefusal> {
    let failed = |source| ProxyRefusal::Unreachable { host: authority.to_string(), source };
    let unreachable = |error| failed(io::Error::other(error));
    let stream = connect(authority, own).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    // It ends with the answer, or when nobody waits for that any more.
    tokio::spawn(connection);
    let answer = timeout(ANSWER_TIMEOUT, sender.send_request(to_next_hop(request, authority))).await;
    let mut answer = answer.map_err(|_| failed(io::ErrorKind::TimedOut.into()))?.map_err(unreachable)?;
    let version = answer.version();
    pass_on(answer.headers_mut(), version);
    Ok(answer.map(ForwardedBody::new))
}

/// The request as its host gets it.
fn to_next_hop(request: Request<Incoming>, authority: &Authority) -> Request<ForwardedBody> {
    let mut request = request.map(ForwardedBody::new);
    let version = request.version();
    pass_on(request.headers_mut(), version);
    *request.version_mut() = Version::HTTP_11;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = target.parse::<Uri>().unwrap_or_default();
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        request.headers_mut().insert(HOST, host);
    }
    request
}

/// Takes out what was for this hop alone, and says that the message came through here.
fn pass_on(headers: &mut HeaderMap, version: Version) {
    let options = headers.get_all(CONNECTION).iter().filter_map(|options| options.to_str().ok());
    let named: Vec<HeaderName> =
        options.flat_map(|options| options.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&OF_ONE_HOP) {
        headers.remove(name);
    }
    let version = if version == Version::HTTP_10 { "1.0" } else { "1.1" };
    if let Ok(via) = HeaderValue::from_str(&format!("{version} {PSEUDONYM}")) {
        headers.append(VIA, via);
    }
}

/// A body on its way through, which breaks off if there is no byte of it for too long.
pub(crate) struct ForwardedBody {
    body: Incoming,
    idle: Pin<Box<Sleep>>,
}

impl ForwardedBody {
    fn new(body: Incoming) -> Self {
        Self { body, idle: Box::pin(sleep(BODY_IDLE)) }
    }
}

impl Body for ForwardedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.idle.as_mut().reset(Instant::now() + BODY_IDLE);
                Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
            }
            Poll::Pending => {
                self.idle.as_mut().poll(context).map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_one_hop_goes_no_further_and_the_way_is_told() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic eDp5"),
            ("te", "trailers"),
            ("via", "1.1 before"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        pass_on(&mut headers, Version::HTTP_11);
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        left.sort_unstable();
        assert_eq!(left, [("accept", "*/*"), ("via", "1.1 before"), ("via", "1.1 wechatpay-mock")]);
    }
}
