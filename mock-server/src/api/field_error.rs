//! The gateway's messages about fields.

use serde_json::{Value, json};
use wechatpay_openapi::{Constraint, FieldError, JsonType, Location};

use wechatpay_texts::{Language::English, Phrase, phrase, text};

use crate::policies::Provenance;

use super::language::Language;

/// The provenance of the message.
pub(crate) fn provenance(error: &FieldError) -> Provenance {
    match &error.constraint {
        Constraint::Type { expected: JsonType::Integer | JsonType::String | JsonType::Uint64, .. }
        | Constraint::Required
        | Constraint::MaxLength { .. }
        | Constraint::MinLength { .. }
        | Constraint::MaxBytes { .. }
        | Constraint::MinBytes { .. }
        | Constraint::Minimum { .. }
        | Constraint::Pattern { .. }
        | Constraint::Documented { .. } => Provenance::Wild,
        Constraint::Type { .. }
        | Constraint::ThreeBytes { .. }
        | Constraint::PercentEncoding { .. }
        | Constraint::Maximum { .. }
        | Constraint::MaxItems { .. }
        | Constraint::MinItems { .. }
        | Constraint::Enum { .. }
        | Constraint::Other { .. } => Provenance::OwnChoice,
    }
}

/// The gateway's own number for the error. (documented; which error has which number is an own choice)
pub(crate) fn inner_number(error: &FieldError) -> u32 {
    match &error.constraint {
        Constraint::Documented { .. } => 270_924_358,
        Constraint::MaxLength { .. }
        | Constraint::MinLength { .. }
        | Constraint::MaxBytes { .. }
        | Constraint::MinBytes { .. } => 268_435_464,
        _ => 268_435_461,
    }
}

/// The gateway's message, or the mock's translation of it.
pub(crate) fn message(error: &FieldError, language: Language) -> String {
    match language {
        Language::ZhCn => simplified(error),
        Language::En => English.within(|| issue(error)),
        Language::ZhHk | Language::ZhTw => traditional(error),
    }
}

/// Where the field is and what was found, as in every real response. The documented `field` and `issue` were never seen.
pub(crate) fn detail(error: &FieldError) -> Value {
    let value = match &error.constraint {
        Constraint::Required => json!(""),
        Constraint::MaxLength { length, .. }
        | Constraint::MinLength { length, .. }
        | Constraint::MaxBytes { length, .. }
        | Constraint::MinBytes { length, .. }
        | Constraint::MaxItems { length, .. }
        | Constraint::MinItems { length, .. } => json!(length),
        Constraint::Type { found, .. }
        | Constraint::Pattern { found, .. }
        | Constraint::ThreeBytes { found }
        | Constraint::Maximum { found, .. }
        | Constraint::Minimum { found, .. }
        | Constraint::Enum { found, .. }
        | Constraint::Other { found, .. } => found.clone(),
        Constraint::PercentEncoding { found } => json!(found),
        Constraint::Documented { .. } => {
            return json!({ "location": null, "value": error.unknown_fields() });
        }
    };
    json!({ "location": location(error), "value": value })
}

/// The part of the request. Of the part `file` of a form, the gateway drops the last letter. (wild)
fn location(error: &FieldError) -> String {
    match (error.location, error.pointer.trim_start_matches('/')) {
        (Location::Form, "file") => "fil".into(),
        (Location::Form, name) => name.into(),
        (location, _) => location.to_string(),
    }
}

