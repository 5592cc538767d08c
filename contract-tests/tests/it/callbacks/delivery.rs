//! One callback: its bytes, its signature, and what counts as taken.

use std::sync::Arc;

use serde_json::{Value, json};
use wechatpay_mock::{
    Config, DeliveryState, MerchantConfig, MockServer, Outcome, Trigger, TriggerError, TrustMode,
    policies::CallbackKey,
};
use wechatpay_protocol::{KeyId, Mchid};

use super::{PAID, paid, trigger};
use crate::support::{
    NOW, frozen_mock,
    receiver::{FAILED, NO_CONTENT, OK, Receiver},
};

#[tokio::test]
async fn a_callback_looks_like_a_real_one_and_verifies_and_decrypts() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    let delivery = trigger(&mock, paid(&receiver)).await;
    assert_eq!(delivery.state, DeliveryState::Received);
    let received = receiver.next().await;
    assert_eq!(received.line, "POST /notify?a=1");
    let mut names: Vec<_> = received.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "Accept",
        "Cache-Control",
        "Content-Length",
        "Content-Type",
        "Host",
        "Pragma",
        "User-Agent",
        "Wechatpay-Nonce",
        "Wechatpay-Serial",
        "Wechatpay-Signature",
        "Wechatpay-Signature-Type",
        "Wechatpay-Timestamp",
    ];
    assert_eq!(names, expected);
    for (name, value) in [
        ("Accept", "*/*"),
        ("User-Agent", "Mozilla/4.0"),
        ("Content-Type", "application/json"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
        ("Wechatpay-Timestamp", "1756951532"),
    ] {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    let nonce = received.header("Wechatpay-Nonce").unwrap();
    assert!(nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{nonce}");

    let body = String::from_utf8(received.body.clone()).unwrap();
    let places = [
        "{\"id\":\"",
        ",\"create_time\":\"2025-09-04T10:05:32+08:00\"",
        ",\"resource_type\":\"encrypt-resource\"",
        ",\"event_type\":\"TRANSACTION.SUCCESS\"",
        ",\"summary\":\"支付成功\"",
        ",\"resource\":{\"original_type\":\"transaction\"",
        ",\"algorithm\":\"AEAD_AES_256_GCM\"",
        ",\"ciphertext\":\"",
        ",\"associated_data\":\"transaction\"",
        ",\"nonce\":\"",
    ]
    .map(|part| body.find(part).unwrap_or_else(|| panic!("{part} in {body}")));
    assert!(places.is_sorted(), "{body}");
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), &id[14..15], &id), (36, "5", &delivery.id));

    let plain = received.verify(&mock.credentials(), NOW).unwrap();
    let order = [
        "mchid",
        "appid",
        "out_trade_no",
        "transaction_id",
        "trade_type",
        "trade_state",
        "trade_state_desc",
        "bank_type",
        "attach",
        "success_time",
        "payer",
        "amount",
    ];
    let plain = String::from_utf8(plain).unwrap();
    let places =
        order.map(|name| plain.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {plain}")));
    assert!(places.is_sorted(), "{plain}");
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap()["mchid"], "1900000001");
}

#[tokio::test]
async fn every_event_is_delivered_and_decrypts_to_its_resource() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[NO_CONTENT]).await);
    let credentials = mock.credentials();
    let contract = wechatpay_openapi::Contract::current();
    let mut count = 0;
    for event in contract.events() {
        let wanted = Trigger { to: Some(receiver.url()), ..Trigger::of(&event.event_type) };
        let delivery = trigger(&mock, wanted).await;
        assert_eq!(delivery.state, DeliveryState::Received, "{}", event.event_type);
        let plain = receiver.next().await.verify(&credentials, NOW).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), delivery.resource);
        let resource = serde_json::from_str(&delivery.resource).unwrap();
        assert_eq!(event.resource().check(&resource), Ok(()), "{}: {resource}", event.event_type);
        count += 1;
    }
    assert!(count >= 102, "{count}");
}

#[tokio::test]
async fn the_merchants_key_signs_and_one_that_trusts_both_gets_the_kind_that_the_policy_says() {
    let kind = async |trust: TrustMode, callback_key| {
        let merchant = MerchantConfig { trust, ..MerchantConfig::development() };
        let mut config = Config::default().with_merchants([merchant]);
        config.policies.callback_key = callback_key;
        let mock = MockServer::builder().config(config).start().await.unwrap();
        let mut receiver = Receiver::start(&[OK]).await;
        let mut kinds = String::new();
        for _ in 0..3 {
            trigger(&mock, paid(&receiver)).await;
            let received = receiver.next().await;
            received.verify(&mock.credentials(), mock.clock().now()).unwrap();
            kinds.push(match received.signature().unwrap().serial {
                KeyId::Certificate(_) => 'C',
                KeyId::PublicKey(_) => 'P',
            });
        }
        kinds
    };
    for (trust, key, expected) in [
        (TrustMode::Both, CallbackKey::Certificate, "CCC"),
        (TrustMode::Both, CallbackKey::Pair, "PPP"),
        (TrustMode::Both, CallbackKey::Turns, "CPC"),
        (TrustMode::PublicKey, CallbackKey::Certificate, "PPP"),
        (TrustMode::PlatformCertificate, CallbackKey::Pair, "CCC"),
    ] {
        assert_eq!(kind(trust, key).await, expected, "{trust:?} {key:?}");
    }
}

