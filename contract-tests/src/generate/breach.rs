//! Which rule of the contract a request breaks, and how an answer must name it.

use std::fmt;

use serde_json::{Value, json};
use wechatpay_mock::{JsonType, Location};
use wechatpay_protocol::ErrorBody;

use super::json_type::wording;

/// The one rule that a request breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The part of the request that it is in.
    pub location: Location,
    /// The field, as a JSON pointer within that part: `/guide/staff_name`; empty for the whole body.
    pub pointer: String,
    /// The field's Chinese name, from the contract.
    pub title: String,
    /// The rule.
    pub rule: BrokenRule,
}

/// A rule of the contract that is broken.
///
/// A text may break the rule about its pattern as well if it is too short or too long for any match: the length comes
/// first then. (wild, for an empty `out_request_no`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenRule {
    /// A required field is absent.
    Required,
    /// A value is of another type.
    Type {
        /// The type that it must be of.
        expected: JsonType,
    },
    /// A value is `null`.
    Null {
        /// The type that it must be of.
        expected: JsonType,
    },
    /// An integer has a decimal point.
    Fraction,
    /// An integer does not fit into 64 bits with a sign.
    Beyond64Bits,
    /// An integer is less than the contract allows.
    Minimum,
    /// An integer is more than the contract allows.
    Maximum,
    /// A text has too few characters.
    TooShort {
        /// The fewest that it may have.
        limit: u64,
    },
    /// A text has too many characters.
    TooLong {
        /// The most that it may have.
        limit: u64,
    },
    /// A text does not match its pattern.
    Pattern,
    /// A text is none of those that the contract lists.
    Choice,
    /// A text has a character of four bytes in UTF-8, such as an emoji.
    FourByteCharacter,
    /// A parameter's percent-encoding is broken, or is not that of UTF-8.
    PercentEncoding,
    /// A list has too few items.
    TooFewItems,
    /// A list has too many items.
    TooManyItems,
    /// A field is not in the contract.
    UnknownField,
    /// The body is not JSON.
    NotJson,
    /// The body is JSON but for a byte that is not UTF-8.
    NotUtf8,
    /// There is no body.
    EmptyBody,
}

impl BrokenRule {
    /// The rule's name: `too-long`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required-field-absent",
            Self::Type { .. } => "wrong-type",
            Self::Null { .. } => "null",
            Self::Fraction => "fraction",
            Self::Beyond64Bits => "beyond-64-bits",
            Self::Minimum => "too-small",
            Self::Maximum => "too-large",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::Pattern => "pattern",
            Self::Choice => "not-a-choice",
            Self::FourByteCharacter => "four-byte-character",
            Self::PercentEncoding => "percent-encoding",
            Self::TooFewItems => "too-few-items",
            Self::TooManyItems => "too-many-items",
            Self::UnknownField => "unknown-field",
            Self::NotJson => "not-json",
            Self::NotUtf8 => "not-utf-8",
            Self::EmptyBody => "empty-body",
        }
    }
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `too-long at /body/member_price_word`
impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.rule, self.source())
    }
}

