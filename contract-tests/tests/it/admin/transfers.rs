//! The user of a transfer, under `/__mock/` and from a front end.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{RawRequest, exchange};

const APPID: &str = "wxd678efh567hg6787";

/// Orders a transfer.
async fn placed(admin: &Admin, out_bill_no: &str) -> Value {
    let body = json!({
        "appid": APPID, "out_bill_no": out_bill_no, "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "transfer_amount": 100,
        "transfer_remark": "示例", "transfer_scene_id": "1009",
        "transfer_scene_report_infos": [{ "info_type": "采购商品名称", "info_content": "示例" }],
    });
    let target = "/v3/fund-app/mch-transfer/transfer-bills".into();
    let order = RawRequest { target, body: body.to_string().into(), ..RawRequest::order(out_bill_no) };
    let placed = exchange(&admin.mock, &order).await;
    serde_json::from_slice(&placed.body).unwrap()
}

/// Orders a transfer, and returns its `package_info`.
pub(super) async fn package_info(admin: &Admin, out_bill_no: &str) -> String {
    let placed = placed(admin, out_bill_no).await;
    placed["package_info"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned()
}

/// What a page hands to the client.
pub(super) fn handed(package: &str) -> Value {
    json!({ "mchId": "1900000001", "appId": APPID, "package": package })
}

#[tokio::test]
async fn a_user_confirms_only_what_is_handed_over_rightly() {
    let admin = Admin::new().await;
    let right = handed(&package_info(&admin, "T1").await);
    for (name, value, expected) in [
        ("mchId", json!("1900000009"), "mchId: expected the mchid of the merchant that transfers"),
        ("mchId", json!(1_900_000_001), "mchId: expected a text, found \"1900000001\""),
        (
            "appId",
            json!("wxf636efh567hg4356"),
            "appId: expected the appid of the transfer, wxd678efh567hg6787",
        ),
        ("package", json!("prepay_id=wx1"), "package: expected the package_info of one of"),
        ("package", Value::Null, "package: expected a text, found \"null\""),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        let refused = admin.post("/request-merchant-transfer", &wrong).await;
        let message = refused.body["message"].as_str().unwrap();
        assert_eq!(refused.status, 400);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(refused.body["errMsg"], format!("requestMerchantTransfer:fail {message}"));
    }
    let confirmed = admin.post("/request-merchant-transfer", &right).await;
    assert_eq!(confirmed.status, 200);
    assert_eq!(confirmed.body["errMsg"], "requestMerchantTransfer:ok");
    assert_eq!(confirmed.body["state"], "SUCCESS");
    assert_eq!(admin.post("/request-merchant-transfer", &right).await.status, 409);
}

#[tokio::test]
async fn only_the_package_of_this_merchants_transfer_opens_its_confirmation() {
    let admin = Admin::new().await;
    let placed = placed(&admin, "T1").await;
    let other = admin.make_merchant(&json!({})).await.mchid.to_string();
    let right = handed(placed["package_info"].as_str().unwrap());
    let by_number = handed(placed["transfer_bill_no"].as_str().unwrap());
    let mut of_another = right.clone();
    of_another["mchId"] = other.into();
    for wrong in [by_number, of_another] {
        let refused = admin.post("/request-merchant-transfer", &wrong).await;
        refused.assert_refused(400, "package: expected the package_info of one of this merchant's transfers");
    }
    // The package leads to the transfer, not to a transfer of that gateway's number.
    let target = "/v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/".to_owned();
    let package = placed["package_info"].as_str().unwrap().replace('/', "%2F").replace('+', "%2B");
    let query = RawRequest { target: target + &package, ..RawRequest::certificates() };
    assert_eq!(admin.exchange(&query).await, 404);
    admin.mock.clock().advance(24 * 60 * 60);
    let late = admin.post("/request-merchant-transfer", &right).await;
    late.assert_refused(409, "expected state WAIT_USER_CONFIRM, found FAIL");
}

#[tokio::test]
async fn a_user_who_declines_on_the_page_gets_nothing() {
    let admin = Admin::new().await;
    let mut handed = handed(&package_info(&admin, "T1").await);
    handed["action"] = "decline".into();
    let declined = admin.post("/request-merchant-transfer", &handed).await;
    assert_eq!(declined.body["errMsg"], "requestMerchantTransfer:cancel");
    assert_eq!(declined.body["state"], "FAIL");
}

#[tokio::test]
async fn a_transfer_is_named_once_and_by_its_own_number() {
    let admin = Admin::new().await;
    for (body, status, expected) in [
        (json!({}), 400, "expected one of out_bill_no and out_authorization_no, found none"),
        (json!({ "out_bill_no": "1", "out_authorization_no": "1" }), 400, "found both"),
        (json!({ "out_bill_no": "1" }), 404, "expected the out_bill_no of a transfer"),
        (json!({ "out_bill_no": "1", "merchant": "9" }), 404, "expected the mchid of a merchant"),
        (json!({ "out_bill_no": "1", "action": "pay" }), 400, "confirm"),
    ] {
        admin.post("/transfers", &body).await.assert_refused(status, expected);
    }
}
