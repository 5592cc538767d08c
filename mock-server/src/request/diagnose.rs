//! Diagnoses signatures that do not match, with the mock's merchants, keys and contract.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use http::header::{AUTHORIZATION, HOST};
use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use wechatpay_diagnosis::{Diagnosis, Evidence, KeyHolder, KnownKey, TIME_LIMIT, diagnose};
use wechatpay_openapi::Contract;
use wechatpay_protocol::{Authorization, Certificate, Credentials, RequestMessage};

use crate::{
    merchants::{Merchant, Merchants},
    request::{multipart::signed_body, receive::RawRequest},
};

/// Whether signatures that do not match are diagnosed, and where the diagnosis is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiagnosisMode {
    /// In the journal, in the log, and in the header `Mock-Diagnosis`, which the real gateway does not send.
    #[default]
    Header,
    /// In the journal and in the log.
    Journal,
    /// Nowhere: no signature is diagnosed.
    Off,
}

impl fmt::Display for DiagnosisMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Journal => "journal",
            Self::Off => "off",
        })
    }
}

/// Diagnoses one signature at a time.
pub(crate) struct Diagnoser {
    mode: DiagnosisMode,
    turn: Semaphore,
}

/// The number of diagnoses that run at once; each keeps a core busy for up to 25 ms. (own choice)
const AT_ONCE: usize = 1;

/// How long a request waits for its turn. After that, it is not diagnosed. (own choice)
const TURN_TIMEOUT: Duration = Duration::from_millis(250);

/// The most other merchants whose keys are tried. (own choice)
const OTHER_MERCHANTS: usize = 48;

impl Diagnoser {
    pub(crate) fn new(mode: DiagnosisMode) -> Self {
        Self { mode, turn: Semaphore::new(AT_ONCE) }
    }

    /// Whether responses show the diagnosis.
    pub(crate) fn is_in_header(&self) -> bool {
        self.mode == DiagnosisMode::Header
    }

    /// Why the request's signature does not match; `None` if the mode is [`DiagnosisMode::Off`].
    pub(crate) async fn diagnose(
        &self,
        received: &Arc<RawRequest>,
        contract: &Arc<Contract>,
        merchants: &Merchants,
    ) -> Option<Diagnosis> {
        if self.mode == DiagnosisMode::Off {
            return None;
        }
        let Ok(_turn) = timeout(TURN_TIMEOUT, self.turn.acquire()).await else {
            return Some(Diagnosis::not_tried());
        };
        let authorization = Authorization::parse(received.headers.get(AUTHORIZATION)?.as_bytes()).ok()?;
        let merchant = merchants.merchant(authorization.mchid())?;
        let other_keys = other_keys(merchants, &merchant);
        let (received, contract) = (Arc::clone(received), Arc::clone(contract));
        // On a blocking thread, so that no other request waits.
        spawn_blocking(move || {
            let operation = contract.route(&received.method, received.path()).ok();
            let signed = operation.map(|operation| signed_body(operation, &received).bytes);
            let headers = received.headers.iter();
            let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
            let evidence = Evidence {
                message: RequestMessage {
                    method: received.method.as_str(),
                    target: &received.target,
                    timestamp: authorization.timestamp(),
                    nonce_str: authorization.nonce_str(),
                    body: signed.unwrap_or(&received.body),
                },
                signature: authorization.signature(),
                mchid: authorization.mchid(),
                serial_no: authorization.serial_no(),
                host: received.headers.get(HOST).and_then(|host| host.to_str().ok()),
                template: operation.map(|operation| operation.path().as_str()),
                headers: headers.collect(),
                key: merchant.key(),
                other_keys,
            };
            diagnose(&evidence, TIME_LIMIT)
        })
        .await
        .ok()?
    }
}

/// Every key but this merchant's: the gateway's, the public ones, and the other merchants'.
pub(crate) fn other_keys(merchants: &Merchants, merchant: &Merchant) -> Vec<KnownKey> {
    let gateways = merchants
        .platform_keys()
        .map(|key| KnownKey { holder: KeyHolder::Gateway(key.id.to_string()), key: key.key.verifying_key() });
    let others = merchants.merchants().into_iter().filter(|other| other.mchid != merchant.mchid);
    let others = others.map(|other| KnownKey {
        holder: KeyHolder::Merchant(other.mchid.to_string()),
        key: other.key().clone(),
    });
    gateways.chain(PUBLIC_KEYS.iter().cloned()).chain(others.take(OTHER_MERCHANTS)).collect()
}

/// Keys whose private half is public.
static PUBLIC_KEYS: LazyLock<[KnownKey; 2]> = LazyLock::new(|| {
    let key = |holder, certificate: &str| {
        let certificate = Certificate::from_pem(certificate).expect("the development certificates are valid");
        KnownKey { holder, key: certificate.verifying_key().clone() }
    };
    let other = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/credentials/other_cert.pem"));
    [
        key(KeyHolder::Development, &Credentials::development().merchant_certificate),
        key(KeyHolder::Stranger, other),
    ]
});

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, Version};
    use wechatpay_diagnosis::Verdict;

    use super::*;
    use crate::{
        merchants::{MerchantConfig, PlatformCertificate, PlatformCertificates, PublicKeyPair},
        request::receive::Peer,
    };

    fn received() -> Arc<RawRequest> {
        Arc::new(RawRequest {
            method: Method::GET,
            target: "/v3/certificates".into(),
            headers: HeaderMap::new(),
            version: Version::HTTP_11,
            body: Vec::new().into(),
            body_length: 0,
            peer: Peer { address: None, is_tls: false },
            keeps_alive: true,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_signature_is_marked_as_not_tried_if_there_is_no_time_and_diagnosis_is_on() {
        let merchants = Merchants::new(
            &[MerchantConfig::development()],
            PlatformCertificates::One(PlatformCertificate::development()),
            PublicKeyPair::development(),
        );
        for (mode, verdict) in [(DiagnosisMode::Journal, Some(Verdict::NotTried)), (DiagnosisMode::Off, None)]
        {
            let diagnoser = Diagnoser::new(mode);
            let _another = diagnoser.turn.acquire().await.unwrap();
            let contract = Arc::new(Contract::built_in());
            let diagnosis = diagnoser.diagnose(&received(), &contract, &merchants).await;
            assert_eq!(diagnosis.map(|diagnosis| diagnosis.verdict), verdict);
        }
    }
}
