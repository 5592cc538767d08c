//! Values that break exactly one rule of a schema.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use wechatpay_openapi::JsonType;

use super::{
    json_type::values_of_other_types,
    schema::{Choice, Field, Integers, List, Object, Schema, Values},
    text::Text,
    violation::Rule,
};

/// Values that break a rule of a schema, and no other.
#[derive(Clone, Debug)]
pub(super) struct InvalidValues {
    /// The field, as a JSON pointer within the value: `/guide/staff_name`.
    pub(super) pointer: String,
    /// The field's name in the gateway's messages.
    pub(super) title: String,
    pub(super) rule: Rule,
    pub(super) values: BoxedStrategy<Value>,
}

type RuleAndValues = (Rule, BoxedStrategy<Value>);

impl Schema {
    /// Every way to break one of its rules.
    pub(super) fn invalid(&self) -> Vec<InvalidValues> {
        let of_this = |(rule, values)| InvalidValues {
            pointer: String::new(),
            title: self.title.clone(),
            rule,
            values,
        };
        let mut invalid: Vec<_> = self.wrong_types().into_iter().map(of_this).collect();
        match &self.values {
            Values::Boolean | Values::Number => {}
            Values::Json { .. } => invalid.push(of_this((Rule::Content, Just(Value::from("{")).boxed()))),
            Values::Integer(integers) => invalid.extend(integers.invalid().into_iter().map(of_this)),
            Values::Text(text) => invalid.extend(text.invalid().into_iter().map(of_this)),
            Values::Choice(choice) => invalid.extend(not_among(choice).map(of_this)),
            Values::List(list) => {
                invalid.extend(list.wrong_lengths().into_iter().map(of_this));
                invalid.extend(list.invalid_items());
            }
            Values::Object(object) => invalid.extend(object.invalid()),
        }
        invalid
    }

    fn wrong_types(&self) -> Vec<RuleAndValues> {
        let expected = self.json_type();
        let null = (!self.is_nullable).then(|| (Rule::Null { expected }, Just(Value::Null).boxed()));
        let others = (Rule::Type { expected }, values_of_other_types(expected));
        null.into_iter().chain([others]).collect()
    }
}

impl Integers {
    fn invalid(&self) -> Vec<RuleAndValues> {
        let expected = self.kind;
        let mut invalid = vec![(Rule::Fraction { expected }, self.fractions())];
        if self.is_strict {
            invalid.push((Rule::Beyond64Bits { expected }, beyond_64_bits(expected)));
        }
        // Beyond the bits of their type, integers have another type.
        if expected != JsonType::Integer {
            return invalid;
        }
        // No integer is beyond a limit at the end of the range.
        if let Some(beyond) = self.min.and_then(|min| min.checked_sub(1)) {
            invalid
                .push((Rule::Minimum, (beyond.saturating_sub(1000)..=beyond).prop_map(Value::from).boxed()));
        }
        if let Some(beyond) = self.max.and_then(|max| max.checked_add(1)) {
            invalid
                .push((Rule::Maximum, (beyond..=beyond.saturating_add(1000)).prop_map(Value::from).boxed()));
        }
        invalid
    }

    /// Numbers that are not integers, within the limits if they are wide enough.
    fn fractions(&self) -> BoxedStrategy<Value> {
        let least = self.min.unwrap_or(-1000).clamp(-1_000_000, 1_000_000);
        let wholes = least..=self.max.unwrap_or(1000).clamp(least, least + 1000);
        // For JSON Schema, 100.0 is an integer; for the format int64 it is not.
        let fractions = if self.is_strict { vec![0.0, 0.25, 0.5] } else { vec![0.25, 0.5] };
        let number = |(integral, fraction): (i64, f64)| json!(integral as f64 + fraction);
        (wholes, select(fractions)).prop_map(number).boxed()
    }
}

/// Integers that do not fit into the bits of their type.
fn beyond_64_bits(kind: JsonType) -> BoxedStrategy<Value> {
    let above = match kind {
        JsonType::Uint64 => (i64::MIN..0).prop_map(Value::from).boxed(),
        JsonType::Int32 => (i64::from(i32::MAX) + 1..=i64::MAX).prop_map(Value::from).boxed(),
        _ => (i64::MAX as u64 + 1..=u64::MAX).prop_map(Value::from).boxed(),
    };
    let far = select(vec![1e19, -1e19, 1e300, -1e300]).prop_map(Value::from);
    prop_oneof![above, far].boxed()
}

