//! Makes values from schemas: what the mock answers with.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    JsonType, Schema,
    field_error::escape,
    shape::{branches, child},
    violation,
};

/// The most items that a list gets, and the longest text that is made, whatever a schema demands. (own choice)
const MOST: usize = 4096;

/// A field that gets a value.
#[derive(Clone, Copy, Debug)]
pub struct Field<'f> {
    /// Its name; for an item of a list, that of the list; empty for the value itself.
    pub name: &'f str,
    /// Its place, as a JSON pointer.
    pub pointer: &'f str,
    /// Its schema, with `title`, `format`, `x-sensitive` and so on.
    pub schema: &'f Value,
    /// Whether it must have a value.
    pub is_required: bool,
}

impl<'f> Field<'f> {
    /// The value that its schema names: the first example, or the only one that is allowed.
    pub fn example(&self) -> Option<&'f Value> {
        let keywords = [self.schema["examples"].get(0), self.schema.get("example"), self.schema.get("const")];
        keywords.into_iter().flatten().next()
    }
}

impl Schema {
    /// Makes a value of this schema, the same at each call.
    ///
    /// A field gets the value that `with` supplies, if its schema allows that, else its example. Without either, a
    /// required field gets its default, the first member of its enum, or a value of its type and within its limits;
    /// an optional one is left out, and so is an optional object or list with `x-absent`, unless a field in it gets a
    /// supplied value. A list has one item, or as many as it must have, or none if its example is empty. `with` is asked
    /// about a list or an object before its members, and about a field again if it supplied a value that was not allowed.
    ///
    /// The value satisfies the schema, unless a required field has neither example nor default nor enum, and a rule
    /// that says more than its type, length and limits. [`Contract::parse`](crate::Contract::parse) finds such fields
    /// in answers.
    pub fn sample(&self, with: &mut dyn FnMut(&Field<'_>) -> Option<Value>) -> Value {
        let mut refused = HashSet::new();
        loop {
            let mut maker = Maker { with: &mut *with, refused: &refused, supplied: Vec::new() };
            let field = Field { name: "", pointer: "", schema: self.as_value(), is_required: true };
            let value = maker.value(&field).unwrap_or_default();
            let supplied = maker.supplied;
            if supplied.is_empty() || self.is_valid(&value) {
                return value;
            }
            let faults = violation::all(self.validator(), &value);
            let is_faulty = |supplied: &String| {
                faults.iter().any(|fault| {
                    fault.strip_prefix(supplied).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            };
            let faulty: Vec<_> = supplied.iter().filter(|pointer| is_faulty(pointer)).cloned().collect();
            // If it is their combination that is not allowed, none of them is used.
            refused.extend(if faulty.is_empty() { supplied } else { faulty });
        }
    }
}

struct Maker<'m> {
    with: &'m mut dyn FnMut(&Field<'_>) -> Option<Value>,
    /// Where supplied values are not allowed.
    refused: &'m HashSet<String>,
    /// Where supplied values were used.
    supplied: Vec<String>,
}

impl Maker<'_> {
    /// The value of a field; `None` if it is optional and there is none.
    fn value(&mut self, field: &Field<'_>) -> Option<Value> {
        if !self.refused.contains(field.pointer)
            && let Some(value) = (self.with)(field)
        {
            self.supplied.push(field.pointer.into());
            return Some(value);
        }
        let before = self.supplied.len();
        let value = match kind(field.schema) {
            Some(JsonType::Object) => self.object(field),
            Some(JsonType::Array) => self.list(field),
            _ => self.single(field),
        };
        let is_absent = field.schema["x-absent"] == true && !field.is_required;
        value.filter(|_| !is_absent || self.supplied.len() > before)
    }

    fn object(&mut self, field: &Field<'_>) -> Option<Value> {
        let mut object = Map::new();
        self.add_fields(field, field.schema, &mut object);
        if object.is_empty() {
            let example = field.example().cloned();
            return example.or_else(|| field.is_required.then(|| object.into()));
        }
        Some(object.into())
    }

