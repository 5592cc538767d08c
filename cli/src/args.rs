//! The command line: every command, and how its arguments are parsed. A command's own options are in its file under
//! `commands/`.

use std::{env, ffi::OsString, io::Write as _, process::ExitCode};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use serde_json::json;
use wechatpay_texts::{Language, text};

use crate::{
    commands::{
        ca::Ca, call::Call, check_config::CheckConfig, clock::Clock, completions::Completions, env::Env,
        explain::Explain, fault::FaultCommand, healthcheck::Healthcheck, keys::Keys, logs::Logs, man::Man,
        open::Open, operations::Operations, pay::Pay, prove_client::ProveClient,
        prove_receiver::ProveReceiver, replay::Replay, run::Run, serve::Serve, state::State,
        trigger::Trigger, verify::Verify,
    },
    language,
    options::Json,
    output,
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock                          serve on http://127.0.0.1:8080
  wechatpay-mock --port 0                 serve on a free port; the first line of output names it
  wechatpay-mock --config shop.toml       serve with your own merchants, keys, policies and limits
  wechatpay-mock --contract shop.json     serve operations of your own, too
  wechatpay-mock demo                     watch one call from both sides, step by step
  wechatpay-mock run -- npm test          run a command against a mock
  eval \"$(wechatpay-mock env)\"           let the commands of this shell reach a running mock
  wechatpay-mock call rights patch        make a signed call and verify the response
  wechatpay-mock keys ./dev               write the development merchant's credentials
  wechatpay-mock logs -f                  follow the requests of a running mock
  wechatpay-mock open                     see a running mock in the browser
  wechatpay-mock pay 1217752501201407033233368018
                                          pay an order, as its user does
  wechatpay-mock state export shop.json   write what a running mock remembers to a file
  wechatpay-mock trigger TRANSACTION.SUCCESS --to http://127.0.0.1:3000/notify
                                          send a callback to your application
  wechatpay-mock prove-client -- ./pay    test whether a client rejects bad responses
  wechatpay-mock prove-receiver --url http://127.0.0.1:3000/notify
                                          test whether a receiver rejects forged callbacks
  wechatpay-mock explain refused.har      find out why a signature does not hold

Stops on SIGINT or SIGTERM: finishes the requests in flight; a second signal stops it at once.

Exit codes: 0 success, 1 a check or a call failed, 2 wrong usage or configuration.

With no configuration, the mock has one merchant. Its keys are public and protect nothing.";

/// A local mock of the WeChat Pay APIv3 gateway.
///
/// Verifies the merchant's signature, validates the request, keeps state, responds, and signs its responses as the
/// gateway does. Prints `listening on http://…` once it accepts connections, and a line for each request on stderr.
#[derive(Debug, Parser)]
#[command(name = "wechatpay-mock", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
    /// Language of the output: zh or en [default: Chinese if the locale is, else English]
    ///
    /// The locale is the first of LC_ALL, LC_MESSAGES and LANG that is set.
    #[arg(long, value_name = "LANGUAGE", env = "WECHATPAY_MOCK_LANG", global = true, hide_env_values = true)]
    lang: Option<Language>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the mock (the default)
    Serve(Serve),
    /// Start a mock, send it the sample call, and show both sides step by step
    Demo,
    /// Run a command against a mock, and exit with the command's exit code
    Run(Run),
    /// Make a signed call and verify the response
    Call(Call),
    /// Write a merchant's credentials as files
    Keys(Keys),
    /// Print the path of the HTTPS certificate authority, creating it if needed
    Ca(Ca),
    /// Check a configuration without starting anything
    CheckConfig(CheckConfig),
    /// List behaviours the documentation leaves open, and how to configure them
    Policies(Json),
    /// List the faults that a request number or a rule can trigger
    Faults(Json),
    /// List the operations of the gateway that the mock has
    Operations(Operations),
    /// Check that a running mock is healthy
    Healthcheck(Healthcheck),
    /// Open the inspector of a running mock in the browser
    Open(Open),
    /// Show or follow the requests of a running mock
    Logs(Logs),
    /// Let a running mock process requests again: one of its exchanges, or those of an archive (HAR)
    Replay(Replay),
    /// Show or move the clock of a running mock
    Clock(Clock),
    /// Add, list or remove fault rules of a running mock
    Fault(FaultCommand),
    /// Print the variables by which an unmodified program reaches a running mock
    Env(Env),
    /// Export, import or reset what a running mock remembers
    State(State),
    /// Pay an order of a running mock, or leave it
    Pay(Pay),
    /// Send a signed, encrypted callback to an application
    Trigger(Box<Trigger>),
    /// Check a server against the contract, case by case
    Verify(Verify),
    /// Test whether a client, in any language, rejects bad responses
    ProveClient(Box<ProveClient>),
    /// Test whether a receiver of callbacks, in any language, lets forged ones through
    ProveReceiver(Box<ProveReceiver>),
    /// Explain why signatures in a capture do not hold: HAR, curl -v output, raw HTTP, or headers and body
    Explain(Box<Explain>),
    /// Print completions for a shell
    Completions(Completions),
    /// Write a man page for each command
    Man(Man),
}

