//! The rule of the contract that a request breaks, and how the response must name it.

use std::fmt;

use serde_json::{Value, json};
use wechatpay_openapi::{JsonType, Location};
use wechatpay_protocol::ErrorBody;

use super::json_type::name;

/// The only rule that a request breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The part of the request that has the field.
    pub location: Location,
    /// The field, as a JSON pointer within that part: `/guide/staff_name`; empty for the body itself.
    pub pointer: String,
    /// The field's Chinese name, from the contract.
    pub title: String,
    /// The rule.
    pub rule: Rule,
}

/// A rule of the contract, named after the way it is broken.
///
/// A text that is too short or too long may not match its pattern either. The gateway reports the length then. (wild,
/// for an empty `out_request_no`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A required field is absent.
    Required,
    /// A value has another type.
    Type {
        /// The required type.
        expected: JsonType,
    },
    /// A value is `null`.
    Null {
        /// The required type.
        expected: JsonType,
    },
    /// An integer has a decimal point.
    Fraction {
        /// The required type.
        expected: JsonType,
    },
    /// An integer does not fit into the bits of its type.
    Beyond64Bits {
        /// The required type.
        expected: JsonType,
    },
    /// An integer is less than the contract allows.
    Minimum,
    /// An integer is more than the contract allows.
    Maximum,
    /// A text has too few characters.
    TooShort {
        /// The minimum.
        limit: u64,
        /// Whether bytes are counted.
        is_in_bytes: bool,
    },
    /// A text has too many characters.
    TooLong {
        /// The maximum.
        limit: u64,
        /// Whether bytes are counted.
        is_in_bytes: bool,
    },
    /// A text does not match its pattern.
    Pattern,
    /// A value is not in the contract's list.
    Choice,
    /// A text does not hold JSON of its schema.
    Content,
    /// A text has a character of four bytes in UTF-8, such as an emoji.
    FourByteCharacter,
    /// A parameter is not percent-encoded UTF-8.
    PercentEncoding,
    /// A list has too few items.
    TooFewItems,
    /// A list has too many items.
    TooManyItems,
    /// A field is not in the contract.
    UnknownField,
    /// The body is not JSON.
    NotJson,
    /// The body would be JSON but has a byte that is not UTF-8.
    NotUtf8,
    /// There is no body.
    EmptyBody,
}

impl Rule {
    /// The rule's name: `too-long`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required-field-absent",
            Self::Type { .. } => "wrong-type",
            Self::Null { .. } => "null",
            Self::Fraction { .. } => "fraction",
            Self::Beyond64Bits { .. } => "beyond-64-bits",
            Self::Minimum => "too-small",
            Self::Maximum => "too-large",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::Pattern => "pattern",
            Self::Choice => "not-a-choice",
            Self::Content => "content",
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

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `too-long at /body/member_price_word`
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.rule, self.source())
    }
}

