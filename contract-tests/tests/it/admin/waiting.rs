//! What waits for its user, as a page that shows a phone lists it.

use serde_json::{Value, json};
use wechatpay_mock::{Config, MockServer};

use super::{Admin, business_view, request_payment::prepay_id, signed_by, transfers};
use crate::support::{NOW, RawRequest, exchange};

/// Everything that waits.
async fn waiting(admin: &Admin) -> Vec<Value> {
    let list = admin.get("/payments").await;
    assert_eq!(list.status, 200, "{}", list.text);
    list.body["payments"].as_array().unwrap().clone()
}

/// The numbers of the orders that wait.
async fn numbers(admin: &Admin) -> Vec<String> {
    let number = |one: &Value| one["out_trade_no"].as_str().unwrap_or_default().to_owned();
    waiting(admin).await.iter().map(number).collect()
}

/// Calls the gateway a second later: the randomness of these mocks is always the same, and only the time makes other numbers.
async fn call(admin: &Admin, target: &str, body: &Value) -> Value {
    admin.mock.clock().advance(1);
    let request =
        RawRequest { target: target.into(), body: body.to_string().into(), ..RawRequest::order("") };
    let answer = exchange(&admin.mock, &request).await;
    assert_eq!(answer.status(), "200", "{}", answer.to_text());
    serde_json::from_slice(&answer.body).unwrap()
}

fn order(out_trade_no: &str) -> Value {
    serde_json::from_slice(&RawRequest::order(out_trade_no).body).unwrap()
}

