//! Takes the cases and the real samples of `fixtures/` into the kit, so that the command needs no files.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    ["cases", "real"].into_iter().try_for_each(embed)
}

/// Writes the files of a folder of `fixtures/` as a Rust array of their ids and texts.
fn embed(name: &str) -> io::Result<()> {
    let fixtures = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../fixtures");
    let folder = fixtures.join(name).canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut files = Vec::new();
    find(&folder, &mut files)?;
    let rows = files.iter().map(|path| {
        let id = path.strip_prefix(&folder).unwrap_or(path).with_extension("");
        let id = id.to_string_lossy().replace('\\', "/");
        (id, format!("include_str!({:?})", path.display().to_string()))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    let rows: String = rows.iter().map(|(id, text)| format!("({id:?}, {text}),\n")).collect();
    let out = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join(format!("{name}.rs"));
    fs::write(out, format!("[\n{rows}]\n"))
}

fn find(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}
