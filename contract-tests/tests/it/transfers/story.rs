//! From the order to the user's confirmation, and every other way in which a transfer ends.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{
    Config, Confirmation, MerchantConfig, OperationError, OrderName, Payment, Payments, TransferAction,
    TransferName, Transfers,
};

use super::{
    BILLS, act, by_number, cancel, confirm, decrypted, encrypted, place, query, state, transfer, with_balance,
};
use crate::{
    bills,
    payments::{NOWHERE, Shop},
};

const HOUR: i64 = 60 * 60;

#[tokio::test]
async fn a_transfer_waits_for_its_user_and_ends_with_the_confirmation() {
    let shop = Shop::open().await;
    let placed = place(&shop, transfer("T1", 100)).await;
    assert_eq!(placed["state"], "WAIT_USER_CONFIRM");
    assert!(placed["package_info"].as_str().unwrap().starts_with("ABBQO+oYAAABAAAAAA"));
    let number = placed["transfer_bill_no"].as_str().unwrap();
    let by_gateways = format!("{BILLS}/transfer-bill-no/{number}");
    let waiting = shop.call(Method::GET, &by_gateways, Value::Null).await;
    assert_eq!(waiting["package_info"], placed["package_info"]);
    assert_eq!(waiting, query(&shop, "T1").await);
    assert!(shop.events().is_empty());

    let confirmed = confirm(&shop, "T1").unwrap();
    assert_eq!((&confirmed["state"], &confirmed["merchant"]), (&json!("SUCCESS"), &json!("1900000001")));
    let shown = query(&shop, "T1").await;
    assert_eq!((&shown["state"], shown.get("package_info")), (&json!("SUCCESS"), None));
    assert_eq!(shop.events(), ["MCHTRANSFER.BILL.FINISHED"]);
    let told = shop.told();
    assert_eq!((&told["state"], &told["transfer_amount"]), (&json!("SUCCESS"), &json!(100)));
    let refused = confirm(&shop, "T1").unwrap_err().to_string();
    assert!(refused.contains("expected state WAIT_USER_CONFIRM, found SUCCESS"), "{refused}");
}

#[tokio::test]
async fn a_transfer_that_nobody_confirms_fails_after_24_hours() {
    let shop = with_balance(100, Config::default()).await;
    place(&shop, transfer("T1", 100)).await;
    shop.mock.clock().advance(24 * HOUR - 1);
    assert_eq!(state(&shop, "T1").await, "WAIT_USER_CONFIRM");
    shop.mock.clock().advance(1);
    let shown = query(&shop, "T1").await;
    assert_eq!((&shown["state"], &shown["fail_reason"]), (&json!("FAIL"), &json!("OVERDUE_CLOSE")));
    assert_eq!(shop.told()["fail_reason"], "OVERDUE_CLOSE");
    confirm(&shop, "T1").unwrap_err();
    // The money is there again.
    assert_eq!(place(&shop, transfer("T2", 100)).await["state"], "WAIT_USER_CONFIRM");
}

