//! Configuration files on the command line.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::Stdio,
};

use tempfile::TempDir;

use crate::support::{command, repository, run};

/// A folder with a configuration in it.
struct Folder(TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        Self(tempfile::tempdir().unwrap()).with("mock.toml", config)
    }

    fn with(self, name: &str, content: &str) -> Self {
        fs::write(self.0.path().join(name), content).unwrap();
        self
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("mock.toml")
    }
}

#[test]
fn the_example_is_valid() {
    let ended = run(&["check-config", repository("fixtures/config/example.toml").to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let shown = ended.stdout;
    assert!(shown.contains("example.toml is valid"), "{shown}");
    assert!(shown.contains("1900000002, service-provider, trusts public key"), "{shown}");
}

#[test]
fn a_configuration_error_exits_with_2_and_nothing_starts() {
    let folder = Folder::new("listen = \"127.0.0.1:0\"\nlimit = 1");
    let file = folder.file();
    let file = file.to_str().unwrap();
    for arguments in [&["check-config", file][..], &["--config", file], &["keys", "x", "--config", file]] {
        let output = run(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let message = output.stderr;
        assert!(message.contains("mock.toml:2: expected one of the keys listen,"), "{message}");
        assert!(message.ends_with("did you mean limits?\n"), "{message}");
    }
}

#[test]
fn the_command_line_overrides_the_file() {
    let folder = Folder::new("listen = \"127.0.0.1:0\"");
    assert!(first_line(&folder, &[]).starts_with("listening on http://127.0.0.1:"));
    assert!(first_line(&folder, &["--listen", "127.0.0.2:0"]).starts_with("listening on http://127.0.0.2:"));
}

/// The first line of output of a mock whose configuration is named in its environment.
fn first_line(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = command();
    command.args(arguments);
    command.env("WECHATPAY_MOCK_CONFIG", folder.file()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

#[test]
fn a_seed_on_the_command_line_overrides_that_of_the_file() {
    let folder = Folder::new("seed = \"good.json\"")
        .with("good.json", "{ \"merchants\": {} }")
        .with("bad.json", "{ \"merchant\": {} }");
    let (config, seed) = (folder.file(), folder.0.path().join("bad.json"));
    let output = run(&["--config", config.to_str().unwrap(), "--seed", seed.to_str().unwrap()]);
    assert_eq!(output.code, Some(2));
    assert!(output.stderr.contains("bad.json:1: expected a seed in JSON"));
}

#[test]
fn keys_writes_the_credentials_of_the_requested_merchant() {
    let folder =
        Folder::new("[[merchant]]\nmchid = \"1\"\n[[merchant]]\nmchid = \"2\"\ntrust = \"public-key\"");
    let (config, target) = (folder.file(), folder.0.path().join("keys"));
    let arguments = ["keys", target.to_str().unwrap(), "--config", config.to_str().unwrap(), "--mchid"];
    assert!(run(&[&arguments[..], &["2"]].concat()).code == Some(0));
    let written = fs::read_to_string(target.join("credentials.json")).unwrap();
    assert!(written.contains("\"mchid\": \"2\"") && !written.contains("platform_"), "{written}");

    let output = run(&[&arguments[..], &["3"]].concat());
    assert_eq!(output.code, Some(2));
    assert!(output.stderr.contains("expected the mchid of a merchant (1, 2), found 3"));
}
