//! JSON serialized again, in the styles of common libraries.

use std::{fmt, iter};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// JSON that keeps the order of its keys, like the signer's own values.
pub(super) enum Json {
    /// `null`, `true`, `false` or a number.
    Literal(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A library's style of writing JSON.
#[derive(Clone, Copy)]
struct Style {
    spacing: Spacing,
    escapes: Escapes,
    escapes_slashes: bool,
    sorts_keys: bool,
}

#[derive(Clone, Copy)]
struct Spacing {
    comma: &'static str,
    colon: &'static str,
    /// Of each level, with a line for each value; `None` for a single line.
    indentation: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    /// Only what must be escaped.
    Least,
    /// All characters but ASCII, as PHP and Python do.
    Unicode,
    /// The same with upper-case hex digits.
    UnicodeUpperCase,
    /// `<`, `>` and `&`, as Go does.
    Html,
}

const COMPACT: Spacing = Spacing { comma: ",", colon: ":", indentation: None };
/// As Python does.
const SPACED: Spacing = Spacing { comma: ", ", colon: ": ", indentation: None };
const SPACINGS: [Spacing; 5] = [COMPACT, SPACED, indented("  "), indented("    "), indented("\t")];

const ESCAPES: [Escapes; 4] = [Escapes::Least, Escapes::Unicode, Escapes::UnicodeUpperCase, Escapes::Html];

const fn indented(indentation: &'static str) -> Spacing {
    Spacing { comma: ",", colon: ": ", indentation: Some(indentation) }
}

/// The most bytes written for one body: enough for every style of a 20 KiB body, and for the likeliest styles of a
/// larger one. (own choice)
const WRITTEN: usize = 2 * 1024 * 1024;

/// The body in every style, each text once; none if it is not JSON.
pub(super) fn reserialized(body: &[u8]) -> Vec<Vec<u8>> {
    let Ok(json) = serde_json::from_slice::<Json>(body) else { return Vec::new() };
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut written = 0;
    for style in styles() {
        let mut text = String::with_capacity(body.len() * 2);
        style.write(&json, 0, &mut text);
        written += text.len();
        if texts.iter().all(|other| *other != text.as_bytes()) {
            texts.push(text.into());
        }
        if written > WRITTEN {
            break;
        }
    }
    texts
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    Value::from(text).to_string().into()
}

/// Every style, the likeliest first.
fn styles() -> impl Iterator<Item = Style> {
    let spacings_and_escapes =
        SPACINGS.into_iter().flat_map(|spacing| ESCAPES.map(|escapes| (spacing, escapes)));
    spacings_and_escapes.flat_map(|(spacing, escapes)| {
        [(false, false), (false, true), (true, false), (true, true)]
            .map(|(escapes_slashes, sorts_keys)| Style { spacing, escapes, escapes_slashes, sorts_keys })
    })
}

impl Style {
    fn write(self, json: &Json, depth: usize, out: &mut String) {
        match json {
            Json::Literal(literal) => out.push_str(literal),
            Json::Text(text) => self.text(text, out),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.begin_value(index, depth + 1, out);
                    self.write(item, depth + 1, out);
                }
                self.end_values(items.len(), depth, out);
                out.push(']');
            }
            Json::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                if self.sorts_keys {
                    fields.sort_by_key(|(key, _)| key);
                }
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    self.begin_value(index, depth + 1, out);
                    self.text(key, out);
                    out.push_str(self.spacing.colon);
                    self.write(value, depth + 1, out);
                }
                self.end_values(fields.len(), depth, out);
                out.push('}');
            }
        }
    }

    fn begin_value(self, index: usize, depth: usize, out: &mut String) {
        if index > 0 {
            out.push_str(self.spacing.comma);
        }
        self.begin_line(depth, out);
    }

    fn end_values(self, count: usize, depth: usize, out: &mut String) {
        if count > 0 {
            self.begin_line(depth, out);
        }
    }

    fn begin_line(self, depth: usize, out: &mut String) {
        if let Some(indentation) = self.spacing.indentation {
            out.push('\n');
            out.extend(iter::repeat_n(indentation, depth));
        }
    }

    fn text(self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if self.escapes_slashes => out.push_str("\\/"),
                '<' | '>' | '&' if self.escapes == Escapes::Html => self.escape(character, out),
                '\0'..' ' => self.escape(character, out),
                '\u{80}'.. if matches!(self.escapes, Escapes::Unicode | Escapes::UnicodeUpperCase) => {
                    self.escape(character, out);
                }
                _ => out.push(character),
            }
        }
        out.push('"');
    }

    fn escape(self, character: char, out: &mut String) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str(&match self.escapes {
                Escapes::UnicodeUpperCase => format!("\\u{unit:04X}"),
                _ => format!("\\u{unit:04x}"),
            });
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

macro_rules! literals {
    ($($visit:ident: $type:ty,)*) => {
        $(fn $visit<E>(self, value: $type) -> Result<Json, E> {
            Ok(Json::Literal(Value::from(value).to_string()))
        })*
    };
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    literals! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Literal("null".into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        Ok(Json::List(iter::from_fn(|| items.next_element().transpose()).collect::<Result<_, _>>()?))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        Ok(Json::Object(iter::from_fn(|| fields.next_entry().transpose()).collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_reserialized_in_the_styles_of_libraries() {
        let texts = reserialized("{\"b\":\"钻/\\n\",\"a\":[1,{}]}".as_bytes());
        for expected in [
            "{\"b\": \"\\u94bb/\\n\", \"a\": [1, {}]}",
            "{\"b\":\"\\u94bb\\/\\n\",\"a\":[1,{}]}",
            "{\"a\":[1,{}],\"b\":\"钻/\\n\"}",
            "{\n  \"b\": \"钻/\\n\",\n  \"a\": [\n    1,\n    {}\n  ]\n}",
            "{\"b\":\"\\u94BB/\\n\",\"a\":[1,{}]}",
        ] {
            assert!(texts.iter().any(|text| text == expected.as_bytes()), "{expected}");
        }
    }
}
