//! What can't be shared.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, MaxRatio, OperationError, Payments, policies::SharedRefund};
use wechatpay_protocol::EncryptingKey;

use super::{APPID, STRANGER, back, for_sharing, merchant, request, two_merchants};
use crate::payments::{REFUNDS, Shop, order, refund};

#[tokio::test]
async fn only_an_order_that_was_placed_for_it_is_shared_and_only_after_a_minute() {
    let shop = Shop::open().await;
    shop.add(STRANGER).await;
    let asked = |id: &str| request("P1", id, &[merchant(STRANGER, 10)], false);
    shop.place("jsapi", order("A00001")).await;
    let paid = shop.pay("A00001").unwrap();
    let id = paid["transaction_id"].as_str().unwrap();
    shop.refused_share(asked(id), OperationError::SharingNotOrdered).await;
    shop.refused_share(asked("4200000000000000000000000000"), OperationError::SharingUnknownOrder).await;

    shop.place("jsapi", for_sharing("A00002", 100)).await;
    let paid = shop.pay("A00002").unwrap();
    let id = paid["transaction_id"].as_str().unwrap();
    shop.mock.clock().advance(59);
    shop.refused_share(asked(id), OperationError::SharingProcessing).await;
    shop.mock.clock().advance(1);
    shop.share(asked(id)).await;
}

#[tokio::test]
async fn only_receivers_that_were_added_get_something() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 100).await;
    let asked = |number: &str| request(number, &id, &[merchant(STRANGER, 1)], false);
    shop.refused_share(asked("P1"), OperationError::SharingNoRelation).await;
    shop.add(STRANGER).await;
    shop.share(asked("P1")).await;
    let deleted = shop.delete(STRANGER).await;
    assert_eq!(deleted, json!({ "account": STRANGER, "type": "MERCHANT_ID" }));
    shop.refused_share(asked("P2"), OperationError::SharingNoRelation).await;
    shop.refused_share(request("P3", &id, &[], false), OperationError::SharingWithoutReceivers).await;

    // A user needs the appid of its openid, and the name that it was added with.
    let (_, pem) = shop.mock.credentials().public_key.unwrap();
    let key = EncryptingKey::from_pem(&pem).unwrap();
    let user = |name: &str| {
        json!({
            "appid": APPID, "type": "PERSONAL_OPENID", "account": "oUser", "name": key.encrypt(name).unwrap(),
            "relation_type": "USER",
        })
    };
    shop.call(Method::POST, super::ADD, user("张三")).await;
    let mut receiver =
        json!({ "type": "PERSONAL_OPENID", "account": "oUser", "amount": 1, "description": "x" });
    let mut asked = request("P4", &id, &[receiver.clone()], false);
    asked.as_object_mut().unwrap().remove("appid");
    shop.refused_share(asked, OperationError::SharingWithoutAppid).await;
    for (name, expected) in [("李四", Err(OperationError::SharingName)), ("张三", Ok(()))] {
        receiver["name"] = key.encrypt(name).unwrap().into();
        let asked = request("P4", &id, &[receiver.clone()], false);
        match expected {
            Ok(()) => drop(shop.share(asked).await),
            Err(error) => shop.refused_share(asked, error).await,
        }
    }
}

#[tokio::test]
async fn a_receiver_that_is_deleted_before_it_gets_its_money_gets_none() {
    let mut config = Config::default();
    config.payments = Payments { sharing_delay: std::time::Duration::from_secs(60), ..Payments::default() };
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, STRANGER, 10).await;
    assert_eq!(shop.left(&id).await, 90);
    shop.delete(STRANGER).await;
    shop.mock.clock().advance(59);
    assert_eq!(shop.shared("P1", &id).await["state"], "PROCESSING");
    shop.refused_return(back("R1", "P1", STRANGER, 1), OperationError::SharingProcessing).await;
    shop.mock.clock().advance(1);
    let shared = shop.shared("P1", &id).await;
    let receiver = &shared["receivers"][0];
    assert_eq!((&receiver["result"], &receiver["fail_reason"]), (&json!("CLOSED"), &json!("NO_RELATION")));
    assert_eq!(shop.left(&id).await, 100);
}

#[tokio::test]
async fn a_receiver_that_is_deleted_in_the_second_of_its_money_gets_it_in_either_order() {
    let shop = Shop::with(super::without_ratio()).await;
    let id = shop.sharable("A00001", 100).await;
    for number in 0..20 {
        let number = format!("P{number}");
        shop.shares(&number, &id, STRANGER, 1).await;
        shop.delete(STRANGER).await;
        assert_eq!(shop.shared(&number, &id).await["receivers"][0]["result"], "SUCCESS");
    }
}

#[tokio::test]
async fn a_receiver_that_is_deleted_again_was_deleted_the_first_time() {
    let mut config = super::without_ratio();
    config.payments.sharing_delay = std::time::Duration::from_secs(60);
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 100).await;
    for number in 0..20 {
        let number = format!("P{number}");
        shop.shares(&number, &id, STRANGER, 1).await;
        shop.delete(STRANGER).await;
        shop.mock.clock().advance(60);
        shop.delete(STRANGER).await;
        assert_eq!(shop.shared(&number, &id).await["receivers"][0]["result"], "CLOSED");
    }
}

