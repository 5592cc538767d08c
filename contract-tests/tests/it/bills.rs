//! From order to bill, over a socket: what a bill says is what orders and refunds say.

use std::time::Duration;

use http::Method;
use miniz_oxide::inflate::decompress_to_vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wechatpay_client::Client;
use wechatpay_mock::{Clock, MockServer, NewMerchant, OrderName, Payment, Payments};
use wechatpay_openapi::Contract;
use wechatpay_protocol::{Apiv3Key, Credentials, DecryptingKey, Resource, Timestamp};

use crate::support::{Connection, RawResponse};

const TODAY: &str = "2025-09-04";

/// A shop with its own mock, and a clock that it moves.
struct Shop {
    mock: MockServer,
    client: Client,
    clock: Clock,
}

impl Shop {
    async fn start() -> Self {
        Self::with(Payments::default()).await
    }

    async fn with(payments: Payments) -> Self {
        let builder = MockServer::builder().clock(Clock::system()).payments(payments);
        let mock = builder.start().await.unwrap();
        let clock = mock.clock().clone();
        clock.freeze(Some(at("2025-09-04T10:05:32+08:00")));
        let client = client(&mock, &mock.credentials());
        Self { mock, client, clock }
    }

    fn set(&self, time: &str) {
        self.clock.freeze(Some(at(time)));
    }

    async fn call(&self, method: Method, target: &str, body: Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.client.call(method, target, body).await;
        let answer = answer.unwrap_or_else(|error| panic!("{target}: {error:?}"));
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    async fn order(&self, out_trade_no: &str, total: u64) {
        let order = json!({
            "appid": "wxd678efh567hg6787",
            "mchid": self.mchid(),
            "description": "咖啡,\"热\"",
            "out_trade_no": out_trade_no,
            "notify_url": "https://127.0.0.1/pay",
            "amount": { "total": total },
        });
        self.call(Method::POST, "/v3/pay/transactions/native", order).await;
    }

    fn pay(&self, out_trade_no: &str) -> Value {
        self.mock.pay(&Payment::of(OrderName::OutTradeNo(out_trade_no.into()))).unwrap()
    }

    async fn refund(&self, out_trade_no: &str, out_refund_no: &str, amount: u64, total: u64) -> Value {
        self.call(Method::POST, REFUNDS, refund(out_trade_no, out_refund_no, amount, total)).await
    }

    fn mchid(&self) -> String {
        self.mock.credentials().mchid.to_string()
    }

    /// The answer to the application for a bill.
    async fn apply(&self, target: &str) -> Value {
        self.call(Method::GET, target, Value::Null).await
    }

    /// Status and code of an application that is refused.
    async fn refused(&self, target: &str) -> (u16, String) {
        let answer = raw(&self.mock, &self.client, target).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status().parse().unwrap(), body["code"].as_str().unwrap_or_default().into())
    }

    /// The file of a bill, after its digest is checked.
    async fn file(&self, target: &str) -> Bill {
        let applied = self.apply(target).await;
        let answer = raw(&self.mock, &self.client, target_of(&applied)).await;
        assert_eq!(answer.status(), "200", "{answer:?}");
        assert_eq!(digest(&answer.body), applied["hash_value"]);
        Bill::of(&answer.body)
    }
}

fn refund(out_trade_no: &str, out_refund_no: &str, amount: u64, total: u64) -> Value {
    json!({
        "out_trade_no": out_trade_no,
        "out_refund_no": out_refund_no,
        "amount": { "refund": amount, "total": total, "currency": "CNY" },
    })
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).unwrap()
}

fn client(mock: &MockServer, credentials: &Credentials) -> Client {
    let clock = mock.clock().clone();
    let builder = Client::builder().base_url(&mock.url()).credentials(credentials);
    builder.clock(move || clock.now()).build().unwrap()
}

/// Path and query of a `download_url`.
pub(crate) fn target_of(applied: &Value) -> &str {
    let url = applied["download_url"].as_str().unwrap();
    &url[url.find("/v3/").unwrap()..]
}

/// The answer to a signed request, as it came.
pub(crate) async fn raw(mock: &MockServer, client: &Client, target: &str) -> RawResponse {
    let signed = client.sign(Method::GET, target, "").unwrap();
    let headers = signed.headers();
    let headers = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    let head = format!("GET {target} HTTP/1.1\r\nHost: mock\r\n{}\r\n", headers.collect::<String>());
    let mut connection = Connection::open(mock).await;
    connection.send(head.as_bytes()).await;
    connection.response().await
}

