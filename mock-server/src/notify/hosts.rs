//! Where callbacks may be sent: to this machine, and to what the user names. To no other host is anything ever sent.

use std::{fmt, str::FromStr, sync::Arc};

use http::Uri;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Text, text};

use crate::api::host::Host;

/// Sends the callbacks of one address to another: `https://shop.example.com=http://127.0.0.1:3000`.
///
/// Scheme, host and port are replaced; path and query stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyMap {
    from: Origin,
    to: Origin,
}

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    is_https: bool,
    host: Host,
    port: u16,
}

/// Text that is not a [`NotifyMap`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text(
    "expected FROM=TO, both http:// or https:// with a host and without a path, such as \
     https://shop.example.com=http://127.0.0.1:3000, found {0}"
)]
pub struct NotifyMapError(String);

/// The hosts that callbacks may be sent to, besides this machine.
#[derive(Clone, Debug, Default)]
pub struct NotifyHosts {
    /// Sends the callbacks of one address to another, which is thereby allowed. The first that fits counts.
    pub maps: Vec<NotifyMap>,
    /// More hosts that are allowed.
    pub hosts: Vec<Host>,
    /// The authorities that a receiver's certificate must be from. Without any, every certificate is accepted: the receiver
    /// is under development.
    pub(crate) authorities: Option<Arc<RootCertStore>>,
}

/// The checked target of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// Whether the host's name may lead to other machines: the user allowed it.
    pub(super) may_leave: bool,
}

/// Why a callback is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub(crate) enum NotifyHostError {
    #[text("expected a notify_url that begins with http:// or https:// and names a host, found {0}")]
    Malformed(String),
    #[text("expected a notify_url without user and password, found one with them")]
    UserInfo,
    #[text(
        "{0} is not this machine, and nothing is sent to a host that you did not allow; send its callbacks to your \
         application with --notify-map {1}=http://127.0.0.1:3000, or allow the host with --notify-host {0}"
    )]
    NotAllowed(Host, String),
}

impl NotifyHosts {
    /// Requires the certificates of receivers to be from one of these authorities, PEM.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn trust(&mut self, pem: &str) -> Result<(), String> {
        let mut authorities =
            self.authorities.take().map(Arc::unwrap_or_clone).unwrap_or_else(RootCertStore::empty);
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| text!("expected certificates in PEM: {error}"))?;
            authorities
                .add(certificate)
                .map_err(|error| text!("expected the certificate of an authority: {error}"))?;
            count += 1;
        }
        self.authorities = Some(authorities.into());
        if count == 0 { Err(text!("expected at least one certificate in PEM, found none")) } else { Ok(()) }
    }

    /// Where to send a callback for this URL.
    pub(super) fn target(&self, notify_url: &str) -> Result<Target, NotifyHostError> {
        let malformed = || NotifyHostError::Malformed(quoted(notify_url));
        let uri: Uri = notify_url.parse().map_err(|_| malformed())?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(NotifyHostError::UserInfo);
        }
        let origin = Origin::of(&uri).ok_or_else(malformed)?;
        if let Some(map) = self.maps.iter().find(|map| map.from == origin) {
            let uri = map.to.with_path_of(&uri).ok_or_else(malformed)?;
            return Ok(Target { uri, may_leave: !map.to.host.is_loopback() });
        }
        if origin.host.is_loopback() {
            return Ok(Target { uri, may_leave: false });
        }
        if self.hosts.contains(&origin.host) {
            return Ok(Target { uri, may_leave: true });
        }
        let shown = origin.to_string();
        Err(NotifyHostError::NotAllowed(origin.host, shown))
    }
}

impl Origin {
    fn of(uri: &Uri) -> Option<Self> {
        let is_https = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = Host::of(authority).ok()?;
        // A port that is none is not the default port.
        let after_host = authority.as_str().rsplit_once(']').map_or(authority.as_str(), |(_, after)| after);
        let port = match after_host.split_once(':') {
            None => {
                if is_https {
                    443
                } else {
                    80
                }
            }
            Some((_, port)) => port.parse().ok()?,
        };
        Some(Self { is_https, host, port })
    }

