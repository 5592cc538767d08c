//! Both documents are valid OpenAPI 3.1, and every reference in them resolves.

use std::collections::BTreeSet;

use serde_json::Value;
use wechatpay_mock::admin_openapi;
use wechatpay_openapi::Contract;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn documents() -> [Value; 2] {
    [admin_openapi(), Contract::current().document()].map(|text| serde_json::from_str(&text).unwrap())
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Path, method and description of each operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let of_path =
        |(path, item): (_, _)| object(item).map(move |(method, operation)| (path, method, operation));
    let all = object(&document["paths"]).flat_map(|(path, item)| of_path((path.as_str(), item)));
    all.map(|(path, method, operation)| (path, method.as_str(), operation)).collect()
}

/// Every value in the document, from the outside in.
fn values<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    found.push(value);
    object(value).for_each(|(_, member)| values(member, found));
    items(value).for_each(|item| values(item, found));
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => {
            let pointer = reference
                .strip_prefix('#')
                .unwrap_or_else(|| panic!("{reference} points outside the document"));
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} does not resolve"))
        }
    }
}

#[test]
fn a_document_has_what_openapi_requires() {
    for document in documents() {
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
        let known = ["openapi", "info", "servers", "security", "paths", "webhooks", "components"];
        assert!(object(&document).all(|(name, _)| known.contains(&name.as_str())));
        assert!(!operations(&document).is_empty());
        for (path, method, operation) in operations(&document) {
            assert!(path.starts_with('/') && METHODS.contains(&method), "{method} {path}");
            assert!(object(&operation["responses"]).next().is_some(), "{method} {path}");
        }
    }
}

/// Every call of the mock's own API, with the parameters of its query. Programs depend on these.
const CALLS: [&str; 57] = [
    "DELETE /__mock/documents/{kind}/{key} delete_document merchant",
    "DELETE /__mock/exchanges delete_exchanges merchant",
    "DELETE /__mock/faults delete_faults merchant",
    "DELETE /__mock/faults/{id} delete_fault",
    "DELETE /__mock/merchants/{mchid} delete_merchant",
    "GET /__mock/ show_index",
    "GET /__mock/ca.pem show_ca",
    "GET /__mock/callback-attempts list_attempts merchant after wait",
    "GET /__mock/callbacks list_callbacks merchant after",
    "GET /__mock/callbacks/{number} show_callback",
    "GET /__mock/clock show_clock",
    "GET /__mock/contract.json show_contract",
    "GET /__mock/contract/{family} show_family",
    "GET /__mock/credentials show_credentials merchant format",
    "GET /__mock/documents list_documents merchant kind after limit",
    "GET /__mock/documents/{kind}/{key} show_document merchant",
    "GET /__mock/events follow_events merchant",
    "GET /__mock/exchanges list_exchanges merchant unknown operation status code since after order limit wait everywhere",
    "GET /__mock/exchanges.har export_exchanges merchant unknown operation status code since after limit",
    "GET /__mock/exchanges/{number} show_exchange",
    "GET /__mock/exchanges/{number}/curl show_curl",
    "GET /__mock/exchanges/{number}/decrypted show_decrypted",
    "GET /__mock/fault-names list_fault_names",
    "GET /__mock/faults list_faults merchant",
    "GET /__mock/faults/{id} show_fault",
    "GET /__mock/health show_health",
    "GET /__mock/merchants list_merchants",
    "GET /__mock/merchants/{mchid} show_merchant",
    "GET /__mock/metrics show_metrics",
    "GET /__mock/openapi.json show_openapi",
    "GET /__mock/operations list_operations family",
    "GET /__mock/payment-requests list_payment_requests merchant after",
    "GET /__mock/payments list_payments merchant",
    "GET /__mock/policies list_policies",
    "GET /__mock/qr show_qr text",
    "GET /__mock/state export_state merchant",
    "GET /__mock/ui/ show_page",
    "GET /__mock/ui/{file} show_page_file",
    "GET /__mock/verify list_expectations",
    "POST /__mock/callbacks send_callback body",
    "POST /__mock/callbacks/{number}/resend resend_callback body",
    "POST /__mock/clock set_clock body",
    "POST /__mock/environment make_environment body",
    "POST /__mock/exchanges/{number}/replay replay_exchange body",
    "POST /__mock/faults add_fault body",
    "POST /__mock/merchants make_merchant body",
    "POST /__mock/open-business-view open_business_view body",
    "POST /__mock/payments pay body",
    "POST /__mock/replay replay_request body",
    "POST /__mock/request-merchant-transfer request_merchant_transfer body",
    "POST /__mock/request-payment request_payment body",
    "POST /__mock/reset reset body",
    "POST /__mock/service-orders act body",
    "POST /__mock/transfers confirm body",
    "POST /__mock/verify verify body",
    "PUT /__mock/documents/{kind}/{key} put_document merchant body",
    "PUT /__mock/state import_state body",
];

