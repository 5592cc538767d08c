//! The direction of dependencies: imports go down the list of folders, never up, and crates depend in one direction.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

/// The top level of `mock-server/src`, from top to bottom. Each may import those below it.
const LAYERS: [&str; 20] = [
    "lib",
    "server",
    "config",
    "net",
    "admin",
    "notify",
    "payer",
    "gateway",
    "journal",
    "faults",
    "operations",
    "response",
    "request",
    "store",
    "merchants",
    "api",
    "clock",
    "random",
    "limits",
    "policies",
];

/// The folders of the crates, and the crates that each may depend on. `client` and `mock-server` must agree without
/// depending on each other.
const CRATES: [(&str, &[&str]); 8] = [
    ("texts", &["texts-macros"]),
    ("protocol", &["texts"]),
    ("openapi", &["texts"]),
    ("diagnosis", &["texts", "protocol"]),
    ("client", &["texts", "protocol"]),
    ("mock-server", &["texts", "protocol", "openapi", "diagnosis"]),
    ("contract-tests", &["texts", "protocol", "openapi", "client", "mock"]),
    ("cli", &["texts", "protocol", "openapi", "client", "mock", "contract"]),
];

#[test]
fn no_import_of_the_mock_goes_up() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let files = files_below(&source);
    for file in &files {
        let inside = file.strip_prefix(&source).unwrap();
        let from = layer_of(inside);
        let text = fs::read_to_string(file).unwrap();
        for to in imported(&text, depth_of(inside)) {
            if rank(&to) < rank(&from) {
                found.push(format!("{} imports crate::{to}", file.display()));
            }
        }
    }
    assert!(files.len() > 50, "expected the sources of the mock, found {} files", files.len());
    assert!(found.is_empty(), "expected imports that go down only, found:\n{}", found.join("\n"));
}

#[test]
fn the_mock_has_only_the_folders_in_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names: Vec<_> =
        fs::read_dir(source).unwrap().map(|entry| layer_of(entry.unwrap().file_name().as_ref())).collect();
    names.sort();
    // The server is a file and its folder.
    names.dedup();
    let mut ranked = LAYERS.map(String::from).to_vec();
    ranked.sort();
    assert_eq!(names, ranked);
    assert!(names.len() <= 20, "{} names at the top are more than a reader can take in", names.len());
}

#[test]
fn crates_depend_only_on_those_that_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (folder, allowed) in CRATES {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for name in dependencies.keys().filter_map(|name| name.strip_prefix("wechatpay-")) {
            assert!(allowed.contains(&name), "{folder} depends on {name}");
        }
    }
}

/// `net` for `net/accept.rs`, `clock` for `clock.rs`.
fn layer_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// How many modules a file is below the crate: 1 for `net/mod.rs`, 2 for `net/accept.rs`.
fn depth_of(path: &Path) -> usize {
    path.components().count() - usize::from(path.ends_with("mod.rs"))
}

fn rank(layer: &str) -> usize {
    LAYERS
        .iter()
        .position(|known| *known == layer)
        .unwrap_or_else(|| panic!("{layer} has no place in LAYERS"))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let files = WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The top-level modules that a file imports: `a` and `b` for `use crate::{a::X, b}`, and `a` for `crate::a::f()`. Also
/// those that it reaches by `super` from this depth.
fn imported(text: &str, depth: usize) -> Vec<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let is_whole_word =
            !code[..at].ends_with(|one: char| one.is_alphanumeric() || one == '_' || one == '$');
        let rest = code[at + "crate::".len()..].trim_start();
        if !is_whole_word {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => names.extend(first_names(group)),
            None => names.extend(name_at_start(rest)),
        }
    }
    let up_and_out = "super::".repeat(depth);
    let by_super = code
        .match_indices(&up_and_out)
        .filter_map(|(at, up)| name_at_start(code[at + up.len()..].trim_start_matches("super::")));
    names.extend(by_super.filter(|name| LAYERS.contains(&name.as_str())));
    names.retain(|name| name.starts_with(char::is_lowercase));
    names
}

/// The first name of each path in a group, up to its closing brace.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut expects_name, mut names) = (0, true, Vec::new());
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            _ if expects_name && depth == 0 && !one.is_whitespace() => {
                names.extend(name_at_start(&group[at..]));
                expects_name = false;
            }
            _ => {}
        }
    }
    names
}

fn name_at_start(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::{\n    net::{tls::Tls, accept},\n    admin,\n};\nuse crate::api::Warning;\nfn f() { crate::store::g() }\n// crate::config";
    assert_eq!(imported(text, 1), ["net", "admin", "api", "store"]);
    assert_eq!(["clock.rs", "net/mod.rs", "net/accept.rs"].map(|file| depth_of(file.as_ref())), [1, 1, 2]);
    assert_eq!(imported("use super::super::clock::Clock;", 2), ["clock"]);
    assert!(
        imported("use super::clock::Clock;", 2).is_empty(),
        "a child of its own folder may have this name"
    );
}
