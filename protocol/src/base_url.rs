//! The address of a gateway: scheme, host and port.

use std::{fmt, net::IpAddr, str::FromStr};
use wechatpay_texts::Text;

use http::{
    Uri,
    uri::{Authority, Scheme},
};

/// Where a gateway is: `https://host` or `http://host`, with a port unless it is the scheme's default.
///
/// It has no path: the path of a request is signed and must be sent exactly as signed.
///
/// ```
/// use wechatpay_protocol::BaseUrl;
///
/// let url: BaseUrl = "http://[::1]:8080".parse()?;
/// assert_eq!((url.host(), url.port()), ("::1", 8080));
/// assert!(url.is_loopback());
/// # Ok::<(), wechatpay_protocol::BaseUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
}

/// Why text is not a [`BaseUrl`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected https://host:port or http://host:port, without a path, found {found:?}")]
pub struct BaseUrlError {
    found: String,
}

impl BaseUrl {
    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the gateway is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Host and port as written in the URL, which is the value of the `Host` header.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// A host name or an IP address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port in the URL, or the scheme's default.
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Whether the host is this machine without asking a name server: `localhost` or a loopback address.
    ///
    /// An IPv4-mapped IPv6 address does not count, because caution costs nothing here. (own choice)
    pub fn is_loopback(&self) -> bool {
        self.host().eq_ignore_ascii_case("localhost")
            || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let error = || BaseUrlError { found: text.into() };
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| error())?;
        let is_root = uri.path() == "/" && uri.query().is_none() && !text.contains('#');
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let authority = parts.authority.filter(|authority| {
            let host = authority.host();
            // Excludes a user name, an empty port, and a port out of range.
            let host_and_port = match authority.port_u16() {
                Some(0) => return false,
                Some(port) => format!("{host}:{port}"),
                None => host.into(),
            };
            !host.is_empty() && authority.as_str() == host_and_port
        });
        match (scheme, authority) {
            (Some(scheme), Some(authority)) if is_root => Ok(Self { scheme, authority }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_base_url_is_scheme_host_and_port() {
        for (text, host, port) in [
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("http://localhost", "localhost", 80),
            ("http://[::1]:8080", "::1", 8080),
            ("HTTP://mock:1", "mock", 1),
            ("https://api.mch.weixin.qq.com", "api.mch.weixin.qq.com", 443),
        ] {
            assert_eq!((url(text).host(), url(text).port()), (host, port), "{text}");
        }
        assert_eq!(url("http://127.0.0.1:8080/").to_string(), "http://127.0.0.1:8080");
    }

    #[test]
    fn anything_that_would_not_be_signed_or_sent_as_given_is_refused() {
        for text in [
            "",
            "/",
            "127.0.0.1:8080",
            "localhost",
            "ftp://localhost",
            "http://",
            "http://:8080",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:99999",
            "http://user@localhost",
            "http://localhost/v3",
            "http://localhost?a=b",
            "http://localhost#a",
            "http://local host",
        ] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_localhost_and_loopback_addresses_are_loopback() {
        for text in ["http://127.3.2.1", "http://[::1]:80", "http://LOCALHOST", "https://localhost:8443"] {
            assert!(url(text).is_loopback(), "{text}");
        }
        for text in [
            "http://mock:8080",
            "http://0.0.0.0:8080",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1:8080",
            "http://[::ffff:7f00:1]:8080",
        ] {
            assert!(!url(text).is_loopback(), "{text}");
        }
    }
}
