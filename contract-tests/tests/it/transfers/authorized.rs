//! Transfers that need no confirmation, because the user has authorised them.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, Confirmation, OperationError, TransferAction, TransferName, Transfers};

use super::{BILLS, cancel, confirm, query, state, transfer, with_balance};
use crate::payments::{NOWHERE, OPENID, Shop};

pub(super) const AUTHORIZATIONS: &str = "/v3/fund-app/mch-transfer/user-confirm-authorization";

pub(super) fn authorization(number: &str) -> Value {
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

/// A transfer with whose confirmation the user authorises the next ones.
fn authorizing(number: &str, authorization: &str) -> Value {
    let mut transfer = transfer(number, 100);
    transfer["authorization_info"] = json!({
        "user_display_name": "wx_123456", "out_authorization_no": authorization, "authorization_notify_url": NOWHERE,
    });
    transfer
}

fn with_authorization() -> String {
    format!("{BILLS}/pre-transfer-with-authorization")
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
    let placed = shop.call(Method::POST, &with_authorization(), authorizing("T1", "A1")).await;
    assert_eq!(
        (&placed["state"], &placed["out_authorization_no"]),
        (&json!("WAIT_USER_CONFIRM"), &json!("A1"))
    );
    // The user has one page before them, that of the transfer.
    let alone = TransferName::OutAuthorizationNo("A1".into());
    let refused = shop.mock.confirm(&Confirmation::of(alone)).unwrap_err().to_string();
    assert!(refused.contains("expected the transfer T1"), "{refused}");
    let waiting = shop.call(Method::GET, &shown("A1"), Value::Null).await;
    assert_eq!((&waiting["state"], waiting.get("package_info")), (&json!("WAIT_USER_CONFIRM"), None));
    confirm(&shop, "T1").unwrap();
    let known = shop.call(Method::GET, &shown("A1"), Value::Null).await;
    assert_eq!(known["state"], "TAKING_EFFECT");
    let mut next = authorized("T2", &Value::Null, 100);
    next.as_object_mut().unwrap().remove("authorization_id");
    next["out_authorization_no"] = "A1".into();
    shop.call(Method::POST, &format!("{BILLS}/transfer"), next).await;
    assert_eq!(query(&shop, "T2").await["state"], "SUCCESS");
}

#[tokio::test]
async fn what_a_user_authorises_with_a_transfer_takes_effect_once_it_succeeds() {
    let mut config = Config::default();
    config.transfers = Transfers { delay: std::time::Duration::from_secs(5), ..Transfers::default() };
    let shop = Shop::with(config).await;
    shop.call(Method::POST, &with_authorization(), authorizing("T1", "A1")).await;
    confirm(&shop, "T1").unwrap();
    for (seconds, expected) in [(4, "WAIT_USER_CONFIRM"), (1, "TAKING_EFFECT")] {
        shop.mock.clock().advance(seconds);
        assert_eq!(shop.call(Method::GET, &shown("A1"), Value::Null).await["state"], expected);
    }
}

#[tokio::test]
async fn what_comes_with_a_transfer_is_closed_with_it_and_not_used_again() {
    for (number, reason) in [
        ("T1", "CLOSE_VIA_MCH_API"),
        ("MOCKdecline1", "USER_CLOSE"),
        ("MOCKaccountfrozen1", "USER_CLOSE"),
        ("T2", "USER_OVERDUE_UNCONFIRMED"),
    ] {
        let shop = Shop::open().await;
        shop.call(Method::POST, &with_authorization(), authorizing(number, "A1")).await;
        match number {
            "T1" => drop(cancel(&shop, number).await.unwrap()),
            "MOCKaccountfrozen1" => drop(confirm(&shop, number).unwrap()),
            "T2" => shop.mock.clock().advance(24 * 60 * 60),
            _ => {}
        }
        let known = shop.call(Method::GET, &shown("A1"), Value::Null).await;
        assert_eq!(known["close_info"]["close_reason"], reason, "{number}");
        let expected = OperationError::TransferNotAuthorized;
        shop.refused(Method::POST, &with_authorization(), authorizing("T9", "A1"), expected).await;
    }
}

#[tokio::test]
async fn what_comes_with_a_transfer_lives_as_long_as_the_transfer() {
    let shop = with_balance(150, Config::default()).await;
    super::place(&shop, transfer("T1", 100)).await;
    shop.call(Method::POST, &with_authorization(), authorizing("T2", "A1")).await;
    confirm(&shop, "T1").unwrap();
    shop.mock.clock().advance(48 * 60 * 60);
    // The transfer still waits for money, so the user was not asked yet.
    assert_eq!(state(&shop, "T2").await, "PROCESSING");
    assert_eq!(shop.call(Method::GET, &shown("A1"), Value::Null).await["state"], "WAIT_USER_CONFIRM");
}

#[tokio::test]
async fn a_transfer_is_authorised_for_its_scene_and_by_one_authorisation() {
    let shop = Shop::open().await;
    let target = format!("{BILLS}/transfer");
    for number in ["A1", "A2"] {
        shop.call(Method::POST, AUTHORIZATIONS, authorization(number)).await;
        act(&shop, number, TransferAction::Confirm);
    }
    let id = shop.call(Method::GET, &shown("A1"), Value::Null).await["authorization_id"].clone();
    let with = |name: &str, value: &str| {
        let mut transfer = authorized("T1", &id, 100);
        transfer[name] = value.into();
        transfer
    };
    let mut of_another_scene = with("transfer_scene_id", "1009");
    of_another_scene["transfer_scene_report_infos"] =
        json!([{ "info_type": "采购商品名称", "info_content": "示例" }]);
    for refused in [of_another_scene, with("out_authorization_no", "A2"), with("authorization_id", "A1")] {
        shop.refused(Method::POST, &target, refused, OperationError::TransferNotAuthorized).await;
    }
    shop.call(Method::POST, &target, with("out_authorization_no", "A1")).await;
}
