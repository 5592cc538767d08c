//! Commands that no test runs say why, and both languages have the same glossary.

use std::{collections::BTreeSet, path::Path};

use walkdir::WalkDir;

use super::{read, root};

/// Why commands are shown that no test runs, in `<!-- not run: REASON -->` above them. Instead of a reason, it can be the file
/// of the test that does run them.
const REASONS: [&str; 8] = [
    // It ends when its reader ends it.
    "keeps running",
    // It needs its reader's application, tests or captures.
    "your code",
    // It takes packages from a registry, or builds the mock.
    "installs",
    // It needs Docker, a cluster, a server or a CI that the tests do not start.
    "needs a service",
    // It needs a program that the gate does not ask for.
    "needs a tool",
    // It is for another operating system than that of the gate.
    "another system",
    // It measures, on an idle machine.
    "takes minutes",
    // It opens the reader's browser.
    "opens a browser",
];

/// The languages of blocks with commands to type, except `sh`, whose blocks run.
const TYPED: [&str; 5] = ["shell", "console", "powershell", "bat", "cmd"];

/// The pages below this folder, relative to it.
fn pages_below(folder: &str) -> BTreeSet<String> {
    let folder = root().join(folder);
    let files = WalkDir::new(&folder).into_iter().map(|entry| entry.unwrap().into_path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned()).collect()
}

/// The pages in English.
fn pages() -> Vec<String> {
    let below = pages_below("docs/en").into_iter().map(|page| format!("docs/en/{page}"));
    below.chain(["README.md".to_owned()]).collect()
}

#[test]
fn commands_that_no_test_runs_say_why() {
    let mut unknown = String::new();
    for page in pages() {
        let text = read(&page);
        let parts: Vec<_> = text.split("```").collect();
        for around in parts.windows(2).step_by(2) {
            let (language, code) = around[1].split_once('\n').unwrap();
            if !TYPED.contains(&language) {
                continue;
            }
            let above = around[0].trim_end().lines().next_back().unwrap_or_default();
            let reason = above.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
            let is_known = |reason: &str| REASONS.contains(&reason) || is_test(Path::new(reason));
            if !reason.is_some_and(is_known) {
                let first = code.lines().next().unwrap_or_default();
                unknown += &format!(
                    "{page}: {first}: expected <!-- not run: REASON --> above it, found {above:?}\n"
                );
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown}reasons: {REASONS:?}");
}

fn is_test(path: &Path) -> bool {
    path.components().count() > 1 && root().join(path).is_file()
}

/// The first and the last cell of each row: a term, and the same in the other language.
fn terms(page: &str) -> Vec<[String; 2]> {
    let text = read(page);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.filter_map(|row| Some([row.split_once(" | ")?.0, row.rsplit_once(" | ")?.1]));
    rows.map(|row| row.map(ToOwned::to_owned)).collect()
}

#[test]
fn both_glossaries_have_the_same_terms() {
    let english = terms("docs/en/glossary.md");
    let chinese = terms("docs/zh/glossary.md").into_iter().map(|[term, other]| [other, term]);
    // The headings of the tables differ.
    let headings = |[term, other]: &[String; 2]| ![&**term, &**other].contains(&"Chinese") && other != "术语";
    let [english, chinese] = [english, chinese.collect()]
        .map(|rows: Vec<_>| rows.into_iter().filter(headings).collect::<Vec<_>>());
    assert_eq!(english, chinese);
    assert!(english.len() > 40);
    let distinct: BTreeSet<_> = english.iter().map(|[term, _]| term).collect();
    assert_eq!(distinct.len(), english.len(), "a term is there twice");
}
