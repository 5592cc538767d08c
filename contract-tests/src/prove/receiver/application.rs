//! The application that is started for the probes: it has a mock to call, and ends with the run.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Child,
    task::JoinSet,
    time::{sleep, timeout},
};
use wechatpay_mock::{Clock, Config, MockServer, TrustMode};
use wechatpay_protocol::display::printable;

use super::{ReceiverError, destination::Destination, error::ApplicationError};
use crate::{
    environment,
    prove::{
        Keys,
        command::{self, ProcessGroup},
        scenario_mock::LIST_OPERATION,
    },
};

/// How long the application may take until it listens.
const START: Duration = Duration::from_secs(120);

/// How often to try whether it listens.
const POLL: Duration = Duration::from_millis(50);

/// How long to wait for the end of the output once the application has ended.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait for its end once it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How many bytes are kept of the end of its output.
const MAX_OUTPUT: usize = 16 << 10;

/// How many lines of it are shown.
const MAX_LINES: usize = 20;

/// The maximum length of such a line, in characters.
const MAX_LINE: usize = 200;

/// A running application. [`Application::end`] ends it and waits; drop ends it only.
#[derive(Debug)]
pub(super) struct Application {
    child: Child,
    /// Kills what the command has started.
    group: ProcessGroup,
    output: Output,
    mock: MockServer,
    /// The files with its credentials.
    _folder: TempDir,
}

/// The end of an application's output.
#[derive(Debug, Default)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// End with the pipes.
    readers: JoinSet<()>,
}

/// A port of the loopback interface that is free now.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Application {
    /// Starts the command, with a mock to call and the credentials of that merchant, and waits until it listens.
    pub(super) async fn start(
        command: &[OsString],
        receiver: &Destination,
        config: &Config,
        mchid: Option<&str>,
        keys: Keys,
    ) -> Result<Self, ReceiverError> {
        let url = receiver.to_string();
        if receiver.accepts().await {
            return Err(ReceiverError::PortTaken { url });
        }
        let mut credentials = config.credentials(mchid, Clock::system().now())?;
        let mut merchants = config.merchants().to_vec();
        let merchant = merchants.iter_mut().find(|merchant| merchant.mchid == credentials.mchid);
        if let Some(merchant) = merchant {
            merchant.trust = match keys {
                Keys::Both => TrustMode::Both,
                Keys::Certificate => TrustMode::PlatformCertificate,
                Keys::PublicKey => TrustMode::PublicKey,
            };
        }
        match keys {
            Keys::Both => {}
            Keys::Certificate => credentials.public_key = None,
            Keys::PublicKey => credentials.platform_certificate = None,
        }
        let mut config = config.clone().with_merchants(merchants);
        (config.listen, config.tls_listen, config.ca_dir) = (None, None, None);
        let mock = MockServer::builder().config(config).start().await.map_err(ReceiverError::Mock)?;
        let folder = environment::folder().map_err(ReceiverError::Folder)?;
        let mut variables = environment::prepare(&mock, &credentials, folder.path()).await?;
        let port = receiver.server().port().to_string();
        let with_port = |word: &OsString| match word.to_str() {
            Some(text) => text.replace("{port}", &port).into(),
            None => word.clone(),
        };
        let command: Vec<_> = command.iter().map(with_port).collect();
        variables.insert("PORT".into(), port.clone());

        let mut child = command::start(&command, &variables)?;
        let group = ProcessGroup::of(&child);
        let mut output = Output::default();
        output.follow(child.stdout.take());
        output.follow(child.stderr.take());
        let mut application = Self { child, group, output, mock, _folder: folder };
        application.wait_until_it_listens(receiver).await?;
        Ok(application)
    }

    async fn wait_until_it_listens(&mut self, receiver: &Destination) -> Result<(), ReceiverError> {
        let listening = async {
            while !receiver.accepts().await {
                sleep(POLL).await;
            }
        };
        let ended = tokio::select! {
            listens = timeout(START, listening) => match listens {
                Ok(()) => return Ok(()),
                Err(_) => None,
            },
            ended = self.child.wait() => Some(ended.map_or_else(|error| error.to_string(), command::exit_code)),
        };
        if ended.is_some() {
            // Something that it started may keep the pipes open.
            let _ =
                timeout(OUTPUT_TIMEOUT, async { while self.output.readers.join_next().await.is_some() {} })
                    .await;
        }
        Err(ReceiverError::Application(Box::new(ApplicationError {
            url: receiver.to_string(),
            ended,
            seconds: START.as_secs(),
            output: self.output.lines(),
        })))
    }

    /// Ends it, and waits until it has ended, so that its port is free and it writes nothing more.
    pub(super) async fn end(mut self) {
        drop(self.group);
        // A killed process ends at once, unless the kernel is busy for it.
        let _ = timeout(END_TIMEOUT, self.child.wait()).await;
    }

    /// Forgets the output so far.
    pub(super) fn forget_output(&self) {
        self.output.lock().clear();
    }

    /// The last line of its output.
    pub(super) fn last_line(&self) -> Option<String> {
        self.output.lines().pop()
    }

    /// How often it has downloaded the platform certificates.
    pub(super) fn downloads(&self) -> u64 {
        self.mock.requests_of(LIST_OPERATION)
    }
}

impl Output {
    /// Reads a pipe to its end, so that the application never blocks on it.
    fn follow(&mut self, pipe: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let Some(mut pipe) = pipe else { return };
        let bytes = Arc::clone(&self.bytes);
        self.readers.spawn(async move {
            let mut read = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut read).await {
                let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend(read.iter().take(length));
                let too_many = bytes.len().saturating_sub(MAX_OUTPUT);
                bytes.drain(..too_many);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its last lines that are not empty, as text that is safe for a terminal.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.lock()).into_owned();
        let plain = anstream::adapter::strip_str(&text).to_string();
        let mut lines: Vec<_> =
            plain.lines().filter(|line| !line.trim().is_empty()).rev().take(MAX_LINES).collect();
        lines.reverse();
        lines.into_iter().map(|line| printable(line, MAX_LINE).into_owned()).collect()
    }
}
