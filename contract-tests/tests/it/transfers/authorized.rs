//! Transfers that need no confirmation, because the user has authorised them.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, Confirmation, OperationError, TransferAction, TransferName};

use super::{BILLS, confirm, query, transfer, with_balance};
use crate::payments::{NOWHERE, OPENID, Shop};

const AUTHORIZATIONS: &str = "/v3/fund-app/mch-transfer/user-confirm-authorization";

fn authorization(number: &str) -> Value {
    json!({
        "out_authorization_no": number, "appid": "wxd678efh567hg6787", "openid": OPENID, "transfer_scene_id": "1000",
        "user_display_name": "wx_123456", "authorization_notify_url": NOWHERE,
    })
}

fn authorized(number: &str, id: &Value, amount: u64) -> Value {
    let mut transfer = transfer(number, amount);
    transfer.as_object_mut().unwrap().remove("openid");
    transfer["authorization_id"] = id.clone();
    transfer
}

fn shown(number: &str) -> String {
    format!("{AUTHORIZATIONS}/out-authorization-no/{number}")
}

fn act(shop: &Shop, number: &str, action: TransferAction) -> Value {
    let name = TransferName::OutAuthorizationNo(number.into());
    shop.mock.confirm(&Confirmation { action, ..Confirmation::of(name) }).unwrap()
}

#[tokio::test]
async fn an_authorised_transfer_succeeds_at_once_until_the_authorisation_is_closed() {
    let shop = with_balance(150, Config::default()).await;
    let applied = shop.call(Method::POST, AUTHORIZATIONS, authorization("A1")).await;
    assert_eq!(applied["state"], "WAIT_USER_CONFIRM");
    assert!(applied["package_info"].is_string());
    let id = json!("201202504101000000000000000");
    let target = format!("{BILLS}/transfer");
    let refused = OperationError::TransferNotAuthorized;
    shop.refused(Method::POST, &target, authorized("T1", &id, 100), refused).await;

    act(&shop, "A1", TransferAction::Confirm);
    let known = shop.call(Method::GET, &shown("A1"), Value::Null).await;
    assert_eq!((&known["state"], known.get("package_info")), (&json!("TAKING_EFFECT"), None));
    assert_eq!(shop.events(), ["MCHTRANSFER.AUTHORIZATION.CONFIRMED"]);
    assert_eq!(shop.told()["authorization_id"], known["authorization_id"]);
    let id = &known["authorization_id"];
    let made = shop.call(Method::POST, &target, authorized("T1", id, 100)).await;
    assert_eq!((&made["state"], &made["openid"]), (&json!("SUCCESS"), &json!(OPENID)));
    assert_eq!(shop.told()["state"], "SUCCESS");
    // There is no money for another one, so it waits.
    let short = shop.call(Method::POST, &target, authorized("T2", id, 100)).await;
    assert_eq!(short["state"], "PROCESSING");

    let closed = shop.call(Method::POST, &format!("{}/close", shown("A1")), Value::Null).await;
    assert_eq!(closed["close_info"]["close_reason"], "CLOSE_VIA_MCH_API");
    assert_eq!(shop.events().last().unwrap(), "MCHTRANSFER.AUTHORIZATION.CLOSED");
    shop.refused(Method::POST, &target, authorized("T3", id, 10), refused).await;
}

#[tokio::test]
async fn a_user_takes_an_authorisation_back() {
    let shop = Shop::open().await;
    shop.call(Method::POST, AUTHORIZATIONS, authorization("A1")).await;
    act(&shop, "A1", TransferAction::Confirm);
    let closed = act(&shop, "A1", TransferAction::Decline);
    assert_eq!(
        (&closed["state"], &closed["close_info"]["close_reason"]),
        (&json!("CLOSED"), &json!("USER_CLOSE"))
    );
    assert_eq!(shop.told()["close_info"], closed["close_info"]);
}

#[tokio::test]
async fn an_authorisation_that_nobody_confirms_is_closed_without_a_callback() {
    let shop = Shop::open().await;
    shop.call(Method::POST, AUTHORIZATIONS, authorization("A1")).await;
    shop.mock.clock().advance(24 * 60 * 60);
    let known = shop.call(Method::GET, &shown("A1"), Value::Null).await;
    assert_eq!(known["close_info"]["close_reason"], "USER_OVERDUE_UNCONFIRMED");
    assert!(shop.events().is_empty());
}

#[tokio::test]
async fn a_confirmation_can_authorise_the_next_transfers() {
    let shop = Shop::open().await;
    let mut first = transfer("T1", 100);
    first["authorization_info"] = json!({
        "user_display_name": "wx_123456", "out_authorization_no": "A1", "authorization_notify_url": NOWHERE,
    });
    let placed = shop.call(Method::POST, &format!("{BILLS}/pre-transfer-with-authorization"), first).await;
    assert_eq!(
        (&placed["state"], &placed["out_authorization_no"]),
        (&json!("WAIT_USER_CONFIRM"), &json!("A1"))
    );
    confirm(&shop, "T1").unwrap();
    let known = shop.call(Method::GET, &shown("A1"), Value::Null).await;
    assert_eq!(known["state"], "TAKING_EFFECT");
    let mut next = authorized("T2", &Value::Null, 100);
    next.as_object_mut().unwrap().remove("authorization_id");
    next["out_authorization_no"] = "A1".into();
    shop.call(Method::POST, &format!("{BILLS}/transfer"), next).await;
    assert_eq!(query(&shop, "T2").await["state"], "SUCCESS");
}
