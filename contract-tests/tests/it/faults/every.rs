//! Every fault through the plain client: how the client reacts, and whether the change was applied.

use wechatpay_client::{Error, Trust};
use wechatpay_mock::{FAULTS, Fault, FaultRule, FaultSource};
use wechatpay_protocol::{
    WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE, WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use super::{CARD_ID, CODE, POINTS, Reaction, Setup, adding, frozen_mock, until};

const APPLIED: bool = true;
const NOT_APPLIED: bool = false;

/// How the client reacts to the fault, and whether the change is applied.
fn expected(fault: Fault) -> (Reaction, bool) {
    use Reaction::{
        Broken, Mismatch, Page, Rejected, SignatureForm, SignedAt, TimedOut, UnknownKey, Verified, Without,
    };
    let rejected = |status, words: &str| (Rejected(status, words.into()), NOT_APPLIED);
    match fault {
        Fault::ParamError => rejected(400, "PARAM_ERROR 参数错误"),
        Fault::InvalidRequest => rejected(400, "INVALID_REQUEST 请求不符合业务规则"),
        Fault::UnknownCard => rejected(400, "INVALID_REQUEST 会员卡ID无效"),
        Fault::UnknownCode => rejected(400, "INVALID_REQUEST code不存在"),
        Fault::CardNotEffective => rejected(400, "INVALID_REQUEST 用户会员卡无效"),
        Fault::ForeignCard => rejected(400, "INVALID_REQUEST 会员卡的创建商户号不等于调用方商户号"),
        Fault::NoPoints => rejected(400, "INVALID_REQUEST 没有开通会员积分权益服务"),
        Fault::SignError => rejected(401, "SIGN_ERROR 签名错误"),
        Fault::NoAuth => rejected(403, "NO_AUTH 商户暂无权限使用此功能"),
        Fault::RuleLimit => rejected(403, "RULE_LIMIT 业务规则限制"),
        Fault::ResourceNotExists => rejected(404, "RESOURCE_NOT_EXISTS 资源不存在"),
        Fault::FrequencyLimited => rejected(429, "FREQUENCY_LIMITED 频率超限"),
        Fault::RatelimitExceed => rejected(429, "RATELIMIT_EXCEED 请求频率超过限制"),
        Fault::RateLimited => rejected(429, "RATE_LIMITED 请求频率超过限制"),
        Fault::RatelimitExceeded => rejected(429, "RATELIMIT_EXCEEDED 请求频率超过限制"),
        Fault::SystemError => rejected(500, "SYSTEM_ERROR 系统异常，请稍后重试"),
        Fault::SystemErrorApplied => (Rejected(500, "SYSTEM_ERROR 系统异常，请稍后重试".into()), APPLIED),
        Fault::BadGateway => rejected(502, "SERVICE_UNAVAILABLE 服务暂不可用，请稍后重试"),
        Fault::ServiceUnavailable => rejected(503, "SERVICE_UNAVAILABLE 服务暂不可用，请稍后重试"),
        Fault::SystemErrorHtml => (Page(500), NOT_APPLIED),
        Fault::BadGatewayHtml => (Page(502), NOT_APPLIED),
        Fault::ServiceUnavailableHtml => (Page(503), NOT_APPLIED),
        Fault::Refuse | Fault::Reset => (Broken, NOT_APPLIED),
        Fault::ResetAfterHeaders | Fault::StopInBody => (Broken, APPLIED),
        Fault::NoAnswer => (TimedOut, APPLIED),
        // The connection is reset at the next request, which this one is not.
        Fault::LowerCaseHeaders | Fault::IdleClose => (Verified(204), APPLIED),
        // The client asks for no compression, and takes the body as it is.
        Fault::FalseGzip => (Verified(200), APPLIED),
        // The client checks the signature type first.
        Fault::Unsigned | Fault::WithoutSignatureType => (Without(WECHATPAY_SIGNATURE_TYPE), APPLIED),
        Fault::WithoutTimestamp => (Without(WECHATPAY_TIMESTAMP), APPLIED),
        Fault::WithoutNonce => (Without(WECHATPAY_NONCE), APPLIED),
        Fault::WithoutSignature => (Without(WECHATPAY_SIGNATURE), APPLIED),
        Fault::WithoutSerial => (Without(WECHATPAY_SERIAL), APPLIED),
        // The client trusts only one of the gateway's keys.
        Fault::WrongSerial | Fault::UnknownSerial => (UnknownKey, APPLIED),
        Fault::WrongKey | Fault::AlteredNonce | Fault::AlteredBody => (Mismatch, APPLIED),
        Fault::Signtest => (SignatureForm, APPLIED),
        Fault::StaleTimestamp => (SignedAt(-301), APPLIED),
        Fault::FutureTimestamp => (SignedAt(301), APPLIED),
        _ => panic!("{fault} is only of callbacks"),
    }
}

/// Sends a change with that number, which meets the fault, and checks the client's reaction and the journal.
async fn assert_as_expected(setup: &Setup, fault: Fault, number: &str, by: FaultSource) {
    let (client, change) = (setup.client.clone(), adding(number));
    let call = tokio::spawn(async move { client.set_rights(CARD_ID, CODE, &change).await });
    if fault == Fault::NoAnswer {
        // The mock has the request. Only the client's own timeout is left to wait for.
        until(|| setup.last_fault().is_some()).await;
        tokio::time::pause();
    }
    let result = call.await.unwrap();
    if fault == Fault::NoAnswer {
        tokio::time::resume();
    }
    let is_unknown = result.as_ref().is_err_and(Error::outcome_is_unknown);
    let is_verified = result.is_ok();
    let reaction = Reaction::to(result);
    let recorded = setup.last_fault().unwrap();
    setup.mock.clear_faults();
    let is_applied = setup.points().await == POINTS;

    assert_eq!((reaction, is_applied), expected(fault), "{fault}");
    assert_eq!((recorded.by, recorded.fault, recorded.is_applied), (by, Some(fault), is_applied), "{fault}");
    assert!(is_verified || is_unknown || !is_applied, "{fault}: the client takes the change for not applied");
}

#[tokio::test]
async fn every_fault_can_be_triggered_by_request_number_in_every_trust_mode() {
    for trust in [Trust::PublicKey, Trust::Certificate, Trust::Downloaded] {
        for fault in FAULTS {
            let setup = Setup::trusting(frozen_mock().await, trust);
            assert_as_expected(&setup, *fault, &fault.trigger_number(), FaultSource::TriggerNumber).await;
        }
    }
}

#[tokio::test]
async fn every_fault_can_be_triggered_by_rule() {
    for fault in FAULTS {
        let setup = Setup::with([FaultRule::of(*fault)]).await;
        assert_as_expected(&setup, *fault, "1", FaultSource::Rule(1)).await;
    }
}
