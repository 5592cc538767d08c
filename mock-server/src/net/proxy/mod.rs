//! The mock as a forward proxy: it stands in for the gateway's hosts, and connects to others only if they are allowed.
//!
//! | request | response |
//! |---|---|
//! | `CONNECT` to one of the gateway's hosts, or one named by `--host` | a tunnel that ends in the mock |
//! | `CONNECT` to a host named by `--proxy-passthrough` | a tunnel to that host |
//! | `GET http://…` to one of the mock's hosts, or its own address and port | as if it had come directly |
//! | any other, also below `/__mock/` | an error that says what to do |

mod error;
mod lookup;
mod tunnel;

use std::{io, iter, net::SocketAddr, time::Duration};

use http::{
    Method, Request, Uri,
    uri::{Authority, Scheme},
};
use hyper::upgrade::{OnUpgrade, on};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    api::host::Host,
    net::{listener::Addresses, proxy::lookup::Lookups},
    request::receive::host_and_port,
};

pub(crate) use crate::net::proxy::{error::ProxyError, tunnel::relay};

/// How long connecting to a host may take. (own choice)
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which hosts the mock answers for, and which others it connects to.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// In addition to the gateway's.
    own: Vec<Host>,
    passthrough: Vec<Host>,
    /// Where the mock listens.
    addresses: Vec<SocketAddr>,
    lookups: Lookups,
}

/// A tunnel that a peer asked for.
pub(crate) struct Tunnel {
    /// The peer's end, once the response is sent.
    pub(crate) upgrade: OnUpgrade,
    /// The other end; `None` if that is this mock.
    pub(crate) destination: Option<TcpStream>,
}

/// Where a request goes.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
enum Route {
    Mock,
    TunnelToMock,
    TunnelTo(Authority),
}

impl Proxy {
    pub(crate) fn new(own: Vec<Host>, passthrough: Vec<Host>, addresses: Addresses) -> Self {
        let addresses = iter::once(addresses.either).chain(addresses.tls_only).collect();
        Self { own, passthrough, addresses, lookups: Lookups::default() }
    }

    /// Opens the tunnel that a request asks for; `None` if the request is for this mock.
    pub(crate) async fn tunnel<B>(
        &self,
        request: &mut Request<B>,
        is_in_tunnel: bool,
    ) -> Result<Option<Tunnel>, ProxyError> {
        let destination = match self.route(request, is_in_tunnel)? {
            Route::Mock => return Ok(None),
            Route::TunnelToMock => None,
            Route::TunnelTo(authority) => Some(self.connect(&authority).await?),
        };
        Ok(Some(Tunnel { upgrade: on(request), destination }))
    }

    /// Decides where a request goes. Within a tunnel, everything is for this mock.
    fn route<B>(&self, request: &Request<B>, is_in_tunnel: bool) -> Result<Route, ProxyError> {
        let is_connect = request.method() == Method::CONNECT;
        let Some(authority) = request.uri().authority() else {
            return if is_connect { Err(ProxyError::NoHost) } else { Ok(Route::Mock) };
        };
        let host = Host::of(authority).map_err(|_| ProxyError::NoHost)?;
        let is_own = host.is_wechatpays() || self.own.contains(&host);
        let is_passthrough = self.passthrough.contains(&host);
        if !is_connect {
            return if is_own || self.listens_at(&host, port_of(request.uri())) {
                Ok(Route::Mock)
            } else if is_passthrough && !is_in_tunnel {
                Err(ProxyError::NoTunnel { host: host.to_string() })
            } else if host.is_loopback() {
                Err(ProxyError::OtherPort {
                    host: host.to_string(),
                    authority: host_and_port(authority).into(),
                })
            } else {
                Err(ProxyError::OtherHost { host: host.to_string() })
            };
        }
        if is_in_tunnel {
            Err(ProxyError::TunnelInTunnel)
        } else if authority.port().is_none() {
            Err(ProxyError::NoHost)
        } else if is_own {
            Ok(Route::TunnelToMock)
        } else if self.listens_at(&host, port_of(request.uri())) {
            Err(ProxyError::Loop)
        } else if is_passthrough {
            Ok(Route::TunnelTo(authority.clone()))
        } else {
            Err(ProxyError::OtherHost { host: host.to_string() })
        }
    }

    /// Whether the mock listens at this host and port, without resolving names.
    fn listens_at(&self, host: &Host, port: u16) -> bool {
        self.addresses.iter().any(|address| {
            let ip = address.ip().to_canonical();
            let is_here = match host {
                Host::Address(asked) if asked.to_canonical() == ip => true,
                _ => host.is_loopback() && (ip.is_loopback() || ip.is_unspecified()),
            };
            address.port() == port && is_here
        })
    }