fn digest(file: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha1::digest(file))
}

/// A bill as text: the names of its columns, its rows and its totals, without backticks.
pub(crate) struct Bill {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    totals: Vec<String>,
}

impl Bill {
    pub(crate) fn of(file: &[u8]) -> Self {
        let text = std::str::from_utf8(file).unwrap().strip_prefix('\u{feff}').unwrap();
        let mut lines: Vec<Vec<String>> = text.split_terminator("\r\n").map(values).collect();
        let totals = lines.pop().unwrap();
        lines.pop().unwrap();
        Self { columns: lines.remove(0), rows: lines, totals }
    }

    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        let at = self.columns.iter().position(|column| column == name).unwrap();
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }
}

/// A comma before a backtick, or any in a line of names, separates values.
fn values(line: &str) -> Vec<String> {
    match line.strip_prefix('`') {
        Some(values) => values.split(",`").map(String::from).collect(),
        None => line.split(',').map(String::from).collect(),
    }
}

const REFUNDS: &str = "/v3/refund/domestic/refunds";
const TRADES: &str = "/v3/bill/tradebill?bill_date=2025-09-04";
pub(crate) const FLOWS: &str = "/v3/bill/fundflowbill?bill_date=2025-09-04";

#[tokio::test]
async fn a_days_payments_and_refunds_are_in_its_bill_from_10_oclock_of_the_next_day_on() {
    let shop = Shop::start().await;
    shop.order("bill-1", 250).await;
    let paid = shop.pay("bill-1");
    shop.set("2025-09-04T11:00:00+08:00");
    let refunded = shop.refund("bill-1", "back-1", 100, 250).await;
    shop.order("unpaid", 1).await;

    assert_eq!(shop.refused(TRADES).await, (400, "PARAM_ERROR".into()));
    shop.set("2025-09-05T09:59:59+08:00");
    assert_eq!(shop.refused(TRADES).await, (400, "STATEMENT_CREATING".into()));
    shop.set("2025-09-05T10:00:00+08:00");

    let bill = shop.file(TRADES).await;
    assert_eq!(bill.columns.len(), 27);
    assert_eq!(bill.column("交易时间"), ["2025-09-04 10:05:32", "2025-09-04 11:00:00"]);
    assert_eq!(bill.column("交易状态"), ["SUCCESS", "REFUND"]);
    assert_eq!(bill.column("商户订单号"), ["bill-1", "bill-1"]);
    assert_eq!(bill.column("微信订单号"), [paid["transaction_id"].as_str().unwrap(); 2]);
    assert_eq!(bill.column("用户标识"), [paid["payer"]["openid"].as_str().unwrap(); 2]);
    assert_eq!(bill.column("订单金额"), ["2.50", "0.00"]);
    assert_eq!(bill.column("退款金额"), ["0.00", "1.00"]);
    assert_eq!(bill.column("微信退款单号"), ["0", refunded["refund_id"].as_str().unwrap()]);
    assert_eq!(bill.column("退款状态"), ["", "SUCCESS"]);
    assert_eq!(bill.column("商品名称"), ["咖啡\\,\\\"热\\\""; 2]);
    assert_eq!(bill.totals, ["2", "2.50", "1.00", "0.00", "0.00000", "2.50", "1.00"]);

    let payments = shop.file(&format!("{TRADES}&bill_type=SUCCESS")).await;
    assert_eq!((payments.columns.len(), payments.rows.len()), (20, 1));
    let refunds = shop.file(&format!("{TRADES}&bill_type=REFUND")).await;
    assert_eq!((refunds.columns.len(), refunds.rows.len()), (29, 1));
    assert_eq!(refunds.column("退款申请时间"), ["2025-09-04 11:00:00"]);

    let flows = shop.file(FLOWS).await;
    assert_eq!(flows.column("收支金额(元)"), ["2.50", "1.00"]);
    assert_eq!(flows.column("账户结余(元)"), ["2.50", "1.50"]);
    assert_eq!(flows.totals, ["2", "1", "2.50", "1", "1.00"]);
}

