//! Published bills are made again from their rows, and totals are the sums of their rows.

use std::{collections::HashMap, fs, path::Path};

use proptest::prelude::*;
use sha1::{Digest, Sha1};
use wechatpay_protocol::Timestamp;

use super::{
    flow::{Business, FLOWS, Flow},
    form::Form,
    trade::{ALL, Entry, Order, REFUND, Refund, SUCCESS},
};

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/bills").join(name)).unwrap()
}

/// The rows of a bill by the names of their columns, and its totals.
struct Parsed {
    rows: Vec<HashMap<String, String>>,
    totals: HashMap<String, String>,
}

impl Parsed {
    fn of(bill: &str) -> Self {
        let lines: Vec<_> = bill.trim_start_matches('\u{feff}').lines().collect();
        let (columns, rest) = lines.split_first().unwrap();
        let rows = rest.iter().take_while(|line| line.starts_with('`')).count();
        let (rows, totals) = rest.split_at(rows);
        Self {
            rows: rows.iter().map(|row| named(columns, row)).collect(),
            totals: if let [names, totals] = totals { named(names, totals) } else { HashMap::new() },
        }
    }
}

fn named(names: &str, line: &str) -> HashMap<String, String> {
    let (names, values) = (values(names), values(line));
    assert_eq!(names.len(), values.len(), "{line}");
    names.into_iter().zip(values).collect()
}

/// The values of a line without their backticks, after the escapes are undone.
fn values(line: &str) -> Vec<String> {
    let (mut values, mut is_escaped) = (vec![String::new()], false);
    for character in line.chars() {
        let value = values.last_mut().unwrap();
        match character {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            ',' if !is_escaped => values.push(String::new()),
            'n' if is_escaped => value.push('\n'),
            'r' if is_escaped => value.push('\r'),
            other => value.push(other),
        }
        is_escaped = false;
    }
    values.iter().map(|value| value.strip_prefix('`').unwrap_or(value).to_owned()).collect()
}

fn unix(time: &str) -> u64 {
    Timestamp::from_rfc3339(&format!("{}+08:00", time.replace(' ', "T"))).unwrap().as_unix()
}

/// An amount in fen: the digits before and the first two after the point.
fn fen(yuan: &str) -> i128 {
    let (whole, decimals) = yuan.split_once('.').unwrap();
    let fen = format!("{}{}", whole.trim_start_matches('-'), &decimals[..2]).parse::<i128>().unwrap();
    if whole.starts_with('-') { -fen } else { fen }
}

fn entry(row: &HashMap<String, String>) -> Entry {
    let text = |name: &str| row.get(name).cloned().unwrap_or_default();
    let time = |name: &str| row.get(name).map(|time| unix(time));
    let amount = |name: &str| row.get(name).map_or(0, |yuan| u64::try_from(fen(yuan)).unwrap());
    let paid = time("交易时间").unwrap();
    let order = Order {
        paid,
        appid: text("公众账号ID"),
        mchid: text("商户号"),
        sub_mchid: Some(text("特约商户号")).filter(|mchid| mchid != "0"),
        device_id: text("设备号"),
        transaction_id: text("微信订单号"),
        out_trade_no: text("商户订单号"),
        openid: text("用户标识"),
        trade_type: text("交易类型"),
        bank_type: text("付款银行"),
        total: amount("订单金额"),
        description: text("商品名称"),
        attach: text("商户数据包"),
    };
    let refund = (text("交易状态") == "REFUND").then(|| Refund {
        trade_state: "REFUND",
        succeeded: time("退款成功时间"),
        refund_id: text("微信退款单号"),
        out_refund_no: text("商户退款单号"),
        amount: amount("申请退款金额"),
        status: "SUCCESS",
    });
    Entry {
        at: time("退款申请时间").unwrap_or(paid),
        order,
        refund,
        fee: fen(&text("手续费")).try_into().unwrap(),
        rate: fen(text("费率").trim_end_matches('%')).try_into().unwrap(),
    }
}

fn flow(row: &HashMap<String, String>) -> Flow {
    let business = match (row["业务类型"].as_str(), row["收支类型"].as_str()) {
        ("交易", "收入") => Business::Payment,
        ("退款", "支出") => Business::Refund,
        other => panic!("{other:?}"),
    };
    Flow {
        at: unix(&row["记账时间"]),
        business_no: row["微信支付业务单号"].clone(),
        flow_no: row["资金流水单号"].clone(),
        business,
        amount: fen(&row["收支金额(元)"]).try_into().unwrap(),
        balance: fen(&row["账户结余(元)"]),
        applicant: row["资金变更提交申请人"].clone(),
        voucher: row["业务凭证号"].clone(),
    }
}

fn made<R>(form: &Form<R>, bill: &str, row: impl Fn(&HashMap<String, String>) -> R) -> String {
    let rows: Vec<R> = Parsed::of(bill).rows.iter().map(row).collect();
    String::from_utf8(form.file(&rows)).unwrap()
}

