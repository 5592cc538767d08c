//! `--no-signatures`: none is verified, and none is made.

use super::*;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{CHECKS, Fault, FaultRule};

/// Two requests that only differ in whether the merchant signed them.
fn signed_or_not() -> [RawRequest; 2] {
    let sample = RawRequest::sample();
    [RawRequest { sign: Sign::WrongKey, ..sample.clone() }, sample]
}

#[tokio::test]
async fn any_signature_passes_and_the_answer_has_none() {
    let mock = mock(Signatures::off()).await;
    for request in signed_or_not() {
        let reply = exchange(&mock, &request).await;
        assert_eq!(reply.status(), "204");
        assert!(!reply.head.contains("Wechatpay-"), "{}", reply.head);
    }
    let with_body = exchange(&mock, &RawRequest::certificates()).await;
    assert_eq!((with_body.status(), with_body.head.contains("Wechatpay-")), ("200", false));
    assert_eq!(journal(&mock), [AnswerSignature::Off; 3]);
}

#[tokio::test]
async fn nothing_counts_as_authenticated() {
    let mock = mock(Signatures::off()).await;
    let expected = mock.expect();
    for request in signed_or_not() {
        exchange(&mock, &request).await;
    }
    for exchange in mock.exchanges() {
        assert!(!exchange.is_authenticated);
        assert_eq!(exchange.mchid.as_ref().unwrap().as_str(), "1900000001");
        assert_eq!(exchange.checks_passed(), &CHECKS[..9], "the signature's is not made");
    }
    expected.merchant("1900000001").status(204).authenticated(false).times(2).verify();
}

#[tokio::test]
async fn all_other_checks_are_made() {
    let mock = mock(Signatures::off()).await;
    let sample = RawRequest::sample();
    for (request, status) in [
        (RawRequest { sign: Sign::Unsigned, ..sample.clone() }, "401"),
        (RawRequest { sign: Sign::Stale, ..sample.clone() }, "401"),
        (RawRequest { sign: Sign::UnknownMerchant, ..sample.clone() }, "401"),
        (RawRequest { sign: Sign::UnknownSerial, ..sample.clone() }, "401"),
        (RawRequest { body: b"{".into(), ..sample.clone() }, "400"),
        (RawRequest { headers: Vec::new(), ..sample }, "400"),
    ] {
        assert_eq!(exchange(&mock, &request).await.status(), status, "{request:?}");
    }
    assert_eq!(journal(&mock), [AnswerSignature::None; 6]);
}

#[tokio::test]
async fn a_fault_strikes_unless_it_would_spoil_a_signature() {
    let mock = mock(Signatures::off()).await;
    let once = |fault| FaultRule { times: Some(1), ..FaultRule::of(fault) };
    for (fault, status, struck) in
        [(Fault::SystemError, "500", 1), (Fault::LowerCaseHeaders, "204", 1), (Fault::WrongKey, "204", 0)]
    {
        let rule = mock.add_fault(once(fault)).unwrap();
        let reply = exchange(&mock, &RawRequest::sample()).await;
        assert_eq!(reply.status(), status, "{fault}");
        let rule = mock.faults().into_iter().find(|one| one.id == rule.id).unwrap();
        assert_eq!(rule.struck, struck, "{fault}");
        assert_eq!(mock.exchanges().last().unwrap().fault.is_some(), struck == 1, "{fault}");
    }
}
