//! The parameters that each client reads, and what can be wrong with them.

use std::borrow::Cow;

use serde_json::{Map, Value};
use wechatpay_protocol::display::printable;

use super::{ParameterProblem, PayClient, PaySignEvidence, PrepaidOrder, report::SIGNATURE_FAILS};
use crate::{KnownMistake, ProvedMistake};

/// What a parameter is for. Each client has its own name for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    AppId,
    TimeStamp,
    NonceStr,
    Package,
    PrepayId,
    PartnerId,
    SignType,
    PaySign,
}

/// A parameter that a client reads.
struct Parameter {
    role: Role,
    /// Its name; apps may spell it in several ways.
    names: &'static [&'static str],
    is_required: bool,
    may_be_number: bool,
}

/// A mistake in parameters, and what the user sees.
struct Kind {
    mistake: KnownMistake,
    shown: Shown,
}

/// What the user sees, or what the call fails with.
#[derive(Clone, Copy)]
enum Shown {
    /// The signature is said to be wrong.
    SignatureFails,
    /// The order is not found: its amount is said to be missing.
    TotalFee,
    /// The parameter is said to be missing or of the wrong type.
    Parameter,
    /// As if the parameter were missing, but most clients say that the signature is wrong.
    Misspelt,
    Text(&'static str),
}

/// What was read from the parameters.
pub(super) struct Parameters<'a> {
    pub(super) problems: Vec<ParameterProblem>,
    values: Vec<(&'static Parameter, Cow<'a, str>)>,
    client: PayClient,
}

static BRIDGE: [Parameter; 6] = [
    Parameter::required(Role::AppId, &["appId"]),
    Parameter::required(Role::TimeStamp, &["timeStamp"]),
    Parameter::required(Role::NonceStr, &["nonceStr"]),
    Parameter::required(Role::Package, &["package"]),
    Parameter::required(Role::SignType, &["signType"]),
    Parameter::required(Role::PaySign, &["paySign"]),
];

static JS_SDK: [Parameter; 5] = [
    // The JS-SDK turns it into text. (in the wild)
    Parameter::required(Role::TimeStamp, &["timestamp"]).or_number(),
    Parameter::required(Role::NonceStr, &["nonceStr"]),
    Parameter::required(Role::Package, &["package"]),
    Parameter::required(Role::SignType, &["signType"]),
    Parameter::required(Role::PaySign, &["paySign"]),
];

static MINI_PROGRAM: [Parameter; 5] = [
    Parameter::required(Role::TimeStamp, &["timeStamp"]),
    Parameter::required(Role::NonceStr, &["nonceStr"]),
    Parameter::required(Role::Package, &["package"]),
    Parameter::required(Role::SignType, &["signType"]),
    Parameter::required(Role::PaySign, &["paySign"]),
];

/// The app copies each value into a field, so the names are those of the fields, or those of the documentation.
static APP: [Parameter; 8] = [
    Parameter::optional(Role::AppId, &["appId", "appid"]),
    Parameter::required(Role::PartnerId, &["partnerId", "partnerid"]),
    Parameter::required(Role::PrepayId, &["prepayId", "prepayid"]),
    Parameter::required(Role::Package, &["packageValue", "package"]),
    Parameter::required(Role::NonceStr, &["nonceStr", "noncestr"]),
    // A number on iOS.
    Parameter::required(Role::TimeStamp, &["timeStamp", "timestamp"]).or_number(),
    Parameter::optional(Role::SignType, &["signType", "signtype"]),
    Parameter::required(Role::PaySign, &["sign"]),
];

