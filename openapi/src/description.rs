//! What an operation's description says beyond its index entry.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::Value;
use wechatpay_texts::text;

use crate::{
    Action, ContractError, Form, JsonType, Location, Parameter, PathTemplate, Resource, Schema,
    inline::resolve, shape::schema_at,
};

/// What an operation's description says beyond its index entry.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) mock: Value,
    pub(crate) resource: Option<Resource>,
    /// The schema of a document in the list that the operation answers with.
    pub(crate) listed: Option<Schema>,
    pub(crate) errors: Vec<OperationError>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    pub(crate) example: Option<Value>,
    pub(crate) responses: BTreeMap<String, ResponseBody>,
}

/// An error that is an operation's own: `x-errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationError {
    /// The status of its response.
    pub status: StatusCode,
    /// The code, such as `ORDER_CLOSED`.
    pub code: String,
    /// The gateway's text in Chinese, where it is known.
    pub message: Option<String>,
}

/// The body that an operation requires.
#[derive(Debug)]
pub enum RequestBody {
    /// JSON.
    Json(Schema),
    /// A form, `multipart/form-data`.
    Multipart(Form),
}

/// What a response carries.
#[derive(Debug)]
pub enum ResponseBody {
    /// Nothing: the body is empty.
    Empty,
    /// JSON.
    Json(Schema),
    /// A file, `application/octet-stream`.
    File,
}

impl RequestBody {
    /// The schema of the JSON, or of the form as an object.
    pub fn schema(&self) -> &Schema {
        match self {
            Self::Json(schema) => schema,
            Self::Multipart(form) => form.schema(),
        }
    }

    fn read(document: &Value, holder: &Value) -> Result<Self, ContractError> {
        let content = &holder["content"];
        match (content.get("application/json"), content.get("multipart/form-data")) {
            (Some(json), None) if json["schema"].is_object() => {
                Schema::read(document, &json["schema"]).map(Self::Json)
            }
            (None, Some(form)) if form["schema"].is_object() => {
                Form::read(document, &form["schema"]).map(Self::Multipart)
            }
            _ => Err(ContractError::new(text!(
                "expected application/json or multipart/form-data with a schema"
            ))),
        }
    }
}

impl ResponseBody {
    /// The schema of the JSON, if that is what the response carries.
    pub fn schema(&self) -> Option<&Schema> {
        match self {
            Self::Json(schema) => Some(schema),
            Self::Empty | Self::File => None,
        }
    }

    fn read(document: &Value, holder: &Value) -> Result<Self, ContractError> {
        if !holder.is_object() {
            return Err(ContractError::new(text!("expected an object")));
        }
        let Some(content) = holder.get("content") else { return Ok(Self::Empty) };
        match content.get("application/json").map(|json| &json["schema"]) {
            Some(schema) if schema.is_object() => Schema::read(document, schema).map(Self::Json),
            None if content.get("application/octet-stream").is_some() => Ok(Self::File),
            _ => Err(ContractError::new(text!(
                "expected application/json with a schema or application/octet-stream"
            ))),
        }
    }
}

impl Description {
    /// Reads the description of an operation with this path; references are into the document.
    ///
    /// # Errors
    /// If a part is missing, wrong or not supported.
    pub(crate) fn read(
        document: &Value,
        path: &PathTemplate,
        operation: &Value,
    ) -> Result<Self, ContractError> {
        let body = operation.get("requestBody").map(|body| resolve(document, body)).transpose()?;
        let content = body.and_then(|body| body["content"].as_object()).into_iter().flatten();
        let body = body.map(|body| {
            RequestBody::read(document, body).map_err(|error| error.within("body").at(["requestBody"]))
        });
        let responses = operation["responses"].as_object().into_iter().flatten();
        let responses = responses.map(|(status, response)| {
            let body =
                resolve(document, response).and_then(|response| ResponseBody::read(document, response));
            Ok((status.clone(), body.map_err(|error| error.within(status).at(["responses", status]))?))
        });
        let errors = operation["x-errors"].as_array().into_iter().flatten().enumerate();
        let errors = errors.map(|(index, error)| {
            OperationError::read(error).map_err(|error| error.at(["x-errors", &index.to_string()]))
        });
        let mut description = Self {
            resource: Resource::read(&operation["x-mock"])?,
            listed: None,
            mock: operation["x-mock"].clone(),
            errors: errors.collect::<Result<_, _>>()?,
            parameters: parameters(document, path, operation)?,
            body: body.transpose()?,
            example: content.filter_map(|(_, content)| content.get("example")).next().cloned(),
            responses: responses.collect::<Result<_, ContractError>>()?,
        };
        description.listed = description.read_listed()?;
        Ok(description)
    }

    fn read_listed(&self) -> Result<Option<Schema>, ContractError> {
        let at = match &self.resource {
            Some(resource) => Some(resource.at.as_str()).filter(|_| resource.action == Action::List),
            None => self.mock["in"].as_str(),
        };
        let place = at.and_then(|at| Some((self.answer()?, at)));
        place.and_then(|(answer, at)| listed(answer, at)).transpose()
    }

    /// The successful response: its status and what it carries.
    pub(crate) fn success(&self) -> Option<(&str, &ResponseBody)> {
        self.responses
            .iter()
            .map(|(status, body)| (status.as_str(), body))
            .find(|(it, _)| it.starts_with('2'))
    }

