//! Reads case files. Errors name the file and the line.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wechatpay_texts::{Text, text};

use super::{Case, rules};

/// Why cases cannot be read.
#[derive(Debug, Text, thiserror::Error)]
pub enum CaseError {
    /// A file or folder cannot be read.
    #[text("cannot read {path}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not a case.
    #[text("{path}, line {line}: {problem}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What was expected and what was found.
        problem: String,
    },
    /// There are no cases.
    #[text("expected cases in {folder}, found none", folder = _0.display())]
    None(PathBuf),
}

/// The cases built into this version, in the order of their ids.
///
/// # Errors
/// The same as [`parse`]; never in a released version, because a test reads all of them.
pub fn embedded() -> Result<Vec<Case>, CaseError> {
    include!(concat!(env!("OUT_DIR"), "/cases.rs"))
        .into_iter()
        .map(|(id, text)| parse(&Path::new("fixtures/cases").join(format!("{id}.json")), id, text))
        .collect()
}

/// Reads all cases in a folder and its subfolders, in the order of their ids.
///
/// # Errors
/// [`CaseError`], also for a folder without cases, because a run without any case would pass.
pub fn load(dir: &Path) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    for path in json_files(dir).map_err(|source| CaseError::Io { path: dir.into(), source })? {
        let text =
            fs::read_to_string(&path).map_err(|source| CaseError::Io { path: path.clone(), source })?;
        cases.push(parse(&path, &id(dir, &path), &text)?);
    }
    if cases.is_empty() { Err(CaseError::None(dir.into())) } else { Ok(cases) }
}

/// Reads one case, which must have this id. `path` is used in messages only.
///
/// # Errors
/// [`CaseError::Format`].
pub fn parse(path: &Path, id: &str, text: &str) -> Result<Case, CaseError> {
    let error = |line, problem| CaseError::Format { path: path.into(), line, problem };
    let json_error = |cause: serde_json::Error| error(cause.line(), without_position(&cause));
    let mut case: Case = serde_json::from_str(text).map_err(json_error)?;
    let file: Value = serde_json::from_str(text).map_err(json_error)?;
    if case.id != id {
        let problem = text!("expected the id `{id}`, found `{found}`", found = case.id);
        return Err(error(line_with(text, "\"id\""), problem));
    }
    case.placeholders = rules::check(&case, &file)
        .map_err(|violation| error(line_with(text, &violation.at), violation.problem))?;
    Ok(case)
}

/// All `.json` files in a folder and its subfolders, sorted.
///
/// # Errors
/// If a folder cannot be read.
pub fn json_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(json_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The id that a case in this file must have.
fn id(dir: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(dir).unwrap_or(path).with_extension("");
    let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// The parser's message without the position, which [`CaseError::Format`] has already.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

/// The number of the first line that contains this text.
fn line_with(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).map_or(1, |index| index + 1)
}
