//! Compares a body with the fields that a rule or an expectation wants.

use serde_json::Value;

/// Reports how a body differs from the wanted fields: each place with the value that is wanted there, and the one found if any.
/// An object may have other members, also within an array; an array must have the same number of items, and any other
/// value must be equal.
pub(crate) fn compare(
    wanted: &Value,
    found: &Value,
    pointer: &str,
    report: &mut impl FnMut(&str, &Value, Option<&Value>),
) {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, wanted) in wanted {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match members.get(name) {
                    Some(found) => compare(wanted, found, &pointer, report),
                    None => report(&pointer, wanted, None),
                }
            }
        }
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(items).enumerate() {
                compare(wanted, found, &format!("{pointer}/{at}"), report);
            }
        }
        _ if wanted == found => {}
        _ => report(pointer, wanted, Some(found)),
    }
}

/// Whether a body has the wanted fields.
pub(crate) fn matches(wanted: &Value, found: &Value) -> bool {
    let mut is_match = true;
    compare(wanted, found, "", &mut |_, _, _| is_match = false);
    is_match
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn additional_members_do_not_matter() {
        assert!(matches(&json!({ "a": { "b": 1 } }), &json!({ "a": { "b": 1, "c": 2 }, "d": 3 })));
    }

    #[test]
    fn each_difference_is_named_by_its_pointer() {
        let wanted = json!({ "a": 1, "b": [1, 2], "c/d": "x", "e": [1] });
        let found = json!({ "a": 2, "b": [1, 3], "e": [1, 2] });
        let mut differences = Vec::new();
        compare(&wanted, &found, "/body", &mut |at, wanted, found| {
            differences.push((at.to_owned(), wanted.clone(), found.cloned()));
        });
        let expected = [
            ("/body/a".into(), json!(1), Some(json!(2))),
            ("/body/b/1".into(), json!(2), Some(json!(3))),
            ("/body/c~1d".into(), json!("x"), None),
            ("/body/e".into(), json!([1]), Some(json!([1, 2]))),
        ];
        assert_eq!(differences, expected);
        assert!(!matches(&wanted, &found));
    }

    #[test]
    fn an_object_within_an_array_may_have_other_members_too() {
        assert!(matches(&json!([{ "a": 1 }]), &json!([{ "a": 1, "b": 2 }])));
    }
}
