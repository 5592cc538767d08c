//! `operations`: lists the gateway's operations that the mock has.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::{Value, json};
use wechatpay_openapi::Operation;
use wechatpay_texts::{Text, phrase, text};

use crate::{
    options::{Configuration, Json},
    output::{Failure, print, print_json},
};

#[derive(Debug, Args)]
pub(crate) struct Operations {
    /// Only the operations of this family, as in the list
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    #[command(flatten)]
    configuration: Configuration,
    /// JSON file with operations of your own, which are listed too; can be repeated
    #[arg(long, value_name = "FILE", env = "WECHATPAY_MOCK_CONTRACT", value_delimiter = ',')]
    contract: Vec<PathBuf>,
    #[command(flatten)]
    json: Json,
}

/// Why the list can't be shown.
#[derive(Debug, Text, thiserror::Error)]
#[text("expected a family of operations, found {found:?}")]
struct NoFamily {
    found: String,
}

/// Widths of the columns before the summary, to fit most values.
const METHOD: usize = 6;
const PATH: usize = 72;
const DEPTH: usize = 8;
const PROVENANCE: usize = 10;

pub(crate) fn run(options: &Operations) -> Result<(), Failure> {
    let config = options.configuration.read_with(&options.contract)?;
    let contract = config.contract();
    let families = contract.families();
    if let Some(found) = options.family.clone()
        && !families.contains(found.as_str())
    {
        let like: Vec<_> = families.into_iter().filter(|family| are_alike(family, &found)).collect();
        let hint = (!like.is_empty()).then(|| text!("there are {families}", families = like.join(", ")));
        let hint = hint.unwrap_or_else(|| text!("`wechatpay-mock operations` lists all"));
        return Err(Failure::from(NoFamily { found }).with_hint(Some(hint)));
    }
    let is_wanted =
        |operation: &&Operation| options.family.as_deref().is_none_or(|family| family == operation.family());
    let mut operations: Vec<_> = contract.operations().iter().filter(is_wanted).collect();
    if options.json.json {
        return print_json(&operations.into_iter().map(to_json).collect());
    }
    operations.sort_by_key(|operation| operation.family());
    print(|out| write(out, &operations))
}

/// Whether a family's name has a part that the other begins with, or that begins with it.
fn are_alike(family: &str, found: &str) -> bool {
    let parts = |text: &str| text.to_lowercase().split(['-', '_', '/']).map(String::from).collect::<Vec<_>>();
    let known = parts(family);
    let found = parts(found).into_iter().filter(|part| part.len() > 2);
    found
        .into_iter()
        .any(|part| known.iter().any(|known| known.starts_with(&part) || part.starts_with(known)))
}

fn write(out: &mut dyn Write, operations: &[&Operation]) -> io::Result<()> {
    let mut family = None;
    for operation in operations {
        if family != Some(operation.family()) {
            let gap = if family.is_none() { "" } else { "\n" };
            let name = if operation.family().is_empty() {
                phrase!("(no family)").text()
            } else {
                operation.family()
            };
            writeln!(out, "{gap}{name}")?;
            family = Some(operation.family());
        }
        let (method, path) = (operation.method().as_str(), operation.path().as_str());
        let (depth, provenance) = (operation.depth().as_str(), operation.provenance().as_str());
        let summary = operation.summary();
        writeln!(out, "  {method:METHOD$} {path:PATH$} {depth:DEPTH$} {provenance:PROVENANCE$} {summary}")?;
    }
    let count = operations.len();
    let count = if count == 1 { text!("1 operation.") } else { text!("{count} operations.") };
    let columns = text!(
        "The third column says what the mock does: example answers from the contract's examples, resource also\nkeeps \
         documents, rules has rules of its own. The fourth says how sure it is that the gateway has it."
    );
    writeln!(out, "\n{count} {columns}")
}

fn to_json(operation: &Operation) -> Value {
    json!({
        "method": operation.method().as_str(),
        "path": operation.path().as_str(),
        "family": operation.family(),
        "id": operation.id(),
        "depth": operation.depth().as_str(),
        "provenance": operation.provenance().as_str(),
        "summary": operation.summary(),
    })
}