#[tokio::test]
async fn what_waits_for_its_user_is_listed_newest_first_until_the_user_acts() {
    let admin = Admin::new().await;
    let native = call(&admin, "/v3/pay/transactions/native", &order("100001")).await;
    let mut h5 = order("100002");
    h5["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let h5 = call(&admin, "/v3/pay/transactions/h5", &h5).await;
    admin.mock.clock().advance(1);
    let app = prepay_id(&admin, "app", "100003").await;
    admin.mock.clock().advance(1);
    let package_info = transfers::package_info(&admin, "T1").await;
    admin.mock.clock().advance(1);
    let package = business_view::package(&admin, "S00001").await;
    let all = waiting(&admin).await;
    let now = NOW.as_unix();
    assert_eq!(
        all[0],
        json!({
            "merchant": "1900000001", "kind": "service-order", "out_order_no": "S00001", "description": "某某酒店",
            "state": "CREATED", "created_at": now + 5, "expires_at": now + 5 + 30 * 24 * 60 * 60, "package": package,
            "is_combined": false,
        })
    );
    assert_eq!(
        all[1],
        json!({
            "merchant": "1900000001", "kind": "transfer", "out_bill_no": "T1", "description": "示例",
            "amount": { "total": 100, "currency": "CNY" }, "state": "WAIT_USER_CONFIRM", "created_at": now + 4,
            "expires_at": now + 4 + 24 * 60 * 60, "package_info": package_info, "is_combined": false,
        })
    );
    let ordered = |number: &str, trade_type: &str, after: u64| {
        json!({
            "merchant": "1900000001", "kind": "order", "out_trade_no": number, "trade_type": trade_type,
            "description": "测试", "amount": { "total": 100, "currency": "CNY" }, "state": "NOTPAY",
            "created_at": now + after, "expires_at": now + after + 2 * 60 * 60, "is_combined": false,
        })
    };
    let mut expected =
        [ordered("100003", "APP", 3), ordered("100002", "MWEB", 2), ordered("100001", "NATIVE", 1)];
    expected[0]["prepay_id"] = app.into();
    // No user of the API sees these of H5 and Native; the page can pay by them.
    expected[1]["prepay_id"] = all[3]["prepay_id"].clone();
    expected[2]["prepay_id"] = all[4]["prepay_id"].clone();
    expected[2]["code_url"] = native["code_url"].clone();
    let page = format!(
        "http://localhost/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={}",
        all[3]["prepay_id"].as_str().unwrap()
    );
    assert!(h5["h5_url"].as_str().unwrap().contains(page.strip_prefix("http://localhost").unwrap()));
    expected[1]["h5_url"] = page.clone().into();
    assert_eq!(all[2..], expected);

    for (path, body) in [
        ("/service-orders", json!({ "out_order_no": "S00001" })),
        ("/transfers", json!({ "out_bill_no": "T1" })),
        ("/payments", json!({ "prepay_id": all[2]["prepay_id"] })),
        ("/payments", json!({ "h5_url": page })),
        ("/payments", json!({ "code_url": native["code_url"], "action": "close" })),
    ] {
        let before = waiting(&admin).await.len();
        assert_eq!(admin.post(path, &body).await.status, 200, "{body}");
        assert_eq!(waiting(&admin).await.len(), before - 1, "{body}");
    }
}

#[tokio::test]
async fn what_is_too_late_does_not_wait() {
    let admin = Admin::new().await;
    let mut short = order("100001");
    short["time_expire"] = "2025-09-04T10:10:32+08:00".into();
    call(&admin, "/v3/pay/transactions/native", &short).await;
    call(&admin, "/v3/pay/transactions/native", &order("100002")).await;
    transfers::package_info(&admin, "T1").await;
    business_view::calls(&admin, "S00001").await;
    let kinds = async || {
        let all = waiting(&admin).await;
        all.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = waiting(&admin).await;
    assert_eq!(all.len(), 5);
    assert_eq!(all.last().unwrap()["expires_at"], NOW.as_unix() + 5 * 60);
    for (seconds, left) in [
        (5 * 60, vec!["transfer", "service-order", "permission", "order"]),
        (60 * 60, vec!["transfer", "service-order", "order"]),
        (60 * 60, vec!["transfer", "service-order"]),
        (24 * 60 * 60, vec!["service-order"]),
        (30 * 24 * 60 * 60, vec![]),
    ] {
        admin.mock.clock().advance(seconds);
        let (mut found, mut left) = (kinds().await, left);
        found.sort_unstable();
        left.sort_unstable();
        assert_eq!(found, left, "after {seconds} s more");
    }
}

#[tokio::test]
async fn a_combined_order_waits_once_for_all_of_it() {
    let admin = Admin::new().await;
    let sub_order = |number: &str, total: u64| {
        json!({
            "mchid": "1900000001", "out_trade_no": number, "attach": "店", "description": "示例商品",
            "amount": { "total_amount": total, "currency": "CNY" },
        })
    };
    let combined = json!({
        "combine_appid": "wxd678efh567hg6787", "combine_mchid": "1900000001", "combine_out_trade_no": "C00001",
        "sub_orders": [sub_order("SUB001", 100), sub_order("SUB002", 250)], "notify_url": "http://127.0.0.1:1/notify",
        "combine_payer_info": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
    });
    let placed = call(&admin, "/v3/combine-transactions/jsapi", &combined).await;
    let all = waiting(&admin).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!((&all[0]["out_trade_no"], &all[0]["is_combined"]), (&json!("C00001"), &json!(true)));
    assert_eq!((&all[0]["amount"]["total"], &all[0]["prepay_id"]), (&json!(350), &placed["prepay_id"]));
    assert_eq!(admin.post("/payments", &json!({ "out_trade_no": "C00001" })).await.status, 200);
    assert!(waiting(&admin).await.is_empty());
}

#[tokio::test]
async fn a_code_payment_waits_while_its_user_is_asked_for_the_password() {
    let admin = Admin::new().await;
    let mut body = order("MOCK*user-paying*1");
    body.as_object_mut().unwrap().remove("notify_url");
    body["payer"] = json!({ "auth_code": "130061098828009406" });
    body["scene_info"] = json!({ "store_info": { "id": "0001" } });
    call(&admin, "/v3/pay/transactions/codepay", &body).await;
    let all = waiting(&admin).await;
    assert_eq!((&all[0]["state"], &all[0]["trade_type"]), (&json!("USERPAYING"), &json!("MICROPAY")));
    assert!(all[0].get("prepay_id").is_none(), "{all:?}");
    admin.post("/payments", &json!({ "out_trade_no": "MOCK*user-paying*1" })).await;
    assert!(waiting(&admin).await.is_empty());
}

#[tokio::test]
async fn an_order_whose_payer_has_paid_by_itself_does_not_wait() {
    let auto_pay = Some(std::time::Duration::from_secs(60));
    let mut config = Config::default();
    config.payments.auto_pay = auto_pay;
    let mock = MockServer::builder().config(config).clock(wechatpay_mock::Clock::fixed(NOW));
    let admin = Admin::of(mock.start().await.unwrap());
    call(&admin, "/v3/pay/transactions/native", &order("100001")).await;
    assert_eq!(numbers(&admin).await, ["100001"]);
    admin.mock.clock().advance(60);
    assert!(numbers(&admin).await.is_empty());
}

#[tokio::test]
async fn at_most_100_are_listed_and_only_those_of_a_merchant_if_it_is_named() {
    let admin = Admin::new().await;
    for number in 100_000..100_103 {
        admin.exchange(&RawRequest::order(&number.to_string())).await;
    }
    let found = numbers(&admin).await;
    assert_eq!((found.len(), &*found[0], &*found[99]), (100, "100102", "100003"));

    let made = admin.make_merchant(&json!({})).await;
    let mut body = order("200000");
    body["mchid"] = made.mchid.as_str().into();
    let of_made = RawRequest { body: body.to_string().into(), ..RawRequest::order("200000") };
    assert_eq!(admin.exchange(&signed_by(&made, of_made)).await, 200);
    for (query, count) in [
        (format!("?merchant={}", made.mchid), 1),
        ("?merchant=9".into(), 0),
        ("?merchant=1900000001".into(), 100),
    ] {
        let list = admin.get(&format!("/payments{query}")).await;
        assert_eq!(list.body["payments"].as_array().unwrap().len(), count, "{query}");
    }
}
