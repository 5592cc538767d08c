//! The contract's own schemas, to hold answers against.

use std::{collections::HashMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Value, json};
use wechatpay_mock::OPENAPI;

static VALIDATORS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let contract: Value = serde_json::from_str(OPENAPI).expect("the contract is JSON");
    let components = &contract["components"];
    let names = components["schemas"].as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .map(|name| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": components });
            let validator = jsonschema::draft202012::options()
                .should_validate_formats(true)
                .build(&schema)
                .expect("the contract's schemas are valid");
            (name.clone(), validator)
        })
        .collect()
});

/// The schema of that name in the contract's `components/schemas`; `Err` says which there are.
pub(crate) fn validator(name: &str) -> Result<&'static Validator, String> {
    VALIDATORS.get(name).ok_or_else(|| {
        let mut known: Vec<_> = VALIDATORS.keys().map(String::as_str).collect();
        known.sort_unstable();
        format!("expected a schema of the contract ({}), found `{name}`", known.join(", "))
    })
}