#[tokio::test]
async fn a_callback_tells_of_the_expiry_though_nobody_looks() {
    let shop = Shop::open().await;
    place(&shop, transfer("T1", 100)).await;
    shop.mock.clock().advance(24 * HOUR);
    crate::support::soon(async {
        while shop.events().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(shop.told()["state"], "FAIL");
}

#[tokio::test]
async fn a_transfer_is_cancelled_until_it_is_confirmed() {
    let shop = with_balance(100, Config::default()).await;
    place(&shop, transfer("T1", 100)).await;
    assert_eq!(cancel(&shop, "T1").await.unwrap()["state"], "CANCELING");
    assert_eq!(state(&shop, "T1").await, "CANCELLED");
    assert_eq!(shop.told()["state"], "CANCELLED");
    assert_eq!(cancel(&shop, "T1").await.unwrap()["state"], "CANCELLED");
    confirm(&shop, "T1").unwrap_err();
    place(&shop, transfer("T2", 100)).await;
    confirm(&shop, "T2").unwrap();
    let target = format!("{}/cancel", by_number("T2"));
    shop.refused(Method::POST, &target, Value::Null, OperationError::TransferNotCancellable).await;
    let unknown = format!("{}/cancel", by_number("T3"));
    shop.refused(Method::POST, &unknown, json!({}), OperationError::UnknownTransfer).await;
}

#[tokio::test]
async fn the_same_number_is_the_same_transfer_or_an_error() {
    let shop = with_balance(100, Config::default()).await;
    let first = place(&shop, transfer("T1", 100)).await;
    assert_eq!(place(&shop, transfer("T1", 100)).await, first);
    confirm(&shop, "T1").unwrap();
    let again = place(&shop, transfer("T1", 100)).await;
    assert_eq!((&again["state"], again.get("package_info")), (&json!("SUCCESS"), None));
    shop.refused(Method::POST, BILLS, transfer("T1", 99), OperationError::TransferRepeated).await;
    assert_eq!(shop.events().len(), 1);
}

#[tokio::test]
async fn each_encryption_of_a_name_is_the_same_name() {
    let shop = Shop::open().await;
    let named = |name: &str| {
        let mut transfer = transfer("T1", 200_000);
        transfer["user_name"] = encrypted(&shop.mock, name).into();
        transfer
    };
    shop.refused(Method::POST, BILLS, transfer("T1", 200_000), OperationError::TransferUserName).await;
    place(&shop, named("张三")).await;
    place(&shop, named("张三")).await;
    shop.refused(Method::POST, BILLS, named("李四"), OperationError::TransferRepeated).await;
    assert_eq!(decrypted(&shop.mock, &query(&shop, "T1").await["user_name"]), "张三");
}

#[tokio::test]
async fn a_user_of_another_name_does_not_get_the_money() {
    let shop = with_balance(200_000, Config::default()).await;
    let mut named = transfer("T1", 200_000);
    named["user_name"] = encrypted(&shop.mock, "张三").into();
    place(&shop, named).await;
    let of = |name: &str| Confirmation {
        user_name: Some(name.into()),
        ..Confirmation::of(TransferName::OutBillNo("T1".into()))
    };
    let confirmed = shop.mock.confirm(&of("李四")).unwrap();
    assert_eq!(
        (&confirmed["state"], &confirmed["fail_reason"]),
        (&json!("FAIL"), &json!("NAME_NOT_CORRECT"))
    );
    assert_eq!(place(&shop, transfer("T2", 199_999)).await["state"], "WAIT_USER_CONFIRM");
}

#[tokio::test]
async fn a_user_declines() {
    let shop = Shop::open().await;
    place(&shop, transfer("T1", 100)).await;
    assert_eq!(act(&shop, "T1", TransferAction::Decline).unwrap()["state"], "FAIL");
}

#[tokio::test]
async fn a_number_says_what_its_user_does_and_why_it_fails() {
    let shop = Shop::open().await;
    for (number, expected, reason) in
        [("MOCKconfirm0001", "SUCCESS", None), ("MOCKdecline0001", "FAIL", Some("OTHER_FAIL_REASON_TYPE"))]
    {
        assert_eq!(place(&shop, transfer(number, 100)).await["state"], "WAIT_USER_CONFIRM");
        let shown = query(&shop, number).await;
        assert_eq!((shown["state"].as_str(), shown["fail_reason"].as_str()), (Some(expected), reason));
    }
    place(&shop, transfer("MOCKaccountfrozen0001", 100)).await;
    assert_eq!(confirm(&shop, "MOCKaccountfrozen0001").unwrap()["fail_reason"], "ACCOUNT_FROZEN");
    let limited = shop.try_call(Method::POST, BILLS, transfer("MOCKfrequencylimited1", 100)).await;
    assert_eq!(limited.unwrap_err(), "频率超限");
}

#[tokio::test]
async fn users_confirm_by_themselves_after_a_while() {
    let after = Some(Duration::from_secs(60));
    let mut config = Config::default();
    config.payments = Payments { auto_confirm: after, ..Payments::default() };
    config.transfers = Transfers { delay: Duration::from_secs(5), ..Transfers::default() };
    let shop = Shop::with(config).await;
    place(&shop, transfer("T1", 100)).await;
    for (seconds, expected) in
        [(59, "WAIT_USER_CONFIRM"), (1, "TRANSFERING"), (4, "TRANSFERING"), (1, "SUCCESS")]
    {
        shop.mock.clock().advance(seconds);
        assert_eq!(state(&shop, "T1").await, expected);
    }
}

#[tokio::test]
async fn limits_and_scenes_are_those_of_the_configuration() {
    let merchant =
        MerchantConfig { appids: vec!["wxd678efh567hg6787".into()], ..MerchantConfig::development() };
    let mut config = Config::default().with_merchants([merchant]);
    config.transfers = Transfers {
        scenes: vec!["1000".into()],
        limit: Some(100),
        daily_limit: Some(150),
        ..Transfers::default()
    };
    let shop = Shop::with(config).await;
    let with = |name: &str, value: Value| {
        let mut transfer = transfer("T1", 100);
        transfer[name] = value;
        transfer
    };
    for (refused, expected) in [
        (with("appid", "wxf636efh567hg4356".into()), OperationError::TransferAppid),
        (with("transfer_scene_id", "1005".into()), OperationError::TransferScene),
        (with("user_recv_perception", "货款".into()), OperationError::TransferPerception),
        (with("transfer_scene_report_infos", json!([])), OperationError::TransferReportsAbsent),
        (
            with("transfer_scene_report_infos", json!([{ "info_type": "活动名称", "info_content": "a" }])),
            OperationError::TransferReports,
        ),
        (with("transfer_amount", 101.into()), OperationError::TransferLimit),
    ] {
        shop.refused(Method::POST, BILLS, refused, expected).await;
    }
    place(&shop, transfer("T1", 100)).await;
    shop.refused(Method::POST, BILLS, transfer("T2", 51), OperationError::TransferDailyLimit).await;
    place(&shop, transfer("T2", 50)).await;
    shop.mock.clock().advance(14 * HOUR);
    place(&shop, transfer("T3", 100)).await;
}

#[tokio::test]
async fn a_transfer_without_enough_money_waits_for_it() {
    let shop = with_balance(100, Config::default()).await;
    place(&shop, transfer("T1", 60)).await;
    let waiting = place(&shop, transfer("T2", 60)).await;
    assert_eq!((&waiting["state"], waiting.get("package_info")), (&json!("PROCESSING"), None));
    confirm(&shop, "T2").unwrap_err();
    cancel(&shop, "T1").await.unwrap();
    query(&shop, "T1").await;
    let ready = place(&shop, transfer("T2", 60)).await;
    assert_eq!(ready["state"], "WAIT_USER_CONFIRM");
    assert!(ready["package_info"].is_string());
}

#[tokio::test]
async fn transfers_of_one_merchant_are_unknown_to_another() {
    let shop = Shop::open().await;
    let other = shop.mock.make_merchant(wechatpay_mock::NewMerchant::default()).unwrap();
    let now = shop.mock.clock().clone();
    let builder = wechatpay_client::Client::builder().base_url(&shop.mock.url()).credentials(&other);
    let client = builder.clock(move || now.now()).build().unwrap();
    place(&shop, transfer("T1", 100)).await;
    let error = client.call(Method::GET, &by_number("T1"), String::new()).await.unwrap_err();
    assert_eq!(error.api_error().unwrap().code(), Some("NOT_FOUND"));
    client.call(Method::POST, BILLS, transfer("T1", 70).to_string()).await.unwrap();
    let several = confirm(&shop, "T1").unwrap_err().to_string();
    assert!(several.contains("found one of each of"), "{several}");
    let merchant = Some(other.mchid.to_string());
    let theirs = Confirmation { merchant, ..Confirmation::of(TransferName::OutBillNo("T1".into())) };
    assert_eq!(shop.mock.confirm(&theirs).unwrap()["transfer_amount"], 70);
    assert_eq!(state(&shop, "T1").await, "WAIT_USER_CONFIRM");
}

#[tokio::test]
async fn a_receipt_is_downloaded_as_its_digest_says() {
    let shop = Shop::open().await;
    let placed = place(&shop, transfer("T1", 12_345)).await;
    let apply = "/v3/fund-app/mch-transfer/elecsign/out-bill-no";
    let body = json!({ "out_bill_no": "T1" });
    shop.refused(Method::POST, apply, body.clone(), OperationError::ReceiptNotReady).await;
    confirm(&shop, "T1").unwrap();
    let shown = format!("{apply}/T1");
    shop.refused(Method::GET, &shown, Value::Null, OperationError::UnknownTransfer).await;
    assert_eq!(shop.call(Method::POST, apply, body).await["state"], "GENERATING");
    let number = placed["transfer_bill_no"].as_str().unwrap();
    let by_gateways = format!("/v3/fund-app/mch-transfer/elecsign/transfer-bill-no/{number}");
    let mut addresses = std::collections::BTreeSet::new();
    for target in [shown, by_gateways] {
        let receipt = shop.call(Method::GET, &target, Value::Null).await;
        assert_eq!((&receipt["state"], &receipt["hash_type"]), (&json!("FINISHED"), &json!("SHA256")));
        let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&receipt)).await;
        assert!(file.body.starts_with(b"%PDF-1.4") && !file.head.contains("Wechatpay-Signature"));
        let digest = base16ct::upper::encode_string(&<sha2::Sha256 as sha2::Digest>::digest(&file.body));
        assert_eq!(receipt["hash_value"], digest);
        assert!(String::from_utf8(file.body).unwrap().contains("amount 123.45 CNY"));
        addresses.insert(receipt["download_url"].to_string());
    }
    // One address while it holds, and then another.
    assert_eq!(addresses.len(), 1);
    shop.mock.clock().advance(5 * 60 + 1);
    let receipt = shop.call(Method::GET, &format!("{apply}/T1"), Value::Null).await;
    assert!(addresses.insert(receipt["download_url"].to_string()));
}

