//! `env`: prints the variables by which an unmodified program reaches a running mock.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use clap::{Args, ValueEnum};
use http::Method;
use serde_json::{Value, json};
use wechatpay_contract::environment;
use wechatpay_mock::{Authority, Environment, credentials_env, write_credentials};
use wechatpay_protocol::{Credentials, CredentialsError, CredentialsFile, display::quoted};
use wechatpay_texts::{Text, phrase, text};

use crate::{
    mock_client::{MockClient, MockError, MockOptions, TIMEOUT, call_failed},
    output::{Failure, print},
};

const EXAMPLES: &str = "\
Examples:
  eval \"$(wechatpay-mock env)\"            in sh, bash and zsh
  wechatpay-mock env --format fish | source
  wechatpay-mock env --format powershell | Out-String | Invoke-Expression
  for /f \"delims=\" %i in ('wechatpay-mock env --format cmd') do @%i
                                          in cmd
  wechatpay-mock env --format dotenv > .env.mock
                                          for a test framework

Prints the variables that `run` sets, for a mock that runs already. What you then start in this shell reaches the mock in \
place of the gateway, as a merchant of the mock, and no other host by HTTPS unless the mock lets it through: \
--proxy-passthrough. Open another shell to be without it.

The files that the variables name, of credentials, authorities and settings, are in your data folder, in one folder for \
each mock and merchant, of which the last 16 are kept. If a mock keeps its authority in memory, call this again after it \
was restarted.

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage, or a file cannot be written.";

/// How many folders are kept, so that a mock on another port each day does not fill the disk. (own choice)
const KEPT: usize = 16;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Env {
    /// How to print the variables [default: powershell on Windows, else sh]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Merchant whose credentials the program gets [default: the first]
    #[arg(long, value_name = "MCHID")]
    merchant: Option<String>,
    /// Folder to write the files to, which should have no others [default: one in your data folder]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Delete the files that this has written to your data folder, for all mocks
    #[arg(long, conflicts_with_all = ["format", "merchant", "dir"])]
    delete: bool,
    #[command(flatten)]
    mock: MockOptions,
}

/// Who reads the variables.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Sh,
    Fish,
    Powershell,
    Cmd,
    Json,
    Dotenv,
}

/// Why there is nothing to print.
#[derive(Debug, Text, thiserror::Error)]
enum EnvError {
    #[text("expected a home folder to keep the files in, found none; name a folder with --dir")]
    Home,
    #[text("expected credentials from the mock, found something else; is it a mock of another version?")]
    Credentials(#[source] serde_json::Error),
    #[text("expected names and values of variables from the mock, found {found}")]
    Variable { found: String },
}

pub(crate) async fn run(options: &Env) -> Result<(), Failure> {
    if options.delete {
        return delete();
    }
    let mock = options.mock.client()?;
    let shown = credentials(&mock, options.merchant.as_deref()).await?;
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None => data_dir()?.join(folder_name(&mock, shown["mchid"].as_str().unwrap_or_default())),
    };
    let made = make_dir(&dir).and_then(|()| dir.canonicalize());
    let cannot_make = Failure::context(text!("cannot make the folder {path}", path = dir.display()));
    let hint = Some(phrase!("--dir names another folder"));
    let dir = made.map_err(|error| cannot_make(error).with_hint(hint))?;
    let environment = environment(&mock, &dir).await?;
    environment::write(&environment, &dir)?;
    let mut variables = environment.variables;
    match with_secrets(&shown)? {
        Some(credentials) => {
            write_credentials(&credentials, &dir, true)?;
            variables.extend(credentials_env(&credentials, &dir));
        }
        None => say(&text!(
            "merchant {mchid} has keys of its own, which the mock does not show, so its credentials are not among the variables",
            mchid = shown["mchid"].as_str().unwrap_or_default()
        )),
    }
    if options.dir.is_none() {
        prune(&data_dir()?);
    }
    let format = options.format.unwrap_or(if cfg!(windows) { Format::Powershell } else { Format::Sh });
    print(|out| out.write_all(format.text(&variables).as_bytes()))?;
    if let Some(how) = format.how_to_use().filter(|_| io::stdout().is_terminal()) {
        say(&text!("to set these, run: {how}"));
    }
    Ok(())
}

/// Says something beside the variables, which are on stdout.
fn say(what: &str) {
    // Nothing is left to do if stderr cannot be written.
    let _ = writeln!(anstream::stderr(), "wechatpay-mock: {what}");
}

/// A merchant's credentials, maybe without its secrets.
async fn credentials(mock: &MockClient, merchant: Option<&str>) -> Result<Value, Failure> {
    let path = match merchant {
        Some(mchid) => format!("credentials?merchant={mchid}"),
        None => "credentials".into(),
    };
    mock.call(Method::GET, &path, None, TIMEOUT).await.map_err(call_failed)
}

