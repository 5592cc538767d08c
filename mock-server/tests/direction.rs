//! The direction of dependencies: imports go down the list of folders, never up, and crates depend in one direction.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    iter::successors,
    path::Path,
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
    let modules = modules_of("mock-server", code_of);
    let mut found = Vec::new();
    for (from, to) in arrows(&modules) {
        if rank(layer_of(&to)) < rank(layer_of(&from)) {
            found.push(format!("{from} imports crate::{to}"));
        }
    }
    assert!(modules.len() > 50, "expected the sources of the mock, found {} files", modules.len());
    let count = arrows(&modules).len();
    assert!(count > 100, "expected imports in the sources of the mock, found {count}");
    assert!(found.is_empty(), "expected imports that go down only, found:\n{}", found.join("\n"));
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    for (folder, _) in CRATES {
        let modules = modules_of(folder, |file| without_tests(&code_of(file)).to_owned());
        let left = circles(arrows(&modules));
        let found: Vec<_> = left.iter().map(|(from, to)| format!("{from} imports crate::{to}")).collect();
        assert!(found.is_empty(), "expected no circles in {folder}, found:\n{}", found.join("\n"));
    }
}

#[test]
fn the_mock_has_only_the_folders_in_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names = fs::read_dir(source).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    names.sort();
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

/// `net` for `net::accept`; the crate's own file is on top.
fn layer_of(module: &str) -> &str {
    module.split("::").next().filter(|name| !name.is_empty()).unwrap_or(LAYERS[0])
}

fn rank(layer: &str) -> usize {
    LAYERS
        .iter()
        .position(|known| *known == layer)
        .unwrap_or_else(|| panic!("{layer} has no place in LAYERS"))
}

/// The modules of a crate, by the path of each, with the paths that its code names.
type Modules = BTreeMap<String, Vec<String>>;

fn modules_of(folder: &str, read: impl Fn(&Path) -> String) -> Modules {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("src");
    let files = WalkDir::new(&source).into_iter().map(|entry| entry.unwrap().into_path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.map(|file| (module_of(file.strip_prefix(&source).unwrap()), paths(&read(&file)))).collect()
}

/// `net::accept` for `net/accept.rs`, `net` for `net/mod.rs`, and nothing for the crate's own file.
fn module_of(file: &Path) -> String {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_str().unwrap());
    names.filter(|name| !["lib", "main", "mod"].contains(name)).collect::<Vec<_>>().join("::")
}

/// The text of a file without its comments.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Code without the tests at its end, which may use what they like.
fn without_tests(code: &str) -> &str {
    code.split_once("#[cfg(test)]\nmod tests {").map_or(code, |(own, _)| own)
}

/// The imports that are part of a circle or lie between two. A module may use its ancestors: they count as one.
fn circles(arrows: BTreeSet<(String, String)>) -> Vec<(String, String)> {
    let is_inside = |from: &str, to: &str| to.is_empty() || from.starts_with(&format!("{to}::"));
    let mut left: Vec<_> = arrows.into_iter().filter(|(from, to)| !is_inside(from, to)).collect();
    loop {
        let (froms, tos): (BTreeSet<_>, BTreeSet<_>) = left.iter().cloned().unzip();
        let before = left.len();
        left.retain(|(from, to)| tos.contains(from) && froms.contains(to));
        if left.len() == before {
            return left;
        }
    }
}

/// Which module imports which other one.
fn arrows(modules: &Modules) -> BTreeSet<(String, String)> {
    let of = |(from, paths): (&String, &Vec<String>)| {
        let to = paths.iter().filter_map(|path| target(modules, from, path)).filter(|to| to != from);
        to.map(|to| (from.clone(), to)).collect::<Vec<_>>()
    };
    modules.iter().flat_map(of).collect()
}

