//! The tables that name keys: merchants, platform certificates and the public key.

use std::{collections::HashMap, str::FromStr};

use serde::Deserialize;
use toml::value::Datetime;
use wechatpay_protocol::{Certificate, Mchid, ParseError, Timestamp, display::error_chain};
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    config::source::{Source, Table},
    merchants::{
        ApiCertificate, Apiv2Key, CertificateStatus, KeyPairError, MerchantConfig, MerchantKind,
        PlatformCertificate, PlatformCertificates, PublicKeyPair, TrustMode,
    },
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MerchantTable {
    mchid: Option<String>,
    kind: MerchantKind,
    trust: TrustMode,
    certificate: Option<String>,
    certificate_status: CertificateStatus,
    private_key: Option<String>,
    apiv3_key: Option<String>,
    apiv2_key: Option<String>,
    notify_url: Option<String>,
    appids: Vec<String>,
    balance: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PlatformCertificateTable {
    certificate: Option<String>,
    private_key: Option<String>,
    signs_from: Option<Time>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PublicKeyTable {
    id: Option<String>,
    private_key: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a time with its offset, such as 2026-11-24T00:00:00+08:00")]
enum Time {
    Text(String),
    Date(Datetime),
}

const MAKE_A_KEY: Phrase =
    phrase!("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 makes a usable private key");

/// The merchants that have an mchid, even if something else in their tables is wrong.
pub(super) fn merchants(
    source: &Source<'_>,
    merchants: Vec<MerchantTable>,
    platform: &PlatformCertificates,
    now: Timestamp,
) -> Vec<MerchantConfig> {
    let mut lines: HashMap<Mchid, usize> = HashMap::new();
    let mut known = Vec::new();
    for (index, raw) in merchants.into_iter().enumerate() {
        let table = source.element("merchant", index);
        let Some(merchant) = merchant(&table, raw, platform, now) else { continue };
        if let Some(line) = lines.get(&merchant.mchid) {
            let mchid = &merchant.mchid;
            let problem = text!("expected each mchid once, found {mchid} again, first in line {line}");
            table.report("mchid", problem, phrase!("remove one of the two merchants"));
        }
        lines.entry(merchant.mchid.clone()).or_insert_with(|| table.line_of("mchid"));
        known.push(merchant);
    }
    known
}

fn merchant(
    table: &Table<'_>,
    raw: MerchantTable,
    platform: &PlatformCertificates,
    now: Timestamp,
) -> Option<MerchantConfig> {
    let advice = phrase!("use the merchant number from the merchant platform, for example \"1900000002\"");
    let mchid = table.require("mchid", raw.mchid, advice);
    let mchid = mchid.and_then(|mchid| parse(table, "mchid", &mchid, advice));
    let advice = phrase!("use the 32-character APIv3 key from the merchant platform");
    let apiv3_key = raw.apiv3_key.and_then(|key| parse(table, "apiv3_key", &key, advice));
    let certificate = merchant_certificate(table, raw.certificate.as_deref(), raw.private_key.as_deref());
    if let Some(certificate) = &certificate {
        check_in_force(table, certificate.certificate(), now);
        for platform in platform.all() {
            check_differs(table, certificate.certificate(), platform.certificate());
        }
    }
    let default = MerchantConfig::new(mchid?);
    Some(MerchantConfig {
        kind: raw.kind,
        trust: raw.trust,
        certificate: certificate.unwrap_or(default.certificate),
        certificate_status: raw.certificate_status,
        apiv3_key: apiv3_key.unwrap_or(default.apiv3_key),
        apiv2_key: raw.apiv2_key.and_then(|key| apiv2_key(table, &key)),
        notify_url: raw.notify_url.and_then(|url| notify_url(table, url)),
        appids: raw.appids,
        balance: raw.balance,
        ..default
    })
}

fn apiv2_key(table: &Table<'_>, text: &str) -> Option<Apiv2Key> {
    let key = Apiv2Key::new(text);
    if key.is_none() {
        let problem = phrase!("expected 32 visible ASCII characters, found another text (not shown)");
        table.report("apiv2_key", problem, phrase!("use the APIv2 key from the merchant platform"));
    }
    key
}

fn notify_url(table: &Table<'_>, url: String) -> Option<String> {
    let is_url = url
        .parse::<http::Uri>()
        .is_ok_and(|uri| uri.authority().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    if !is_url {
        table.report(
            "notify_url",
            phrase!("expected an http:// or https:// URL"),
            phrase!("for example \"http://127.0.0.1:3000/notify\""),
        );
    }
    is_url.then_some(url)
}

fn merchant_certificate(
    table: &Table<'_>,
    certificate: Option<&str>,
    private_key: Option<&str>,
) -> Option<ApiCertificate> {
    if private_key.is_some() && !table.has("certificate") {
        let advice = phrase!("name the certificate that this key belongs to, or remove the key");
        table.report("private_key", phrase!("expected the key certificate as well, found none"), advice);
    }
    let certificate = table.pem("certificate", certificate?);
    let private_key = match private_key {
        Some(name) => Some(table.pem("private_key", name)?),
        None => None,
    };
    let read = ApiCertificate::new(&certificate?, private_key.as_deref());
    read.map_err(|error| report_pair(table, &error)).ok()
}

/// The platform certificates; the development certificate if they are invalid.
pub(super) fn platform_certificates(
    source: &Source<'_>,
    certificates: &[PlatformCertificateTable],
    now: Timestamp,
) -> PlatformCertificates {
    let table = |index| source.element("platform_certificate", index);
    let read = certificates.iter().enumerate().map(|(index, raw)| platform_certificate(&table(index), raw));
    let read = read.collect::<Vec<_>>();
    if certificates.first().is_some_and(|first| first.signs_from.is_some()) {
        let problem = phrase!("expected this in the second certificate only, found it in the first");
        table(0).report(
            "signs_from",
            problem,
            phrase!("the first signs until the second does; remove it here"),
        );
    }
    match &read[..] {
        [Some(only)] => {
            check_in_force(&table(0), only.certificate(), now);
            PlatformCertificates::One(only.clone())
        }
        [Some(old), Some(new)] => {
            let signs_from = signs_from(&table(1), certificates[1].signs_from.as_ref()).unwrap_or(now);
            let change = signs_from.max(now);
            // The old one must be valid until the new one signs.
            if check_in_force(&table(0), old.certificate(), now) {
                check_in_force(&table(0), old.certificate(), change);
            }
            check_in_force(&table(1), new.certificate(), change);
            check_differs(&table(1), new.certificate(), old.certificate());
            PlatformCertificates::ChangeOver { old: old.clone(), new: new.clone(), signs_from }
        }
        [_, _, _, ..] => {
            let problem =
                text!("expected at most two [[platform_certificate]], found {count}", count = read.len());
            table(2).report_line(
                "",
                problem,
                phrase!("a change-over has one old and one new certificate; remove the rest"),
            );
            PlatformCertificates::One(PlatformCertificate::development())
        }
        _ => PlatformCertificates::One(PlatformCertificate::development()),
    }
}

fn platform_certificate(table: &Table<'_>, raw: &PlatformCertificateTable) -> Option<PlatformCertificate> {
    let file = |key, name: Option<&String>, advice: Phrase| table.pem(key, table.require(key, name, advice)?);
    let certificate =
        file("certificate", raw.certificate.as_ref(), phrase!("name the certificate's file, PEM"));
    let advice = phrase!("name the file of the certificate's private key, PEM");
    let private_key = file("private_key", raw.private_key.as_ref(), advice);
    let pair = PlatformCertificate::new(&certificate?, &private_key?);
    pair.map_err(|error| report_pair(table, &error)).ok()
}

fn signs_from(table: &Table<'_>, time: Option<&Time>) -> Option<Timestamp> {
    let advice = phrase!(
        "set the time at which it begins to sign, for example signs_from = \"2026-11-24T00:00:00+08:00\""
    );
    let text = match table.require("signs_from", time, advice)? {
        Time::Text(text) => text.clone(),
        Time::Date(date) => date.to_string(),
    };
    let time = Timestamp::from_rfc3339(&text);
    let time = time.map_err(|_| text!("expected a time with its offset, since 1970, found {text:?}"));
    table.keep("signs_from", time, advice)
}

pub(super) fn public_key(table: &Table<'_>, raw: PublicKeyTable) -> Option<PublicKeyPair> {
    let advice = phrase!("for example PUB_KEY_ID_0119000000022026010100000000000001");
    let id = table.require("id", raw.id, advice).and_then(|id| parse(table, "id", &id, advice));
    let name =
        table.require("private_key", raw.private_key, phrase!("name the file of the private key, PEM"));
    let pem = table.pem("private_key", &name?)?;
    // Checks the key even if the ID is wrong.
    let id = id.unwrap_or_else(|| PublicKeyPair::development().id().clone());
    let pair = PublicKeyPair::new(id, &pem).map_err(|error| error_chain(&error));
    table.keep("private_key", pair, MAKE_A_KEY)
}

/// Parses a type of the protocol, whose error names the type.
fn parse<T: FromStr<Err = ParseError>>(
    table: &Table<'_>,
    key: &str,
    text: &str,
    advice: Phrase,
) -> Option<T> {
    text.parse().map_err(|malformed: ParseError| table.report_line(key, malformed, advice)).ok()
}

fn report_pair(table: &Table<'_>, error: &KeyPairError) {
    match error {
        KeyPairError::Certificate(cause) => {
            let advice = phrase!("name the file of an X.509 certificate with an RSA key, PEM");
            table.report("certificate", error_chain(cause), advice);
        }
        KeyPairError::PrivateKey(cause) => table.report("private_key", error_chain(cause), MAKE_A_KEY),
        KeyPairError::Mismatch { .. } => {
            table.report("private_key", error, phrase!("name the private key of this certificate"));
        }
    }
}

/// Reports the table's certificate if it is not valid at `at`. Returns whether it is valid.
fn check_in_force(table: &Table<'_>, certificate: &Certificate, at: Timestamp) -> bool {
    let is_in_force = certificate.is_in_force(at);
    if !is_in_force {
        let times = [certificate.not_before(), certificate.not_after(), at];
        let [from, to, at] = times.map(Timestamp::to_rfc3339);
        let problem = text!("expected a certificate valid at {at}, found one valid from {from} to {to}");
        table.report("certificate", problem, phrase!("name a valid certificate and its private key"));
    }
    is_in_force
}

/// Reports the table's certificate if it has the serial number of a platform certificate.
fn check_differs(table: &Table<'_>, certificate: &Certificate, platform: &Certificate) {
    let serial_no = certificate.serial_no();
    if serial_no == platform.serial_no() {
        let problem =
            text!("expected a unique serial number, found {serial_no}, which a platform certificate has");
        let advice =
            phrase!("create a new certificate: clients distinguish certificates by their serial numbers");
        table.report("certificate", problem, advice);
    }
}
