//! A request to sign with a mistake, and signers other than the code under test.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{PrivateKey, pkcs8::DecodePrivateKey};
use sha2::Sha256;
use wechatpay_mock::diagnosis::{Diagnosis, Evidence, KeyHolder, KnownKey, diagnose};
use wechatpay_protocol::{RequestMessage, SigningKey, Timestamp, VerifyingKey};

pub(super) const MCHID: &str = "1900000001";
pub(super) const SERIAL_NO: &str = "5E1F0A";
pub(super) const HOST: &str = "127.0.0.1:8080";
pub(super) const TEMPLATE: &str = "/v3/cards/{card_id}/rights";

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) timestamp: u64,
    pub(super) nonce: String,
    pub(super) body: String,
    /// The bytes sent in place of the body, if they are not text.
    pub(super) sent: Option<Vec<u8>>,
    /// The headers of proxies.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// The file of the key that should sign.
    pub(super) key: &'static str,
    /// The files of the other known keys.
    pub(super) other_keys: Vec<(KeyHolder, &'static str)>,
}

impl Default for Scene {
    /// Each line has something to get wrong.
    fn default() -> Self {
        Self {
            method: "PATCH".into(),
            target: "/v3/cards/pbLat|0%2FjvWO/rights?b=1%2C2&a=x|y&c=".into(),
            timestamp: 1_756_951_532,
            nonce: "593bec0c930bf1afeb40b4a08c8fb242".into(),
            body:
                "{\"out_request_no\":\"100002322019\",\"bonus_value\":600,\"member_price_word\":\"钻石/8折\"}"
                    .into(),
            sent: None,
            headers: Vec::new(),
            key: "apiclient_key.pem",
            other_keys: vec![
                (KeyHolder::Gateway("6B02".into()), "platform_key.pem"),
                (KeyHolder::Merchant("1900000002".into()), "pub_key_private.pem"),
                (KeyHolder::Stranger, "other_key.pem"),
            ],
        }
    }
}

impl Scene {
    pub(super) fn with_target(&self, target: &str) -> Self {
        Self { target: target.into(), ..self.clone() }
    }

    pub(super) fn with_body(&self, body: &str) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    /// A request without query and body.
    pub(super) fn get() -> Self {
        let target = "/v3/certificates".into();
        Self { method: "GET".into(), target, body: String::new(), ..Self::default() }
    }

    /// The right message.
    pub(super) fn message(&self) -> String {
        self.lines([0, 1, 2, 3, 4])
    }

    /// The message of some of the five lines, in this order.
    pub(super) fn lines<const N: usize>(&self, order: [usize; N]) -> String {
        let timestamp = self.timestamp.to_string();
        let lines = [&self.method, &self.target, &timestamp, &self.nonce, &self.body];
        order.iter().map(|at| format!("{}\n", lines[*at])).collect()
    }

    pub(super) fn diagnose(&self, signature: &str, time_limit: Duration) -> Option<Diagnosis> {
        let key = verifying_key(self.key);
        let other_keys = self.other_keys.iter();
        let other_keys =
            other_keys.map(|(holder, file)| KnownKey { holder: holder.clone(), key: verifying_key(file) });
        let evidence = Evidence {
            message: RequestMessage {
                method: &self.method,
                target: &self.target,
                timestamp: Timestamp::from_unix(self.timestamp),
                nonce_str: &self.nonce,
                body: self.sent.as_deref().unwrap_or(self.body.as_bytes()),
            },
            signature,
            mchid: MCHID,
            serial_no: SERIAL_NO,
            host: Some(HOST),
            template: Some(TEMPLATE),
            headers: self.headers.clone(),
            key: &key,
            other_keys: other_keys.collect(),
        };
        diagnose(&evidence, time_limit)
    }
}

/// The path of a file of the development credentials.
pub(super) fn path(file: &str) -> String {
    format!("{}/../fixtures/credentials/{file}", env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn pem(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap()
}

pub(super) fn verifying_key(file: &str) -> VerifyingKey {
    static KEYS: LazyLock<HashMap<&str, VerifyingKey>> = LazyLock::new(|| {
        let files = ["apiclient_key.pem", "platform_key.pem", "pub_key_private.pem", "other_key.pem"];
        files.map(|file| (file, SigningKey::from_pem(&pem(file)).unwrap().verifying_key())).into()
    });
    KEYS[file].clone()
}

/// Signs as documented, with the `rsa` crate and the merchant's key.
pub(super) fn sign(message: &[u8]) -> Vec<u8> {
    sign_with("apiclient_key.pem", message)
}

pub(super) fn sign_with(file: &str, message: &[u8]) -> Vec<u8> {
    let key = PrivateKey::from_pkcs8_pem(&pem(file)).unwrap();
    key.pkcs1v15_sign::<Sha256>(message).unwrap()
}

/// Signs with openssl, the merchant's key, and this hash.
pub(super) fn openssl_sign(hash: &str, message: &[u8]) -> Vec<u8> {
    openssl(&["dgst", &format!("-{hash}"), "-sign", &path("apiclient_key.pem")], message)
}

/// Runs openssl with this input and returns its output.
pub(super) fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let mut openssl = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    openssl.stdin.take().unwrap().write_all(input).unwrap();
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether openssl is installed. In CI it must be.
pub(super) fn has_openssl() -> bool {
    let installed = Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_ok();
    assert!(installed || std::env::var_os("CI").is_none(), "expected openssl in CI, found none");
    installed
}
