//! Checks that a request matches the contract: check 11.

use std::{cell::LazyCell, collections::BTreeMap, str::Utf8Error, sync::Arc};

use http::HeaderName;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wechatpay_openapi::{
    Constraint, FieldError, Form as FormSchema, Location, Operation, Parameter, RequestBody, Schema,
};
use wechatpay_protocol::{
    Timestamp,
    display::{quoted, truncate},
};
use wechatpay_texts::{Both, text};

use crate::{
    api::{
        Warning,
        error::{ApiError, SensitiveFault},
    },
    merchants::{Merchant, Merchants},
    policies::UnknownField,
    request::{
        all_in_query,
        authenticate::AuthenticatedRequest,
        multipart::{Form, META},
        query_pairs,
        receive::RawRequest,
    },
};

/// Characters of the name of an undocumented query parameter that an error shows. (own choice)
const NAME_SHOWN: usize = 128;

/// A request that a merchant signed and that matches the contract. Only [`validate`] creates one.
pub(crate) struct ValidRequest<'c> {
    authenticated: AuthenticatedRequest<'c>,
    /// The sent parameters of the contract: names and decoded values.
    parameters: Vec<(&'c str, String)>,
    /// The JSON of the body, of an upload that of its part `meta`; `null` for an operation without one.
    body: Arc<Value>,
    /// The same with its encrypted texts decrypted.
    plain: Arc<Value>,
    /// Warnings about the request, although it is valid.
    warnings: Vec<Warning>,
}

impl<'c> ValidRequest<'c> {
    pub(crate) fn operation(&self) -> &'c Operation {
        self.authenticated.operation()
    }

    pub(crate) fn merchant(&self) -> &Arc<Merchant> {
        self.authenticated.merchant()
    }

    /// The sent parameters: names and decoded values.
    pub(crate) fn parameters(&self) -> &[(&'c str, String)] {
        &self.parameters
    }

    /// The JSON of the body, which matches the operation's schema; of an upload that of its part `meta`; `null` for an
    /// operation without one. Encrypted texts are as sent.
    pub(crate) fn body(&self) -> &Value {
        &self.body
    }

    /// The same with encrypted texts decrypted.
    pub(crate) fn plain(&self) -> &Value {
        &self.plain
    }

    /// The same to keep, which copies nothing.
    pub(crate) fn plain_to_keep(&self) -> Arc<Value> {
        Arc::clone(&self.plain)
    }

    /// The value of a parameter; empty if it is optional and absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.sent(name).unwrap_or_default()
    }

    /// The value of a parameter, if it was sent.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A header of the request, if there is exactly one and it is visible ASCII.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.authenticated.received().header(name.as_str())
    }

    /// See [`RawRequest::own_origin`](super::receive::RawRequest::own_origin).
    pub(crate) fn own_origin(&self) -> Option<String> {
        self.authenticated.received().own_origin()
    }

    /// Warnings about the request, although it is valid.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Check 11: the parameters of the path, the query and the headers, then the body.
pub(crate) fn validate<'c>(
    request: AuthenticatedRequest<'c>,
    merchants: &Merchants,
    unknown_field: UnknownField,
    now: Timestamp,
) -> Result<ValidRequest<'c>, ApiError> {
    let received = request.received();
    let serial = received.wechatpay_serial();
    let decryption = Decryption { merchants, merchant: request.merchant(), serial, now };
    let mut validation = Validation { decryption, unknown_field, warnings: Vec::new() };
    let parameters = validation.parameters(request.operation(), received)?;
    let (body, plain) = match request.operation().request_body() {
        None => Ok((Value::Null, None)),
        Some(RequestBody::Json(schema)) => validation.body(schema, &received.body),
        Some(RequestBody::Multipart(form)) => validation.form(form, received),
    }
    .map_err(|error| in_words_of(request.operation(), error))?;
    let warnings = validation.warnings;
    let body = Arc::new(body);
    let plain = plain.map_or_else(|| Arc::clone(&body), Arc::new);
    Ok(ValidRequest { authenticated: request, parameters, body, plain, warnings })
}

/// The error as the operation says it: of a text that can't be decrypted, some say that it is no ciphertext
/// (`x-mock.undecryptable`).
fn in_words_of(operation: &Operation, error: ApiError) -> ApiError {
    match error {
        ApiError::Sensitive(SensitiveFault::Undecryptable { reason })
            if operation.mock()["undecryptable"] == "ciphertext" =>
        {
            ApiError::Sensitive(SensitiveFault::NotCiphertext { reason })
        }
        error => error,
    }
}

/// Decrypts the fields of a request, with the key that its `Wechatpay-Serial` names.
struct Decryption<'r> {
    merchants: &'r Merchants,
    merchant: &'r Merchant,
    serial: Option<&'r str>,
    now: Timestamp,
}

