//! The values in a body, in their order, each with its place.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use wechatpay_texts::text;

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    /// A JSON pointer, or the name of a header.
    pub(super) at: String,
    pub(super) value: Scalar,
}

/// A text, number, boolean or `null`; or an object or array without content.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scalar(Value);

impl Leaf {
    pub(super) fn of_text(at: &str, text: &str) -> Self {
        Self { at: at.into(), value: Scalar(text.into()) }
    }
}

impl Scalar {
    /// A text without quotes, or JSON.
    pub(super) fn text(&self) -> String {
        self.0.as_str().map_or_else(|| self.0.to_string(), str::to_owned)
    }

    /// Whether both are texts, both numbers, and so on.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.0) == std::mem::discriminant(&other.0)
    }
}

/// The values of a JSON text; none of an empty text.
pub(super) fn of(body: &str) -> Result<Vec<Leaf>, String> {
    let mut found = Vec::new();
    if body.is_empty() {
        return Ok(found);
    }
    let mut json = serde_json::Deserializer::from_str(body);
    Place { at: String::new(), found: &mut found }
        .deserialize(&mut json)
        .map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    if has_spaces(body) {
        found.push(Leaf::of_text("", "spaces outside of texts"));
    }
    Ok(found)
}

/// The values of a bill, by the name of their column; and its two lines of names.
pub(super) fn of_bill(bill: &str) -> Result<Vec<Leaf>, String> {
    let Some(lines) = bill.strip_prefix('\u{feff}').and_then(|bill| bill.strip_suffix("\r\n")) else {
        return Err(text!("expected a byte-order mark at the beginning and CR LF at the end"));
    };
    let lines: Vec<_> = lines.split("\r\n").collect();
    let (&[names, ref rows @ .., total_names, totals], true) = (lines.as_slice(), lines.len() > 3) else {
        return Err(text!("expected at least four lines, found {count}", count = lines.len()));
    };
    let row = |names: &str, line: &str| {
        let (names, values): (Vec<_>, Vec<_>) = (names.split(',').collect(), line.split(",`").collect());
        let leaf = |(name, value): (&&str, &&str)| Leaf::of_text(&format!("/{name}"), value);
        let more = Leaf::of_text("columns", &values.len().to_string());
        names.iter().zip(&values).map(leaf).chain([more]).collect::<Vec<_>>()
    };
    let mut found = vec![Leaf::of_text("names", names)];
    rows.iter().for_each(|line| found.extend(row(names, line)));
    found.push(Leaf::of_text("names of totals", total_names));
    found.extend(row(total_names, totals));
    Ok(found)
}

fn has_spaces(json: &str) -> bool {
    let (mut in_text, mut is_escaped) = (false, false);
    json.chars().any(|char| {
        let was_escaped = is_escaped;
        is_escaped = in_text && char == '\\' && !was_escaped;
        if char == '"' && !was_escaped {
            in_text = !in_text;
        }
        !in_text && char.is_ascii_whitespace()
    })
}

/// Where the next value is, and where it goes.
struct Place<'f> {
    at: String,
    found: &'f mut Vec<Leaf>,
}

impl Place<'_> {
    fn is(self, value: Value) {
        self.found.push(Leaf { at: self.at, value: Scalar(value) });
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.is(text.into());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.is(number.into());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.is(number.into());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.is(number.into());
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.is(value.into());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.is(Value::Null);
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut is_empty = true;
        while let Some(name) = map.next_key::<String>()? {
            is_empty = false;
            map.next_value_seed(Place { at: format!("{}/{name}", self.at), found: self.found })?;
        }
        if is_empty {
            self.is(Value::Object(serde_json::Map::new()));
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let mut count = 0;
        while items
            .next_element_seed(Place { at: format!("{}/{count}", self.at), found: self.found })?
            .is_some()
        {
            count += 1;
        }
        if count == 0 {
            self.is(Value::Array(Vec::new()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<(String, String)> {
        of(body).unwrap().into_iter().map(|leaf| (leaf.at, leaf.value.text())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(at, value)| ((*at).into(), (*value).into())).collect()
    }

    #[test]
    fn values_keep_their_order_and_their_types() {
        let body = r#"{"b":{"z":1,"a":[]},"a":["x y",null]}"#;
        assert_eq!(found(body), pairs(&[("/b/z", "1"), ("/b/a", "[]"), ("/a/0", "x y"), ("/a/1", "null")]));
        assert_eq!(found(""), []);
        assert!(of("{").is_err());
        assert!(!of("\"1\"").unwrap()[0].value.is_like(&of("1").unwrap()[0].value));
    }

    #[test]
    fn spaces_outside_of_texts_are_noticed() {
        assert_eq!(found(r#"{"a": 1}"#).len(), 2);
        assert_eq!(found(r#"{"a":"\" \\"}"#).len(), 1);
    }

    #[test]
    fn a_bill_has_values_by_column() {
        let bill = "\u{feff}a,b\r\n`1,`2,3\r\nsum\r\n`1\r\n";
        let found: Vec<_> =
            of_bill(bill).unwrap().into_iter().map(|leaf| (leaf.at, leaf.value.text())).collect();
        let expected = [
            ("names", "a,b"),
            ("/a", "`1"),
            ("/b", "2,3"),
            ("columns", "2"),
            ("names of totals", "sum"),
            ("/sum", "`1"),
            ("columns", "1"),
        ];
        assert_eq!(found, pairs(&expected));
        assert!(of_bill("a\r\n").is_err());
    }
}
