//! Reads a struct that has places beside its fields, without losing where an error in a field is.

use std::{fmt, marker::PhantomData};

use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer,
};

use super::Places;

/// A struct that has places beside its fields.
pub(crate) trait HasPlaces: Sized {
    /// Reads its fields. Any other key is an error.
    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Its places.
    fn places_mut(&mut self) -> &mut Places;
}

/// Reads a struct. Keys with a dot, which no field has, are places; whether they are well formed is checked later, like
/// everything else that a rule or an expectation says.
pub(crate) fn read<'de, T: HasPlaces, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: HasPlaces> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let mut places = Places::new();
        let fields = Fields { map, places: &mut places };
        let mut read = T::read_fields(MapAccessDeserializer::new(fields))?;
        *read.places_mut() = places;
        Ok(read)
    }
}

/// The entries of a map that are fields. Passing them on, it keeps the others.
struct Fields<'p, A> {
    map: A,
    places: &'p mut Places,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            match self.map.next_key_seed(KeySeed(&mut seed))? {
                None => return Ok(None),
                Some(Key::Field(field)) => return Ok(Some(field)),
                Some(Key::Place(place)) => {
                    let value = self.map.next_value()?;
                    if self.places.contains_key(&place) {
                        return Err(A::Error::custom(format_args!("duplicate field `{place}`")));
                    }
                    self.places.insert(place, value);
                }
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Key<F> {
    Field(F),
    Place(String),
}

/// Reads a key, with the field's own seed if it is a field's. The seed stays there for the next key otherwise.
struct KeySeed<'s, K>(&'s mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K: DeserializeSeed<'de>> Visitor<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        match self.0.take_if(|_| !key.contains('.')) {
            Some(seed) => seed.deserialize(key.into_deserializer()).map(Key::Field),
            None => Ok(Key::Place(key.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, de::Deserializer};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields, remote = "Self")]
    struct Rule {
        operation: Option<String>,
        nth: Option<u64>,
        #[serde(skip)]
        places: Places,
    }

    impl HasPlaces for Rule {
        fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::deserialize(deserializer)
        }

        fn places_mut(&mut self) -> &mut Places {
            &mut self.places
        }
    }

    fn rule(json: &str) -> Result<Rule, String> {
        read(&mut serde_json::Deserializer::from_str(json)).map_err(|error| error.to_string())
    }

    #[test]
    fn places_and_fields_are_read_in_any_order() {
        let text = r#"{"body./amount":{"total":1},"operation":"echo","path.a":"1","nth":2,"query.b":true}"#;
        let Rule { operation, nth, places } = rule(text).unwrap();
        assert_eq!((operation.as_deref(), nth), (Some("echo"), Some(2)));
        assert_eq!(json!(places), json!({ "body./amount": { "total": 1 }, "path.a": "1", "query.b": true }));
        assert!(rule("{}").unwrap().places.is_empty());
    }

    #[test]
    fn an_unknown_or_repeated_key_is_an_error() {
        let unknown = rule(r#"{"path.a":"1","nht":2}"#).unwrap_err();
        assert!(unknown.starts_with("unknown field `nht`, expected `operation` or `nth`"), "{unknown}");
        let repeated = rule(r#"{"path.a":"1","path.a":2}"#).unwrap_err();
        assert!(repeated.starts_with("duplicate field `path.a`"), "{repeated}");
        assert!(rule("[]").unwrap_err().contains("expected a map"));
    }
}
