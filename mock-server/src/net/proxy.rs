//! The mock as a forward proxy: for the gateway's hosts it is the gateway, and to others it is no way out, unless it was
//! told so.
//!
//! | a proxy's request | is |
//! |---|---|
//! | `CONNECT` to a host of the gateway's, or one named by `--host` | answered here: the tunnel ends in the mock |
//! | `GET http://…` to such a host, or to the mock's own address | answered here, as if it had come directly |
//! | either, to a host named by `--proxy-passthrough` | passed through |
//! | any other | refused with 403 |

mod destination;
mod forward;
mod refusal;
mod tunnel;

use std::{iter, net::SocketAddr};

use bytes::Bytes;
use http::{Method, Request, Response, header::VIA, uri::Authority};
use http_body_util::Either;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use tokio::net::TcpStream;

use crate::{
    admin,
    net::{
        Front,
        host::Host,
        listener::Addresses,
        proxy::forward::{ForwardedBody, forward},
    },
    response::body::ResponseBody,
};

pub(crate) use crate::net::proxy::refusal::ProxyRefusal;
pub(crate) use crate::net::proxy::tunnel::pass_through;

/// The name by which a request says that it has come through here.
const PSEUDONYM: &str = "wechatpay-mock";

/// Which hosts are here, and to which others there is a way.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Hosts that the mock stands for, beside the gateway's.
    own: Vec<Host>,
    passthrough: Vec<Host>,
    /// Where the mock listens.
    addresses: Vec<SocketAddr>,
}

/// Bytes that go both ways after the connection's requests, as a peer has asked.
pub(crate) struct Tunnel {
    /// The peer's end, once the answer is sent.
    pub(crate) upgrade: OnUpgrade,
    /// The other end. None: it is this mock.
    pub(crate) destination: Option<TcpStream>,
}

/// Where a request is to go.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
enum Way {
    /// To this mock.
    Here,
    /// Through a tunnel that ends in this mock.
    TunnelHere,
    /// Through a tunnel that ends there.
    TunnelTo(Authority),
    /// To there.
    To(Authority),
}

type Answered = (Response<Either<ResponseBody, ForwardedBody>>, Option<Tunnel>);

