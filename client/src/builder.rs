//! How a client comes to be: everything it is told is checked before anything is sent.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use wechatpay_protocol::{
    Certificate, CertificateError, Credentials, KeyError, Nonce, SerialNo, SigningKey, Timestamp,
};

use crate::{
    BaseUrlError, Client, Trust,
    client::{Clock, Inner, NonceSource},
    mutants::Mutation,
    request::Signer,
    tls::NoAuthorities,
    transport::{BaseUrl, Transport},
    trust::KeyRing,
};

/// The longest time that makes sense for a call, and for any part of it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a [`Client`] is made from; see [`Client::builder`].
#[must_use]
pub struct Builder {
    base_url: String,
    credentials: Credentials,
    trust: Option<Trust>,
    connect_timeout: Duration,
    timeout: Duration,
    clock: Clock,
    nonce: NonceSource,
    /// None, but in a build for testing tests.
    pub(crate) mutation: Mutation,
}

/// Why no client can be made of what a [`Builder`] was told.
///
/// Never quotes a key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The base URL is not one.
    #[error("the base URL")]
    BaseUrl(#[source] BaseUrlError),
    /// TLS is needed, and there is no authority to trust.
    #[error("TLS")]
    Tls(#[source] NoAuthorities),
    /// A time is nothing, or longer than a day.
    #[error("{what}: expected more than nothing and at most a day, found {found:?}")]
    Timeout {
        /// Which time.
        what: &'static str,
        /// What was given.
        found: Duration,
    },
    /// The merchant's private key can't be read.
    #[error("the merchant's private key")]
    MerchantKey(#[source] KeyError),
    /// The merchant's certificate can't be read.
    #[error("the merchant's certificate")]
    MerchantCertificate(#[source] CertificateError),
    /// The merchant's certificate has another serial number than the credentials say.
    #[error("the merchant's certificate has the serial number {found}, the credentials say {configured}")]
    MerchantSerial {
        /// What the credentials say.
        configured: SerialNo,
        /// The certificate's own.
        found: SerialNo,
    },
    /// The merchant's certificate is for another key.
    #[error("the merchant's certificate {serial_no} is not for the merchant's private key")]
    MerchantPair {
        /// The certificate's serial number.
        serial_no: SerialNo,
    },
    /// WeChat Pay's public key can't be read.
    #[error("WeChat Pay's public key")]
    PublicKey(#[source] KeyError),
    /// The platform certificate can't be read.
    #[error("the platform certificate")]
    PlatformCertificate(#[source] CertificateError),
    /// The platform certificate has another serial number than the credentials say.
    #[error("the platform certificate has the serial number {found}, the credentials say {configured}")]
    PlatformSerial {
        /// What the credentials say.
        configured: SerialNo,
        /// The certificate's own.
        found: SerialNo,
    },
    /// The public key is to be trusted, and the credentials have none.
    #[error("the public key is to be trusted, but the credentials have none")]
    NoPublicKey,
    /// The platform certificate is to be trusted, and the credentials have none.
    #[error("the platform certificate is to be trusted, but the credentials have none")]
    NoPlatformCertificate,
    /// The platform certificate is to be trusted, and out of force.
    #[error(
        "the platform certificate is in force from {} to {}, and now it is {}",
        certificate.not_before().to_rfc3339(), certificate.not_after().to_rfc3339(), now.to_rfc3339()
    )]
    NotInForce {
        /// The certificate.
        certificate: Box<Certificate>,
        /// The client's clock.
        now: Timestamp,
    },
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".into(),
            credentials: Credentials::development(),
            trust: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            clock: Arc::new(system_clock),
            nonce: Arc::new(random_nonce),
            mutation: Mutation::NONE,
        }
    }

    /// Where the gateway is, `http://host:port`. Default: `http://127.0.0.1:8080`.
    pub fn base_url(mut self, base_url: &str) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Who the merchant is. Default: [`Credentials::development`].
    pub fn credentials(mut self, credentials: &Credentials) -> Self {
        self.credentials = credentials.clone();
        self
    }

    /// Which of WeChat Pay's keys to trust. Default: the public key if the credentials have one, else their
    /// platform certificate, else [`Trust::Downloaded`].
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// How long connecting may take. Default: 5 seconds.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// How long a whole call may take, to the last byte of the answer, with any download of certificates that it
    /// needs. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What tells the time. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What makes the random string of each request. Default: 32 hex digits from the system's random numbers.
    pub fn nonce(mut self, nonce: impl Fn() -> Nonce + Send + Sync + 'static) -> Self {
        self.nonce = Arc::new(nonce);
        self
    }

    /// The client, if everything is in order: keys and certificates can be read, belong together, and have the
    /// serial numbers that the credentials give them. Sends nothing.
    ///
    /// # Errors
    /// [`ConfigurationError`] names what is wrong.
    pub fn build(self) -> Result<Client, ConfigurationError> {
        let base_url: BaseUrl = self.base_url.parse().map_err(ConfigurationError::BaseUrl)?;
        let connect_timeout = sensible("the time for connecting", self.connect_timeout)?;
        let timeout = sensible("the time for a call", self.timeout)?;
        Ok(Client::new(self.mutation.inner(Inner {
            signer: signer(&self.credentials)?,
            keys: KeyRing::new(self.trust, &self.credentials, (self.clock)())?,
            apiv3_key: self.credentials.apiv3_key,
            transport: Transport::new(base_url, connect_timeout).map_err(ConfigurationError::Tls)?,
            timeout,
            clock: self.clock,
            nonce: self.nonce,
            downloading: Mutex::default(),
            mutation: self.mutation,
        })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("base_url", &self.base_url)
            .field("credentials", &self.credentials)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

fn signer(credentials: &Credentials) -> Result<Signer, ConfigurationError> {
    let key = SigningKey::from_pem(&credentials.merchant_key).map_err(ConfigurationError::MerchantKey)?;
    let certificate = Certificate::from_pem(&credentials.merchant_certificate)
        .map_err(ConfigurationError::MerchantCertificate)?;
    let serial_no = credentials.merchant_serial.clone();
    if *certificate.serial_no() != serial_no {
        let found = certificate.serial_no().clone();
        return Err(ConfigurationError::MerchantSerial { configured: serial_no, found });
    }
    if *certificate.verifying_key() != key.verifying_key() {
        return Err(ConfigurationError::MerchantPair { serial_no });
    }
    Ok(Signer { mchid: credentials.mchid.clone(), serial_no, key })
}

fn sensible(what: &'static str, time: Duration) -> Result<Duration, ConfigurationError> {
    if time.is_zero() || time > LONGEST {
        return Err(ConfigurationError::Timeout { what, found: time });
    }
    Ok(time)
}

fn system_clock() -> Timestamp {
    let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_unix(since_1970.as_secs())
}

fn random_nonce() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    Nonce::from_random(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGERS_KEY: &str = include_str!("../../fixtures/credentials/other_key.pem");
    const STRANGERS_CERTIFICATE: &str = include_str!("../../fixtures/credentials/other_cert.pem");

    fn refused(change: impl Fn(&mut Credentials)) -> ConfigurationError {
        let mut credentials = Credentials::development();
        change(&mut credentials);
        Client::builder().credentials(&credentials).build().unwrap_err()
    }

    #[test]
    fn the_development_merchant_needs_no_configuration() {
        assert!(Client::builder().build().is_ok());
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_found_before_anything_is_sent() {
        let error = refused(|credentials| credentials.merchant_key = STRANGERS_KEY.into());
        assert!(matches!(error, ConfigurationError::MerchantPair { .. }), "{error}");
    }

    #[test]
    fn a_serial_number_that_is_not_the_certificates_is_found_before_anything_is_sent() {
        let error = refused(|credentials| credentials.merchant_serial = "01".parse().unwrap());
        assert!(matches!(error, ConfigurationError::MerchantSerial { .. }), "{error}");
        let error = refused(|credentials| {
            let (serial_no, _) = credentials.platform_certificate.take().unwrap();
            credentials.platform_certificate = Some((serial_no, STRANGERS_CERTIFICATE.into()));
        });
        assert!(matches!(error, ConfigurationError::PlatformSerial { .. }), "{error}");
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_and_not_quoted() {
        let error = refused(|credentials| credentials.merchant_key = "SECRET".into());
        assert!(matches!(error, ConfigurationError::MerchantKey(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        let error = refused(|credentials| {
            let (id, _) = credentials.public_key.take().unwrap();
            credentials.public_key = Some((id, STRANGERS_KEY.into()));
        });
        assert!(matches!(error, ConfigurationError::PublicKey(_)), "{error}");
    }

    #[test]
    fn no_time_and_endless_time_are_refused() {
        for time in [Duration::ZERO, Duration::MAX] {
            assert!(matches!(
                Client::builder().timeout(time).build(),
                Err(ConfigurationError::Timeout { .. })
            ));
            assert!(matches!(
                Client::builder().connect_timeout(time).build(),
                Err(ConfigurationError::Timeout { .. })
            ));
        }
    }

    #[test]
    fn two_nonces_differ() {
        assert_ne!(random_nonce(), random_nonce());
    }
}
