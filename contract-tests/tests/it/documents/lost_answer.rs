//! The example of an answer that is lost, as both READMEs show it.

use wechatpay_client::{Client, RightsChange};
use wechatpay_mock::{Fault, FaultRule, MockServer, NewMerchant};

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_sent_again() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = MockServer::builder().start().await?;
    let merchant = gateway.make_merchant(NewMerchant::default())?;
    let client = Client::builder().base_url(&gateway.url()).credentials(&merchant).build()?;

    let mut once = FaultRule { times: Some(1), ..FaultRule::of(Fault::SystemErrorApplied) };
    once.when.merchant = Some(merchant.mchid.to_string());
    gateway.add_fault(once)?;
    let _expected = gateway.expect().merchant(merchant.mchid.as_str()).operation("set_rights").times(2);

    let mut change = RightsChange::new("points-0002");
    change.add_bonus_value = Some(100);
    let lost = client.set_rights("pbLatjvWOibDc5-TBnbUk1pD12o0", "478515832665", &change).await;
    assert!(lost.is_err_and(|error| error.outcome_is_unknown()));

    gateway.clock().advance(60);
    client.set_rights("pbLatjvWOibDc5-TBnbUk1pD12o0", "478515832665", &change).await?;
    assert_eq!(gateway.exchanges()[1].warnings, [wechatpay_mock::Warning::Repeated]);
    Ok(())
}
