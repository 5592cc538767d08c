//! Calls made by curl.

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::process::Command;
use wechatpay_mock::MockServer;

use super::{RawRequest, secure::GATEWAY};

/// curl, and the files that it reads.
pub(crate) struct Curl<'a> {
    mock: &'a MockServer,
    dir: TempDir,
}

impl<'a> Curl<'a> {
    /// curl with the mock's CA.
    pub(crate) async fn trusting(mock: &'a MockServer) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), mock.ca_pem().await.unwrap()).unwrap();
        Self { mock, dir }
    }

    /// The mock's URL with this scheme.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.mock.address().port())
    }

    /// Options that make curl use the mock as its proxy.
    pub(crate) fn through_proxy(&self) -> [String; 2] {
        ["-x".into(), self.mock.url()]
    }

    /// Options that make curl connect to the mock for the gateway's host.
    pub(crate) fn resolving(&self) -> [String; 2] {
        ["--connect-to".into(), format!("{GATEWAY}:443:{}", self.mock.address())]
    }

    /// The stdout (with `-i`) and stderr (with `-v`) of curl for a signed request with these options.
    pub(crate) async fn call(
        &self,
        url: &str,
        request: &RawRequest,
        options: impl IntoIterator<Item = impl Into<String>>,
    ) -> (String, String) {
        let head = String::from_utf8(request.head()).unwrap();
        let mut curl = Command::new("curl");
        curl.args(["-q", "-sS", "-i", "-v", "--max-time", "20", "--cacert"]).arg(self.file("ca.pem"));
        // Ignore a proxy that is configured on this machine.
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            curl.env_remove(name).env_remove(name.to_uppercase());
        }
        for header in head.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("Host: ")) {
            curl.args(["-H", header]);
        }
        if !request.body.is_empty() {
            std::fs::write(self.file("body"), &request.body).unwrap();
            curl.arg("--data-binary").arg(format!("@{}", self.file("body").display()));
            curl.args(["-H", "Content-Type: application/json"]);
        }
        curl.args(options.into_iter().map(Into::into)).args(["-X", request.method]);
        let output = curl.arg(format!("{url}{}", request.target)).output().await.unwrap();
        let [printed, log] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{}: {log}", output.status);
        (printed, log)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
