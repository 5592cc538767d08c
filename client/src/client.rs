//! The client: sign, send, verify.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Method;
use tokio::sync::Mutex;
use wechatpay_protocol::{Apiv3Key, Certificate, KeyId, Nonce, Timestamp};

use crate::{
    Answer, Builder, Error, PlatformKeys, RightsChange, SignedRequest, Target, Unverified, Verified,
    error::Kind,
    mutants::Mutation,
    platform_keys::certificates_in,
    request::{Signer, Unsigned},
    response::{accepted, verify},
    transport::{Deadline, Transport},
    trust::{KeyRing, Trusted},
};

pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
pub(crate) type NonceSource = Arc<dyn Fn() -> Nonce + Send + Sync>;

/// One merchant's client of one gateway.
///
/// Clones share connections and downloaded certificates. Needs a Tokio runtime to send.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) signer: Signer,
    pub(crate) keys: KeyRing,
    pub(crate) apiv3_key: Apiv3Key,
    pub(crate) transport: Transport,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) nonce: NonceSource,
    /// Held by the call that downloads certificates, so that others can wait for it instead of doing the same.
    pub(crate) downloading: Mutex<()>,
    pub(crate) mutation: Mutation,
}

impl Client {
    /// A client in the making: the development merchant, and a mock on this machine, unless told otherwise.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(inner.into())
    }

    /// Sets the rights of a member's card.
    ///
    /// Each change has an `out_request_no` of its own. To make sure of a change whose
    /// [outcome is unknown](Error::outcome_is_unknown), send it again, with the same number.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_rights(
        &self,
        card_id: &str,
        code: &str,
        change: &RightsChange,
    ) -> Result<Verified, Error> {
        let target = RightsChange::target(card_id, code)?;
        self.send(Method::PATCH, &target, change.to_json()).await
    }

    /// Downloads the platform certificates that are in force, newest first.
    ///
    /// Each was encrypted with the merchant's APIv3 key, and one of them signed the list.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_certificates`] for a list that is not to be trusted.
    pub async fn certificates(&self) -> Result<Vec<Certificate>, Error> {
        self.download(Deadline::after(self.0.timeout)).await
    }

    /// Signs a request, sends it, and verifies the answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(
        &self,
        method: Method,
        target: &Target,
        body: impl Into<Bytes>,
    ) -> Result<Verified, Error> {
        let deadline = Deadline::after(self.0.timeout);
        let may_download = self.have_keys(deadline).await?;
        let request = self.sign(method, target, body);
        self.exchange(&request, deadline, may_download).await
    }

    /// Signs a request, and does not send it.
    pub fn sign(&self, method: Method, target: &Target, body: impl Into<Bytes>) -> SignedRequest {
        let trusted_key = self.0.keys.current().named.clone();
        self.sign_for(trusted_key, method, target, body.into())
    }

    /// Sends a signed request, and verifies the answer. The gateway takes a signature for five minutes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute(&self, request: &SignedRequest) -> Result<Verified, Error> {
        let deadline = Deadline::after(self.0.timeout);
        let may_download = self.have_keys(deadline).await?;
        self.exchange(request, deadline, may_download).await
    }

    fn sign_for(
        &self,
        trusted_key: Option<KeyId>,
        method: Method,
        target: &Target,
        body: Bytes,
    ) -> SignedRequest {
        let request = Unsigned {
            method,
            target: target.clone(),
            timestamp: (self.0.clock)(),
            nonce_str: (self.0.nonce)(),
            body,
            trusted_key,
        };
        self.0.mutation.sign(&self.0.signer, request)
    }

    /// Sees to it that there is a key to verify with before anything is sent. Says whether this call may still
    /// download certificates, which it does once at most.
    async fn have_keys(&self, deadline: Deadline) -> Result<bool, Error> {
        let keys = &self.0.keys;
        if !keys.is_downloaded() || keys.current().named.is_some() {
            return Ok(keys.is_downloaded() && self.0.mutation.renews());
        }
        let is_known = || keys.current().named.is_some();
        self.download_unless(is_known, deadline).await.map_err(Kind::Download)?;
        Ok(false)
    }

    async fn exchange(
        &self,
        request: &SignedRequest,
        deadline: Deadline,
        may_download: bool,
    ) -> Result<Verified, Error> {
        let answer = self.0.transport.exchange(request, deadline).await?;
        let result = self.verify(&answer);
        let Some(Unverified::UnknownKey { named: named @ KeyId::Certificate(_) }) =
            result.as_ref().err().and_then(Error::unverified)
        else {
            return result;
        };
        let is_known = || self.0.keys.current().keys.get(named, (self.0.clock)()).is_some();
        if may_download && self.download_unless(is_known, deadline).await.is_ok() {
            return self.verify(&answer);
        }
        result
    }

    fn verify(&self, answer: &Answer) -> Result<Verified, Error> {
        self.0.mutation.verify(answer, &self.0.keys.current().keys, (self.0.clock)())
    }

    async fn download_unless(&self, is_done: impl Fn() -> bool, deadline: Deadline) -> Result<(), Error> {
        let _turn = deadline.bound(self.0.downloading.lock()).await?;
        if !is_done() {
            self.download(deadline).await?;
        }
        Ok(())
    }

    async fn download(&self, deadline: Deadline) -> Result<Vec<Certificate>, Error> {
        let target = Target::from_segments(["v3", "certificates"])?;
        // Names no key: the gateway then signs with the platform certificate, which must be in the list.
        let request = self.sign_for(None, Method::GET, &target, Bytes::new());
        let answer = self.0.transport.exchange(&request, deadline).await?;
        accepted(&answer)?;

        let now = (self.0.clock)();
        let list = self.0.mutation.list(&answer.body, &self.0.apiv3_key);
        let certificates = certificates_in(&list, &self.0.apiv3_key, now)?;
        let verified = verify(&answer, &PlatformKeys::from_iter(certificates.iter().cloned()), now);
        self.0.mutation.believes_list(verified)?;
        if self.0.keys.is_downloaded() {
            self.0.keys.replace(Trusted::certificates(&certificates));
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
