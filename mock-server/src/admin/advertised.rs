//! Where other mocks of the same store can call this one.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use http::Uri;
use tokio::net::UdpSocket;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Text, text};

use crate::store::RedisUrl;

/// Where other mocks can call this one: `http://HOST:PORT`.
///
/// ```
/// use wechatpay_mock::Advertised;
///
/// let address: Advertised = "http://10.0.0.7:8080".parse()?;
/// assert!("10.0.0.7:8080".parse::<Advertised>().is_err());
/// # Ok::<(), wechatpay_mock::AdvertisedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised(String);

/// The text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected http://HOST:PORT, found {found}; for example http://10.0.0.7:8080")]
pub struct AdvertisedError {
    found: String,
}

impl FromStr for Advertised {
    type Err = AdvertisedError;

    fn from_str(text: &str) -> Result<Self, AdvertisedError> {
        let is_one = |uri: &Uri| {
            let is_open = uri.scheme_str() == Some("http") && uri.port_u16().is_some_and(|port| port > 0);
            let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
            let has_host = uri.host().is_some_and(|host| !host.is_empty());
            is_open && has_host && !has_user && uri.path() == "/" && uri.query().is_none()
        };
        match text.parse::<Uri>() {
            Ok(uri) if is_one(&uri) => Ok(Self(text.trim_end_matches('/').into())),
            _ => Err(AdvertisedError { found: quoted(text) }),
        }
    }
}

impl fmt::Display for Advertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where other mocks of this Redis can call a mock that listens here: at the configured address, else at that of the listener,
/// else at the address from which this machine reaches Redis. `None` if it is not known, which the log says.
pub(crate) async fn advertised(
    config: Option<&Advertised>,
    listens: SocketAddr,
    redis: &RedisUrl,
) -> Option<String> {
    if let Some(address) = config {
        return Some(address.to_string());
    }
    if !listens.ip().is_unspecified() {
        return Some(format!("http://{listens}"));
    }
    let host = redis.first_host();
    match own_address(&host).await {
        Ok(address) => Some(format!("http://{}", SocketAddr::new(address, listens.port()))),
        Err(problem) => {
            tracing::warn!(
                "{}",
                text!(
                    "other mocks can't call this one: expected to find the address from which it reaches {host}, found: \
                     {problem}; --advertise sets it"
                )
            );
            None
        }
    }
}

/// The address of this machine's end of a connection to a host, to which no packet is sent.
async fn own_address(host: &str) -> std::io::Result<IpAddr> {
    let mut problem = std::io::Error::other("no address");
    for to in tokio::net::lookup_host(host).await? {
        let any: IpAddr =
            if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await?;
        match socket.connect(to).await.and_then(|()| socket.local_addr()) {
            Ok(own) => return Ok(own.ip()),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port_and_nothing_else() {
        for text in ["http://10.0.0.7:8080", "http://mock-1:80", "http://[::1]:8080"] {
            assert_eq!(text.parse::<Advertised>().unwrap().to_string(), text);
        }
        let others = [
            "",
            "mock-1:80",
            "http://mock-1",
            "https://mock-1:80",
            "http://u:p@mock-1:80",
            "http://mock-1:80/a",
            "http://mock-1:80?a",
            "http://:80",
            "http://mock-1:0",
        ];
        for text in others {
            assert!(text.parse::<Advertised>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_mock_on_all_addresses_names_the_one_that_leads_to_redis() {
        let redis = match "redis://127.0.0.1:6379".parse().unwrap() {
            crate::store::StorePlace::Redis(redis) => redis,
            other => panic!("expected Redis, found {other}"),
        };
        let of = async |listens: &str| advertised(None, listens.parse().unwrap(), &redis).await.unwrap();
        assert_eq!(of("127.0.0.2:81").await, "http://127.0.0.2:81");
        assert_eq!(of("0.0.0.0:82").await, "http://127.0.0.1:82");
        let set: Advertised = "http://mock:80".parse().unwrap();
        let listens = "0.0.0.0:82".parse().unwrap();
        assert_eq!(advertised(Some(&set), listens, &redis).await.unwrap(), "http://mock:80");
    }
}
