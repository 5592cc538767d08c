//! The gateway's own keys: one platform certificate, or two during a change-over, and the public-key pair.

use std::{
    iter,
    ops::Deref,
    sync::{Arc, LazyLock},
    time::Duration,
};

use wechatpay_protocol::{
    Certificate, Credentials, DecryptingKey, KeyError, KeyId, PublicKeyId, SerialNo, Signature, SigningKey,
    Timestamp,
};

use crate::merchants::key_pair::{KeyPairError, pair};

/// A private key of the gateway, and the ID that responses carry for it.
#[derive(Debug)]
pub(crate) struct PlatformKey {
    pub(crate) id: KeyId,
    pub(crate) key: Private<SigningKey>,
    /// The same key, for decrypting sensitive fields.
    pub(crate) decrypting: Private<DecryptingKey>,
}

/// A private key for signing or decrypting. Parsing one takes longer than a call.
#[derive(Debug)]
pub(crate) enum Private<K> {
    /// A user's key, parsed at startup so that errors are reported then.
    Read(K),
    /// A development key, parsed on first use; a test checks that it is valid.
    Development(LazyLock<K>),
}

/// A platform certificate and its private key.
#[derive(Clone, Debug)]
pub struct PlatformCertificate {
    certificate: Certificate,
    key: Arc<PlatformKey>,
}

/// The platform certificates: one, or two during a change-over.
#[derive(Clone, Debug)]
pub enum PlatformCertificates {
    /// One certificate always signs.
    One(PlatformCertificate),
    /// One certificate takes over from another.
    ///
    /// The list that merchants download includes the new one from 24 hours before it signs (documented). A request that
    /// names one of the two in `Wechatpay-Serial` gets that one while it is valid (SDK).
    ChangeOver {
        /// Signs until the new one does. Listed while it is valid.
        old: PlatformCertificate,
        /// Signs from `signs_from` on.
        new: PlatformCertificate,
        /// When the new one begins to sign.
        signs_from: Timestamp,
    },
}

/// The key pair that has an ID instead of a certificate.
#[derive(Clone, Debug)]
pub struct PublicKeyPair {
    id: PublicKeyId,
    key: Arc<PlatformKey>,
}

/// How long a new certificate is listed before it signs. (documented)
const ANNOUNCED: Duration = Duration::from_secs(24 * 60 * 60);

const VALID: &str = "the development keys are valid";

/// The private key of the development certificate.
const CERTIFICATE_KEY: &str = include_str!("../../../fixtures/credentials/platform_key.pem");

/// The private key of the development public-key pair.
const PUBLIC_KEY_PRIVATE: &str = include_str!("../../../fixtures/credentials/pub_key_private.pem");

impl PlatformKey {
    fn new(id: impl Into<KeyId>, key: SigningKey, private_key: &str) -> Result<Arc<Self>, KeyError> {
        let decrypting = Private::Read(DecryptingKey::from_pem(private_key)?);
        Ok(Arc::new(Self { id: id.into(), key: Private::Read(key), decrypting }))
    }

    fn development(
        id: impl Into<KeyId>,
        key: fn() -> SigningKey,
        decrypting: fn() -> DecryptingKey,
    ) -> Arc<Self> {
        let key = Private::Development(LazyLock::new(key));
        Arc::new(Self { id: id.into(), key, decrypting: Private::Development(LazyLock::new(decrypting)) })
    }
}

impl<K> Deref for Private<K> {
    type Target = K;

    fn deref(&self) -> &K {
        match self {
            Self::Read(key) => key,
            Self::Development(key) => key,
        }
    }
}

impl PlatformCertificate {
    /// Reads a certificate and its private key, both PEM.
    ///
    /// # Errors
    /// [`KeyPairError`] if one of them can't be used, or they are not a pair.
    pub fn new(certificate: &str, private_key: &str) -> Result<Self, KeyPairError> {
        let (certificate, key) = pair(certificate, private_key)?;
        let key = PlatformKey::new(certificate.serial_no().clone(), key, private_key)?;
        Ok(Self { certificate, key })
    }

    /// The development certificate, which the development credentials trust.
    pub fn development() -> Self {
        static DEVELOPMENT: LazyLock<PlatformCertificate> = LazyLock::new(|| {
            let (_, certificate) = Credentials::development().platform_certificate.expect(VALID);
            let certificate = Certificate::from_pem(&certificate).expect(VALID);
            let key = PlatformKey::development(
                certificate.serial_no().clone(),
                || SigningKey::from_pem(CERTIFICATE_KEY).expect(VALID),
                || DecryptingKey::from_pem(CERTIFICATE_KEY).expect(VALID),
            );
            PlatformCertificate { certificate, key }
        });
        DEVELOPMENT.clone()
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs a message with the certificate's private key.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.key.key.sign(message)
    }

    /// The certificate's private key.
    pub(crate) fn key(&self) -> &PlatformKey {
        &self.key
    }

    fn is_in_force(&self, at: Timestamp) -> bool {
        self.certificate.is_in_force(at)
    }
}

impl PlatformCertificates {
    /// Every certificate, newest first.
    pub fn all(&self) -> impl Iterator<Item = &PlatformCertificate> {
        let (newest, older) = match self {
            Self::One(only) => (only, None),
            Self::ChangeOver { old, new, .. } => (new, Some(old)),
        };
        iter::once(newest).chain(older)
    }

    /// The certificate that signs at that time, unless a request selects the other one.
    pub fn signing(&self, at: Timestamp) -> &PlatformCertificate {
        match self {
            Self::One(only) => only,
            Self::ChangeOver { new, signs_from, .. } if at >= *signs_from => new,
            Self::ChangeOver { old, .. } => old,
        }
    }