impl Violation {
    /// Checks that the body of a 400 names this field and this rule as the gateway does.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, body: &ErrorBody) -> Result<(), String> {
        let expected = |what: &str, wanted: &dyn fmt::Display, found: &dyn fmt::Display| {
            Err(format!("{self}: expected {what} {wanted}, found {found}"))
        };
        let code = self.code();
        if body.code != code {
            return expected("the code", &code, &body.code);
        }
        let (begin, end) = self.message();
        if !(body.message.starts_with(&begin) && body.message.ends_with(&end)) {
            return expected("the message", &format!("{begin}…{end}"), &body.message);
        }
        let detail = body.detail.as_ref().unwrap_or(&Value::Null);
        for (name, wanted) in self.detail() {
            if detail[name] != wanted {
                return expected(&format!("detail.{name}"), &wanted, &detail[name]);
            }
        }
        Ok(())
    }

    fn code(&self) -> &'static str {
        if matches!(self.rule, Rule::FourByteCharacter | Rule::NotUtf8) {
            "INVALID_REQUEST"
        } else {
            "PARAM_ERROR"
        }
    }

    /// `/body/guide/staff_name`
    fn source(&self) -> String {
        format!("/{}{}", self.location, self.pointer)
    }

    /// How the message begins and ends; a measured length may be between them. (wild for required fields, integers,
    /// strings, lengths, minima, patterns, undocumented fields and characters of four bytes; the others follow their form)
    fn message(&self) -> (String, String) {
        use Rule::*;
        let (source, title) = (self.source(), &self.title);
        let value = format!("输入源“{source}”映射到值字段“{title}”");
        let of_text = |begin: &str, end: String| (format!("{value}字符串规则校验失败，{begin}"), end);
        let of_type = |expected: JsonType| {
            let json = if self.location == Location::Body { " JSON " } else { "" };
            let begin = format!("无法将{json}输入源“{source}”映射到目标字段“{title}”中");
            (begin, format!("，此字段需要一个{}", name(expected, self.location)))
        };
        let unit = |is_in_bytes| if is_in_bytes { "字节数 " } else { "字符数 " };
        let of_number = |end: &str| {
            let begin = format!("输入源“{source}”映射到数值字段“{title}”规则校验失败，{end}");
            (begin, String::new())
        };
        match self.rule {
            Required => {
                (format!("输入源“{source}”映射到字段“{title}”"), "必填性规则校验失败，此字段为必填项".into())
            }
            Type { expected } | Null { expected } => of_type(expected),
            Fraction { expected } | Beyond64Bits { expected } => of_type(expected),
            TooShort { limit, is_in_bytes } => of_text(unit(is_in_bytes), format!("，小于最小值 {limit}")),
            TooLong { limit, is_in_bytes } => of_text(unit(is_in_bytes), format!("，大于最大值 {limit}")),
            Minimum => of_number("值低于最小值 "),
            Maximum => of_number("值高于最大值 "),
            Pattern => of_text("字符串必须匹配正则表达式“", "”".into()),
            FourByteCharacter | NotUtf8 => (String::new(), "请求内容传入了非UTF8参数".into()),
            PercentEncoding => of_text("", "字符串必须是合法的百分号编码".into()),
            Choice | Content | TooFewItems | TooManyItems => (value, "规则校验失败".into()),
            UnknownField => (String::new(), "请求中含有未在API文档中定义的参数".into()),
            NotJson | EmptyBody => (String::new(), "参数错误".into()),
        }
    }

    /// Members of `detail`, and their expected values.
    fn detail(&self) -> Vec<(&'static str, Value)> {
        use Rule::*;
        match self.rule {
            UnknownField => vec![("location", Value::Null), ("value", json!([self.source()]))],
            FourByteCharacter | NotUtf8 => Vec::new(),
            _ => vec![("location", json!(self.location.to_string()))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn too_long() -> Violation {
        Violation {
            location: Location::Body,
            pointer: "/member_price_word".into(),
            title: "会员价文案".into(),
            rule: Rule::TooLong { limit: 8, is_in_bytes: false },
        }
    }

    /// A real response, published in a public thread.
    fn response() -> ErrorBody {
        ErrorBody {
            code: "PARAM_ERROR".into(),
            message: "输入源“/body/member_price_word”映射到值字段“会员价文案”字符串规则校验失败，字符数 9，大于最大值 8"
                .into(),
            detail: Some(json!({ "location": "body", "value": 9 })),
        }
    }

    #[test]
    fn a_response_that_names_field_and_rule_passes() {
        assert_eq!(too_long().check(&response()), Ok(()));
    }

    #[test]
    fn a_response_that_names_another_field_or_rule_fails() {
        let elsewhere = Violation { pointer: "/fapiao_jump_word".into(), ..too_long() };
        let otherwise = Violation { rule: Rule::TooShort { limit: 8, is_in_bytes: false }, ..too_long() };
        let in_the_query = Violation { location: Location::Query, ..too_long() };
        for violation in [elsewhere, otherwise, in_the_query] {
            assert!(violation.check(&response()).is_err(), "{violation}");
        }
    }

    #[test]
    fn a_check_names_the_difference() {
        let silent = ErrorBody { detail: None, ..response() };
        assert_eq!(
            too_long().check(&silent).unwrap_err(),
            "too-long at /body/member_price_word: expected detail.location \"body\", found null"
        );
        let other = ErrorBody { code: "INVALID_REQUEST".into(), ..response() };
        assert_eq!(
            too_long().check(&other).unwrap_err(),
            "too-long at /body/member_price_word: expected the code PARAM_ERROR, found INVALID_REQUEST"
        );
    }
}
