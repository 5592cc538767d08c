//! Compares a body with the fields that a rule or an expectation wants.

use serde_json::Value;

/// How a body differs from the wanted fields, one text for each difference. An object may have other members, also
/// within an array; an array must have the same number of items, and any other value must be equal.
pub(crate) fn differences(wanted: &Value, found: &Value, pointer: &str) -> Vec<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(members)) => wanted
            .iter()
            .flat_map(|(name, wanted)| {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match members.get(name) {
                    Some(found) => differences(wanted, found, &pointer),
                    None => vec![format!("{pointer}: expected {wanted}, found none")],
                }
            })
            .collect(),
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => wanted
            .iter()
            .zip(items)
            .enumerate()
            .flat_map(|(at, (wanted, found))| differences(wanted, found, &format!("{pointer}/{at}")))
            .collect(),
        _ if wanted == found => Vec::new(),
        _ => vec![format!("{pointer}: expected {wanted}, found {found}")],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn additional_members_do_not_matter() {
        assert!(
            differences(&json!({ "a": { "b": 1 } }), &json!({ "a": { "b": 1, "c": 2 }, "d": 3 }), "")
                .is_empty()
        );
    }

    #[test]
    fn each_difference_is_named_by_its_pointer() {
        let wanted = json!({ "a": 1, "b": [1, 2], "c/d": "x", "e": [1] });
        let found = json!({ "a": 2, "b": [1, 3], "e": [1, 2] });
        let expected = [
            "/body/a: expected 1, found 2",
            "/body/b/1: expected 2, found 3",
            "/body/c~1d: expected \"x\", found none",
            "/body/e: expected [1], found [1,2]",
        ];
        assert_eq!(differences(&wanted, &found, "/body"), expected);
    }

    #[test]
    fn an_object_within_an_array_may_have_other_members_too() {
        assert!(differences(&json!([{ "a": 1 }]), &json!([{ "a": 1, "b": 2 }]), "").is_empty());
    }
}
