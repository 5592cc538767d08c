//! The user's own operations: contract files and stubs.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};
use serde::Deserialize;
use serde_json::Value;
use wechatpay_openapi::{Contract, ContractError, PathTemplate};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{phrase, text};

use crate::{
    admin::is_admin_path,
    config::{
        error::ConfigError,
        source::{Source, Table},
    },
    operations::{Operations, stub::Stub},
};

/// The most bytes of a contract file, and of the bodies of all stubs. (own choice)
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The most stubs. (own choice)
const MOST_STUBS: usize = 1000;

/// The methods of stubs.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

/// Headers that say how a response is sent, which is for the mock to say.
const FRAMING: [HeaderName; 7] =
    [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StubTable {
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    signed: Option<bool>,
}

/// The contract with the operations of this file, and how many these are.
///
/// # Errors
/// If the file can't be read or can't be added, with the line of the mistake.
pub(super) fn add_file(contract: &Contract, path: &Path) -> Result<(Contract, usize), ConfigError> {
    let text = text(path).map_err(|error| {
        let problem = text!("expected a contract file that can be read: {error}");
        ConfigError::new(path, None, problem, phrase!("name a JSON file with OpenAPI 3.0 or 3.1"))
    })?;
    let added = Contract::parse(&text).and_then(without_own_paths);
    let merged = added.and_then(|added| Ok((contract.with(&added)?, added.operations().len())));
    merged.map_err(|error| {
        let is_json = text.trim_start().starts_with('{');
        let advice = if is_json {
            phrase!("docs/en/how-to/add-an-operation.md shows a file that works")
        } else {
            phrase!("write it as JSON, which is what the mock reads")
        };
        ConfigError::new(path, error.line_in(&text), error.to_string(), advice)
    })
}

/// # Errors
/// If an operation has a path of the mock's own, where no request would reach it.
fn without_own_paths(added: Contract) -> Result<Contract, ContractError> {
    let own = added.operations().iter().map(|one| one.path().as_str()).find(|path| is_admin_path(path));
    match own {
        None => Ok(added),
        Some(path) => {
            let problem = text!("{path}: expected a path of the gateway's, found one of the mock's own");
            Err(ContractError::new(problem).at(["paths", path]))
        }
    }
}

/// The text of a file that is not too long, without a byte-order mark.
fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MOST_BYTES {
        let problem = text!("expected at most {MOST_BYTES} bytes, found more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(text.strip_prefix('\u{feff}').map(String::from).unwrap_or(text))
}

/// The operations with the valid stubs.
pub(super) fn with_stubs(source: &Source<'_>, operations: Operations, tables: Vec<StubTable>) -> Operations {
    let mut lines: HashMap<_, usize> = HashMap::new();
    let (mut routes, mut stubs, mut bytes) = (Vec::new(), HashMap::new(), 0);
    for (index, raw) in tables.into_iter().enumerate() {
        let table = source.element("stub", index);
        if index == MOST_STUBS {
            let problem = text!("expected at most {MOST_STUBS} [[stub]], found more");
            table.report_line("", problem, phrase!("describe them in a contract file, or remove some"));
            break;
        }
        let Some((method, path, stub)) = stub(&table, raw).filter(|_| !table.is_mistaken()) else { continue };
        bytes += stub.body.len();
        if bytes > MOST_BYTES {
            let problem = text!("expected at most {MOST_BYTES} bytes in the bodies of all stubs, found more");
            table.report_line("body", problem, phrase!("shorten them"));
            break;
        }
        let route = (method.clone(), path.shape());
        if let Some(line) = lines.get(&route) {
            let problem = text!(
                "expected each method and path once, found {method} {path} again, first in line {line}"
            );
            table.report("path", problem, phrase!("remove one of the two stubs"));
            continue;
        }
        lines.insert(route, table.line_of("path"));
        stubs.insert((method.clone(), path.as_str().to_owned()), stub);
        routes.push((method, path));
    }
    if routes.is_empty() {
        return operations;
    }
    let contract = operations.contract.with_stubs(routes);
    let of_operation = |one: &wechatpay_openapi::Operation| {
        let stub = stubs.remove(&(one.method().clone(), one.path().as_str().to_owned()))?;
        Some((one.id().to_owned(), stub))
    };
    let stubs = contract.operations().iter().filter(|one| one.is_stub()).filter_map(of_operation).collect();
    Operations { contract: Arc::new(contract), stubs: Arc::new(stubs), ..operations }
}

fn stub(table: &Table<'_>, raw: StubTable) -> Option<(Method, PathTemplate, Stub)> {
    let advice = phrase!("for example method = \"GET\"");
    let method = table.require("method", raw.method, advice).and_then(|method| {
        let known = METHODS.contains(&method.as_str()).then(|| method.parse().ok()).flatten();
        let (all, found) = (METHODS.join(phrase!(", ").text()), quoted(&method));
        table.keep("method", known.ok_or(text!("expected one of {all}, found {found}")), advice)
    });
    let path = table.require("path", raw.path, phrase!("for example path = \"/v3/shop/{{id}}\""));
    let path = path
        .and_then(|path| table.keep("path", template(&path), phrase!("{{braces}} are for whole segments")));
    let headers = headers(table, &raw.headers);
    let (content_type, body) = match raw.body {
        None => (None, Bytes::new()),
        Some(Value::String(text)) => (Some("text/plain; charset=utf-8"), text.into()),
        Some(value) => (Some("application/json; charset=utf-8"), value.to_string().into()),
    };
    let default = if body.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    let status = match raw.status {
        None => Some(default),
        Some(status) => {
            let advice = phrase!("leave it out for 200, or 204 without a body");
            let known =
                StatusCode::from_u16(status).ok().filter(|status| (200..=599).contains(&status.as_u16()));
            table.keep("status", known.ok_or(text!("expected 200 to 599, found {status}")), advice)
        }
    };
    if let Some(status) = status.filter(|status| [204, 205, 304].contains(&status.as_u16()))
        && !body.is_empty()
    {
        let problem = text!("expected none, as a {status} has none, found one", status = status.as_u16());
        table.report("body", problem, phrase!("remove it, or use another status"));
        return None;
    }
    if method == Some(Method::HEAD) && !body.is_empty() {
        let problem = phrase!("expected none, as no response to HEAD has one, found one");
        table.report("body", problem, phrase!("remove it, or use another method"));
        return None;
    }
    let mut headers = headers?;
    if let Some(content_type) = content_type {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    }
    let is_signed = raw.signed.unwrap_or(true);
    Some((method?, path?, Stub { status: status?, headers, body, is_signed }))
}

fn template(path: &str) -> Result<PathTemplate, String> {
    match path.parse::<PathTemplate>() {
        Ok(_) if is_admin_path(path) => {
            let path = quoted(path);
            Err(text!("expected a path like /v3/shop/{{id}}, found one of the mock's own, {path}"))
        }
        Ok(template) if path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte)) => {
            Ok(template)
        }
        _ => Err(text!("expected a path like /v3/shop/{{id}}, found {path}", path = quoted(path))),
    }
}

fn headers(table: &Table<'_>, raw: &BTreeMap<String, String>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let inner = table.inner("headers");
    for (name, value) in raw {
        let known = name.parse::<HeaderName>().map_err(|_| phrase!("expected the name of a header"));
        let known = known.and_then(|known| match FRAMING.contains(&known) {
            true => Err(phrase!("expected another header than those by which the response is sent")),
            false => Ok(known),
        });
        let value = value.parse::<HeaderValue>().map_err(|_| phrase!("expected visible characters"));
        let advice = phrase!("write headers = {{ \"X-Name\" = \"value\" }}");
        let (known, value) = (inner.keep(name, known, advice), inner.keep(name, value, advice));
        headers.insert(known?, value?);
    }
    Some(headers)
}
