//! What became of a signature, and how it is said.

use wechatpay_mock::diagnosis::Diagnosis;
use wechatpay_protocol::display::quoted;

/// What became of a signature.
pub(super) enum Outcome {
    /// With this key, in English and Chinese.
    Holds {
        key: [String; 2],
    },
    /// It verifies, but with another key than the headers name.
    WrongSerial {
        named: String,
        key: [String; 2],
    },
    Fails(Diagnosis),
    /// No key that the user gave has this name.
    NoKey {
        serial: String,
    },
    /// Headers are missing or malformed.
    Malformed(String),
    Unsigned(Unsigned),
}

/// Why a message without a signature has none.
pub(super) enum Unsigned {
    /// The gateway does not sign refusals, redirects and files.
    Rightly,
    /// The body of a callback was kept without its headers.
    WithoutHeaders,
    Wrongly,
}

impl Outcome {
    /// What is wrong with a name of its own that is no diagnosis.
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Holds { .. } | Self::Fails(_) => None,
            Self::WrongSerial { .. } => Some("wrong-serial"),
            Self::NoKey { .. } => Some("no-key"),
            Self::Malformed(_) => Some("malformed"),
            Self::Unsigned(_) => Some("unsigned"),
        }
    }

    /// The texts in English and Chinese, if it is no diagnosis.
    pub(super) fn texts(&self) -> Option<[String; 2]> {
        Some(match self {
            Self::Fails(_) => return None,
            Self::Holds { key: [english, chinese] } => {
                [format!("signed with {english}"), format!("签名密钥：{chinese}")]
            }
            Self::WrongSerial { named, key: [english, chinese] } => {
                let named = quoted(named);
                [
                    format!(
                        "the signature is right, but made with {english}, and the headers name {named}: give the serial number of \
                         the key that signs"
                    ),
                    format!("签名本身正确，但签名密钥是{chinese}，而头里写的是 {named}：序列号要与签名密钥一致"),
                ]
            }
            Self::NoKey { serial } => {
                let serial = quoted(serial);
                [
                    format!(
                        "none of the given keys has the name {serial}, and none made the signature; give that one with \
                         --certificate or --public-key and --public-key-id"
                    ),
                    format!(
                        "所给的密钥中没有 {serial}，签名也不是其中任何一个生成的：请用 --certificate，或 --public-key 和 \
                         --public-key-id 提供该密钥"
                    ),
                ]
            }
            Self::Malformed(error) => [error.clone(), format!("格式错误：{error}")],
            Self::Unsigned(Unsigned::Rightly) => [
                "the gateway does not sign refusals and files".into(),
                "网关不对错误应答和文件签名".into(),
            ],
            Self::Unsigned(Unsigned::WithoutHeaders) => [
                "there are no Wechatpay-… headers: keep them together with the body".into(),
                "没有 Wechatpay-… 头：请与报文主体一起保留".into(),
            ],
            Self::Unsigned(Unsigned::Wrongly) => [
                "there is no Wechatpay-Signature: the gateway signs every success and every callback; do not trust it, or \
                 find out which proxy or log lost the headers"
                    .into(),
                "没有 Wechatpay-Signature：网关对每个成功应答和回调都签名。不要信任此报文，或查明是哪个代理或日志丢失了这些头".into(),
            ],
        })
    }
}
