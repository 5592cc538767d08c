//! Host names and addresses.

use std::{fmt, net::IpAddr, str::FromStr};

use http::uri::Authority;
use wechatpay_texts::Text;

/// The gateway's hosts, which SDKs hard-code. (documented)
pub const GATEWAY_HOSTS: [&str; 2] = ["api.mch.weixin.qq.com", "api2.mch.weixin.qq.com"];

/// The host of the page that an `h5_url` leads to. (wild)
pub(crate) const H5_HOST: &str = "wx.tenpay.com";

/// A host: a DNS name, compared without regard to case, or an IP address.
///
/// ```
/// use wechatpay_mock::Host;
///
/// let host: Host = "Mock.Example".parse()?;
/// assert_eq!(host.to_string(), "mock.example");
/// assert!("https://mock.example".parse::<Host>().is_err());
/// # Ok::<(), wechatpay_mock::HostError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// An IP address.
    Address(IpAddr),
    /// A name, in lower case.
    Name(HostName),
}

/// A DNS name, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

/// Text that is not a host.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected a host name or an IP address, without scheme and port, found {0:?}")]
pub struct HostError(String);

/// Whether it is an address of this machine, as it is or mapped into IPv6.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

impl Host {
    /// The hosts that a mock always answers for: the gateway's, that of its page for H5 payments, and this machine.
    pub(crate) fn always_own() -> impl Iterator<Item = Self> {
        let own = [H5_HOST, "localhost", "127.0.0.1", "::1"];
        GATEWAY_HOSTS.into_iter().chain(own).map(|host| host.parse().expect("these are hosts"))
    }

    pub(crate) fn is_gateways(&self) -> bool {
        matches!(self, Self::Name(name) if GATEWAY_HOSTS.contains(&name.as_str()))
    }

    /// Whether it is the gateway's, or that of its page for H5 payments.
    pub(crate) fn is_wechatpays(&self) -> bool {
        self.is_gateways() || matches!(self, Self::Name(name) if name.as_str() == H5_HOST)
    }

    /// Whether it is this machine without asking a name server: `localhost` or a loopback address.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => is_loopback(*address),
            Self::Name(name) => name.as_str() == "localhost",
        }
    }

    /// The host of a URL, in which an IPv6 address has brackets and a name can end in a dot.
    pub(crate) fn of(authority: &Authority) -> Result<Self, HostError> {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.strip_suffix('.').unwrap_or(host).parse()
    }
}

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        // If the last label is a number, it is a malformed address rather than a name.
        let is_number =
            text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if text.len() > 253 || is_number || !text.split('.').all(is_label) {
            return Err(HostError(text.chars().take(300).collect()));
        }
        Ok(Self::Name(HostName(text.to_ascii_lowercase())))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for (text, shown) in [
            ("localhost", "localhost"),
            ("API.mch.weixin.qq.com", "api.mch.weixin.qq.com"),
            ("wechatpay_mock", "wechatpay_mock"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), shown);
        }
        for text in
            ["", ".", "a..b", "a.", "a b", "a:80", "http://a", "*.a", "127.1", "256.0.0.1", "[::1]", "会"]
        {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_gateways_hosts_are_known() {
        let gateways: Vec<_> = Host::always_own().filter(Host::is_gateways).collect();
        assert_eq!(gateways.len(), GATEWAY_HOSTS.len());
    }
}
