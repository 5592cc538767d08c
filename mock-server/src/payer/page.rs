//! The page that an `h5_url` leads to: a browser pays there or leaves, and is sent on to the shop.

use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERER, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body::Body;
use percent_encoding::percent_decode_str;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Language, text};

use super::{Payer, Payment, PaymentError};
use crate::{
    operations::payment::{H5_PATH, OrderName, PayerAction},
    request::{
        in_query,
        receive::{Peer, RawRequest, receive},
    },
    response::body::{ResponseBody, text_response},
};

/// What the page may do: be styled, and send its form. The answer to that leads to the shop, which may be anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action http: https:; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The page, with places for its texts.
const PAGE: &str = include_str!("page.html");

/// Whether a request is for the page rather than for an operation.
pub(crate) fn is_page_request<B>(request: &Request<B>) -> bool {
    request.uri().path() == H5_PATH
}

/// The texts of the page.
struct Texts {
    language: Language,
    lang: &'static str,
    title: &'static str,
    pay: &'static str,
    cancel: &'static str,
    paid: &'static str,
    left: &'static str,
    back: &'static str,
    mock: &'static str,
    no_referer: &'static str,
}

const CHINESE: Texts = Texts {
    language: Language::Chinese,
    lang: "zh-CN",
    title: "微信支付",
    pay: "立即支付",
    cancel: "取消",
    paid: "支付成功",
    left: "支付已取消",
    back: "返回商家",
    mock: "这是 wechatpay-mock 的模拟收银台，不会产生真实扣款。",
    no_referer: "请求没有 Referer：真实的收银台会提示“商家参数格式有误，请联系商家解决”。请从你的网页跳转到 h5_url。",
};

const ENGLISH: Texts = Texts {
    language: Language::English,
    lang: "en",
    title: "WeChat Pay",
    pay: "Pay now",
    cancel: "Cancel",
    paid: "Paid",
    left: "Cancelled",
    back: "Back to the shop",
    mock: "This is the checkout of wechatpay-mock. No real money moves.",
    no_referer: "The request has no Referer: the real page then shows “商家参数格式有误，请联系商家解决”. Open the \
                 h5_url from a page of yours.",
};

/// A browser's request, the texts in the browser's language, and the language of the log, which is not the browser's.
struct Visit<'v> {
    received: &'v RawRequest,
    texts: &'static Texts,
    log: Language,
}

impl Payer {
    /// Answers a browser on the page.
    pub(crate) async fn page<B>(&self, request: Request<B>, peer: Peer) -> http::Response<ResponseBody>
    where
        B: Body<Data = bytes::Bytes> + Unpin,
    {
        let gateway = &self.gateway;
        let (received, outcome) = receive(request, peer, &gateway.limits, &gateway.large_bodies).await;
        let visit = Visit { texts: texts(&received.headers), log: Language::current(), received: &received };
        visit.texts.language.within(|| match outcome {
            Ok(_) => self.answer(&visit),
            Err(error) => text_response(error.status(), format!("{}\n", error.reason())),
        })
    }

    fn answer(&self, visit: &Visit<'_>) -> http::Response<ResponseBody> {
        let received = visit.received;
        let payment = |action| {
            let prepay_id = in_query(received.query(), "prepay_id").unwrap_or_default();
            Payment { action, ..Payment::of(OrderName::H5Url(decoded(prepay_id))) }
        };
        match received.method {
            Method::GET | Method::HEAD => self.ask(visit, &payment(PayerAction::Pay)),
            Method::POST => {
                let body = String::from_utf8_lossy(&received.body);
                let action = match in_query(&body, "action") {
                    Some("pay") => PayerAction::Pay,
                    Some("fail") => PayerAction::Fail,
                    _ => PayerAction::Cancel,
                };
                self.done(visit, &payment(action))
            }
            _ => {
                let text = text!("expected GET or POST\n");
                let mut response = text_response(StatusCode::METHOD_NOT_ALLOWED, text);
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
                response
            }
        }
    }