#[tokio::test]
async fn only_200_and_204_take_a_callback_and_a_redirect_is_not_followed() {
    for (answer, is_taken) in [
        (OK, true),
        (NO_CONTENT, true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{\"code\":\"FAIL\",\"message\":\"bad\"}", true),
        ("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", false),
        (FAILED, false),
        // The connection ends without a response.
        ("", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", false),
        ("SSH-2.0-OpenSSH\r\n\r\n", false),
    ] {
        let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[answer]).await);
        let delivery = trigger(&mock, paid(&receiver)).await;
        let is_received = delivery.state == DeliveryState::Received;
        assert_eq!((is_received, delivery.attempts.len()), (is_taken, 1), "{answer:?} {delivery:?}");
        receiver.next().await;
        assert!(receiver.arrived().is_none());
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_listen_or_is_slow_is_named() {
    let mock = frozen_mock().await;
    let unused = Receiver::start(&[OK]).await;
    let url = unused.url();
    drop(unused);
    let reason = async |to: String| {
        let delivery = trigger(&mock, Trigger { to: Some(to), ..Trigger::of(PAID) }).await;
        match &delivery.attempts[0].outcome {
            Outcome::NoAnswer { reason } => reason.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let refused = reason(url).await;
    assert!(refused.to_lowercase().contains("refused"), "{refused}");
    let slow = Receiver::start_slow(&[OK]).await;
    assert_eq!(reason(slow.url()).await, "no complete response within 5 s");
}

#[tokio::test]
async fn fields_of_the_resource_can_be_set_and_removed() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    let resource = json!({ "out_trade_no": "T1", "payer": null, "amount": { "total": 7 }, "own": [1] });
    trigger(&mock, Trigger { resource: Some(resource), ..paid(&receiver) }).await;
    let plain = receiver.next().await.verify(&mock.credentials(), NOW).unwrap();
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(
        (&plain["out_trade_no"], &plain["own"], plain.get("payer")),
        (&json!("T1"), &json!([1]), None)
    );
    assert_eq!((&plain["amount"]["total"], &plain["amount"]["currency"]), (&json!(7), &json!("CNY")));
}

#[tokio::test]
async fn a_callback_that_cannot_be_made_is_refused_with_the_reason() {
    let mock = frozen_mock().await;
    let error = async |wanted| mock.trigger(wanted).await.unwrap_err();
    let misspelt = error(Trigger::of("TRANSACTION.SUCCES")).await;
    assert!(misspelt.to_string().contains("did you mean TRANSACTION.SUCCESS?"), "{misspelt}");
    assert!(matches!(error(Trigger::of(PAID)).await, TriggerError::NoUrl { .. }));
    let unknown = Trigger { merchant: Some("1".into()), ..Trigger::of(PAID) };
    assert!(matches!(error(unknown).await, TriggerError::UnknownMerchant { .. }));
}

#[tokio::test]
async fn a_merchants_notify_url_is_the_default() {
    let mut receiver = Receiver::start(&[OK]).await;
    let merchant = MerchantConfig { notify_url: Some(receiver.url()), ..MerchantConfig::development() };
    let config = Config::default().with_merchants([merchant]);
    let mock = MockServer::builder().config(config).start().await.unwrap();
    assert_eq!(trigger(&mock, Trigger::of(PAID)).await.state, DeliveryState::Received);
    receiver.next().await;
}

#[tokio::test]
async fn nothing_more_is_sent_to_a_removed_merchant() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[FAILED]).await);
    let mchid: Mchid = mock.make_merchant(Default::default()).unwrap().mchid;
    let wanted = Trigger { merchant: Some(mchid.to_string()), ..paid(&receiver) };
    trigger(&mock, wanted).await;
    trigger(&mock, paid(&receiver)).await;
    receiver.next().await;
    receiver.next().await;
    assert!(mock.remove_merchant(&mchid));
    assert_eq!(mock.callbacks().len(), 1);
    for count in 1..=2 {
        mock.clock().advance(15);
        let next = receiver.next().await;
        assert_eq!(next.verify(&mock.credentials(), mock.clock().now()).map(drop), Ok(()));
        mock.attempted(2, count + 1).await;
    }
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn callbacks_to_a_slow_receiver_arrive_once_each_and_a_shutdown_waits_for_those_in_flight() {
    const COUNT: usize = 200;
    let (mock, mut receiver) = (Arc::new(frozen_mock().await), Receiver::start_slow(&[OK]).await);
    let sent: Vec<_> = (0..COUNT)
        .map(|_| {
            let (mock, wanted) = (Arc::clone(&mock), paid(&receiver));
            tokio::spawn(async move { mock.trigger(wanted).await.unwrap() })
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    for _ in 0..COUNT {
        let received = receiver.next().await;
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        assert!(
            ids.insert(
                body["resource"]["ciphertext"].to_string() + received.header("Wechatpay-Signature").unwrap()
            ) || !ids.is_empty()
        );
        receiver.answer(1);
    }
    for one in sent {
        assert_eq!(one.await.unwrap().state, DeliveryState::Received);
    }
    assert!(receiver.arrived().is_none());
    assert_eq!(mock.callbacks().len(), COUNT);

    let wanted = paid(&receiver);
    let in_flight = {
        let mock = Arc::clone(&mock);
        tokio::spawn(async move { mock.trigger(wanted).await.map(drop) })
    };
    receiver.next().await;
    in_flight.abort();
    let _ = in_flight.await;
    let mock = Arc::into_inner(mock).unwrap();
    let (is_finished, ()) = tokio::join!(mock.shutdown(), async { receiver.answer(1) });
    assert!(is_finished);
}
