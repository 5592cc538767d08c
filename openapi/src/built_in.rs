//! The text of the built-in contract, which the build script makes of `fixtures/contract/`.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// The descriptions, each compressed by itself: an operation knows its place.
static DESCRIPTIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptions.bin"));

/// What all families share: information, servers, security, components.
pub(crate) static COMMON: LazyLock<Value> =
    LazyLock::new(|| json(include_bytes!(concat!(env!("OUT_DIR"), "/common.json"))));

/// The document of the events.
pub(crate) fn events() -> Value {
    json(&inflated(include_bytes!(concat!(env!("OUT_DIR"), "/events.bin"))))
}

/// The named schemas of all families, and those that they share.
pub(crate) fn schemas() -> Value {
    let mut schemas = json(include_bytes!(concat!(env!("OUT_DIR"), "/schemas.json")));
    for (name, schema) in COMMON["components"]["schemas"].as_object().into_iter().flatten() {
        schemas[name] = schema.clone();
    }
    schemas
}

/// The description at this place, with the refusal that every operation has.
pub(crate) fn description(at: usize, length: usize) -> Value {
    let mut description = json(&inflated(&DESCRIPTIONS[at..at + length]));
    description["responses"]["default"] = json!({ "$ref": "#/components/responses/refusal" });
    description
}