static MISSPELT: Kind = Kind::new(
    Shown::Misspelt,
    "pay-parameter-misspelt",
    "name the parameter exactly as the client reads it, capitals included",
    "参数名要与客户端要求的完全一致，区分大小写",
);
static MISSING: Kind = Kind::new(
    Shown::Parameter,
    "pay-parameter-missing",
    "give the client this parameter, too: it is missing or empty",
    "请把该参数也传给客户端：现在缺少或为空",
);
static NOT_TEXT: Kind = Kind::new(
    Shown::Parameter,
    "pay-parameter-not-text",
    "give the value as text: \"1756951532\", not 1756951532",
    "参数值要传字符串：\"1756951532\"，不要传 1756951532",
);
static NOT_SECONDS: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-timestamp-not-seconds",
    "give the time in seconds since 1970, which has ten digits",
    "时间戳是 1970 年以来的秒数，共 10 位数字",
);
static NONCE_TOO_LONG: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-nonce-too-long",
    "use a nonce of at most 32 characters",
    "随机串不能超过 32 个字符",
);
static SIGN_TYPE: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-sign-type",
    "set signType to RSA: API v3 knows no other",
    "signType 固定填 RSA：APIv3 不支持其他签名方式",
);
static WITHOUT_PREFIX: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-package-without-prefix",
    "write prepay_id= before the prepay_id in package",
    "package 的格式是 prepay_id=***，不能只填预支付交易会话标识",
);
static OF_AN_APP: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-package-of-an-app",
    "set package to prepay_id= and the prepay_id: Sign=WXPay is for apps only",
    "package 要填 prepay_id=***：Sign=WXPay 只用于 APP 支付",
);
static MALFORMED: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-package-malformed",
    "set package to prepay_id= and the prepay_id, with nothing around them",
    "package 要填 prepay_id=***，前后不能有其他字符",
);
static NOT_SIGN_WXPAY: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-package-not-sign-wxpay",
    "set package to Sign=WXPay in an app: the prepay_id has a parameter of its own",
    "APP 支付的 package 固定填 Sign=WXPay：prepay_id 用单独的参数传递",
);
static WITH_PREFIX: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-prepay-id-with-prefix",
    "give an app the prepay_id alone, without prepay_id= before it",
    "APP 支付的 prepayId 只填预支付交易会话标识，前面不加 prepay_id=",
);
static EMPTY: Kind = Kind::new(
    Shown::TotalFee,
    "pay-prepay-id-empty",
    "take the prepay_id from the answer to the order: it is empty",
    "请使用下单接口返回的 prepay_id：现在为空",
);
static UNKNOWN: Kind = Kind::new(
    Shown::TotalFee,
    "pay-prepay-id-unknown",
    "take the prepay_id from the answer to the order: there is no order with this one",
    "请使用下单接口返回的 prepay_id：没有与它对应的订单",
);
static OTHER_PRODUCT: Kind = Kind::new(
    Shown::Text("支付场景非法"),
    "pay-prepay-id-of-another-product",
    "place the order for the client that pays it: by JSAPI for pages and mini programs, by APP for apps",
    "下单接口要与支付场景一致：网页和小程序用 JSAPI 下单，APP 用 APP 下单",
);
static OTHER_APPID: Kind = Kind::new(
    Shown::Text("商户传入的appid参数不正确，请联系商户处理"),
    "pay-other-appid",
    "give the appid that the order was placed with; if a partner named sub_openid, that is sub_appid",
    "appId 要与下单时的一致；服务商下单时如果传了 sub_openid，则填 sub_appid",
);
static OTHER_PARTNER: Kind = Kind::new(
    Shown::SignatureFails,
    "pay-other-partner-id",
    "set partnerId to the mchid that the order was placed with",
    "partnerId 要填下单时的商户号",
);

/// What the user sees if package or prepay_id are lost. (in the wild)
const TOTAL_FEE: &str = "JSAPI缺少参数total_fee";

/// Every mistake in parameters.
pub(super) fn known_mistakes() -> impl Iterator<Item = &'static KnownMistake> {
    let form = [&MISSPELT, &MISSING, &NOT_TEXT, &NOT_SECONDS, &NONCE_TOO_LONG, &SIGN_TYPE];
    let package = [&WITHOUT_PREFIX, &OF_AN_APP, &MALFORMED, &NOT_SIGN_WXPAY, &WITH_PREFIX];
    let order = [&EMPTY, &UNKNOWN, &OTHER_PRODUCT, &OTHER_APPID, &OTHER_PARTNER];
    form.into_iter().chain(package).chain(order).map(|kind| &kind.mistake)
}

impl Role {
    /// Other names that are used for it, in [normal](normal) form.
    fn misnomers(self) -> &'static [&'static str] {
        match self {
            Self::AppId => &["appid", "subappid"],
            Self::TimeStamp => &["timestamp", "time"],
            Self::NonceStr => &["noncestr", "nonce"],
            Self::Package => &["package", "packagevalue", "packagestr", "packageval", "pkg", "prepayid"],
            Self::PrepayId => &["prepayid"],
            Self::PartnerId => &["partnerid", "mchid"],
            Self::SignType => &["signtype"],
            Self::PaySign => &["paysign", "sign", "signature"],
        }
    }
}

impl Parameter {
    const fn required(role: Role, names: &'static [&'static str]) -> Self {
        Self { role, names, is_required: true, may_be_number: false }
    }

    const fn optional(role: Role, names: &'static [&'static str]) -> Self {
        Self { is_required: false, ..Self::required(role, names) }
    }

    const fn or_number(self) -> Self {
        Self { may_be_number: true, ..self }
    }

    fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Its value, and the name that it was found under.
    fn find<'a>(&self, parameters: &'a Map<String, Value>) -> Option<(&'a str, &'a Value)> {
        let entries = || parameters.iter().map(|(name, value)| (name.as_str(), value));
        let right = entries().find(|(name, _)| self.names.contains(name));
        // A parameter that a client ignores is no misspelt one.
        let misspelt = || entries().find(|(name, _)| self.role.misnomers().contains(&normal(name).as_str()));
        right.or_else(|| misspelt().filter(|_| self.is_required))
    }
}

