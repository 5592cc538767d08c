//! Why a request can't be processed again.

use wechatpay_protocol::Mchid;
use wechatpay_texts::Text;

/// Why a request can't be processed again.
#[derive(Debug, Text, thiserror::Error)]
pub(in crate::admin) enum ReplayError {
    #[text(
        "exchange {number}: expected a request that arrived completely, found one of which the journal has only a part: {reason}"
    )]
    Incomplete { number: u64, reason: String },
    #[text(
        "exchange {number}: expected a whole body, found {kept} of {length} bytes in the journal; raise limits.journal_body, \
         and send the request again"
    )]
    Cut { number: u64, kept: usize, length: usize },
    #[text(
        "expected Authorization: WECHATPAY2-SHA256-RSA2048 or none, found another scheme, whose value the mock does not keep; \
         replay it with \"sign\": \"anew\""
    )]
    Masked,
    #[text(
        "expected a merchant that can sign, found mchid {mchid}, which does not exist; POST /__mock/merchants creates it"
    )]
    UnknownMerchant { mchid: String },
    #[text(
        "expected a merchant whose private key the mock has, found {mchid}; add private_key next to its certificate"
    )]
    NoPrivateKey { mchid: Mchid },
    #[text("expected a target that a command can show, found {found}")]
    NotForShell { found: String },
}
