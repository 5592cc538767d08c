//! JSON serialized again, in the styles of common libraries.

use std::{cmp::Ordering, fmt, iter};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// JSON that keeps the order of its keys, like the signer's own values.
pub(crate) enum Json {
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
    order: Order,
}

#[derive(Clone, Copy)]
struct Spacing {
    comma: &'static str,
    colon: &'static str,
    /// Of each level, with a line for each value; `None` for a single line.
    indentation: Option<&'static str>,
}

/// Which characters are escaped beside those that must be.
#[derive(Clone, Copy)]
struct Escapes {
    characters: &'static str,
    all_but_ascii: bool,
    has_upper_case_digits: bool,
}

/// The order of keys.
#[derive(Clone, Copy)]
enum Order {
    AsSent,
    Sorted,
    /// The order with this number, of all [`orders`].
    Numbered(usize),
}

const COMPACT: Spacing = Spacing { comma: ",", colon: ":", indentation: None };
/// As Python does.
const SPACED: Spacing = Spacing { comma: ", ", colon: ": ", indentation: None };
const SPACINGS: [Spacing; 5] = [COMPACT, SPACED, indented("  "), indented("    "), indented("\t")];

const fn indented(indentation: &'static str) -> Spacing {
    Spacing { comma: ",", colon: ": ", indentation: Some(indentation) }
}

const LEAST: Escapes = Escapes { characters: "", all_but_ascii: false, has_upper_case_digits: false };
/// As PHP and Python do.
const UNICODE: Escapes = Escapes { all_but_ascii: true, ..LEAST };
const UNICODE_UPPER_CASE: Escapes = Escapes { has_upper_case_digits: true, ..UNICODE };
const GO: Escapes = Escapes { characters: "<>&\u{2028}\u{2029}", ..LEAST };
const GSON: Escapes = Escapes { characters: "<>&='\u{2028}\u{2029}", ..LEAST };
/// As `System.Text.Json` does.
const DOTNET: Escapes = Escapes { characters: "<>&'\"+`", ..UNICODE_UPPER_CASE };

const ESCAPES: [Escapes; 6] = [LEAST, UNICODE, UNICODE_UPPER_CASE, GO, GSON, DOTNET];

/// The most bytes written for one body: enough for every style of a 16 KiB body, and for the likeliest styles of a
/// larger one. (own choice)
const WRITTEN: usize = 2 * 1024 * 1024;

/// The most orders that are tried: an object of five fields has as many. (own choice)
const MOST_ORDERS: usize = 120;

/// The body in every style, each text once; none if it is not JSON.
pub(crate) fn reserialized(body: &[u8]) -> Vec<Vec<u8>> {
    let Ok(json) = serde_json::from_slice::<Json>(body) else { return Vec::new() };
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut written = 0;
    for style in styles() {
        let text = style.write(&json, body.len() * 2);
        written += text.len();
        if !texts.contains(&text) {
            texts.push(text);
        }
        if written > WRITTEN {
            break;
        }
    }
    texts
}

/// The body with its fields in every order, in the likeliest styles; none if they have too many orders.
pub(crate) fn reordered(body: &[u8]) -> Vec<Vec<u8>> {
    let Ok(json) = serde_json::from_slice::<Json>(body) else { return Vec::new() };
    let orders = orders(&json);
    if orders > MOST_ORDERS {
        return Vec::new();
    }
    let styles = [COMPACT, SPACED].into_iter().flat_map(|spacing| {
        [LEAST, UNICODE, GO].into_iter().flat_map(move |escapes| {
            let order = (0..orders).map(Order::Numbered);
            order.map(move |order| Style { spacing, escapes, escapes_slashes: false, order })
        })
    });
    let texts = styles.map(|style| style.write(&json, body.len() * 2));
    let mut room = WRITTEN;
    let has_room = |text: &Vec<u8>| {
        let had = room > 0;
        room = room.saturating_sub(text.len());
        had
    };
    texts.take_while(has_room).collect()
}

/// The body with the fields of each object in the order of these keys, and others after them, in the likeliest styles;
/// none if it is not JSON.
pub(crate) fn in_order(body: &[u8], keys: &[&str]) -> Vec<Vec<u8>> {
    let Ok(mut json) = serde_json::from_slice::<Json>(body) else { return Vec::new() };
    json.sort(keys);
    let styles = [LEAST, UNICODE].into_iter().flat_map(|escapes| {
        let order = Order::AsSent;
        [false, true].map(|escapes_slashes| Style { spacing: COMPACT, escapes, escapes_slashes, order })
    });
    styles.map(|style| style.write(&json, body.len() * 2)).collect()
}

/// The text as a JSON string.
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    Value::from(text).to_string().into()
}