impl Kind {
    const fn new(shown: Shown, name: &'static str, english: &'static str, chinese: &'static str) -> Self {
        Self { mistake: KnownMistake::new(name, english, chinese), shown }
    }
}

impl Shown {
    fn text(self, client: PayClient, parameter: &Parameter, found: Option<&Value>) -> String {
        use PayClient::{App, JsSdk, JsapiBridge, MiniProgram};
        let is_lost_package = parameter.role == Role::Package;
        match (self, client) {
            (Self::Text(text), _) => text.into(),
            (Self::SignatureFails, _) | (_, App) => SIGNATURE_FAILS.into(),
            (Self::TotalFee, _) => TOTAL_FEE.into(),
            (Self::Parameter | Self::Misspelt, MiniProgram) if !matches!(found, Some(Value::String(_))) => {
                // Seen for a number. (in the wild)
                let (name, found) = (parameter.name(), found.map_or("Undefined", type_name));
                format!(
                    "requestPayment:fail parameter error: parameter.{name} should be String instead of {found}"
                )
            }
            (Self::Parameter | Self::Misspelt, _) if is_lost_package => TOTAL_FEE.into(),
            (Self::Misspelt, _) | (Self::Parameter, MiniProgram) => SIGNATURE_FAILS.into(),
            // Seen for a number, without its exact letters. (in the wild)
            (Self::Parameter, JsapiBridge | JsSdk) => format!("JSAPI缺少参数{}", parameter.name()),
        }
    }
}

impl PayClient {
    fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::JsapiBridge => &BRIDGE,
            Self::JsSdk => &JS_SDK,
            Self::MiniProgram => &MINI_PROGRAM,
            Self::App => &APP,
        }
    }
}

impl<'a> Parameters<'a> {
    pub(super) fn read(evidence: &PaySignEvidence<'a>) -> Self {
        let mut read = Self { problems: Vec::new(), values: Vec::new(), client: evidence.client };
        for parameter in evidence.client.parameters() {
            read.read_one(parameter, parameter.find(evidence.parameters));
        }
        read.check_form();
        read.check_package(evidence.order.as_ref());
        if let Some(order) = &evidence.order {
            read.check_order(order);
        }
        read
    }

    /// The value, even if it is not right; `None` if there is none.
    pub(super) fn text(&self, role: Role) -> Option<&str> {
        self.values.iter().find(|(parameter, _)| parameter.role == role).map(|(_, value)| &**value)
    }

    fn given(&self, role: Role) -> Option<(&'static Parameter, String)> {
        let (parameter, text) = self.values.iter().find(|(parameter, _)| parameter.role == role)?;
        Some((parameter, text.clone().into_owned()))
    }

    fn read_one(&mut self, parameter: &'static Parameter, found: Option<(&'a str, &'a Value)>) {
        let Some((name, value)) = found.filter(|(_, value)| !is_nothing(value)) else {
            let value = found.map(|(_, value)| value);
            if parameter.is_required {
                let found = value.map_or("undefined".into(), Value::to_string);
                self.report_value(&MISSING, parameter, ["…", &found], value);
            }
            return;
        };
        if !parameter.names.contains(&name) {
            self.report_value(&MISSPELT, parameter, [parameter.name(), name], None);
        }
        let text = match value {
            Value::String(text) => Cow::from(text),
            other => Cow::from(other.to_string()),
        };
        if !(value.is_string() || value.is_number() && parameter.may_be_number) {
            self.report_value(&NOT_TEXT, parameter, [&format!("\"{text}\""), &text], Some(value));
        }
        self.values.push((parameter, text));
    }

    fn check_form(&mut self) {
        if let Some((parameter, text)) = self.given(Role::TimeStamp) {
            let is_right = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
            if !is_right {
                self.report(&NOT_SECONDS, parameter, "1756951532", &text);
            }
        }
        if let Some((parameter, text)) = self.given(Role::NonceStr) {
            let length = text.chars().count();
            if length > 32 {
                self.report(&NONCE_TOO_LONG, parameter, "1-32", &length.to_string());
            }
        }
        if let Some((parameter, text)) = self.given(Role::SignType).filter(|(_, text)| text != "RSA") {
            self.report(&SIGN_TYPE, parameter, "RSA", &text);
        }
    }

