//! The operations of WeChat Pay APIv3 as data: their paths, parameters, bodies and responses; and the events that it calls
//! back about.
//!
//! Everything comes from OpenAPI 3.1 documents: `fixtures/contract/` for the built-in contract, a file for each family
//! of operations. Nothing else in the workspace lists paths or fields. The mock routes and validates with it and makes
//! its answers of it, and the contract kit generates requests from it.
//!
//! The index of [`Contract::current`] is part of the program: method, path, `operationId`, family and depth of each
//! operation, and the tree of their paths. The rest of an operation is read, and each of its schemas compiled, once,
//! when it is first needed. [`Contract::parse`] reads a document of the user's and does all of that at once, so that an
//! error in it is found before the first request. [`Contract::with`] adds its operations to the built-in ones.
//!
//! ```
//! use http::Method;
//! use serde_json::json;
//! use wechatpay_openapi::{Constraint, Contract, RouteError};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let contract = Contract::current();
//!
//! // The path as sent selects an operation.
//! let path = "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5/codes/4785%2F32/rights";
//! let operation = contract.route(&Method::PATCH, path)?;
//! assert_eq!(operation.id(), "set_rights");
//! assert_eq!(contract.route(&Method::GET, path).unwrap_err(), RouteError::UnknownMethod);
//!
//! // Its parameters are decoded and checked one by one.
//! let values = operation.path().values(path).ok_or("another path")?;
//! assert_eq!(values[1], ("code", "4785%2F32"));
//! let code = operation.parameters().iter().find(|parameter| parameter.name == "code").ok_or("none")?;
//! assert_eq!(code.parse(values[1].1), Ok(json!("4785/32")));
//!
//! // A body that breaks a rule of its schema gets the first error that the gateway would report.
//! let schema = operation.body().ok_or("no body")?;
//! let error = schema.check(&json!({ "member_price_word": "八折" })).unwrap_err();
//! assert_eq!((error.source_name().as_str(), error.constraint), ("/body/out_request_no", Constraint::Required));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

wechatpay_texts::catalogue!();

mod built_in;
mod contract;
mod description;
mod document;
mod entry;
mod error;
mod event;
mod events;
mod example;
mod excerpt;
mod field_error;
mod form;
mod inline;
mod keywords;
mod layers;
mod line;
mod list;
mod named;
mod near;
mod operation;
mod parameter;
mod parse;
mod path;
mod resource;
mod routes;
mod schema;
mod shape;
mod traditional;
mod upgrade;
mod violation;
mod walk;

pub use contract::{Contract, RouteError};
pub use description::{OperationError, RequestBody, ResponseBody};
pub use entry::{Depth, Provenance};
pub use error::ContractError;
pub use event::CallbackEvent;
pub use example::Field;
pub use field_error::{Constraint, FieldError, JsonType, Location};
pub use form::Form;
pub use keywords::json_schema;
pub use operation::Operation;
pub use parameter::Parameter;
pub use path::PathTemplate;
pub use resource::{Action, Key, PageStart, Paging, Resource, State};
pub use schema::Schema;
