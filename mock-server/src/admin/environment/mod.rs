//! What makes an unmodified program reach the mock under the gateway's own names: environment variables, and the files that
//! they name.

mod trust_store;
mod variables;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::{Extension, extract::State};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Text, phrase};

use crate::{
    admin::{
        Origin,
        control::Control,
        credentials::Ca,
        environment::variables::{
            ADDED_TO, AUTHORITY, BUNDLE, Folder, PHP_INI, PRELOAD, TRUST_STORE, java_properties, php_ini,
            variables,
        },
        error::{AdminError, Error},
        extract::Body,
        long::Long,
    },
    api::host::GATEWAY_HOSTS,
};

pub(crate) use crate::admin::environment::variables::MockAt;

/// A program that should reach the mock, and what it has already.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The absolute path of a folder for the files, which the caller writes there. It should have no others.
    #[schema(min_length = 1)]
    pub folder: String,
    /// The certificate authorities that the program trusts already, PEM. Default: none.
    #[serde(default)]
    pub authorities: String,
    /// Those of these variables that it has already: NO_PROXY, no_proxy, NODE_OPTIONS, PHP_INI_SCAN_DIR and JAVA_TOOL_OPTIONS.
    /// They are added to.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// What makes a program reach the mock.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Environment {
    /// The variables to set.
    pub variables: BTreeMap<String, String>,
    /// The system properties to set in a JVM that runs already. JAVA_TOOL_OPTIONS sets the same in one that starts.
    pub java_properties: BTreeMap<String, String>,
    /// The files to write to the folder: of each name the content, in Base64. The files are the same in every call with the same
    /// authorities and folder.
    pub files: BTreeMap<String, String>,
}

/// Why there is no environment for a program.
#[derive(Debug, Text, thiserror::Error)]
pub enum EnvironmentError {
    /// The folder can't be in variables.
    #[text("folder: expected an absolute path without control characters, found {found}")]
    Folder {
        /// The folder, quoted.
        found: String,
    },
    /// Nothing is added to a variable.
    #[text("set: expected no variables but {known}, found {found}", known = ADDED_TO.join(phrase!(", ").text()))]
    Variable {
        /// The name, quoted.
        found: String,
    },
    /// The mock has no certificate authority.
    #[text("the mock has no certificate authority")]
    Authority(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What Node loads before a program: it connects to the mock in place of the gateway.
const PRELOADED: &str = include_str!("preload.cjs");

impl Program {
    /// A program with these variables, of which only some matter.
    #[must_use]
    pub fn with_variables(mut self, all: impl IntoIterator<Item = (String, String)>) -> Self {
        self.set.extend(all.into_iter().filter(|(name, _)| ADDED_TO.contains(&name.as_str())));
        self
    }

    fn check(&self) -> Result<(), EnvironmentError> {
        if !Folder(&self.folder).is_absolute() || self.folder.contains(char::is_control) {
            return Err(EnvironmentError::Folder { found: quoted(&self.folder) });
        }
        match self.set.keys().find(|name| !ADDED_TO.contains(&name.as_str())) {
            Some(name) => Err(EnvironmentError::Variable { found: quoted(name) }),
            None => Ok(()),
        }
    }
}

impl Environment {
    /// The environment in which a program reaches this mock, which has this authority.
    ///
    /// # Errors
    /// [`EnvironmentError`]
    pub(crate) fn of(mock: &MockAt, authority: &str, program: &Program) -> Result<Self, EnvironmentError> {
        program.check()?;
        let folder = Folder(&program.folder);
        let bundle = format!("{}\n{authority}", program.authorities);
        let store = trust_store::pkcs12(&bundle);
        let java_properties = java_properties(mock, folder, trust_store::PASSWORD);
        let files = [
            (AUTHORITY, BASE64_STANDARD.encode(authority)),
            (BUNDLE, BASE64_STANDARD.encode(bundle)),
            (TRUST_STORE, BASE64_STANDARD.encode(store)),
            (PHP_INI, BASE64_STANDARD.encode(php_ini(folder))),
            (PRELOAD, BASE64_STANDARD.encode(preload(mock))),
        ];
        Ok(Self {
            variables: variables(mock, folder, &program.set, &java_properties),
            java_properties,
            files: files.map(|(name, content)| (name.into(), content)).into(),
        })
    }
}

impl MockAt {
    /// `http://mock:8080`
    fn of_url(url: &str) -> Option<Self> {
        let url: Uri = url.parse().ok()?;
        let standard = if url.scheme_str() == Some("https") { 443 } else { 80 };
        let host = url.host()?.trim_start_matches('[').trim_end_matches(']').into();
        Some(Self { host, port: url.port_u16().unwrap_or(standard) })
    }
}

impl From<SocketAddr> for MockAt {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

/// [`PRELOADED`] with what it reads.
fn preload(MockAt { host, port }: &MockAt) -> String {
    let mock = json!({ "host": host, "port": port, "gatewayHosts": GATEWAY_HOSTS });
    format!("const mock = {mock};\n{PRELOADED}")
}

/// Makes what an unmodified program needs to reach the mock under the gateway's own names: environment variables, and the files
/// that they name.
///
/// The variables lead to the host that the call was sent to. They do not have a merchant's credentials, which
/// /__mock/credentials shows.
#[utoipa::path(
    post,
    path = "/__mock/environment",
    request_body(
        content = Program,
        description = "The program that should reach the mock.",
        example = json!({ "folder": "/tmp/shop", "set": { "NODE_OPTIONS": "--trace-warnings" } })
    ),
    responses(
        (status = 200, description = "The environment.", body = Environment),
        (
            status = 503,
            description = "The certificate authority can't be used, or too many responses wait to be read.",
            body = Error
        )
    )
)]
pub(super) async fn make_environment(
    State(control): State<Arc<Control>>,
    Extension(listens): Extension<SocketAddr>,
    Extension(origin): Extension<Origin>,
    Extension(ca): Extension<Arc<dyn Ca>>,
    Body(program): Body<Program>,
) -> Result<Long, AdminError> {
    let authority = ca.pem().await.map_err(AdminError::Authority)?;
    let mock = MockAt::of_url(&origin.or_at(listens)).unwrap_or_else(|| listens.into());
    let made = control.on_thread(move |_, _| Some(Environment::of(&mock, &authority, &program)));
    let environment = made.await?.map_err(|error| AdminError::Body(error.to_string()))?;
    Long::of(&control, &environment)
}
