//! A field that breaks a rule of the contract, in the gateway's words.

use std::fmt;

use serde_json::{Value, json};

use crate::api::{language::Language, provenance::Provenance};

/// Which field of a request breaks which rule.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldFault {
    /// The part of the request that it is in.
    pub location: Location,
    /// Where in that part: `/out_request_no`.
    pub pointer: String,
    /// The field's Chinese name, from the contract.
    pub title: String,
    /// The same in traditional characters.
    pub title_traditional: String,
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
        /// The object that they are in: `/guide`, or empty for the whole.
        parent: String,
        /// Their names.
        names: Vec<String>,
    },
    /// Text is UTF-8 of one to three bytes a character: no emoji. (documented)
    ThreeBytes {
        /// What was there.
        found: Value,
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

    /// Where the fields are that are not documented, if that is the fault: `/body/payer/openid`.
    pub(crate) fn unknown_fields(&self) -> Vec<String> {
        match &self.rule {
            Rule::Documented { parent, names } => {
                names.iter().map(|name| format!("/{}{parent}/{name}", self.location)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.pointer, &self.title, &self.title_traditional];
        size_of::<Self>() + texts.map(String::len).iter().sum::<usize>() + self.rule.size()
    }

    /// How sure it is that the gateway says so.
    pub(crate) fn standing(&self) -> Provenance {
        match &self.rule {
            Rule::Type { expected: JsonType::Integer, .. }
            | Rule::Required
            | Rule::MaxLength { .. }
            | Rule::MinLength { .. }
            | Rule::Pattern { .. }
            | Rule::Documented { .. } => Provenance::Wild,
            Rule::ThreeBytes { .. } => Provenance::Documented,
            Rule::Type { .. } | Rule::PercentEncoding { .. } | Rule::Other { .. } => Provenance::OwnChoice,
        }
    }

    /// The gateway's sentence, or the mock's wording of it in another language.
    pub(crate) fn message(&self, language: Language) -> String {
        match language {
            Language::ZhCn => self.simplified(),
            Language::En => self.english(),
            Language::ZhHk | Language::ZhTw => self.traditional(),
        }
    }

    fn simplified(&self) -> String {
        let (source, title) = (self.source(), &self.title);
        let of_string =
            |rest: String| format!("输入源“{source}”映射到值字段“{title}”字符串规则校验失败，{rest}");
        match &self.rule {
            Rule::Required => {
                format!("输入源“{source}”映射到字段“{title}”必填性规则校验失败，此字段为必填项")
            }
            Rule::Type { expected, .. } => {
                let (json, wanted) = (self.json(), expected.simplified());
                format!("无法将{json}输入源“{source}”映射到目标字段“{title}”中，此字段需要一个合法的{wanted}")
            }
            Rule::MaxLength { limit, length } => of_string(format!("字符数 {length}，大于最大值 {limit}")),
            Rule::MinLength { limit, length } => of_string(format!("字符数 {length}，小于最小值 {limit}")),
            Rule::Pattern { pattern, .. } => of_string(format!("字符串必须匹配正则表达式“{pattern}”")),
            Rule::Documented { .. } => "请求中含有未在API文档中定义的参数".into(),
            Rule::ThreeBytes { .. } => of_string("字符串不能包含 4 字节的 UTF-8 字符".into()),
            Rule::PercentEncoding { .. } => of_string("字符串必须是合法的百分号编码".into()),
            Rule::Other { .. } => format!("输入源“{source}”映射到值字段“{title}”规则校验失败"),
        }
    }

    fn traditional(&self) -> String {
        let (source, title) = (self.source(), &self.title_traditional);
        let of_string =
            |rest: String| format!("輸入源“{source}”映射到值字段“{title}”字符串規則校驗失敗，{rest}");
        match &self.rule {
            Rule::Required => {
                format!("輸入源“{source}”映射到字段“{title}”必填性規則校驗失敗，此字段為必填項")
            }
            Rule::Type { expected, .. } => {
                let (json, wanted) = (self.json(), expected.traditional());
                format!("無法將{json}輸入源“{source}”映射到目標字段“{title}”中，此字段需要一個合法的{wanted}")
            }
            Rule::MaxLength { limit, length } => of_string(format!("字符數 {length}，大於最大值 {limit}")),
            Rule::MinLength { limit, length } => of_string(format!("字符數 {length}，小於最小值 {limit}")),
            Rule::Pattern { pattern, .. } => of_string(format!("字符串必須匹配正則表達式“{pattern}”")),
            Rule::Documented { .. } => "請求中含有未在API文檔中定義的參數".into(),
            Rule::ThreeBytes { .. } => of_string("字符串不能包含 4 字節的 UTF-8 字符".into()),
            Rule::PercentEncoding { .. } => of_string("字符串必須是合法的百分號編碼".into()),
            Rule::Other { .. } => format!("輸入源“{source}”映射到值字段“{title}”規則校驗失敗"),
        }
    }

    /// ` JSON ` where the field comes from JSON, as the gateway words it.
    fn json(&self) -> &'static str {
        if self.location == Location::Body { " JSON " } else { "" }
    }

    /// `value` and `location` as seen in real answers; `field` and `issue` as documented.
    pub(crate) fn detail(&self) -> Value {
        let value = match &self.rule {
            Rule::Required => json!(""),
            Rule::MaxLength { length, .. } | Rule::MinLength { length, .. } => json!(length),
            Rule::Type { found, .. }
            | Rule::Pattern { found, .. }
            | Rule::ThreeBytes { found }
            | Rule::Other { found, .. } => found.clone(),
            Rule::PercentEncoding { found } => json!(found),
            Rule::Documented { .. } => {
                return json!({ "issue": self.issue(), "location": null, "value": self.unknown_fields() });
            }
        };
        json!({
            "field": self.pointer,
            "issue": self.issue(),
            "location": self.location.to_string(),
            "value": value,
        })
    }

    /// What was expected and what was found, in English, whatever the language of the message.
    pub(crate) fn issue(&self) -> String {
        self.english()
    }

    fn english(&self) -> String {
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
            Rule::Documented { .. } => {
                format!("expected documented fields only, found {}", self.unknown_fields().join(", "))
            }
            Rule::ThreeBytes { .. } => {
                format!(
                    "{source}: expected characters of one to three bytes, found one of four, such as an emoji"
                )
            }
            Rule::PercentEncoding { .. } => {
                format!("{source}: expected percent-encoded UTF-8, found other bytes")
            }
            Rule::Other { keyword, .. } => format!("{source}: breaks the contract's rule {keyword}"),
        }
    }
}

