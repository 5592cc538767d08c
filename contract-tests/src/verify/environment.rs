//! The server to verify, and what the cases may do to it.

use std::{fmt, io};

use wechatpay_mock::MockServer;
use wechatpay_protocol::{BaseUrl, Credentials};
use wechatpay_texts::{Text, phrase};

use crate::case::Given;

/// The server that is verified, and the merchant that calls it.
#[derive(Debug)]
pub struct TestEnvironment {
    url: BaseUrl,
    credentials: Credentials,
    /// The server, if it is a mock started for this. Cases can then have their own mocks.
    mock: Option<MockServer>,
}

/// The target may be a real gateway.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text(
    "{url} is not on this machine, so it may be a real gateway, and nothing was sent; if you mean it, add \
     --i-know-this-is-not-a-mock, and only the cases that cannot change anything are run"
)]
pub struct RemoteTargetError {
    url: BaseUrl,
}

impl TestEnvironment {
    /// A mock without configuration, started now.
    ///
    /// # Errors
    /// If it cannot listen on any port.
    pub async fn mock() -> io::Result<Self> {
        let mock = MockServer::builder().start().await?;
        Ok(Self { url: url(&mock)?, credentials: mock.credentials(), mock: Some(mock) })
    }

    /// A running server, called as this merchant.
    ///
    /// # Errors
    /// [`RemoteTargetError`] if it is on another machine and `allow_remote` is false.
    pub fn target(
        url: BaseUrl,
        credentials: Credentials,
        allow_remote: bool,
    ) -> Result<Self, RemoteTargetError> {
        if url.is_loopback() || allow_remote {
            Ok(Self { url, credentials, mock: None })
        } else {
            Err(RemoteTargetError { url })
        }
    }

    /// The server's base URL.
    pub fn url(&self) -> &BaseUrl {
        &self.url
    }

    /// The merchant that calls the server.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether cases can have their own mocks.
    pub(super) fn has_mocks(&self) -> bool {
        self.mock.is_some()
    }

    /// Whether the server may be a real gateway, where nothing may be changed.
    pub(super) fn may_be_real(&self) -> bool {
        !self.url.is_loopback()
    }
}

impl fmt::Display for TestEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.mock {
            Some(_) => phrase!("a mock started inside").fmt(f),
            None => write!(f, "{}", self.url),
        }
    }
}

/// Starts a mock for a single case, and returns it with its base URL.
pub(crate) async fn start_mock(given: &Given) -> io::Result<(MockServer, BaseUrl)> {
    let mock = MockServer::builder().config(given.config()).clock(given.clock()).start().await?;
    let url = url(&mock)?;
    Ok((mock, url))
}

fn url(mock: &MockServer) -> io::Result<BaseUrl> {
    mock.url().parse().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_on_another_machine_needs_permission() {
        let remote: BaseUrl = "http://192.0.2.1:8080".parse().unwrap();
        assert!(TestEnvironment::target(remote.clone(), Credentials::development(), false).is_err());
        assert!(TestEnvironment::target(remote, Credentials::development(), true).unwrap().may_be_real());
    }
}