#[tokio::test]
async fn refunds_and_transfers_take_from_one_balance() {
    let shop = with_balance(100, Config::default()).await;
    let order = json!({
        "appid": "wxd678efh567hg6787", "mchid": "1900000001", "description": "示例商品", "out_trade_no": "ORDER01",
        "notify_url": NOWHERE, "amount": { "total": 100, "currency": "CNY" },
    });
    shop.call(Method::POST, "/v3/pay/transactions/native", order).await;
    shop.mock.pay(&Payment::of(OrderName::OutTradeNo("ORDER01".into()))).unwrap();
    let refund = |number: &str, amount: u64| {
        json!({
            "out_trade_no": "ORDER01", "out_refund_no": number,
            "amount": { "refund": amount, "total": 100, "currency": "CNY" },
        })
    };
    let refunds = "/v3/refund/domestic/refunds";
    place(&shop, transfer("T1", 60)).await;
    shop.refused(Method::POST, refunds, refund("R1", 41), OperationError::RefundNotEnough).await;
    shop.call(Method::POST, refunds, refund("R1", 40)).await;
    assert_eq!(place(&shop, transfer("T2", 10)).await["state"], "PROCESSING");
    cancel(&shop, "T1").await.unwrap();
    assert_eq!(state(&shop, "T1").await, "CANCELLED");
    assert_eq!(state(&shop, "T2").await, "WAIT_USER_CONFIRM");
    shop.refused(Method::POST, refunds, refund("R2", 51), OperationError::RefundNotEnough).await;
    shop.call(Method::POST, refunds, refund("R2", 50)).await;
}
