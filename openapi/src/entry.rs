//! What the index knows of an operation.

use std::borrow::Cow;

use serde_json::Value;
use wechatpay_texts::{phrase, text};

use crate::{error::ContractError, path::PathTemplate};

/// What the index knows of an operation besides its method.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Cow<'static, str>,
    pub(crate) path: PathTemplate,
    pub(crate) family: Cow<'static, str>,
    pub(crate) summary: Cow<'static, str>,
    pub(crate) depth: Depth,
    pub(crate) provenance: Provenance,
    pub(crate) is_deprecated: bool,
    pub(crate) needs_wechatpay_serial: bool,
}

/// What the mock does with a request that is signed and valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Answers from the examples.
    Example,
    /// The same, on documents that it keeps.
    Resource,
    /// Has code for it.
    Rules,
}

impl Depth {
    const ALL: [Self; 3] = [Self::Example, Self::Resource, Self::Rules];

    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Example => "example",
            Self::Resource => "resource",
            Self::Rules => "rules",
        }
    }
}

/// How sure it is that the gateway has an operation, or sends an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Real traffic has been published.
    Wild,
    /// The official documentation describes it.
    Documented,
    /// Only SDKs have it.
    Sdk,
    /// The contract does not say.
    Unstated,
}

impl Provenance {
    const STATED: [Self; 3] = [Self::Wild, Self::Documented, Self::Sdk];

    /// Its name in the contract; `unstated` is none.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wild => "wild",
            Self::Documented => "documented",
            Self::Sdk => "sdk",
            Self::Unstated => "unstated",
        }
    }

    /// Reads `x-provenance`.
    ///
    /// # Errors
    /// If it has another value.
    pub(crate) fn read(value: &Value) -> Result<Self, ContractError> {
        read(value, Self::STATED, Self::as_str, Self::Unstated).ok_or_else(|| {
            ContractError::new(text!("expected x-provenance to be wild, documented or sdk"))
                .at(["x-provenance"])
        })
    }
}

/// The methods that a path can describe.
pub(crate) const METHODS: [&str; 8] = ["delete", "get", "head", "options", "patch", "post", "put", "trace"];

impl Entry {
    /// Reads the index entry of an operation, which has this path in this document; `key` is its method.
    ///
    /// # Errors
    /// If the method is unknown, the `operationId` is missing, or `x-mock.depth` or `x-provenance` has another value.
    pub(crate) fn read(document: &Value, path: &PathTemplate, key: &str) -> Result<Self, ContractError> {
        if !METHODS.contains(&key) {
            return Err(ContractError::new(text!(
                "expected one of the methods {methods}",
                methods = METHODS.join(phrase!(", ").text())
            )));
        }
        let operation = &document["paths"][path.as_str()][key];
        let id = operation["operationId"].as_str();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned().into();
        Ok(Self {
            id: id
                .ok_or_else(|| ContractError::new(text!("expected an operationId, found none")))?
                .to_owned()
                .into(),
            path: path.clone(),
            family: text(&document["info"]["x-family"]),
            summary: text(&operation["summary"]),
            depth: read(&operation["x-mock"]["depth"], Depth::ALL, Depth::as_str, Depth::Example)
                .ok_or_else(|| {
                    let problem = text!("expected x-mock.depth to be example, resource or rules");
                    ContractError::new(problem).at(["x-mock", "depth"])
                })?,
            provenance: Provenance::read(&operation["x-provenance"])?,
            is_deprecated: operation["deprecated"] == true,
            needs_wechatpay_serial: operation["x-mock"]["needs_wechatpay_serial"] == true,
        })
    }
}

/// The one of some that has this name, or another if there is no name; `None` if the name is unknown.
fn read<T: Copy, const N: usize>(
    name: &Value,
    all: [T; N],
    as_str: fn(T) -> &'static str,
    absent: T,
) -> Option<T> {
    if name.is_null() { Some(absent) } else { all.into_iter().find(|one| *name == as_str(*one)) }
}
