//! The example of points added, as both READMEs show it.

use wechatpay_client::{Client, RightsChange};
use wechatpay_mock::MockServer;

#[tokio::test]
async fn points_are_added() -> Result<(), Box<dyn std::error::Error>> {
    let gateway = MockServer::builder().start().await?;
    let client = Client::builder().base_url(&gateway.url()).credentials(&gateway.credentials()).build()?;

    let mut change = RightsChange::new("points-0001");
    change.add_bonus_value = Some(100);
    client.set_rights("pbLatjvWOibDc5-TBnbUk1pD12o0", "478515832665", &change).await?;

    let exchanges = gateway.exchanges();
    assert_eq!(exchanges[0].status.unwrap(), 204);
    assert_eq!(exchanges[0].warnings, []);
    Ok(())
}
