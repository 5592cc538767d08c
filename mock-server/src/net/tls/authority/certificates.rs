//! The certificates of an authority: how they are made, and which hosts one is good for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PublicKeyData, SanType, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use x509_cert::{
    der::{Decode, Encode},
    ext::pkix::{NameConstraints as Constraints, name::GeneralName},
};

use crate::net::{host::Host, tls::authority::AuthorityError};

/// What a user sees in a list of authorities.
const NAME: &str = "wechatpay-mock local CA (TEST ONLY)";

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority holds. (own choice)
const AUTHORITY_HOLDS: Duration = Duration::from_secs(2 * 365 * DAY.as_secs());
/// How long a certificate holds that it makes at each start: systems refuse longer ones than about a year. (own choice)
const CERTIFICATE_HOLDS: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How long before its end an authority is made anew. (own choice)
const RENEWED_BEFORE: Duration = Duration::from_secs(7 * DAY.as_secs());

/// What an authority's certificate says.
pub(super) struct RequestFields {
    /// When it ends, from 1970 on.
    pub(super) ends: Duration,
    /// The hosts that it can speak for.
    pub(super) hosts: Vec<Host>,
    /// The public key, as PKCS#8 has it.
    public_key: Vec<u8>,
}

impl RequestFields {
    /// What it says, if it is an authority's with such constraints as are made here.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let (_, constraints) = certificate.get_extension::<Constraints>().ok()??;
        let hosts = constraints.permitted_subtrees?.into_iter().filter_map(|subtree| host(&subtree.base));
        Some(Self {
            ends: certificate.validity().not_after.to_unix_duration(),
            hosts: hosts.collect(),
            public_key: certificate.subject_public_key_info().to_der().ok()?,
        })
    }

    /// Whether it is about this key.
    pub(super) fn is_of(&self, key: &KeyPair) -> bool {
        self.public_key == key.subject_public_key_info()
    }

    /// Whether it has ended, or soon will.
    pub(super) fn is_over(&self) -> Result<bool, AuthorityError> {
        Ok(self.ends <= since_1970()? + RENEWED_BEFORE)
    }
}

/// The certificate of an authority with this key, for these hosts and those that a mock always stands for, and when it
/// ends.
pub(super) fn authority(key: &KeyPair, hosts: &[Host]) -> Result<(Certificate, Duration), AuthorityError> {
    let now = since_1970()?;
    let ends = now + AUTHORITY_HOLDS;
    let mut params = common();
    params.not_before = date_time_ymd(1970, 1, 1) + (now - HOUR);
    params.not_after = date_time_ymd(1970, 1, 1) + ends;
    let permitted_subtrees = own(hosts).iter().map(subtree).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    Ok((params.self_signed(key).map_err(AuthorityError::not_made)?, ends))
}

/// Whoever signs with an authority's key.
pub(super) fn issuer(key: KeyPair) -> Issuer<'static, KeyPair> {
    Issuer::new(common(), key)
}

/// A certificate for these hosts and those that a mock always stands for. It ends no later than the authority.
pub(super) fn server(
    key: &KeyPair,
    hosts: &[Host],
    issuer: &Issuer<'_, KeyPair>,
    ends: Duration,
) -> Result<Certificate, AuthorityError> {
    let now = since_1970()?;
    let mut params = CertificateParams::default();
    params.subject_alt_names = own(hosts).iter().map(san).collect::<Result<_, _>>()?;
    params.not_before = date_time_ymd(1970, 1, 1) + (now - HOUR);
    params.not_after = date_time_ymd(1970, 1, 1) + ends.min(now + CERTIFICATE_HOLDS);
    params.distinguished_name = name("wechatpay-mock (TEST ONLY)");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.signed_by(key, issuer).map_err(AuthorityError::not_made)
}

/// Those hosts and the ones that a mock always stands for, each once.
pub(super) fn own(hosts: &[Host]) -> Vec<Host> {
    let mut own: Vec<Host> = Host::always_own().collect();
    for host in hosts {
        if !own.contains(host) {
            own.push(host.clone());
        }
    }
    own
}

/// What is the same in every authority.
fn common() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
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
        Host::Name(name) => SanType::DnsName(name.as_str().try_into().map_err(AuthorityError::not_made)?),
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

/// The host of such a subtree: an address comes with its mask, which is as long.
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

/// The machine's time, not the mock's, whose clock may be set: it is by this one that clients look at certificates.
fn since_1970() -> Result<Duration, AuthorityError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A clock before 1971 could not be counted back from.
    if now < 365 * DAY {
        return Err(AuthorityError::ProvisionError("the machine's clock stands before 1971: set it".into()));
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_which_hosts_it_was_made_for_and_with_which_key() {
        let hosts: Vec<Host> =
            ["mock.test", "192.0.2.7", "2001:db8::7"].map(|host| host.parse().unwrap()).into();
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let (certificate, ends) = authority(&key, &hosts).unwrap();
        let facts = RequestFields::of(certificate.der()).unwrap();
        assert_eq!(facts.hosts, own(&hosts));
        assert_eq!(facts.ends.as_secs(), ends.as_secs());
        assert!(facts.is_of(&key) && !facts.is_of(&other) && !facts.is_over().unwrap());
    }
}
