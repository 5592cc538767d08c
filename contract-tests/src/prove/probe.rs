//! A probe: what the mock does, and what the client must do.

use std::fmt;

use serde::Deserialize;
use wechatpay_mock::Fault;
use wechatpay_texts::{phrase, text};

use super::{About, Keys};

/// One check of a client.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What a report says of it.
    pub about: About,
    /// How the mock is set up.
    pub scenario: Scenario,
    /// What the client must do.
    pub must: Requirement,
}

/// How the mock is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scenario {
    /// The gateway keys that the client has. If `None`, those that it is run with otherwise.
    pub keys: Option<Keys>,
    /// The keys that the mock has.
    pub gateway_keys: GatewayKeys,
    /// What the mock does wrong.
    pub fault: Option<InjectedFault>,
}

/// The keys with which the mock signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GatewayKeys {
    /// Those that the client has.
    #[default]
    Known,
    /// Two platform certificates are in force. The one that the client does not have signs, unless the request names
    /// the other.
    ChangeOver,
    /// Another platform certificate has replaced the one that the client has.
    Replaced,
    /// The public key only.
    PublicKeyOnly,
}

/// What the mock does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InjectedFault {
    /// This fault, on each request of the sample call.
    Always(Fault),
    /// This fault, on the first request of the sample call, which is carried out.
    Once(Fault),
    /// This fault, on each request for the list of platform certificates.
    CertificateList(Fault),
    /// The mock's clock is this many seconds ahead.
    ClockSkew(i64),
}

/// What a client must do, always within the time limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Accept the response.
    Accept,
    /// Reject it. The client may try again.
    Reject,
    /// Accept or reject it.
    EndInTime,
    /// Reject it, and show the code or the message of the gateway's error.
    #[serde(rename_all = "kebab-case")]
    ShowError {
        /// The code.
        code: String,
        /// Whether the client may send the request again.
        #[serde(default)]
        may_repeat: bool,
    },
    /// Reject it, or send the request again with the same number and accept the response to that.
    RepeatAlike,
    /// Reject it, or download the new certificate and accept its signature. After a download, the client must accept.
    FollowCertificates,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => phrase!("accept the response").fmt(f),
            Self::Reject => phrase!("reject the response").fmt(f),
            Self::EndInTime => phrase!("accept or reject the response in time").fmt(f),
            Self::ShowError { code, may_repeat: true } => {
                f.write_str(&text!("reject the response and show {code}"))
            }
            Self::ShowError { code, may_repeat: false } => {
                f.write_str(&text!("reject the response, show {code}, and not send the request again"))
            }
            Self::RepeatAlike => {
                phrase!("reject the response, or send the request again with the same number").fmt(f)
            }
            Self::FollowCertificates => {
                phrase!("reject the response, or download the certificate first").fmt(f)
            }
        }
    }
}
