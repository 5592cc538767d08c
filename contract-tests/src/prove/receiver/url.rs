//! The URL of a receiver.

use std::{fmt, str::FromStr};

use http::Uri;
use wechatpay_protocol::BaseUrl;
use wechatpay_texts::Text;

/// The URL of a receiver: `http://127.0.0.1:3000/notify`. Port 0 stands for a free port, for an application that is yet
/// to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverUrl {
    server: BaseUrl,
    is_any_port: bool,
    target: String,
}

/// Text is not a [`ReceiverUrl`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum ReceiverUrlError {
    /// It is not an absolute URL.
    #[text("expected http://host:port/path or https://host:port/path, found {found:?}")]
    Form {
        /// The text.
        found: String,
    },
    /// It has a user name or a password.
    #[text("expected a URL without a user name and a password, found one with them (not shown)")]
    UserInfo,
}

impl FromStr for ReceiverUrl {
    type Err = ReceiverUrlError;

    fn from_str(text: &str) -> Result<Self, ReceiverUrlError> {
        let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
        if after_scheme.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(ReceiverUrlError::UserInfo);
        }
        let parse = || {
            let url: Uri = text.parse().ok()?;
            let (scheme, authority) = (url.scheme()?, url.authority()?);
            let is_any_port = authority.port_u16() == Some(0);
            let server = if is_any_port {
                format!("{scheme}://{}:1", authority.host())
            } else {
                format!("{scheme}://{authority}")
            };
            let target = url.path_and_query().map_or("/", |target| target.as_str()).into();
            Some(Self { server: server.parse().ok()?, is_any_port, target })
        };
        parse().ok_or_else(|| ReceiverUrlError::Form { found: text.into() })
    }
}

impl fmt::Display for ReceiverUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any_port {
            write!(f, "{}://{}:0{}", self.server.scheme(), self.server.authority().host(), self.target)
        } else {
            write!(f, "{}{}", self.server, self.target)
        }
    }
}

impl ReceiverUrl {
    /// Scheme, host and port.
    pub(super) fn server(&self) -> &BaseUrl {
        &self.server
    }

    /// Path and query, as they are sent.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Whether the port is 0, which stands for a free one.
    pub(super) fn is_any_port(&self) -> bool {
        self.is_any_port
    }

    /// The same URL with this port, if its own is 0.
    pub(super) fn at_port(self, port: u16) -> Self {
        let host = self.server.authority().host();
        match format!("{}://{host}:{port}", self.server.scheme()).parse() {
            Ok(server) if self.is_any_port => Self { server, is_any_port: false, target: self.target },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_an_absolute_url() {
        for (text, shown) in [
            ("http://127.0.0.1:3000/notify?a=b", "http://127.0.0.1:3000/notify?a=b"),
            ("https://shop.example.com", "https://shop.example.com/"),
            ("http://[::1]:0/notify", "http://[::1]:0/notify"),
        ] {
            assert_eq!(text.parse::<ReceiverUrl>().unwrap().to_string(), shown);
        }
        for text in ["", "/notify", "127.0.0.1:3000", "ftp://127.0.0.1/", "http:///x", "http://host:99999/"] {
            assert!(matches!(text.parse::<ReceiverUrl>(), Err(ReceiverUrlError::Form { .. })), "{text}");
        }
    }

    #[test]
    fn a_url_with_a_user_name_is_refused_without_showing_its_password() {
        for text in ["http://user:secret@127.0.0.1/", "http://127.0.0.1:80@example.com/", "user:secret@host"]
        {
            assert_eq!(text.parse::<ReceiverUrl>(), Err(ReceiverUrlError::UserInfo), "{text}");
        }
        assert!(!ReceiverUrlError::UserInfo.to_string().contains("secret"));
        assert!("http://127.0.0.1/@path".parse::<ReceiverUrl>().is_ok());
    }

    #[test]
    fn only_port_0_is_replaced() {
        let url = |text: &str| text.parse::<ReceiverUrl>().unwrap().at_port(7).to_string();
        assert_eq!(url("http://[::1]:0/notify"), "http://[::1]:7/notify");
        assert_eq!(url("http://127.0.0.1:3000/"), "http://127.0.0.1:3000/");
    }
}
