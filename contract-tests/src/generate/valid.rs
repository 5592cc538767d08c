//! Values that a schema allows.

use proptest::{bool, collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value};

use super::schema::{Integers, List, Object, Schema, Values};

/// The usual maximum number of items in a list, unless the schema requires more.
const USUAL_ITEMS: usize = 3;

impl Schema {
    /// Values that break none of its rules.
    pub(super) fn valid(&self) -> BoxedStrategy<Value> {
        match &self.values {
            Values::Boolean => bool::ANY.prop_map(Value::from).boxed(),
            Values::Integer(integers) => integers.valid().prop_map(Value::from).boxed(),
            Values::Number => select(vec![Value::from(0), 1.into(), 0.5.into(), (-7).into()]).boxed(),
            Values::Json { schema, max } => {
                let max = max.unwrap_or(usize::MAX);
                let texts = schema.valid().prop_map(|value| value.to_string());
                // Control characters are six in JSON.
                let texts =
                    texts.prop_filter("the text is short enough", move |text| text.chars().count() <= max);
                texts.prop_map(Value::from).boxed()
            }
            Values::Text(text) => text.valid().prop_map(Value::from).boxed(),
            Values::Choice(choice) => select(choice.members.clone()).boxed(),
            Values::List(list) => list.beginning_with(Vec::new()),
            Values::Object(object) => object.with(&[]),
        }
    }
}

impl Integers {
    fn valid(&self) -> BoxedStrategy<i64> {
        let (least, most) = (self.min.unwrap_or(i64::MIN), self.max.unwrap_or(i64::MAX));
        let small = least.max(-1000)..=most.min(1000);
        let any = least..=most;
        let any = prop_oneof![2 => any, 1 => Just(least), 1 => Just(most)];
        if small.is_empty() { any.boxed() } else { prop_oneof![small, any].boxed() }
    }
}

impl List {
    /// Lists that begin with these items; valid ones follow.
    pub(super) fn beginning_with(&self, first: Vec<BoxedStrategy<Value>>) -> BoxedStrategy<Value> {
        let least = self.min.saturating_sub(first.len());
        let most = self.max.unwrap_or(self.min.max(1) + USUAL_ITEMS).saturating_sub(first.len());
        let rest = vec(self.item.valid(), least..=most.min(least + USUAL_ITEMS));
        let list = (first, rest).prop_map(|(first, rest)| Value::Array([first, rest].concat()));
        list.boxed()
    }

    /// Lists of `length` valid items.
    pub(super) fn of_length(&self, length: usize) -> BoxedStrategy<Value> {
        vec(self.item.valid(), length).prop_map(Value::Array).boxed()
    }
}

/// A field of an object, and its values; `None` leaves it out.
pub(super) type Fixed = (String, Option<BoxedStrategy<Value>>);

impl Object {
    /// Objects with these fields fixed. The others have valid values; those that are not required may be absent.
    pub(super) fn with(&self, fixed: &[Fixed]) -> BoxedStrategy<Value> {
        let is_free = |name: &str| fixed.iter().all(|(taken, _)| taken != name);
        let free = self.fields.iter().filter(|field| is_free(&field.name)).map(|field| {
            let values = field.schema.valid();
            let values =
                if field.is_required { values.prop_map(Some).boxed() } else { option::of(values).boxed() };
            (Just(field.name.clone()), values).boxed()
        });
        let fixed = fixed.iter().filter_map(|(name, values)| {
            let values = values.clone()?.prop_map(Some);
            Some((Just(name.clone()), values).boxed())
        });
        let fields: Vec<_> = free.chain(fixed).collect();
        let object = |fields: Vec<(String, Option<Value>)>| {
            let present = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(Map::from_iter(present))
        };
        fields.prop_map(object).boxed()
    }
}
