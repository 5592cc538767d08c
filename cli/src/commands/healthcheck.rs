//! `healthcheck`: checks that a running mock is healthy, for containers.

use std::{error::Error, fmt};

use clap::Args;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use wechatpay_protocol::{BaseUrl, display::printable};
use wechatpay_texts::{Text, text};

use crate::{
    mock_client::{MockClient, MockError, MockOptions, TIMEOUT},
    options::Json,
    output::{Failure, print, print_json},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock healthcheck
  wechatpay-mock healthcheck --url http://mock:8080
  HEALTHCHECK CMD [\"wechatpay-mock\", \"healthcheck\"]      in a Dockerfile

Prints `healthy`, or why the mock is not. Waits at most 3 seconds.

Exit codes: 0 healthy, 1 unhealthy or not reachable, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Healthcheck {
    #[command(flatten)]
    mock: MockOptions,
    #[command(flatten)]
    output: Json,
}

/// Why the mock is not known to be healthy.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum HealthError {
    #[text(transparent)]
    NoResponse(#[from] MockError),
    #[text("expected 200 from {url}/__mock/health, found {status}; is it a mock, and of this version?")]
    Status { url: BaseUrl, status: StatusCode },
    #[text("expected {{\"status\":\"ok\"}} from {url}/__mock/health, found {found}")]
    NotOk { url: BaseUrl, found: String },
}

/// A [`HealthError`], as the user sees it.
#[derive(Debug)]
struct Unhealthy(HealthError);

impl fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", text!("unhealthy: {reason}", reason = self.0))
    }
}

impl Error for Unhealthy {
    /// The text has the [`MockError`] already.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            HealthError::NoResponse(error) => error.source(),
            HealthError::Status { .. } | HealthError::NotOk { .. } => None,
        }
    }
}

pub(crate) async fn run(options: &Healthcheck) -> Result<bool, Failure> {
    let mock = options.mock.client()?;
    let health = health(&mock).await;
    if options.output.json {
        let reason = health.as_ref().err().map(ToString::to_string);
        print_json(&json!({ "healthy": health.is_ok(), "url": mock.url.to_string(), "reason": reason }))?;
        return Ok(health.is_ok());
    }
    health.map_err(|error| Failure::check(Unhealthy(error)))?;
    print(|out| writeln!(out, "healthy"))?;
    Ok(true)
}

/// Checks that the mock is healthy.
///
/// # Errors
/// [`HealthError`] unless the mock reports within 3 seconds that it is healthy.
pub(crate) async fn health(mock: &MockClient) -> Result<(), HealthError> {
    let (status, body) = mock.send(Method::GET, "health", None, TIMEOUT).await?;
    let url = mock.url.clone();
    if status != StatusCode::OK {
        return Err(HealthError::Status { url, status });
    }
    let health: Option<Value> = serde_json::from_slice(&body).ok();
    if health.is_some_and(|health| health["status"] == "ok") {
        return Ok(());
    }
    let found = printable(&String::from_utf8_lossy(&body), 100).into_owned();
    Err(HealthError::NotOk { url, found })
}
