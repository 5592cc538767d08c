//! Compares a response with what a case expects.

use http::{HeaderMap, StatusCode};
use wechatpay_protocol::Credentials;
use wechatpay_texts::text;

use super::{
    body,
    difference::{Difference, Part},
    exchange::Exchange,
    signature,
};
use crate::case::{Expected, ExpectedHeader, Placeholders};

/// The differences. If the status differs, only status and body are reported: the body says why, and the rest would
/// follow from it.
pub(super) fn compare(expected: &Expected, exchange: &Exchange, merchant: &Credentials) -> Vec<Difference> {
    let Exchange { response, placeholders, .. } = exchange;
    let body = body::compare(&expected.body, &response.body, placeholders);
    if let Some(status) = status(expected.status, exchange) {
        let body = body.map(|difference| difference.with_hint(None));
        return [Some(status), body].into_iter().flatten().collect();
    }
    let headers = expected.headers.iter();
    let headers =
        headers.filter_map(|(name, expected)| header(name, expected, &response.headers, placeholders));
    let signature = signature::compare(expected.signed_by, exchange, merchant);
    headers
        .chain(body)
        .chain(signature)
        .chain(signature::compare_names(expected.signed_by, &response.names))
        .collect()
}

fn status(expected: u16, exchange: &Exchange) -> Option<Difference> {
    let found = exchange.response.status;
    let differs = Difference::new(Part::Status, expected.to_string(), found.as_str());
    (found.as_u16() != expected).then(|| differs.with_hint(signed_message(exchange)))
}

/// If the signature was rejected: the signed message, and the mock's diagnosis.
fn signed_message(exchange: &Exchange) -> Option<String> {
    let is_rejected = exchange.response.status == StatusCode::UNAUTHORIZED;
    let message = exchange.signed_message.as_ref().filter(|_| is_rejected)?;
    let diagnosis = exchange.response.headers.get("mock-diagnosis").and_then(|value| value.to_str().ok());
    let diagnosis = diagnosis.map(|name| text!("\nthe mock's diagnosis is {name}")).unwrap_or_default();
    Some(text!("the message that was signed:\n{message}{diagnosis}", message = signature::visible(message)))
}

fn header(
    name: &str,
    expected: &ExpectedHeader,
    headers: &HeaderMap,
    placeholders: &Placeholders,
) -> Option<Difference> {
    let found: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let (is_met, expected) = match expected {
        ExpectedHeader::Present => (!found.is_empty(), text!("any value")),
        ExpectedHeader::Absent => (found.is_empty(), text!("no such header")),
        ExpectedHeader::Exact(value) => {
            let value = placeholders.fill(value);
            (found.len() == 1 && found[0] == value, value)
        }
        ExpectedHeader::Matching(pattern) => (
            found.len() == 1 && pattern.0.is_match(&found[0]),
            text!("a value matching {pattern}", pattern = pattern.0),
        ),
    };
    let actual = if found.is_empty() { text!("no such header") } else { found.join(", ") };
    (!is_met).then(|| Difference::new(Part::Header(name.into()), expected, actual))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;

    /// Whether the header `x` with these values meets the expectation in a case file.
    fn matches_case(expected: &Value, values: &[&'static str]) -> bool {
        let expected: ExpectedHeader = serde_json::from_value(expected.clone()).unwrap();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x", HeaderValue::from_static(value));
        }
        header("x", &expected, &headers, &Placeholders::for_tests()).is_none()
    }

    #[test]
    fn a_header_can_be_present_absent_or_have_a_value() {
        assert!(matches_case(&json!("present"), &["a"]) && !matches_case(&json!("present"), &[]));
        assert!(matches_case(&json!("absent"), &[]) && !matches_case(&json!("absent"), &[""]));
        assert!(matches_case(&json!({ "exact": "{unique}" }), &["0123456789abcdef"]));
        for values in [&[][..], &["b"], &["a", "a"]] {
            assert!(!matches_case(&json!({ "exact": "a" }), values), "{values:?}");
        }
        assert!(matches_case(&json!({ "matching": "^[a-c]+$" }), &["abc"]));
        for values in [&[][..], &["abd"], &["abc", "abc"]] {
            assert!(!matches_case(&json!({ "matching": "^[a-c]+$" }), values), "{values:?}");
        }
    }
}
