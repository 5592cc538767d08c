//! The log on stderr. Nothing waits for it: a thread of its own writes the lines, and drops those that nobody reads.

use std::{
    env::{self, VarError},
    fmt::{self, Debug, Write},
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anstream::{AutoStream, ColorChoice};
use jiff::ZonedDateTime;
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    filter::ParseError,
    fmt::{FormatFields, format::Writer, time::FormatTime},
};
use wechatpay_texts::{Text, text};

use crate::{options::LogFormat, output};

/// `RUST_LOG` cannot be parsed.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum LogError {
    #[text("RUST_LOG: expected log directives such as `info` or `warn,hyper=debug`, found {found:?}")]
    Directives { found: String, source: ParseError },
    #[text("RUST_LOG: expected UTF-8 text such as `info`, found other bytes")]
    NotUtf8,
    #[text("cannot start the log's thread")]
    Thread(#[from] io::Error),
}

/// The most bytes of lines that wait to be written; lines beyond that are dropped. (own choice)
const WAITING: usize = 1024 * 1024;

/// How long the end of the command waits for the last lines. (own choice)
const PARTING: Duration = Duration::from_millis(200);

/// How long a full stderr that does not block is left alone.
const FULL: Duration = Duration::from_millis(10);

/// Writes the last lines when it is dropped, if somebody reads them.
#[must_use = "the log ends when this is dropped"]
pub(crate) struct Log(Arc<Queue>);

/// Starts the log, with a line for each request unless `quiet`. `RUST_LOG` overrides that.
///
/// # Errors
/// [`LogError`] if `RUST_LOG` cannot be parsed, or the log's thread cannot be started.
pub(crate) fn start(format: LogFormat, quiet: bool) -> Result<Log, LogError> {
    let filter = filter(quiet)?;
    let queue = Arc::new(Queue::default());
    let (lines, writer) = (Arc::clone(&queue), Arc::clone(&queue));
    thread::Builder::new().name("log".into()).spawn(move || {
        // Finding the time zone takes a millisecond, which the first request does not wait for.
        drop(ZonedDateTime::now());
        writer.write_to(&mut io::stderr());
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Lines(Arc::clone(&lines)))
        .with_target(false)
        // tracing writes these to stderr, and panics if it is closed.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => {
            let has_colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            log.with_ansi(has_colour).with_timer(LocalTime).fmt_fields(MessageOnly).init();
        }
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).init();
        }
    }
    Ok(Log(queue))
}

impl Log {
    /// Writes text on stderr, after the log's lines. Nothing waits for it.
    pub(crate) fn print(&self, text: &str) {
        self.0.print(text);
    }
}

/// The lines on their way to stderr.
///
/// `tracing-appender` would not do: its queue is bounded in lines, not in bytes, and at the end it can wait for more
/// than a second and print on stdout.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// The number of lines that found no room.
    dropped: u64,
    is_ending: bool,
    is_written: bool,
}

impl Queue {
    fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > WAITING {
            state.dropped += 1;
        } else {
            state.waiting.extend_from_slice(line);
            self.changed.notify_all();
        }
    }

    /// Writes what is no log line, after the lines before it. It is never dropped for lack of room.
    fn print(&self, text: &str) {
        self.lock().waiting.extend_from_slice(text.as_bytes());
        self.changed.notify_all();
    }

    /// Writes the lines until the end. Says once that lines were dropped, and at the end how many.
    fn write_to(&self, out: &mut impl io::Write) {
        let mut said = 0;
        loop {
            let idle = |state: &mut State| state.waiting.is_empty() && !state.is_ending;
            let mut state =
                self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            let lines = mem::take(&mut state.waiting);
            drop(state);
            let lost = self.write(&lines, out);
            let mut state = self.lock();
            state.dropped += lost;
            let (dropped, is_ending) = (state.dropped, state.is_ending);
            drop(state);
            if dropped > said && (said == 0 || is_ending) {
                said = dropped;
                tracing::warn!(
                    "{}",
                    text!("log lines dropped so far, because stderr is not read fast enough: {dropped}")
                );
            } else if is_ending && lines.is_empty() {
                break;
            }
        }
        self.lock().is_written = true;
        self.changed.notify_all();
    }

    /// Writes all lines, unless stderr is closed or, at the end, full. Returns how many are lost.
    fn write(&self, mut lines: &[u8], out: &mut impl io::Write) -> u64 {
        while !lines.is_empty() {
            match out.write(lines) {
                Ok(written) if written > 0 => lines = &lines[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A pipe that does not block.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && !self.lock().is_ending => {
                    thread::sleep(FULL);
                }
                _ => break,
            }
        }
        lines.iter().filter(|&&byte| byte == b'\n').count() as u64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_ending = true;
        self.0.changed.notify_all();
        // If nobody reads stderr, the last lines are lost.
        drop(self.0.changed.wait_timeout_while(state, PARTING, |state| !state.is_written));
    }
}

/// Queues each line that tracing writes.
struct Lines(Arc<Queue>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn filter(quiet: bool) -> Result<EnvFilter, LogError> {
    let default = if quiet { "error" } else { "info" };
    match env::var(EnvFilter::DEFAULT_ENV) {
        Ok(found) if found.trim().is_empty() => Ok(EnvFilter::new(default)),
        Ok(found) => EnvFilter::try_new(&found).map_err(|source| LogError::Directives { found, source }),
        Err(VarError::NotPresent) => Ok(EnvFilter::new(default)),
        Err(VarError::NotUnicode(_)) => Err(LogError::NotUtf8),
    }
}

/// The time in the machine's time zone. The JSON log uses UTC.
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", ZonedDateTime::now().strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"))
    }
}

/// Writes an event's message without its fields, which repeat it for programs.
struct MessageOnly;

impl<'writer> FormatFields<'writer> for MessageOnly {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut event = Event::default();
        fields.record(&mut event);
        match event.status {
            Some(status) if writer.has_ansi_escapes() => {
                writer.write_str(&output::highlight_status(&event.message, status))
            }
            _ => writer.write_str(&event.message),
        }
    }
}

#[derive(Default)]
struct Event {
    message: String,
    status: Option<u16>,
}

impl Visit for Event {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a String does not fail.
            let _ = write!(self.message, "{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value.try_into().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limit_are_dropped_and_counted_and_the_rest_is_written_in_order() {
        let queue = Queue::default();
        let line = [b'x'; 1000];
        for _ in 0..WAITING / line.len() + 5 {
            queue.push(&line);
        }
        assert_eq!(queue.lock().dropped, 5);
        queue.lock().is_ending = true;
        let mut written = Vec::new();
        queue.write_to(&mut written);
        assert_eq!(written.len(), WAITING / line.len() * line.len());
        assert!(queue.lock().is_written);
    }

    /// Takes as many bytes as it has room for, then says that it would block.
    struct Full(Vec<u8>, usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let most = bytes.len().min(self.1 - self.0.len());
            self.0.extend_from_slice(&bytes[..most]);
            if most > 0 { Ok(most) } else { Err(io::ErrorKind::WouldBlock.into()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_a_full_stderr_does_not_take_at_the_end_are_counted() {
        let queue = Queue::default();
        queue.push(b"one\n");
        queue.push(b"two\n");
        queue.print("three\n");
        queue.lock().is_ending = true;
        let mut out = Full(Vec::new(), 5);
        queue.write_to(&mut out);
        assert_eq!((out.0.as_slice(), queue.lock().dropped), (&b"one\nt"[..], 2));
    }
}
