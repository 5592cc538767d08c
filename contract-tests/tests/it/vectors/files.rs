//! Finds vectors on disk and reads them strictly: anything unknown is an error.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::kind::{Divergence, Kind, Verdict};

/// One file.
#[derive(Debug)]
pub(super) struct Vector<K> {
    pub(super) name: String,
    pub(super) why: String,
    pub(super) verdict: Verdict,
    pub(super) content: K,
}

/// The fields that every kind has.
#[derive(Deserialize)]
struct Common {
    name: String,
    why: String,
    verdict: String,
    fault: Option<String>,
}

/// The names of [`Common`]'s fields.
const COMMON: [&str; 4] = ["name", "why", "verdict", "fault"];

/// The folder to which paths in vectors are relative.
pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// The PEM text of a key or certificate that a vector names.
pub(super) fn pem(path: &str) -> Result<String, Divergence> {
    fs::read_to_string(fixtures().join(path)).map_err(|error| Divergence::new("key file", path, error))
}

/// The names of the folders in a folder.
pub(super) fn folders(parent: &Path) -> BTreeSet<String> {
    let folders = paths(parent).unwrap().into_iter().filter(|path| path.is_dir());
    folders.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Every vector of a folder, by name.
///
/// # Errors
/// If there is none, or the folder has anything that is not a vector of this kind. The error names all such files.
pub(super) fn load<K: Kind>(folder: &Path) -> Result<Vec<Vector<K>>, String> {
    let paths = paths(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if paths.is_empty() {
        return Err(format!("{}: expected vectors, found an empty folder", folder.display()));
    }
    let (mut vectors, mut unread) = (Vec::new(), Vec::new());
    for path in paths {
        match read(&path) {
            Ok(vector) => vectors.push(vector),
            Err(error) => unread.push(format!("{}: {error}", path.display())),
        }
    }
    if unread.is_empty() { Ok(vectors) } else { Err(unread.join("\n")) }
}

/// The sorted contents of a folder.
fn paths(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn read<K: Kind>(path: &Path) -> Result<Vector<K>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let mut own: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let common: Map<String, Value> = COMMON.iter().filter_map(|name| own.remove_entry(*name)).collect();
    let common: Common = parsed(common)?;
    if path.file_name() != Some(format!("{}.json", common.name).as_ref()) {
        return Err(format!("expected the file's name, found {:?}", common.name));
    }
    if common.why.is_empty() {
        return Err("expected a reason in the field why, found none".into());
    }
    let verdict = verdict(&common.verdict, common.fault)?;
    Ok(Vector { name: common.name, why: common.why, verdict, content: parsed(own)? })
}

fn parsed<T: for<'de> Deserialize<'de>>(fields: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())
}

fn verdict(verdict: &str, fault: Option<String>) -> Result<Verdict, String> {
    match (verdict, fault) {
        ("valid", None) => Ok(Verdict::Valid),
        ("invalid", Some(fault)) => Ok(Verdict::Invalid { fault }),
        (other, fault) => {
            Err(format!("expected valid, or invalid and a fault, found {other:?} and {fault:?}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A kind of one field.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Simple {
        field: u8,
    }

    impl Kind for Simple {
        const FOLDER: &'static str = "simple";

        fn check(&self, _: &Verdict) -> Result<(), Divergence> {
            Ok(())
        }
    }

    fn load_file(name: &str, content: &str) -> Result<Vec<Vector<Simple>>, String> {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(name), content).unwrap();
        load(folder.path())
    }

    #[test]
    fn a_vector_is_read_by_the_name_of_its_file() {
        let content = r#"{"name": "a", "why": "b", "verdict": "invalid", "fault": "c", "field": 1}"#;
        let vectors = load_file("a.json", content).unwrap();
        assert_eq!(vectors[0].verdict, Verdict::Invalid { fault: "c".into() });
        assert_eq!(vectors[0].content.field, 1);
        assert!(load_file("other.json", content).is_err());
        assert!(load_file("a.txt", content).is_err());
    }

    #[test]
    fn a_folder_without_vectors_is_an_error() {
        let folder = TempDir::new().unwrap();
        assert!(load::<Simple>(folder.path()).unwrap_err().contains("empty folder"));
        assert!(load::<Simple>(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        let content = r#"{"name": "a", "why": "b", "verdict": "valid", "field": 1, "filed": 2}"#;
        assert!(load_file("a.json", content).unwrap_err().contains("filed"));
    }

    #[test]
    fn an_invalid_vector_without_a_fault_is_an_error() {
        for verdict in [r#""invalid""#, r#""acceptable""#, r#""valid", "fault": "c""#] {
            let content = format!(r#"{{"name": "a", "why": "b", "verdict": {verdict}, "field": 1}}"#);
            assert!(load_file("a.json", &content).unwrap_err().contains("and a fault"), "{verdict}");
        }
    }
}