/// The module that has what a path in this module names; `None` if it is in another crate.
fn target(modules: &Modules, from: &str, path: &str) -> Option<String> {
    let joined = |module: &str, path: &str| format!("{module}::{path}").trim_start_matches("::").to_owned();
    let (mut base, mut rest) = (from, path.strip_prefix("self::").unwrap_or(path));
    while let Some(above) = rest.strip_prefix("super::") {
        (base, rest) = (base.rsplit_once("::").map_or("", |(above, _)| above), above);
    }
    let first = rest.split("::").next()?;
    let whole = match rest.strip_prefix("crate::") {
        Some(rest) => rest.to_owned(),
        None if rest.len() < path.len() || modules.contains_key(&joined(from, first)) => joined(base, rest),
        None => return None,
    };
    let mut prefixes = successors(Some(whole.as_str()), |path| Some(path.rsplit_once("::")?.0));
    let module = prefixes.find(|path| modules.contains_key(*path)).unwrap_or_default();
    let name =
        whole[module.len()..].trim_start_matches("::").split("::").next().filter(|name| !name.is_empty());
    // A re-export counts as an import of the module that defines it.
    let handed_on = name.and_then(|name| {
        let ending = format!("::{name}");
        let is_inside =
            |path: &&str| modules.contains_key(&joined(module, path.split("::").next().unwrap_or_default()));
        let paths = modules[module].iter().map(|path| path.strip_prefix("self::").unwrap_or(path));
        let mut inside = paths.filter(|path| path.ends_with(&ending)).filter(is_inside);
        target(modules, module, inside.next()?)
    });
    // Within a module in the file, `super` is the file itself.
    let is_known = !module.is_empty() || path.starts_with("crate::");
    is_known.then(|| handed_on.unwrap_or_else(|| module.to_owned()))
}

/// The paths in code, those of groups one by one: `crate::a::b` and `crate::c` for `use crate::{a::b, c};`.
fn paths(mut code: &str) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(one) = code.chars().next() {
        // The `crate` of a macro is that of its caller.
        code = if is_of_name(one) { path(code, "", &mut found) } else { &code[one.len_utf8()..] };
        code = code.strip_prefix('$').map_or(code, |code| code.trim_start_matches(is_of_name));
    }
    found.retain(|path| path.contains("::"));
    found
}

/// Reads the path, or each path of the group, at the start of the text, with `before` as its prefix. Returns the rest.
fn path<'t>(text: &'t str, before: &str, found: &mut Vec<String>) -> &'t str {
    let (name, rest) = text.split_at(text.find(|one| !is_of_name(one)).unwrap_or(text.len()));
    let whole = format!("{before}{name}");
    let Some(rest) = rest.strip_prefix("::") else {
        found.push(whole);
        return rest;
    };
    let Some(mut rest) = rest.strip_prefix('{') else { return path(rest, &(whole + "::"), found) };
    while let Some(one) = rest.chars().next().filter(|one| *one != '}') {
        rest =
            if is_of_name(one) { path(rest, &format!("{whole}::"), found) } else { &rest[one.len_utf8()..] };
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

fn is_of_name(one: char) -> bool {
    one.is_alphanumeric() || one == '_'
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "use crate::{\n    net::{tls::Tls, accept},\n    admin,\n};\nfn f() { crate::store::g() + $crate::h() }";
    assert_eq!(
        paths(code),
        ["crate::net::tls::Tls", "crate::net::accept", "crate::admin", "crate::store::g"]
    );
    let modules = ["clock.rs", "net/mod.rs", "net/accept.rs"].map(|file| module_of(file.as_ref()));
    assert_eq!(modules, ["clock", "net", "net::accept"]);
    let mut modules = Modules::from(modules.map(|module| (module, Vec::new())));
    modules.insert(String::new(), Vec::new());
    modules.insert("net".into(), vec!["accept::Shared".into()]);
    for (path, expected) in [
        ("super::super::clock::Clock", Some("clock")),
        ("super::accept", Some("net::accept")),
        ("crate::net::Shared", Some("net::accept")),
        ("crate::net::Other", Some("net")),
        ("crate::MockServer", Some("")),
        ("std::net::IpAddr", None),
    ] {
        assert_eq!(target(&modules, "net::accept", path).as_deref(), expected, "{path}");
    }
    assert_eq!(target(&modules, "clock", "super::net::accept").as_deref(), Some("net::accept"));
}

#[test]
fn only_imports_in_a_circle_are_left() {
    let arrows =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    let left = circles(arrows(&[("a::x", "b::y"), ("b::y", "a::x"), ("c", "a::x"), ("b::y", "d")]));
    assert_eq!(left, Vec::from_iter(arrows(&[("a::x", "b::y"), ("b::y", "a::x")]) as BTreeSet<_>));
    assert!(circles(arrows(&[("a::x", "a"), ("a", "a::x")])).is_empty(), "a module may use its ancestors");
}