impl Text {
    fn invalid(&self) -> Vec<RuleAndValues> {
        let limit = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
        let is_in_bytes = self.is_in_bytes;
        let too_long = Rule::TooLong { limit: limit(self.max.unwrap_or(usize::MAX)), is_in_bytes };
        let all = [
            (Rule::TooShort { limit: limit(self.min), is_in_bytes }, self.too_short()),
            (too_long, self.too_long()),
            (Rule::Pattern, self.unmatched()),
            (Rule::FourByteCharacter, self.with_four_bytes()),
        ];
        let possible = all.into_iter().filter_map(|(rule, texts)| Some((rule, texts?)));
        possible.map(|(rule, texts)| (rule, texts.prop_map(Value::from).boxed())).collect()
    }
}

/// Values of the same type other than these, if there are any.
fn not_among(choice: &Choice) -> Option<RuleAndValues> {
    let texts = choice.members.iter().filter_map(Value::as_str);
    let like = texts.flat_map(|text| [text.to_lowercase(), format!("{text} ")]);
    let has_length = |text: &String| {
        let length = text.chars().count();
        length >= choice.min_length && choice.max_length.is_none_or(|most| length <= most)
    };
    let others: Vec<Value> = match choice.kind {
        JsonType::String => {
            let like = like.chain([String::new(), "OTHER".into(), "O".into()]);
            like.filter(has_length).map(Value::from).collect()
        }
        _ => vec![987_654_321.into()],
    };
    let others: Vec<_> = others.into_iter().filter(|value| !choice.members.contains(value)).collect();
    (!others.is_empty()).then(|| (Rule::Choice, select(others).boxed()))
}

impl List {
    fn wrong_lengths(&self) -> Vec<RuleAndValues> {
        let too_few = self.min.checked_sub(1).map(|most| (Rule::TooFewItems, self.of_length(most)));
        let too_many = self.max.map(|max| (Rule::TooManyItems, self.of_length(max + 1)));
        too_few.into_iter().chain(too_many).collect()
    }

    /// Lists whose first item is invalid.
    fn invalid_items(&self) -> Vec<InvalidValues> {
        if self.max == Some(0) {
            return Vec::new();
        }
        let within = |item: InvalidValues| InvalidValues {
            pointer: format!("/0{}", item.pointer),
            values: self.beginning_with(vec![item.values]),
            ..item
        };
        self.item.invalid().into_iter().map(within).collect()
    }
}

impl Object {
    fn invalid(&self) -> Vec<InvalidValues> {
        let fields = self.fields.iter().flat_map(|field| self.invalid_in(field));
        fields.chain(self.is_closed.then(|| self.with_unknown_field())).collect()
    }

    fn invalid_in(&self, field: &Field) -> Vec<InvalidValues> {
        let pointer = pointer_to(&field.name);
        let absent = field.is_required.then(|| InvalidValues {
            pointer: pointer.clone(),
            title: field.schema.title.clone(),
            rule: Rule::Required,
            values: self.with(&[(field.name.clone(), None)]),
        });
        let within = |invalid: InvalidValues| InvalidValues {
            pointer: format!("{pointer}{}", invalid.pointer),
            values: self.with(&[(field.name.clone(), Some(invalid.values))]),
            ..invalid
        };
        absent.into_iter().chain(field.schema.invalid().into_iter().map(within)).collect()
    }

    fn with_unknown_field(&self) -> InvalidValues {
        let is_taken = |name: &str| self.fields.iter().any(|field| field.name == name);
        let mut name = "undocumented".to_owned();
        while is_taken(&name) {
            name.push('_');
        }
        let values =
            select(vec![json!(1), json!(""), json!(false), json!(null), json!([]), json!({ "a": 1 })]);
        InvalidValues {
            pointer: pointer_to(&name),
            title: String::new(),
            rule: Rule::UnknownField,
            values: self.with(&[(name, Some(values.boxed()))]),
        }
    }
}

/// The JSON pointer from an object to its field.
fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
