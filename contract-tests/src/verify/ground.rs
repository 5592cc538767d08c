//! The server that is held to the contract, and what may be done to it.

use std::{fmt, io, net::IpAddr, str::FromStr};

use http::Uri;
use wechatpay_mock::{Config, MockServer};
use wechatpay_protocol::{BaseUrl, BaseUrlError, Credentials};

use crate::case::Given;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: String,
    is_loopback: bool,
}

/// Text is not a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct TargetError(#[from] BaseUrlError);

/// The server that is held to the contract. A target that is not on this machine is only had by saying so.
#[derive(Debug)]
pub struct Ground {
    server: Server,
    credentials: Credentials,
}

#[derive(Debug)]
enum Server {
    /// With what it and its like are told.
    Inside(Box<MockServer>, Telling),
    Outside(Target),
}

/// Tells a mock more than a case does.
struct Telling(Box<dyn Fn(Config) -> Config + Send + Sync>);

/// The target may be a real gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{url} is not on this machine, so it may be a real gateway, and nothing was sent; if you mean it, add \
     --i-know-this-is-not-a-mock, and only the cases that cannot change anything are run"
)]
pub struct NotAMock {
    url: String,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let url = text.parse::<BaseUrl>()?.to_string();
        let uri: Option<Uri> = url.parse().ok();
        let is_loopback = uri.as_ref().and_then(Uri::host).is_some_and(is_loopback);
        Ok(Self { url, is_loopback })
    }
}

impl Target {
    /// Whether it is certainly on this machine, so that nobody's members are there but a mock's.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// Whether the host is this machine whatever a name server says. Any other name may lead anywhere.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Ground {
    /// A mock, started now and told nothing.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub async fn mock_inside() -> io::Result<Self> {
        Self::mock_told(|config| config).await
    }

    /// A mock, started now and told what `tell` makes of a configuration. So are the mocks that cases have for themselves.
    ///
    /// # Errors
    /// If no port can be listened on, or what it is told makes no sense.
    pub async fn mock_told(tell: impl Fn(Config) -> Config + Send + Sync + 'static) -> io::Result<Self> {
        let mock = MockServer::builder().config(tell(Config::default())).start().await?;
        let credentials = mock.credentials();
        Ok(Self { server: Server::Inside(Box::new(mock), Telling(Box::new(tell))), credentials })
    }

    /// A server somewhere, called as that merchant.
    ///
    /// # Errors
    /// [`NotAMock`] if it is not on this machine and nobody said that this is known.
    pub fn target(target: Target, credentials: Credentials, is_known: bool) -> Result<Self, NotAMock> {
        if target.is_loopback || is_known {
            Ok(Self { server: Server::Outside(target), credentials })
        } else {
            Err(NotAMock { url: target.url })
        }
    }

    /// The server's base URL.
    pub fn url(&self) -> String {
        match &self.server {
            Server::Inside(mock, _) => mock.url(),
            Server::Outside(target) => target.url.clone(),
        }
    }

    /// The merchant as which it is called.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether mocks can be started beside it, for the cases that need one of their own.
    pub(super) fn has_mocks(&self) -> bool {
        matches!(self.server, Server::Inside(..))
    }

    /// A mock for a case that gives this.
    pub(super) async fn mock_of_its_own(&self, given: &Given) -> io::Result<MockServer> {
        let config = match &self.server {
            Server::Inside(_, Telling(tell)) => tell(given.config()),
            Server::Outside(_) => given.config(),
        };
        MockServer::builder().config(config).clock(given.clock()).start().await
    }

    /// Whether it may be a real gateway, where nothing may be changed.
    pub(super) fn may_be_real(&self) -> bool {
        matches!(&self.server, Server::Outside(target) if !target.is_loopback)
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telling")
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Server::Inside(..) => f.write_str("a mock started inside"),
            Server::Outside(target) => write!(f, "{target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_certainly_no_real_gateway() {
        let loopback = |url: &str| url.parse::<Target>().unwrap().is_loopback;
        for url in [
            "http://127.0.0.1:8080",
            "http://127.3.2.1",
            "http://[::1]:80",
            "http://localhost:1",
            "http://LOCALHOST",
            "https://localhost:8443",
        ] {
            assert!(loopback(url), "{url}");
        }
        for url in [
            "https://api.mch.weixin.qq.com",
            "http://mock:8080",
            "http://0.0.0.0:8080",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1:8080",
            "http://[::ffff:7f00:1]:8080",
        ] {
            assert!(!loopback(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "mock", "ftp://127.0.0.1", "http://127.0.0.1:8080/v3", "http://user@127.0.0.1:1"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_elsewhere_must_be_known_to_be_no_mock() {
        let elsewhere: Target = "http://192.0.2.1:8080".parse().unwrap();
        assert!(Ground::target(elsewhere.clone(), Credentials::development(), false).is_err());
        assert!(Ground::target(elsewhere, Credentials::development(), true).unwrap().may_be_real());
    }
}