    /// Shows the order, with a button to pay.
    fn ask(&self, visit: &Visit<'_>, payment: &Payment) -> http::Response<ResponseBody> {
        let Visit { received, texts, .. } = *visit;
        let (description, total) = match self.on_page(payment) {
            Ok(shown) => shown,
            Err(error) => return refused(visit, &error),
        };
        let hint = if received.headers.contains_key(REFERER) { "" } else { texts.no_referer };
        let form = format!(
            "<form method=\"post\" action=\"{}\">\
             <button id=\"pay\" name=\"action\" value=\"pay\" autofocus>{}</button>\
             <button id=\"cancel\" name=\"action\" value=\"cancel\">{}</button></form>",
            escaped(&received.target),
            texts.pay,
            texts.cancel,
        );
        let amount = format!("¥{}.{:02}", total / 100, total % 100);
        page(StatusCode::OK, texts, &description, &amount, &form, hint)
    }

    /// Does what the button says, and sends the browser on to the shop.
    fn done(&self, visit: &Visit<'_>, payment: &Payment) -> http::Response<ResponseBody> {
        let Visit { received, texts, log } = *visit;
        if let Err(error) = self.act(payment) {
            return refused(visit, &error);
        }
        let (action, order) = (payment.action, quoted(payment.order.as_str()));
        log.within(|| tracing::info!("{}", text!("payment page: {action:?} of {order}")));
        let message = if payment.action == PayerAction::Pay { texts.paid } else { texts.left };
        match way_back(received).and_then(|url| HeaderValue::try_from(url).ok()) {
            None => page(StatusCode::OK, texts, message, "", "", ""),
            Some(url) => {
                let mut response = page(StatusCode::SEE_OTHER, texts, message, "", "", "");
                response.headers_mut().insert(LOCATION, url);
                response
            }
        }
    }
}

fn texts(headers: &HeaderMap) -> &'static Texts {
    // Browsers send more languages than the gateway knows; the first decides.
    let first = headers.get(http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    match first.map(|text| text.trim_start().get(..2)) {
        Some(Some("zh")) | None => &CHINESE,
        Some(_) => &ENGLISH,
    }
}

/// Says what the user sees, and why to the developer. The way back to the shop is a link.
fn refused(visit: &Visit<'_>, error: &PaymentError) -> http::Response<ResponseBody> {
    let Visit { received, texts, log } = *visit;
    log.within(|| tracing::info!("{}", text!("payment page: {error}")));
    let (shown, reason) = match error {
        PaymentError::Refused { shown, reason } => (*shown, reason.to_string()),
        _ => ("支付请求已失效，请重新发起支付", error.to_string()),
    };
    let link = |url: String| format!("<a href=\"{}\">{}</a>", escaped(&url), texts.back);
    page(StatusCode::OK, texts, shown, "", &way_back(received).map(link).unwrap_or_default(), &reason)
}

/// Where the shop wants the browser to go.
fn way_back(received: &RawRequest) -> Option<String> {
    in_query(received.query(), "redirect_url").map(decoded).filter(|url| is_web_url(url))
}

fn page(
    status: StatusCode,
    texts: &Texts,
    message: &str,
    amount: &str,
    form: &str,
    hint: &str,
) -> http::Response<ResponseBody> {
    let page = PAGE
        .replace("{lang}", texts.lang)
        .replace("{title}", texts.title)
        .replace("{mock}", texts.mock)
        .replace("{form}", form)
        .replace("{hint}", &escaped(hint))
        .replace("{amount}", amount)
        // Last, because it is what a merchant wrote.
        .replace("{message}", &escaped(message));
    let mut response = text_response(status, page);
    response.headers_mut().extend([
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    response
}

/// Whether a browser can be sent there: no `javascript:` and the like.
fn is_web_url(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into()
}

/// Text in HTML, also within quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('{', "&#123;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_merchant_wrote_is_text() {
        assert_eq!(escaped("<b a=\"1\">&{form}"), "&lt;b a=&quot;1&quot;&gt;&amp;&#123;form}");
    }

    #[test]
    fn a_browser_is_sent_to_web_pages_only() {
        assert!(is_web_url("https://shop.example.com/done?order=1") && is_web_url("http://127.0.0.1:3000/"));
        assert!(
            !is_web_url("javascript:alert(1)") && !is_web_url("/path") && !is_web_url("data:text/html,1")
        );
    }
}
