//! Certificates and their private keys, and what can be wrong with them.

use std::{error::Error, iter};

use wechatpay_protocol::{Certificate, Timestamp};

use crate::{
    config::{
        complaint::Complaint,
        table::{Entry, Table},
    },
    merchants::KeyPairError,
};

pub(super) const MAKE_A_KEY: &str =
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 makes a private key that can be used";

pub(super) fn not_a_pair(error: &KeyPairError, certificate: Entry<'_>, private_key: Entry<'_>) -> Complaint {
    match error {
        KeyPairError::Certificate(cause) => {
            certificate.problem(in_full(cause), "name the file of an X.509 certificate with an RSA key, PEM")
        }
        KeyPairError::PrivateKey(cause) => private_key.problem(in_full(cause), MAKE_A_KEY),
        KeyPairError::Mismatch { .. } => {
            private_key.problem(error, "name the key that the certificate was made for")
        }
    }
}

/// The table's certificate must be in force.
pub(super) fn check_in_force(
    table: &Table<'_>,
    certificate: &Certificate,
    at: Timestamp,
) -> Result<(), Complaint> {
    if certificate.is_in_force(at) {
        return Ok(());
    }
    let [from, to, at] = [certificate.not_before(), certificate.not_after(), at].map(Timestamp::to_rfc3339);
    let advice = "name one in force, and the private key that belongs to it";
    let (expected, found) = (format!("a certificate in force at {at}"), format!("one from {from} to {to}"));
    Err(table.require("certificate", advice)?.complaint(&expected, found, advice))
}

/// The table's certificate must have another serial number than a platform certificate.
pub(super) fn check_differs(
    table: &Table<'_>,
    certificate: &Certificate,
    platform: &Certificate,
) -> Result<(), Complaint> {
    if certificate.serial_no() != platform.serial_no() {
        return Ok(());
    }
    let advice = "clients tell certificates apart by their serial numbers; make a new one";
    let found = format!("{}, which a platform certificate has", certificate.serial_no());
    Err(table.require("certificate", advice)?.complaint("a serial number of its own", found, advice))
}

/// The error and its causes.
pub(super) fn in_full(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