#[tokio::test]
async fn a_bill_shows_a_refund_as_it_was_at_10_oclock() {
    let a_day = Duration::from_secs(24 * 60 * 60);
    let shop = Shop::with(Payments { refund_delay: a_day, ..Payments::default() }).await;
    shop.order("slow-1", 2).await;
    shop.pay("slow-1");
    for (hour, number) in [("10:30", "late-1"), ("11:00", "late-2")] {
        shop.set(&format!("2025-09-04T{hour}:00+08:00"));
        shop.refund("slow-1", number, 1, 2).await;
    }
    shop.set("2025-09-05T12:00:00+08:00");
    let queried = shop.call(Method::GET, &format!("{REFUNDS}/late-1"), Value::Null).await;
    assert_eq!(queried["status"], "SUCCESS");
    let bill = shop.file(&format!("{TRADES}&bill_type=REFUND")).await;
    assert_eq!(bill.column("退款状态"), ["PROCESSING"; 2]);
    assert_eq!(bill.column("退款成功时间"), [""; 2]);
    assert_eq!(bill.column("交易时间"), ["2025-09-04 10:05:32"; 2]);
}

#[tokio::test]
async fn a_bill_stays_as_it_is_whatever_becomes_of_its_refunds() {
    let shop = Shop::start().await;
    shop.order("order-1", 2).await;
    shop.pay("order-1");
    let number = "MOCK*refund-abnormal*1";
    let refunded = shop.refund("order-1", number, 1, 2).await;
    shop.set("2025-09-05T10:00:00+08:00");
    let refunds = format!("{TRADES}&bill_type=REFUND");
    let applied = shop.apply(&refunds).await;
    assert_eq!(shop.file(&refunds).await.column("退款状态"), ["CHANGE"]);
    let again = json!({ "out_refund_no": number, "type": "MERCHANT_BANK_CARD" });
    let target = format!("{REFUNDS}/{}/apply-abnormal-refund", refunded["refund_id"].as_str().unwrap());
    shop.call(Method::POST, &target, again).await;
    let target = format!("{REFUNDS}/{number}");
    assert_eq!(shop.call(Method::GET, &target, Value::Null).await["status"], "SUCCESS");
    let answer = raw(&shop.mock, &shop.client, target_of(&applied)).await;
    assert_eq!(digest(&answer.body), applied["hash_value"]);
    assert_eq!(shop.file(&refunds).await.column("退款状态"), ["CHANGE"]);
}

#[tokio::test]
async fn a_refund_from_the_balance_is_in_no_bill_but_its_own() {
    let shop = Shop::start().await;
    shop.order("balance-1", 2).await;
    shop.pay("balance-1");
    let mut from_balance = refund("balance-1", "balance-back-1", 1, 2);
    from_balance["funds_account"] = "AVAILABLE".into();
    shop.call(Method::POST, REFUNDS, from_balance).await;
    shop.set("2025-09-05T10:00:00+08:00");
    assert_eq!(shop.file(TRADES).await.column("交易状态"), ["SUCCESS"]);
    assert_eq!(shop.refused(&format!("{TRADES}&bill_type=REFUND")).await.1, "NO_STATEMENT_EXIST");
    let own = shop.file(&format!("{TRADES}&bill_type=RECHARGE_REFUND")).await;
    assert_eq!(own.column("商户退款单号"), ["balance-back-1"]);
    assert_eq!(shop.file(FLOWS).await.column("收支类型"), ["收入", "支出"]);
}

#[tokio::test]
async fn a_reversed_payment_is_in_the_bill_twice() {
    let shop = Shop::start().await;
    let operation = Contract::current().operation("post_pay_transactions_codepay").unwrap();
    let mut order = operation.body().unwrap().sample(&mut |_| None);
    order["mchid"] = shop.mchid().into();
    order["out_trade_no"] = "code-1".into();
    order["amount"]["total"] = 500.into();
    shop.call(Method::POST, "/v3/pay/transactions/codepay", order.clone()).await;
    let reversal = json!({ "appid": order["appid"], "mchid": shop.mchid() });
    shop.call(Method::POST, "/v3/pay/transactions/out-trade-no/code-1/reverse", reversal).await;
    shop.set("2025-09-05T10:00:00+08:00");
    let bill = shop.file(TRADES).await;
    assert_eq!(bill.column("交易状态"), ["SUCCESS", "REVOKED"]);
    assert_eq!(bill.column("微信订单号")[0], bill.column("微信订单号")[1]);
    assert_eq!(bill.totals, ["2", "5.00", "5.00", "0.00", "0.00000", "5.00", "5.00"]);
    assert_eq!(shop.file(FLOWS).await.column("账户结余(元)"), ["5.00", "0.00"]);
}

