//! Cases: files that say what to send, how to sign it, and what must come back.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use wechatpay_mock::{
    CertificateStatus, Clock, Config, MerchantConfig, MockServer, Seed, Standing, TrustMode,
    policies::Policies,
};
use wechatpay_protocol::Timestamp;

use crate::sign::Sign;

/// One behaviour of the gateway, as a file shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's path below the folder of cases, without `.json`.
    pub id: String,
    /// What holds, as a sentence.
    pub title: String,
    /// Why that matters to whoever integrates.
    pub why: String,
    /// How sure it is that the real gateway does so.
    pub standing: Standing,
    /// Where that is known from.
    pub source: String,
    /// What the mock is told before; the case can then be run against a mock only.
    #[serde(default)]
    pub given: Option<Given>,
    /// What is sent and what must come back, one after another.
    pub exchanges: Vec<CaseExchange>,
}

/// How a mock differs from one that is told nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// What nothing public decides.
    pub policies: Policies,
    /// Cards and members, by merchant.
    pub seed: Option<Seed>,
    /// The time, in Unix seconds: the mock's clock stands still, and requests are signed then.
    pub now: Option<u64>,
    /// Which of the gateway's keys the merchant trusts.
    pub trust: TrustMode,
    /// What has become of the merchant's certificate.
    pub certificate_status: CertificateStatus,
}

impl Given {
    /// A mock that has been told so.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub async fn start(&self) -> io::Result<MockServer> {
        let merchant = MerchantConfig {
            trust: self.trust,
            certificate_status: self.certificate_status,
            ..MerchantConfig::development()
        };
        let mut config = Config::default().with_merchants([merchant]);
        config.policies = self.policies.clone();
        config.seed.clone_from(&self.seed);
        let clock = self.now.map_or_else(Clock::system, |now| Clock::fixed(Timestamp::from_unix(now)));
        MockServer::builder().config(config).clock(clock).start().await
    }
}

/// A request and the answer it must get.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseExchange {
    /// What is sent.
    pub request: CaseRequest,
    /// How it is signed.
    pub sign: Sign,
    /// What must come back.
    pub expect: Expected,
}

/// A request, before it is signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseRequest {
    /// The method.
    pub method: String,
    /// Path and query, as they go on the wire.
    pub target: String,
    /// Headers that differ from the usual `Accept`, `User-Agent` and `Content-Type`; `null` leaves one out.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The body.
    #[serde(default)]
    pub body: Content,
}

/// Bytes, written as what is easiest to read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// No bytes.
    #[default]
    Empty,
    /// JSON, sent without spaces.
    Json(Value),
    /// UTF-8 text.
    Text(String),
    /// Any bytes.
    #[serde(deserialize_with = "from_base64")]
    Base64(Vec<u8>),
    /// The sample body with spaces in front, of this length in all.
    SampleOfLength(usize),
}

/// The target of the call that every client must succeed with.
pub const SAMPLE_TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// The body of the call that every client must succeed with.
pub const SAMPLE_BODY: &str = "{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\
                               \"out_request_no\":\"100002322019090134234sfdf\"}";

impl Content {
    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(bytes) => bytes.clone(),
            Self::SampleOfLength(length) => {
                let padding = " ".repeat(length.saturating_sub(SAMPLE_BODY.len()));
                (padding + SAMPLE_BODY).into_bytes()
            }
        }
    }
}

/// The answer that must come back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The status.
    pub status: u16,
    /// Which key signed the answer.
    pub signed_by: SignedBy,
    /// Headers that must be there with this value; `null` is for one that must not be there.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// The body.
    pub body: ExpectedBody,
}

/// Which of the gateway's keys signed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedBy {
    /// None of the `Wechatpay-*` headers is there.
    Nobody,
    /// The platform certificate's key.
    PlatformCertificate,
    /// The public-key pair.
    PublicKey,
}

/// A body that must come back. `{timestamp}` and `{nonce_str}` in texts stand for those of the request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ExpectedBody {
    /// No bytes.
    Empty,
    /// JSON with exactly this content.
    Exact(Value),
    /// JSON with at least these members, at any depth.
    Partial(Value),
}

/// Why cases could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file or folder can't be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not a case.
    #[error("{path}, line {}: {source}", .source.line())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was expected in its place.
        source: serde_json::Error,
    },
    /// A case does not have the name of its file.
    #[error("{path}: expected the id `{expected}`, found `{found}`")]
    Id {
        /// The file.
        path: PathBuf,
        /// What its path makes of it.
        expected: String,
        /// What it says.
        found: String,
    },
    /// There are no cases.
    #[error("expected cases in {0}, found none")]
    None(PathBuf),
}

/// Reads all cases of a folder and the folders in it, in the order of their ids.
///
/// # Errors
/// [`CaseError`] names the file, and the line where there is one. An empty folder is an error too: a check of nothing
/// would pass.
pub fn load(dir: &Path) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    for path in json_files(dir).map_err(|source| CaseError::Io { path: dir.into(), source })? {
        let text =
            fs::read_to_string(&path).map_err(|source| CaseError::Io { path: path.clone(), source })?;
        let case: Case =
            serde_json::from_str(&text).map_err(|source| CaseError::Format { path: path.clone(), source })?;
        let relative = path.strip_prefix(dir).unwrap_or(&path).with_extension("");
        let expected = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        if case.id != expected {
            return Err(CaseError::Id { path, expected, found: case.id });
        }
        cases.push(case);
    }
    if cases.is_empty() { Err(CaseError::None(dir.into())) } else { Ok(cases) }
}

/// All `.json` files below a folder, sorted.
///
/// # Errors
/// If a folder can't be read.
pub fn json_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(json_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
