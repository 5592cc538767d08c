//! `call`: makes a signed call and verifies the response.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use http::Method;
use wechatpay_client::{Client, RightsChange, TargetError, Trust, credentials, encode_path};
use wechatpay_texts::{phrase, text};

use crate::{
    commands::{call_report, read_argument},
    output::{Failure, WRONG_USAGE},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock call rights patch
      send the documentation's sample to a mock on port 8080
  wechatpay-mock call rights patch --code 478515832665 --before 600 --bonus 550 --add -50 \\
      --out-request-no 2026-07-0001
      take 50 points away
  wechatpay-mock call GET /v3/certificates --credentials ./dev
      call any operation, with the credentials that `wechatpay-mock keys ./dev` wrote
  wechatpay-mock call POST /v3/security/echo @body.json
      read the body from a file; - reads it from stdin

The response's body goes to stdout, and a summary of the verified signature to stderr. Without a body, the summary goes \
to stdout.

Exit codes:
  0  the response was verified
  1  the call was refused or failed, or the response could not be verified
  2  wrong usage or configuration; nothing was sent";

const USAGE: &str = "\
wechatpay-mock call [OPTIONS] <METHOD> <PATH> [BODY]
       wechatpay-mock call [OPTIONS] rights patch|show
       wechatpay-mock call [OPTIONS] certificates";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE, subcommand_negates_reqs = true)]
pub(crate) struct Call {
    /// GET, POST, PATCH …
    #[arg(required = true)]
    method: Option<Method>,
    /// Path and query, percent-encoded, such as /v3/certificates
    #[arg(required = true)]
    path: Option<String>,
    /// The body: JSON, @FILE, or - for stdin. It is signed and sent unchanged
    body: Option<String>,
    #[command(subcommand)]
    sample: Option<Sample>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Sample {
    /// Change or show the rights of a member's card
    #[command(subcommand)]
    Rights(Rights),
    /// Download WeChat Pay's platform certificates, and list those that can be trusted
    Certificates,
}

#[derive(Debug, Subcommand)]
enum Rights {
    /// Change a member's points, labels or notice
    ///
    /// Sends only the fields you give. With none, sends the documentation's sample: 500 points become 600.
    #[command(after_help = EXAMPLES)]
    Patch(Patch),
    /// Show the member's card, with its points
    Show(Card),
}

/// Where to call, as which merchant, and which keys to trust.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
struct Connection {
    /// URL of the gateway or mock
    #[arg(long, global = true, value_name = "URL", env = "WECHATPAY_BASE_URL")]
    #[arg(default_value = "http://127.0.0.1:8080")]
    base_url: String,

    /// A folder with credentials.json, or that file
    ///
    /// The response of POST /__mock/merchants works too.
    ///
    /// Without it: WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if the first of them is set; file names are
    /// relative to the current folder. Otherwise the development merchant, which a mock has by default.
    #[arg(long, global = true, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// Which of WeChat Pay's keys to request and trust
    ///
    /// Without it: the first of the three that the credentials allow.
    #[arg(long, global = true, value_enum, env = "WECHATPAY_TRUST")]
    trust: Option<TrustArg>,

    /// Time limit for the whole call
    #[arg(long, global = true, value_name = "SECONDS", env = "WECHATPAY_TIMEOUT", default_value = "30")]
    #[arg(value_parser = seconds)]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrustArg {
    /// The public key in the credentials
    PublicKey,
    /// The platform certificate in the credentials
    Certificate,
    /// The platform certificates that the gateway lists
    Download,
}

#[derive(Debug, Args)]
struct Card {
    /// The card template
    #[arg(long, value_name = "ID", default_value = RightsChange::SAMPLE_CARD_ID)]
    card_id: String,

    /// The member's card
    #[arg(long, default_value = RightsChange::SAMPLE_CODE)]
    code: String,
}

// These options have no environment variables: points should not change because of a forgotten variable.
#[derive(Debug, Args)]
struct Patch {
    #[command(flatten)]
    card: Card,

    /// Your number for this change; required with any other option of the change
    ///
    /// Use a new number for each change. Reuse a number only to repeat the same change, after a timeout or a response that
    /// could not be verified.
    #[arg(long, value_name = "NUMBER")]
    out_request_no: Option<String>,

    /// Points before the change
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    before: Option<i64>,

    /// Points after the change
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    bonus: Option<i64>,

    /// The difference, after - before; negative takes points away
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    add: Option<i64>,

    /// Member-price label, at most 8 characters
    #[arg(long, value_name = "TEXT", requires = "out_request_no")]
    member_price_word: Option<String>,

    /// Invoice link label, at most 6 characters
    #[arg(long, value_name = "TEXT", requires = "out_request_no")]
    fapiao_jump_word: Option<String>,

    /// Do not notify the member
    #[arg(long, requires = "out_request_no")]
    no_inform: bool,
}

pub(crate) async fn run(options: &Call) -> Result<(), Failure> {
    let unusable = |failure: Failure| failure.with_hint(Some(phrase!("nothing was sent; see --help")));
    let client = options.connection.client().map_err(unusable)?;
    let called = match &options.sample {
        Some(Sample::Certificates) => {
            let certificates = client.certificates().await.map_err(call_failed)?;
            return call_report::certificates(&certificates);
        }
        Some(Sample::Rights(Rights::Patch(patch))) => {
            client.set_rights(&patch.card.card_id, &patch.card.code, &patch.change()).await
        }
        Some(Sample::Rights(Rights::Show(card))) => {
            let path = card.path().map_err(|error| unusable(error.into()))?;
            client.call(Method::GET, &path, "").await
        }
        None => {
            let path = options.path.as_deref().unwrap_or_default();
            let body = options.body.as_deref().map_or(Ok(Vec::new()), read_argument).map_err(unusable)?;
            client.call(options.method.clone().unwrap_or_default(), path, body).await
        }
    };
    call_report::verified(&called.map_err(call_failed)?)
}

/// Treats a request that could not be made as wrong usage, and any other error as a failed call.
fn call_failed(error: wechatpay_client::Error) -> Failure {
    if error.is_invalid_input() {
        let hint = phrase!("nothing was sent; see --help");
        return Failure::from(error).with_code(WRONG_USAGE).with_hint(Some(hint));
    }
    let hint = call_report::hint(&error);
    Failure::check(error).with_hint(hint)
}

impl Card {
    fn path(&self) -> Result<String, TargetError> {
        encode_path(["v3", "marketing", "membercard-open", "cards", &self.card_id, "codes", &self.code])
    }
}

impl Connection {
    fn client(&self) -> Result<Client, Failure> {
        let credentials = credentials::find(self.credentials.as_deref())?;
        let builder =
            Client::builder().base_url(&self.base_url).credentials(&credentials).timeout(self.timeout);
        let builder = match self.trust {
            Some(trust) => builder.trust(trust.into()),
            None => builder,
        };
        Ok(builder.build()?)
    }
}

impl From<TrustArg> for Trust {
    fn from(trust: TrustArg) -> Self {
        match trust {
            TrustArg::PublicKey => Self::PublicKey,
            TrustArg::Certificate => Self::Certificate,
            TrustArg::Download => Self::Downloaded,
        }
    }
}

impl Patch {
    fn change(&self) -> RightsChange {
        // Every other option of the change requires the number.
        let Some(out_request_no) = &self.out_request_no else { return RightsChange::sample() };
        RightsChange {
            before_bonus_value: self.before,
            bonus_value: self.bonus,
            add_bonus_value: self.add,
            need_inform_bonus: self.no_inform.then_some(false),
            member_price_word: self.member_price_word.clone(),
            fapiao_jump_word: self.fapiao_jump_word.clone(),
            ..RightsChange::new(out_request_no)
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let expected = || text!("expected a number of seconds such as 30 or 0.5, found {text:?}");
    let seconds: f64 = text.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        patch: Patch,
    }

    fn patch(options: &[&str]) -> Result<RightsChange, clap::Error> {
        let line = Line::try_parse_from(["patch"].iter().chain(options))?;
        Ok(line.patch.change())
    }

    #[test]
    fn without_options_the_change_is_the_sample() {
        assert_eq!(patch(&[]).unwrap(), RightsChange::sample());
        assert_eq!(patch(&["--code", "1"]).unwrap(), RightsChange::sample());
    }

    #[test]
    fn only_the_given_fields_are_sent() {
        assert_eq!(patch(&["--out-request-no", "a"]).unwrap(), RightsChange::new("a"));
        let change = patch(&[
            "--out-request-no",
            "a",
            "--before",
            "600",
            "--bonus=550",
            "--add",
            "-50",
            "--no-inform",
        ]);
        let expected = RightsChange {
            before_bonus_value: Some(600),
            bonus_value: Some(550),
            add_bonus_value: Some(-50),
            need_inform_bonus: Some(false),
            ..RightsChange::new("a")
        };
        assert_eq!(change.unwrap(), expected);
    }

    #[test]
    fn any_option_of_the_change_requires_a_number() {
        for options in [["--add", "5"], ["--before", "5"], ["--bonus", "5"], ["--fapiao-jump-word", "票"]] {
            let error = patch(&options).unwrap_err().to_string();
            assert!(error.contains("--out-request-no"), "{error}");
        }
        assert!(patch(&["--no-inform"]).is_err());
    }

    #[test]
    fn times_are_numbers_of_seconds() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["", "-1", "NaN", "inf", "1e99", "30s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
