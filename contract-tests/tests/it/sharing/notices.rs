//! What receivers are told.

use serde_json::{Value, json};
use wechatpay_mock::{Config, MerchantConfig, TrustMode};

use super::{MERCHANT, STRANGER, back, merchant, request};
use crate::{
    payments::Shop,
    support::receiver::{OK, Receiver},
};

#[tokio::test]
async fn a_receiver_is_told_with_its_own_keys_what_it_has_got_and_returned() {
    let mut receiver = Receiver::start(&[OK]).await;
    let config = MerchantConfig {
        notify_url: Some(receiver.url()),
        apiv3_key: "0123456789abcdef0123456789ABCDEF".parse().unwrap(),
        trust: TrustMode::PublicKey,
        ..MerchantConfig::new(MERCHANT.parse().unwrap())
    };
    let shop = Shop::with(Config::default().with_merchants([MerchantConfig::development(), config])).await;
    let credentials = shop.mock.credentials_of(MERCHANT).unwrap();
    let id = shop.sharable("A00001", 1000).await;
    shop.add(MERCHANT).await;
    shop.add(STRANGER).await;
    // Nobody tells the stranger, and nobody has to ask for the result.
    shop.share(request("P1", &id, &[merchant(STRANGER, 20), merchant(MERCHANT, 10)], false)).await;
    let told = receiver.next().await.verify(&credentials, shop.mock.clock().now()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((&told["receiver"]["account"], &told["receiver"]["amount"]), (&json!(MERCHANT), &json!(10)));
    shop.give_back(back("R1", "P1", MERCHANT, 4)).await;
    let told = receiver.next().await.verify(&credentials, shop.mock.clock().now()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((&told["out_order_no"], &told["receiver"]["amount"]), (&json!("R1"), &json!(4)));
    let expected = ["TRANSACTION.SUCCESS", "PROFITSHARING.SUCCESS", "PROFITSHARING.RETURN"];
    assert_eq!(shop.events(), expected);
}

#[tokio::test]
async fn a_receiver_without_a_url_is_told_nothing() {
    let config = Config::default()
        .with_merchants([MerchantConfig::development(), MerchantConfig::new(MERCHANT.parse().unwrap())]);
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, MERCHANT, 10).await;
    assert_eq!(shop.shared("P1", &id).await["state"], "FINISHED");
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
}