    /// Adds the fields of a schema and of its branches, of alternatives those of the first.
    fn add_fields(&mut self, field: &Field<'_>, schema: &Value, object: &mut Map<String, Value>) {
        let required = || schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let properties = schema["properties"].as_object();
        let described = properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema));
        // A branch may require what only the whole describes.
        let others = required().filter(|name| properties.is_none_or(|known| !known.contains_key(*name)));
        let others = others.filter_map(|name| Some((name, child(field.schema, name)?)));
        for (name, schema) in described.chain(others) {
            let pointer = format!("{}/{}", field.pointer, escape(name));
            let is_required = required().any(|required| required == name);
            let inner = Field { name, pointer: &pointer, schema, is_required };
            if !object.contains_key(name)
                && let Some(value) = self.value(&inner)
            {
                object.insert(name.into(), value);
            }
        }
        let all = schema["allOf"].as_array().into_iter().flatten();
        let first = ["anyOf", "oneOf"].into_iter().filter_map(|keyword| schema[keyword].get(0));
        for branch in all.chain(first) {
            self.add_fields(field, branch, object);
        }
    }

    fn list(&mut self, field: &Field<'_>) -> Option<Value> {
        let schema = &field.schema["items"];
        let least = limit(field.schema, "minItems", 0);
        // The fields of objects have examples of their own.
        let is_whole = |example: &&Value| {
            kind(schema) != Some(JsonType::Object) || example.as_array().is_some_and(Vec::is_empty)
        };
        if let Some(example) = field.example().filter(is_whole) {
            return Some(example.clone());
        }
        let is_needed = field.is_required && least > 0;
        let mut items = Vec::new();
        while items.len() < least.max(1) {
            let pointer = format!("{}/{}", field.pointer, items.len());
            let item = Field { name: field.name, pointer: &pointer, schema, is_required: is_needed };
            let Some(item) = self.value(&item) else { break };
            items.push(item);
        }
        if items.is_empty() {
            let example = field.example().cloned();
            return example.or_else(|| field.is_required.then(|| items.into()));
        }
        Some(items.into())
    }

    fn single(&mut self, field: &Field<'_>) -> Option<Value> {
        if let Some(example) = field.example() {
            return Some(example.clone());
        }
        if let Some(schema) = field.schema.get("contentSchema") {
            let field = Field { schema, ..*field };
            return self.value(&field).map(|value| value.to_string().into());
        }
        field.is_required.then(|| required(field))
    }
}

/// The type of a schema, which may be evident only from its other keywords.
fn kind(schema: &Value) -> Option<JsonType> {
    JsonType::of(schema).or_else(|| {
        let has_fields = branches(schema).chain([schema]).any(|schema| schema.get("properties").is_some());
        has_fields.then_some(JsonType::Object)
    })
}

/// A value for a required field that names none.
fn required(field: &Field<'_>) -> Value {
    let schema = field.schema;
    let members = schema["enum"].as_array().into_iter().flatten();
    if let Some(value) =
        schema.get("default").into_iter().chain(members.filter(|value| !value.is_null())).next()
    {
        return value.clone();
    }
    let candidates: Vec<Value> = match JsonType::of(schema) {
        Some(JsonType::Boolean) => vec![false.into(), true.into()],
        Some(JsonType::Integer | JsonType::Int32 | JsonType::Uint64 | JsonType::Number) => {
            let limit = |keyword: &str| schema[keyword].as_number().cloned();
            let candidates = [Some(1.into()), limit("minimum"), Some(0.into()), limit("maximum")];
            candidates.into_iter().flatten().map(Value::Number).collect()
        }
        _ => texts(field).into_iter().map(|text| fitted(text, schema).into()).collect(),
    };
    let Ok(schema) = Schema::read(&Value::Null, schema) else { return Value::Null };
    let first = candidates.first().cloned().unwrap_or_default();
    candidates.into_iter().find(|value| schema.is_valid(value)).unwrap_or(first)
}

/// Texts that a field may have, the likeliest first.
fn texts<'f>(field: &Field<'f>) -> Vec<&'f str> {
    const NUMBER: &str = "1217752501201407033233368018";
    const TIME: &str = "2018-06-08T10:34:56+08:00";
    const DATE: &str = "2018-06-08";
    let ends_with = |ends: &[&str]| ends.iter().any(|end| field.name.ends_with(end));
    let likeliest = match field.schema["format"].as_str() {
        Some("date-time") => TIME,
        Some("date") => DATE,
        _ if ends_with(&["_time"]) => TIME,
        _ if ends_with(&["_date"]) => DATE,
        _ if ends_with(&["url"]) => "https://www.weixin.qq.com/",
        _ if ends_with(&["id", "_no", "code", "number"]) => NUMBER,
        _ => field.schema["title"].as_str().unwrap_or(field.name),
    };
    vec![likeliest, NUMBER, "A", "a", DATE, TIME, "20180608", "CNY"]
}

/// The limit that a keyword sets.
fn limit(schema: &Value, keyword: &str, otherwise: usize) -> usize {
    let limit = schema[keyword].as_u64().map(|limit| usize::try_from(limit).unwrap_or(MOST));
    limit.unwrap_or(otherwise).min(MOST)
}

