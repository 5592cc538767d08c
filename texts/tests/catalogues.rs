//! The catalogues of all crates: each entry is used, and is Chinese.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use walkdir::WalkDir;

type Catalogue = HashMap<String, String>;

/// The crates with a catalogue.
fn crates() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let crates: Vec<_> = folders.filter(|folder| folder.join("texts/zh").is_dir()).collect();
    assert!(!crates.is_empty(), "no crate has a catalogue");
    crates
}

fn files(folder: &Path, extension: &str) -> impl Iterator<Item = PathBuf> {
    let files = WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(move |file| file.extension().is_some_and(|found| found == extension))
}

fn catalogue(package: &Path) -> Catalogue {
    let folder = package.join("texts/zh");
    let read = |file| toml::from_str::<Catalogue>(&fs::read_to_string(file).unwrap()).unwrap();
    files(&folder, "toml").flat_map(read).collect()
}

/// Every string in the sources, also in the arguments of macros, and every line of documentation.
fn strings(package: &Path) -> HashSet<String> {
    let mut strings = HashSet::new();
    for file in files(&package.join("src"), "rs") {
        let source: TokenStream = fs::read_to_string(&file).unwrap().parse().unwrap();
        collect(source, &mut strings);
    }
    strings
}

fn collect(tokens: TokenStream, strings: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), strings),
            TokenTree::Literal(literal) => {
                strings
                    .extend(syn::parse_str::<syn::LitStr>(&literal.to_string()).map(|string| string.value()));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

#[test]
fn every_entry_is_a_text_of_its_crate() {
    for package in crates() {
        let strings = strings(&package);
        let unused: Vec<_> =
            catalogue(&package).into_keys().filter(|english| !strings.contains(english)).collect();
        assert_eq!(unused, Vec::<String>::new(), "in {}", package.display());
    }
}

#[test]
fn every_entry_is_chinese_and_says_ni() {
    for package in crates() {
        for (english, chinese) in catalogue(&package) {
            // Some are only punctuation.
            let is_chinese = !chinese.is_ascii();
            assert!(is_chinese && !chinese.contains('您'), "{english:?} = {chinese:?}");
        }
    }
}
