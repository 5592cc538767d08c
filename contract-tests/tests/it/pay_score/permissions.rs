//! Permissions: a user opens a service and ends that.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, OperationError, ServiceOrderCall};

use super::{APPID, NOWHERE, OPENID, ORDERS, SERVICE, Shop, cancellation, unconfirmed};

const PERMISSIONS: &str = "/v3/payscore/permissions";

fn application(code: &str) -> Value {
    json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": code, "notify_url": NOWHERE })
}

fn end() -> Value {
    json!({ "service_id": SERVICE, "appid": APPID, "reason": "用户要求" })
}

fn by_code(code: &str) -> String {
    format!("{PERMISSIONS}/authorization-code/{code}?service_id={SERVICE}")
}

fn by_openid() -> String {
    format!("{PERMISSIONS}/openid/{OPENID}?service_id={SERVICE}&appid={APPID}")
}

impl Shop {
    async fn permission(&self, target: &str) -> Value {
        self.call(Method::GET, target, Value::Null).await["authorization_state"].clone()
    }

    fn open_service(&self, code: &str) -> bool {
        self.open_service_as(code, OPENID)
    }

    fn open_service_as(&self, code: &str, openid: &str) -> bool {
        let call = ServiceOrderCall { openid: Some(openid.into()), ..ServiceOrderCall::of_permission(code) };
        self.mock.act_on_service_order(&call).is_ok()
    }

    async fn state_of(&self, openid: &str) -> Value {
        self.permission(&by_openid().replace(OPENID, openid)).await
    }

    async fn end(&self, by: &str) {
        self.call(Method::POST, &format!("{PERMISSIONS}/{by}/terminate"), end()).await;
    }
}

#[tokio::test]
async fn a_permission_is_applied_for_opened_used_and_ended_and_callbacks_tell_of_it() {
    let shop = Shop::open().await;
    let applied = shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    assert!(applied["apply_permissions_token"].is_string(), "{applied}");
    assert_eq!(shop.permission(&by_code("P00001")).await, "UNBINDUSER");
    assert_eq!(shop.permission(&by_openid()).await, "UNAVAILABLE");
    assert!(shop.events().is_empty());

    assert!(shop.open_service("P00001") && !shop.open_service("P00001"));
    assert_eq!(shop.permission(&by_code("P00001")).await, "AVAILABLE");
    assert_eq!(shop.permission(&by_openid()).await, "AVAILABLE");
    let opened = json!({
        "appid": APPID, "mchid": "1900000001", "service_id": SERVICE, "openid": OPENID,
        "authorization_code": "P00001", "user_service_status": "USER_OPEN_SERVICE",
        "openorclose_time": "20250904100532",
    });
    assert_eq!(shop.told(), opened);
    shop.create(unconfirmed("S00001")).await;
    let target = format!("{PERMISSIONS}/openid/{OPENID}/terminate");
    shop.refused(Method::POST, &target, end(), OperationError::PermissionInUse).await;
    shop.change("S00001", "cancel", cancellation()).await;
    shop.call(Method::POST, &target, end()).await;
    assert_eq!(shop.permission(&by_code("P00001")).await, "UNAVAILABLE");
    assert_eq!(shop.events(), ["PAYSCORE.USER_OPEN_SERVICE", "PAYSCORE.USER_CLOSE_SERVICE"]);
    assert_eq!(shop.told()["user_service_status"], "USER_CLOSE_SERVICE");
    shop.refused(Method::POST, &target, end(), OperationError::PermissionNotOpen).await;
    let refused = OperationError::ServiceNoPermission;
    shop.refused(Method::POST, ORDERS, unconfirmed("S00002"), refused).await;
    // It can be opened again.
    assert!(shop.open_service("P00001"));
    shop.create(unconfirmed("S00002")).await;
}

