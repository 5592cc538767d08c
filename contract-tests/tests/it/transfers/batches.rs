//! The older batches of transfers.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{
    Config, OperationError, Transfers, Warning,
    policies::{OldTransfers, Policies},
};

use super::{
    BILLS,
    authorized::{AUTHORIZATIONS, authorization},
    encrypted, transfer, with_balance, with_policies,
};
use crate::payments::{NOWHERE, OPENID, Shop, without};

pub(super) const BATCHES: &str = "/v3/transfer/batches";

pub(super) fn detail(number: &str, amount: u64) -> Value {
    json!({ "out_detail_no": number, "transfer_amount": amount, "transfer_remark": "示例", "openid": OPENID })
}

pub(super) fn batch(number: &str, details: &[Value]) -> Value {
    let total: u64 = details.iter().map(|detail| detail["transfer_amount"].as_u64().unwrap()).sum();
    json!({
        "appid": "wxd678efh567hg6787", "out_batch_no": number, "batch_name": "示例", "batch_remark": "示例",
        "total_amount": total, "total_num": details.len(), "transfer_detail_list": details, "notify_url": NOWHERE,
    })
}

async fn query(shop: &Shop, number: &str, rest: &str) -> Value {
    let target = format!("{BATCHES}/out-batch-no/{number}?need_query_detail={rest}");
    shop.call(Method::GET, &target, Value::Null).await
}

#[tokio::test]
async fn a_batch_pays_all_but_those_that_fail() {
    let shop = with_balance(100, Config::default()).await;
    let details = [detail("D1", 60), detail("MOCKnamenotcorrect1", 40)];
    let placed = shop.call(Method::POST, BATCHES, batch("B1", &details)).await;
    assert_eq!(placed["batch_status"], "ACCEPTED");
    assert_eq!(shop.call(Method::POST, BATCHES, batch("B1", &details)).await["batch_id"], placed["batch_id"]);
    let shown = query(&shop, "B1", "true&detail_status=FAIL").await;
    assert_eq!(shown["transfer_batch"]["batch_status"], "FINISHED");
    assert_eq!(shown["transfer_batch"]["success_amount"], 60);
    assert_eq!(shown["transfer_batch"]["fail_amount"], 40);
    let failed = shown["transfer_detail_list"].as_array().unwrap();
    assert_eq!((failed.len(), &failed[0]["out_detail_no"]), (1, &details[1]["out_detail_no"]));
    let target = format!("{BATCHES}/out-batch-no/B1/details/out-detail-no/MOCKnamenotcorrect1");
    let one = shop.call(Method::GET, &target, Value::Null).await;
    assert_eq!(one["fail_reason"], "NAME_NOT_CORRECT");
    let (batch_id, detail_id) = (one["batch_id"].as_str().unwrap(), one["detail_id"].as_str().unwrap());
    let target = format!("{BATCHES}/batch-id/{batch_id}/details/detail-id/{detail_id}");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await, one);
    assert_eq!(shop.events(), ["MCHTRANSFER.BATCH.FINISHED"]);
    // What failed is the merchant's again, and no more.
    shop.refused(Method::POST, BATCHES, batch("B2", &[detail("D1", 41)]), OperationError::TransferNotEnough)
        .await;
    shop.call(Method::POST, BATCHES, batch("B2", &[detail("D1", 40)])).await;
}

#[tokio::test]
async fn a_batch_must_add_up_and_name_who_gets_much() {
    let shop = Shop::open().await;
    let refused = |batch: Value, expected| shop.refused(Method::POST, BATCHES, batch, expected);
    let one = batch("B1", &[detail("D1", 100)]);
    for (name, value) in [("total_amount", 99), ("total_num", 2)] {
        let mut wrong = one.clone();
        wrong[name] = value.into();
        refused(wrong, OperationError::TransferBatch).await;
    }
    refused(batch("B1", &[detail("D1", 100), detail("D1", 100)]), OperationError::TransferBatch).await;
    refused(batch("B1", &[detail("D1", 200_000)]), OperationError::TransferUserName).await;
    let mut small = detail("D1", 29);
    small["user_name"] = encrypted(&shop.mock, "张三").into();
    refused(batch("B1", &[small]), OperationError::TransferBatch).await;
    shop.call(Method::POST, BATCHES, one).await;
    refused(batch("B1", &[detail("D1", 99)]), OperationError::TransferRepeated).await;
}

