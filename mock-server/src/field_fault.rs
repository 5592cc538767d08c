//! A field that breaks a rule of the contract, in the gateway's words.

use std::fmt;

use serde_json::{Value, json};

use crate::standing::Standing;

/// Which field of a request breaks which rule.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldFault {
    /// The part of the request that it is in.
    pub location: Location,
    /// Where in that part: `/out_request_no`.
    pub pointer: String,
    /// The field's Chinese name, from the contract.
    pub title: String,
    /// The rule, and how it was broken.
    pub rule: Rule,
}

/// Part of a request that fields are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A parameter of the path. (wild: `uri_template`)
    Path,
    /// A parameter of the query.
    Query,
    /// The JSON body.
    Body,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "uri_template",
            Self::Query => "query",
            Self::Body => "body",
        })
    }
}

/// A rule of the contract, with what was found in its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// The field must be there.
    Required,
    /// The field must be of a type.
    Type {
        /// The type.
        expected: JsonType,
        /// What was there.
        found: Value,
    },
    /// The field has at most so many characters.
    MaxLength {
        /// So many.
        limit: u64,
        /// It has this many.
        length: usize,
    },
    /// The field has at least so many characters.
    MinLength {
        /// So many.
        limit: u64,
        /// It has this many.
        length: usize,
    },
    /// The field must match a regular expression.
    Pattern {
        /// The expression.
        pattern: String,
        /// What was there.
        found: Value,
    },
    /// There must be no other fields than the contract has.
    Documented {
        /// Where the others are: `/body/payer/openid`.
        unknown: Vec<String>,
    },
    /// Percent-encoding of UTF-8 must be valid.
    PercentEncoding {
        /// What was there, still encoded.
        found: String,
    },
    /// Another rule of the contract's schema.
    Other {
        /// The schema's keyword.
        keyword: String,
        /// What was there.
        found: Value,
    },
}

/// The types that the gateway distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum JsonType {
    Integer,
    String,
    Boolean,
    Array,
    Object,
}

impl FieldFault {
    /// `/body/out_request_no`
    fn source(&self) -> String {
        format!("/{}{}", self.location, self.pointer)
    }

    /// How sure it is that the gateway says so.
    pub(crate) fn standing(&self) -> Standing {
        match &self.rule {
            Rule::Type { expected: JsonType::Integer, .. }
            | Rule::Required
            | Rule::MaxLength { .. }
            | Rule::MinLength { .. }
            | Rule::Pattern { .. }
            | Rule::Documented { .. } => Standing::Wild,
            Rule::Type { .. } | Rule::PercentEncoding { .. } | Rule::Other { .. } => Standing::OwnChoice,
        }
    }

    /// The gateway's sentence.
    pub(crate) fn message(&self) -> String {
        let (source, title) = (self.source(), &self.title);
        let of_string =
            |rest: String| format!("输入源“{source}”映射到值字段“{title}”字符串规则校验失败，{rest}");
        match &self.rule {
            Rule::Required => {
                format!("输入源“{source}”映射到字段“{title}”必填性规则校验失败，此字段为必填项")
            }
            Rule::Type { expected, .. } => {
                let json = if self.location == Location::Body { " JSON " } else { "" };
                format!(
                    "无法将{json}输入源“{source}”映射到目标字段“{title}”中，此字段需要一个合法的{expected}"
                )
            }
            Rule::MaxLength { limit, length } => of_string(format!("字符数 {length}，大于最大值 {limit}")),
            Rule::MinLength { limit, length } => of_string(format!("字符数 {length}，小于最小值 {limit}")),
            Rule::Pattern { pattern, .. } => of_string(format!("字符串必须匹配正则表达式“{pattern}”")),
            Rule::Documented { .. } => "请求中含有未在API文档中定义的参数".into(),
            Rule::PercentEncoding { .. } => of_string("字符串必须是合法的百分号编码".into()),
            Rule::Other { .. } => format!("输入源“{source}”映射到值字段“{title}”规则校验失败"),
        }
    }

    /// `value` and `location` as seen in real answers; `field` and `issue` as documented.
    pub(crate) fn detail(&self) -> Value {
        let value = match &self.rule {
            Rule::Required => json!(""),
            Rule::MaxLength { length, .. } | Rule::MinLength { length, .. } => json!(length),
            Rule::Type { found, .. } | Rule::Pattern { found, .. } | Rule::Other { found, .. } => {
                found.clone()
            }
            Rule::PercentEncoding { found } => json!(found),
            Rule::Documented { unknown } => {
                return json!({ "issue": self.issue(), "location": null, "value": unknown });
            }
        };
        json!({
            "field": self.pointer,
            "issue": self.issue(),
            "location": self.location.to_string(),
            "value": value,
        })
    }

    /// What was expected and what was found, in English.
    pub(crate) fn issue(&self) -> String {
        let source = self.source();
        match &self.rule {
            Rule::Required => format!("{source}: expected a value, found none"),
            Rule::Type { expected, .. } => {
                format!("{source}: expected {}, found another type", expected.name())
            }
            Rule::MaxLength { limit, length } => {
                format!("{source}: expected at most {limit} characters, found {length}")
            }
            Rule::MinLength { limit, length } => {
                format!("{source}: expected at least {limit} characters, found {length}")
            }
            Rule::Pattern { pattern, .. } => format!("{source}: expected a match of {pattern}, found none"),
            Rule::Documented { unknown } => {
                format!("expected documented fields only, found {}", unknown.join(", "))
            }
            Rule::PercentEncoding { .. } => {
                format!("{source}: expected percent-encoded UTF-8, found other bytes")
            }
            Rule::Other { keyword, .. } => format!("{source}: breaks the contract's rule {keyword}"),
        }
    }
}

impl JsonType {
    /// The type that a schema's `type` names.
    pub(crate) fn of_schema(name: &str) -> Self {
        match name {
            "integer" | "number" => Self::Integer,
            "boolean" => Self::Boolean,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => Self::String,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer => "a 64-bit signed integer",
            Self::String => "a string",
            Self::Boolean => "a boolean",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// The type in the gateway's words: the integer's are wild, the others follow its pattern. (own choice)
impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => " 64 位有符号整数",
            Self::String => "字符串",
            Self::Boolean => "布尔值",
            Self::Array => "数组",
            Self::Object => "对象",
        })
    }
}
