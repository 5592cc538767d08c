//! Whose key it was.

use std::fmt;

use wechatpay_protocol::VerifyingKey;

use crate::forensics::Hypothesis;

/// Whose key a signature may have been made with by mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// The gateway itself, under this serial number or public key ID.
    Gateway(String),
    /// Another merchant, with this number.
    Merchant(String),
    /// The development merchant, whose key is public.
    Development,
    /// Nobody: the key `other_key.pem` of the development credentials, which is there to be refused.
    Stranger,
}

/// A key that is not the merchant's, and whose it is.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Whose it is.
    pub holder: KeyHolder,
    /// The key.
    pub key: VerifyingKey,
}

impl fmt::Display for KeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(name) => write!(f, "the gateway ({name})"),
            Self::Merchant(mchid) => write!(f, "merchant {mchid}"),
            Self::Development => f.write_str("the development merchant"),
            Self::Stranger => f.write_str("the stranger among the development credentials (other_key.pem)"),
        }
    }
}

impl KeyHolder {
    pub(super) fn hypothesis(&self) -> &'static Hypothesis {
        match self {
            Self::Gateway(_) => &GATEWAYS,
            Self::Merchant(_) => &OTHER_MERCHANTS,
            Self::Development => &DEVELOPMENT,
            Self::Stranger => &STRANGERS,
        }
    }

    pub(super) fn chinese(&self) -> String {
        match self {
            Self::Gateway(name) => format!("微信支付平台（{name}）"),
            Self::Merchant(mchid) => format!("商户 {mchid}"),
            Self::Development => "开发用商户".into(),
            Self::Stranger => "开发用凭据中的陌生人（other_key.pem）".into(),
        }
    }
}

pub(super) const KEYS: &[&Hypothesis] = &[&GATEWAYS, &OTHER_MERCHANTS, &DEVELOPMENT, &STRANGERS];

static GATEWAYS: Hypothesis = Hypothesis {
    name: "platform-key",
    english: "sign with the merchant's private key (apiclient_key.pem): it was signed with the gateway's own",
    chinese: "请使用商户私钥（apiclient_key.pem）签名：现在使用的是微信支付平台的密钥",
};
static OTHER_MERCHANTS: Hypothesis = Hypothesis {
    name: "other-merchants-key",
    english: "use mchid, serial_no and private key of one and the same merchant: the key is another's",
    chinese: "商户号、证书序列号与私钥须属于同一商户：现在使用的是其他商户的私钥",
};
static DEVELOPMENT: Hypothesis = Hypothesis {
    name: "development-key",
    english: "sign with the private key of the configured merchant: the client still uses the development merchant's",
    chinese: "请使用所配置商户的私钥签名：客户端仍在使用开发用商户的私钥",
};
static STRANGERS: Hypothesis = Hypothesis {
    name: "strangers-key",
    english: "sign with apiclient_key.pem: other_key.pem belongs to no merchant",
    chinese: "请使用 apiclient_key.pem 签名：other_key.pem 不属于任何商户",
};
