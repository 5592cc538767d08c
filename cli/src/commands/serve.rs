//! `serve`: runs the mock until a signal stops it.

use std::{
    convert::Infallible,
    future,
    io::{self, IsTerminal, Read, Write},
    net::SocketAddr,
    path::PathBuf,
    thread,
    time::Duration,
};

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use tokio::sync::oneshot;
use wechatpay_mock::{AdminToken, AdminTokenError, Config, DiagnosisMode, MockServer, StoreError};
use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{
    commands::healthcheck::health,
    logging,
    mock_client::{MockClient, url_of},
    options::{AuthorityOptions, DEFAULT_ADDRESS, LogFormat, MockConfiguration, address},
    output::{DIM, Failure},
    signals::Signals,
};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on, for HTTP, HTTPS and proxy requests alike; port 0 picks a free port [default: the
    /// configuration's, or 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_LISTEN", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Port to listen on; overrides the port of --listen
    #[arg(long, short, value_name = "N")]
    port: Option<u16>,
    /// Another address to listen on, for HTTPS only [default: the configuration's, or none]
    #[arg(long, value_name = "ADDRESS:PORT", env = "WECHATPAY_MOCK_TLS_LISTEN", value_parser = address)]
    tls_listen: Option<SocketAddr>,
    #[command(flatten)]
    configuration: MockConfiguration,
    /// JSON file with operations of your own, as OpenAPI 3.0 or 3.1; can be repeated. One of the same method and path
    /// replaces the gateway's
    #[arg(
        long,
        alias = "contract-file",
        value_name = "FILE",
        env = "WECHATPAY_MOCK_CONTRACT",
        value_delimiter = ','
    )]
    contract: Vec<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Where to report the diagnosis of a wrong signature [default: the configuration's, or header]
    #[arg(long, value_name = "WHERE", env = "WECHATPAY_MOCK_DIAGNOSIS")]
    diagnosis: Option<Diagnosis>,
    /// Token that calls to /__mock/ must send as Authorization: Bearer …; 16 to 256 visible ASCII characters. Without it,
    /// /__mock/ is open on a loopback address and off on any other [default: the configuration's]
    #[arg(long, value_name = "TOKEN", env = "WECHATPAY_MOCK_ADMIN_TOKEN", hide_env_values = true)]
    #[arg(value_parser = admin_token)]
    admin_token: Option<Result<AdminToken, AdminTokenError>>,
    /// Format of the request log on stderr; RUST_LOG filters it
    #[arg(long, value_name = "FORMAT", env = "WECHATPAY_MOCK_LOG", default_value = "text")]
    log: LogFormat,
    /// Do not log requests
    #[arg(long, short, env = "WECHATPAY_MOCK_QUIET", value_parser = FalseyValueParser::new())]
    quiet: bool,
    /// Stop when stdin ends, as it does when the process that started this one is gone
    #[arg(long)]
    stop_with_stdin: bool,
}

/// How soon stdin is read again when it has nothing yet and does not wait. (own choice)
const STDIN_AGAIN: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Diagnosis {
    /// In the journal, the log, and the response header Mock-Diagnosis, which the real gateway does not send
    Header,
    /// In the journal and the log
    Journal,
    /// Nowhere: wrong signatures are not diagnosed
    Off,
}

impl From<Diagnosis> for DiagnosisMode {
    fn from(diagnosis: Diagnosis) -> Self {
        match diagnosis {
            Diagnosis::Header => Self::Header,
            Diagnosis::Journal => Self::Journal,
            Diagnosis::Off => Self::Off,
        }
    }
}

/// The token is invalid. The message does not show it.
#[derive(Debug, Text, thiserror::Error)]
#[text("--admin-token or WECHATPAY_MOCK_ADMIN_TOKEN: {0}; openssl rand -hex 32 makes one")]
struct BadToken(AdminTokenError);

pub(crate) async fn run(options: &Serve) -> Result<(), Failure> {
    let mut config = options.configuration.read_with(&options.contract)?;
    if let Some(diagnosis) = options.diagnosis {
        config.diagnosis = diagnosis.into();
    }
    if let Some(token) = &options.admin_token {
        config.admin_token = Some(token.clone().map_err(BadToken)?);
    }
    options.authority.apply(&mut config);
    config.tls_listen = options.tls_listen.or(config.tls_listen);
    let mut listen = options.listen.or(config.listen).unwrap_or(DEFAULT_ADDRESS);
    listen.set_port(options.port.unwrap_or(listen.port()));
    let _log = logging::start(options.log, options.quiet)?;

    let signals = Signals::stopping().map_err(Failure::context(phrase!("cannot wait for signals")))?;
    let welcome = Welcome::of(&config);
    let tls_listen = config.tls_listen;
    let server = match MockServer::builder().config(config).listen(listen).start().await {
        Ok(server) => server,
        Err(error) => return Err(not_started(error, listen, tls_listen).await),
    };
    announce(&server, &welcome).map_err(Failure::context(phrase!("cannot write to stdout")))?;
    let stdin = options.stop_with_stdin.then(end_of_stdin).transpose();
    let stdin = stdin.map_err(Failure::context(phrase!("cannot read stdin")))?;
    serve(server, signals, stdin).await.map_err(Failure::context(phrase!("cannot wait for signals")))
}

