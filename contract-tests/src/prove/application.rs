//! A client that is an application which runs: makes it call by a request.

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderMap, HeaderValue, Method, Uri, header::HOST, uri::Scheme};
use tokio::time::timeout;

use super::subject::{Outcome, Said};
use crate::run::send::{Host, made};

/// The request that makes an application call the gateway: `http://host:port/path`, or with https, by GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    method: Method,
    url: Uri,
}

/// Text is not a [`Trigger`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected http://host:port/path or https://host:port/path, found {found:?}")]
pub struct TriggerError {
    found: String,
}

impl FromStr for Trigger {
    type Err = TriggerError;

    fn from_str(text: &str) -> Result<Self, TriggerError> {
        let url = text.parse::<Uri>().ok();
        let is_whole = |url: &Uri| {
            let scheme = url.scheme().filter(|scheme| [&Scheme::HTTP, &Scheme::HTTPS].contains(scheme));
            scheme.is_some() && url.authority().is_some()
        };
        let url = url.filter(is_whole);
        let url = url.ok_or_else(|| TriggerError { found: text.into() })?;
        Ok(Self { method: Method::GET, url })
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

impl Trigger {
    /// The same with another method.
    #[must_use]
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Makes the application call, and waits for its answer.
    pub(super) async fn pull(&self, limit: Duration) -> Said {
        let said = |outcome, how| Said { outcome, how, output: None };
        match timeout(limit, self.send()).await {
            Ok(Ok(status)) if status.is_success() => said(Outcome::Accepted, format!("status {status}")),
            Ok(Ok(status)) => said(Outcome::Refused, format!("status {status}")),
            Ok(Err(reason)) => said(Outcome::Gone { reason }, "no answer".into()),
            Err(_) => said(Outcome::Hung, "no answer".into()),
        }
    }

    async fn send(&self) -> Result<http::StatusCode, String> {
        let host = Host::of(&self.url.to_string())?;
        let target = self.url.path_and_query().map_or("/", |target| target.as_str());
        let name = HeaderValue::from_str(host.as_written()).map_err(|error| error.to_string())?;
        let headers = HeaderMap::from_iter([(HOST, name)]);
        Ok(made(&host, self.method.as_str(), target, headers, Vec::new()).await?.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_a_whole_url() {
        let trigger: Trigger = "http://127.0.0.1:3000/probe?a=b".parse().unwrap();
        assert_eq!(trigger.to_string(), "GET http://127.0.0.1:3000/probe?a=b");
        for text in ["", "/probe", "127.0.0.1:3000", "ftp://127.0.0.1/", "http:///x"] {
            assert!(text.parse::<Trigger>().is_err(), "{text}");
        }
    }
}