    /// The certificates that `GET /v3/certificates` lists at that time, newest first: those that are valid and
    /// announced. (documented)
    pub fn listed(&self, at: Timestamp) -> impl Iterator<Item = &PlatformCertificate> {
        let unannounced = match self {
            Self::ChangeOver { new, signs_from, .. } if !is_announced(*signs_from, at) => {
                Some(new.certificate.serial_no())
            }
            _ => None,
        };
        self.all().filter(move |one| one.is_in_force(at) && Some(one.certificate.serial_no()) != unannounced)
    }

    /// The certificate with this serial number, if it is valid at that time.
    pub(crate) fn named(&self, serial_no: &SerialNo, at: Timestamp) -> Option<&PlatformCertificate> {
        self.all().find(|one| one.certificate.serial_no() == serial_no && one.is_in_force(at))
    }
}

fn is_announced(signs_from: Timestamp, at: Timestamp) -> bool {
    at.as_unix() >= signs_from.as_unix().saturating_sub(ANNOUNCED.as_secs())
}

impl PublicKeyPair {
    /// Reads the private key, PEM.
    ///
    /// # Errors
    /// [`KeyError`] if the key can't be used.
    pub fn new(id: PublicKeyId, private_key: &str) -> Result<Self, KeyError> {
        let key = PlatformKey::new(id.clone(), SigningKey::from_pem(private_key)?, private_key)?;
        Ok(Self { id, key })
    }

    /// The development pair, which the development credentials trust.
    pub fn development() -> Self {
        static DEVELOPMENT: LazyLock<PublicKeyPair> = LazyLock::new(|| {
            let (id, _) = Credentials::development().public_key.expect(VALID);
            let key = PlatformKey::development(
                id.clone(),
                || SigningKey::from_pem(PUBLIC_KEY_PRIVATE).expect(VALID),
                || DecryptingKey::from_pem(PUBLIC_KEY_PRIVATE).expect(VALID),
            );
            PublicKeyPair { id, key }
        });
        DEVELOPMENT.clone()
    }

    /// Its ID.
    pub fn id(&self) -> &PublicKeyId {
        &self.id
    }

    /// The public half, PEM, which merchants download.
    pub fn to_pem(&self) -> String {
        self.key.key.verifying_key().to_pem()
    }

    /// Signs a message with the private half.
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.key.key.sign(message)
    }

    /// The private half.
    pub(crate) fn key(&self) -> &PlatformKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::EncryptingKey;

    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const SIGNS_FROM: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn change_over() -> PlatformCertificates {
        let new = PlatformCertificate::new(
            include_str!("../../../fixtures/credentials/other_cert.pem"),
            include_str!("../../../fixtures/credentials/other_key.pem"),
        );
        let old = PlatformCertificate::development();
        PlatformCertificates::ChangeOver { old, new: new.unwrap(), signs_from: SIGNS_FROM }
    }

    fn at(seconds_after: i64) -> Timestamp {
        Timestamp::from_unix(SIGNS_FROM.as_unix().checked_add_signed(seconds_after).unwrap())
    }

    fn serials<'a>(certificates: impl Iterator<Item = &'a PlatformCertificate>) -> Vec<&'a str> {
        certificates.map(|one| &one.certificate.serial_no().as_str()[..4]).collect()
    }

    #[test]
    fn the_new_certificate_signs_from_the_configured_time_on() {
        let certificates = change_over();
        assert_eq!(serials([certificates.signing(at(-1))].into_iter()), ["6B02"]);
        assert_eq!(serials([certificates.signing(at(0))].into_iter()), ["2A6D"]);
    }

    #[test]
    fn the_new_certificate_is_listed_first_24_hours_before_it_signs() {
        let certificates = change_over();
        assert_eq!(serials(certificates.listed(at(-(DAY as i64) - 1))), ["6B02"]);
        assert_eq!(serials(certificates.listed(at(-(DAY as i64)))), ["2A6D", "6B02"]);
        assert_eq!(serials(certificates.listed(at(1))), ["2A6D", "6B02"]);
    }

    #[test]
    fn an_invalid_certificate_is_neither_listed_nor_found_by_serial_number() {
        let certificates = PlatformCertificates::One(PlatformCertificate::development());
        let serial_no = certificates.signing(SIGNS_FROM).certificate.serial_no();
        assert!(certificates.named(serial_no, SIGNS_FROM).is_some());
        let long_ago = Timestamp::from_unix(0);
        assert!(certificates.named(serial_no, long_ago).is_none());
        assert_eq!(certificates.listed(long_ago).count(), 0);
    }

    #[test]
    fn the_development_keys_are_those_that_the_development_credentials_trust() {
        let certificate = PlatformCertificate::development();
        let read = PlatformCertificate::new(certificate.certificate.pem(), CERTIFICATE_KEY).unwrap();
        assert_eq!(read.key.key.verifying_key(), certificate.key.key.verifying_key());
        let (id, trusted) = Credentials::development().public_key.unwrap();
        let pair = PublicKeyPair::development();
        assert_eq!((pair.id(), pair.to_pem()), (&id, trusted));
        for (key, public) in [(&certificate.key, certificate.certificate.pem()), (&pair.key, &pair.to_pem())]
        {
            let encrypted = EncryptingKey::from_pem(public).unwrap().encrypt("13800138000").unwrap();
            assert_eq!(key.decrypting.decrypt(&encrypted).unwrap(), b"13800138000");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?} {:?}", change_over(), PublicKeyPair::development());
        assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    }
}