#[test]
fn the_calls_that_programs_depend_on_are_unchanged() {
    let [document, _] = documents();
    let mut calls: Vec<_> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            let mut words = vec![method.to_uppercase(), path.into()];
            words.push(operation["operationId"].as_str().unwrap().into());
            let in_query = items(&operation["parameters"]).filter(|parameter| parameter["in"] == "query");
            words.extend(in_query.map(|parameter| parameter["name"].as_str().unwrap().into()));
            words.extend(operation.get("requestBody").map(|_| "body".into()));
            words.join(" ")
        })
        .collect();
    calls.sort();
    assert_eq!(calls, CALLS);
}

#[test]
fn operation_ids_are_unique() {
    for document in documents() {
        let ids: Vec<_> =
            operations(&document).iter().map(|(.., one)| one["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }
}

#[test]
fn path_parameters_match_the_path() {
    for document in documents() {
        for (path, method, operation) in operations(&document) {
            let in_braces =
                path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
            let parameters: Vec<_> =
                items(&operation["parameters"]).map(|parameter| resolved(&document, parameter)).collect();
            let declared = parameters.iter().filter(|one| one["in"] == "path");
            let declared = declared.inspect(|one| assert_eq!(one["required"], true, "{method} {path}"));
            let declared: BTreeSet<_> = declared.map(|one| one["name"].as_str().unwrap()).collect();
            assert_eq!(declared, in_braces.collect(), "{method} {path}");
            let names: BTreeSet<_> =
                parameters.iter().map(|one| (one["in"].as_str(), one["name"].as_str())).collect();
            assert_eq!(names.len(), parameters.len(), "{method} {path}");
            let is_described =
                |one: &Value| one["description"].is_string() || one["schema"]["title"].is_string();
            assert!(parameters.iter().all(|one| one["schema"].is_object() && is_described(one)));
        }
    }
}

#[test]
fn every_response_has_a_status_a_description_and_schemas() {
    for document in documents() {
        for (path, method, operation) in operations(&document) {
            for (status, response) in object(&operation["responses"]) {
                let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
                assert!(is_status || status == "default", "{method} {path} {status}");
                let response = resolved(&document, response);
                assert!(response["description"].is_string(), "{method} {path} {status}");
                let has_schema = |(kind, content): (&String, &Value)| {
                    content["schema"].is_object() || kind == "application/octet-stream"
                };
                assert!(object(&response["content"]).all(has_schema));
            }
        }
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    // The 405 belongs to paths and methods that no operation describes.
    const UNUSED: [&str; 1] = ["#/components/responses/method_not_allowed"];
    for document in documents() {
        let mut all = Vec::new();
        values(&document, &mut all);
        let references: BTreeSet<_> = all.iter().filter_map(|value| value["$ref"].as_str()).collect();
        all.iter().for_each(|value| assert!(!resolved(&document, value).is_null()));
        let kinds = object(&document["components"]).filter(|(kind, _)| *kind != "securitySchemes");
        let components = kinds.flat_map(|(kind, named)| {
            object(named).map(move |(name, _)| format!("#/components/{kind}/{name}"))
        });
        for component in components.filter(|component| !UNUSED.contains(&component.as_str())) {
            assert!(references.contains(component.as_str()), "{component}");
        }
    }
}

#[test]
fn every_schema_is_json_schema_2020_12() {
    for document in documents() {
        let mut all = Vec::new();
        values(&document, &mut all);
        let schemas = all
            .iter()
            .filter_map(|value| value.get("schema"))
            .chain(object(&document["components"]["schemas"]).map(|(_, schema)| schema));
        for schema in schemas.filter(|schema| schema.is_object()) {
            if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
                panic!("{error}: {schema:#}");
            }
            let standalone = serde_json::json!({ "allOf": [schema], "components": document["components"] });
            jsonschema::draft202012::new(&standalone).unwrap();
        }
    }
}

#[test]
fn every_example_matches_its_schema() {
    for document in documents() {
        let mut all = Vec::new();
        values(&document, &mut all);
        for value in all.iter().filter(|value| value.get("example").is_some() && value["schema"].is_object())
        {
            // Of an upload, the example leaves the file out.
            let mut fields = object(&value["schema"]["properties"]);
            if fields.any(|(_, field)| field["contentMediaType"] == "application/octet-stream") {
                continue;
            }
            let standalone =
                serde_json::json!({ "allOf": [value["schema"]], "components": document["components"] });
            let validator = jsonschema::draft202012::new(&standalone).unwrap();
            assert!(validator.is_valid(&value["example"]), "{value:#}");
        }
    }
}

#[test]
fn every_required_security_scheme_is_described() {
    for document in documents() {
        let of_operations = operations(&document).into_iter().map(|(.., operation)| &operation["security"]);
        for required in of_operations.chain([&document["security"]]).flat_map(items).flat_map(object) {
            assert!(document["components"]["securitySchemes"][required.0].is_object(), "{}", required.0);
        }
    }
}
