//! What may have been signed in place of the right four lines: appid, timestamp, nonce, prepay_id.

use super::{
    PayClient, Secret,
    parameters::{NOTHING, PREFIX, SIGN_WXPAY},
};
use crate::{
    KnownMistake,
    known_mistake::{Cost, Rule},
    layout,
    permutations::permutations,
    values::{nonce, timestamp},
};

/// The right values, and others that are known.
pub(super) struct Handed<'a> {
    pub(super) client: PayClient,
    /// appid, timestamp and nonce.
    pub(super) values: [String; 3],
    pub(super) prepay_id: &'a str,
    /// Of an app.
    pub(super) mchids: &'a [&'a str],
    /// As given.
    pub(super) sign_type: Option<&'a str>,
    /// Values that may stand anywhere.
    pub(super) others: &'a [&'a str],
    pub(super) secrets: &'a [Secret<'a>],
}

/// The values of the four lines.
pub(super) type Values = [String; 4];

/// Returns the values that may have been signed in place of the right one. The right one among them is ignored.
pub(super) type ValueRule = Rule<fn(&Handed<'_>) -> Vec<String>>;

/// Returns other lines, or the lines in another order.
pub(super) type LineRule = Rule<fn(&Handed<'_>, &Values) -> Vec<Vec<String>>>;

/// The rules for each line.
pub(super) static VALUES: [&[ValueRule]; 4] = [
    &[
        not_set(|_| nothing()),
        ValueRule::new(
            "pay-other-appid-signed",
            "sign the appid that opens the payment: of a page it is appId, of a mini program its own",
            "签名串第 1 行的 appid 要与调起支付的一致：网页填 appId，小程序填它自己的 AppID",
            others,
        ),
    ],
    &[
        not_set(|_| nothing()),
        milliseconds(|handed| vec![format!("{}000", handed.values[1])]),
        other_timestamp(others),
        other_timestamp(|handed| handed.values[1].parse().map(timestamp::near).unwrap_or_default())
            .costing(Cost::High),
        milliseconds(|handed| (1..1000).map(|one| format!("{}{one:03}", handed.values[1])).collect())
            .costing(Cost::High),
    ],
    &[
        not_set(|_| nothing()),
        ValueRule::new(
            "pay-nonce-rewritten",
            "sign the nonce exactly as the client is given it: its case or its hyphens differ",
            "签名串中的随机串要与传给客户端的完全一致：现在大小写或连字符不同",
            |handed| nonce::spellings(&handed.values[2]),
        ),
        ValueRule::new(
            "pay-other-nonce-signed",
            "make the nonce once, and use it for both signature and client: another known value was signed",
            "随机串只生成一次，签名和调起支付要用同一个值：现在签名的是其他值",
            others,
        ),
    ],
    &[
        ValueRule::new(
            "pay-bare-prepay-id-signed",
            "sign package as it is, with prepay_id= before the prepay_id",
            "签名串第 4 行是 package 的完整值，要带 prepay_id=",
            |handed| vec![handed.prepay_id.to_owned()],
        ),
        ValueRule::new(
            "pay-prefix-signed-for-an-app",
            "sign the bare prepay_id in an app: prepay_id= is for pages and mini programs",
            "APP 支付的签名串第 4 行只有预支付交易会话标识，不带 prepay_id=",
            |handed| vec![format!("{PREFIX}{}", handed.prepay_id)],
        ),
        ValueRule::new(
            "pay-sign-wxpay-signed",
            "sign the prepay_id on line 4: Sign=WXPay is not signed",
            "签名串第 4 行是 prepay_id：Sign=WXPay 不参与签名",
            |_| vec![SIGN_WXPAY.to_owned()],
        ),
        not_set(|handed| {
            let prefix = if handed.client == PayClient::App { "" } else { PREFIX };
            nothing().into_iter().chain(NOTHING.map(|nothing| format!("{prefix}{nothing}"))).collect()
        }),
        ValueRule::new(
            "pay-package-rewritten",
            "sign package exactly as the client is given it, with nothing around it",
            "签名串中的 package 要与传给客户端的完全一致，前后不能有其他字符",
            |handed| {
                let id = handed.prepay_id;
                let with = |prefix: &str| format!("{prefix}{id}");
                let prefixes = ["package=prepay_id=", "package=", "prepay_id=prepay_id=", "prepay_id= "];
                let others = ["prepay_id:", "prepayid=", "prepay_id%3D"];
                let quoted = [format!("\"{PREFIX}{id}\""), format!("\"{id}\"")];
                prefixes.into_iter().chain(others).map(with).chain(quoted).collect()
            },
        ),
        ValueRule::new(
            "pay-other-package-signed",
            "sign the prepay_id of this order: another one was signed",
            "签名串要用这笔订单的 prepay_id：现在签名的是其他值",
            |handed| others(handed).into_iter().flat_map(|one| [format!("{PREFIX}{one}"), one]).collect(),
        ),
    ],
];

pub(super) static LINES: &[LineRule] = &[
    LineRule::new(
        "pay-line-left-out",
        "sign all four lines: appid, timestamp, nonce, prepay_id; one is missing",
        "签名串要有四行：appid、时间戳、随机串、prepay_id；现在缺少一行",
        |_, values| (0..4).map(|gone| [&values[..gone], &values[gone + 1..]].concat()).collect(),
    ),
    LineRule::new(
        "pay-sign-type-signed",
        "sign only the four lines appid, timestamp, nonce, prepay_id: signType is not signed",
        "签名串只有四行：appid、时间戳、随机串、prepay_id；signType 不参与签名",
        |handed, values| {
            let types = ["RSA"].into_iter().chain(handed.sign_type);
            types.flat_map(|one| with_extra(values, one)).collect()
        },
    ),
    LineRule::new(
        "pay-names-signed",
        "sign the values alone, each on its line: their names were signed, too",
        "签名串每行只有值：现在连参数名也参与了签名",
        |handed, values| {
            let name = |names: [&str; 4], sign| {
                names.into_iter().zip(values).map(|(name, value)| format!("{name}{sign}{value}")).collect()
            };
            let last = if handed.client == PayClient::App { "prepayId" } else { "package" };
            let names = ["appId", "timeStamp", "nonceStr", last];
            let small = ["appid", "timestamp", "noncestr", &last.to_ascii_lowercase()];
            ["=", ":", ": "].into_iter().flat_map(|sign| [name(names, sign), name(small, sign)]).collect()
        },
    ),
    LineRule::new(
        "pay-extra-line",
        "sign only the four lines appid, timestamp, nonce, prepay_id; there is one more",
        "签名串只有四行：appid、时间戳、随机串、prepay_id；现在多了一行",
        |handed, values| {
            let extras =
                [""].into_iter().chain(handed.mchids.iter().copied()).chain(handed.others.iter().copied());
            extras.flat_map(|extra| with_extra(values, extra)).collect()
        },
    )
    .costing(Cost::High),
    LineRule::new(
        "pay-lines-reordered",
        "put the lines in this order: appid, timestamp, nonce, prepay_id",
        "签名串要按这个顺序拼接：appid、时间戳、随机串、prepay_id",
        |_, values| {
            let order = |places: Vec<usize>| places.into_iter().map(|place| values[place].clone()).collect();
            permutations(&[0, 1, 2, 3]).into_iter().map(order).collect()
        },
    )
    .costing(Cost::High),
];

/// The text of API v2 was signed, `appId=…&nonceStr=…`.
pub(super) static KEY_VALUE_SIGNED: KnownMistake = KnownMistake::new(
    "pay-key-value-signed",
    "sign four lines of values for API v3: the sorted key=value text of API v2 was signed",
    "APIv3 的签名串是四行参数值：现在签名的是 APIv2 的 key=value 拼接串",
);

/// Every mistake in what is signed.
pub(super) fn known_mistakes() -> impl Iterator<Item = &'static KnownMistake> {
    let values = VALUES.iter().copied().flatten().map(|rule| &rule.mistake);
    values.chain(LINES.iter().map(|rule| &rule.mistake)).chain([&KEY_VALUE_SIGNED])
}

const fn not_set(values: fn(&Handed<'_>) -> Vec<String>) -> ValueRule {
    ValueRule::new(
        "pay-value-not-set",
        "set every value before building the message: one was not set yet",
        "请先取得所有参数值再拼接签名串：拼接时有一个还没有赋值",
        values,
    )
}

const fn milliseconds(values: fn(&Handed<'_>) -> Vec<String>) -> ValueRule {
    ValueRule::new(
        "pay-timestamp-in-milliseconds",
        "sign the timestamp in seconds, exactly as the client is given it",
        "签名串中的时间戳以秒为单位，要与传给客户端的完全一致",
        values,
    )
}

const fn other_timestamp(values: fn(&Handed<'_>) -> Vec<String>) -> ValueRule {
    ValueRule::new(
        "pay-other-timestamp-signed",
        "take the time once, and use it for both signature and client: they differ",
        "时间戳只取一次，签名和调起支付要用同一个值：现在两者不同",
        values,
    )
}

fn nothing() -> Vec<String> {
    NOTHING.map(str::to_owned).into()
}

fn others(handed: &Handed<'_>) -> Vec<String> {
    handed.others.iter().copied().map(str::to_owned).collect()
}

/// One more line, at any place.
fn with_extra(values: &Values, extra: &str) -> Vec<Vec<String>> {
    let extra = extra.to_owned();
    (0..=4).map(|at| [&values[..at], std::slice::from_ref(&extra), &values[at..]].concat()).collect()
}

impl Handed<'_> {
    /// The right values.
    pub(super) fn right(&self) -> Values {
        let [appid, timestamp, nonce] = self.values.clone();
        let prefix = if self.client == PayClient::App { "" } else { PREFIX };
        [appid, timestamp, nonce, format!("{prefix}{}", self.prepay_id)]
    }

    /// The right message.
    pub(super) fn message(&self) -> Vec<u8> {
        message(&self.right())
    }

    /// The texts of API v2, without a key at their end.
    pub(super) fn key_values(&self) -> Vec<String> {
        let packages = match self.client {
            PayClient::App => vec![SIGN_WXPAY.to_owned()],
            _ => vec![format!("{PREFIX}{}", self.prepay_id), self.prepay_id.to_owned()],
        };
        let known = [None, Some("MD5"), Some("HMAC-SHA256"), Some("RSA")];
        let given = Some(self.sign_type).filter(|given| !known.contains(given));
        let sign_types = known.into_iter().chain(given);
        let of_appid = |appid: &str| {
            sign_types
                .clone()
                .flat_map(|sign_type| {
                    packages.iter().flat_map(move |package| {
                        [false, true].map(|is_small| self.key_value(appid, package, sign_type, is_small))
                    })
                })
                .collect::<Vec<_>>()
        };
        let appids = [self.values[0].as_str()].into_iter().chain(self.others.iter().copied());
        appids.flat_map(of_appid).collect()
    }

    fn key_value(&self, appid: &str, package: &str, sign_type: Option<&str>, is_small: bool) -> String {
        let [_, timestamp, nonce] = &self.values;
        let mut pairs =
            vec![("appId", appid), ("timeStamp", timestamp), ("nonceStr", nonce), ("package", package)];
        pairs.extend(sign_type.map(|sign_type| ("signType", sign_type)));
        if self.client == PayClient::App {
            pairs.push(("prepayId", self.prepay_id));
            pairs.extend(self.mchids.first().map(|mchid| ("partnerId", *mchid)));
        }
        let name = |name: &str| if is_small { name.to_ascii_lowercase() } else { name.to_owned() };
        let mut pairs: Vec<_> =
            pairs.into_iter().map(|(key, value)| format!("{}={value}", name(key))).collect();
        pairs.sort_unstable();
        pairs.join("&")
    }
}

/// The message of these lines, each with the right ending.
pub(super) fn message(lines: &[String]) -> Vec<u8> {
    layout::message(&bytes(lines))
}

pub(super) fn bytes(lines: &[String]) -> Vec<&[u8]> {
    lines.iter().map(String::as_bytes).collect()
}
