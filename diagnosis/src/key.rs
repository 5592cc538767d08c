//! Mistakes in the key.

use std::fmt;

use wechatpay_protocol::VerifyingKey;

use crate::KnownMistake;

/// A key that is not the merchant's own, and its holder.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Its holder.
    pub holder: KeyHolder,
    /// The public half.
    pub key: VerifyingKey,
}

/// The holder of a key that may have signed by mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// The gateway, under this serial number or public key ID.
    Gateway(String),
    /// Another merchant, with this `mchid`.
    Merchant(String),
    /// The development merchant, whose private key is public.
    Development,
    /// Nobody: `other_key.pem` of the development credentials, a key that everyone must reject.
    Stranger,
}

pub(crate) static KEYS: [KnownMistake; 4] = [
    KnownMistake::new(
        "platform-key",
        "sign with the merchant's private key (apiclient_key.pem): the gateway's own key was used",
        "请用商户私钥（apiclient_key.pem）签名：现在用的是微信支付平台的私钥",
    ),
    KnownMistake::new(
        "other-merchants-key",
        "use the mchid, serial_no and private key of the same merchant: another merchant's key was used",
        "商户号、证书序列号和私钥要属于同一商户：现在用的是其他商户的私钥",
    ),
    KnownMistake::new(
        "development-key",
        "sign with the configured merchant's private key: the client still uses the development merchant's",
        "请用所配置商户的私钥签名：客户端用的仍是开发商户的私钥",
    ),
    KnownMistake::new(
        "strangers-key",
        "sign with apiclient_key.pem: other_key.pem belongs to no merchant",
        "请用 apiclient_key.pem 签名：other_key.pem 不属于任何商户",
    ),
];

impl KeyHolder {
    /// The mistake of signing with this holder's key.
    pub(crate) fn mistake(&self) -> &'static KnownMistake {
        match self {
            Self::Gateway(_) => &KEYS[0],
            Self::Merchant(_) => &KEYS[1],
            Self::Development => &KEYS[2],
            Self::Stranger => &KEYS[3],
        }
    }

    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::Gateway(id) => format!("微信支付平台（{id}）"),
            Self::Merchant(mchid) => format!("商户 {mchid}"),
            Self::Development => "开发商户".into(),
            Self::Stranger => "开发凭据中的陌生人（other_key.pem）".into(),
        }
    }
}

impl fmt::Display for KeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(id) => write!(f, "the gateway ({id})"),
            Self::Merchant(mchid) => write!(f, "merchant {mchid}"),
            Self::Development => f.write_str("the development merchant"),
            Self::Stranger => f.write_str("the stranger in the development credentials (other_key.pem)"),
        }
    }
}
