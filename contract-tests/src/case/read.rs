//! Reads cases, and says in which line of which file one is wrong.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Case, rules};

/// Why cases could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file or folder can't be read.
    #[error("cannot read {}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not a case.
    #[error("{}, line {line}: {problem}", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What was expected, and what was found.
        problem: String,
    },
    /// There are no cases.
    #[error("expected cases in {}, found none", .0.display())]
    None(PathBuf),
}

/// The cases of this version, in the order of their ids.
///
/// # Errors
/// As [`parse`]. A test reads them, so that this does not happen in a version that went out.
pub fn embedded() -> Result<Vec<Case>, CaseError> {
    include!(concat!(env!("OUT_DIR"), "/cases.rs"))
        .into_iter()
        .map(|(id, text)| parse(&Path::new("fixtures/cases").join(format!("{id}.json")), id, text))
        .collect()
}

/// Reads all cases of a folder and the folders in it, in the order of their ids.
///
/// # Errors
/// [`CaseError`] names the file, and the line where there is one. An empty folder is an error too: a check of nothing
/// would pass.
pub fn load(dir: &Path) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    for path in json_files(dir).map_err(|source| CaseError::Io { path: dir.into(), source })? {
        let text =
            fs::read_to_string(&path).map_err(|source| CaseError::Io { path: path.clone(), source })?;
        cases.push(parse(&path, &id(dir, &path), &text)?);
    }
    if cases.is_empty() { Err(CaseError::None(dir.into())) } else { Ok(cases) }
}

/// Reads one case, which must have that id. `path` is for messages only.
///
/// # Errors
/// [`CaseError::Format`], with the line.
pub fn parse(path: &Path, id: &str, text: &str) -> Result<Case, CaseError> {
    let wrong = |line, problem| CaseError::Format { path: path.into(), line, problem };
    let not_json = |error: serde_json::Error| wrong(error.line(), without_place(&error));
    let case: Case = serde_json::from_str(text).map_err(not_json)?;
    let file: Value = serde_json::from_str(text).map_err(not_json)?;
    if case.id != id {
        let problem = format!("expected the id `{id}`, found `{}`", case.id);
        return Err(wrong(line_with(text, "\"id\""), problem));
    }
    rules::check(&case, &file).map_err(|broken| wrong(line_with(text, &broken.at), broken.problem))?;
    Ok(case)
}

/// All `.json` files below a folder, sorted.
///
/// # Errors
/// If a folder can't be read.
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

/// What the path of a file makes of its case's id.
fn id(dir: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(dir).unwrap_or(path).with_extension("");
    let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// The parser's words, without the place that is said in front of them.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// The number of the first line that has this in it.
fn line_with(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.contains(part)).map_or(1, |index| index + 1)
}
