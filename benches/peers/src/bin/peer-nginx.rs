//! nginx, if it is installed, with a worker for each core that it may use.
//!
//! ```sh
//! peer-nginx FOLDER
//! ```
//!
//! FOLDER is where nginx puts its files. It takes over the listening socket, as in an upgrade of its binary, so that the
//! port is taken once and for all. Then this process is nginx, and a SIGTERM ends it with its workers.

use std::{
    env,
    error::Error,
    fs, io,
    net::TcpListener,
    num::NonZero,
    os::{fd::AsRawFd, unix::process::CommandExt},
    path::PathBuf,
    process::Command,
    thread,
};

use rustix::io::{FdFlags, fcntl_setfd};
use wechatpay_peers::announce;

const CONFIG: &str = include_str!("../../nginx.conf");

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).map(PathBuf::from).ok_or("expected a folder, found nothing")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    fcntl_setfd(&listener, FdFlags::empty())?;

    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let config = CONFIG.replace("{workers}", &workers.to_string()).replace("{address}", &address.to_string());
    let file = folder.join("nginx.conf");
    fs::write(&file, config)?;

    announce(address)?;
    let failed = Command::new("nginx")
        .args(["-e", "stderr", "-p"])
        .arg(&folder)
        .arg("-c")
        .arg(&file)
        .env("NGINX", format!("{};", listener.as_raw_fd()))
        .exec();
    Err(io::Error::new(failed.kind(), format!("cannot start nginx: {failed}")).into())
}