fn simplified(error: &FieldError) -> String {
    let (source, title) = (error.source_name(), &error.title);
    let of_number = |rest: String| format!("输入源“{source}”映射到数值字段“{title}”规则校验失败，{rest}");
    let of_string = |rest: String| format!("输入源“{source}”映射到值字段“{title}”字符串规则校验失败，{rest}");
    match &error.constraint {
        Constraint::Required => {
            format!("输入源“{source}”映射到字段“{title}”必填性规则校验失败，此字段为必填项")
        }
        Constraint::Type { expected, .. } => {
            let (json, wanted) = (json_of(error), type_simplified(*expected, error.location));
            format!("无法将{json}输入源“{source}”映射到目标字段“{title}”中，此字段需要一个{wanted}")
        }
        Constraint::MaxLength { limit, length } => of_string(format!("字符数 {length}，大于最大值 {limit}")),
        Constraint::MinLength { limit, length } => of_string(format!("字符数 {length}，小于最小值 {limit}")),
        Constraint::MaxBytes { limit, length } => of_string(format!("字节数 {length}，大于最大值 {limit}")),
        Constraint::MinBytes { limit, length } => of_string(format!("字节数 {length}，小于最小值 {limit}")),
        Constraint::Pattern { pattern, .. } => of_string(format!("字符串必须匹配正则表达式“{pattern}”")),
        Constraint::Minimum { limit, .. } => of_number(format!("值低于最小值 {limit}")),
        Constraint::Maximum { limit, .. } => of_number(format!("值高于最大值 {limit}")),
        Constraint::Documented { .. } => "请求中含有未在API文档中定义的参数".into(),
        Constraint::PercentEncoding { .. } => of_string("字符串必须是合法的百分号编码".into()),
        Constraint::ThreeBytes { .. }
        | Constraint::MaxItems { .. }
        | Constraint::MinItems { .. }
        | Constraint::Enum { .. }
        | Constraint::Other { .. } => {
            format!("输入源“{source}”映射到值字段“{title}”规则校验失败")
        }
    }
}

fn traditional(error: &FieldError) -> String {
    let (source, title) = (error.source_name(), error.title_traditional());
    let of_number = |rest: String| format!("輸入源“{source}”映射到數值字段“{title}”規則校驗失敗，{rest}");
    let of_string = |rest: String| format!("輸入源“{source}”映射到值字段“{title}”字符串規則校驗失敗，{rest}");
    match &error.constraint {
        Constraint::Required => {
            format!("輸入源“{source}”映射到字段“{title}”必填性規則校驗失敗，此字段為必填項")
        }
        Constraint::Type { expected, .. } => {
            let (json, wanted) = (json_of(error), type_traditional(*expected, error.location));
            format!("無法將{json}輸入源“{source}”映射到目標字段“{title}”中，此字段需要一個{wanted}")
        }
        Constraint::MaxLength { limit, length } => of_string(format!("字符數 {length}，大於最大值 {limit}")),
        Constraint::MinLength { limit, length } => of_string(format!("字符數 {length}，小於最小值 {limit}")),
        Constraint::MaxBytes { limit, length } => of_string(format!("字節數 {length}，大於最大值 {limit}")),
        Constraint::MinBytes { limit, length } => of_string(format!("字節數 {length}，小於最小值 {limit}")),
        Constraint::Pattern { pattern, .. } => of_string(format!("字符串必須匹配正則表達式“{pattern}”")),
        Constraint::Minimum { limit, .. } => of_number(format!("值低於最小值 {limit}")),
        Constraint::Maximum { limit, .. } => of_number(format!("值高於最大值 {limit}")),
        Constraint::Documented { .. } => "請求中含有未在API文檔中定義的參數".into(),
        Constraint::PercentEncoding { .. } => of_string("字符串必須是合法的百分號編碼".into()),
        Constraint::ThreeBytes { .. }
        | Constraint::MaxItems { .. }
        | Constraint::MinItems { .. }
        | Constraint::Enum { .. }
        | Constraint::Other { .. } => {
            format!("輸入源“{source}”映射到值字段“{title}”規則校驗失敗")
        }
    }
}

