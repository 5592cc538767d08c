//! [httpmock](https://docs.rs/httpmock) as a program, as its users start it.

use std::{future, io};

use httpmock::{Method, MockServer};
use wechatpay_peers::{PATH, announce};

#[tokio::main]
async fn main() -> io::Result<()> {
    let server = MockServer::start_async().await;
    let answer = |when: httpmock::When, then: httpmock::Then| {
        when.method(Method::PATCH).path(PATH);
        then.status(204);
    };
    server.mock_async(answer).await;
    announce(*server.address())?;
    future::pending().await
}