#[tokio::test]
async fn a_batch_is_processed_until_it_is_finished() {
    let mut config = Config::default();
    config.transfers = Transfers { delay: std::time::Duration::from_secs(5), ..Transfers::default() };
    let shop = Shop::with(config).await;
    let placed = shop.call(Method::POST, BATCHES, batch("B1", &[detail("D1", 100)])).await;
    assert_eq!(placed["batch_status"], "ACCEPTED");
    for (seconds, expected) in [(4, "PROCESSING"), (1, "FINISHED")] {
        shop.mock.clock().advance(seconds);
        assert_eq!(query(&shop, "B1", "false").await["transfer_batch"]["batch_status"], expected);
    }
}

#[tokio::test]
async fn orders_without_an_address_for_their_callback_are_warned_of_that() {
    let shop = Shop::open().await;
    let mut order = transfer("T1", 100);
    order["notify_url"] = "".into();
    super::place(&shop, order).await;
    let batch = without(batch("B1", &[detail("D1", 100)]), "notify_url");
    shop.call(Method::POST, BATCHES, batch).await;
    query(&shop, "B1", "false").await;
    super::confirm(&shop, "T1").unwrap();
    assert!(shop.events().is_empty());
    let is_of_the_address = |warning: &Warning| matches!(warning, Warning::NoNotifyUrl { .. });
    let exchanges = shop.mock.exchanges();
    let warned: Vec<_> =
        exchanges.iter().map(|exchange| exchange.warnings.iter().any(is_of_the_address)).collect();
    assert_eq!(warned, [true, true, false]);
}

#[tokio::test]
async fn a_batch_that_nobody_agrees_to_is_closed() {
    let shop = with_balance(100, Config::default()).await;
    let placed = shop.call(Method::POST, BATCHES, batch("MOCKoverdueclose1", &[detail("D1", 100)])).await;
    assert_eq!(placed["batch_status"], "WAIT_PAY");
    let shown = query(&shop, "MOCKoverdueclose1", "false").await;
    assert_eq!(shown["transfer_batch"]["close_reason"], "OVERDUE_CLOSE");
    assert_eq!(shop.events(), ["MCHTRANSFER.BATCH.CLOSED"]);
    shop.call(Method::POST, BATCHES, batch("B2", &[detail("D1", 100)])).await;
}

#[tokio::test]
async fn merchants_of_the_newer_transfers_have_no_batches() {
    let policies = Policies { old_transfers: OldTransfers::Refuse, ..Policies::default() };
    let shop = Shop::with(with_policies(policies)).await;
    shop.refused(Method::POST, BATCHES, batch("B1", &[detail("D1", 100)]), OperationError::TransferUpgraded)
        .await;
}

#[tokio::test]
async fn numbers_are_letters_and_digits_and_some_at_least() {
    let shop = Shop::open().await;
    let refused = async |target: &str, body: Value| {
        let error = shop.client.call(Method::POST, target, body.to_string()).await.unwrap_err();
        assert_eq!(error.api_error().unwrap().code(), Some("PARAM_ERROR"), "{body}");
    };
    for wrong in ["", "a/b c", "123456789012345678901234567890123"] {
        refused(BATCHES, batch(wrong, &[detail("D1", 100)])).await;
        refused(BATCHES, batch("B1", &[detail(wrong, 100)])).await;
        refused(AUTHORIZATIONS, authorization(wrong)).await;
        refused(BILLS, transfer(wrong, 100)).await;
    }
    for (target, mut body) in [(BILLS, transfer("T1", 100)), (AUTHORIZATIONS, authorization("A1"))] {
        body["openid"] = "".into();
        refused(target, body).await;
    }
}
