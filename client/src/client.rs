//! The client: sign, send, verify.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, uri::PathAndQuery};
use tokio::sync::Mutex;
use wechatpay_protocol::{Apiv3Key, Certificate, KeyId, Nonce, Timestamp};

use crate::{
    Error, PlatformKeys, RawResponse, RightsChange, SignedRequest, VerificationError, VerifiedResponse,
    certificate_list::valid_certificates,
    error::Kind,
    request::{Signer, UnsignedRequest},
    response::{check_status, verify},
    target::parse_target,
    transport::{Deadline, Transport},
    trust::KeyRing,
};

pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
pub(crate) type NonceSource = Arc<dyn Fn() -> Nonce + Send + Sync>;

/// A client of one gateway for one merchant.
///
/// Clones share connections and downloaded certificates. Sending needs a Tokio runtime.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) signer: Signer,
    pub(crate) keys: KeyRing,
    pub(crate) apiv3_key: Apiv3Key,
    pub(crate) transport: Transport,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) nonce: NonceSource,
    /// Held during a download of certificates, so that concurrent calls wait for one download.
    pub(crate) download: Mutex<()>,
}

impl Client {
    /// Calls any operation: signs the request, sends it, and verifies the response.
    ///
    /// `path_and_query` is signed and sent unchanged, so it must be percent-encoded already: [`encode_path`] does
    /// that for a path. `body` is sent as JSON unless it is empty.
    ///
    /// ```no_run
    /// use wechatpay_client::{Client, Method, encode_path};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::builder().base_url("http://127.0.0.1:8080").build()?;
    ///
    /// let response = client.call(Method::GET, "/v3/certificates?algorithm_type=RSA", "").await?;
    /// println!("{}: {} bytes", response.status(), response.body().len());
    ///
    /// let path = encode_path(["v3", "pay", "transactions", "out-trade-no", "1217752501 #1", "close"])?;
    /// client.call(Method::POST, &path, r#"{"mchid": "1900000001"}"#).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    ///
    /// [`encode_path`]: crate::encode_path
    pub async fn call(
        &self,
        method: Method,
        path_and_query: &str,
        body: impl Into<Bytes>,
    ) -> Result<VerifiedResponse, Error> {
        let target = parse_target(path_and_query).map_err(Kind::InvalidInput)?;
        let deadline = Deadline::after(self.0.timeout);
        let may_download = self.ensure_keys(deadline).await?;
        let request = self.sign_request(self.preferred_key(), method, target, body.into());
        self.exchange(&request, deadline, may_download).await
    }

    /// Changes the rights of a member's card.
    ///
    /// Every change needs an `out_request_no` of its own. If the [outcome is unknown](Error::outcome_is_unknown), send
    /// the same change with the same number again.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_rights(
        &self,
        card_id: &str,
        code: &str,
        change: &RightsChange,
    ) -> Result<VerifiedResponse, Error> {
        let path = RightsChange::path(card_id, code).map_err(Kind::InvalidInput)?;
        self.call(Method::PATCH, &path, change.to_json()).await
    }

    /// Downloads the platform certificates that are valid now, newest first.
    ///
    /// Each is encrypted with the merchant's APIv3 key, and one of them must have signed the list.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_certificate_list`] if the list can't be trusted.
    pub async fn certificates(&self) -> Result<Vec<Certificate>, Error> {
        self.download_certificates(Deadline::after(self.0.timeout)).await
    }

    /// Signs a request without sending it, as [`Client::call`] would.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] if `path_and_query` is invalid.
    pub fn sign(
        &self,
        method: Method,
        path_and_query: &str,
        body: impl Into<Bytes>,
    ) -> Result<SignedRequest, Error> {
        let target = parse_target(path_and_query).map_err(Kind::InvalidInput)?;
        Ok(self.sign_request(self.preferred_key(), method, target, body.into()))
    }

    /// Sends a signed request and verifies the response. The gateway accepts a signature for five minutes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute(&self, request: &SignedRequest) -> Result<VerifiedResponse, Error> {
        let deadline = Deadline::after(self.0.timeout);
        let may_download = self.ensure_keys(deadline).await?;
        self.exchange(request, deadline, may_download).await
    }

    fn preferred_key(&self) -> Option<KeyId> {
        self.0.keys.current().preferred().cloned()
    }

    fn sign_request(
        &self,
        trusted_key: Option<KeyId>,
        method: Method,
        target: PathAndQuery,
        body: Bytes,
    ) -> SignedRequest {
        let (timestamp, nonce_str) = ((self.0.clock)(), (self.0.nonce)());
        self.0.signer.sign(UnsignedRequest { method, target, timestamp, nonce_str, body, trusted_key })
    }

    /// Downloads certificates if no key is known yet: without one, no response could be verified. Returns whether this
    /// call may still download, which it does at most once.
    async fn ensure_keys(&self, deadline: Deadline) -> Result<bool, Error> {
        let is_downloaded = self.0.keys.is_downloaded();
        let has_key = || self.preferred_key().is_some();
        if !is_downloaded || has_key() {
            return Ok(is_downloaded);
        }
        self.download_unless(has_key, deadline).await.map_err(Kind::Download)?;
        Ok(false)
    }

    async fn exchange(
        &self,
        request: &SignedRequest,
        deadline: Deadline,
        may_download: bool,
    ) -> Result<VerifiedResponse, Error> {
        let response = self.0.transport.send(request, deadline).await?;
        let result = self.verify(&response);
        if may_download
            && let Err(error) = &result
            && let Some(VerificationError::UnknownKey { named }) = error.verification_error()
            && matches!(named, KeyId::Certificate(_))
        {
            let is_known = || self.0.keys.current().get(named, (self.0.clock)()).is_some();
            if self.download_unless(is_known, deadline).await.is_ok() {
                return self.verify(&response);
            }
        }
        result
    }

    fn verify(&self, response: &RawResponse) -> Result<VerifiedResponse, Error> {
        verify(response, &self.0.keys.current(), (self.0.clock)())
    }

    async fn download_unless(&self, is_done: impl Fn() -> bool, deadline: Deadline) -> Result<(), Error> {
        let _guard = deadline.bound(self.0.download.lock()).await?;
        if !is_done() {
            self.download_certificates(deadline).await?;
        }
        Ok(())
    }

    async fn download_certificates(&self, deadline: Deadline) -> Result<Vec<Certificate>, Error> {
        // Without a preferred key the gateway signs with the platform certificate, which the list must contain.
        let target = PathAndQuery::from_static("/v3/certificates");
        let request = self.sign_request(None, Method::GET, target, Bytes::new());
        let response = self.0.transport.send(&request, deadline).await?;
        check_status(&response)?;

        let now = (self.0.clock)();
        let certificates =
            valid_certificates(&response.body, &self.0.apiv3_key, now).map_err(Kind::CertificateList)?;
        let keys = PlatformKeys::from_iter(certificates.iter().cloned());
        verify(&response, &keys, now)?;
        if self.0.keys.is_downloaded() {
            self.0.keys.replace(keys);
        }
        Ok(certificates)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("signer", &self.0.signer)
            .field("keys", &self.0.keys)
            .field("transport", &self.0.transport)
            .finish_non_exhaustive()
    }
}