    fn with_path_of(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{self}{path}").parse().ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        match &self.host {
            Host::Address(std::net::IpAddr::V6(address)) => write!(f, "{scheme}://[{address}]")?,
            host => write!(f, "{scheme}://{host}")?,
        }
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

impl FromStr for NotifyMap {
    type Err = NotifyMapError;

    fn from_str(text: &str) -> Result<Self, NotifyMapError> {
        let origin = |text: &str| {
            let uri: Uri = text.parse().ok()?;
            let is_bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
            Origin::of(&uri).filter(|_| is_bare && !text.contains('@'))
        };
        let map = || {
            let (from, to) = text.split_once('=')?;
            Some(Self { from: origin(from)?, to: origin(to)? })
        };
        map().ok_or_else(|| NotifyMapError(quoted(text)))
    }
}

impl fmt::Display for NotifyMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> NotifyHosts {
        NotifyHosts {
            maps: vec!["https://shop.example.com=http://127.0.0.1:3000".parse().unwrap()],
            hosts: vec!["receiver.test".parse().unwrap()],
            authorities: None,
        }
    }

    #[test]
    fn this_machine_is_allowed_in_every_spelling() {
        for url in [
            "http://127.0.0.1:3000/notify?a=1",
            "https://127.255.0.9/",
            "http://localhost/x",
            "http://LOCALHOST:80",
            "http://[::1]:3000/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            let target = hosts().target(url).unwrap();
            assert_eq!((target.uri, target.may_leave), (url.parse().unwrap(), false), "{url}");
        }
    }

    #[test]
    fn a_host_that_nobody_allowed_is_held_back_however_it_is_written() {
        for url in [
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://10.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest",
            "https://shop.example.com:8443/",
            "http://shop.example.com/",
            "http://receiver.test.example.com/",
        ] {
            assert!(matches!(hosts().target(url), Err(NotifyHostError::NotAllowed(..))), "{url}");
        }
        for url in [
            "",
            "/notify",
            "127.0.0.1:3000",
            "ftp://127.0.0.1/",
            "http://",
            "http:///x",
            "http://2130706433/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:/",
            "http://[::1%25lo]/",
            "http://会.example/",
            "http://127.0.0.1\r\nHost: x/",
        ] {
            assert!(matches!(hosts().target(url), Err(NotifyHostError::Malformed(_))), "{url}");
        }
        for url in ["http://127.0.0.1@example.com/", "http://user:password@127.0.0.1/"] {
            assert_eq!(hosts().target(url), Err(NotifyHostError::UserInfo), "{url}");
        }
    }

    #[test]
    fn a_map_replaces_scheme_host_and_port_and_keeps_the_rest() {
        let target = hosts().target("https://Shop.Example.com:443/pay/notify?x=%2F").unwrap();
        assert_eq!(target.uri, "http://127.0.0.1:3000/pay/notify?x=%2F");
        assert!(!target.may_leave && hosts().target("http://receiver.test:9/").unwrap().may_leave);
        let elsewhere = NotifyHosts { maps: vec!["http://a.b=http://c.d".parse().unwrap()], ..hosts() };
        assert!(elsewhere.target("http://a.b/").unwrap().may_leave);
    }

    #[test]
    fn a_map_that_is_none_is_refused_and_one_is_shown_as_it_was_written() {
        for text in [
            "",
            "a=b",
            "https://a.b",
            "https://a.b=127.0.0.1",
            "https://a.b/x=http://127.0.0.1",
            "http://u@a.b=http://c.d",
        ] {
            assert!(text.parse::<NotifyMap>().is_err(), "{text}");
        }
        for text in ["https://shop.example.com=http://127.0.0.1:3000", "http://[::1]:1=https://a.b"] {
            assert_eq!(text.parse::<NotifyMap>().unwrap().to_string(), text);
        }
    }
}
