//! `state`: exports, imports or resets what a running mock remembers.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::Path,
    path::PathBuf,
    time::Duration,
};

use bytes::Bytes;
use clap::{Args, Subcommand};
use http::Method;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use wechatpay_texts::{Text, phrase, text};

use crate::{
    mock_client::{MockOptions, TIMEOUT, call_failed},
    output::{Failure, print, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock state export shop.json   write what the mock remembers to a file
  wechatpay-mock state import shop.json   bring it back, into this mock or another
  wechatpay-mock state import seed.json   a seed file works, too
  wechatpay-mock state export - | wechatpay-mock state import - --url http://127.0.0.1:8081
                                          copy the state of one mock to another
  wechatpay-mock state reset              return to the initial state

A file has documents, used request numbers, callbacks, when documents change by themselves, and the clock, of every \
merchant; and what creates those merchants that were created at run time, with their private keys unless these are \
the development merchant's. It has no exchanges and no fault rules.

An import replaces the state of the merchants in the file and of no other. If anything in it is wrong, it changes \
nothing, and says where. It works with every store.

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage or a wrong file.";

/// How long a call may take: the state may be large.
const LONG: Duration = Duration::from_secs(120);

/// The most bytes of a state.
const MOST: usize = 1 << 30;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct State {
    #[command(flatten)]
    mock: MockOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the state to a file that only you can read
    Export {
        /// The file, which appears whole or not at all; - for stdout
        file: PathBuf,
        /// Only the state of this merchant
        #[arg(long, value_name = "MCHID")]
        merchant: Option<String>,
    },
    /// Replace the state of the merchants in a file
    Import {
        /// A file that `export` wrote, or a seed; - for stdin
        file: PathBuf,
    },
    /// Return to the initial state; without exchanges, fault rules and merchants that were created at run time
    Reset {
        /// Only this merchant
        #[arg(long, value_name = "MCHID")]
        merchant: Option<String>,
    },
}

/// How much is in a state.
#[derive(Deserialize)]
struct Exported {
    merchants: BTreeMap<String, ExportedMerchant>,
}

#[derive(Deserialize)]
struct ExportedMerchant {
    documents: Vec<IgnoredAny>,
    callbacks: Vec<IgnoredAny>,
}

/// The response is none of this version's.
#[derive(Debug, Text, thiserror::Error)]
#[text("expected a state from the mock, found something else; nothing is written")]
struct NoState(#[source] serde_json::Error);

pub(crate) async fn run(options: &State) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    match &options.action {
        Action::Export { file, merchant } => {
            let path = match merchant {
                Some(mchid) => format!("state?merchant={mchid}"),
                None => "state".into(),
            };
            let call = mock.call_with_bytes(Method::GET, &path, Bytes::new(), LONG, MOST);
            let state = call.await.map_err(call_failed)?;
            export(file, &state)
        }
        Action::Import { file } => {
            let body = read(file)?.into();
            let call = mock.call_with_bytes(Method::PUT, "state", body, LONG, MOST);
            let answer = call.await.map_err(call_failed)?;
            let imported: Value = serde_json::from_slice(&answer).map_err(NoState)?;
            print(|out| writeln!(out, "{}", report(&imported)))
        }
        Action::Reset { merchant } => {
            let body = merchant.as_ref().map_or_else(|| json!({}), |mchid| json!({ "merchant": mchid }));
            let call = mock.call(Method::POST, "reset", Some(&body), TIMEOUT);
            call.await.map_err(call_failed)?;
            let done = match merchant {
                None => text!("reset everything"),
                Some(mchid) => text!("reset {mchid}"),
            };
            print(|out| writeln!(out, "{}", printable_lines(&done)))
        }
    }
}

fn export(file: &Path, state: &[u8]) -> Result<(), Failure> {
    let exported: Exported = serde_json::from_slice(state).map_err(|error| Failure::check(NoState(error)))?;
    let merchants = exported.merchants.values();
    let documents = merchants.clone().map(|one| one.documents.len()).sum();
    let callbacks = merchants.map(|one| one.callbacks.len()).sum();
    let counts = counts(exported.merchants.len(), documents, callbacks);
    if file == Path::new("-") {
        print(|out| out.write_all(state))?;
        // Nothing is left to do if stderr cannot be written.
        let _ = writeln!(io::stderr(), "{}", text!("exported {counts}"));
        return Ok(());
    }
    write(file, state).map_err(Failure::context(text!("cannot write {path}", path = file.display())))?;
    print(|out| writeln!(out, "{}", text!("exported {counts} to {file}", file = file.display())))
}

/// Writes a file that its owner alone can read, whole or not at all. What is no file, such as a pipe, is written to.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // Its mode is 0600.
    let mut file = NamedTempFile::with_prefix_in(".new-", folder)?;
    file.write_all(content)?;
    // Some file systems only report now that the disk is full.
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        let mut content = Vec::new();
        io::stdin().read_to_end(&mut content).map_err(Failure::context(phrase!("cannot read stdin")))?;
        return Ok(content);
    }
    fs::read(file).map_err(Failure::context(text!("cannot read {path}", path = file.display())))
}

/// `imported 2 merchants, 134 documents, 5 callbacks`
fn report(imported: &Value) -> String {
    let number = |name: &str| imported[name].as_u64().and_then(|it| it.try_into().ok()).unwrap_or(0);
    let counts = counts(number("merchants"), number("documents"), number("callbacks"));
    let made = match number("made") {
        0 => String::new(),
        1 => text!("; created 1 merchant"),
        made => text!("; created {made} merchants"),
    };
    let forgotten = match number("forgotten") {
        0 => String::new(),
        forgotten => {
            text!(
                "; {forgotten} found no room: raise limits.store_bytes, limits.callbacks or limits.callback_bytes"
            )
        }
    };
    text!("imported {counts}{made}{forgotten}")
}

fn counts(merchants: usize, documents: usize, callbacks: usize) -> String {
    let merchants = if merchants == 1 { text!("1 merchant") } else { text!("{merchants} merchants") };
    let documents = if documents == 1 { text!("1 document") } else { text!("{documents} documents") };
    let callbacks = if callbacks == 1 { text!("1 callback") } else { text!("{callbacks} callbacks") };
    [merchants, documents, callbacks].join(phrase!(", ").text())
}
