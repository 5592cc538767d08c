//! Triggers the call of a running application by sending it a request.

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header::HOST};
use tokio::time::timeout;
use wechatpay_protocol::BaseUrl;
use wechatpay_texts::{Text, text};

use super::reaction::{Reaction, Verdict};
use crate::run::send;

/// The request that makes an application call the gateway: a method, GET by default, and a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    method: Method,
    server: BaseUrl,
    target: String,
}

/// Text is not a [`Trigger`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected http://host:port/path or https://host:port/path, found {found:?}")]
pub struct TriggerError {
    found: String,
}

impl FromStr for Trigger {
    type Err = TriggerError;

    fn from_str(text: &str) -> Result<Self, TriggerError> {
        let parse = || {
            let url: Uri = text.parse().ok()?;
            let server = format!("{}://{}", url.scheme()?, url.authority()?).parse().ok()?;
            let target = url.path_and_query().map_or("/", |target| target.as_str()).into();
            Some(Self { method: Method::GET, server, target })
        };
        parse().ok_or_else(|| TriggerError { found: text.into() })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.server, self.target)
    }
}

impl Trigger {
    /// The same request with another method.
    #[must_use]
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Sends the request and waits for the application's response.
    pub(super) async fn send(&self, limit: Duration) -> Reaction {
        let (verdict, how) = match timeout(limit, self.status()).await {
            Ok(Ok(status)) if status.is_success() => (Verdict::Accepted, text!("status {status}")),
            Ok(Ok(status)) => (Verdict::Rejected, text!("status {status}")),
            Ok(Err(reason)) => (Verdict::Unreachable { reason }, text!("no response")),
            Err(_) => (Verdict::TimedOut, text!("no response")),
        };
        Reaction { verdict, how, output: None }
    }

    async fn status(&self) -> Result<StatusCode, String> {
        let host =
            HeaderValue::from_str(self.server.authority().as_str()).map_err(|error| error.to_string())?;
        let headers = HeaderMap::from_iter([(HOST, host)]);
        Ok(send::built(&self.server, self.method.as_str(), &self.target, headers, Vec::new()).await?.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_an_absolute_url() {
        let trigger: Trigger = "http://127.0.0.1:3000/probe?a=b".parse().unwrap();
        assert_eq!(trigger.to_string(), "GET http://127.0.0.1:3000/probe?a=b");
        for text in ["", "/probe", "127.0.0.1:3000", "ftp://127.0.0.1/", "http:///x"] {
            assert!(text.parse::<Trigger>().is_err(), "{text}");
        }
    }
}