/// How the signed JSON differs from the one that was sent.
pub(crate) fn variants(sent: &[u8], signed: &[u8]) -> Vec<&'static str> {
    let [before, after] = [sent, signed].map(Looks::of);
    let spacing = match after.spaces.cmp(&before.spaces) {
        Ordering::Greater if after.lines > before.lines => Some("indented"),
        Ordering::Greater => Some("spaced"),
        Ordering::Less => Some("compact"),
        Ordering::Equal => None,
    };
    let escapes = match after.escapes.cmp(&before.escapes) {
        Ordering::Greater => Some("escaped"),
        Ordering::Less => Some("unescaped"),
        Ordering::Equal => None,
    };
    let keys = |text| serde_json::from_slice::<Json>(text).map(|json| json.keys()).unwrap_or_default();
    let order = match (keys(sent), keys(signed)) {
        (before, after) if before == after => None,
        (_, after) if after.iter().all(|keys| keys.is_sorted()) => Some("sorted"),
        _ => Some("reordered"),
    };
    [spacing, escapes, order].into_iter().flatten().collect()
}

/// What can be counted in a JSON text.
#[derive(Default)]
struct Looks {
    /// White space between values.
    spaces: usize,
    /// Those that are newlines.
    lines: usize,
    /// Backslashes that begin an escape.
    escapes: usize,
}

impl Looks {
    fn of(text: &[u8]) -> Self {
        let mut looks = Self::default();
        let mut is_in_string = false;
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => is_in_string = !is_in_string,
                b'\\' => {
                    looks.escapes += 1;
                    bytes.next();
                }
                b' ' | b'\t' | b'\r' | b'\n' if !is_in_string => {
                    looks.spaces += 1;
                    looks.lines += usize::from(*byte == b'\n');
                }
                _ => {}
            }
        }
        looks
    }
}

/// Every style, the likeliest first.
fn styles() -> impl Iterator<Item = Style> {
    let spacings_and_escapes =
        SPACINGS.into_iter().flat_map(|spacing| ESCAPES.map(|escapes| (spacing, escapes)));
    spacings_and_escapes.flat_map(|(spacing, escapes)| {
        [(false, Order::AsSent), (false, Order::Sorted), (true, Order::AsSent), (true, Order::Sorted)]
            .map(|(escapes_slashes, order)| Style { spacing, escapes, escapes_slashes, order })
    })
}

/// The number of orders that the fields of all objects can have together.
fn orders(json: &Json) -> usize {
    match json {
        Json::Literal(_) | Json::Text(_) => 1,
        Json::List(items) => items.iter().map(orders).fold(1, usize::saturating_mul),
        Json::Object(fields) => {
            let own = (1..=fields.len()).fold(1, usize::saturating_mul);
            fields.iter().map(|(_, value)| orders(value)).fold(own, usize::saturating_mul)
        }
    }
}

impl Json {
    /// Puts the fields of each object in the order of these keys, and others after them.
    fn sort(&mut self, keys: &[&str]) {
        match self {
            Self::Literal(_) | Self::Text(_) => {}
            Self::List(items) => items.iter_mut().for_each(|item| item.sort(keys)),
            Self::Object(fields) => {
                fields.sort_by_key(|(name, _)| keys.iter().position(|key| key == name).unwrap_or(keys.len()));
                fields.iter_mut().for_each(|(_, value)| value.sort(keys));
            }
        }
    }

    /// The keys of each object, in their order.
    fn keys(&self) -> Vec<Vec<String>> {
        match self {
            Self::Literal(_) | Self::Text(_) => Vec::new(),
            Self::List(items) => items.iter().flat_map(Self::keys).collect(),
            Self::Object(fields) => {
                let own: Vec<_> = fields.iter().map(|(key, _)| key.clone()).collect();
                [own].into_iter().chain(fields.iter().flat_map(|(_, value)| value.keys())).collect()
            }
        }
    }
}

impl Style {
    fn write(self, json: &Json, capacity: usize) -> Vec<u8> {
        let mut writer = Writer { style: self, out: String::with_capacity(capacity) };
        writer.value(json, 0);
        writer.out.into()
    }
}

/// A text in the making.
struct Writer {
    style: Style,
    out: String,
}

