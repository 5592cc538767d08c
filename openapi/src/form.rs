//! Forms, `multipart/form-data`: the bodies of uploads.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{ContractError, FieldError, Location, Schema, inline::inline, schema::value_of};

/// The part of a form that the signature covers: a text that holds JSON.
const META: &str = "meta";

/// A form: an object with a field for each part. The part `meta` is a text that holds JSON; files are of the media type
/// `application/octet-stream`.
#[derive(Debug)]
pub struct Form {
    schema: Schema,
    meta: Option<Schema>,
}

impl Form {
    pub(crate) fn read(document: &Value, schema: &Value) -> Result<Self, ContractError> {
        let mut schema = inline(document, schema)?;
        // The JSON in `meta` is checked by itself.
        let part = schema.pointer_mut("/properties/meta").and_then(Value::as_object_mut);
        let meta = part.and_then(|part| part.remove("contentSchema"));
        let meta = meta.map(|meta| Schema::read(&Value::Null, &meta)).transpose()?;
        Ok(Self { schema: Schema::read(&Value::Null, &schema)?, meta })
    }

    /// The schema of the form as an object.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema of the JSON in the part `meta`.
    pub fn meta(&self) -> Option<&Schema> {
        self.meta.as_ref()
    }

    /// Whether the part with this name is a file.
    pub fn is_file(&self, name: &str) -> bool {
        self.schema.as_value()["properties"][name]["contentMediaType"] == "application/octet-stream"
    }

    /// The names of its files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let parts = self.schema.as_value()["properties"].as_object().into_iter().flatten();
        parts.map(|(name, _)| name.as_str()).filter(|name| self.is_file(name))
    }

    /// Checks the parts of a form, the text of each by its name, and returns those that are neither files nor `meta`, which
    /// has a schema of its own. For a file, any text will do.
    ///
    /// # Errors
    /// The first rule that the form breaks.
    pub fn check(&self, parts: &BTreeMap<&str, &str>) -> Result<Map<String, Value>, Box<FieldError>> {
        let fields = &self.schema.as_value()["properties"];
        let read = |(name, text): (&&str, &&str)| ((*name).to_owned(), value_of(&fields[*name], text));
        let mut values: Map<_, _> = parts.iter().map(read).collect();
        self.schema.check_at("", &values.clone().into(), Location::Form)?;
        values.retain(|name, _| name != META && !self.is_file(name));
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Constraint;

    fn form() -> Form {
        let meta = json!({ "type": "object", "required": ["sha256"], "properties": { "sha256": {} } });
        let meta = json!({ "type": "string", "contentMediaType": "application/json", "contentSchema": meta });
        let file =
            json!({ "type": "string", "title": "图片文件", "contentMediaType": "application/octet-stream" });
        let item = json!({ "type": "integer", "title": "资料项" });
        let fields = json!({ "file": file, "meta": meta, "item_id": item });
        let schema = json!({ "type": "object", "required": ["file", "meta"], "properties": fields });
        Form::read(&Value::Null, &schema).unwrap()
    }

    #[test]
    fn a_form_has_its_required_parts_and_their_types() {
        let form = form();
        assert_eq!(form.files().collect::<Vec<_>>(), ["file"]);
        let mut parts = BTreeMap::from([("file", ""), ("meta", "{}"), ("item_id", "5")]);
        assert_eq!(form.check(&parts).map(Value::from), Ok(json!({ "item_id": 5 })));
        parts.insert("item_id", "x");
        let error = form.check(&parts).unwrap_err();
        assert_eq!((error.source_name().as_str(), error.title.as_str()), ("/item_id", "资料项"));
        for absent in ["meta", "file"] {
            let mut parts = BTreeMap::from([("file", ""), ("meta", "{}")]);
            parts.remove(absent);
            let error = form.check(&parts).unwrap_err();
            assert_eq!(
                (error.source_name(), &error.constraint),
                (format!("/{absent}"), &Constraint::Required)
            );
        }
    }

    #[test]
    fn the_json_in_meta_has_a_schema_of_its_own() {
        let form = form();
        let error = form.meta().unwrap().check(&json!({})).unwrap_err();
        assert_eq!((error.source_name().as_str(), error.constraint), ("/body/sha256", Constraint::Required));
    }
}