#[tokio::test]
async fn a_permission_is_one_users_and_nobody_else_sees_or_ends_it() {
    let shop = Shop::open().await;
    for code in ["P00001", "P00002"] {
        shop.call(Method::POST, PERMISSIONS, application(code)).await;
    }
    assert!(shop.open_service_as("P00001", "oUser1") && shop.open_service_as("P00002", "oUser2"));
    shop.end("openid/oUser2").await;
    assert_eq!(
        (shop.state_of("oUser1").await, shop.state_of("oUser2").await),
        ("AVAILABLE".into(), "UNAVAILABLE".into())
    );
    // Its code stays that user's after the end.
    assert!(!shop.open_service_as("P00002", "oUser1") && shop.open_service_as("P00002", "oUser2"));
    shop.end("openid/oUser1").await;
    assert_eq!(shop.permission(&by_code("P00001")).await, "UNAVAILABLE");
    assert_eq!(shop.permission(&by_code("P00002")).await, "AVAILABLE");
}

#[tokio::test]
async fn of_a_users_permissions_the_last_open_one_counts_and_all_end_by_openid() {
    let shop = Shop::open().await;
    for code in ["P00001", "P00002"] {
        shop.call(Method::POST, PERMISSIONS, application(code)).await;
        assert!(shop.open_service(code));
    }
    shop.end("authorization-code/P00002").await;
    assert_eq!(shop.permission(&by_code("P00001")).await, "AVAILABLE");
    assert_eq!(shop.permission(&by_code("P00002")).await, "UNAVAILABLE");
    assert_eq!(shop.permission(&by_openid()).await, "AVAILABLE");
    shop.create(unconfirmed("S00001")).await;
    shop.change("S00001", "cancel", cancellation()).await;
    assert!(shop.open_service("P00002"));
    shop.end(&format!("openid/{OPENID}")).await;
    for code in ["P00001", "P00002"] {
        assert_eq!(shop.permission(&by_code(code)).await, "UNAVAILABLE", "{code}");
    }
    assert_eq!(shop.permission(&by_openid()).await, "UNAVAILABLE");
    assert!(shop.open_service("P00001"));
    let target = format!(
        "/v3/payscore/users/{OPENID}/permissions/{SERVICE}/terminate?openid={OPENID}&service_id={SERVICE}"
    );
    shop.call(Method::POST, &target, json!({ "appid": APPID, "reason": "用户要求" })).await;
    assert_eq!(shop.permission(&by_openid()).await, "UNAVAILABLE");
}

#[tokio::test]
async fn a_permission_that_is_opened_again_has_no_end() {
    let shop = Shop::open().await;
    shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    assert!(shop.open_service("P00001"));
    shop.end("authorization-code/P00001").await;
    let ended = shop.call(Method::GET, &by_code("P00001"), Value::Null).await;
    assert!(ended["cancel_authorization_time"].is_string(), "{ended}");
    assert!(shop.open_service("P00001"));
    let opened = shop.call(Method::GET, &by_code("P00001"), Value::Null).await;
    assert!(opened["cancel_authorization_time"].is_null(), "{opened}");
}

#[tokio::test]
async fn a_service_is_opened_within_an_hour_after_the_last_application() {
    let shop = Shop::open().await;
    shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    shop.mock.clock().advance(60 * 60);
    assert!(!shop.open_service("P00001"));
    shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    shop.mock.clock().advance(60 * 60 - 1);
    assert!(shop.open_service("P00001"));
}

#[tokio::test]
async fn a_permission_is_applied_for_with_one_of_the_merchants_appids() {
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.appids = vec![APPID.into()];
    let shop = Shop::with(Config::default().with_merchants([merchant])).await;
    shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    let mut other = application("P00002");
    other["appid"] = "wx0000000000000001".into();
    shop.refused(Method::POST, PERMISSIONS, other, OperationError::ServiceAppid).await;
}

