//! `open`: opens the inspector of a running mock in the browser.

use std::io::{self, IsTerminal};

use clap::Args;
use http::Method;
use wechatpay_texts::phrase;

use crate::{
    commands::healthcheck::{HealthError, health},
    mock_client::{MockError, MockOptions, TIMEOUT, call_failed},
    output::{CHECK_FAILED, Failure, print},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock open
  wechatpay-mock open --url http://127.0.0.1:9000
  wechatpay-mock open --print             print the URL, for another browser

Prints the URL of the page, and on a terminal opens it in the default browser. If the mock has a token, the page asks for it.

Exit codes: 0 success, 1 the mock or a browser cannot be reached, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Open {
    #[command(flatten)]
    mock: MockOptions,
    /// Only print the URL
    #[arg(long)]
    print: bool,
}

pub(crate) async fn run(options: &Open) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    health(&mock).await.map_err(|error| match error {
        HealthError::NoResponse(error) => call_failed(error),
        error => Failure::check(error),
    })?;
    // The page is not JSON, but a refusal is, and says why.
    if let Err(error @ MockError::Refused { .. }) = mock.call(Method::GET, "ui/", None, TIMEOUT).await {
        return Err(call_failed(error));
    }
    let url = format!("{}/__mock/ui/", mock.url);
    print(|out| writeln!(out, "{url}"))?;
    if options.print || !io::stdout().is_terminal() {
        return Ok(());
    }
    let failed = Failure::context(phrase!("cannot open a browser"));
    open::that_detached(&url).map_err(|error| {
        failed(error).with_code(CHECK_FAILED).with_hint(Some(phrase!("open the URL above yourself")))
    })
}
