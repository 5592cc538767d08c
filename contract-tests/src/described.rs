//! The contract's schemas, by name, for the bodies of responses.

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use wechatpay_openapi::{Contract, json_schema};
use wechatpay_texts::{phrase, text};

static VALIDATORS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let schemas = Contract::current().schemas().expect("a test reads the contract's schemas");
    let compiled = schemas.into_iter().map(|(name, schema)| {
        let validator = json_schema(&schema).expect("the contract's schemas are valid");
        (name, validator)
    });
    compiled.collect()
});

/// The schema of this name in the contract's `components/schemas`; `Err` lists the existing ones.
pub(crate) fn validator(name: &str) -> Result<&'static Validator, String> {
    VALIDATORS.get(name).ok_or_else(|| {
        let known: Vec<_> = VALIDATORS.keys().map(String::as_str).collect();
        text!(
            "expected a schema of the contract ({known}), found `{name}`",
            known = known.join(phrase!(", ").text())
        )
    })
}