#[tokio::test]
async fn a_bill_says_what_is_wrong_with_its_date() {
    let shop = Shop::start().await;
    shop.set("2025-09-05T10:00:00+08:00");
    for (date, expected) in [
        ("2025-09-05", (400, "PARAM_ERROR")),
        ("2025-10-01", (400, "PARAM_ERROR")),
        ("20250904", (400, "PARAM_ERROR")),
        ("2025-06-04", (400, "INVALID_REQUEST")),
        ("2025-09-04", (400, "NO_STATEMENT_EXIST")),
    ] {
        for target in [
            format!("/v3/bill/tradebill?bill_date={date}"),
            format!("/v3/bill/fundflowbill?bill_date={date}"),
            format!("/v3/profitsharing/bills?bill_date={date}"),
            format!(
                "/v3/bill/sub-merchant-fundflowbill?bill_date={date}&sub_mchid=1900000109&account_type=BASIC&algorithm=AEAD_AES_256_GCM"
            ),
        ] {
            let (status, code) = shop.refused(&target).await;
            assert_eq!((status, code.as_str()), expected, "{target}");
        }
    }
}

#[tokio::test]
async fn a_file_is_compressed_if_the_application_asks_and_its_digest_is_that_of_the_bill() {
    let shop = Shop::start().await;
    shop.order("gzip-1", 1).await;
    shop.pay("gzip-1");
    shop.set("2025-09-05T10:00:00+08:00");
    let applied = shop.apply(&format!("{TRADES}&tar_type=GZIP")).await;
    assert!(target_of(&applied).ends_with("&tartype=gzip"), "{applied}");
    let answer = raw(&shop.mock, &shop.client, target_of(&applied)).await;
    assert!(!answer.head.contains("Wechatpay-") && !answer.head.contains("Request-ID"), "{}", answer.head);
    let (head, rest) = answer.body.split_at(10);
    assert_eq!(&head[..3], b"\x1f\x8b\x08");
    let (deflated, tail) = rest.split_at(rest.len() - 8);
    let file = decompress_to_vec(deflated).unwrap();
    assert_eq!(&tail[4..], u32::try_from(file.len()).unwrap().to_le_bytes());
    assert_eq!(digest(&file), applied["hash_value"]);
    assert_eq!(Bill::of(&file).column("商户订单号"), ["gzip-1"]);
}

#[tokio::test]
async fn a_bill_is_downloaded_by_its_own_merchant_within_five_minutes() {
    let shop = Shop::start().await;
    shop.order("token-1", 1).await;
    shop.pay("token-1");
    shop.set("2025-09-05T10:00:00+08:00");
    let other = shop.mock.make_merchant(NewMerchant::default()).unwrap();
    let other = client(&shop.mock, &other);
    let applied = shop.apply(TRADES).await;
    let target = target_of(&applied);
    assert_eq!(applied["download_url"], format!("{}{target}", shop.mock.url()));
    let unsigned = raw(&shop.mock, &other, target).await;
    assert_eq!(unsigned.status(), "403");
    assert!(String::from_utf8_lossy(&unsigned.body).contains("NO_AUTH"));
    shop.set("2025-09-05T10:05:00+08:00");
    assert_eq!(raw(&shop.mock, &shop.client, target).await.status(), "200");
    shop.set("2025-09-05T10:05:01+08:00");
    assert_eq!(shop.refused(target).await, (400, "INVALID_REQUEST".into()));
}

