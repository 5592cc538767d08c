//! Properties of every diagnosis, for any request and signature.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{sync::LazyLock, time::Duration};

use proptest::{collection::vec, prelude::*};
use wechatpay_diagnosis::{
    Diagnosis, Evidence, KeyHolder, KnownKey, ResourceEvidence, ResponseEvidence, Verdict, diagnose,
    diagnose_response, open_resource,
};
use wechatpay_protocol::{Credentials, RequestMessage, Signature, SigningKey, Timestamp, VerifyingKey};

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pem(&Credentials::development().merchant_key).unwrap());

static OTHER_KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    VerifyingKey::from_pem(include_str!("../../fixtures/credentials/other_cert.pem")).unwrap()
});

/// Long enough to reach most rules, in an unoptimized build too.
const TIME_LIMIT: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Request {
    method: String,
    target: String,
    timestamp: u64,
    nonce_str: String,
    body: Vec<u8>,
    header_value: String,
}

impl Request {
    fn message(&self) -> RequestMessage<'_> {
        RequestMessage {
            method: &self.method,
            target: &self.target,
            timestamp: Timestamp::from_unix(self.timestamp),
            nonce_str: &self.nonce_str,
            body: &self.body,
        }
    }

    fn diagnose(&self, signature: &str) -> Option<Diagnosis> {
        let evidence = Evidence {
            message: self.message(),
            signature,
            mchid: &self.header_value,
            serial_no: &self.header_value,
            host: Some(&self.header_value),
            template: Some(&self.header_value),
            headers: vec![
                ("via", self.header_value.as_str()),
                ("x-original-uri", self.header_value.as_str()),
            ],
            key: &KEY.verifying_key(),
            other_keys: vec![KnownKey { holder: KeyHolder::Stranger, key: OTHER_KEY.clone() }],
        };
        diagnose(&evidence, TIME_LIMIT)
    }

    /// The diagnosis of a response with the same values.
    fn diagnose_response(&self, signature: &str) -> Option<Diagnosis> {
        let evidence = ResponseEvidence {
            timestamp: &self.timestamp.to_string(),
            nonce: &self.nonce_str,
            serial: &self.header_value,
            signature,
            body: &self.body,
            request: Some(self.message()),
            key: &KEY.verifying_key(),
            other_keys: vec![KnownKey { holder: KeyHolder::Stranger, key: OTHER_KEY.clone() }],
        };
        diagnose_response(&evidence, TIME_LIMIT)
    }

    fn response(&self) -> Vec<u8> {
        [format!("{}\n{}\n", self.timestamp, self.nonce_str).as_bytes(), &self.body, b"\n"].concat()
    }
}

prop_compose! {
    fn request()(
        method in "[A-Za-zé]{0,7}",
        target in r"([/?&=%+. é]|%[0-9a-fA-F]{2}|[a-z]){0,40}",
        timestamp: u64,
        nonce_str in r"[0-9a-f]{32}|[-0-9a-fé]{0,40}",
        body in prop_oneof![
            vec(any::<u8>(), 0..40),
            r#"[\[{]{0,9}("[a钻/\\]{0,3}"|[-0-9e.]{1,4}|[\]},: \r\n]){0,9}"#.prop_map(String::into_bytes),
            (r#"\{"[a-c]":("[钻石</]{0,3}"|[0-9]{1,4}),"[a-c]":\[null,true,\{\}\]\}"#).prop_map(String::into_bytes),
        ],
        header_value in "[a-z{}:/é]{0,9}",
    ) -> Request {
        Request { method, target, timestamp, nonce_str, body, header_value }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_valid_signature_has_no_diagnosis(request in request()) {
        let signature = KEY.sign(&request.message().to_bytes());
        prop_assert_eq!(request.diagnose(&signature.to_string()), None);
    }

    #[test]
    fn text_that_no_key_signed_is_unexplained(
        request in request(),
        signature in prop_oneof![
            any::<String>(),
            "[-0-9a-fA-F:%=+/_ \r\n]{0,80}",
            vec(any::<u8>(), 0..300).prop_map(|bytes| Signature::from_bytes(bytes).to_string()),
        ],
    ) {
        let diagnosis = request.diagnose(&signature).unwrap();
        prop_assert_eq!(diagnosis.verdict, Verdict::Unexplained);
        prop_assert!(!diagnosis.to_string().contains('\n'));
    }

    #[test]
    fn the_merchants_key_is_identified_for_any_signed_message(
        request in request(),
        signed in vec(any::<u8>(), 0..80),
    ) {
        let diagnosis = request.diagnose(&KEY.sign(&signed).to_string()).unwrap();
        prop_assert!(matches!(diagnosis.verdict, Verdict::Proven | Verdict::OtherMessage));
        prop_assert!(diagnosis.facts[0].english.starts_with("the merchant's own key"));
        prop_assert!(!diagnosis.to_string().contains('\n') && !diagnosis.chinese().contains('\n'));
    }

    #[test]
    fn a_valid_signature_of_a_response_has_no_diagnosis(request in request()) {
        let signature = KEY.sign(&request.response());
        // Larger numbers are no timestamps.
        prop_assume!(request.timestamp > 0 && request.timestamp < 10_u64.pow(19));
        prop_assert_eq!(request.diagnose_response(&signature.to_string()), None);
    }

    #[test]
    fn a_response_that_no_key_signed_is_unexplained(
        request in request(),
        signature in prop_oneof![any::<String>(), "[-0-9a-fA-F:%=+/_ \r\n]{0,80}"],
    ) {
        let diagnosis = request.diagnose_response(&signature).unwrap();
        prop_assert_eq!(diagnosis.verdict, Verdict::Unexplained);
        prop_assert!(!diagnosis.to_string().contains('\n') && !diagnosis.chinese().contains('\n'));
    }

    #[test]
    fn noise_never_decrypts(
        texts in [".{0,40}", "[0-9a-f]{24}", "[A-Za-z0-9+/]{0,64}={0,2}", "[!-~]{31,33}"],
    ) {
        let [associated_data, nonce, ciphertext, key] = &texts;
        let evidence = ResourceEvidence {
            algorithm: "AEAD_AES_256_GCM",
            nonce: &nonce[..12],
            associated_data: Some(associated_data),
            ciphertext,
            others: vec![("original_type", associated_data), ("tag", nonce)],
            key,
        };
        let opened = open_resource(&evidence, TIME_LIMIT);
        prop_assert!(opened.plaintext.is_none());
        prop_assert_eq!(opened.diagnosis.map(|one| one.verdict), Some(Verdict::Unexplained));
    }
}
