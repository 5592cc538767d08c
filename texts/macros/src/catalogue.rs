//! The Chinese texts of the crate that is compiled: `texts/zh/*.toml` beside its `Cargo.toml`.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use proc_macro2::Span;
use syn::{Error, LitStr};

/// The Chinese of each English text.
type Catalogue = HashMap<String, String>;

/// The files of the catalogue, sorted.
pub(crate) fn files() -> syn::Result<Vec<PathBuf>> {
    folder().and_then(|folder| list(&folder)).map_err(|problem| Error::new(Span::call_site(), problem))
}

/// The Chinese of this text.
pub(crate) fn chinese(english: &LitStr) -> syn::Result<String> {
    static CATALOGUE: OnceLock<Result<Catalogue, String>> = OnceLock::new();
    let text = english.value();
    let found = CATALOGUE.get_or_init(read).as_ref().map_err(Clone::clone).and_then(|catalogue| {
        let missing =
            || format!("expected its Chinese in texts/zh/*.toml of this crate, found none: {text:?} = \"…\"");
        catalogue.get(&text).cloned().ok_or_else(missing)
    });
    found.map_err(|problem| Error::new(english.span(), problem))
}

fn folder() -> Result<PathBuf, String> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("expected Cargo to run the compiler")?;
    Ok(Path::new(&package).join("texts/zh"))
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(cannot)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

/// All files. A text may stand in one of them only.
fn read() -> Result<Catalogue, String> {
    let mut catalogue = Catalogue::new();
    for file in list(&folder()?)? {
        let name = file.display();
        let content = fs::read_to_string(&file).map_err(|error| format!("cannot read {name}: {error}"))?;
        let texts: Catalogue = toml::from_str(&content).map_err(|error| format!("{name}: {error}"))?;
        for (english, chinese) in texts {
            if let Some(_before) = catalogue.insert(english.clone(), chinese) {
                return Err(format!("{name}: another file has {english:?} already"));
            }
        }
    }
    Ok(catalogue)
}