/// The text, repeated or cut until it has a length that the schema allows.
fn fitted(text: &str, schema: &Value) -> String {
    let in_bytes = schema["x-length"] == "bytes";
    let (least, most) = (limit(schema, "minLength", 0), limit(schema, "maxLength", MOST));
    let size = |text: &str| if in_bytes { text.len() } else { text.chars().count() };
    let mut fitted = text.to_owned();
    while size(&fitted) < least && !text.is_empty() {
        fitted.push_str(text);
    }
    while size(&fitted) > most {
        fitted.pop();
    }
    fitted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(schema: &Value) -> Schema {
        Schema::read(&Value::Null, schema).unwrap()
    }

    fn order() -> Schema {
        let goods = json!({ "type": "object", "required": ["name"], "properties": {
            "name": { "type": "string", "title": "名称", "maxLength": 1 },
            "price": { "type": "integer" },
        } });
        schema(&json!({
            "type": "object", "required": ["state", "goods", "total", "paid_time"],
            "properties": {
                "state": { "type": "string", "enum": ["PAID", "CLOSED"] },
                "goods": { "type": "array", "minItems": 2, "items": goods },
                "total": { "type": "integer", "minimum": 7 },
                "paid_time": { "type": "string", "format": "date-time" },
                "out_trade_no": { "type": "string", "maxLength": 6, "examples": ["1217"] },
                "tags": { "type": "array", "examples": [["a", "b"]], "items": { "type": "string" } },
                "payer": { "type": "object", "properties": { "openid": { "type": "string" } } },
                "text": { "type": "string", "contentMediaType": "application/json", "contentSchema": {
                    "type": "object", "properties": { "a": { "type": "integer", "examples": [1] } },
                } },
            },
        }))
    }

    #[test]
    fn required_fields_and_those_with_examples_get_values() {
        let expected = json!({
            "state": "PAID",
            "goods": [{ "name": "名" }, { "name": "名" }],
            "total": 7,
            "paid_time": "2018-06-08T10:34:56+08:00",
            "out_trade_no": "1217",
            "tags": ["a", "b"],
            "text": "{\"a\":1}",
        });
        let order = order();
        let sample = order.sample(&mut |_| None);
        assert_eq!(sample, expected);
        assert_eq!(order.check(&sample), Ok(()));
    }

    #[test]
    fn a_supplied_value_is_used_if_its_schema_allows_it() {
        let order = order();
        let sample = order.sample(&mut |field| match field.pointer {
            "/out_trade_no" => Some(json!("too long")),
            "/payer/openid" => Some(json!("o1")),
            "/goods/1/price" => Some(json!("1")),
            "/goods/0/price" => Some(json!(5)),
            "/total" => Some(json!(8)),
            _ => None,
        });
        assert_eq!(sample["out_trade_no"], "1217");
        assert_eq!(sample["payer"], json!({ "openid": "o1" }));
        assert_eq!(sample["goods"], json!([{ "name": "名", "price": 5 }, { "name": "名" }]));
        assert_eq!(sample["total"], 8);
        // A whole object or list, too, and one that is faulty inside is not used at all.
        let goods = [json!([{ "name": "a" }, { "name": "b" }]), json!([{ "name": "ab" }])];
        let [good, faulty] = goods.map(|goods| {
            order.sample(&mut |field| (field.pointer == "/goods").then(|| goods.clone()))["goods"].clone()
        });
        assert_eq!((&good[1]["name"], faulty), (&json!("b"), json!([{ "name": "名" }, { "name": "名" }])));
    }

    #[test]
    fn the_first_of_alternatives_is_made() {
        let schema = schema(&json!({
            "required": ["a"],
            "properties": { "a": { "type": "boolean" }, "c": { "type": "string", "pattern": "^[0-9]{6}$", "maxLength": 6 } },
            "oneOf": [{ "required": ["b"], "properties": { "b": { "const": 1 } } }, { "required": ["d"] }],
            "allOf": [{ "required": ["c"] }],
        }));
        let sample = schema.sample(&mut |_| None);
        assert_eq!(sample, json!({ "a": false, "b": 1, "c": "121775" }));
    }

    #[test]
    fn an_absent_object_is_left_out_unless_a_field_in_it_is_supplied() {
        let coupon = json!({ "type": "object", "x-absent": true, "required": ["id", "amount"], "properties": {
            "id": { "type": "string", "maxLength": 1 }, "amount": { "type": "integer" },
        } });
        let schema = schema(&json!({ "type": "object", "properties": { "coupon": coupon } }));
        let sample = |id: &str| schema.sample(&mut |field| (field.name == "id").then(|| json!(id)));
        assert_eq!(schema.sample(&mut |_| None), json!({}));
        assert_eq!(sample("1"), json!({ "coupon": { "id": "1", "amount": 1 } }));
        assert_eq!(sample("too long"), json!({}));
    }

    #[test]
    fn a_list_of_objects_whose_example_is_empty_stays_empty() {
        let item =
            json!({ "type": "object", "properties": { "id": { "type": "string", "examples": ["1"] } } });
        let list = json!({ "type": "array", "items": item });
        let mut failed = list.clone();
        failed["examples"] = json!([[]]);
        let schema = schema(&json!({ "properties": { "done": list, "failed": failed } }));
        let sample = schema.sample(&mut |field| (field.name == "id").then(|| json!("2")));
        assert_eq!(sample, json!({ "done": [{ "id": "2" }], "failed": [] }));
    }

    #[test]
    fn values_whose_combination_is_not_allowed_are_not_used() {
        let schema = schema(&json!({
            "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } }, "maxProperties": 1,
        }));
        assert_eq!(schema.sample(&mut |field| (!field.name.is_empty()).then(|| json!(1))), json!({}));
    }
}
