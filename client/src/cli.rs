//! What the command understands.

use std::{error::Error, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use wechatpay_client::{Client, RightsChange, Trust, credentials};

const EXAMPLES: &str = "\
Examples:
  wechatpay-client rights patch
      the documentation's sample, sent to a mock that was started with no options
  wechatpay-client rights patch --code 478515832665 --before 600 --bonus 550 --add -50 \\
      --out-request-no 2026-07-0001
      takes 50 points away
  wechatpay-client certificates --credentials ./keys
      as the merchant whose files `wechatpay-mock keys ./keys` wrote

Exit codes:
  0  the answer was verified
  1  the call was refused, failed, or was answered by something that cannot be verified
  2  wrong usage or configuration; nothing was sent";

/// Call WeChat Pay's gateway, or a mock of it, and verify what it answers
#[derive(Debug, Parser)]
#[command(name = "wechatpay-client", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The rights of a member's card
    #[command(subcommand)]
    Rights(Rights),
    /// Download WeChat Pay's platform certificates, and list those that can be trusted
    Certificates,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rights {
    /// Change a member's points, wordings or notice
    ///
    /// Sends what is given, and leaves out what is not. Where nothing at all is given of the change, it is the
    /// documentation's sample: 100 points on top of 500.
    #[command(after_help = EXAMPLES)]
    Patch(Patch),
}

/// Where to, as whom, and whom to believe. The environment can say it as well, for all calls of a shell.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Where the gateway is
    #[arg(long, global = true, value_name = "URL", env = "WECHATPAY_BASE_URL")]
    #[arg(default_value = "http://127.0.0.1:8080")]
    base_url: String,

    /// A folder with credentials.json, or that file
    ///
    /// What a mock answers who makes a merchant (POST /__mock/merchants) is such a file as well.
    ///
    /// Without it: the environment's WECHATPAY_MCHID, WECHATPAY_MERCHANT_SERIAL and so on, if it has the first of
    /// them, with names of files from here; otherwise the development merchant, whom every mock knows.
    #[arg(long, global = true, value_name = "DIR|FILE", env = "WECHATPAY_CREDENTIALS")]
    credentials: Option<PathBuf>,

    /// Which of WeChat Pay's keys to trust, and to ask for
    ///
    /// Without it: the first of the three that the credentials allow.
    #[arg(long, global = true, value_enum, env = "WECHATPAY_TRUST")]
    trust: Option<TrustArg>,

    /// How long the call may take in all
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

/// The options are not taken from the environment: points should not change because of a forgotten variable.
#[derive(Debug, Args)]
pub(crate) struct Patch {
    /// The card template
    #[arg(long, value_name = "ID", default_value = RightsChange::SAMPLE_CARD_ID)]
    pub(crate) card_id: String,

    /// The member's card
    #[arg(long, default_value = RightsChange::SAMPLE_CODE)]
    pub(crate) code: String,

    /// Your number for this change; required as soon as anything of the change is given
    ///
    /// A new one for each change. The same one again, with the same change, only to make sure of it after a timeout
    /// or an answer that could not be verified.
    #[arg(long, value_name = "NUMBER")]
    out_request_no: Option<String>,

    /// Points before the change
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    before: Option<i64>,

    /// Points after it
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    bonus: Option<i64>,

    /// The difference, after - before; negative takes points away
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true, requires = "out_request_no")]
    add: Option<i64>,

    /// Member-price wording, at most 8 characters
    #[arg(long, value_name = "TEXT", requires = "out_request_no")]
    member_price_word: Option<String>,

    /// Invoice link wording, at most 6 characters
    #[arg(long, value_name = "TEXT", requires = "out_request_no")]
    fapiao_jump_word: Option<String>,

    /// Send the member no notice
    #[arg(long, requires = "out_request_no")]
    no_inform: bool,
}

impl Connection {
    /// The client that these options mean.
    pub(crate) fn client(&self) -> Result<Client, Box<dyn Error>> {
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
    /// The change that these options mean.
    pub(crate) fn change(&self) -> RightsChange {
        // Whatever else is given requires a number.
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
    let expected = || format!("expected a number of seconds such as 30 or 0.5, found {text:?}");
    let seconds: f64 = text.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn patch(options: &[&str]) -> Result<RightsChange, clap::Error> {
        let command = ["wechatpay-client", "rights", "patch"];
        match Cli::try_parse_from(command.iter().chain(options))?.command {
            Command::Rights(Rights::Patch(patch)) => Ok(patch.change()),
            Command::Certificates => unreachable!("the command line says rights patch"),
        }
    }

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_options_the_change_is_the_sample() {
        assert_eq!(patch(&[]).unwrap(), RightsChange::sample());
        assert_eq!(patch(&["--code", "1"]).unwrap(), RightsChange::sample());
    }

    #[test]
    fn what_is_given_is_sent_and_nothing_else() {
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
    fn a_change_of_ones_own_needs_a_number_of_ones_own() {
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
