//! The vectors, signed by OpenSSL, most of them with a mistake.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use wechatpay_mock::diagnosis::{Diagnosis, Evidence, KeyHolder, KnownKey, diagnose};
use wechatpay_protocol::{Certificate, RequestMessage};

use super::{
    ENOUGH_TIME,
    scene::{HOST, pem},
};

/// The diagnosis of a fault in the vectors.
fn expected(fault: &str) -> &str {
    match fault {
        // The request does not show what was signed instead, but the signer is certain.
        "other-body" | "other-nonce" | "other-path" => "other-message",
        "wrong-key" => "strangers-key",
        "signature-truncated" | "signature-empty-block" => "no-known-mistake-fits",
        own_name => own_name,
    }
}

#[test]
fn each_invalid_vector_is_diagnosed_as_its_fault_and_valid_ones_are_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors/request-signature");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let vector: Value = serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        let name = vector["name"].as_str().unwrap();
        let diagnosis = diagnosis(&vector);
        let found = diagnosis.as_ref().map(Diagnosis::name);
        match vector["fault"].as_str() {
            None => assert_eq!(found, None, "{name}"),
            Some(fault) => {
                // Variants and hints follow the name.
                let found = found.as_deref().and_then(|name| name.split(['(', ';']).next());
                assert_eq!(found, Some(expected(fault)), "{name}: {diagnosis:?}");
            }
        }
        count += 1;
    }
    assert!(count > 40, "{count} vectors");
}

fn diagnosis(vector: &Value) -> Option<Diagnosis> {
    let request = &vector["request"];
    let text = |field: &str| request[field].as_str().unwrap();
    let body = match (&request["body"]["text"], &request["body"]["base64"]) {
        (Value::String(text), _) => text.as_bytes().to_vec(),
        (_, Value::String(base64)) => BASE64_STANDARD.decode(base64).unwrap(),
        other => panic!("{other:?}"),
    };
    let certificate = |file: &str| Certificate::from_pem(&pem(file)).unwrap().verifying_key().clone();
    let key = vector["key"].as_str().unwrap().strip_prefix("credentials/").unwrap();
    let evidence = Evidence {
        message: RequestMessage {
            method: text("method"),
            target: text("target"),
            timestamp: text("timestamp").parse().unwrap(),
            nonce_str: text("nonce_str"),
            body: &body,
        },
        signature: vector["signature"].as_str().unwrap(),
        mchid: "1900000001",
        serial_no: "",
        host: Some(HOST),
        template: None,
        headers: Vec::new(),
        key: &certificate(key),
        other_keys: vec![KnownKey { holder: KeyHolder::Stranger, key: certificate("other_cert.pem") }],
    };
    diagnose(&evidence, ENOUGH_TIME)
}
