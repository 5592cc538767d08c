//! The contract as OpenAPI documents.

use serde_json::{Map, Value, json};

use crate::{Contract, Operation, built_in::COMMON};

impl Contract {
    /// The whole contract as an OpenAPI document.
    ///
    /// The built-in one is put together at each call, which takes some tenths of a second: with the headers of every
    /// signed response, the refusal that every operation has, and the events as webhooks.
    pub fn document(&self) -> String {
        match &self.document {
            Some(document) => document.to_string(),
            None => {
                let mut document = document(self.operations(), COMMON["info"].clone());
                let webhooks =
                    self.events().into_iter().map(|event| (event.event_type.clone(), event.described()));
                document["webhooks"] = webhooks.collect::<Map<_, _>>().into();
                document.to_string()
            }
        }
    }

    /// The operations of a family as an OpenAPI document that can be used on its own; `None` if there is no such
    /// family.
    pub fn family_document(&self, name: &str) -> Option<String> {
        let of_family: Vec<_> =
            self.operations.iter().filter(|operation| operation.family() == name).collect();
        if of_family.is_empty() || name.is_empty() {
            return None;
        }
        if let Some(document) = &self.document {
            // A document has one family at most.
            return Some(document.to_string());
        }
        let mut info = COMMON["info"].clone();
        info["x-family"] = name.into();
        Some(document(of_family, info).to_string())
    }
}

fn document<'o>(operations: impl IntoIterator<Item = &'o Operation>, info: Value) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let item = paths.entry(operation.path().as_str()).or_insert_with(|| json!({}));
        item[operation.method().as_str().to_lowercase()] = described(operation);
    }
    let mut document = COMMON.clone();
    document["openapi"] = "3.1.0".into();
    document["info"] = info;
    document["paths"] = paths.into();
    document
}

/// The description of an operation, with the headers of its signed responses.
fn described(operation: &Operation) -> Value {
    let mut description = operation.source();
    let responses = description.as_object_mut().map(|description| description.entry("responses"));
    if let Some(responses) =
        responses.and_then(|responses| responses.or_insert_with(|| json!({})).as_object_mut())
    {
        responses.entry("default").or_insert_with(|| json!({ "$ref": "#/components/responses/refusal" }));
    }
    if description["x-mock"]["signed"] == false {
        return description;
    }
    let names = COMMON["components"]["headers"].as_object().into_iter().flatten().map(|(name, _)| name);
    let headers: Map<_, _> =
        names.map(|name| (name.clone(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect();
    for (status, response) in description["responses"].as_object_mut().into_iter().flatten() {
        if status.starts_with('2') {
            response["headers"] = headers.clone().into();
        }
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Value {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn the_document_describes_every_operation_with_headers_and_refusal() {
        let document = read(&Contract::current().document());
        let items = document["paths"].as_object().unwrap().values();
        let operations: Vec<_> = items.flat_map(|item| item.as_object().unwrap().values()).collect();
        assert_eq!(operations.len(), Contract::current().operations().len());
        for operation in operations {
            let responses = operation["responses"].as_object().unwrap();
            assert_eq!(responses["default"]["$ref"], "#/components/responses/refusal");
            let is_signed = operation["x-mock"]["signed"] != false;
            let of_success = responses.iter().filter(|(status, _)| status.starts_with('2'));
            assert!(of_success.into_iter().all(|(_, response)| response["headers"].is_object() == is_signed));
        }
        let events = Contract::current().events().into_iter().map(|event| event.event_type.as_str());
        assert!(events.eq(document["webhooks"].as_object().unwrap().keys()));
    }

    #[test]
    fn a_document_of_a_family_is_a_contract_of_its_own() {
        let family = Contract::current().family_document("certificates").unwrap();
        assert_eq!(read(&family)["info"]["x-family"], "certificates");
        let contract = Contract::parse(&family).unwrap();
        assert_eq!(contract.operation_ids().collect::<Vec<_>>(), ["list_certificates"]);
        assert_eq!(read(&contract.document()), read(&family));
        assert_eq!(
            contract.family_document("certificates").as_ref().map(|text| read(text)),
            Some(read(&family))
        );
        assert!(contract.family_document("none").is_none() && contract.family_document("").is_none());
    }
}