impl Decryption<'_> {
    fn decrypt(&self, field: &str) -> Result<String, SensitiveFault> {
        let key = self.merchants.encryption_key(self.merchant, self.serial, self.now)?;
        self.merchants.decrypt(self.merchant, key, field)
    }
}

/// The checks of one request, and the warnings so far.
struct Validation<'r> {
    decryption: Decryption<'r>,
    unknown_field: UnknownField,
    warnings: Vec<Warning>,
}

impl Validation<'_> {
    /// The sent parameters: names and decoded values.
    fn parameters<'c>(
        &mut self,
        operation: &'c Operation,
        received: &RawRequest,
    ) -> Result<Vec<(&'c str, String)>, ApiError> {
        self.check_query(operation, received.query())?;
        let in_path = LazyCell::new(|| operation.path().values(received.path()).unwrap_or_default());
        let mut parameters = Vec::with_capacity(operation.parameters().len());
        for parameter in operation.parameters() {
            let name = parameter.name.as_str();
            let sent: Vec<_> = match parameter.location {
                Location::Path => {
                    in_path.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect()
                }
                Location::Query => all_in_query(received.query(), name).collect(),
                Location::Header => received.header(name).into_iter().collect(),
                Location::Body | Location::Form => Vec::new(),
            };
            if !sent.is_empty() {
                parameters.push((name, text(self.parameter(parameter, &sent)?)));
            } else if parameter.is_required {
                return Err(parameter.error(Constraint::Required).into());
            }
        }
        Ok(parameters)
    }

    /// # Errors
    /// If all query parameters of the operation are known and there is another one. (wild)
    fn check_query(&self, operation: &Operation, query: &str) -> Result<(), ApiError> {
        if !operation.has_complete_query() || self.unknown_field == UnknownField::Warn {
            return Ok(());
        }
        let known = |name: &str| {
            let mut parameters = operation.parameters().iter();
            parameters.any(|known| known.location == Location::Query && known.name == name)
        };
        let sent = query_pairs(query).map(|(name, _)| percent_decode_str(name).decode_utf8_lossy());
        let names: Vec<_> =
            sent.filter(|name| !known(name)).map(|name| truncate(&name, NAME_SHOWN).into()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let constraint = Constraint::Documented { parent: String::new(), names };
        let error = FieldError {
            location: Location::Query,
            pointer: String::new(),
            title: String::new(),
            constraint,
        };
        Err(Box::new(error).into())
    }

    /// The value of a parameter, as sent: if it is encrypted, its text keeps the rules.
    fn parameter(&mut self, parameter: &Parameter, sent: &[&str]) -> Result<Value, ApiError> {
        let value = parameter.read_all(sent)?;
        match value.as_str().filter(|text| parameter.is_sensitive() && !text.is_empty()) {
            None => parameter.check(&value)?,
            Some(text) => {
                let plain = self.decryption.decrypt(text).map_err(ApiError::Sensitive)?;
                parameter.check(&plain.into())?;
            }
        }
        self.warnings.extend(parameter.uncertain(&value).into_iter().filter_map(uncertain));
        Ok(value)
    }

    /// The JSON of a body, and the same with its encrypted texts decrypted, if it has any. The rules are those of the
    /// decrypted texts.
    fn body(&mut self, schema: &Schema, sent: &[u8]) -> Result<(Value, Option<Value>), ApiError> {
        let text = str::from_utf8(sent).map_err(|error| not_utf8("body", &error))?;
        let mut value =
            schema.parse(text).map_err(|error| not_json(&|| text!("/body: expected JSON, found {error}")))?;
        let Decrypted { mut plain, fault } = self.decrypted(schema, &value);
        let mut checked = schema.check(plain.as_ref().unwrap_or(&value));
        if self.has_undocumented(schema, &checked, &value)? {
            // The remaining fields may break another rule.
            let removed = schema.remove_unknown(&mut value);
            if let Some(plain) = &mut plain {
                schema.remove_unknown(plain);
            }
            let unknown = |error: &FieldError| Warning::UnknownFields { pointers: error.unknown_fields() };
            self.warnings.extend(removed.iter().map(unknown));
            checked = schema.check(plain.as_ref().unwrap_or(&value));
        }
        if let Some((fault, undecrypted)) = fault {
            // Of a text that can't be decrypted, nothing else is known.
            let is_known = |error: &FieldError| !undecrypted.contains(&error.pointer);
            return Err(match checked {
                Err(error) if is_known(&error) => error.into(),
                _ => ApiError::Sensitive(fault),
            });
        }
        checked?;
        self.warnings.extend(schema.uncertain(&value).into_iter().filter_map(uncertain));
        Ok((value, plain))
    }

    /// Decrypts the encrypted texts of a body, up to the first that can't be.
    fn decrypted(&self, schema: &Schema, value: &Value) -> Decrypted {
        let pointers = schema.sensitive(value);
        let mut plain = (!pointers.is_empty()).then(|| value.clone());
        for (index, pointer) in pointers.iter().enumerate() {
            let Some(field) = plain.as_mut().and_then(|plain| plain.pointer_mut(pointer)) else { continue };
            match self.decryption.decrypt(field.as_str().unwrap_or_default()) {
                Ok(text) => *field = text.into(),
                Err(fault) => {
                    return Decrypted { plain, fault: Some((fault, pointers[index..].to_vec())) };
                }
            }
        }
        Decrypted { plain, fault: None }
    }

    /// Whether a body has undocumented fields that are ignored.
    ///
    /// # Errors
    /// If they are refused. Wrong types come first.
    fn has_undocumented(
        &self,
        schema: &Schema,
        checked: &Result<(), Box<FieldError>>,
        value: &Value,
    ) -> Result<bool, ApiError> {
        let constraint = checked.as_ref().err().map(|error| &error.constraint);
        let is_in_path = checked.as_ref().is_err_and(|error| error.location == Location::Path);
        let is_closed = matches!(constraint, Some(Constraint::Documented { .. }));
        let is_settled = match constraint {
            None => schema.is_complete(),
            Some(constraint) => is_in_path || matches!(constraint, Constraint::Type { .. }),
        };
        if is_settled {
            return Ok(false);
        }
        let Some(first) = schema.unknown(value).into_iter().next() else { return Ok(false) };
        let is_refused = match self.unknown_field {
            UnknownField::Auto => schema.is_complete() || is_closed,
            UnknownField::Reject => true,
            UnknownField::Warn => false,
        };
        match checked {
            _ if !is_refused => Ok(true),
            Err(error) if is_closed => Err(error.clone().into()),
            _ => Err(Box::new(first).into()),
        }
    }

    /// The JSON in the part `meta` of a form, and the same decrypted.
    fn form(
        &mut self,
        schema: &FormSchema,
        received: &RawRequest,
    ) -> Result<(Value, Option<Value>), ApiError> {
        let form = Form::of(received).map_err(|error| not_json(&|| format!("/body: {error}")))?;
        let meta = match (schema.meta(), form.part(META)) {
            (Some(schema), Some(meta)) => self.body(schema, meta.content)?,
            _ => (Value::Null, None),
        };
        let mut texts = BTreeMap::new();
        for part in &form.parts {
            let text = if part.name == META || schema.is_file(&part.name) {
                ""
            } else {
                str::from_utf8(part.content).map_err(|error| not_utf8(&part.name, &error))?
            };
            texts.entry(part.name.as_str()).or_insert(text);
        }
        schema.check(&texts)?;
        check_digest(schema, &form, &meta.0)?;
        Ok(meta)
    }
}

