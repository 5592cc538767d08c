//! The program that a name means.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The program that a shell would start by this name. On Windows that may be a script, such as `npm.cmd` for `npm`, which
/// does not start without its extension.
pub fn executable(name: &OsStr) -> OsString {
    let script = if cfg!(windows) { script(name, env::var_os("PATH").as_deref()) } else { None };
    script.map_or_else(|| name.to_owned(), OsString::from)
}

/// The first script of this name in a folder of the path, unless a program comes first.
fn script(name: &OsStr, path: Option<&OsStr>) -> Option<PathBuf> {
    let is_bare = Path::new(name).extension().is_none() && Path::new(name).file_name() == Some(name);
    let mut folders = path.filter(|_| is_bare).into_iter().flat_map(env::split_paths);
    let found = folders.find_map(|folder| {
        ["exe", "cmd", "bat"]
            .map(|extension| folder.join(name).with_extension(extension))
            .into_iter()
            .find(|file| file.is_file())
    });
    found.filter(|file| file.extension() != Some(OsStr::new("exe")))
}

#[cfg(test)]
mod tests {
    use std::fs::write;

    use super::*;

    #[test]
    fn a_script_is_found_unless_a_program_comes_first() {
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let path = env::join_paths([first.path(), second.path()]).unwrap();
        let found = |name: &str| script(OsStr::new(name), Some(&path));
        write(second.path().join("npm.cmd"), "").unwrap();
        assert_eq!(found("npm"), Some(second.path().join("npm.cmd")));
        assert_eq!([found("npm.cmd"), found("./npm"), found("mvn")], [None, None, None]);
        write(first.path().join("npm.exe"), "").unwrap();
        assert_eq!(found("npm"), None);
    }
}
