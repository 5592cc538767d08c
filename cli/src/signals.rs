//! The signals that end a command, and those that `run` passes on.

use std::io;

/// Signals that are waited for. Once this exists, none of them ends the process on its own.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    awaited: Vec<(Signal, tokio::signal::unix::Signal)>,
}

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Hangup,
    Quit,
    User1,
    User2,
}

impl Signal {
    /// Ctrl-C and SIGTERM.
    const STOPPING: [Self; 2] = [Self::Interrupt, Self::Terminate];

    /// Every signal that would end the process and is meant for the command that it runs.
    const ALL: [Self; 6] =
        [Self::Interrupt, Self::Terminate, Self::Hangup, Self::Quit, Self::User1, Self::User2];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Hangup => "SIGHUP",
            Self::Quit => "SIGQUIT",
            Self::User1 => "SIGUSR1",
            Self::User2 => "SIGUSR2",
        }
    }

    /// Whether it asks a process to end, rather than to do something of its own.
    pub(crate) fn is_to_end(self) -> bool {
        !matches!(self, Self::User1 | Self::User2)
    }
}

impl Signals {
    /// Ctrl-C and, on Unix, SIGTERM.
    ///
    /// # Errors
    /// If the system does not let the process wait for them.
    pub(crate) fn stopping() -> io::Result<Self> {
        Self::of(&Signal::STOPPING)
    }

    /// Every signal that a command may be sent. SIGHUP stays ignored in a process that was started so, as by `nohup`.
    ///
    /// # Errors
    /// If the system does not let the process wait for them.
    pub(crate) fn all() -> io::Result<Self> {
        Self::of(&Signal::ALL)
    }
}

#[cfg(unix)]
impl Signals {
    fn of(signals: &[Signal]) -> io::Result<Self> {
        let signals = signals.iter().filter(|&&signal| signal != Signal::Hangup || !is_hangup_ignored());
        let awaited = signals.map(|&signal| Ok((signal, tokio::signal::unix::signal(signal.kind())?)));
        Ok(Self { awaited: awaited.collect::<io::Result<_>>()? })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> io::Result<Signal> {
        use std::{future::poll_fn, task::Poll};
        let next = poll_fn(|context| {
            let mut awaited = self.awaited.iter_mut();
            let arrived =
                awaited.find_map(|(signal, stream)| stream.poll_recv(context).is_ready().then_some(*signal));
            arrived.map_or(Poll::Pending, Poll::Ready)
        });
        Ok(next.await)
    }
}

#[cfg(unix)]
impl Signal {
    fn kind(self) -> tokio::signal::unix::SignalKind {
        use tokio::signal::unix::SignalKind;
        match self {
            Self::Interrupt => SignalKind::interrupt(),
            Self::Terminate => SignalKind::terminate(),
            Self::Hangup => SignalKind::hangup(),
            Self::Quit => SignalKind::quit(),
            Self::User1 => SignalKind::user_defined1(),
            Self::User2 => SignalKind::user_defined2(),
        }
    }
}

/// Whether this process was started with SIGHUP ignored. Only Linux says so without unsafe code; elsewhere it counts as
/// not ignored.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
impl Signals {
    fn of(_: &[Signal]) -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> io::Result<Signal> {
        tokio::signal::ctrl_c().await.map(|()| Signal::Interrupt)
    }
}