    /// The schema of the JSON in the successful response.
    pub(crate) fn answer(&self) -> Option<&Value> {
        self.success().and_then(|(_, body)| body.schema()).map(Schema::as_value)
    }

    /// Compiles every schema, so that later uses can't fail, and makes an answer from each.
    ///
    /// # Errors
    /// If a schema is not valid, or no answer can be made from it that satisfies it.
    pub(crate) fn check(&self) -> Result<(), ContractError> {
        for parameter in &self.parameters {
            parameter.schema.compile().map_err(|error| error.within(&parameter.name))?;
        }
        if let Some(body) = &self.body {
            body.schema().compile().map_err(|error| error.within("body").at(["requestBody"]))?;
            if let RequestBody::Multipart(form) = body
                && let Some(meta) = form.meta()
            {
                meta.compile().map_err(|error| error.within("meta").within("body").at(["requestBody"]))?;
            }
        }
        for (status, body) in &self.responses {
            let Some(schema) = body.schema() else { continue };
            schema.compile().map_err(|error| error.within(status).at(["responses", status]))?;
            if let Err(error) = schema.check(&schema.sample(&mut |_| None)) {
                let problem = text!(
                    "expected an example of {pointer}, from which answers are made",
                    pointer = error.pointer
                );
                return Err(ContractError::new(problem).within(status).at(["responses", status]));
            }
        }
        if let Some(listed) = &self.listed {
            listed.compile().map_err(|error| error.within("x-mock"))?;
        }
        Ok(())
    }
}

/// The schema of an object in the list at this pointer of a value; `None` if there is no such list.
fn listed(schema: &Value, pointer: &str) -> Option<Result<Schema, ContractError>> {
    let list = schema_at(schema, pointer)?;
    let item = list.get("items").filter(|item| JsonType::of(item) == Some(JsonType::Object))?;
    Some(Schema::read(&Value::Null, item))
}

/// The parameters in the order in which they are checked.
fn parameters(
    document: &Value,
    path: &PathTemplate,
    operation: &Value,
) -> Result<Vec<Parameter>, ContractError> {
    let parameters = operation["parameters"].as_array().into_iter().flatten().enumerate();
    let parameters = parameters.map(|(index, parameter)| {
        let read = resolve(document, parameter).and_then(|parameter| Parameter::read(document, parameter));
        read.map_err(|error| error.at(["parameters", &index.to_string()]))
    });
    let mut parameters = parameters.collect::<Result<Vec<_>, _>>()?;
    parameters.sort_by_key(|parameter| parameter.location);
    let in_path = parameters.iter().filter(|parameter| parameter.location == Location::Path);
    let described: BTreeSet<_> = in_path.map(|parameter| parameter.name.as_str()).collect();
    if described != path.names().collect() {
        return Err(ContractError::new(text!("path parameters: found a description of {described:?}")));
    }
    Ok(parameters)
}

impl OperationError {
    fn read(error: &Value) -> Result<Self, ContractError> {
        let status = error["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        match (status.filter(|status| status.as_u16() >= 400), error["code"].as_str()) {
            (Some(status), Some(code)) => {
                Ok(Self { status, code: code.into(), message: error["message"].as_str().map(Into::into) })
            }
            _ => Err(ContractError::new(text!("x-errors: expected a status from 400 on and a code"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(operation: &Value) -> Result<Description, String> {
        let description = Description::read(&Value::Null, &"/".parse().unwrap(), operation);
        let checked = description.and_then(|description| description.check().map(|()| description));
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn a_form_is_not_json() {
        let schema = json!({ "type": "object", "properties": { "meta": {}, "file": {} } });
        let content = json!({ "multipart/form-data": { "schema": schema, "example": { "meta": "{}" } } });
        let description = read(&json!({ "requestBody": { "content": content } })).unwrap();
        assert!(matches!(description.body, Some(RequestBody::Multipart(_))));
        assert_eq!(description.example, Some(json!({ "meta": "{}" })));
    }

    #[test]
    fn what_is_not_supported_is_an_error_that_names_its_place() {
        for (operation, expected) in [
            (
                json!({ "requestBody": {} }),
                "body: expected application/json or multipart/form-data with a schema",
            ),
            (
                json!({ "responses": { "200": { "content": { "text/plain": {} } } } }),
                "200: expected application/json with a schema or application/octet-stream",
            ),
            (json!({ "responses": { "204": "Done." } }), "204: expected an object"),
            (
                json!({ "x-errors": [{ "status": 200, "code": "OK" }] }),
                "x-errors: expected a status from 400 on",
            ),
        ] {
            let error = read(&operation).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn an_answer_that_can_not_be_made_is_an_error() {
        let code = json!({ "type": "string", "pattern": "^[A-F]{2}-[0-9]{7}$" });
        let schema = json!({ "type": "object", "required": ["code"], "properties": { "code": code } });
        let mut operation =
            json!({ "responses": { "200": { "content": { "application/json": { "schema": schema } } } } });
        let expected = "200: expected an example of /code, from which answers are made";
        assert_eq!(read(&operation).unwrap_err(), expected);
        let code = "/responses/200/content/application~1json/schema/properties/code";
        operation.pointer_mut(code).unwrap()["examples"] = json!(["AB-1234567"]);
        assert!(read(&operation).is_ok());
    }
}
