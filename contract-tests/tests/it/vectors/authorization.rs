//! Vectors of the `Authorization` header.

use serde::Deserialize;
use wechatpay_protocol::{Authorization, AuthorizationError};

use super::kind::{Divergence, Kind, Verdict, compare};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorizationHeader {
    header: String,
    fields: Option<Fields>,
    at: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    mchid: String,
    nonce_str: String,
    signature: String,
    timestamp: String,
    serial_no: String,
}

/// The error and its place.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Scheme,
    Form { at: usize },
}

impl Kind for AuthorizationHeader {
    const FOLDER: &'static str = "authorization";

    fn check(&self, verdict: &Verdict) -> Result<(), Divergence> {
        let expected = self.expected(verdict)?;
        let parsed = Authorization::parse(self.header.as_bytes());
        compare("parsing", expected, parsed.as_ref().map(Fields::from).map_err(Fault::from))?;
        match parsed {
            Ok(authorization) => self.check_printing(&authorization),
            Err(_) => Ok(()),
        }
    }
}

impl AuthorizationHeader {
    fn expected(&self, verdict: &Verdict) -> Result<Result<Fields, Fault>, Divergence> {
        match (verdict, &self.fields, self.at) {
            (Verdict::Valid, Some(fields), None) => Ok(Ok(fields.clone())),
            (Verdict::Invalid { fault }, None, Some(0)) if fault == "scheme" => Ok(Err(Fault::Scheme)),
            (Verdict::Invalid { fault }, None, Some(at)) if fault != "scheme" => Ok(Err(Fault::Form { at })),
            (_, fields, at) => {
                Err(Divergence::new("file", "fields if valid, at if invalid, 0 for the scheme", (fields, at)))
            }
        }
    }

    /// Printing keeps the values and puts them in the usual order.
    fn check_printing(&self, authorization: &Authorization) -> Result<(), Divergence> {
        let reparsed = Authorization::parse(authorization.to_string().as_bytes());
        compare("printing", &Ok(authorization), &reparsed.as_ref())
    }
}

impl From<&Authorization> for Fields {
    fn from(authorization: &Authorization) -> Self {
        Self {
            mchid: authorization.mchid().into(),
            nonce_str: authorization.nonce_str().into(),
            signature: authorization.signature().into(),
            timestamp: authorization.timestamp().to_string(),
            serial_no: authorization.serial_no().into(),
        }
    }
}

impl From<&AuthorizationError> for Fault {
    fn from(error: &AuthorizationError) -> Self {
        match error {
            AuthorizationError::Scheme { .. } => Self::Scheme,
            AuthorizationError::Malformed(malformed) => Self::Form { at: malformed.at() },
        }
    }
}