    /// Connects to a host, unless its name resolves to an address that the mock listens on.
    async fn connect(&self, authority: &Authority) -> Result<TcpStream, ProxyError> {
        let unreachable = |source| ProxyError::Unreachable { host: host_and_port(authority).into(), source };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(80);
        let connecting = async {
            let addresses = self.lookups.addresses(host, port).await?;
            TcpStream::connect(addresses.as_slice()).await
        };
        let connecting = timeout(CONNECT_TIMEOUT, connecting).await;
        let stream =
            connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(unreachable)?;
        let here = stream.local_addr().map_err(unreachable)?.ip().to_canonical();
        let there = stream.peer_addr().map_err(unreachable)?;
        let ip = there.ip().to_canonical();
        // A connection to one of this machine's own addresses comes from that same address, or is on loopback.
        let is_here = here == ip || ip.is_loopback();
        let is_loop = self.addresses.iter().any(|own| {
            let own_ip = own.ip().to_canonical();
            own.port() == there.port()
                && (own_ip == ip
                    || is_here && own_ip.is_unspecified()
                    || ip.is_loopback() && own_ip.is_loopback())
        });
        if is_loop { Err(ProxyError::Loop) } else { Ok(stream) }
    }
}

/// The port of a URL, or the default of its scheme.
fn port_of(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The route of a request, or the text of the error.
    fn route(method: Method, uri: &str, is_in_tunnel: bool) -> Result<Route, String> {
        let host = |text: &str| text.parse().unwrap();
        let proxy = Proxy {
            own: vec![host("mock.test")],
            passthrough: vec![host("other.test"), host("localhost")],
            addresses: vec!["127.0.0.1:8080".parse().unwrap()],
            lookups: Lookups::default(),
        };
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        proxy.route(&request, is_in_tunnel).map_err(|error| error.to_string())
    }

    fn connect(to: &str) -> Result<Route, String> {
        route(Method::CONNECT, to, false)
    }

    #[track_caller]
    fn assert_error(route: Result<Route, String>, expected: &str) {
        let error = route.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_tunnel_to_a_host_of_the_mock_ends_in_the_mock() {
        for to in [
            "api.mch.weixin.qq.com:443",
            "API2.mch.weixin.qq.com:443",
            "api.mch.weixin.qq.com.:443",
            "mock.test:8443",
        ] {
            assert_eq!(connect(to), Ok(Route::TunnelToMock), "{to}");
        }
    }

    #[test]
    fn a_tunnel_to_an_allowed_host_is_opened_and_any_other_is_refused() {
        assert_eq!(connect("other.test:443"), Ok(Route::TunnelTo("other.test:443".parse().unwrap())));
        for to in
            ["example.com:443", "notapi.mch.weixin.qq.com:443", "192.0.2.1:443", "mock.test.example.com:1"]
        {
            assert_error(connect(to), "this is not an open proxy");
        }
    }

    #[test]
    fn a_tunnel_to_the_mock_itself_is_refused_even_if_its_host_is_allowed() {
        for to in ["localhost:8080", "127.0.0.1:8080", "127.9.9.9:8080", "[::1]:8080"] {
            assert_error(connect(to), "would loop back");
        }
        assert!(connect("localhost:9090").is_ok());
    }

    #[test]
    fn a_tunnel_within_a_tunnel_is_refused() {
        assert_error(route(Method::CONNECT, "api.mch.weixin.qq.com:443", true), "one tunnel is enough");
    }

    #[test]
    fn an_absolute_url_is_for_the_mock_if_its_host_is() {
        for uri in [
            "/v3/certificates",
            "http://api.mch.weixin.qq.com/v3/certificates",
            "https://api.mch.weixin.qq.com/v3/certificates",
            "http://mock.test/v3/certificates",
            "http://127.0.0.1:8080/v3/certificates",
        ] {
            assert_eq!(route(Method::GET, uri, false), Ok(Route::Mock), "{uri}");
        }
        for uri in
            ["http://example.com/", "http://example.com/__mock/reset", "http://192.0.2.1:8080/__mock/reset"]
        {
            assert_error(route(Method::GET, uri, false), "this is not an open proxy");
        }
        for uri in ["http://other.test/", "https://other.test/"] {
            assert_error(route(Method::GET, uri, false), "open a tunnel with CONNECT");
        }
    }

    #[test]
    fn an_absolute_url_of_another_port_of_this_machine_is_not_for_the_mock() {
        for uri in [
            "http://127.0.0.1:9090/__mock/reset",
            "http://user:secret@127.0.0.1:9090/v3/certificates",
            "http://[::1]/__mock",
            "https://127.0.0.1/__mock/reset",
        ] {
            for is_in_tunnel in [false, true] {
                let error = route(Method::POST, uri, is_in_tunnel).unwrap_err();
                assert!(
                    error.contains("expected this mock's own address") && !error.contains("secret"),
                    "{error}"
                );
            }
        }
        assert_eq!(route(Method::POST, "http://127.0.0.1:8080/__mock/reset", false), Ok(Route::Mock));
    }
}
