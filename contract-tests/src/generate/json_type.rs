//! The types of JSON that the gateway tells apart.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wechatpay_mock::JsonType;

/// What the gateway says that a field needs. (wild for the integer; the others follow its pattern)
pub(super) fn wording(expected: JsonType) -> &'static str {
    match expected {
        JsonType::Array => "数组",
        JsonType::Boolean => "布尔值",
        JsonType::Integer => " 64 位有符号整数",
        JsonType::Object => "对象",
        JsonType::String => "字符串",
    }
}

/// Values of every other type; `null` and fractions are told apart from these.
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