/// Answers a request: by `here`, if it is for this mock; with a tunnel, if it asks for one.
pub(crate) async fn answer(
    front: &Front,
    mut request: Request<Incoming>,
    is_tunnel: bool,
    here: impl AsyncFnOnce(Request<Incoming>) -> Response<ResponseBody>,
) -> Answered {
    let proxy = &front.proxy;
    let way = match proxy.way(&request, is_tunnel) {
        Ok(way) => way,
        Err(refusal) => return refused(front, &refusal),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    match way {
        Way::Here => (here(request).await.map(Either::Left), None),
        Way::TunnelHere => (established(), Some(Tunnel { upgrade, destination: None })),
        Way::TunnelTo(authority) => match destination::connect(&authority, &proxy.addresses).await {
            Ok(stream) => (established(), Some(Tunnel { upgrade, destination: Some(stream) })),
            Err(refusal) => refused(front, &refusal),
        },
        Way::To(authority) => match forward(request, &authority, &proxy.addresses).await {
            Ok(answer) => (answer.map(Either::Right), None),
            Err(refusal) => refused(front, &refusal),
        },
    }
}

fn refused(front: &Front, refusal: &ProxyRefusal) -> Answered {
    front.reject("proxy", refusal);
    (refusal.answer().map(Either::Left), None)
}

fn established() -> Response<Either<ResponseBody, ForwardedBody>> {
    Response::new(Either::Left(Bytes::new().into()))
}

impl Proxy {
    pub(crate) fn new(own: Vec<Host>, passthrough: Vec<Host>, addresses: Addresses) -> Self {
        let addresses = iter::once(addresses.either).chain(addresses.tls_alone).collect();
        Self { own, passthrough, addresses }
    }

    /// Where a request is to go. Within a tunnel, everything is for this mock.
    fn way<B>(&self, request: &Request<B>, is_tunnel: bool) -> Result<Way, ProxyRefusal> {
        let asks_for_tunnel = request.method() == Method::CONNECT;
        let Some(authority) = request.uri().authority() else {
            return if asks_for_tunnel { Err(ProxyRefusal::NoHost) } else { Ok(Way::Here) };
        };
        let host = Host::of(authority).map_err(|_| ProxyRefusal::NoHost)?;
        let stands_for = host.is_gateways() || self.own.contains(&host);
        let is_let_through = self.passthrough.contains(&host);
        let passed = request.headers().get_all(VIA).iter().filter_map(|via| via.to_str().ok());
        let is_loop = passed.flat_map(|via| via.split(',')).any(|via| via.trim().ends_with(PSEUDONYM));
        match (asks_for_tunnel, stands_for, is_let_through) {
            _ if is_loop => Err(ProxyRefusal::Loop),
            (true, ..) if is_tunnel => Err(ProxyRefusal::TunnelInTunnel),
            (true, ..) if authority.port().is_none() => Err(ProxyRefusal::NoHost),
            (true, true, _) => Ok(Way::TunnelHere),
            (true, ..) if self.is_own(&host, authority) => Err(ProxyRefusal::Loop),
            (true, false, true) => Ok(Way::TunnelTo(authority.clone())),
            (false, true, _) => Ok(Way::Here),
            (false, ..) if self.is_own(&host, authority) => Ok(Way::Here),
            (false, false, true) if !is_tunnel => match request.uri().scheme_str() {
                Some("http") | None => Ok(Way::To(authority.clone())),
                Some(scheme) => Err(ProxyRefusal::Scheme { host: host.to_string(), scheme: scheme.into() }),
            },
            // It says itself which hosts it is called by.
            (false, ..) if admin::is_meant(request) => Ok(Way::Here),
            (_, false, _) => Err(ProxyRefusal::OtherHost { host: host.to_string() }),
        }
    }

    /// Whether that is where this mock listens.
    fn is_own(&self, host: &Host, authority: &Authority) -> bool {
        let port = authority.port_u16().unwrap_or(80);
        self.addresses.iter().any(|address| {
            address.port() == port
                && match host {
                    Host::Address(ip) => ip.to_canonical().is_loopback() || *ip == address.ip(),
                    Host::Name(name) => name.as_str() == "localhost",
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By what they say.
    impl PartialEq for ProxyRefusal {
        fn eq(&self, other: &Self) -> bool {
            self.to_string() == other.to_string()
        }
    }

    fn proxy() -> Proxy {
        let host = |text: &str| text.parse().unwrap();
        Proxy {
            own: vec![host("mock.test")],
            passthrough: vec![host("other.test"), host("localhost")],
            addresses: vec!["127.0.0.1:8080".parse().unwrap()],
        }
    }

    fn way(method: Method, uri: &str) -> Result<Way, ProxyRefusal> {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        proxy().way(&request, false)
    }

    fn connect(uri: &str) -> Result<Way, ProxyRefusal> {
        way(Method::CONNECT, uri)
    }

    #[test]
    fn a_tunnel_to_a_host_that_the_mock_stands_for_ends_here() {
        for to in [
            "api.mch.weixin.qq.com:443",
            "API2.mch.weixin.qq.com:443",
            "api.mch.weixin.qq.com.:443",
            "mock.test:8443",
        ] {
            assert_eq!(connect(to), Ok(Way::TunnelHere), "{to}");
        }
    }

    #[test]
    fn a_tunnel_to_any_other_host_is_refused() {
        for to in
            ["example.com:443", "notapi.mch.weixin.qq.com:443", "192.0.2.1:443", "mock.test.example.com:1"]
        {
            assert!(matches!(connect(to), Err(ProxyRefusal::OtherHost { .. })), "{to}");
        }
    }

    #[test]
    fn a_tunnel_to_a_host_that_was_named_passes_through() {
        assert_eq!(connect("other.test:443"), Ok(Way::TunnelTo("other.test:443".parse().unwrap())));
    }

    #[test]
    fn a_tunnel_to_the_mock_itself_is_a_loop_even_if_its_host_was_named() {
        for to in ["localhost:8080", "127.0.0.1:8080", "127.9.9.9:8080", "[::1]:8080"] {
            assert_eq!(connect(to), Err(ProxyRefusal::Loop), "{to}");
        }
        assert!(connect("localhost:9090").is_ok());
    }

    #[test]
    fn within_a_tunnel_there_is_no_other() {
        let request =
            Request::builder().method(Method::CONNECT).uri("api.mch.weixin.qq.com:443").body(()).unwrap();
        assert_eq!(proxy().way(&request, true), Err(ProxyRefusal::TunnelInTunnel));
    }

    #[test]
    fn a_whole_url_is_answered_here_if_it_is_the_mocks() {
        for uri in [
            "/v3/certificates",
            "http://api.mch.weixin.qq.com/v3/certificates",
            "https://api.mch.weixin.qq.com/v3/certificates",
            "http://mock.test/v3/certificates",
            "http://127.0.0.1:8080/v3/certificates",
        ] {
            assert_eq!(way(Method::GET, uri), Ok(Way::Here), "{uri}");
        }
        assert!(matches!(way(Method::GET, "http://example.com/"), Err(ProxyRefusal::OtherHost { .. })));
        assert!(matches!(way(Method::GET, "http://other.test/"), Ok(Way::To(_))));
        // It would go there in plain text.
        assert!(matches!(way(Method::GET, "https://other.test/"), Err(ProxyRefusal::Scheme { .. })));
    }

    #[test]
    fn what_has_come_through_here_does_not_come_again() {
        let via = "1.1 squid, 1.1 wechatpay-mock";
        let request = Request::builder().uri("http://other.test/").header(VIA, via).body(()).unwrap();
        assert_eq!(proxy().way(&request, false), Err(ProxyRefusal::Loop));
    }
}
