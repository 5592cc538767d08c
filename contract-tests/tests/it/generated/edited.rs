//! Whatever is edited or deleted under `/__mock/documents`: no request, no payer and no bill makes a panic or gets a 5xx
//! afterwards, and time goes on.

use std::{collections::BTreeSet, mem, time::Duration};

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, sample::Index, test_runner::Config as Cases};
use serde_json::{Value, json};
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_mock::{
    Config, Confirmation, MaxRatio, MerchantConfig, OrderName, PayerAction, Payment, Payments,
    ServiceOrderCall, TransferAction, TransferName, Transfers,
};
use wechatpay_openapi::Depth;

use super::{Answer, Setup, example::example, operations};
use crate::{
    payments::{NOWHERE, OPENID},
    support::{Connection, RawResponse},
};

const DAY: i64 = 24 * 60 * 60;
const APPID: &str = "wxd678efh567hg6787";
const RECEIVER: &str = "1900000002";
const SERVICE: &str = "2002000000000558128851361561536";

/// The kinds that operations with rules of their own have documents of.
const KINDS: [&str; 29] = [
    "balance",
    "bill",
    "card",
    "combined_order",
    "member_card",
    "member_card_callback",
    "member_card_permission",
    "member_phone",
    "order",
    "payment_number",
    "profit_sharing",
    "profit_sharing_number",
    "profit_sharing_receiver",
    "profit_sharing_return",
    "refund",
    "service_number",
    "service_order",
    "service_permission",
    "service_user",
    "transfer",
    "transfer_authorization",
    "transfer_authorization_id",
    "transfer_batch",
    "transfer_batch_id",
    "transfer_bill_no",
    "transfer_day",
    "transfer_package",
    "transfer_receipt",
    "transfer_receipt_token",
];

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Call {
    Example(GeneratedRequest),
    Request { method: &'static str, target: String, body: Value },
    Pay(OrderName, PayerAction),
    Confirm(TransferName, TransferAction),
    Service(ServiceOrderCall),
    Wait(i64),
}

/// What an edit does with a document.
#[derive(Clone, Debug)]
enum Edit {
    Delete,
    /// Replaces a value in it by one of these, or by a value of any document.
    Replace(Index, Result<Value, Index>),
    Remove(Index),
    /// Replaces the values whose bits are set by this one, as far as that is accepted.
    Flood(Value, u64),
}

/// A document as the mock shows it.
#[derive(Clone, Debug)]
struct Kept {
    path: String,
    value: Value,
}

/// A mock in which much has happened.
struct World {
    setup: Setup,
    /// What was done, and can be done again; and the examples of the operations.
    calls: Vec<Call>,
    examples: Vec<Call>,
    /// The documents of operations with rules of their own, and those that the contract describes, by kind.
    kept: [Vec<Vec<Kept>>; 2],
    /// The values in the documents.
    values: Vec<Value>,
}

fn config() -> Config {
    let receiver =
        MerchantConfig { notify_url: Some(NOWHERE.into()), ..MerchantConfig::new(RECEIVER.parse().unwrap()) };
    let own = MerchantConfig { balance: Some(10_000_000), ..MerchantConfig::development() };
    let mut config = Config::default().with_merchants([own, receiver]);
    let minute = Duration::from_secs(60);
    config.payments = Payments {
        refund_delay: minute,
        sharing_delay: minute,
        max_ratio: MaxRatio::new(10_000).unwrap(),
        ..Payments::default()
    };
    config.transfers = Transfers { delay: minute, daily_limit: Some(1_000_000_000), ..Transfers::default() };
    config
}

fn order(number: &str) -> Value {
    json!({
        "appid": APPID, "mchid": "1900000001", "description": "示例商品", "out_trade_no": number, "notify_url": NOWHERE,
        "amount": { "total": 1000, "currency": "CNY" }, "payer": { "openid": OPENID },
        "settle_info": { "profit_sharing": true },
    })
}

fn combined(number: &str) -> Value {
    let sub_order = |place: u8| {
        json!({
            "mchid": "1900000001", "out_trade_no": format!("{number}SUB{place}"), "attach": "分店", "description": "示例",
            "amount": { "total_amount": 100, "currency": "CNY" },
        })
    };
    json!({
        "combine_appid": APPID, "combine_mchid": "1900000001", "combine_out_trade_no": number,
        "sub_orders": [sub_order(1), sub_order(2)], "notify_url": NOWHERE, "combine_payer_info": { "openid": OPENID },
    })
}

fn transfer(number: &str) -> Value {
    json!({
        "appid": APPID, "out_bill_no": number, "openid": OPENID, "transfer_amount": 100, "transfer_remark": "示例",
        "notify_url": NOWHERE, "transfer_scene_id": "1000",
        "transfer_scene_report_infos": [
            { "info_type": "活动名称", "info_content": "新会员有礼" },
            { "info_type": "奖励说明", "info_content": "注册会员抽奖一等奖" },
        ],
    })
}

fn authorization(number: &str) -> Value {
    json!({
        "out_authorization_no": number, "appid": APPID, "openid": OPENID, "transfer_scene_id": "1000",
        "user_display_name": "wx_123456", "authorization_notify_url": NOWHERE,
    })
}

fn service(number: &str) -> Value {
    json!({
        "out_order_no": number, "appid": APPID, "service_id": SERVICE, "service_introduction": "某某酒店",
        "time_range": { "start_time": "20250904100000" }, "risk_fund": { "name": "DEPOSIT", "amount": 10_000 },
        "notify_url": NOWHERE,
    })
}

fn completion() -> Value {
    json!({
        "appid": APPID, "service_id": SERVICE, "total_amount": 200,
        "post_payments": [{ "name": "房费", "amount": 300 }],
        "post_discounts": [{ "name": "满减", "description": "首单", "amount": 100 }],
    })
}

impl World {
    fn new() -> Self {
        let setup = Setup::with(config());
        setup.mock.clock().sign_in_real_time(true);
        let mut world = Self {
            setup,
            calls: Vec::new(),
            examples: Vec::new(),
            kept: [Vec::new(), Vec::new()],
            values: Vec::new(),
        };
        let mut all: Vec<_> = operations().filter(|operation| operation.depth() != Depth::Example).collect();
        // What is deleted can't be changed afterwards.
        all.sort_by_key(|operation| operation.method() == Method::DELETE);
        for operation in all {
            world.does(Call::Example(example(operation)));
        }
        world.examples = mem::take(&mut world.calls);
        world.pays();
        world.shares();
        world.transfers();
        world.serves();
        world.does(Call::Wait(DAY));
        world.bills();
        world.keep();
        world
    }

    /// Does it, and remembers it. Returns the answer to a request, which succeeds.
    fn does(&mut self, call: Call) -> Value {
        let answer = self.answer(&call).unwrap();
        if let (Call::Request { .. }, Some(answer)) = (&call, &answer) {
            assert!(answer.status.is_success(), "{call:?} {answer:?}");
        }
        self.calls.push(call);
        answer.map(|answer| answer.json()).unwrap_or_default()
    }

    fn post(&mut self, target: &str, body: Value) -> Value {
        self.does(Call::Request { method: "POST", target: target.into(), body })
    }

    fn get(&mut self, target: &str) -> Value {
        self.does(Call::Request { method: "GET", target: target.into(), body: Value::Null })
    }

    /// What the gateway answers, if it is asked; and that it is no 5xx.
    fn answer(&self, call: &Call) -> Result<Option<Answer>, TestCaseError> {
        let answer = match call {
            Call::Example(request) => self.setup.send(request),
            Call::Request { method, target, body } => {
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let json = [("Content-Type".to_owned(), "application/json".to_owned())];
                self.setup.send_signed(method, target, &json, body.as_bytes(), body.as_bytes())
            }
            Call::Pay(order, action) => {
                let _ = self.setup.mock.pay(&Payment { action: *action, ..Payment::of(order.clone()) });
                return Ok(None);
            }
            Call::Confirm(transfer, action) => {
                let confirmation = Confirmation { action: *action, ..Confirmation::of(transfer.clone()) };
                let _ = self.setup.mock.confirm(&confirmation);
                return Ok(None);
            }
            Call::Service(call) => {
                let _ = self.setup.mock.act_on_service_order(call);
                return Ok(None);
            }
            Call::Wait(seconds) => {
                self.setup.mock.clock().advance(*seconds);
                return Ok(None);
            }
        };
        prop_assert!(answer.status.as_u16() < 500, "{:?}: {:?}", call, answer);
        Ok(Some(answer))
    }

    fn pays(&mut self) {
        let pay = |number: &str| Call::Pay(OrderName::OutTradeNo(number.into()), PayerAction::Pay);
        for number in ["EDIT0001", "EDIT0002", "EDIT0003"] {
            self.post("/v3/pay/transactions/jsapi", order(number));
        }
        for number in ["EDITC001", "EDITC002"] {
            self.post("/v3/combine-transactions/jsapi", combined(number));
        }
        for number in ["EDIT0002", "EDITC002"] {
            self.does(pay(number));
        }
        for (number, of, total) in [("EDITR001", "EDIT0002", 1000), ("EDITR002", "EDITC002SUB1", 100)] {
            let amount = json!({ "refund": 10, "total": total, "currency": "CNY" });
            let refund = json!({ "out_trade_no": of, "out_refund_no": number, "notify_url": NOWHERE, "amount": amount });
            self.post("/v3/refund/domestic/refunds", refund);
            self.get(&format!("/v3/refund/domestic/refunds/{number}"));
        }
        for number in ["EDIT0001", "EDIT0002", "EDITC001SUB1", "EDITC002SUB1"] {
            self.get(&format!("/v3/pay/transactions/out-trade-no/{number}?mchid=1900000001"));
        }
        for number in ["EDITC001", "EDITC002"] {
            self.get(&format!("/v3/combine-transactions/out-trade-no/{number}"));
        }
        // Not done before the documents are kept.
        let close = |number: &str| Call::Request {
            method: "POST",
            target: format!("/v3/pay/transactions/out-trade-no/{number}/close"),
            body: json!({ "mchid": "1900000001" }),
        };
        self.calls.extend(["EDIT0001", "EDIT0003"].map(close));
        self.calls.extend(["EDIT0001", "EDIT0003", "EDITC001", "EDITC001SUB1"].map(pay));
        let fails = |number: &str| Call::Pay(OrderName::OutTradeNo(number.into()), PayerAction::Fail);
        self.calls.extend(["EDIT0001", "EDITC001"].map(fails));
    }

    fn shares(&mut self) {
        let paid = self.get("/v3/pay/transactions/out-trade-no/EDIT0002?mchid=1900000001");
        let id = paid["transaction_id"].as_str().unwrap().to_owned();
        let receiver =
            json!({ "appid": APPID, "type": "MERCHANT_ID", "account": RECEIVER, "relation_type": "STORE" });
        self.post("/v3/profitsharing/receivers/add", receiver);
        let share = |number: &str| {
            let to = json!({ "type": "MERCHANT_ID", "account": RECEIVER, "amount": 50, "description": "分给商户" });
            json!({
                "appid": APPID, "transaction_id": id, "out_order_no": number, "receivers": [to],
                "unfreeze_unsplit": false,
            })
        };
        self.does(Call::Wait(61));
        self.post("/v3/profitsharing/orders", share("EDITP001"));
        self.does(Call::Wait(61));
        self.get(&format!("/v3/profitsharing/orders/EDITP001?transaction_id={id}"));
        let back = json!({
            "out_order_no": "EDITP001", "out_return_no": "EDITB001", "return_mchid": RECEIVER, "amount": 10,
            "description": "用户退款",
        });
        self.post("/v3/profitsharing/return-orders", back);
        self.get("/v3/profitsharing/return-orders/EDITB001?out_order_no=EDITP001");
        self.post("/v3/profitsharing/orders", share("EDITP002"));
        self.get(&format!("/v3/profitsharing/transactions/{id}/amounts"));
        self.get(&format!("/v3/pay/transactions/id/{id}?mchid=1900000001"));
        let release = json!({ "transaction_id": id, "out_order_no": "EDITP003", "description": "解冻" });
        let target = "/v3/profitsharing/orders/unfreeze".into();
        self.calls.push(Call::Request { method: "POST", target, body: release });
    }

    fn transfers(&mut self) {
        const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";
        const AUTHORIZATIONS: &str = "/v3/fund-app/mch-transfer/user-confirm-authorization";
        const RECEIPTS: &str = "/v3/fund-app/mch-transfer/elecsign/out-bill-no";
        let act = |name: TransferName, action| Call::Confirm(name, action);
        let bill = |number: &str| TransferName::OutBillNo(number.into());
        for number in ["EDITT001", "EDITT002", "EDITT003"] {
            self.post(BILLS, transfer(number));
        }
        self.does(act(bill("EDITT002"), TransferAction::Confirm));
        self.does(Call::Wait(61));
        self.does(act(bill("EDITT003"), TransferAction::Confirm));
        self.post(RECEIPTS, json!({ "out_bill_no": "EDITT002" }));
        let receipt = self.get(&format!("{RECEIPTS}/EDITT002"));
        if let Some(target) = target_of(&receipt["download_url"]) {
            self.get(&target);
        }
        for number in ["EDITA001", "EDITA002"] {
            self.post(AUTHORIZATIONS, authorization(number));
            self.get(&format!("{AUTHORIZATIONS}/out-authorization-no/{number}"));
        }
        let of = |number: &str| TransferName::OutAuthorizationNo(number.into());
        self.does(act(of("EDITA002"), TransferAction::Confirm));
        let mut with = transfer("EDITT004");
        with["authorization_info"] = json!({
            "user_display_name": "wx_123456", "out_authorization_no": "EDITA003", "authorization_notify_url": NOWHERE,
        });
        self.post(&format!("{BILLS}/pre-transfer-with-authorization"), with);
        let detail = json!({ "out_detail_no": "D1", "transfer_amount": 60, "transfer_remark": "示例", "openid": OPENID });
        let batch = json!({
            "appid": APPID, "out_batch_no": "EDITB001", "batch_name": "示例", "batch_remark": "示例", "total_amount": 60,
            "total_num": 1, "transfer_detail_list": [detail], "notify_url": NOWHERE,
        });
        self.post("/v3/transfer/batches", batch);
        self.get("/v3/transfer/batches/out-batch-no/EDITB001?need_query_detail=true&detail_status=ALL");
        for number in ["EDITT001", "EDITT002", "EDITT003", "EDITT004"] {
            self.get(&format!("{BILLS}/out-bill-no/{number}"));
        }
        self.get(&format!("{AUTHORIZATIONS}/out-authorization-no/EDITA003"));
        for number in ["EDITT001", "EDITT004"] {
            self.calls.push(act(bill(number), TransferAction::Confirm));
            self.calls.push(act(bill(number), TransferAction::Decline));
            let target = format!("{BILLS}/out-bill-no/{number}/cancel");
            self.calls.push(Call::Request { method: "POST", target, body: Value::Null });
        }
        for number in ["EDITA001", "EDITA002", "EDITA003"] {
            self.calls.push(act(of(number), TransferAction::Confirm));
            self.calls.push(act(of(number), TransferAction::Decline));
        }
    }

    fn serves(&mut self) {
        const ORDERS: &str = "/v3/payscore/serviceorder";
        const PERMISSIONS: &str = "/v3/payscore/permissions";
        for number in ["EDITS001", "EDITS002", "EDITS003"] {
            self.post(ORDERS, service(number));
        }
        for number in ["EDITS002", "EDITS003"] {
            self.does(Call::Service(ServiceOrderCall::of(number)));
            self.post(&format!("{ORDERS}/{number}/complete"), completion());
        }
        self.does(Call::Service(ServiceOrderCall::of("EDITS003")));
        for number in ["EDITS001", "EDITS002", "EDITS003"] {
            self.get(&format!("{ORDERS}?out_order_no={number}&service_id={SERVICE}&appid={APPID}"));
        }
        for code in ["EDITQ001", "EDITQ002"] {
            let application = json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": code, "notify_url": NOWHERE });
            self.post(PERMISSIONS, application);
            self.get(&format!("{PERMISSIONS}/authorization-code/{code}?service_id={SERVICE}"));
        }
        let opens = |code| Call::Service(ServiceOrderCall::of_permission(code));
        self.does(opens("EDITQ002"));
        self.calls.push(opens("EDITQ001"));
        let named = json!({ "appid": APPID, "service_id": SERVICE, "reason": "用户要求" });
        let request = |target: String, body: Value| Call::Request { method: "POST", target, body };
        for number in ["EDITS001", "EDITS002"] {
            self.calls.push(Call::Service(ServiceOrderCall::of(number)));
            self.calls.push(request(format!("{ORDERS}/{number}/cancel"), named.clone()));
            let pay = json!({ "appid": APPID, "service_id": SERVICE });
            self.calls.push(request(format!("{ORDERS}/{number}/pay"), pay));
            let mut modified = completion();
            modified["total_amount"] = 100.into();
            modified["post_payments"][0]["amount"] = 200.into();
            modified["reason"] = "用户投诉".into();
            self.calls.push(request(format!("{ORDERS}/{number}/modify"), modified));
            let detail = json!({ "paid_time": "20250904120000" });
            let sync =
                json!({ "appid": APPID, "service_id": SERVICE, "type": "Order_Paid", "detail": detail });
            self.calls.push(request(format!("{ORDERS}/{number}/sync"), sync));
        }
        for code in ["EDITQ001", "EDITQ002"] {
            self.calls
                .push(request(format!("{PERMISSIONS}/authorization-code/{code}/terminate"), named.clone()));
        }
    }

    /// Applies for the bills of the first day, and downloads them.
    fn bills(&mut self) {
        for target in BILLS {
            let applied = self.get(target);
            let url =
                applied.get("download_url").or_else(|| applied.pointer("/download_bill_list/0/download_url"));
            if let Some(target) = url.and_then(target_of) {
                self.get(&target);
            }
        }
    }

    /// Keeps every document, and puts each as it is.
    fn keep(&mut self) {
        let kinds = self.admin("GET", "/documents", "").1;
        let mut seen = BTreeSet::new();
        for kind in kinds["kinds"].as_array().unwrap() {
            let kind = kind["kind"].as_str().unwrap();
            seen.insert(kind.to_owned());
            let mut documents = Vec::new();
            let page = self.admin("GET", &format!("/documents?kind={}&limit=1000", encoded(kind)), "").1;
            for one in page["documents"].as_array().unwrap() {
                let path = format!("/documents/{}/{}", encoded(kind), encoded(one["key"].as_str().unwrap()));
                let value = one["value"].clone();
                let (status, put) = self.admin("PUT", &path, &value.to_string());
                assert_eq!((status, &put["value"]), (200, &value), "{kind} {put}");
                for pointer in pointers(&value) {
                    self.values.extend(value.pointer(&pointer).filter(|value| !value.is_object()).cloned());
                }
                documents.push(Kept { path, value });
            }
            self.kept[usize::from(kind.starts_with("resource "))].push(documents);
        }
        let missing: Vec<_> = KINDS.iter().filter(|kind| !seen.contains(**kind)).collect();
        assert!(missing.is_empty(), "of these kinds, nothing was made: {missing:?}");
        let unknown: Vec<_> = seen.iter().filter(|kind| !kind.starts_with("resource ")).collect();
        assert_eq!(unknown.len(), KINDS.len(), "{unknown:?}");
    }

    /// A mock as it was when the documents were kept.
    fn restore(&self) {
        self.setup.mock.reset();
        self.setup.mock.clock().sign_in_real_time(true);
        self.setup.mock.clock().advance(DAY + 10 * 60);
        let all = self.kept.iter().flatten().flatten();
        let calls = all.map(|kept| ("PUT", kept.path.clone(), kept.value.to_string())).collect();
        assert!(self.admin_all(calls).iter().all(|response| response.status() == "200"));
    }

    fn admin(&self, method: &'static str, path: &str, body: &str) -> (u16, Value) {
        let response = self.admin_all(vec![(method, path.into(), body.into())]).remove(0);
        (response.status().parse().unwrap(), serde_json::from_slice(&response.body).unwrap_or_default())
    }

    fn admin_all(&self, calls: Vec<(&'static str, String, String)>) -> Vec<RawResponse> {
        self.setup.runtime.block_on(async {
            let mut connection = Connection::open(&self.setup.mock).await;
            let mut responses = Vec::new();
            for (method, path, body) in calls {
                let head = format!(
                    "{method} /__mock{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                connection.send((head + &body).as_bytes()).await;
                responses.push(connection.response().await);
            }
            responses
        })
    }

    fn edit(&self, kept: &Kept, edit: &Edit) {
        let mut value = kept.value.clone();
        let all = pointers(&value);
        match edit {
            Edit::Delete => {
                self.admin("DELETE", &kept.path, "");
                return;
            }
            Edit::Replace(at, with) => {
                let with = with.clone().unwrap_or_else(|at| at.get(&self.values).clone());
                let pointer: &String = at.get(&all);
                *value.pointer_mut(pointer).unwrap() = with;
            }
            Edit::Flood(with, bits) => {
                for (_, pointer) in all.iter().enumerate().filter(|(at, _)| bits >> (at % 64) & 1 == 1) {
                    let mut flooded = value.clone();
                    // It may be within what was replaced before.
                    let Some(place) = flooded.pointer_mut(pointer).filter(|place| **place != *with) else {
                        continue;
                    };
                    *place = with.clone();
                    if self.admin("PUT", &kept.path, &flooded.to_string()).0 == 200 {
                        value = flooded;
                    }
                }
                return;
            }
            Edit::Remove(at) => {
                let Some((parent, name)) = at.get(&all).rsplit_once('/') else { return };
                match value.pointer_mut(parent).unwrap() {
                    Value::Object(fields) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
                    Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                    _ => {}
                }
            }
        }
        let (status, body) = self.admin("PUT", &kept.path, &value.to_string());
        assert!(status == 200 || status == 400 && body["message"].is_string(), "{status} {body}");
    }

    /// Whether what is due still happens without anybody looking.
    fn time_goes_on(&self) {
        self.setup.mock.reset();
        let target = "/v3/pay/transactions/jsapi".into();
        let placed = self.answer(&Call::Request { method: "POST", target, body: order("MOCK*pay*0001") });
        assert!(placed.unwrap().unwrap().status.is_success());
        let path = format!("/documents/order/{}", encoded("MOCK*pay*0001"));
        let is_paid = || self.admin("GET", &path, "").1["value"]["state"] == "SUCCESS";
        assert!((0..10_000).any(|_| is_paid()), "what was due did not happen");
    }
}

/// The bills of the first day.
const BILLS: [&str; 4] = [
    "/v3/bill/tradebill?bill_date=2025-09-04",
    "/v3/bill/fundflowbill?bill_date=2025-09-04",
    "/v3/bill/sub-merchant-fundflowbill?bill_date=2025-09-04&sub_mchid=1900000001&account_type=BASIC&algorithm=AEAD_AES_256_GCM",
    "/v3/profitsharing/bills?bill_date=2025-09-04",
];

/// Path and query of a URL.
fn target_of(url: &Value) -> Option<String> {
    let url = url.as_str()?;
    Some(url[url.find("/v3/")?..].to_owned())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Where each value in this one is.
fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut add = |name: &str, inner: &Value| {
        let name = name.replace('~', "~0").replace('/', "~1");
        all.extend(pointers(inner).into_iter().map(|pointer| format!("/{name}{pointer}")));
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| add(name, field)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| add(&at.to_string(), item));
        }
        _ => {}
    }
    all
}

fn edits() -> impl Strategy<Value = Edit> {
    let odd = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![
            Just((1_u64 << 53) - 1),
            Just(0),
            Just(1),
            1_756_900_000_u64..1_757_100_000,
            any::<u64>(),
        ]
        .prop_map(Value::from),
        prop_oneof![Just(-((1_i64 << 53) - 1)), Just(-1), any::<i64>()].prop_map(Value::from),
        prop_oneof![
            Just(String::new()),
            Just("转".repeat(40)),
            Just("2025-09-04".into()),
            Just("http://[".into()),
            ".{0,40}",
        ]
        .prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!({ "amount": { "total": "x" } })),
    ];
    let odd = odd.boxed();
    let with = prop_oneof![odd.clone().prop_map(Ok), any::<Index>().prop_map(Err)];
    prop_oneof![
        1 => Just(Edit::Delete),
        4 => (any::<Index>(), with).prop_map(|(at, with)| Edit::Replace(at, with)),
        1 => any::<Index>().prop_map(Edit::Remove),
        2 => (odd, any::<u64>()).prop_map(|(with, bits)| Edit::Flood(with, bits)),
    ]
}