/// What was expected and what was found, in the language of the reader.
pub(crate) fn issue(error: &FieldError) -> String {
    let source = error.source_name();
    match &error.constraint {
        Constraint::Required => text!("{source}: expected a value, found none"),
        Constraint::Type { expected, .. } => {
            text!("{source}: expected {expected}, found another type", expected = named(*expected))
        }
        Constraint::MaxLength { limit, length } => {
            text!("{source}: expected at most {limit} characters, found {length}")
        }
        Constraint::MinLength { limit, length } => {
            text!("{source}: expected at least {limit} characters, found {length}")
        }
        Constraint::MaxBytes { limit, length } => {
            text!("{source}: expected at most {limit} bytes, found {length}")
        }
        Constraint::MinBytes { limit, length } => {
            text!("{source}: expected at least {limit} bytes, found {length}")
        }
        Constraint::Maximum { limit, found } => text!("{source}: expected at most {limit}, found {found}"),
        Constraint::Minimum { limit, found } => text!("{source}: expected at least {limit}, found {found}"),
        Constraint::MaxItems { limit, length } => {
            text!("{source}: expected at most {limit} items, found {length}")
        }
        Constraint::MinItems { limit, length } => {
            text!("{source}: expected at least {limit} items, found {length}")
        }
        Constraint::Enum { members, .. } => {
            let members: Vec<_> = members.iter().map(ToString::to_string).collect();
            text!(
                "{source}: expected one of {members}, found another value",
                members = members.join(phrase!(", ").text())
            )
        }
        Constraint::Pattern { pattern, .. } => text!("{source}: expected a match of {pattern}, found none"),
        Constraint::Documented { .. } => {
            text!(
                "expected documented fields only, found {found}",
                found = error.unknown_fields().join(phrase!(", ").text())
            )
        }
        Constraint::ThreeBytes { .. } => {
            text!("{source}: expected characters of one to three bytes, found one of four, such as an emoji")
        }
        Constraint::PercentEncoding { .. } => {
            text!("{source}: expected percent-encoded UTF-8, found other bytes")
        }
        Constraint::Other { keyword, .. } => text!("{source}: breaks the contract's rule {keyword}"),
    }
}

/// ` JSON ` for a field of the body, as the gateway writes it.
fn json_of(error: &FieldError) -> &'static str {
    if error.location == Location::Body { " JSON " } else { "" }
}

/// The type, as the gateway names it. Integers of 64 bits, and strings and objects in JSON, are wild; the others follow
/// their pattern (own choice).
fn type_simplified(expected: JsonType, location: Location) -> String {
    match (expected, location) {
        (JsonType::Integer, _) => "合法的 64 位有符号整数".into(),
        (JsonType::Int32, _) => "合法的 32 位有符号整数".into(),
        (JsonType::Uint64, _) => "合法的 64 位无符号整数".into(),
        (JsonType::Object, Location::Body) => "合法的 Json 对象".into(),
        (other, Location::Body) => format!(" {} 类型的 Json 值", json_name(other)),
        (other, _) => format!("合法的 {} 类型的值", json_name(other)),
    }
}

fn type_traditional(expected: JsonType, location: Location) -> String {
    match (expected, location) {
        (JsonType::Integer, _) => "合法的 64 位有符號整數".into(),
        (JsonType::Int32, _) => "合法的 32 位有符號整數".into(),
        (JsonType::Uint64, _) => "合法的 64 位無符號整數".into(),
        (JsonType::Object, Location::Body) => "合法的 Json 對象".into(),
        (other, Location::Body) => format!(" {} 類型的 Json 值", json_name(other)),
        (other, _) => format!("合法的 {} 類型的值", json_name(other)),
    }
}

/// The type's name in JSON.
fn json_name(expected: JsonType) -> &'static str {
    match expected {
        JsonType::Array => "array",
        JsonType::Boolean => "boolean",
        JsonType::Integer | JsonType::Int32 | JsonType::Uint64 => "integer",
        JsonType::Number => "number",
        JsonType::Object => "object",
        JsonType::String => "string",
    }
}

fn named(expected: JsonType) -> Phrase {
    match expected {
        JsonType::Array => phrase!("an array"),
        JsonType::Boolean => phrase!("a boolean"),
        JsonType::Integer => phrase!("a 64-bit signed integer"),
        JsonType::Int32 => phrase!("a 32-bit signed integer"),
        JsonType::Number => phrase!("a number"),
        JsonType::Object => phrase!("an object"),
        JsonType::String => phrase!("a string"),
        JsonType::Uint64 => phrase!("a 64-bit unsigned integer"),
    }
}
