//! The programs that take part: the mock and its load generator from this repository, and the peers that are there.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::failure::{During, Failure};

const PRODUCT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
const BENCHES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
/// Where cargo is called, whoever calls from wherever: it looks there for how to build.
pub(crate) const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Servers that are measured beside the mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Peer {
    Nginx,
    Wiremock,
    Httpmock,
    Apimock,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::Nginx, Self::Wiremock, Self::Httpmock, Self::Apimock];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Wiremock => "wiremock",
            Self::Httpmock => "httpmock",
            Self::Apimock => "apimock",
        }
    }

    /// Whether it is a mock server in Rust, as those are that the goals name.
    pub(crate) const fn is_in_rust(self) -> bool {
        !matches!(self, Self::Nginx)
    }
}

/// Where the programs are, and which versions.
pub(crate) struct Programs {
    built: HashMap<String, PathBuf>,
    versions: HashMap<String, String>,
}

impl Programs {
    /// Builds what is made of sources, as commands that are kept are built, and looks for the rest.
    ///
    /// # Errors
    /// If something can't be built.
    pub(crate) async fn build() -> Result<Self, Failure> {
        let mut built = build(PRODUCT, &["wechatpay-mock", "wechatpay-contract"]).await?;
        built.extend(build(BENCHES, &[]).await?);
        let mut versions = versions().await?;
        if let Some(version) = nginx().await {
            versions.insert(Peer::Nginx.name().into(), version);
        }
        Ok(Self { built, versions })
    }

    pub(crate) fn mock(&self) -> Result<&Path, Failure> {
        self.named("wechatpay-mock")
    }

    pub(crate) fn generator(&self) -> Result<&Path, Failure> {
        self.named("wechatpay-contract")
    }

    pub(crate) fn library_start(&self) -> Result<&Path, Failure> {
        self.named("library-start")
    }

    pub(crate) fn peer(&self, peer: Peer) -> Result<&Path, Failure> {
        self.named(&format!("peer-{}", peer.name()))
    }

    /// The peers that can be started.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Peer> {
        Peer::ALL.into_iter().filter(|peer| self.versions.contains_key(peer.name()))
    }

    pub(crate) fn version(&self, peer: Peer) -> &str {
        self.versions.get(peer.name()).map_or("", String::as_str)
    }

    fn named(&self, name: &str) -> Result<&Path, Failure> {
        let path = self.built.get(name).map(PathBuf::as_path);
        path.ok_or_else(|| Failure::unexpected("cargo build", name, "no such program"))
    }
}

/// The programs of these packages, by name, wherever cargo puts them. Of none: of all, as the scripts build this program,
/// since cargo builds dependencies anew for each choice of packages.
async fn build(manifest: &str, packages: &[&str]) -> Result<HashMap<String, PathBuf>, Failure> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(HERE);
    cargo.args([
        "build",
        "--quiet",
        "--profile",
        "dist",
        "--locked",
        "--message-format",
        "json-render-diagnostics",
    ]);
    cargo.args(["--manifest-path", manifest]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    let output = output(&mut cargo, "cargo build").await?;
    let mut built = HashMap::new();
    for line in output.lines() {
        let message: Message = serde_json::from_str(line).during(|| "cargo's messages".into())?;
        if let Some((path, name)) = message.executable.and_then(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            Some((path, name))
        }) {
            built.insert(name, path);
        }
    }
    Ok(built)
}

/// The versions of everything that the peers are made of.
async fn versions() -> Result<HashMap<String, String>, Failure> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(HERE);
    cargo.args(["metadata", "--format-version", "1", "--locked", "--manifest-path", BENCHES]);
    let output = output(&mut cargo, "cargo metadata").await?;
    let metadata: Metadata = serde_json::from_str(&output).during(|| "cargo's metadata".into())?;
    Ok(metadata.packages.into_iter().map(|package| (package.name, package.version)).collect())
}

/// `1.22.1`, from `nginx version: nginx/1.22.1`
async fn nginx() -> Option<String> {
    let output = Command::new("nginx").arg("-v").stdin(Stdio::null()).output().await.ok()?;
    let said = String::from_utf8(output.stderr).ok()?;
    Some(said.trim().split_once("nginx/")?.1.to_owned())
}

/// Runs a command to its end, and gives what it printed. What it said on stderr is shown if it fails.
///
/// # Errors
/// If it can't be started, or does not end with 0.
pub(crate) async fn output(command: &mut Command, what: &str) -> Result<String, Failure> {
    let ran = command.stdin(Stdio::null()).kill_on_drop(true).output().await.during(|| what.into())?;
    if !ran.status.success() {
        let output = String::from_utf8_lossy(&ran.stderr).into_owned();
        return Err(Failure::Ended { what: what.into(), status: ran.status, output });
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}