#[tokio::test]
async fn a_service_provider_searches_and_ends_permissions_by_its_users_in_the_sub_merchant() {
    let shop = Shop::open().await;
    let mut body = application("P00001");
    body["sub_mchid"] = "1900000109".into();
    shop.call(Method::POST, "/v3/payscore/partner/permissions", body).await;
    assert!(shop.open_service("P00001"));
    let search = |openid: &str| {
        format!(
            "/v3/payscore/partner/permissions/search?service_id={SERVICE}&appid={APPID}&sub_mchid=1900000109&openid={openid}"
        )
    };
    assert_eq!(shop.permission(&search(OPENID)).await, "AVAILABLE");
    assert_eq!(shop.permission(&search("oAnotherUser")).await, "UNAVAILABLE");
    let mut body = end();
    body["sub_mchid"] = "1900000109".into();
    body["openid"] = "oAnotherUser".into();
    let target = "/v3/payscore/partner/permissions/terminate";
    shop.refused(Method::POST, target, body.clone(), OperationError::UnknownPermission).await;
    body["openid"] = OPENID.into();
    shop.call(Method::POST, target, body).await;
    assert_eq!(shop.permission(&search(OPENID)).await, "UNAVAILABLE");
}

#[tokio::test]
async fn the_same_application_again_has_the_same_token_and_another_one_is_refused() {
    let shop = Shop::open().await;
    let first = shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    assert_eq!(shop.call(Method::POST, PERMISSIONS, application("P00001")).await, first);
    let mut other = application("P00001");
    other["appid"] = "wx0000000000000001".into();
    shop.refused(Method::POST, PERMISSIONS, other, OperationError::PermissionRepeated).await;
    let unknown = OperationError::UnknownPermission;
    shop.refused(Method::GET, &by_code("P00002"), Value::Null, unknown).await;
    let target = format!("{PERMISSIONS}/authorization-code/P00002/terminate");
    shop.refused(Method::POST, &target, end(), unknown).await;
    let target = target.replace("P00002", "P00001");
    shop.refused(Method::POST, &target, end(), OperationError::PermissionNotOpen).await;
}

#[tokio::test]
async fn whether_a_user_can_use_a_service_is_asked_by_openid() {
    let shop = Shop::open().await;
    let target =
        format!("/v3/payscore/user-service-state?appid={APPID}&service_id={SERVICE}&openid={OPENID}");
    let expected = |state: &str| json!({ "appid": APPID, "service_id": SERVICE, "openid": OPENID, "use_service_state": state });
    // The documentation's user is the sample, so another one is asked for.
    let other = target.replace(OPENID, "oAnotherUser");
    let answer = shop.call(Method::GET, &other, Value::Null).await;
    assert_eq!(
        (&answer["openid"], &answer["use_service_state"]),
        (&json!("oAnotherUser"), &json!("UNAVAILABLE"))
    );
    shop.call(Method::POST, PERMISSIONS, application("P00001")).await;
    assert!(shop.open_service("P00001"));
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await, expected("AVAILABLE"));
}

#[tokio::test]
async fn a_service_providers_permissions_are_its_sub_merchants() {
    let shop = Shop::open().await;
    let of = |sub_mchid: &str| {
        let mut body = application("P00001");
        body["sub_mchid"] = sub_mchid.into();
        body
    };
    let partner = "/v3/payscore/partner/permissions";
    shop.call(Method::POST, partner, of("1900000109")).await;
    shop.call(Method::POST, partner, of("1900000209")).await;
    assert!(shop.open_service("P00001"));
    let state = async |sub_mchid: &str| {
        let target =
            format!("{partner}/authorization-code/P00001?service_id={SERVICE}&sub_mchid={sub_mchid}");
        shop.permission(&target).await
    };
    assert_eq!(
        (state("1900000109").await, state("1900000209").await),
        ("UNBINDUSER".into(), "AVAILABLE".into())
    );
    let mut body = end();
    body["sub_mchid"] = "1900000209".into();
    let target = format!("{partner}/authorization-code/P00001/terminate");
    shop.call(Method::POST, &target, body).await;
    assert_eq!(state("1900000209").await, "UNAVAILABLE");
}
