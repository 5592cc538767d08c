//! The page that an `h5_url` leads to, as a browser sees it.

use serde_json::json;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{OrderName, Payment, PaymentError};

use super::{Shop, native, order};
use crate::support::{RawRequest, RawResponse, exchange};

const BACK: &str = "https://shop.example.com/?order=1&lang=zh";

impl Shop {
    /// Places an order. Returns what follows the host in its `h5_url`, with the way back to the shop.
    async fn page_of(&self, number: &str) -> String {
        let mut order = native(number);
        order["description"] = "Tea & <cake>".into();
        order["amount"]["total"] = 1805.into();
        order["scene_info"] = json!({ "payer_client_ip": "203.0.113.7", "h5_info": { "type": "Wap" } });
        let placed = self.place("h5", order).await;
        let target = placed["h5_url"].as_str().unwrap().strip_prefix(&self.mock.url()).unwrap();
        format!("{target}&redirect_url=https%3A%2F%2Fshop.example.com%2F%3Forder%3D1%26lang%3Dzh")
    }

    async fn browse(&self, method: &'static str, target: &str, form: &str, language: &str) -> RawResponse {
        let language = format!("Accept-Language: {language}");
        let request = RawRequest {
            method,
            target: target.into(),
            headers: vec!["Referer: https://shop.example.com/".into(), language],
            body: form.into(),
            sign: Sign::Unsigned,
            ..RawRequest::sample()
        };
        exchange(&self.mock, &request).await
    }
}

#[tokio::test]
async fn the_page_speaks_the_language_of_the_browser_and_shows_what_was_ordered_as_text() {
    let shop = Shop::open().await;
    let target = shop.page_of("page-0001").await;
    for (language, lang, pay) in [("zh-CN,zh;q=0.9", "zh-CN", "立即支付"), ("de,en;q=0.7", "en", "Pay now")]
    {
        let page = shop.browse("GET", &target, "", language).await.to_text();
        let lang = format!("lang=\"{lang}\"");
        for part in [&lang, pay, "Tea &amp; &lt;cake&gt;", "¥18.05", "id=\"pay\"", "id=\"cancel\""] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}

#[tokio::test]
async fn both_buttons_lead_to_the_shop_and_one_of_them_pays() {
    let shop = Shop::open().await;
    for (number, action, state) in [("page-pays", "pay", "SUCCESS"), ("page-leaves", "cancel", "NOTPAY")] {
        let target = shop.page_of(number).await;
        let page = shop.browse("POST", &target, &format!("action={action}"), "en").await;
        assert_eq!(page.status(), "303");
        let location = format!("location: {BACK}");
        assert!(page.head.lines().any(|line| line.eq_ignore_ascii_case(&location)), "{}", page.head);
        assert_eq!(shop.state(number).await, state);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_used_any_more_has_no_buttons_but_a_way_back() {
    let shop = Shop::open().await;
    let paid = shop.page_of("page-paid").await;
    shop.browse("POST", &paid, "action=pay", "en").await;
    let old = shop.page_of("page-old").await;
    shop.mock.clock().advance(301);
    for (target, shown) in [(&paid, "该订单已支付"), (&old, "支付请求已失效，请重新发起支付")]
    {
        for method in ["GET", "POST"] {
            let page = shop.browse(method, target, "action=pay", "en").await;
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

#[tokio::test]
async fn only_an_order_for_h5_is_paid_on_the_page_or_by_its_address() {
    let shop = Shop::open().await;
    let placed = shop.place("jsapi", order("A00001")).await;
    let target =
        format!("/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={}", placed["prepay_id"].as_str().unwrap());
    let page = shop.browse("POST", &target, "action=pay", "zh").await;
    assert_eq!(page.status(), "200");
    assert!(page.to_text().contains("支付场景非法"));
    let by_address = shop.mock.pay(&Payment::of(OrderName::H5Url(shop.mock.url() + &target)));
    assert!(matches!(by_address, Err(PaymentError::Refused { shown: "支付场景非法", .. })), "{by_address:?}");
    assert_eq!(shop.state("A00001").await, "NOTPAY");
}

#[tokio::test]
async fn an_address_is_good_for_five_minutes_also_without_a_browser() {
    let shop = Shop::open().await;
    let address = OrderName::H5Url(shop.mock.url() + &shop.page_of("page-0001").await);
    shop.mock.clock().advance(301);
    let paid = shop.mock.pay(&Payment::of(address));
    assert!(
        matches!(paid, Err(PaymentError::Refused { shown: "支付请求已失效，请重新发起支付", .. })),
        "{paid:?}"
    );
    assert!(shop.pay("page-0001").is_ok());
}