impl Writer {
    fn value(&mut self, json: &Json, depth: usize) {
        match json {
            Json::Literal(literal) => self.out.push_str(literal),
            Json::Text(text) => self.text(text),
            Json::List(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.begin_value(index, depth + 1);
                    self.value(item, depth + 1);
                }
                self.end_values(items.len(), depth);
                self.out.push(']');
            }
            Json::Object(fields) => {
                self.out.push('{');
                for (index, (key, value)) in self.ordered(fields).into_iter().enumerate() {
                    self.begin_value(index, depth + 1);
                    self.text(key);
                    self.out.push_str(self.style.spacing.colon);
                    self.value(value, depth + 1);
                }
                self.end_values(fields.len(), depth);
                self.out.push('}');
            }
        }
    }

    /// The fields of an object in their order. A number is spent digit by digit, so that each object has all its orders
    /// with all those of the others.
    fn ordered<'j>(&mut self, fields: &'j [(String, Json)]) -> Vec<&'j (String, Json)> {
        let mut fields: Vec<_> = fields.iter().collect();
        match &mut self.style.order {
            Order::AsSent => {}
            Order::Sorted => fields.sort_by_key(|(key, _)| key),
            Order::Numbered(number) => {
                for left in 2..=fields.len() {
                    fields.swap(left - 1, *number % left);
                    *number /= left;
                }
            }
        }
        fields
    }

    fn begin_value(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push_str(self.style.spacing.comma);
        }
        self.begin_line(depth);
    }

    fn end_values(&mut self, count: usize, depth: usize) {
        if count > 0 {
            self.begin_line(depth);
        }
    }

    fn begin_line(&mut self, depth: usize) {
        if let Some(indentation) = self.style.spacing.indentation {
            self.out.push('\n');
            self.out.extend(iter::repeat_n(indentation, depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                _ if self.style.escapes.include(character) => self.escape(character),
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '/' if self.style.escapes_slashes => self.out.push_str("\\/"),
                '\0'..' ' => self.escape(character),
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            self.out.push_str(&match self.style.escapes.has_upper_case_digits {
                true => format!("\\u{unit:04X}"),
                false => format!("\\u{unit:04x}"),
            });
        }
    }
}

impl Escapes {
    fn include(self, character: char) -> bool {
        !character.is_ascii_alphanumeric()
            && (self.characters.contains(character) || self.all_but_ascii && !character.is_ascii())
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn json_is_reserialized_in_the_styles_of_libraries() {
        let texts = reserialized("{\"b\":\"钻/\\n\",\"a\":[1,{}],\"c\":\"<'\"}".as_bytes());
        for expected in [
            "{\"b\": \"\\u94bb/\\n\", \"a\": [1, {}], \"c\": \"<'\"}",
            "{\"b\":\"\\u94bb\\/\\n\",\"a\":[1,{}],\"c\":\"<'\"}",
            "{\"a\":[1,{}],\"b\":\"钻/\\n\",\"c\":\"<'\"}",
            "{\n  \"b\": \"钻/\\n\",\n  \"a\": [\n    1,\n    {}\n  ],\n  \"c\": \"<'\"\n}",
            "{\"b\":\"\\u94BB/\\n\",\"a\":[1,{}],\"c\":\"<'\"}",
            "{\"a\":[1,{}],\"b\":\"钻/\\n\",\"c\":\"\\u003c'\"}",
            "{\"b\":\"钻/\\n\",\"a\":[1,{}],\"c\":\"\\u003c\\u0027\"}",
            "{\"b\":\"\\u94BB/\\n\",\"a\":[1,{}],\"c\":\"\\u003C\\u0027\"}",
        ] {
            assert!(texts.iter().any(|text| text == expected.as_bytes()), "{expected}");
        }
    }

    #[test]
    fn few_fields_have_every_order_together_with_those_of_inner_objects() {
        let texts = reordered(br#"{"a":{"b":1,"c":2},"d":[{"e":3,"f":4}],"g":5}"#);
        let compact: BTreeSet<_> = texts.iter().filter(|text| !text.contains(&b' ')).collect();
        assert_eq!(compact.len(), 6 * 2 * 2);
        assert!(texts.contains(&br#"{"d":[{"f":4,"e":3}],"a":{"b":1,"c":2},"g":5}"#.to_vec()));
        let many: String = (0..6).map(|key| format!(",\"{key}\":0")).collect();
        assert!(reordered(format!("{{{}}}", &many[1..]).as_bytes()).is_empty());
    }

    #[test]
    fn a_text_is_told_apart_by_its_spaces_escapes_and_order() {
        let sent = "{\"b\":\"钻 石\",\"a\":[1,{\"d\":2,\"c\":3}]}";
        let variants = |signed: &str| super::variants(sent.as_bytes(), signed.as_bytes()).join(",");
        assert_eq!(variants(&sent.replace(':', ": ")), "spaced");
        assert_eq!(variants(&sent.replace(':', ":\n  ")), "indented");
        assert_eq!(variants(&sent.replace('钻', "\\u94bb")), "escaped");
        assert_eq!(variants("{\"a\":[1,{\"c\":3,\"d\":2}],\"b\":\"钻 石\"}"), "sorted");
        assert_eq!(variants("{\"a\": [1, {\"d\":2,\"c\":3}],\"b\":\"钻 石\"}"), "spaced,reordered");
        let back = super::variants(br#"{"a": "\u0041"}"#, br#"{"a":"A"}"#);
        assert_eq!(back, ["compact", "unescaped"]);
    }
}
