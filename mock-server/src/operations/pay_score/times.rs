//! When a service starts and ends.

use serde_json::Value;
use wechatpay_protocol::Timestamp;

use crate::{
    api::operation_error::OperationError,
    operations::{payment::numbers, resource},
};

/// Checks what a completion says of the times of a service, with what was planned. Times of different lengths are compared by
/// their common beginning, `20091225` with `20091225091010` by the day; words such as `OnAccept` are not compared.
///
/// # Errors
/// If the service ends before it starts, or ends later than now. (documented)
pub(super) fn check(planned: &Value, said: &Value, now: Timestamp) -> Result<(), OperationError> {
    let mut all = planned.clone();
    if !said.is_null() {
        resource::merge(&mut all, said);
    }
    let [start, end] = ["start_time", "end_time"].map(|name| digits(&all[name]));
    if is_before(end, start) {
        return Err(OperationError::ServiceEndsBeforeStart);
    }
    // A planned end may be later.
    if is_before(Some(&numbers::digits_of_time(now)), digits(&said["end_time"])) {
        return Err(OperationError::ServiceEndsLater);
    }
    Ok(())
}

fn digits(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_before(first: Option<&str>, second: Option<&str>) -> bool {
    let (Some(first), Some(second)) = (first, second) else { return false };
    let length = first.len().min(second.len());
    first[..length] < second[..length]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_ends_between_its_start_and_now() {
        let before = Err(OperationError::ServiceEndsBeforeStart);
        let later = Err(OperationError::ServiceEndsLater);
        // It is 2025-09-04 10:05:32 in Beijing.
        let now = Timestamp::from_unix(1_756_951_532);
        for (planned, said, expected) in [
            (json!({ "start_time": "20250904100000" }), json!({ "end_time": "20250904100532" }), Ok(())),
            (json!({ "start_time": "20250904100000" }), json!({ "end_time": "20250904100533" }), later),
            (json!({ "start_time": "20250904100000" }), json!({ "end_time": "20991231" }), later),
            (json!({ "start_time": "20250904100000" }), json!({ "end_time": "20250904" }), Ok(())),
            (json!({ "start_time": "20250904" }), json!({ "end_time": "20250903235959" }), before),
            (
                json!({ "start_time": "20250901" }),
                json!({ "start_time": "20250904", "end_time": "20250903" }),
                before,
            ),
            (json!({ "start_time": "20250901", "end_time": "20991231" }), Value::Null, Ok(())),
            (
                json!({ "start_time": "20250901", "end_time": "20250902" }),
                json!({ "start_time": "20250903" }),
                before,
            ),
            (json!({ "start_time": "OnAccept" }), json!({ "end_time": "20250901" }), Ok(())),
        ] {
            assert_eq!(check(&planned, &said, now), expected, "{planned} {said}");
        }
    }
}
