//! Who may inspect and control the mock.
//!
//! | listens on | token | who is admitted |
//! |---|---|---|
//! | a loopback address | none | every caller that names this machine in `Host` |
//! | any address | one | every caller that has it |
//! | another address | none | nobody |
//!
//! An in-memory connection counts as loopback, wherever the mock listens. A request from a web page of another origin
//! is never admitted. The check of `Host` prevents DNS rebinding: if a page's host name resolves to this machine, the
//! browser sees the mock as the same origin.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, HOST, ORIGIN},
    uri::Authority,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Text, phrase, text};

use crate::{
    admin::error::AdminError,
    api::host::is_loopback,
    request::receive::{RawRequest, host_and_port},
};

/// A bearer token for `/__mock/`: 16 to 256 visible ASCII characters.
///
/// Only its hash is kept, and `Debug` does not show it. Tokens are compared in constant time.
///
/// ```
/// use wechatpay_mock::AdminToken;
///
/// let token: AdminToken = "correct-horse-battery".parse()?;
/// assert!("too short".parse::<AdminToken>().is_err());
/// # Ok::<(), wechatpay_mock::AdminTokenError>(())
/// ```
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

/// Why a text is not a token. The error does not quote it.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected 16 to 256 visible ASCII characters, found {found} (not shown)")]
pub struct AdminTokenError {
    found: String,
}

/// How the page that sent a request relates to its target: <https://www.w3.org/TR/fetch-metadata/>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The access rules for `/__mock/`.
#[derive(Debug)]
pub(crate) struct Access {
    address: SocketAddr,
    token: Option<AdminToken>,
}

impl AdminToken {
    fn is(&self, offered: &[u8]) -> bool {
        let offered: [u8; 32] = Sha256::digest(offered).into();
        self.0.ct_eq(&offered).into()
    }
}

impl FromStr for AdminToken {
    type Err = AdminTokenError;

    fn from_str(text: &str) -> Result<Self, AdminTokenError> {
        let found = match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            Some(at) => text!("another byte at byte {at}"),
            None if !(16..=256).contains(&text.len()) => text!("{count} characters", count = text.len()),
            None => return Ok(Self(Sha256::digest(text).into())),
        };
        Err(AdminTokenError { found })
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(secret)")
    }
}

