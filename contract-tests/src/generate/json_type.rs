//! The JSON types, as the gateway distinguishes them.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wechatpay_openapi::JsonType;

/// A type in the gateway's messages. (wild for the integer; the others follow it)
pub(super) fn name(expected: JsonType) -> &'static str {
    match expected {
        JsonType::Array => "数组",
        JsonType::Boolean => "布尔值",
        JsonType::Integer => " 64 位有符号整数",
        JsonType::Int32 => " 32 位有符号整数",
        JsonType::Number => "数值",
        JsonType::Object => "对象",
        JsonType::String => "字符串",
        JsonType::Uint64 => " 64 位无符号整数",
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
    let others = all.into_iter().filter(|(its, _)| *its != expected).map(|(_, value)| value);
    select(others.collect::<Vec<_>>()).boxed()
}
