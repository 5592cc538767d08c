//! Tests that the documents name every command, option and variable, and that every command line in them parses.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory, Parser};
use walkdir::WalkDir;

use crate::args::Cli;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The READMEs and every page below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> =
        ["README.md", "README.zh-CN.md", "examples/README.md"].map(|name| root().join(name)).into();
    let below_docs = WalkDir::new(root().join("docs")).into_iter().map(|entry| entry.unwrap().into_path());
    pages.extend(below_docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    pages
}

/// Collects every command with its full name.
fn commands(command: &Command, name: &str, all: &mut Vec<(String, Command)>) {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let name = format!("{name} {}", subcommand.get_name());
        commands(subcommand, name.trim_start(), all);
    }
    all.push((name.into(), command.clone()));
}

fn all_commands() -> Vec<(String, Command)> {
    let mut all = Vec::new();
    commands(&Cli::command(), "", &mut all);
    all
}

/// The pages in English and in Chinese.
fn both(name: &str) -> [(String, String); 2] {
    ["docs/en", "docs/zh"].map(|folder| format!("{folder}/reference/{name}")).map(|path| (page(&path), path))
}

#[test]
fn the_reference_names_every_command_and_option() {
    for (reference, path) in both("command-line.md") {
        let words: Vec<_> = reference.split(|one: char| !one.is_alphanumeric() && one != '-').collect();
        for (name, command) in all_commands() {
            let last = name.rsplit(' ').next().unwrap();
            assert!(last.is_empty() || words.contains(&last), "{path} lacks the command {name}");
            for option in command.get_arguments().filter(|option| !option.is_hide_set()) {
                let Some(long) = option.get_long() else { continue };
                assert!(words.contains(&format!("--{long}").as_str()), "{path} lacks --{long} of {name}");
            }
        }
    }
}

#[test]
fn the_reference_names_every_variable() {
    for (reference, path) in both("environment.md") {
        for (name, command) in all_commands() {
            for variable in command.get_arguments().filter_map(|option| option.get_env()) {
                let variable = variable.to_str().unwrap();
                assert!(reference.contains(&format!("`{variable}`")), "{path} lacks {variable} of {name}");
            }
        }
    }
}

/// The words of a line of shell up to a redirection, a pipe or `&`; none if the shell would expand some.
fn words(line: &str) -> Option<Vec<String>> {
    if line.contains('$') {
        return None;
    }
    let mut words = Vec::new();
    for (index, piece) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
            continue;
        }
        let is_end = |word: &&str| matches!(*word, ">" | "|" | "&" | "\\");
        let mut plain = piece.split_whitespace();
        words.extend(plain.by_ref().take_while(|word| !is_end(word)).map(ToOwned::to_owned));
        if plain.next().is_some() || piece.split_whitespace().any(|word| is_end(&word)) {
            break;
        }
    }
    Some(words)
}

#[test]
fn every_command_line_in_the_documents_can_be_parsed() {
    let mut parsed = 0;
    for path in pages() {
        let text = fs::read_to_string(&path).unwrap();
        let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
        let lines = blocks
            .filter(|(language, _)| matches!(*language, "sh" | "shell"))
            .flat_map(|(_, code)| code.lines());
        for line in lines {
            let line = line.replace("cargo run --release -- ", "wechatpay-mock ");
            let Some(words) =
                words(&line).filter(|words| words.first().is_some_and(|word| word == "wechatpay-mock"))
            else {
                continue;
            };
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{}: {line}: {error}", path.display());
            }
            parsed += 1;
        }
    }
    assert!(parsed > 50, "{parsed}");
}