impl Access {
    /// The rules for a mock that listens on this address.
    pub(crate) fn new(address: SocketAddr, token: Option<AdminToken>) -> Self {
        Self { address, token }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Admits a request, or fails with the reason why not. `authority` is the host of its target, if that is an
    /// absolute URL.
    pub(super) fn admit(
        &self,
        received: &RawRequest,
        authority: Option<&Authority>,
    ) -> Result<(), AdminError> {
        let host = host(&received.headers, authority)?;
        check_origin(received, host.as_deref())?;
        check_site(&received.headers)?;
        match &self.token {
            Some(token) => check_token(&received.headers, token),
            None if is_loopback(self.address.ip()) || received.peer.address.is_none() => {
                self.check_host(host.as_deref())
            }
            None => Err(AdminError::Off { address: self.address }),
        }
    }

    fn check_host(&self, host: Option<&str>) -> Result<(), AdminError> {
        match host {
            Some(host) if is_own(host, self.address.ip()) => Ok(()),
            _ => Err(AdminError::Host { found: host.map_or_else(|| "none".into(), quoted) }),
        }
    }
}

/// The host that the request is addressed to, with its port.
fn host(headers: &HeaderMap, authority: Option<&Authority>) -> Result<Option<String>, AdminError> {
    let hosts: Vec<_> = headers.get_all(HOST).iter().collect();
    match (authority, &hosts[..]) {
        (_, [_, _, ..]) => Err(AdminError::Hosts { found: hosts.len() }),
        (Some(authority), _) => Ok(Some(host_and_port(authority).into())),
        (None, [host]) => Ok(Some(text(host))),
        (None, []) => Ok(None),
    }
}

fn check_origin(received: &RawRequest, host: Option<&str>) -> Result<(), AdminError> {
    let origins: Vec<_> = received.headers.get_all(ORIGIN).iter().map(text).collect();
    let is_own =
        |origin: &String| host.is_some_and(|host| *origin == format!("{}://{host}", received.peer.scheme()));
    match &origins[..] {
        [] => Ok(()),
        [origin] if is_own(origin) => Ok(()),
        _ => Err(AdminError::Origin { found: quoted(&origins.join(", ")) }),
    }
}

/// Browsers send `Sec-Fetch-Site` even when they send no `Origin`, for example for an image.
fn check_site(headers: &HeaderMap) -> Result<(), AdminError> {
    let is_own = |site: &HeaderValue| site == "same-origin" || site == "none";
    match headers.get_all(SEC_FETCH_SITE).iter().find(|site| !is_own(site)) {
        Some(site) => Err(AdminError::Site { found: quoted(&text(site)) }),
        None => Ok(()),
    }
}

fn check_token(headers: &HeaderMap, token: &AdminToken) -> Result<(), AdminError> {
    let offers: Vec<_> = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    match &offers[..] {
        [] => Err(AdminError::Token { found: phrase!("none") }),
        [offer] if bearer(offer).is_some_and(|offered| token.is(offered)) => Ok(()),
        _ => Err(AdminError::Token { found: phrase!("another") }),
    }
}

/// The token in `Bearer TOKEN`. The scheme is case-insensitive.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Whether a host, which may have a port, can only be this machine.
fn is_own(host: &str, listens_on: IpAddr) -> bool {
    let Some(name) = without_port(host) else { return false };
    let is_localhost = |name: &str| name == "localhost" || name.ends_with(".localhost");
    match name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => is_loopback(address) || address == listens_on,
        Err(_) => is_localhost(&name.to_ascii_lowercase()),
    }
}

fn without_port(host: &str) -> Option<&str> {
    let end = match host.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_16_to_256_visible_characters_and_is_never_shown() {
        for length in [16, 256] {
            let token: AdminToken = "s".repeat(length).parse().unwrap();
            assert_eq!(format!("{token:?}"), "AdminToken(secret)");
        }
        for text in ["", "s-15-characters", &"s".repeat(257), "sssssssss ssssssss", "ssssssssssssssss\n"] {
            let error = text.parse::<AdminToken>().unwrap_err();
            assert!(!error.to_string().contains("ss"), "{error}");
        }
    }

    #[test]
    fn only_an_identical_token_is_accepted() {
        let token: AdminToken = "0123456789abcdef".parse().unwrap();
        assert!(token.is(b"0123456789abcdef"));
        for other in [&b"0123456789abcdeF"[..], b"0123456789abcde", b"0123456789abcdef ", b""] {
            assert!(!token.is(other));
        }
    }

    #[test]
    fn a_bearer_token_follows_its_scheme_and_one_space() {
        assert_eq!(bearer(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(bearer(b"bearer abc"), Some(&b"abc"[..]));
        for other in [&b"Basic abc"[..], b"Bearer", b"abc", b""] {
            assert_eq!(bearer(other), None);
        }
    }

    #[test]
    fn loopback_names_and_addresses_belong_to_this_machine() {
        let everywhere = IpAddr::from([0, 0, 0, 0]);
        for host in [
            "localhost",
            "LocalHost:1",
            "a.b.localhost:8080",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(is_own(host, everywhere), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "127.1",
            "2130706433",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost:80:80",
            "localhost:x",
            "[::1",
            "[::1]x",
            "192.0.2.1",
        ] {
            assert!(!is_own(host, everywhere), "{host}");
        }
    }

    #[test]
    fn the_listen_address_belongs_to_this_machine() {
        assert!(is_own("192.0.2.7:8080", IpAddr::from([192, 0, 2, 7])));
        assert!(!is_own("192.0.2.8:8080", IpAddr::from([192, 0, 2, 7])));
    }
}
