//! Takes the cases of `fixtures/cases/` into the kit, so that the command needs no files.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let cases =
        Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../fixtures/cases");
    let cases = cases.canonicalize()?;
    println!("cargo::rerun-if-changed={}", cases.display());

    let mut files = Vec::new();
    find(&cases, &mut files)?;
    let rows = files.iter().map(|path| {
        let id = path.strip_prefix(&cases).unwrap_or(path).with_extension("");
        let id = id.to_string_lossy().replace('\\', "/");
        (id, format!("include_str!({:?})", path.display().to_string()))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    let rows: String = rows.iter().map(|(id, text)| format!("({id:?}, {text}),\n")).collect();
    let out = Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("cases.rs");
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