#[tokio::test]
async fn a_number_chooses_why_the_first_receiver_gets_nothing() {
    let shop = Shop::with(two_merchants()).await;
    let id = shop.sharable("A00001", 1000).await;
    shop.add(STRANGER).await;
    shop.add(super::MERCHANT).await;
    for (at, reason) in [
        "ACCOUNT_ABNORMAL",
        "NO_RELATION",
        "RECEIVER_HIGH_RISK",
        "RECEIVER_REAL_NAME_NOT_VERIFIED",
        "NO_AUTH",
        "RECEIVER_RECEIPT_LIMIT",
        "PAYER_ACCOUNT_ABNORMAL",
        "INVALID_REQUEST",
    ]
    .iter()
    .enumerate()
    {
        let number = format!("MOCK*closed-{}*{at}", reason.to_lowercase().replace('_', "-"));
        let receivers = [merchant(super::MERCHANT, 10), merchant(STRANGER, 10)];
        shop.share(request(&number, &id, &receivers, false)).await;
        let shared = shop.shared(&number, &id).await;
        let (first, second) = (&shared["receivers"][0], &shared["receivers"][1]);
        assert_eq!((&first["result"], &first["fail_reason"]), (&json!("CLOSED"), &json!(reason)));
        assert_eq!((&second["result"], &second["fail_reason"]), (&json!("SUCCESS"), &Value::Null));
    }
    assert_eq!(shop.left(&id).await, 920);
    // One that gets nothing is told nothing.
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
}

#[tokio::test]
async fn no_more_is_shared_than_is_left_or_than_the_ratio_allows() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    shop.add(STRANGER).await;
    let asked = |number: &str, amounts: &[u64]| {
        let receivers: Vec<_> = amounts.iter().map(|amount| merchant(STRANGER, *amount)).collect();
        request(number, &id, &receivers, false)
    };
    shop.refused_share(asked("P1", &[1001]), OperationError::SharingNotEnough).await;
    let large = i64::MAX.unsigned_abs();
    shop.refused_share(asked("P1", &[large, large, large]), OperationError::SharingNotEnough).await;
    shop.refused_share(asked("P1", &[301]), OperationError::SharingRatio).await;
    shop.refused_share(asked("P1", &[150, 151]), OperationError::SharingRatio).await;
    shop.share(asked("P1", &[150, 149])).await;
    shop.refused_share(asked("P2", &[2]), OperationError::SharingRatio).await;
    shop.share(asked("P2", &[1])).await;
    shop.refused_share(asked("P2", &[2]), OperationError::SharingDifferent).await;
}

#[tokio::test]
async fn the_ratio_is_that_of_the_configuration() {
    let mut config = Config::default();
    config.payments = Payments { max_ratio: MaxRatio::new(10_000).unwrap(), ..Payments::default() };
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    assert_eq!(shop.left(&id).await, 0);
    let config = "/v3/profitsharing/merchant-configs/1900000109";
    assert_eq!(shop.call(Method::GET, config, Value::Null).await["max_ratio"], 10_000);
}

#[tokio::test]
async fn an_order_is_shared_fifty_times_with_fifty_receivers_at_most() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 100_000).await;
    shop.add(STRANGER).await;
    let fifty: Vec<_> = (0..50).map(|_| merchant(STRANGER, 1)).collect();
    let too_many = [fifty.clone(), vec![merchant(STRANGER, 1)]].concat();
    let refused = shop.try_call(Method::POST, super::SHARE, request("P0", &id, &too_many, false)).await;
    assert!(refused.unwrap_err().contains("分账接收方列表"));
    for number in 0..50 {
        shop.share(request(&format!("P{number}"), &id, &fifty, false)).await;
    }
    shop.refused_share(request("P50", &id, &fifty, false), OperationError::SharingTooMany).await;
    assert_eq!(shop.left(&id).await, 100_000 - 2500);
}

#[tokio::test]
async fn refunds_and_receivers_together_get_no_more_than_was_paid() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, STRANGER, 30).await;
    let refused = OperationError::RefundNotEnough;
    shop.refused(Method::POST, REFUNDS, refund("R1", "A00001", 71), refused).await;
    shop.call(Method::POST, REFUNDS, refund("R1", "A00001", 60)).await;
    assert_eq!(shop.left(&id).await, 10);
    shop.refused_share(
        request("P2", &id, &[merchant(STRANGER, 11)], false),
        OperationError::SharingNotEnough,
    )
    .await;
    // What comes back can be refunded.
    shop.shared("P1", &id).await;
    shop.give_back(back("B1", "P1", STRANGER, 30)).await;
    shop.call(Method::POST, REFUNDS, refund("R2", "A00001", 40)).await;
    assert_eq!(shop.left(&id).await, 0);
    // A full refund leaves nothing to share.
    shop.refused_share(request("P2", &id, &[merchant(STRANGER, 1)], false), OperationError::SharingNotEnough)
        .await;
}

#[tokio::test]
async fn a_merchant_may_refund_what_receivers_have_if_the_policy_allows_it() {
    let mut config = Config::default();
    config.policies.shared_refund = SharedRefund::Allow;
    let shop = Shop::with(config).await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, STRANGER, 30).await;
    shop.call(Method::POST, REFUNDS, refund("R1", "A00001", 100)).await;
    assert_eq!(shop.left(&id).await, 0);
}
