//! Compares what the mock sent with what the gateway sent.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use super::leaves::Leaf;
use crate::{
    case::Pattern,
    run::{Difference, Part},
};

/// The forms of headers whose value is another one each time, or another one for each merchant and body.
static HEADERS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let forms = [
        ("Content-Length", "^[0-9]+$"),
        ("Date", "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$"),
        ("Request-ID", "^08([0-9A-F]{2}){16,24}-(0|[0-9]{9})$"),
        ("Wechatpay-Nonce", "^([0-9a-f]{32}|[0-9A-Za-z]{32})$"),
        ("Wechatpay-Serial", "^([0-9A-F]{40}|PUB_KEY_ID_[0-9]{34,36})$"),
        ("Wechatpay-Signature", "^[0-9A-Za-z+/]{342}==$"),
        ("Wechatpay-Timestamp", "^[0-9]{10}$"),
    ];
    forms.map(|(name, form)| (name, Regex::new(form).expect("the expression is valid"))).into()
});

/// Compares the headers: all of them, in whatever order, because what was published is mostly sorted.
pub(super) fn headers(
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    differs: &BTreeMap<String, Pattern>,
) -> Vec<Difference> {
    let names = |headers: &BTreeMap<String, String>| headers.keys().cloned().collect::<Vec<_>>().join("\n");
    if !expected.keys().eq(found.keys()) {
        return vec![Difference::new(Part::Header("names".into()), names(expected), names(found))];
    }
    let form = |name: &String| {
        let of_all = || HEADERS.iter().find(|(known, _)| known == name).map(|(_, form)| form);
        differs.get(name).map(|pattern| &pattern.0).or_else(of_all)
    };
    let pairs = expected.iter().zip(found.values());
    let different = pairs.filter(|((name, expected), found)| {
        expected != found && !form(name).is_some_and(|form| form.is_match(expected) && form.is_match(found))
    });
    different
        .map(|((name, expected), found)| Difference::new(Part::Header(name.clone()), expected, found))
        .collect()
}

/// Compares values and their order.
pub(super) fn values(
    expected: &[Leaf],
    found: &[Leaf],
    differs: &BTreeMap<String, Pattern>,
) -> Vec<Difference> {
    let places = |leaves: &[Leaf]| leaves.iter().map(|leaf| leaf.at.clone()).collect::<Vec<_>>().join("\n");
    if places(expected) != places(found) {
        return vec![Difference::new(Part::Body, places(expected), places(found))];
    }
    let is_same_form = |one: &Leaf, other: &Leaf| {
        let form = differs.get(&one.at).map(|pattern| &pattern.0);
        one.value.is_like(&other.value) && form.is_some_and(|form| form.is_match(&other.value.text()))
    };
    let pairs = expected.iter().zip(found);
    let different = pairs.filter(|(one, other)| one != other && !is_same_form(one, other));
    different
        .map(|(one, other)| {
            let line = |leaf: &Leaf| format!("{}: {}", leaf.at, leaf.value.text());
            Difference::new(Part::Body, line(one), line(other))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::leaves, *};

    fn differences(expected: &str, found: &str) -> usize {
        let differs = BTreeMap::from([("/id".into(), Pattern(Regex::new("^[0-9]{3}$").unwrap()))]);
        values(&leaves::of(expected).unwrap(), &leaves::of(found).unwrap(), &differs).len()
    }

    #[test]
    fn fields_their_order_and_their_types_must_be_the_same() {
        let sample = r#"{"a":1,"id":"123"}"#;
        assert_eq!(differences(sample, r#"{"a":1,"id":"456"}"#), 0);
        for found in [
            r#"{"id":"123","a":1}"#,
            r#"{"a":1}"#,
            r#"{"a":1,"id":"123","b":1}"#,
            r#"{"a":"1","id":"123"}"#,
            r#"{"a":2,"id":"123"}"#,
            r#"{"a":1,"id":456}"#,
            r#"{"a":1,"id":"45x"}"#,
            r#"{"a":1,"id":[]}"#,
            r#"{"a":1, "id":"123"}"#,
            "",
        ] {
            assert!(differences(sample, found) > 0, "{found}");
        }
    }

    #[test]
    fn headers_must_be_the_same_with_the_same_capitals() {
        let of = |headers: &[(&str, &str)]| {
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let sample = of(&[("Server", "nginx"), ("Wechatpay-Timestamp", "1722415322")]);
        let count = |found: &[(&str, &str)]| headers(&sample, &of(found), &BTreeMap::new()).len();
        assert_eq!(count(&[("Server", "nginx"), ("Wechatpay-Timestamp", "1822415322")]), 0);
        assert_eq!(count(&[("Server", "other"), ("Wechatpay-Timestamp", "1722415322")]), 1);
        assert_eq!(count(&[("Server", "nginx"), ("Wechatpay-Timestamp", "now")]), 1);
        assert_eq!(count(&[("Server", "nginx")]), 1);
        assert_eq!(count(&[("server", "nginx"), ("Wechatpay-Timestamp", "1722415322")]), 1);
    }
}
