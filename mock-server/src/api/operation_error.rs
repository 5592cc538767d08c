//! Refusals by the operations' own rules: check 12.

use http::StatusCode;

use crate::api::{language::Language, provenance::Provenance};

/// Why an operation refuses a request that is signed and well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationError {
    /// The merchant may not use the operation.
    NoPermission,
    /// Another merchant created the card.
    ForeignCard,
    /// No such card.
    UnknownCard,
    /// No member has this code.
    UnknownCode,
    /// The member's card can't be used now.
    CardNotEffective,
    /// The card's members do not collect points.
    NoPoints,
    /// The request number was used before, for the same content.
    Repeated,
    /// The request number was used before, for other content.
    RepeatedDifferently,
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic,
    /// `before_bonus_value` is not what is stored.
    StaleBefore,
    /// The points would become negative.
    NegativeTotal,
    /// The merchant has no platform certificate, only a public key.
    NoPlatformCertificate,
}

impl OperationError {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoPermission => StatusCode::FORBIDDEN,
            Self::NoPlatformCertificate => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The code in the answer.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPermission => "NO_AUTH",
            Self::NoPlatformCertificate => "RESOURCE_NOT_EXISTS",
            _ => "INVALID_REQUEST",
        }
    }

    /// The message of the answer; in Chinese, the gateway's own where it is known.
    pub fn message(self, language: Language) -> &'static str {
        let (simplified, english, traditional) = match self {
            Self::NoPermission => (
                "商户暂无权限使用此功能",
                "the merchant has no permission to use this function",
                "商戶暫無權限使用此功能",
            ),
            Self::ForeignCard => (
                "会员卡的创建商户号不等于调用方商户号",
                "the member card was created by another merchant than the caller",
                "會員卡的創建商戶號不等於調用方商戶號",
            ),
            Self::UnknownCard => ("会员卡ID无效", "the card_id is invalid", "會員卡ID無效"),
            Self::UnknownCode => ("code不存在", "the code does not exist", "code不存在"),
            Self::CardNotEffective => ("用户会员卡无效", "the member's card is not valid", "用戶會員卡無效"),
            Self::NoPoints => {
                ("没有开通会员积分权益服务", "the card has no points service", "沒有開通會員積分權益服務")
            }
            Self::Repeated => ("商户请求单号重复", "the out_request_no was used before", "商戶請求單號重複"),
            Self::RepeatedDifferently => (
                "请求内容和上次请求不一致,请核实后再试",
                "the request differs from the last one with this out_request_no; check it and try again",
                "請求內容和上次請求不一致,請核實後再試",
            ),
            Self::Arithmetic => (
                "变更前的积分值与变动值之和不等于变更后的积分值",
                "before_bonus_value and add_bonus_value do not add up to bonus_value",
                "變更前的積分值與變動值之和不等於變更後的積分值",
            ),
            Self::StaleBefore => (
                "变更前的积分值与当前积分值不一致",
                "before_bonus_value is not the present value",
                "變更前的積分值與當前積分值不一致",
            ),
            Self::NegativeTotal => {
                ("会员积分值不能为负数", "the points must not become negative", "會員積分值不能為負數")
            }
            Self::NoPlatformCertificate => (
                "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/wxp-pub-key-guide.html",
                "no platform certificate is available: apply for a WeChat Pay public key on the merchant platform under API security. See https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/wxp-pub-key-guide.html",
                "無可用的平台證書，請在商戶平台-API安全申請使用微信支付公鑰。可查看指引https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/wxp-pub-key-guide.html",
            ),
        };
        language.pick(simplified, english, traditional)
    }

    /// How sure it is that the gateway answers so.
    pub fn standing(self) -> Provenance {
        match self {
            Self::NoPermission
            | Self::ForeignCard
            | Self::UnknownCard
            | Self::UnknownCode
            | Self::CardNotEffective
            | Self::NoPoints => Provenance::Documented,
            Self::NoPlatformCertificate => Provenance::Wild,
            Self::Repeated
            | Self::RepeatedDifferently
            | Self::Arithmetic
            | Self::StaleBefore
            | Self::NegativeTotal => Provenance::OwnChoice,
        }
    }
}
