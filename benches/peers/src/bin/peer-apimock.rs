//! [apimock](https://docs.rs/apimock) as a program: its own has no way to say which free port it took.

use std::{error::Error, future};

use apimock::{config::Config, server::Server};
use wechatpay_peers::announce;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/apimock/apimock.toml");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new(Some(&CONFIG.to_owned()), None)?;
    let server = Server::new(config).await?;
    let listener = server.bind_http().await?.ok_or("expected [listener] in apimock.toml, found none")?;
    announce(listener.local_addr()?)?;
    server.serve_http(listener).await;
    future::pending().await
}
