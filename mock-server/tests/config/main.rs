//! The configuration file: the example is valid, and each mistake is reported with file, line and advice.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod good;
mod own;
mod refused_change_over;
mod refused_faults;
mod refused_file;
mod refused_keys;
mod refused_seed;
mod refused_values;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};
use tempfile::TempDir;
use wechatpay_mock::{
    Config, ConfigErrors, DiagnosisMode, Fault, FaultRule, Latency, Limits, MerchantKind, NoCredentials,
    PlatformCertificates, Transfers, TrustMode,
    policies::{Arithmetic, Policies},
};
use wechatpay_protocol::{Credentials, Timestamp};

/// 2026-01-01 in Beijing, when every certificate in `fixtures/` is valid.
const NOW: Timestamp = Timestamp::from_unix(1_767_196_800);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").canonicalize().unwrap()
}

/// A folder with a configuration and the files that it names. `{credentials}/` is the folder in `fixtures/`.
struct Folder(TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let credentials = fixtures().join("credentials");
        folder.with("mock.toml", &config.replace("{credentials}", credentials.to_str().unwrap()))
    }

    fn with(self, name: &str, content: &str) -> Self {
        fs::write(self.0.path().join(name), content).unwrap();
        self
    }

    /// Adds a self-signed certificate for a key in `fixtures/`, valid from January 1 of one year to January 1 of
    /// another.
    fn with_certificate(self, name: &str, key: &str, years: [i32; 2]) -> Self {
        let pem = fs::read_to_string(fixtures().join("credentials").join(key)).unwrap();
        let key = KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        [params.not_before, params.not_after] = years.map(|year| date_time_ymd(year, 1, 1));
        params.serial_number = Some(SerialNumber::from_slice(name.as_bytes()));
        self.with(name, &params.self_signed(&key).unwrap().pem())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("mock.toml")
    }

    fn read(&self) -> Result<Config, ConfigErrors> {
        Config::from_file_at(self.file(), NOW)
    }

    /// The only error in the configuration: file and line, problem, advice.
    #[track_caller]
    fn error(&self) -> [String; 3] {
        let errors = self.read().unwrap_err();
        let [error] = errors.errors() else { panic!("{errors}") };
        let file = error.file.file_name().unwrap().to_str().unwrap();
        let place = error.line.map_or(file.into(), |line| format!("{file}:{line}"));
        [place, error.problem.clone(), error.advice.clone()]
    }
}

#[track_caller]
fn error(config: &str) -> [String; 3] {
    Folder::new(config).error()
}

const PLATFORM: &str =
    "[[platform_certificate]]\nprivate_key = \"{credentials}/platform_key.pem\"\ncertificate = \"";
const SECOND: &str =
    "[[platform_certificate]]\nprivate_key = \"{credentials}/other_key.pem\"\ncertificate = \"";
