//! `[[merchant]]`: who may call.

use wechatpay_protocol::{Mchid, Timestamp};

use crate::{
    config::{
        complaint::Complaints,
        read::certificate::{check_differs, check_in_force, not_a_pair},
        table::Table,
    },
    merchants::{
        ApiCertificate, CertificateStatus, MerchantConfig, MerchantKind, PlatformCertificates, TrustMode,
    },
};

pub(super) const KEYS: [&str; 7] =
    ["mchid", "kind", "trust", "certificate", "certificate_status", "private_key", "apiv3_key"];

pub(super) fn merchants(
    root: &Table<'_>,
    platform: &PlatformCertificates,
    now: Timestamp,
    complaints: &mut Complaints,
) -> Vec<MerchantConfig> {
    let mut lines: Vec<(Mchid, usize)> = Vec::new();
    let mut merchants = Vec::new();
    for table in root.tables("merchant", &KEYS, complaints) {
        let merchant = merchant(&table, platform, now, complaints);
        let (Some(entry), Some(merchant)) = (table.get("mchid"), merchant) else { continue };
        if let Some((mchid, line)) = lines.iter().find(|(mchid, _)| *mchid == merchant.mchid) {
            let found = format!("{mchid} again, which line {line} has");
            complaints.push(entry.complaint("each mchid once", found, "remove one of the two merchants"));
        }
        lines.push((merchant.mchid.clone(), entry.line));
        merchants.push(merchant);
    }
    merchants
}

fn merchant(
    table: &Table<'_>,
    platform: &PlatformCertificates,
    now: Timestamp,
    complaints: &mut Complaints,
) -> Option<MerchantConfig> {
    let advice = "the merchant number of the merchant platform, for example \"1900000002\"";
    let mchid = complaints.keep(table.require("mchid", advice).and_then(|entry| entry.parsed(advice)));

    let mut merchant = MerchantConfig::development();
    table.set("kind", &mut merchant.kind, complaints, |entry| entry.choice(&MerchantKind::ALL));
    table.set("trust", &mut merchant.trust, complaints, |entry| entry.choice(&TrustMode::ALL));
    table.set("certificate_status", &mut merchant.certificate_status, complaints, |entry| {
        entry.choice(&CertificateStatus::ALL)
    });
    table.set("apiv3_key", &mut merchant.apiv3_key, complaints, |entry| {
        entry.parsed("take the 32 characters that are set on the merchant platform as APIv3 key")
    });
    if let Some(certificate) = certificate(table, complaints) {
        complaints.keep(check_in_force(table, certificate.certificate(), now));
        for platform in platform.all() {
            complaints.keep(check_differs(table, certificate.certificate(), platform.certificate()));
        }
        merchant.certificate = certificate;
    }
    Some(MerchantConfig { mchid: mchid?, ..merchant })
}

fn certificate(table: &Table<'_>, complaints: &mut Complaints) -> Option<ApiCertificate> {
    let (certificate, private_key) = match (table.get("certificate"), table.get("private_key")) {
        (Some(certificate), private_key) => (certificate, private_key),
        (None, None) => return None,
        (None, Some(private_key)) => {
            let advice = "name the certificate that this key belongs to, or remove the key as well";
            complaints.push(private_key.complaint("certificate beside it", "none", advice));
            return None;
        }
    };
    let certificate_pem = complaints.keep(certificate.content());
    let private_key_pem = match private_key {
        Some(entry) => Some(complaints.keep(entry.content())?),
        None => None,
    };
    let read = ApiCertificate::new(&certificate_pem?, private_key_pem.as_deref());
    let blamed = private_key.unwrap_or(certificate);
    complaints.keep(read.map_err(|error| not_a_pair(&error, certificate, blamed)))
}
