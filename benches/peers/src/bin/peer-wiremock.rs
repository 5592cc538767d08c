//! [wiremock](https://docs.rs/wiremock) as a program, as its users start it: it records every request.

use std::{future, io};

use wechatpay_peers::{PATH, announce};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let server = MockServer::builder().start().await;
    let answer = Mock::given(method("PATCH")).and(path(PATH)).respond_with(ResponseTemplate::new(204));
    server.register(answer).await;
    announce(*server.address())?;
    future::pending().await
}
