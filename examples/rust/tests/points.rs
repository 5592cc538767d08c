//! Each test starts its own mock on its own port, so the tests run side by side.

use std::error::Error;

use example_points::{Card, add_points};
use serde_json::json;
use wechatpay_client::Client;
use wechatpay_mock::{Fault, FaultRule, MockServer};

type Outcome = Result<(), Box<dyn Error>>;

const CARD: Card<'_> = Card { card_id: "pbLatjvWOibDc5-TBnbUk1pD12o0", code: "478515832665" };

fn shop(gateway: &MockServer) -> Result<Client, Box<dyn Error>> {
    Ok(Client::builder().base_url(&gateway.url()).credentials(&gateway.credentials()).build()?)
}

#[tokio::test]
async fn points_are_added_with_one_request() -> Outcome {
    let gateway = MockServer::builder().start().await?;
    add_points(&shop(&gateway)?, CARD, "order-1", 100).await?;

    let exchanges = gateway.exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].status.map(|status| status.as_u16()), Some(204));
    assert_eq!(exchanges[0].warnings, []);
    Ok(())
}

#[tokio::test]
async fn a_lost_response_does_not_add_points_twice() -> Outcome {
    let gateway = MockServer::builder().start().await?;
    let lost = FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) };
    gateway.add_fault(lost)?;
    let twice =
        gateway.expect().operation("set_rights").body(json!({ "out_request_no": "order-1" })).times(2);
    add_points(&shop(&gateway)?, CARD, "order-1", 100).await?;
    twice.verify();
    Ok(())
}

#[tokio::test]
async fn a_forged_response_is_rejected() -> Outcome {
    let gateway = MockServer::builder().start().await?;
    gateway.add_fault(FaultRule::of(Fault::WrongKey))?;
    let error = add_points(&shop(&gateway)?, CARD, "order-1", 100).await.expect_err("nobody signed this");
    assert!(error.verification_error().is_some(), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_refused_request_is_not_sent_again() -> Outcome {
    let gateway = MockServer::builder().fault(FaultRule::of(Fault::NoAuth)).start().await?;
    let error = add_points(&shop(&gateway)?, CARD, "order-1", 100).await.expect_err("it is refused");
    assert_eq!(error.api_error().and_then(|error| error.code()), Some("NO_AUTH"));
    assert_eq!(gateway.exchanges().len(), 1);
    Ok(())
}