    fn check_package(&mut self, order: Option<&PrepaidOrder<'_>>) {
        let shown = order.map_or("…", |order| order.prepay_id);
        let is_app = self.client == PayClient::App;
        if is_app
            && let Some((parameter, text)) = self.given(Role::Package).filter(|(_, text)| text != SIGN_WXPAY)
        {
            self.report(&NOT_SIGN_WXPAY, parameter, SIGN_WXPAY, &text);
        }
        let role = if is_app { Role::PrepayId } else { Role::Package };
        let Some((parameter, text)) = self.given(role) else { return };
        let prefix = if is_app { "" } else { PREFIX };
        let expected = format!("{prefix}{shown}");
        let id = bare(&text);
        let kind = match text.strip_prefix(prefix) {
            _ if text.eq_ignore_ascii_case(SIGN_WXPAY) && !is_app => &OF_AN_APP,
            _ if is_nothing_in_text(id) => &EMPTY,
            Some(rest) if rest == id && order.is_some_and(|order| order.prepay_id == id) => return,
            Some(rest) if rest == id => &UNKNOWN,
            _ if is_app => &WITH_PREFIX,
            None if text == id => &WITHOUT_PREFIX,
            _ => &MALFORMED,
        };
        self.report(kind, parameter, &expected, &text);
    }

    fn check_order(&mut self, order: &PrepaidOrder<'_>) {
        let is_app = self.client == PayClient::App;
        let right = self.client.trade_type();
        if order.trade_type != right
            && let Some((parameter, _)) = self.given(if is_app { Role::PrepayId } else { Role::Package })
        {
            let [right, found] = [right, order.trade_type].map(|one| format!("trade_type {one}"));
            self.report(&OTHER_PRODUCT, parameter, &right, &found);
        }
        for (role, right, kind) in
            [(Role::AppId, &order.appids, &OTHER_APPID), (Role::PartnerId, &order.mchids, &OTHER_PARTNER)]
        {
            if let Some((parameter, text)) = self.given(role)
                && !right.contains(&&*text)
            {
                self.report(kind, parameter, &right.join(" / "), &text);
            }
        }
    }

    fn report(&mut self, kind: &'static Kind, parameter: &'static Parameter, expected: &str, found: &str) {
        self.report_value(kind, parameter, [expected, found], None);
    }

    /// Reports what is expected and what was found; of a value that was found, its type is shown to the user.
    fn report_value(
        &mut self,
        kind: &'static Kind,
        parameter: &'static Parameter,
        texts: [&str; 2],
        value: Option<&Value>,
    ) {
        let is_of_any = matches!(kind.shown, Shown::Parameter | Shown::Misspelt);
        let variants = if is_of_any { vec![parameter.name()] } else { Vec::new() };
        let [expected, found] = texts.map(|text| printable(text, LONGEST_SHOWN).into_owned());
        self.problems.push(ParameterProblem {
            mistake: ProvedMistake { known: &kind.mistake, variants },
            parameter: parameter.name(),
            expected,
            found,
            shown: kind.shown.text(self.client, parameter, value),
        });
    }
}

/// What stands before the prepay_id in `package`. (documented)
pub(super) const PREFIX: &str = "prepay_id=";

/// The `package` of an app. (documented)
pub(super) const SIGN_WXPAY: &str = "Sign=WXPay";

/// The characters that are shown of a value.
const LONGEST_SHOWN: usize = 64;

/// The prepay_id among the parameters, however it is written.
pub(super) fn prepay_id(client: PayClient, parameters: &Map<String, Value>) -> Option<&str> {
    let role = if client == PayClient::App { Role::PrepayId } else { Role::Package };
    let parameter = client.parameters().iter().find(|parameter| parameter.role == role)?;
    let (_, value) = parameter.find(parameters)?;
    value.as_str().map(bare).filter(|id| !is_nothing_in_text(id))
}

/// The name in small letters, without what joins its words.
pub(crate) fn normal(name: &str) -> String {
    name.chars().filter(|one| one.is_alphanumeric()).map(|one| one.to_ascii_lowercase()).collect()
}

/// The prepay_id without white space, quotes and `prepay_id=` around it.
fn bare(text: &str) -> &str {
    let mut text = text.trim().trim_matches(['"', '\'']).trim();
    loop {
        let rest = text.strip_prefix("prepay_id").or_else(|| text.strip_prefix("prepayid"));
        let rest = rest
            .map(str::trim_start)
            .and_then(|rest| ["=", ":", "%3D", "%3d"].into_iter().find_map(|sign| rest.strip_prefix(sign)));
        match rest {
            Some(rest) => text = rest.trim_start(),
            None => return text,
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str() == Some("")
}

/// Whether the text is what languages make of no value.
fn is_nothing_in_text(text: &str) -> bool {
    NOTHING.contains(&text)
}

/// What languages make of no value.
pub(super) const NOTHING: [&str; 4] = ["", "undefined", "null", "None"];

/// The type of a value, as JavaScript developers know it.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