impl Breach {
    /// Whether a refusal, which must be of status 400, names this field and this rule as the gateway does.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, refusal: &ErrorBody) -> Result<(), String> {
        let expected = |what: &str, wanted: &dyn fmt::Display, found: &dyn fmt::Display| {
            Err(format!("{self}: expected {what} {wanted}, found {found}"))
        };
        if refusal.code != "PARAM_ERROR" {
            return expected("the code", &"PARAM_ERROR", &refusal.code);
        }
        let (begin, end) = self.message();
        if !(refusal.message.starts_with(&begin) && refusal.message.ends_with(&end)) {
            return expected("the message", &format!("{begin}…{end}"), &refusal.message);
        }
        let detail = refusal.detail.as_ref().unwrap_or(&Value::Null);
        for (name, wanted) in self.detail() {
            if detail[name] != wanted {
                return expected(&format!("detail.{name}"), &wanted, &detail[name]);
            }
        }
        Ok(())
    }

    /// `/body/guide/staff_name`
    fn source(&self) -> String {
        format!("/{}{}", self.location, self.pointer)
    }

    /// How the message begins and how it ends; between them may be what was measured. (wild, where wire.md says so)
    fn message(&self) -> (String, String) {
        use BrokenRule::*;
        let (source, title) = (self.source(), &self.title);
        let value = format!("输入源“{source}”映射到值字段“{title}”");
        let of_text = |begin: &str, end: String| (format!("{value}字符串规则校验失败，{begin}"), end);
        let of_type = |expected: JsonType| {
            let json = if self.location == Location::Body { " JSON " } else { "" };
            let begin = format!("无法将{json}输入源“{source}”映射到目标字段“{title}”中");
            (begin, format!("，此字段需要一个合法的{}", wording(expected)))
        };
        match self.rule {
            Required => {
                (format!("输入源“{source}”映射到字段“{title}”"), "必填性规则校验失败，此字段为必填项".into())
            }
            Type { expected } | Null { expected } => of_type(expected),
            Fraction | Beyond64Bits => of_type(JsonType::Integer),
            TooShort { limit } => of_text("字符数 ", format!("，小于最小值 {limit}")),
            TooLong { limit } => of_text("字符数 ", format!("，大于最大值 {limit}")),
            Pattern => of_text("字符串必须匹配正则表达式“", "”".into()),
            FourByteCharacter => of_text("", "字符串不能包含 4 字节的 UTF-8 字符".into()),
            PercentEncoding => of_text("", "字符串必须是合法的百分号编码".into()),
            Choice | Minimum | Maximum | TooFewItems | TooManyItems => (value, "规则校验失败".into()),
            UnknownField => (String::new(), "请求中含有未在API文档中定义的参数".into()),
            NotJson | NotUtf8 | EmptyBody => (String::new(), "参数错误".into()),
        }
    }

    /// Members of `detail`, and what they must be.
    fn detail(&self) -> Vec<(&'static str, Value)> {
        use BrokenRule::*;
        match self.rule {
            UnknownField => vec![("location", Value::Null), ("value", json!([self.source()]))],
            NotJson | NotUtf8 | EmptyBody => vec![("location", json!(self.location.to_string()))],
            _ => vec![("location", json!(self.location.to_string())), ("field", json!(self.pointer))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_long() -> Breach {
        Breach {
            location: Location::Body,
            pointer: "/member_price_word".into(),
            title: "会员价文案".into(),
            rule: BrokenRule::TooLong { limit: 8 },
        }
    }

    /// A real answer, published in a public thread, with the members that the documentation adds.
    fn refusal() -> ErrorBody {
        ErrorBody {
            code: "PARAM_ERROR".into(),
            message: "输入源“/body/member_price_word”映射到值字段“会员价文案”字符串规则校验失败，字符数 9，大于最大值 8"
                .into(),
            detail: Some(json!({ "location": "body", "value": 9, "field": "/member_price_word", "issue": "…" })),
        }
    }

    #[test]
    fn an_answer_that_names_field_and_rule_will_do() {
        assert_eq!(too_long().check(&refusal()), Ok(()));
    }

    #[test]
    fn an_answer_that_names_another_field_or_rule_will_not_do() {
        let elsewhere = Breach { pointer: "/fapiao_jump_word".into(), ..too_long() };
        let otherwise = Breach { rule: BrokenRule::TooShort { limit: 8 }, ..too_long() };
        let in_the_query = Breach { location: Location::Query, ..too_long() };
        for breach in [elsewhere, otherwise, in_the_query] {
            assert!(breach.check(&refusal()).is_err(), "{breach}");
        }
    }

    #[test]
    fn what_differs_is_said() {
        let silent = ErrorBody { detail: None, ..refusal() };
        assert_eq!(
            too_long().check(&silent).unwrap_err(),
            "too-long at /body/member_price_word: expected detail.location \"body\", found null"
        );
        let other = ErrorBody { code: "INVALID_REQUEST".into(), ..refusal() };
        assert_eq!(
            too_long().check(&other).unwrap_err(),
            "too-long at /body/member_price_word: expected the code PARAM_ERROR, found INVALID_REQUEST"
        );
    }
}
