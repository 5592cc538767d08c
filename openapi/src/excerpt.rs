//! How much of a value an error shows.

use serde_json::Value;

/// The most undocumented fields that an error names, and the most objects with such errors. (own choice)
pub(crate) const MAX_NAMES: usize = 100;

/// Characters of an undocumented field's name that an error shows. (own choice)
pub(crate) const NAME_SHOWN: usize = 128;

/// Characters of a value's JSON that an error shows. (own choice)
pub(crate) const VALUE_SHOWN: usize = 4096;

/// The value, or the beginning of its JSON if that is long, so that an error stays small.
pub(crate) fn excerpt(value: &Value) -> Value {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_SHOWN) {
        None => value.clone(),
        Some(_) => beginning(&text, VALUE_SHOWN).into(),
    }
}

/// The text, or `most` characters of it and `…`.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
