//! The line of a mistake in the text of a document.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::ContractError;

impl ContractError {
    /// The line that it is in, counted from 1; `text` is that of the document. If the place is not in the text, the line of
    /// the innermost value around it; `None` if that is the whole document.
    pub fn line_in(&self, text: &str) -> Option<usize> {
        self.line().or_else(|| line_of(text, self.place()))
    }
}

fn line_of(text: &str, place: &[String]) -> Option<usize> {
    (1..=place.len()).rev().find_map(|depth| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let arrived = Seek(&place[..depth]).deserialize(&mut deserializer).err()?;
        Some(arrived.line()).filter(|line| *line > 0)
    })
}

/// Goes to a place and ends there with an error: serde_json tells the line of errors only.
struct Seek<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0.is_empty() { Err(D::Error::custom("here")) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            if key == self.0[0] {
                return members.next_value_seed(Seek(&self.0[1..]));
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for _ in 0..self.0[0].parse().unwrap_or(usize::MAX) {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Seek(&self.0[1..])).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "paths": {
    "/a": { "x": [{ "get": 1 }] },
    "/b": {
      "get": {
        "parameters": [
          { "name": "one" },
          {
            "name": "two" }
        ] } }
  }
}"#;

    #[test]
    fn a_place_has_the_line_of_its_key_or_item() {
        for (place, line) in [
            (&["paths"][..], 2),
            (&["paths", "/a", "x", "0", "get"], 3),
            (&["paths", "/b"], 4),
            (&["paths", "/b", "get"], 5),
            (&["paths", "/b", "get", "parameters", "0"], 7),
            (&["paths", "/b", "get", "parameters", "1", "name"], 9),
        ] {
            let place: Vec<_> = place.iter().map(ToString::to_string).collect();
            assert_eq!(line_of(TEXT, &place), Some(line), "{place:?}");
        }
    }

    #[test]
    fn a_place_that_is_not_there_has_the_line_of_what_is_around_it() {
        for (place, line) in [
            (&["none"][..], None),
            (&[], None),
            (&["paths", "/b", "get", "responses", "200"], Some(5)),
            (&["paths", "/b", "get", "parameters", "5"], Some(6)),
            (&["paths", "/b", "get", "parameters", "x"], Some(6)),
            (&["paths", "/a", "x", "0", "get", "deeper"], Some(3)),
        ] {
            let place: Vec<_> = place.iter().map(ToString::to_string).collect();
            assert_eq!(line_of(TEXT, &place), line, "{place:?}");
        }
        assert_eq!(crate::Contract::parse("{\n\n}").unwrap_err().line_in("{\n\n}"), None);
        assert_eq!(crate::Contract::parse("{\n,\n}").unwrap_err().line_in("{\n,\n}"), Some(2));
    }
}