/// The credentials, if the mock shows them with their secrets.
fn with_secrets(shown: &Value) -> Result<Option<Credentials>, Failure> {
    if shown.get("merchant_key").is_none() {
        return Ok(None);
    }
    let file: CredentialsFile = serde_json::from_value(shown.clone()).map_err(EnvError::Credentials)?;
    Credentials::from_inline(&file).map(Some).map_err(|error: CredentialsError| Failure::check(error))
}

/// What the mock says that a program of this machine needs.
async fn environment(mock: &MockClient, dir: &Path) -> Result<Environment, Failure> {
    let program = json!(environment::program(dir)?);
    let made = mock.call(Method::POST, "environment", Some(&program), TIMEOUT).await.map_err(call_failed)?;
    let url = mock.url.clone();
    let not_json = |source| Failure::check(MockError::NotJson { url, source });
    let environment: Environment = serde_json::from_value(made).map_err(not_json)?;
    // They go to a shell.
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_harmless = |(name, value): &(&String, &String)| is_name(name) && !value.contains(char::is_control);
    match environment.variables.iter().find(|variable| !is_harmless(variable)) {
        Some((name, value)) => {
            Err(Failure::check(EnvError::Variable { found: quoted(&format!("{name}={value}")) }))
        }
        None => Ok(environment),
    }
}

/// Where the files of all mocks are: beside the certificate authority.
fn data_dir() -> Result<PathBuf, EnvError> {
    Ok(Authority::user_dir().ok_or(EnvError::Home)?.with_file_name("env"))
}

/// `127.0.0.1-8080-1900000001`
fn folder_name(mock: &MockClient, mchid: &str) -> String {
    let name = format!("{}-{mchid}", mock.url.authority());
    name.replace(|one: char| !one.is_ascii_alphanumeric() && one != '.', "-")
}

/// Creates a folder and its parents, which only their owner can enter.
fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// Deletes all folders but the last ones. What can't be deleted stays.
fn prune(root: &Path) {
    let changed = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
    let mut folders: Vec<(SystemTime, PathBuf)> =
        fs::read_dir(root).into_iter().flatten().flatten().filter_map(changed).collect();
    folders.sort();
    folders.truncate(folders.len().saturating_sub(KEPT));
    for (_, folder) in folders {
        let _ = fs::remove_dir_all(folder);
    }
}

fn delete() -> Result<(), Failure> {
    let dir = data_dir()?;
    let path = dir.display();
    let done = match fs::remove_dir_all(&dir) {
        Ok(()) => text!("deleted {path}"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => text!("nothing to delete: {path}"),
        Err(error) => return Err(Failure::context(text!("cannot delete {path}"))(error)),
    };
    print(|out| writeln!(out, "{done}"))
}

impl Format {
    /// The variables, each on a line of its own but for JSON. No value has control characters.
    fn text(self, variables: &BTreeMap<String, String>) -> String {
        let line: fn(&str, &str) -> String = match self {
            Self::Json => return format!("{:#}\n", json!(variables)),
            Self::Sh => |name, value| format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => {
                |name, value| format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            Self::Powershell => |name, value| format!("$Env:{name} = '{}'", value.replace('\'', "''")),
            Self::Cmd => |name, value| format!("set \"{name}={value}\""),
            // Between single quotes, nothing has a meaning for the libraries that read such files.
            Self::Dotenv => |name, value| match value.contains('\'') {
                false => format!("{name}='{value}'"),
                true => format!("{name}=\"{}\"", value.replace('\\', r"\\").replace('"', "\\\"")),
            },
        };
        variables.iter().map(|(name, value)| line(name, value) + "\n").collect()
    }

    fn how_to_use(self) -> Option<&'static str> {
        match self {
            Self::Sh => Some("eval \"$(wechatpay-mock env)\""),
            Self::Fish => Some("wechatpay-mock env --format fish | source"),
            Self::Powershell => {
                Some("wechatpay-mock env --format powershell | Out-String | Invoke-Expression")
            }
            Self::Cmd => Some("for /f \"delims=\" %i in ('wechatpay-mock env --format cmd') do @%i"),
            Self::Json | Self::Dotenv => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_for_each_reader() {
        let text = |format: Format, value: &str| format.text(&BTreeMap::from([("A".into(), value.into())]));
        let value = r#"--require "C:\a's"#;
        for (format, line) in [
            (Format::Sh, r#"export A='--require "C:\a'\''s'"#),
            (Format::Fish, r#"set -gx A '--require "C:\\a\'s'"#),
            (Format::Powershell, r#"$Env:A = '--require "C:\a''s'"#),
            (Format::Cmd, r#"set "A=--require "C:\a's""#),
            (Format::Dotenv, r#"A="--require \"C:\\a's""#),
        ] {
            assert_eq!(text(format, value), format!("{line}\n"));
        }
        assert_eq!(text(Format::Dotenv, r#"a "b\c" $d"#), "A='a \"b\\c\" $d'\n");
    }
}
