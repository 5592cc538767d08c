//! Values that break exactly one rule of a schema.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    breach::BrokenRule,
    json_type::values_of_other_types,
    schema::{Field, Integers, List, Object, Schema, Values},
    text::Text,
};

/// A rule of a schema, and values that break it.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// Where in the value the field is: `/guide/staff_name`.
    pub(super) pointer: String,
    /// The field's name in the gateway's messages.
    pub(super) title: String,
    pub(super) rule: BrokenRule,
    pub(super) values: BoxedStrategy<Value>,
}

type RuleAndValues = (BrokenRule, BoxedStrategy<Value>);

impl Schema {
    /// Every way to break one of its rules.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let of_this =
            |(rule, values)| Broken { pointer: String::new(), title: self.title.clone(), rule, values };
        let mut broken: Vec<_> = self.broken_types().into_iter().map(of_this).collect();
        match &self.values {
            Values::Boolean => {}
            Values::Integer(integers) => broken.extend(integers.broken().into_iter().map(of_this)),
            Values::Text(text) => broken.extend(text.broken().into_iter().map(of_this)),
            Values::Choice(choices) => broken.push(of_this(unchosen(choices))),
            Values::List(list) => {
                broken.extend(list.broken_lengths().into_iter().map(of_this));
                broken.extend(list.broken_items());
            }
            Values::Object(object) => broken.extend(object.broken()),
        }
        broken
    }

    fn broken_types(&self) -> [RuleAndValues; 2] {
        let expected = self.json_type();
        [
            (BrokenRule::Null { expected }, Just(Value::Null).boxed()),
            (BrokenRule::Type { expected }, values_of_other_types(expected)),
        ]
    }
}

impl Integers {
    fn broken(&self) -> Vec<RuleAndValues> {
        let mut broken = vec![(BrokenRule::Fraction, self.fractions())];
        if self.is_int64 {
            broken.push((BrokenRule::Beyond64Bits, beyond_64_bits()));
        }
        // A limit at the end of the range can't be passed.
        if let Some(beyond) = self.min.and_then(|min| min.checked_sub(1)) {
            broken.push((
                BrokenRule::Minimum,
                (beyond.saturating_sub(1000)..=beyond).prop_map(Value::from).boxed(),
            ));
        }
        if let Some(beyond) = self.max.and_then(|max| max.checked_add(1)) {
            broken.push((
                BrokenRule::Maximum,
                (beyond..=beyond.saturating_add(1000)).prop_map(Value::from).boxed(),
            ));
        }
        broken
    }

    /// Numbers that are no integers, within the limits if these are wide enough.
    fn fractions(&self) -> BoxedStrategy<Value> {
        let least = self.min.unwrap_or(-1000).clamp(-1_000_000, 1_000_000);
        let wholes = least..=self.max.unwrap_or(1000).clamp(least, least + 1000);
        // JSON Schema takes 100.0 for an integer, but 64 bits of a signed integer are not written so.
        let fractions = if self.is_int64 { vec![0.0, 0.25, 0.5] } else { vec![0.25, 0.5] };
        let number = |(whole, fraction): (i64, f64)| json!(whole as f64 + fraction);
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
    fn broken(&self) -> Vec<RuleAndValues> {
        let limit = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
        let too_long = BrokenRule::TooLong { limit: limit(self.max.unwrap_or(usize::MAX)) };
        let all = [
            (BrokenRule::TooShort { limit: limit(self.min) }, self.too_short()),
            (too_long, self.too_long()),
            (BrokenRule::Pattern, self.unmatched()),
            (BrokenRule::FourByteCharacter, self.with_four_bytes()),
        ];
        let possible = all.into_iter().filter_map(|(rule, texts)| Some((rule, texts?)));
        possible.map(|(rule, texts)| (rule, texts.prop_map(Value::from).boxed())).collect()
    }
}

/// Texts that are none of these.
fn unchosen(choices: &[String]) -> RuleAndValues {
    let others = |choices: Vec<String>| {
        let like = choices.iter().flat_map(|choice| [choice.to_lowercase(), format!("{choice} ")]);
        let like: Vec<_> = like.chain([String::new(), "OTHER".into()]).collect();
        select(like).prop_filter("it is one of them", move |text| !choices.contains(text))
    };
    (BrokenRule::Choice, others(choices.to_vec()).prop_map(Value::from).boxed())
}

impl List {
    fn broken_lengths(&self) -> Vec<RuleAndValues> {
        let too_few = self.min.checked_sub(1).map(|most| (BrokenRule::TooFewItems, self.of_length(most)));
        let too_many = self.max.map(|max| (BrokenRule::TooManyItems, self.of_length(max + 1)));
        too_few.into_iter().chain(too_many).collect()
    }

    /// The first item is broken; an empty list can't have one.
    fn broken_items(&self) -> Vec<Broken> {
        if self.max == Some(0) {
            return Vec::new();
        }
        let within = |item: Broken| Broken {
            pointer: format!("/0{}", item.pointer),
            values: self.beginning_with(vec![item.values]),
            ..item
        };
        self.item.broken().into_iter().map(within).collect()
    }
}

impl Object {
    fn broken(&self) -> Vec<Broken> {
        let fields = self.fields.iter().flat_map(|field| self.broken_in(field));
        fields.chain(self.is_closed.then(|| self.with_another_field())).collect()
    }

    fn broken_in(&self, field: &Field) -> Vec<Broken> {
        let pointer = pointer_to(&field.name);
        let absent = field.is_required.then(|| Broken {
            pointer: pointer.clone(),
            title: field.schema.title.clone(),
            rule: BrokenRule::Required,
            values: self.with(&[(field.name.clone(), None)]),
        });
        let within = |broken: Broken| Broken {
            pointer: format!("{pointer}{}", broken.pointer),
            values: self.with(&[(field.name.clone(), Some(broken.values))]),
            ..broken
        };
        absent.into_iter().chain(field.schema.broken().into_iter().map(within)).collect()
    }

    fn with_another_field(&self) -> Broken {
        let is_taken = |name: &str| self.fields.iter().any(|field| field.name == name);
        let mut name = "undocumented".to_owned();
        while is_taken(&name) {
            name.push('_');
        }
        let values =
            select(vec![json!(1), json!(""), json!(false), json!(null), json!([]), json!({ "a": 1 })]);
        Broken {
            pointer: pointer_to(&name),
            title: String::new(),
            rule: BrokenRule::UnknownField,
            values: self.with(&[(name, Some(values.boxed()))]),
        }
    }
}

/// The JSON pointer from an object to its field.
fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