async fn serve(
    server: MockServer,
    mut signals: Signals,
    stdin: Option<oneshot::Receiver<()>>,
) -> io::Result<()> {
    let stdin_ends = async {
        match stdin {
            Some(end) => drop(end.await),
            None => future::pending().await,
        }
    };
    tokio::select! {
        signal = signals.next() => tracing::info!("{}", text!("stopping on {signal}; a second signal stops at once", signal = signal?.name())),
        () = stdin_ends => tracing::info!("{}", text!("stopping at the end of stdin; a signal stops at once")),
    }
    tokio::select! {
        _ = server.shutdown() => tracing::info!("{}", text!("stopped")),
        signal = signals.next() => tracing::warn!("{}", text!("stopped at once on {signal}", signal = signal?.name())),
    }
    Ok(())
}

/// Completes when stdin ends. On a thread of its own, since the runtime would wait for a read that is in progress.
fn end_of_stdin() -> io::Result<oneshot::Receiver<()>> {
    let (ended, end) = oneshot::channel();
    let read = move || {
        let mut stdin = io::stdin().lock();
        loop {
            match stdin.read(&mut [0; 1024]) {
                Ok(1..) => {}
                // A process that shares it has made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(STDIN_AGAIN),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
        }
        let _ = ended.send(());
    };
    thread::Builder::new().name("stdin".into()).spawn(read)?;
    Ok(end)
}

/// The error if the mock did not start; if the port is in use, it says whether another mock uses it.
async fn not_started(error: io::Error, listen: SocketAddr, tls_listen: Option<SocketAddr>) -> Failure {
    if let Some(inner) = error.get_ref()
        && inner.is::<StoreError>()
    {
        return Failure::context(phrase!("cannot start"))(error);
    }
    let addresses = tls_listen.map_or_else(|| listen.to_string(), |tls| text!("{listen} and {tls}"));
    let is_in_use = error.kind() == io::ErrorKind::AddrInUse;
    let failure = Failure::context(text!("cannot listen on {addresses} (port 0 picks a free one)"))(error);
    if !is_in_use {
        return failure;
    }
    let Ok(url) = url_of(listen) else { return failure };
    let hint = if health(&MockClient::new(url.clone())).await.is_ok() {
        text!("another mock is running at {url}; --port picks another port")
    } else {
        text!("the program on that port is not a healthy mock; --port picks another port")
    };
    failure.with_hint(Some(hint))
}

/// The text for a terminal at startup, after the line that scripts wait for.
struct Welcome {
    merchants: Vec<String>,
    has_token: bool,
}

impl Welcome {
    fn of(config: &Config) -> Self {
        let merchants = config.merchants().iter().map(|merchant| merchant.mchid.to_string());
        Self { merchants: merchants.collect(), has_token: config.admin_token.is_some() }
    }

    fn write(&self, out: &mut dyn Write, server: &MockServer) -> io::Result<()> {
        let url = server.url();
        let merchants = match self.merchants.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => text!("{first} and {more} more", more = rest.len()),
            merchants => merchants.concat(),
        };
        let admin = match (self.has_token, server.address().ip().is_loopback()) {
            (true, _) => text!("{url}/__mock/ui/ with the admin token"),
            (false, true) => format!("{url}/__mock/ui/"),
            (false, false) => text!("off: on an address other than loopback, /__mock/ needs --admin-token"),
        };
        let none = Phrase::name("");
        for (label, text) in [
            (phrase!("your app"), text!("set its base URL to {url}, or use HTTPS_PROXY={url}")),
            (none, text!("and trust the certificate whose path `wechatpay-mock ca` prints")),
            (none, text!("or run it with `wechatpay-mock run -- CMD`, which starts its own mock")),
            (phrase!("merchant"), text!("{merchants}; `wechatpay-mock keys DIR` writes the credentials")),
            (phrase!("inspect"), admin),
            (phrase!("stop"), "Ctrl-C".into()),
        ] {
            writeln!(out, "  {DIM}{label:9}{DIM:#} {text}")?;
        }
        Ok(())
    }
}

/// Prints the line that scripts wait for; on a terminal, also how to use the mock.
fn announce(server: &MockServer, welcome: &Welcome) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "listening on {}", server.url())?;
    if let Some(url) = server.tls_url() {
        writeln!(stdout, "listening on {url}")?;
    }
    if io::stdout().is_terminal() {
        welcome.write(&mut stdout, server)?;
    }
    stdout.flush()
}

/// Never fails: clap's message would show the token.
fn admin_token(text: &str) -> Result<Result<AdminToken, AdminTokenError>, Infallible> {
    Ok(text.parse())
}
