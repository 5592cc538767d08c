//! The authority's certificates: how they are made, and which hosts they permit.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PublicKeyData, SanType, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use wechatpay_texts::text;
use x509_cert::{
    der::{Decode, Encode},
    ext::pkix::{NameConstraints as Constraints, name::GeneralName},
};

use crate::{api::host::Host, net::tls::authority::AuthorityError};

/// The name that users see in lists of authorities.
const NAME: &str = "wechatpay-mock local CA (TEST ONLY)";

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority is valid. (own choice)
const AUTHORITY_VALIDITY: Duration = Duration::from_secs(2 * 365 * DAY.as_secs());
/// How long the certificate made at each start is valid. Some systems reject more than about a year. (own choice)
const CERTIFICATE_VALIDITY: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How long before its expiry an authority is renewed. (own choice)
const RENEWAL: Duration = Duration::from_secs(7 * DAY.as_secs());

/// The parts of an authority's certificate that matter here.
pub(super) struct CertificateInfo {
    /// Since 1970.
    pub(super) expires: Duration,
    /// The hosts that it permits.
    pub(super) hosts: Vec<Host>,
    /// SubjectPublicKeyInfo, DER.
    public_key: Vec<u8>,
}

impl CertificateInfo {
    /// `None` if it is not a certificate with name constraints, which every authority's has.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let (_, constraints) = certificate.get_extension::<Constraints>().ok()??;
        let hosts = constraints.permitted_subtrees?.into_iter().filter_map(|subtree| host(&subtree.base));
        Some(Self {
            expires: certificate.validity().not_after.to_unix_duration(),
            hosts: hosts.collect(),
            public_key: certificate.subject_public_key_info().to_der().ok()?,
        })
    }

    pub(super) fn is_of(&self, key: &KeyPair) -> bool {
        self.public_key == key.subject_public_key_info()
    }

    /// Whether it has expired or is about to.
    pub(super) fn is_expiring(&self) -> Result<bool, AuthorityError> {
        Ok(self.expires <= since_1970()? + RENEWAL)
    }
}

/// The certificate of an authority with this key, for these hosts and those that a mock always answers for, and its
/// expiry.
pub(super) fn authority(key: &KeyPair, hosts: &[Host]) -> Result<(Certificate, Duration), AuthorityError> {
    let expires = since_1970()? + AUTHORITY_VALIDITY;
    let mut params = authority_params();
    set_validity(&mut params, expires)?;
    let permitted_subtrees = own(hosts).iter().map(subtree).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    Ok((params.self_signed(key).map_err(AuthorityError::cannot_create)?, expires))
}

/// The authority with this key, for signing.
pub(super) fn issuer(key: KeyPair) -> Issuer<'static, KeyPair> {
    Issuer::new(authority_params(), key)
}

/// A certificate for these hosts and those that a mock always answers for. It expires no later than the authority.
pub(super) fn server(
    key: &KeyPair,
    hosts: &[Host],
    issuer: &Issuer<'_, KeyPair>,
    authority_expires: Duration,
) -> Result<Certificate, AuthorityError> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = own(hosts).iter().map(san).collect::<Result<_, _>>()?;
    set_validity(&mut params, authority_expires.min(since_1970()? + CERTIFICATE_VALIDITY))?;
    params.distinguished_name = name("wechatpay-mock (TEST ONLY)");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.signed_by(key, issuer).map_err(AuthorityError::cannot_create)
}

/// These hosts and those that a mock always answers for, without duplicates.
pub(super) fn own(hosts: &[Host]) -> Vec<Host> {
    let mut own: Vec<Host> = Host::always_own().collect();
    for host in hosts {
        if !own.contains(host) {
            own.push(host.clone());
        }
    }
    own
}

/// What all authorities have in common.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Valid from an hour ago, since clocks differ.
fn set_validity(params: &mut CertificateParams, expires: Duration) -> Result<(), AuthorityError> {
    params.not_before = date_time_ymd(1970, 1, 1) + (since_1970()? - HOUR);
    params.not_after = date_time_ymd(1970, 1, 1) + expires;
    Ok(())
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "wechatpay-mock");
    name.push(DnType::CommonName, common_name);
    name
}

fn san(host: &Host) -> Result<SanType, AuthorityError> {
    Ok(match host {
        Host::Address(address) => SanType::IpAddress(*address),
        Host::Name(name) => {
            SanType::DnsName(name.as_str().try_into().map_err(AuthorityError::cannot_create)?)
        }
    })
}

fn subtree(host: &Host) -> GeneralSubtree {
    match host {
        Host::Address(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
        }
        Host::Name(name) => GeneralSubtree::DnsName(name.as_str().into()),
    }
}

/// The host in a name constraint. An address is followed by a mask of the same length.
fn host(subtree: &GeneralName) -> Option<Host> {
    match subtree {
        GeneralName::DnsName(name) => name.as_str().parse().ok(),
        GeneralName::IpAddress(bytes) => {
            let (address, _mask) = bytes.as_bytes().split_at(bytes.as_bytes().len() / 2);
            let v4 = <[u8; 4]>::try_from(address).map(|address| Host::Address(address.into()));
            v4.or_else(|_| <[u8; 16]>::try_from(address).map(|address| Host::Address(address.into()))).ok()
        }
        _ => None,
    }
}

/// The system's time, not the mock's: clients check certificates by it.
fn since_1970() -> Result<Duration, AuthorityError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Dates are computed backwards from now, so leave room for that.
    if now < 365 * DAY {
        return Err(AuthorityError::CannotCreate(text!("the system clock is before 1971: set it")));
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_names_its_hosts_and_its_key() {
        let hosts: Vec<Host> =
            ["mock.test", "192.0.2.7", "2001:db8::7"].map(|host| host.parse().unwrap()).into();
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let (certificate, expires) = authority(&key, &hosts).unwrap();
        let info = CertificateInfo::of(certificate.der()).unwrap();
        assert_eq!(info.hosts, own(&hosts));
        assert_eq!(info.expires.as_secs(), expires.as_secs());
        assert!(info.is_of(&key) && !info.is_of(&other) && !info.is_expiring().unwrap());
    }
}
