//! The configuration of a client, which is checked before anything is sent.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use wechatpay_protocol::{BaseUrl, Credentials, Nonce, SigningKey, Timestamp};
use wechatpay_texts::{Phrase, phrase};

use crate::{
    Client, ConfigurationError, Trust,
    client::{Clock, Inner, NonceSource},
    platform_keys::read_certificate,
    request::Signer,
    transport::Transport,
    trust::KeyRing,
};

/// The longest timeout that is accepted.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The configuration of a [`Client`]; see [`Client::builder`].
#[must_use]
pub struct Builder {
    base_url: String,
    credentials: Credentials,
    trust: Option<Trust>,
    connect_timeout: Duration,
    timeout: Duration,
    clock: Clock,
    nonce: NonceSource,
}

impl Client {
    /// Configures a client. The defaults are the development merchant and a mock on this machine.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    fn new() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".into(),
            credentials: Credentials::development(),
            trust: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            clock: Arc::new(system_clock),
            nonce: Arc::new(random_nonce),
        }
    }

    /// The address of the gateway, a [`BaseUrl`]. Default: `http://127.0.0.1:8080`.
    pub fn base_url(mut self, base_url: &str) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// The merchant. Default: [`Credentials::development`].
    pub fn credentials(mut self, credentials: &Credentials) -> Self {
        self.credentials = credentials.clone();
        self
    }

    /// Which of WeChat Pay's keys to trust. Default: the public key if the credentials have one, else their platform
    /// certificate, else [`Trust::Downloaded`].
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// The timeout for connecting. Default: 5 seconds.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.connect_timeout = connect_timeout;
        self
    }

    /// The timeout for a call, up to the last byte of the response and including any download of certificates.
    /// Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The clock. Default: the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The source of each request's random string. Default: 32 hex digits from the system's random numbers.
    pub fn nonce(mut self, nonce: impl Fn() -> Nonce + Send + Sync + 'static) -> Self {
        self.nonce = Arc::new(nonce);
        self
    }

    /// Builds the client if all keys and certificates can be read, belong together, and have the serial numbers in the
    /// credentials. Sends nothing.
    ///
    /// # Errors
    /// [`ConfigurationError`] names what is wrong.
    pub fn build(self) -> Result<Client, ConfigurationError> {
        let base_url: BaseUrl = self.base_url.parse().map_err(ConfigurationError::BaseUrl)?;
        let connect_timeout = check_timeout(phrase!("the connect timeout"), self.connect_timeout)?;
        let timeout = check_timeout(phrase!("the call timeout"), self.timeout)?;
        Ok(Client(Arc::new(Inner {
            signer: signer(&self.credentials)?,
            keys: KeyRing::new(self.trust, &self.credentials, (self.clock)())?,
            apiv3_key: self.credentials.apiv3_key,
            transport: Transport::new(base_url, connect_timeout).map_err(ConfigurationError::Tls)?,
            timeout,
            clock: self.clock,
            nonce: self.nonce,
            download: Mutex::default(),
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
    let Credentials { mchid, merchant_serial, merchant_key, merchant_certificate, .. } = credentials;
    let key = SigningKey::from_pem(merchant_key)
        .map_err(|source| ConfigurationError::Key { whose: phrase!("the merchant's private key"), source })?;
    let certificate =
        read_certificate(phrase!("the merchant's certificate"), merchant_serial, merchant_certificate)?;
    if *certificate.verifying_key() != key.verifying_key() {
        return Err(ConfigurationError::KeyPair { serial_no: merchant_serial.clone() });
    }
    Ok(Signer { mchid: mchid.clone(), serial_no: merchant_serial.clone(), key })
}

fn check_timeout(what: Phrase, timeout: Duration) -> Result<Duration, ConfigurationError> {
    if timeout.is_zero() || timeout > MAX_TIMEOUT {
        return Err(ConfigurationError::Timeout { what, found: timeout });
    }
    Ok(timeout)
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

    const OTHER_KEY: &str = include_str!("../../fixtures/credentials/other_key.pem");
    const OTHER_CERTIFICATE: &str = include_str!("../../fixtures/credentials/other_cert.pem");

    fn error_of(change: impl Fn(&mut Credentials)) -> ConfigurationError {
        let mut credentials = Credentials::development();
        change(&mut credentials);
        Client::builder().credentials(&credentials).build().unwrap_err()
    }

    #[test]
    fn the_development_merchant_needs_no_configuration() {
        assert!(Client::builder().build().is_ok());
    }

    #[test]
    fn the_private_key_must_match_the_certificate() {
        let error = error_of(|credentials| credentials.merchant_key = OTHER_KEY.into());
        assert!(matches!(error, ConfigurationError::KeyPair { .. }), "{error}");
    }

    #[test]
    fn a_serial_number_must_match_its_certificate() {
        let error = error_of(|credentials| credentials.merchant_serial = "01".parse().unwrap());
        assert!(
            matches!(error, ConfigurationError::SerialNo { whose, .. } if whose.english == "the merchant's certificate")
        );
        let error = error_of(|credentials| {
            credentials.platform_certificate.as_mut().unwrap().1 = OTHER_CERTIFICATE.into();
        });
        assert!(
            matches!(error, ConfigurationError::SerialNo { whose, .. } if whose.english == "the platform certificate")
        );
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_and_not_quoted() {
        let error = error_of(|credentials| credentials.merchant_key = "SECRET".into());
        assert!(
            matches!(error, ConfigurationError::Key { whose, .. } if whose.english == "the merchant's private key")
        );
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        let error = error_of(|credentials| credentials.public_key.as_mut().unwrap().1 = OTHER_KEY.into());
        assert!(
            matches!(error, ConfigurationError::Key { whose, .. } if whose.english == "WeChat Pay's public key")
        );
    }

    #[test]
    fn a_timeout_of_zero_or_over_a_day_is_refused() {
        for timeout in [Duration::ZERO, Duration::MAX] {
            for builder in [Client::builder().timeout(timeout), Client::builder().connect_timeout(timeout)] {
                assert!(matches!(builder.build(), Err(ConfigurationError::Timeout { .. })));
            }
        }
    }

    #[test]
    fn two_nonces_differ() {
        assert_ne!(random_nonce(), random_nonce());
    }
}
