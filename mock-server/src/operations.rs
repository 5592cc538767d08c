//! What the operations do, one file for each that has state of its own.

mod certificates;
mod echo;
mod member_card;
mod rights;

use http::StatusCode;
use serde_json::Value;

use crate::{gateway::Gateway, journal::Warning, rejection::Rejection, stages::validate::ValidRequest};

pub(crate) use rights::Rights;

/// The code behind an operation of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Echo,
    ListCertificates,
    SetRights,
    ShowMemberCard,
}

/// What an operation did: the answer it asks for, and what is odd about the request all the same.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    /// The body of the answer; `None` is an empty one.
    pub(crate) body: Option<Value>,
    pub(crate) warnings: Vec<Warning>,
}

impl Handler {
    /// The handler of the operation with this `operationId`.
    pub(crate) fn of(operation_id: &str) -> Option<Self> {
        match operation_id {
            "echo" => Some(Self::Echo),
            "list_certificates" => Some(Self::ListCertificates),
            "set_rights" => Some(Self::SetRights),
            "show_member_card" => Some(Self::ShowMemberCard),
            _ => None,
        }
    }

    pub(crate) fn handle(self, gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
        match self {
            Self::Echo => echo::echo(gateway, request),
            Self::ListCertificates => certificates::list(gateway, request),
            Self::SetRights => rights::set(gateway, request),
            Self::ShowMemberCard => member_card::show(gateway, request),
        }
    }
}

impl Outcome {
    /// 200 with a body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), warnings: Vec::new() }
    }

    /// 204.
    pub(crate) fn no_content(warnings: Vec<Warning>) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, warnings }
    }
}
