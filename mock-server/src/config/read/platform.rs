//! `[[platform_certificate]]` and `[public_key]`: what the gateway signs with.

use wechatpay_protocol::Timestamp;

use crate::{
    config::{
        complaint::{Complaint, Complaints},
        read::certificate::{MAKE_A_KEY, check_differs, check_in_force, in_full, not_a_pair},
        table::Table,
    },
    merchants::{PlatformCertificate, PlatformCertificates, PublicKeyPair},
};

pub(super) const CERTIFICATE_KEYS: [&str; 3] = ["certificate", "private_key", "signs_from"];
pub(super) const PUBLIC_KEY_KEYS: [&str; 2] = ["id", "private_key"];

pub(super) fn certificates(
    root: &Table<'_>,
    now: Timestamp,
    complaints: &mut Complaints,
) -> PlatformCertificates {
    let tables = root.tables("platform_certificate", &CERTIFICATE_KEYS, complaints);
    let read: Vec<_> = tables.iter().map(|table| certificate(table, complaints)).collect();
    if let Some(entry) = tables.first().and_then(|first| first.get("signs_from")) {
        let advice = "the first signs until the second does; remove it here";
        complaints.push(entry.complaint("this in the second certificate only", "it in the first", advice));
    }
    match (&tables[..], &read[..]) {
        ([table], [Some(only)]) => {
            complaints.keep(check_in_force(table, only.certificate(), now));
            PlatformCertificates::One(only.clone())
        }
        ([old_table, new_table], [Some(old), Some(new)]) => {
            let signs_from = complaints.keep(signs_from(new_table)).unwrap_or(now);
            let change = signs_from.max(now);
            // The old one has to last until the new one signs.
            let lasts = check_in_force(old_table, old.certificate(), now)
                .and_then(|()| check_in_force(old_table, old.certificate(), change));
            complaints.keep(lasts);
            complaints.keep(check_in_force(new_table, new.certificate(), change));
            complaints.keep(check_differs(new_table, new.certificate(), old.certificate()));
            PlatformCertificates::ChangeOver { old: old.clone(), new: new.clone(), signs_from }
        }
        _ => {
            if let Some(third) = tables.get(2) {
                let found = format!("{} of them", tables.len());
                let advice = "a change-over is from one certificate to one other; remove the rest";
                complaints.push(third.complaint("at most two [[platform_certificate]]", found, advice));
            }
            PlatformCertificates::One(PlatformCertificate::development())
        }
    }
}

fn certificate(table: &Table<'_>, complaints: &mut Complaints) -> Option<PlatformCertificate> {
    let certificate = complaints.keep(table.file("certificate", "name the certificate's file, PEM"));
    let private_key = table.file("private_key", "name the file of the certificate's private key, PEM");
    let private_key = complaints.keep(private_key);
    let ((certificate, certificate_pem), (private_key, private_key_pem)) = (certificate?, private_key?);
    let pair = PlatformCertificate::new(&certificate_pem, &private_key_pem);
    complaints.keep(pair.map_err(|error| not_a_pair(&error, certificate, private_key)))
}

fn signs_from(table: &Table<'_>) -> Result<Timestamp, Complaint> {
    let advice =
        "for example signs_from = \"2026-11-24T00:00:00+08:00\": from then on this certificate signs";
    table.require("signs_from", advice)?.time(advice)
}

pub(super) fn public_key(root: &Table<'_>, complaints: &mut Complaints) -> Option<PublicKeyPair> {
    let table = root.table("public_key", &PUBLIC_KEY_KEYS, complaints)?;
    let advice = "for example PUB_KEY_ID_0119000000022026010100000000000001";
    let id = complaints.keep(table.require("id", advice).and_then(|entry| entry.parsed(advice)));
    let private_key = table.file("private_key", "name the file of the private key, PEM");
    let (private_key, pem) = complaints.keep(private_key)?;
    // The key is looked at even if the ID is wrong.
    let id = id.unwrap_or_else(|| PublicKeyPair::development().id().clone());
    let pair = PublicKeyPair::new(id, &pem);
    complaints.keep(pair.map_err(|error| private_key.problem(in_full(&error), MAKE_A_KEY)))
}
