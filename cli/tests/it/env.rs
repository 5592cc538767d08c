//! `wechatpay-mock env`: what lets a program reach a mock that runs already.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use wechatpay_mock::{Config, MerchantConfig, MockServer, NewMerchant};

use crate::support::{Ended, command, on_path, run_beside};

/// A home folder, in which commands write.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where the files of all mocks are.
    fn files(&self) -> PathBuf {
        self.0.path().join("wechatpay-mock").join("env")
    }

    /// The command without the variables that it adds to.
    fn command(&self, mock: &MockServer, arguments: &[&str]) -> Command {
        let mut command = command();
        for name in ["NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS"] {
            command.env_remove(name);
        }
        command.env("HOME", self.0.path()).env("XDG_DATA_HOME", self.0.path());
        command.env("WECHATPAY_MOCK_URL", mock.url()).arg("env").args(arguments);
        command
    }

    async fn run(&self, mock: &MockServer, arguments: &[&str]) -> Ended {
        run_beside(self.command(mock, arguments)).await
    }

    async fn variables(&self, mock: &MockServer, arguments: &[&str]) -> BTreeMap<String, String> {
        let ended = self.run(mock, &[&["--format", "json"], arguments].concat()).await;
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

async fn mock() -> MockServer {
    MockServer::builder().start().await.unwrap()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_shell_that_evaluates_it_reaches_the_mock() {
    let (mock, home) = (mock().await, Home::new());
    let shell = "eval \"$(wechatpay-mock env)\"; eval \"$(wechatpay-mock env)\"; wechatpay-mock call GET \
                 /v3/certificates > /dev/null 2>&1; printf '%s\\n' \"$WECHATPAY_MCHID\" \"$NODE_OPTIONS\"";
    let mut command = Command::new("sh");
    let own = home.command(&mock, &[]);
    command.args(["-c", shell]).env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    on_path(&mut command);
    let ended = run_beside(command).await;
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    let folder = home.files().join(format!("127.0.0.1-{}-1900000001", mock.address().port()));
    let folder = folder.canonicalize().unwrap();
    let preload = folder.join("preload.cjs");
    assert_eq!(ended.stdout, format!("1900000001\n--require \"{}\"\n", preload.display()));
    assert_eq!(mock.requests_of("list_certificates"), 1);
    assert_eq!((mode(&folder), mode(folder.join("apiclient_key.pem")), mode(preload)), (0o700, 0o600, 0o644));
}

#[tokio::test]
async fn the_variables_are_those_of_run() {
    let (mock, home) = (mock().await, Home::new());
    let mut command = command();
    for name in ["NODE_OPTIONS", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS"] {
        command.env_remove(name);
    }
    let names = |text: String| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.map(|(name, _)| name.to_owned()).collect()
    };
    command.args(["run", "--allow-none", "--", "env"]);
    let before = names(Command::new("env").output().map(|it| String::from_utf8(it.stdout).unwrap()).unwrap());
    let of_run = names(run_beside(command).await.stdout);
    let of_env = home.variables(&mock, &[]).await;
    let missing: Vec<_> =
        of_run.iter().filter(|name| !before.contains(name) && !of_env.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for (name, value) in &of_env {
        assert!(of_run.contains(name), "{name}");
        assert!(!value.starts_with('/') || Path::new(value).exists(), "{name}={value}");
    }
    assert_eq!(of_env["HTTPS_PROXY"], mock.url());
}

#[tokio::test]
async fn each_format_has_all_variables() {
    let (mock, home) = (mock().await, Home::new());
    let all = home.variables(&mock, &[]).await;
    for (format, begin) in [
        ("sh", "export HTTP_PROXY='"),
        ("fish", "set -gx HTTP_PROXY '"),
        ("powershell", "$Env:HTTP_PROXY = '"),
        ("cmd", "set \"HTTP_PROXY="),
        ("dotenv", "HTTP_PROXY='"),
    ] {
        let ended = home.run(&mock, &["--format", format]).await;
        assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), all.len()), "{format}");
        assert!(ended.stdout.lines().any(|line| line.starts_with(begin)), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_merchant_and_a_folder_can_be_named() {
    let (mock, home) = (mock().await, Home::new());
    let made = mock
        .make_merchant(NewMerchant { mchid: Some("42".parse().unwrap()), ..NewMerchant::default() })
        .unwrap();
    let dir = home.0.path().join("a b").join("mine");
    let variables = home.variables(&mock, &["--merchant", "42", "--dir", dir.to_str().unwrap()]).await;
    assert_eq!(variables["WECHATPAY_MCHID"], "42");
    assert_eq!(fs::read_to_string(&variables["WECHATPAY_MERCHANT_KEY"]).unwrap(), made.merchant_key);
    assert!(variables["SSL_CERT_FILE"].ends_with("/a b/mine/ca-bundle.pem"));
    assert!(!home.files().exists());
    let ended = home.run(&mock, &["--merchant", "43"]).await;
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert!(ended.stderr.contains("expected the mchid of a merchant, found \"43\""), "{}", ended.stderr);
}

#[tokio::test]
async fn keys_that_the_mock_does_not_show_are_left_out() {
    let own = MerchantConfig {
        apiv3_key: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        ..MerchantConfig::new("41".parse().unwrap())
    };
    let config = Config::default().with_merchants([own]);
    let (mock, home) = (MockServer::builder().config(config).start().await.unwrap(), Home::new());
    let ended = home.run(&mock, &["--format", "json"]).await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("merchant 41 has keys of its own"), "{}", ended.stderr);
    let variables: BTreeMap<String, String> = serde_json::from_str(&ended.stdout).unwrap();
    assert!(variables.contains_key("HTTPS_PROXY") && !variables.contains_key("WECHATPAY_MCHID"));
}

#[tokio::test]
async fn the_files_of_the_last_mocks_are_kept_until_they_are_deleted() {
    let (mock, home) = (mock().await, Home::new());
    for number in 0..20 {
        fs::create_dir_all(home.files().join(format!("old-{number}"))).unwrap();
    }
    let variables = home.variables(&mock, &[]).await;
    assert_eq!(fs::read_dir(home.files()).unwrap().count(), 16);
    assert!(Path::new(&variables["SSL_CERT_FILE"]).exists());
    assert!(home.run(&mock, &["--delete"]).await.stdout.starts_with("deleted "));
    assert!(!home.files().exists());
    assert!(home.run(&mock, &["--delete"]).await.stdout.starts_with("nothing to delete: "));
}

#[tokio::test]
async fn without_a_mock_or_a_folder_it_says_so() {
    let (mock, home) = (mock().await, Home::new());
    fs::write(home.0.path().join("wechatpay-mock"), "").unwrap();
    let ended = home.run(&mock, &[]).await;
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(
        ended.stderr.contains("cannot make the folder ") && ended.stderr.contains("--dir"),
        "{}",
        ended.stderr
    );
    let url = mock.url();
    drop(mock);
    let mut command = command();
    command.args(["env", "--url", &url]);
    let ended = run_beside(command).await;
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert!(ended.stderr.contains("cannot connect to a mock"), "{}", ended.stderr);
}