#[tokio::test]
async fn a_sub_merchants_bill_is_encrypted_for_the_service_providers_certificate() {
    let shop = Shop::start().await;
    let order = json!({
        "sp_appid": "wx8888888888888888",
        "sp_mchid": shop.mchid(),
        "sub_mchid": "1900000109",
        "description": "咖啡",
        "out_trade_no": "sub-order-1",
        "notify_url": "https://127.0.0.1/pay",
        "amount": { "total": 300 },
    });
    shop.call(Method::POST, "/v3/pay/partner/transactions/native", order).await;
    shop.pay("sub-order-1");
    shop.set("2025-09-05T10:00:00+08:00");
    assert_eq!(shop.refused(FLOWS).await, (400, "NO_STATEMENT_EXIST".into()));
    let trades = shop.file(&format!("{TRADES}&sub_mchid=1900000109")).await;
    assert_eq!(trades.column("特约商户号"), ["1900000109"]);
    assert_eq!(shop.refused(&format!("{TRADES}&sub_mchid=1900000108")).await.1, "NO_STATEMENT_EXIST");

    let sub = |algorithm: &str| {
        format!(
            "/v3/bill/sub-merchant-fundflowbill?sub_mchid=1900000109&bill_date={TODAY}&account_type=BASIC&algorithm={algorithm}"
        )
    };
    assert_eq!(shop.refused(&sub("SM4_GCM")).await, (400, "PARAM_ERROR".into()));
    let applied = shop.apply(&sub("AEAD_AES_256_GCM")).await;
    assert_eq!(applied["download_bill_count"], 1);
    let listed = &applied["download_bill_list"][0];
    let text = |name: &str| listed[name].as_str().unwrap();
    let key = DecryptingKey::from_pem(&shop.mock.credentials().merchant_key).unwrap();
    let key: Apiv3Key =
        String::from_utf8(key.decrypt(text("encrypt_key")).unwrap()).unwrap().parse().unwrap();
    let answer = raw(&shop.mock, &shop.client, target_of(listed)).await;
    let file = Resource {
        algorithm: Resource::ALGORITHM.into(),
        nonce: text("nonce").into(),
        associated_data: String::new(),
        ciphertext: base64_of(&answer.body),
    };
    let file = file.decrypt(&key).unwrap();
    assert_eq!(digest(&file), text("hash_value"));
    assert_eq!(Bill::of(&file).column("账户结余(元)"), ["3.00"]);
}

/// An order: its total, and of each refund the amount, the hour, and whether it is closed.
type Ordered = (u64, Vec<(u64, u64, bool)>);

fn orders() -> impl Strategy<Value = Vec<Ordered>> {
    let refunds = prop::collection::vec((1..300_u64, 1..40_u64, any::<bool>()), 0..3);
    prop::collection::vec((1..1_000_u64, refunds), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn over_all_days_bills_say_what_orders_and_refunds_say(orders in orders()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::start().await;
            let (mut paid, mut refunded, mut closed) = (0, 0, 0);
            for (order, (total, _)) in orders.iter().enumerate() {
                let number = format!("order-{order}");
                shop.order(&number, *total).await;
                shop.pay(&number);
                paid += total;
            }
            // Each hour of two days, what is to be refunded then.
            for hour in 1..40 {
                shop.clock.advance(3600);
                for (order, (total, refunds)) in orders.iter().enumerate() {
                    for (part, (amount, at, is_closed)) in refunds.iter().enumerate() {
                        if *at != hour {
                            continue;
                        }
                        let magic = if *is_closed { "MOCK*refund-closed*" } else { "back" };
                        let (order, part) = (format!("order-{order}"), format!("{magic}-{order}-{part}"));
                        let body = refund(&order, &part, *amount, *total).to_string();
                        let answer = shop.client.call(Method::POST, REFUNDS, body).await;
                        if answer.is_ok() {
                            refunded += amount;
                            closed += if *is_closed { *amount } else { 0 };
                        }
                    }
                }
            }
            shop.set("2025-09-07T10:00:00+08:00");
            let (mut trades, mut flows, mut balance) = ([0; 2], [0; 2], 0);
            for date in ["2025-09-04", "2025-09-05", "2025-09-06"] {
                let all = format!("/v3/bill/tradebill?bill_date={date}");
                if !raw(&shop.mock, &shop.client, &all).await.status().starts_with('2') {
                    continue;
                }
                let bill = shop.file(&all).await;
                trades[0] += fen(&bill.totals[5]);
                trades[1] += fen(&bill.totals[6]);
                let bill = shop.file(&format!("/v3/bill/fundflowbill?bill_date={date}")).await;
                flows[0] += fen(&bill.totals[2]);
                flows[1] += fen(&bill.totals[4]);
                balance = fen(bill.column("账户结余(元)").last().unwrap());
            }
            assert_eq!(trades, [paid, refunded]);
            assert_eq!(flows, [paid + closed, refunded]);
            assert_eq!(balance, paid + closed - refunded);
        });
    }
}

pub(crate) fn fen(yuan: &str) -> u64 {
    let (whole, decimals) = yuan.split_once('.').unwrap();
    whole.parse::<u64>().unwrap() * 100 + decimals.parse::<u64>().unwrap()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(bytes)
}
