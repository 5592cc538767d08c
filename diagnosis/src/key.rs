//! Mistakes in the key.

use std::fmt;

use wechatpay_protocol::VerifyingKey;
use wechatpay_texts::text;

use crate::{KnownMistake, subject::Subject};

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
    /// The holder of a certificate or public key that the user gave, with its serial number or ID, if that is known.
    Given(Option<String>),
    /// The development merchant, whose private key is public.
    Development,
    /// Nobody: `other_key.pem` of the development credentials, a key that everyone must reject.
    Stranger,
}

pub(crate) static KEYS: [KnownMistake; 5] = [
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
        "请用所配置商户的私钥签名：客户端用的仍是开发用商户的私钥",
    ),
    KnownMistake::new(
        "strangers-key",
        "sign with apiclient_key.pem: other_key.pem belongs to no merchant",
        "请用 apiclient_key.pem 签名：other_key.pem 不属于任何商户",
    ),
    KnownMistake::new(
        "other-given-key",
        "sign with the private key of the certificate that serial_no names: the key of another certificate was used",
        "请用 serial_no 对应证书的私钥签名：现在用的是另一张证书的私钥",
    ),
];

/// Mistakes in the key of a response.
pub(crate) static RESPONSE_KEYS: [KnownMistake; 2] = [
    KnownMistake::new(
        "serial-of-another-key",
        "verify with the key that signed: Wechatpay-Serial names another one, so it is not from the same response",
        "请用实际签名的密钥验签：Wechatpay-Serial 写的是另一个密钥，与该应答不符",
    ),
    KnownMistake::new(
        "not-the-gateways-key",
        "do not trust this: the key that signed it is not the gateway's",
        "不要信任此报文：签名所用的密钥不属于微信支付",
    ),
];

impl KeyHolder {
    /// The mistake of signing with this holder's key.
    pub(crate) fn mistake(&self, subject: Subject) -> &'static KnownMistake {
        if !matches!(subject, Subject::Request | Subject::PaySign) {
            return match self {
                Self::Gateway(_) | Self::Given(_) => &RESPONSE_KEYS[0],
                Self::Merchant(_) | Self::Development | Self::Stranger => &RESPONSE_KEYS[1],
            };
        }
        match self {
            Self::Gateway(_) => &KEYS[0],
            Self::Merchant(_) => &KEYS[1],
            Self::Development => &KEYS[2],
            Self::Stranger => &KEYS[3],
            Self::Given(_) => &KEYS[4],
        }
    }
}

impl fmt::Display for KeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Gateway(id) => text!("the gateway ({id})"),
            Self::Merchant(mchid) => text!("merchant {mchid}"),
            Self::Given(Some(id)) => text!("the given certificate or public key {id}"),
            Self::Given(None) => text!("the given public key"),
            Self::Development => text!("the development merchant"),
            Self::Stranger => text!("the stranger in the development credentials (other_key.pem)"),
        })
    }
}