/// Which document is edited: whether the contract describes it, its kind, and which one of that.
fn places() -> impl Strategy<Value = (bool, Index, Index)> {
    (prop::bool::weighted(0.2), any::<Index>(), any::<Index>())
}

proptest! {
    #![proptest_config(Cases { cases: CASES, ..Cases::default() })]

    #[test]
    fn no_edit_makes_a_later_call_fail(
        edits in prop::collection::vec((places(), edits()), 1..12),
        calls in prop::collection::vec((prop::bool::weighted(0.2), any::<Index>()), 40),
    ) {
        WORLD.with(|world| {
            world.restore();
            for ((is_described, kind, at), edit) in &edits {
                let documents: &Vec<_> = kind.get(&world.kept[usize::from(*is_described)]);
                world.edit(at.get(documents), edit);
            }
            for (is_example, at) in &calls {
                world.answer(at.get(if *is_example { &world.examples } else { &world.calls }))?;
            }
            for target in BILLS {
                let bill = Call::Request { method: "GET", target: target.into(), body: Value::Null };
                world.answer(&bill)?;
            }
            world.time_goes_on();
            Ok::<_, TestCaseError>(())
        })?;
    }
}

/// How many worlds are edited.
const CASES: u32 = 48;

thread_local! {
    static WORLD: World = World::new();
}
