//! What clients said to front ends, kept for a page that shows it.

use serde_json::{Value, json};

use super::{
    Admin,
    request_payment::{handed, prepay_id},
    transfers,
};
use crate::support::NOW;

async fn list(admin: &Admin, query: &str) -> (Vec<Value>, u64) {
    let page = admin.get(&format!("/payment-requests?{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    (page.body["payment_requests"].as_array().unwrap().clone(), page.body["last"].as_u64().unwrap())
}

#[tokio::test]
async fn what_a_front_end_was_told_is_listed_with_the_order_and_the_reason() {
    let admin = Admin::new().await;
    let right = handed(&prepay_id(&admin, "jsapi", "100001").await);
    let mut wrong = right.clone();
    wrong["nonceStr"] = "abd".into();
    let refused = admin.post("/request-payment", &wrong).await;
    let mut leaves = right.clone();
    leaves["action"] = "cancel".into();
    for body in [&leaves, &right, &right, &json!({})] {
        admin.post("/request-payment", body).await;
    }
    let (all, last) = list(&admin, "").await;
    assert_eq!(last, 5);
    assert_eq!(
        all[0],
        json!({
            "number": 1, "at": NOW.as_unix(), "call": "requestPayment", "merchant": "1900000001", "ok": false,
            "errMsg": "requestPayment:fail 支付验证签名失败", "message": refused.body["message"],
            "chinese": refused.body["chinese"], "order": "100001",
        })
    );
    let said = |one: &Value| (one["ok"].as_bool().unwrap(), one["errMsg"].as_str().unwrap().to_owned());
    assert_eq!(
        all[1..4].iter().map(said).collect::<Vec<_>>(),
        [
            (false, "requestPayment:fail cancel".to_owned()),
            (true, "requestPayment:ok".to_owned()),
            (false, "requestPayment:fail 该订单已支付".to_owned()),
        ]
    );
    assert_eq!((&all[2]["message"], &all[2]["order"]), (&Value::Null, &json!("100001")));
    assert!(all[3]["message"].as_str().unwrap().contains("found one in state \"SUCCESS\""));
    // Parameters that lead to no order.
    assert_eq!(
        (&all[4]["merchant"], &all[4]["order"], &all[4]["ok"]),
        (&Value::Null, &Value::Null, &json!(false))
    );
    // What is no call of the client's is not one of them.
    admin.post("/request-payment", &json!({ "action": "none" })).await;
    assert_eq!(list(&admin, "after=4").await.1, 5);
    assert_eq!(list(&admin, "after=4").await.0, all[4..]);
    assert_eq!(list(&admin, "after=9").await.0.len(), 5, "a number of an earlier mock");
    assert_eq!(list(&admin, "merchant=1900000001").await.0.len(), 4);
    assert_eq!(list(&admin, "merchant=9").await, (vec![], 5));
    admin.call("POST", "/reset", "").await;
    assert_eq!(list(&admin, "").await, (vec![], 5));
}

#[tokio::test]
async fn the_pages_of_transfers_and_pay_score_are_listed_too() {
    let admin = Admin::new().await;
    let right = transfers::handed(&transfers::package_info(&admin, "T1").await);
    let mut wrong = right.clone();
    wrong["appId"] = "wx0".into();
    for body in [&wrong, &right] {
        admin.post("/request-merchant-transfer", body).await;
    }
    for (_, view) in super::business_view::calls(&admin, "100001").await {
        admin.post("/open-business-view", &view).await;
    }
    let (all, _) = list(&admin, "").await;
    let said = all.iter().map(|one| {
        let err_msg = one["errMsg"].as_str().unwrap().split([':', ' ']).nth(1).unwrap();
        (one["call"].as_str().unwrap(), err_msg, one["order"].as_str())
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            ("requestMerchantTransfer", "fail", Some("T1")),
            ("requestMerchantTransfer", "ok", Some("T1")),
            ("openBusinessView", "ok", Some("100001")),
            ("openBusinessView", "fail", Some("100001")),
            ("openBusinessView", "fail", None),
        ]
    );
    assert!(all[0]["message"].as_str().unwrap().starts_with("appId: expected the appid of the transfer"));
}

#[tokio::test]
async fn at_most_the_last_100_are_kept() {
    let admin = Admin::new().await;
    for _ in 0..103 {
        admin.post("/request-payment", &json!({})).await;
    }
    let (all, last) = list(&admin, "").await;
    // Fewer if they are long.
    assert!((20..=100).contains(&all.len()), "{}", all.len());
    assert_eq!((&all.last().unwrap()["number"], last), (&json!(103), 103));
}
