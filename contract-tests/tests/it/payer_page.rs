//! The page that an `h5_url` leads to, as a browser sees it.

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::MockServer;

use crate::support::{RawRequest, RawResponse, exchange};

const SHOP: &str = "https://shop.example.com/?order=1&lang=zh";

/// Places an order. Returns what follows the host in its `h5_url`, with the way back to the shop.
async fn order(mock: &MockServer, out_trade_no: &str) -> String {
    let client = Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap();
    let order = json!({
        "appid": "wxd678efh567hg6787",
        "mchid": mock.credentials().mchid,
        "description": "Tea & <cake>",
        "out_trade_no": out_trade_no,
        "notify_url": "https://shop.example.com/notify",
        "amount": { "total": 1805 },
        "scene_info": { "payer_client_ip": "203.0.113.7", "h5_info": { "type": "Wap" } },
    });
    let placed = client.call(Method::POST, "/v3/pay/transactions/h5", order.to_string()).await.unwrap();
    let placed: Value = serde_json::from_slice(placed.body()).unwrap();
    let target = placed["h5_url"].as_str().unwrap().strip_prefix(&mock.url()).unwrap();
    format!("{target}&redirect_url=https%3A%2F%2Fshop.example.com%2F%3Forder%3D1%26lang%3Dzh")
}

async fn browse(
    mock: &MockServer,
    method: &'static str,
    target: &str,
    form: &str,
    language: &str,
) -> RawResponse {
    let language = format!("Accept-Language: {language}");
    let headers = ["Referer: https://shop.example.com/".into(), language].into();
    let request = RawRequest {
        method,
        target: target.into(),
        headers,
        body: form.into(),
        sign: Sign::Unsigned,
        ..RawRequest::sample()
    };
    exchange(mock, &request).await
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_browser_and_shows_what_was_ordered_as_text() {
    let mock = MockServer::start().await;
    let target = order(&mock, "page-0001").await;
    for (language, lang, pay) in [("zh-CN,zh;q=0.9", "zh-CN", "立即支付"), ("de,en;q=0.7", "en", "Pay now")]
    {
        let page = browse(&mock, "GET", &target, "", language).await.to_text();
        for part in [
            &format!("lang=\"{lang}\""),
            pay,
            "Tea &amp; &lt;cake&gt;",
            "¥18.05",
            "id=\"pay\"",
            "id=\"cancel\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}

#[tokio::test]
async fn both_buttons_lead_to_the_shop_and_one_of_them_pays() {
    let mock = MockServer::start().await;
    for (number, form, state) in
        [("page-pays", "action=pay", "SUCCESS"), ("page-leaves", "action=cancel", "NOTPAY")]
    {
        let target = order(&mock, number).await;
        let page = browse(&mock, "POST", &target, form, "en").await;
        assert_eq!(page.status(), "303");
        assert!(page.head.contains(&format!("\r\nLocation: {SHOP}\r\n")), "{}", page.head);
        let query = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={}", mock.credentials().mchid);
        let client =
            Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap();
        let shown = client.call(Method::GET, &query, "").await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(shown.body()).unwrap()["trade_state"], state);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_used_any_more_has_no_buttons_but_a_way_back() {
    let mock = MockServer::start().await;
    let paid = order(&mock, "page-paid").await;
    browse(&mock, "POST", &paid, "action=pay", "en").await;
    let old = order(&mock, "page-old").await;
    mock.clock().advance(301);
    for (target, shown) in [(&paid, "该订单已支付"), (&old, "支付请求已失效，请重新发起支付")]
    {
        for method in ["GET", "POST"] {
            let page = browse(&mock, method, target, "action=pay", "en").await;
            assert_eq!(page.status(), "200");
            let page = page.to_text();
            assert!(!page.contains("<button"), "{page}");
            let back = "<a href=\"https://shop.example.com/?order=1&amp;lang=zh\">Back to the shop</a>";
            for part in [shown, back, "<small>expected "] {
                assert!(page.contains(part), "{part}: {page}");
            }
        }
    }
}