/// Returns the command to run, or the exit code if the arguments are wrong or only ask for help or the version.
pub(crate) fn parse() -> Result<Command, ExitCode> {
    let mut words: Vec<OsString> = env::args_os().collect();
    language::take(&mut words).set();
    let parsed = language::localized(Cli::command()).try_get_matches_from(&words);
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => Ok(cli.command.unwrap_or(Command::Serve(cli.serve))),
        Err(_) if asks_for_version_as_json(&words) => {
            let version = json!({ "name": "wechatpay-mock", "version": env!("CARGO_PKG_VERSION") });
            Err(output::print_json(&version).map_or_else(output::Failure::report, |()| ExitCode::SUCCESS))
        }
        Err(mut error) => {
            suggest_separator(&mut error, &words);
            print(&error);
            Err(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(output::WRONG_USAGE)))
        }
    }
}

/// Prints what clap says, in the current language: help and version on stdout, errors on stderr.
fn print(error: &clap::Error) {
    let text = language::of_clap(error.render().ansi().to_string());
    // Nothing is left to do if this cannot be written.
    let _ = if error.use_stderr() {
        write!(anstream::stderr(), "{text}")
    } else {
        write!(anstream::stdout(), "{text}")
    };
}

fn asks_for_version_as_json(words: &[OsString]) -> bool {
    let [_, options @ ..] = words else { return false };
    options.len() == 2
        && options.iter().any(|word| word == "--json")
        && options.iter().any(|word| word == "--version" || word == "-V")
}

/// Suggests `--` if it is missing before a command, as in `run npm test`.
fn suggest_separator(error: &mut clap::Error, words: &[OsString]) {
    let takes_command = words
        .get(1)
        .is_some_and(|word| ["run", "prove-client", "prove-receiver"].iter().any(|command| word == command));
    let Some(ContextValue::String(unexpected)) = error.get(ContextKind::InvalidArg) else { return };
    if error.kind() != ErrorKind::UnknownArgument || !takes_command || unexpected.starts_with('-') {
        return;
    }
    let Some(at) = words.iter().position(|word| word.to_str() == Some(unexpected.as_str())) else { return };
    let shown: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let (options, command) = shown.split_at(at - 1);
    let tip = text!(
        "put `--` before the command: wechatpay-mock {options} -- {command}",
        options = options.join(" "),
        command = command.join(" ")
    );
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// The whole command line, for completions and man pages.
pub(crate) fn command_line() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    /// clap itself checks that only in builds with debug assertions.
    #[test]
    fn no_two_options_of_a_command_share_a_name() {
        fn check(command: &clap::Command) {
            let mut names: Vec<_> = command.get_arguments().map(|one| one.get_id().as_str()).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{}: {names:?}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn a_wrong_address_names_its_own_option() {
        for option in ["--listen", "--tls-listen"] {
            let error = Cli::try_parse_from(["wechatpay-mock", option, "nowhere"]).unwrap_err().to_string();
            assert!(error.contains(&format!("'{option} <")), "{error}");
            assert_eq!(error.matches("listen").count(), 1, "{error}");
        }
    }
}