#[test]
fn the_published_bill_whose_digest_is_known_is_made_again_byte_for_byte() {
    let published = fixture("trade-all-2021.csv");
    let digest = base16ct::lower::encode_string(&Sha1::digest(&published));
    assert_eq!(digest, "dcd7ceb3d382a1181798368bb15d8437de46c00f");
    assert_eq!(made(&ALL, &published, entry), published);
    assert_eq!(published.lines().next().unwrap().split(',').count(), 27);
}

/// These were published as text: without the byte-order mark and `\r`, and some without the end.
#[test]
fn bills_published_as_text_are_made_again() {
    let text = |bill: String| bill.trim_start_matches('\u{feff}').replace('\r', "");
    for (name, is_whole, made) in [
        ("trade-all-2024.csv", true, (|bill| made(&ALL, bill, entry)) as fn(&str) -> String),
        ("trade-all-2024-fees.csv", false, |bill| made(&ALL, bill, entry)),
        ("trade-success-2021.csv", true, |bill| made(&SUCCESS, bill, entry)),
        ("trade-refund-2021.csv", true, |bill| made(&REFUND, bill, entry)),
        ("fund-flow-2021-payment.csv", false, |bill| made(&FLOWS, bill, flow)),
        ("fund-flow-2021-refunds.csv", false, |bill| made(&FLOWS, bill, flow)),
    ] {
        let published = fixture(name);
        let made = text(made(&published));
        let same = if is_whole { made.as_str() } else { &made[..published.len().min(made.len())] };
        assert_eq!(same, published, "{name}");
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let amount = 0..=10_000_000_u64;
    let entry =
        (0..4_000_000_000_u64, amount.clone(), prop::option::of(amount), any::<String>(), any::<String>());
    let entry = entry.prop_map(|(paid, total, refunded, description, attach)| Entry {
        at: paid,
        order: Order { paid, total, description, attach, ..Order::default() },
        refund: refunded.map(|amount| Refund {
            trade_state: "REFUND",
            succeeded: Some(paid),
            refund_id: "50303400132024073135461150169".into(),
            out_refund_no: "1".into(),
            amount,
            status: "SUCCESS",
        }),
        fee: 0,
        rate: 0,
    });
    prop::collection::vec(entry, 0..20)
}

proptest! {
    #[test]
    fn the_totals_of_a_trade_bill_are_the_sums_of_its_rows(entries in entries()) {
        for form in [&ALL, &SUCCESS, &REFUND] {
            let parsed = Parsed::of(std::str::from_utf8(&form.file(&entries)).unwrap());
            prop_assert_eq!(&parsed.totals["总交易单数"], &entries.len().to_string());
            for (column, total) in [
                ("应结订单金额", "应结订单总金额"),
                ("退款金额", "退款总金额"),
                ("充值券退款金额", "充值券退款总金额"),
                ("手续费", "手续费总金额"),
                ("订单金额", "订单总金额"),
                ("申请退款金额", "申请退款总金额"),
            ] {
                let values: Option<Vec<_>> = parsed.rows.iter().map(|row| row.get(column)).collect();
                let Some(values) = values else { continue };
                let sum: i128 = values.iter().map(|yuan| fen(yuan)).sum();
                prop_assert_eq!(sum, fen(&parsed.totals[total]), "{}", total);
            }
            for (row, entry) in parsed.rows.iter().zip(&entries) {
                let expected = entry.order.description.replace('\u{1}', " ");
                prop_assert_eq!(&row["商品名称"], &expected);
            }
        }
    }

    #[test]
    fn the_totals_of_a_fund_flow_bill_are_the_sums_of_its_rows(
        amounts in prop::collection::vec((0..=10_000_000_u64, 0..3), 0..20),
    ) {
        let flows: Vec<Flow> = amounts.iter().map(|(amount, business)| Flow {
            at: 0,
            business_no: String::new(),
            flow_no: String::new(),
            business: [Business::Payment, Business::Refund, Business::RefundClosed][*business as usize],
            amount: *amount,
            balance: -1,
            applicant: String::new(),
            voucher: String::new(),
        }).collect();
        let parsed = Parsed::of(std::str::from_utf8(&FLOWS.file(&flows)).unwrap());
        let of = |kind: &'static str| parsed.rows.iter().filter(move |row| row["收支类型"] == kind);
        let sum = |kind| of(kind).map(|row| fen(&row["收支金额(元)"])).sum::<i128>();
        prop_assert_eq!(fen(&parsed.totals["收入金额"]), sum("收入"));
        prop_assert_eq!(fen(&parsed.totals["支出金额"]), sum("支出"));
        prop_assert_eq!(&parsed.totals["收入笔数"], &of("收入").count().to_string());
        prop_assert_eq!(&parsed.totals["支出笔数"], &of("支出").count().to_string());
        prop_assert_eq!(sum("收入") - sum("支出"), flows.iter().map(Flow::signed).sum::<i128>());
    }
}
