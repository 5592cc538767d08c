//! Five minutes, to the second.

use wechatpay_protocol::Timestamp;

use crate::support::{NOW, RawRequest, exchange, frozen_mock};

async fn status_at(offset: i64) -> String {
    let signed_at = Timestamp::from_unix(NOW.as_unix().checked_add_signed(offset).unwrap());
    let request = RawRequest { signed_at, ..RawRequest::sample() };
    exchange(&frozen_mock().await, &request).await.status().into()
}

#[tokio::test]
async fn a_timestamp_up_to_300_seconds_off_passes() {
    for offset in [-300, -299, 0, 299, 300] {
        assert_eq!(status_at(offset).await, "204", "{offset}");
    }
}

#[tokio::test]
async fn a_timestamp_301_seconds_off_is_refused() {
    for offset in [-301, 301] {
        assert_eq!(status_at(offset).await, "401", "{offset}");
    }
}
