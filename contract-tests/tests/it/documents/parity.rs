//! Both languages have the same pages, with the same code, and the same glossary. Since the code is the same, a test of the
//! English page is one of the Chinese page. What a command prints is in the language of the page.

use std::{collections::BTreeSet, path::Path};

use walkdir::WalkDir;

use super::{blocks, read, root};

/// Why commands are shown that no test runs, in `<!-- not run: REASON -->` above them. Instead of a reason, it can be the file
/// of the test that does run them.
const REASONS: [&str; 10] = [
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
    // It publishes.
    "needs an account",
    // Everything that is signed with them would change.
    "rewrites keys that are checked in",
];

/// The folders whose README is a page of the site.
const FOLDERS: [&str; 8] = [
    "deploy",
    "examples",
    "fixtures",
    "packages",
    "packages/go",
    "packages/java",
    "packages/npm",
    "packages/python",
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

/// Each page in English and in Chinese.
fn pairs() -> Vec<[String; 2]> {
    let below =
        pages_below("docs/en").into_iter().map(|page| ["en", "zh"].map(|name| format!("docs/{name}/{page}")));
    below.chain([["README.md".to_owned(), "README.zh-CN.md".to_owned()]]).collect()
}

#[test]
fn both_languages_have_the_same_pages() {
    let [english, chinese] = ["docs/en", "docs/zh"].map(pages_below);
    let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>();
    let (without_chinese, without_english) = (only(&english, &chinese), only(&chinese, &english));
    assert!(without_chinese.is_empty(), "docs/zh lacks {without_chinese:?}");
    assert!(without_english.is_empty(), "docs/en lacks {without_english:?}");
}

/// A line of code without its comment.
fn bare<'a>(language: &str, line: &'a str) -> &'a str {
    let mark = match language.split(',').next().unwrap() {
        "sh" | "shell" | "console" | "powershell" | "toml" | "yaml" | "python" | "ruby" | "nginx"
        | "dockerfile" => "#",
        _ => "//",
    };
    if line.trim_start().starts_with(mark) {
        return "";
    }
    line.split(&format!(" {mark} ")).next().unwrap().trim_end()
}

/// English on Chinese pages that is right there.
const ENGLISH: [&str; 4] = [
    // The mock's line for programs, which no language changes.
    "listening on http://",
    // What other programs print: contract-tests/openssl-curl.sh, the reader's client, curl.
    "verified with",
    "no key",
    "The requested URL returned error",
];

fn is_chinese(text: &str) -> bool {
    text.chars().any(|one| ('\u{4e00}'..='\u{9fff}').contains(&one))
}

/// Whether a Chinese text may say the same as an English one: it has as many lines, the same numbers and names such as
/// `SIGN_ERROR`, and no line that is still English.
fn is_translation(english: &str, chinese: &str) -> bool {
    let names = |text: &str| {
        let words = text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').map(ToOwned::to_owned);
        let mut names: Vec<_> =
            words.filter(|word| word.contains(|one: char| one.is_ascii_digit() || one == '_')).collect();
        names.sort();
        names
    };
    let is_english = |line: &str| {
        let line = ENGLISH.iter().fold(line.to_owned(), |line, right| line.replace(right, ""));
        let marks = ['.', ',', ':', ';', '(', ')', '·'];
        let words: Vec<_> = line.split(' ').map(|word| word.trim_matches(marks)).collect();
        let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        words.windows(2).any(|two| two.iter().all(is_word))
    };
    english.lines().count() == chinese.lines().count()
        && names(english) == names(chinese)
        && !chinese.lines().any(is_english)
}

#[test]
fn a_stale_translation_of_an_output_is_noticed() {
    let english = "2 passed, 1 failed\n  status: expected 204, found SIGN_ERROR\n";
    assert!(is_translation(english, "通过 2，未通过 1\n  状态码：应为 204，实际是 SIGN_ERROR\n"));
    for stale in [
        "通过 2，未通过 1\n  状态码：应为 200，实际是 SIGN_ERROR\n",
        "通过 2，未通过 1\n  状态码：应为 204，实际是 NO_AUTH\n",
        "通过 2，未通过 1\n  状态码：应为 204，实际是 SIGN_ERROR\n更多信息\n",
        "通过 2，未通过 1\n  状态码：204 was expected but found is SIGN_ERROR\n",
    ] {
        assert!(!is_translation(english, stale), "{stale}");
    }
    let report = "prove-client: 45 of 45 passed · nothing found";
    assert!(!is_translation(report, report));
}

/// What the comments of this kind name on a page: the `file` that a block is saved as, the command whose `output` it is.
fn marked(text: &str, kind: &str) -> Vec<String> {
    let begin = format!("<!-- {kind}: ");
    text.split(&begin).skip(1).map(|rest| rest.split(" -->").next().unwrap().to_owned()).collect()
}

/// Whether a page saves this plain text as a file.
fn is_saved(page: &str, text: &str) -> bool {
    let mut files = page.split("<!-- file: ").skip(1).filter_map(|rest| rest.split_once(" -->\n```text\n"));
    files.any(|(name, rest)| !name.contains('\n') && rest.starts_with(text))
}

#[test]
fn both_languages_show_the_same_code() {
    let mut different = String::new();
    for pages in pairs() {
        let [english, chinese] = pages.each_ref().map(|page| read(page));
        let (shown, translated) = (blocks(&english), blocks(&chinese));
        let languages =
            |blocks: &[(&str, &str)]| blocks.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        let is_unlike = |kind| marked(&english, kind) != marked(&chinese, kind);
        if languages(&shown) != languages(&translated) || is_unlike("file") || is_unlike("output") {
            different += &format!("{}: other blocks\n", pages[1]);
            continue;
        }
        for ((language, one), (_, other)) in shown.into_iter().zip(translated) {
            // Output is in the reader's language.
            if language == "text" && !is_saved(&english, one) {
                if !is_translation(one, other) {
                    different += &format!("{}: {other}\nis not in Chinese what {one} is\n", pages[1]);
                }
                if is_chinese(other) {
                    continue;
                }
            }
            let [one, other] =
                [one, other].map(|code| code.lines().map(|line| bare(language, line)).collect::<Vec<_>>());
            // In code, texts such as the name of a test may be in the reader's language. A test runs only the English commands.
            let is_command = language == "sh" || TYPED.contains(&language);
            let is_same = |(one, other): (&&str, &&str)| one == other || !is_command && is_chinese(other);
            if one.len() != other.len() || !one.iter().zip(&other).all(is_same) {
                different += &format!("{}: {}\ninstead of {}\n", pages[1], other.join("\n"), one.join("\n"));
            }
        }
    }
    assert!(different.is_empty(), "{different}");
}

#[test]
fn commands_that_no_test_runs_say_why() {
    let mut unknown = String::new();
    let readmes = FOLDERS.map(|folder| format!("{folder}/README.md"));
    for page in pairs().into_iter().map(|[page, _]| page).chain(readmes) {
        let text = read(&page);
        let parts: Vec<_> = text.split("```").collect();
        for around in parts.windows(2).step_by(2) {
            let (language, code) = around[1].split_once('\n').unwrap();
            if !TYPED.contains(&language) {
                continue;
            }
            let above = around[0].trim_end().lines().next_back().unwrap_or_default().trim_start();
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
