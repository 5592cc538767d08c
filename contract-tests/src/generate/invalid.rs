//! Values that break exactly one rule of a schema.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    json_type::values_of_other_types,
    schema::{Field, Integers, List, Object, Schema, Values},
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
            Values::Boolean => {}
            Values::Integer(integers) => invalid.extend(integers.invalid().into_iter().map(of_this)),
            Values::Text(text) => invalid.extend(text.invalid().into_iter().map(of_this)),
            Values::Choice(choices) => invalid.push(of_this(not_among(choices))),
            Values::List(list) => {
                invalid.extend(list.wrong_lengths().into_iter().map(of_this));
                invalid.extend(list.invalid_items());
            }
            Values::Object(object) => invalid.extend(object.invalid()),
        }
        invalid
    }

    fn wrong_types(&self) -> [RuleAndValues; 2] {
        let expected = self.json_type();
        [
            (Rule::Null { expected }, Just(Value::Null).boxed()),
            (Rule::Type { expected }, values_of_other_types(expected)),
        ]
    }
}

impl Integers {
    fn invalid(&self) -> Vec<RuleAndValues> {
        let mut invalid = vec![(Rule::Fraction, self.fractions())];
        if self.is_int64 {
            invalid.push((Rule::Beyond64Bits, beyond_64_bits()));
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
        let fractions = if self.is_int64 { vec![0.0, 0.25, 0.5] } else { vec![0.25, 0.5] };
        let number = |(integral, fraction): (i64, f64)| json!(integral as f64 + fraction);
        (wholes, select(fractions)).prop_map(number).boxed()
    }
}

/// Integers that do not fit into 64 bits with a sign.
fn beyond_64_bits() -> BoxedStrategy<Value> {
    let above = (i64::MAX as u64 + 1..=u64::MAX).prop_map(Value::from);
    let far = select(vec![1e19, -1e19, 1e300, -1e300]).prop_map(Value::from);
    prop_oneof![above, far].boxed()
}

impl Text {
    fn invalid(&self) -> Vec<RuleAndValues> {
        let limit = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
        let too_long = Rule::TooLong { limit: limit(self.max.unwrap_or(usize::MAX)) };
        let all = [
            (Rule::TooShort { limit: limit(self.min) }, self.too_short()),
            (too_long, self.too_long()),
            (Rule::Pattern, self.unmatched()),
            (Rule::FourByteCharacter, self.with_four_bytes()),
        ];
        let possible = all.into_iter().filter_map(|(rule, texts)| Some((rule, texts?)));
        possible.map(|(rule, texts)| (rule, texts.prop_map(Value::from).boxed())).collect()
    }
}

/// Texts other than these.
fn not_among(choices: &[String]) -> RuleAndValues {
    let others = |choices: Vec<String>| {
        let like = choices.iter().flat_map(|choice| [choice.to_lowercase(), format!("{choice} ")]);
        let like: Vec<_> = like.chain([String::new(), "OTHER".into()]).collect();
        select(like).prop_filter("it is one of them", move |text| !choices.contains(text))
    };
    (Rule::Choice, others(choices.to_vec()).prop_map(Value::from).boxed())
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