fn inflated(compressed: &[u8]) -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec(compressed).expect("the build script compressed it")
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("the build script wrote it")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        Action, Contract, Key, Operation, Provenance, RequestBody, Resource, ResponseBody, Schema, State,
        shape::schema_at,
    };

    #[test]
    fn every_operation_can_be_read_and_compiled_and_answered() {
        for operation in Contract::current().operations() {
            operation.check().unwrap_or_else(|error| panic!("{operation}: {error}"));
        }
    }

    #[test]
    fn every_example_of_a_request_satisfies_its_schema() {
        for operation in Contract::current().operations() {
            for parameter in operation.parameters() {
                let Some(example) = &parameter.example else { continue };
                assert!(parameter.schema.is_valid(example), "{operation} {}: {example}", parameter.name);
            }
            match (operation.request_body(), operation.example()) {
                (Some(RequestBody::Json(schema)), Some(example)) => {
                    assert_eq!(schema.check(example), Ok(()), "{operation}");
                    assert_eq!(schema.unknown(example), [], "{operation}");
                }
                (Some(RequestBody::Json(_)), None) => panic!("{operation} has no example"),
                (Some(RequestBody::Multipart(form)), Some(example)) => {
                    let meta: Value = serde_json::from_str(example["meta"].as_str().unwrap()).unwrap();
                    assert_eq!(form.meta().unwrap().check(&meta), Ok(()), "{operation}");
                }
                (Some(RequestBody::Multipart(_)) | None, _) => {}
            }
        }
    }

    #[test]
    fn a_sample_of_every_body_satisfies_its_schema() {
        for operation in Contract::current().operations() {
            let answers = operation.responses().values().filter_map(ResponseBody::schema);
            for schema in answers.chain(operation.body()) {
                let sample = schema.sample(&mut |_| None);
                assert_eq!(schema.check(&sample), Ok(()), "{operation}: {sample}");
            }
        }
    }

    #[test]
    fn documents_of_a_kind_belong_together() {
        let mut kinds = BTreeMap::<&str, Vec<(&Operation, &Resource)>>::new();
        for operation in Contract::current().operations() {
            if let Some(resource) = operation.resource() {
                kinds.entry(&resource.document).or_default().push((operation, resource));
            }
        }
        for (kind, members) in kinds {
            let families: BTreeSet<_> = members.iter().map(|(operation, _)| operation.family()).collect();
            assert_eq!(families.len(), 1, "{kind}");
            let is_created = members.iter().any(|(_, it)| it.exists || it.action == Action::Create);
            let is_read = |resource: &Resource| matches!(resource.action, Action::Read | Action::List);
            let are_changed = members.iter().any(|(_, resource)| !is_read(resource));
            assert!(members.len() > 1 && are_changed, "{kind} is kept for nothing");
            if !is_created {
                // Only the sample exists.
                let sample = |operation: &Operation, key: &Key| {
                    let parameters = operation.parameters().iter();
                    let examples: BTreeSet<_> = parameters
                        .filter(|parameter| parameter.example.is_some())
                        .map(|parameter| parameter.name.as_str())
                        .collect();
                    key.names().all(|name| examples.contains(name))
                };
                let found = members.iter().filter(|(_, it)| it.action != Action::List);
                for (operation, resource) in found {
                    assert!(sample(operation, &resource.keys[0]), "{operation}: no sample of {kind}");
                }
            }
            let states = members.iter().filter_map(|(_, resource)| resource.state.as_ref());
            let fields: BTreeSet<_> = states.clone().map(|state| state.field.as_str()).collect();
            assert!(fields.len() < 2, "{kind}: {fields:?}");
            let Some(field) = fields.first() else { continue };
            let answers = members.iter().filter_map(|(operation, resource)| match operation.listed() {
                Some(listed) => Some(listed.as_value()),
                None => {
                    let (_, body) = operation.success()?;
                    schema_at(body.schema()?.as_value(), &resource.at)
                }
            });
            let enums = answers.filter_map(|schema| schema["properties"][*field]["enum"].as_array());
            let members: Vec<_> = enums.flatten().collect();
            for state in states.flat_map(State::named) {
                assert!(
                    members.is_empty() || members.iter().any(|member| *member == state),
                    "{kind}: {state}"
                );
            }
        }
    }

    #[test]
    fn every_event_has_an_example_and_a_plan() {
        let events = Contract::current().events();
        let formerly: Vec<_> = events.iter().flat_map(|event| &event.former).collect();
        assert_eq!((events.len(), formerly.len()), (102, 3));
        assert!(formerly.iter().all(|name| Contract::current().event(name).is_none()));
        for event in events {
            let name = &event.event_type;
            event.check().unwrap_or_else(|error| panic!("{name}: {error}"));
            for variant in event.variants() {
                let example = variant.sample(&mut |_| None);
                assert_eq!(variant.unknown(&example), [], "{name}");
                let text: Value = serde_json::from_str(&event.text(&example)).unwrap();
                assert_eq!(text, example, "{name}");
            }
            let total: u32 = event.retry.iter().sum();
            assert!(!event.retry.contains(&0) && (1..=24 * 3600 + 300).contains(&total), "{name}: {total}");
            assert_ne!(event.provenance, Provenance::Unstated, "{name}");
        }
    }

    #[test]
    fn every_example_of_a_field_of_an_event_satisfies_its_schema() {
        fn check(schema: &Value, at: &str) {
            for example in schema["examples"].as_array().into_iter().flatten() {
                let read = Schema::read(&Value::Null, schema).unwrap();
                assert_eq!(read.check(example), Ok(()), "{at}: {example}");
            }
            for name in schema["required"].as_array().into_iter().flatten().chain(x_order(schema)) {
                assert!(schema["properties"].get(name.as_str().unwrap()).is_some(), "{at}: {name}");
            }
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                assert!(field["title"].is_string(), "{at}/{name} has no title");
                check(field, &format!("{at}/{name}"));
            }
            let inner =
                schema.get("items").into_iter().chain(schema["anyOf"].as_array().into_iter().flatten());
            inner.for_each(|inner| check(inner, at));
        }
        fn x_order(schema: &Value) -> impl Iterator<Item = &Value> {
            schema["x-order"].as_array().into_iter().flatten()
        }
        for event in Contract::current().events() {
            check(event.resource().as_value(), &event.event_type);
        }
    }

    #[test]
    fn real_callbacks_have_the_words_that_were_seen() {
        for (event_type, summary, original_type, attempts) in [
            ("TRANSACTION.SUCCESS", "支付成功", "transaction", 15),
            ("REFUND.SUCCESS", "退款成功", "refund", 15),
            ("MCHTRANSFER.BILL.FINISHED", "商家转账单据终态通知", "mch_payment", 64),
            ("MEMBERCARD.ACTIVATE_CARD", "会员卡激活通知", "membercard", 11),
        ] {
            let event = Contract::current().event(event_type).unwrap();
            assert_eq!((event.summary.as_str(), event.original_type.as_str()), (summary, original_type));
            assert_eq!((event.associated_data.as_str(), event.retry.len()), (original_type, attempts));
        }
    }

    #[test]
    fn every_field_of_a_request_has_a_name() {
        fn unnamed(schema: &Value, at: &str, found: &mut Vec<String>) {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let at = format!("{at}/{name}");
                unnamed(field, &at, found);
                if !field["title"].is_string() {
                    found.push(at);
                }
            }
            if let Some(items) = schema.get("items") {
                unnamed(items, &format!("{at}/0"), found);
            }
        }
        for operation in Contract::current().operations() {
            let mut found = Vec::new();
            for parameter in operation.parameters() {
                let parameter = json!({ "properties": { &parameter.name: parameter.schema.as_value() } });
                unnamed(&parameter, "", &mut found);
            }
            if let Some(body) = operation.request_body() {
                unnamed(body.schema().as_value(), "/body", &mut found);
            }
            assert_eq!(found, Vec::<String>::new(), "{operation}");
        }
    }

    #[test]
    fn requests_with_encrypted_fields_name_a_key() {
        fn is_sensitive(schema: &Value) -> bool {
            let fields = schema["properties"].as_object().into_iter().flatten().map(|(_, field)| field);
            schema["x-sensitive"] == true || fields.chain(schema.get("items")).any(is_sensitive)
        }
        for operation in Contract::current().operations() {
            let body = operation.body().is_some_and(|schema| is_sensitive(schema.as_value()));
            assert!(!body || operation.needs_wechatpay_serial(), "{operation}");
        }
        let needs = |id| Contract::current().operation(id).unwrap().needs_wechatpay_serial();
        assert!(needs("set_rights") && needs("show_member_card") && needs("echo"));
        assert!(!needs("list_certificates"));
    }

    #[test]
    fn the_named_schemas_are_those_of_all_families_and_the_common_ones() {
        let schemas = Contract::current().schemas().unwrap();
        let names: BTreeSet<_> = schemas.keys().map(String::as_str).collect();
        assert!(names.is_superset(&["error", "member_card", "certificate_list"].into()), "{names:?}");
    }
}
