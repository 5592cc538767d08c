//! Every fault through the plain client: how it reacts, and whether the change was made.

use wechatpay_client::{Error, Trust};
use wechatpay_mock::{FAULTS, Fault, FaultRule, FaultSource};
use wechatpay_protocol::{
    WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE, WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use super::{CARD_ID, CODE, POINTS, Reaction, World, adding, frozen_mock, until};

const APPLIED: bool = true;
const NOT_APPLIED: bool = false;

/// What the client makes of the fault, and whether the change was made.
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
        Fault::LowerCaseHeaders => (Verified(204), APPLIED),
        // The type of the signature is what the client looks at first.
        Fault::Unsigned | Fault::WithoutSignatureType => (Without(WECHATPAY_SIGNATURE_TYPE), APPLIED),
        Fault::WithoutTimestamp => (Without(WECHATPAY_TIMESTAMP), APPLIED),
        Fault::WithoutNonce => (Without(WECHATPAY_NONCE), APPLIED),
        Fault::WithoutSignature => (Without(WECHATPAY_SIGNATURE), APPLIED),
        Fault::WithoutSerial => (Without(WECHATPAY_SERIAL), APPLIED),
        // A client trusts one of the gateway's keys, not the other.
        Fault::WrongSerial | Fault::UnknownSerial => (UnknownKey, APPLIED),
        Fault::WrongKey | Fault::AlteredNonce | Fault::AlteredBody => (Mismatch, APPLIED),
        Fault::Signtest => (SignatureForm, APPLIED),
        Fault::StaleTimestamp => (SignedAt(-301), APPLIED),
        Fault::FutureTimestamp => (SignedAt(301), APPLIED),
    }
}

/// Sends a change with that number to a world where it meets the fault, and holds everything to what is expected.
async fn assert_as_expected(world: &World, fault: Fault, number: &str, by: FaultSource) {
    let (client, change) = (world.client.clone(), adding(number));
    let call = tokio::spawn(async move { client.set_rights(CARD_ID, CODE, &change).await });
    if fault == Fault::NoAnswer {
        // Once the mock has the request, there is nothing left to wait for but the client's own patience.
        until(|| world.last_strike().is_some()).await;
        tokio::time::pause();
    }
    let result = call.await.unwrap();
    if fault == Fault::NoAnswer {
        tokio::time::resume();
    }
    let is_unknown = result.as_ref().is_err_and(Error::outcome_is_unknown);
    let is_believed = result.is_ok();
    let reaction = Reaction::to(result);
    let strike = world.last_strike().unwrap();
    world.mock.clear_faults();
    let is_applied = world.points().await == POINTS;

    assert_eq!((reaction, is_applied), expected(fault), "{fault}");
    assert_eq!((strike.by, strike.fault, strike.is_applied), (by, Some(fault), is_applied), "{fault}");
    assert!(is_believed || is_unknown || !is_applied, "{fault}: the client takes it for not applied");
}

#[tokio::test]
async fn every_fault_can_be_had_by_request_number_whatever_the_client_trusts() {
    for trust in [Trust::PublicKey, Trust::Certificate, Trust::Downloaded] {
        for fault in FAULTS {
            let world = World::trusting(frozen_mock().await, trust);
            assert_as_expected(&world, *fault, &fault.trigger_number(), FaultSource::TriggerNumber).await;
        }
    }
}

#[tokio::test]
async fn every_fault_can_be_had_by_rule() {
    for fault in FAULTS {
        let world = World::with([FaultRule::of(*fault)]).await;
        assert_as_expected(&world, *fault, "1", FaultSource::Rule(1)).await;
    }
}