fn not_utf8(name: &str, error: &Utf8Error) -> ApiError {
    let at = error.valid_up_to();
    ApiError::NotUtf8 {
        reason: Both::of(|| text!("/{name}: expected UTF-8, found other bytes from byte {at} on")),
    }
}

fn not_json(reason: &dyn Fn() -> String) -> ApiError {
    ApiError::NotJson { reason: Both::of(reason) }
}

/// What is left of a body's encrypted texts.
struct Decrypted {
    /// The body with decrypted texts, if it has encrypted ones.
    plain: Option<Value>,
    /// Why a text can't be decrypted, and the pointers to it and to those after it, which were not tried.
    fault: Option<(SensitiveFault, Vec<String>)>,
}

/// The fields of `meta` that have the SHA-256 of the file, in hex. Digests by other algorithms are not checked.
const DIGESTS: [&str; 2] = ["sha256", "file_digest"];

/// Checks that the file has the digest in `meta`, and that the form is complete.
fn check_digest(schema: &FormSchema, form: &Form<'_>, meta: &Value) -> Result<(), ApiError> {
    let wrong = |reason: &dyn Fn() -> String| Err(ApiError::FileDigest { reason: Both::of(reason) });
    if !form.is_closed {
        return wrong(&|| {
            text!("expected the form to end with its boundary and --, found the end of the body")
        });
    }
    let file = schema.files().find_map(|name| form.part(name));
    let expected = DIGESTS.iter().find_map(|name| Some((name, meta[name].as_str()?)));
    let (Some(file), Some((name, expected))) = (file, expected) else { return Ok(()) };
    let found = base16ct::lower::encode_string(&Sha256::digest(file.content));
    if expected.eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    let expected = quoted(expected);
    wrong(&|| text!("expected a file with the SHA-256 in meta, {name} = {expected}, found one with {found}"))
}

fn uncertain(error: FieldError) -> Option<Warning> {
    let source = error.source_name();
    let Constraint::Enum { members, found } = error.constraint else { return None };
    let known = members.iter().map(ToString::to_string).collect();
    Some(Warning::UncertainValue { source, found: found.to_string(), known })
}

/// The value of a parameter as text; a list as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
