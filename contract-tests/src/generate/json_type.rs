//! The JSON types, as the gateway distinguishes them.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wechatpay_openapi::{JsonType, Location};

/// A type in the gateway's messages. (wild for integers of 64 bits and for strings and objects in JSON; the others follow
/// them)
pub(super) fn name(expected: JsonType, location: Location) -> String {
    let name = match expected {
        JsonType::Array => "array",
        JsonType::Boolean => "boolean",
        JsonType::Integer => return "合法的 64 位有符号整数".into(),
        JsonType::Int32 => return "合法的 32 位有符号整数".into(),
        JsonType::Number => "number",
        JsonType::Object if location == Location::Body => return "合法的 Json 对象".into(),
        JsonType::Object => "object",
        JsonType::String => "string",
        JsonType::Uint64 => return "合法的 64 位无符号整数".into(),
    };
    if location == Location::Body {
        format!(" {name} 类型的 Json 值")
    } else {
        format!("合法的 {name} 类型的值")
    }
}

/// Values of other types, except `null` and fractions, which have their own rules.
pub(super) fn values_of_other_types(expected: JsonType) -> BoxedStrategy<Value> {
    let all = [
        (JsonType::Array, json!([])),
        (JsonType::Array, json!(["1"])),
        (JsonType::Boolean, json!(true)),
        (JsonType::Integer, json!(0)),
        (JsonType::Integer, json!(1)),
        (JsonType::Object, json!({})),
        (JsonType::Object, json!({ "value": 1 })),
        (JsonType::String, json!("")),
        (JsonType::String, json!("1")),
        (JsonType::String, json!("true")),
    ];
    let is_other = |its: JsonType| match expected {
        JsonType::Int32 | JsonType::Number | JsonType::Uint64 => its != JsonType::Integer,
        _ => its != expected,
    };
    let others = all.into_iter().filter(|(its, _)| is_other(*its)).map(|(_, value)| value);
    select(others.collect::<Vec<_>>()).boxed()
}
