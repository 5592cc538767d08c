//! A JSON body written anew, in the styles in which libraries write JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// JSON that keeps the order of its keys, as a signer's own values would.
pub(super) enum Json {
    /// `null`, `true`, `false` and numbers, as they are written.
    Word(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How JSON is written.
#[derive(Clone, Copy)]
struct Style {
    spacing: Spacing,
    is_sorted: bool,
    escapes: Escapes,
    escapes_slashes: bool,
}

#[derive(Clone, Copy)]
enum Spacing {
    Compact,
    /// `, ` and `: `, as Python does.
    Spaced,
    /// A line for each value, indented so far.
    Lines(&'static str),
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    /// What must be escaped.
    Least,
    /// All but ASCII, as PHP and Python do.
    Unicode,
    /// The same in capitals.
    UnicodeCapitals,
    /// `<`, `>` and `&`, as Go does.
    Html,
}

const SPACINGS: [Spacing; 5] =
    [Spacing::Compact, Spacing::Spaced, Spacing::Lines("  "), Spacing::Lines("    "), Spacing::Lines("\t")];
const ESCAPES: [Escapes; 4] = [Escapes::Least, Escapes::Unicode, Escapes::UnicodeCapitals, Escapes::Html];

/// The most bytes that are written for one body: every style for bodies of some 20 KiB, the compact ones and Python's
/// for larger ones.
const WRITTEN: usize = 2 * 1024 * 1024;

/// The body in every style, each text once; none if it is not JSON.
pub(super) fn rewritten(body: &[u8]) -> Vec<Vec<u8>> {
    let Ok(json) = serde_json::from_slice::<Json>(body) else { return Vec::new() };
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut written = 0;
    for style in styles() {
        let mut text = String::with_capacity(body.len() * 2);
        style.write(&json, 0, &mut text);
        written += text.len();
        if !texts.iter().any(|other| *other == text.as_bytes()) {
            texts.push(text.into());
        }
        if written > WRITTEN {
            break;
        }
    }
    texts
}

/// Every style, the likelier first.
fn styles() -> impl Iterator<Item = Style> {
    SPACINGS.into_iter().flat_map(|spacing| {
        ESCAPES.into_iter().flat_map(move |escapes| {
            [(false, false), (true, false), (false, true), (true, true)].map(
                move |(is_sorted, escapes_slashes)| Style { spacing, is_sorted, escapes, escapes_slashes },
            )
        })
    })
}

/// Text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let style = Style {
        spacing: Spacing::Compact,
        is_sorted: false,
        escapes: Escapes::Least,
        escapes_slashes: false,
    };
    style.text(text, &mut out);
    out.into()
}

impl Style {
    fn write(self, json: &Json, depth: usize, out: &mut String) {
        match json {
            Json::Word(word) => *out += word,
            Json::Text(text) => self.text(text, out),
            Json::List(items) => {
                self.enclosed(['[', ']'], items, depth, out, |item, out| self.write(item, depth + 1, out));
            }
            Json::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                if self.is_sorted {
                    fields.sort_by(|one, other| one.0.cmp(&other.0));
                }
                self.enclosed(['{', '}'], &fields, depth, out, |(key, value), out| {
                    self.text(key, out);
                    *out += if matches!(self.spacing, Spacing::Compact) { ":" } else { ": " };
                    self.write(value, depth + 1, out);
                });
            }
        }
    }

    fn enclosed<T>(
        self,
        [open, close]: [char; 2],
        items: &[T],
        depth: usize,
        out: &mut String,
        write: impl Fn(&T, &mut String),
    ) {
        out.push(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                *out += if matches!(self.spacing, Spacing::Spaced) { ", " } else { "," };
            }
            self.line(depth + 1, out);
            write(item, out);
        }
        if !items.is_empty() {
            self.line(depth, out);
        }
        out.push(close);
    }

    fn line(self, depth: usize, out: &mut String) {
        if let Spacing::Lines(indentation) = self.spacing {
            out.push('\n');
            *out += &indentation.repeat(depth);
        }
    }

    fn text(self, text: &str, out: &mut String) {
        out.push('"');
        for character in text.chars() {
            match character {
                '"' => *out += "\\\"",
                '\\' => *out += "\\\\",
                '\n' => *out += "\\n",
                '\r' => *out += "\\r",
                '\t' => *out += "\\t",
                '\u{8}' => *out += "\\b",
                '\u{c}' => *out += "\\f",
                '/' if self.escapes_slashes => *out += "\\/",
                '<' | '>' | '&' if self.escapes == Escapes::Html => self.escape(character, out),
                '\0'..' ' => self.escape(character, out),
                '\u{80}'.. if matches!(self.escapes, Escapes::Unicode | Escapes::UnicodeCapitals) => {
                    self.escape(character, out);
                }
                _ => out.push(character),
            }
        }
        out.push('"');
    }

    fn escape(self, character: char, out: &mut String) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            *out += &match self.escapes {
                Escapes::UnicodeCapitals => format!("\\u{unit:04X}"),
                _ => format!("\\u{unit:04x}"),
            };
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Word("null".into()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Word(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Word(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Word(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Word(serde_json::Value::from(value).to_string()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Json, E> {
                Ok(Json::Text(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    object.push(field);
                }
                Ok(Json::Object(object))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_rewritten_in_the_styles_of_libraries() {
        let texts = rewritten("{\"b\":\"钻/\\n\",\"a\":[1,{}]}".as_bytes());
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