impl Rule {
    /// About how many bytes it takes beside those of its own.
    fn size(&self) -> usize {
        match self {
            Self::Required | Self::MaxLength { .. } | Self::MinLength { .. } => 0,
            Self::Type { found, .. } | Self::ThreeBytes { found } => size_of_json(found),
            Self::Pattern { pattern: text, found } | Self::Other { keyword: text, found } => {
                text.len() + size_of_json(found)
            }
            Self::Documented { parent, names } => {
                parent.len() + names.iter().map(|name| size_of_val(name) + name.len()).sum::<usize>()
            }
            Self::PercentEncoding { found } => found.len(),
        }
    }
}

/// What a member of an object takes beside its name and its value.
const MEMBER: usize = 64;

/// About how many bytes JSON takes in memory beside those of its outermost value.
fn size_of_json(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| size_of_val(item) + size_of_json(item)).sum(),
        Value::Object(members) => {
            let size = |(name, value): (&String, &Value)| {
                MEMBER + name.len() + size_of_val(value) + size_of_json(value)
            };
            members.iter().map(size).sum()
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

    /// The type in the gateway's words: the integer's are wild, the others follow its pattern. (own choice)
    fn simplified(self) -> &'static str {
        match self {
            Self::Integer => " 64 位有符号整数",
            Self::String => "字符串",
            Self::Boolean => "布尔值",
            Self::Array => "数组",
            Self::Object => "对象",
        }
    }

    fn traditional(self) -> &'static str {
        match self {
            Self::Integer => " 64 位有符號整數",
            Self::String => "字符串",
            Self::Boolean => "布爾值",
            Self::Array => "數組",
            Self::Object => "對象",
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
